//! IMG-001: every image of the plan was found where it is published.

use airlock_model::{CheckSpec, Finding, Reason, Severity, Snapshot};

use super::{Judged, Preflight, either, planned};
use crate::described::Described;

pub(super) static RESOLVED: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "IMG-001",
            title: "every image is there and has a digest",
            severity: Severity::High,
            promises: &["P14"],
            explanation: "Each image of the release was asked for, from this workstation, where it is published or mirrored, and answered with a digest. Whether nodes can pull it is tried later, by a pod in each pool.",
            remedy: "Check the name and the way there: `images.mirror` and `images.map` in the answers, the proxy, the pull secret. An image that this release does not have is a bug; report it.",
        },
        expected: "a digest for each image",
        why: "its pods would end in ImagePullBackOff",
    },
    judge: |check, given| either(resolved(check, given)),
};

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
