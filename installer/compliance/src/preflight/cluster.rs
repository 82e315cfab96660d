//! CLU-001 to CLU-003, ARC-001: the Kubernetes version, the clock, and the nodes.

use airlock_model::{CheckSpec, Finding, Node, Severity, Snapshot};

use super::{Judged, Preflight, either, facts, known};
use crate::described::{Described, Resting};

/// Minor versions of Kubernetes 1 that Airlock supports.
pub(crate) const SUPPORTED: std::ops::RangeInclusive<u32> = 33..=37;
/// The `Date` header has whole seconds, so a smaller difference cannot be told from none.
const CLOCK_GOOD_MILLIS: u64 = 5_000;
/// Beyond this, certificates made here are not valid yet there, or tokens have run out.
const CLOCK_BAD_MILLIS: u64 = 60_000;
/// Architectures that the release's images are published for.
const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

pub(super) static VERSION: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "CLU-001",
            title: "the Kubernetes version is supported",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "What /version answers: 1.33 to 1.37. A newer version is a warning: it was not tested.",
            remedy: "Upgrade the cluster to a supported version, or use the Airlock release that supports this one.",
        },
        expected: "1.33 to 1.37",
        why: "objects that this version does not know, or no longer knows, fail in the middle of an install",
    },
    judge: |check, given| either(version(check, given)),
};

fn version(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    const SUBJECT: &str = "Kubernetes version";
    let version = known(check, SUBJECT, &facts(check, given)?.version)?;
    Ok(vec![match version.minor {
        minor if version.major == 1 && SUPPORTED.contains(&minor) => check.pass(SUBJECT, version.git.clone()),
        minor if version.major == 1 && minor > *SUPPORTED.end() => check.warn(Severity::Low, SUBJECT, format!("{} is newer than what was tested", version.git)),
        _ => check.fail(SUBJECT, version.git.clone()),
    }])
}

pub(super) static CLOCK: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "CLU-002",
            title: "the cluster's clock and this workstation's agree",
            severity: Severity::High,
            promises: &["P7"],
            explanation: "The Date header of the API server against the clock here: 5 seconds pass, up to a minute is a warning.",
            remedy: "Set the clocks by NTP: on this workstation first (`timedatectl`), then on the control plane.",
        },
        expected: "at most 60 seconds apart",
        why: "certificates that are made here would not be valid yet there, and leases would seem to have run out",
    },
    judge: |check, given| either(clock(check, given)),
};

fn clock(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    const SUBJECT: &str = "clock of the API server";
    let millis = *known(check, SUBJECT, &facts(check, given)?.clock_difference_millis)?;
    let seconds = millis.unsigned_abs().div_ceil(1000);
    let observed = format!("{seconds} seconds {}", if millis < 0 { "behind" } else { "ahead" });
    Ok(vec![match millis.unsigned_abs() {
        0..=CLOCK_GOOD_MILLIS => check.pass(SUBJECT, observed),
        millis if millis <= CLOCK_BAD_MILLIS => check.warn(Severity::Medium, SUBJECT, observed),
        _ => check.fail(SUBJECT, observed),
    }])
}

/// Nodes that the scheduler would put our pods on.
pub(super) fn usable(nodes: &[Node]) -> impl Iterator<Item = &Node> {
    nodes.iter().filter(|node| node.ready && node.schedulable && node.pressures.is_empty())
}

pub(super) static NODES: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "CLU-003",
            title: "nodes are ready to take pods",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "Nodes that are Ready, neither cordoned nor tainted, and without memory, disk, or process pressure. At least one is needed; each node that is not ready or under pressure is a warning.",
            remedy: "Ask the cluster's administrators why: `kubectl describe node` shows conditions, taints, and events.",
        },
        expected: "at least one node ready and schedulable; none under pressure",
        why: "pods would wait for a node that does not come",
    },
    judge: |check, given| either(nodes(check, given)),
};

fn nodes(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let nodes = known(check, "nodes", &facts(check, given)?.nodes)?;
    let count = usable(nodes).count();
    let observed = format!("{count} of {} nodes can take pods", nodes.len());
    let mut findings = vec![if count == 0 { check.fail("nodes", observed) } else { check.pass("nodes", observed) }];
    findings.extend(nodes.iter().filter_map(|node| {
        let observed = match (node.ready, node.pressures.is_empty()) {
            (true, true) => return None,
            (false, _) => "not ready".to_owned(),
            (true, false) => node.pressures.join(", "),
        };
        Some(check.warn(Severity::Medium, format!("Node {}", node.name), observed))
    }));
    Ok(findings)
}

pub(super) static ARCHITECTURE: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "ARC-001",
            title: "nodes have an architecture that images exist for",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "The architecture of each node that can take pods: amd64 or arm64. A mixture is a warning: a pod on the other kind of node starts only if its image is published for both.",
            remedy: "Name the nodes of one architecture with `components.<name>.nodeSelector: { kubernetes.io/arch: amd64 }` in the answers.",
        },
        expected: "amd64 or arm64",
        why: "a container of another architecture ends at once with `exec format error`",
    },
    judge: |check, given| either(architecture(check, given)),
};

fn architecture(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    const SUBJECT: &str = "architectures of nodes";
    let nodes = known(check, SUBJECT, &facts(check, given)?.nodes)?;
    let mut found: Vec<&str> = usable(nodes).map(|node| node.architecture.as_str()).collect();
    found.sort_unstable();
    found.dedup();
    let observed = found.join(", ");
    Ok(vec![if found.is_empty() {
        check.unverified(SUBJECT, "no node can take pods")
    } else if !found.iter().any(|name| ARCHITECTURES.contains(name)) {
        check.fail(SUBJECT, observed)
    } else if found.len() > 1 {
        check.warn(Severity::Medium, SUBJECT, format!("{observed}: a mixture")).known("architectures differ")
    } else {
        check.pass(SUBJECT, observed)
    }])
}
