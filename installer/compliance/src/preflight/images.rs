//! IMG-001: every image of the plan was found where it is published. IMG-002: nodes pull from there.

use airlock_model::{CheckSpec, Finding, PoolPull, Pulled, Reason, Severity, Snapshot};

use super::{Judged, Preflight, either, planned};
use crate::described::Described;

pub(super) static RESOLVED: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "IMG-001",
            title: "every image is there and has a digest",
            severity: Severity::High,
            promises: &["P14"],
            explanation: "Each image of the release was asked for, from this workstation, where it is published or mirrored, and answered with a digest. Whether nodes can pull is for IMG-002, and for the gate `node-pull` of an install.",
            remedy: "Check the name and the way there: `images.mirror` and `images.map` in the answers, the proxy, the pull secret. An image that this release does not have is a bug; report it.",
        },
        expected: "a digest for each image",
        why: "its pods would end in ImagePullBackOff",
    },
    judge: |check, given| either(resolved(check, given)),
};

pub(super) static PULLED: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "IMG-002",
            title: "a node of each pool pulls images",
            severity: Severity::High,
            promises: &["P14"],
            explanation: "`airlock inspect --probes` starts a pod on one node of each pool that has a node for it. Its image is Airlock's own, which the node is told to ask for even where it has it (imagePullPolicy Always). A container that was tried has its image.",
            remedy: "The nodes' container runtimes pull, not this workstation: they need the way there (DNS, firewall, their own proxy setting), and to believe the authority of a proxy that opens TLS.",
        },
        expected: "the image is pulled",
        why: "pods on these nodes would end in ImagePullBackOff",
    },
    judge: |check, given| match given.pulls.as_slice() {
        [] => vec![check.unverified("nodes", "none was tried")],
        pulls => pulls.iter().map(|pull| pulled(check, pull)).collect(),
    },
};

fn pulled(check: &Described, pull: &PoolPull) -> Finding {
    let subject = format!("pool {}", pull.pool);
    match &pull.ended {
        Pulled::Yes => check.pass(subject, format!("{} was pulled", pull.image)),
        Pulled::No(why) => check.fail(subject, why.raw()),
        Pulled::NotTried(why) => check.unverified(subject, why.raw()),
    }
}

fn resolved(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let plan = planned(check, given)?;
    if !plan.missing_images.is_empty() {
        return Ok(plan.missing_images.iter().map(|(image, why)| check.fail(image.clone(), why.raw())).collect());
    }
    Ok(vec![if plan.images.0.is_empty() {
        check.not_applicable("images of the plan", Reason::NoSubject, "the plan has no image")
    } else {
        check.pass("images of the plan", format!("{} images, each with a digest", plan.images.0.len()))
    }])
}
