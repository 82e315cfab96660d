//! LOG-001: the API server writes an audit log and keeps it.

use airlock_model::{CheckSpec, Finding, Severity};

use super::flags::Flags;
use crate::described::{Described, Resting};
use crate::live::PodOf;
use crate::pod_security::Violation;

pub(super) static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "LOG-001",
        title: "the API server writes an audit log and keeps it",
        severity: Severity::High,
        promises: &["P2", "P5"],
        explanation: "Flags of kube-apiserver in the manifest of its static pod: an audit policy (--audit-policy-file), and a log or a webhook (--audit-log-path, --audit-webhook-config-file). A log is kept for 30 days or more (--audit-log-maxage), in 10 files or more (--audit-log-maxbackup) of 100 MB or more (--audit-log-maxsize), as sections 1.2.16 to 1.2.19 of the CIS Kubernetes Benchmark 1.12 ask. In a cluster the mirror of that pod in kube-system is read; where there is none it is unverified, and on EKS, GKE, AKS, or OpenShift not applicable and to be attested.",
        remedy: "Set the flags in /etc/kubernetes/manifests/kube-apiserver.yaml on every node of the control plane. On a managed cluster turn the audit log on at the provider and attest it: `check: LOG-001` (docs/profiles.md).",
    },
    expected: "an audit policy, and a log of 30 days, 10 files, and 100 MB or a webhook",
    why: "nobody can say afterwards who did what",
};

/// What it judges of the CIS Kubernetes Benchmark 1.12.
pub(super) const NUMBERS: [&str; 5] = ["1.2.16", "1.2.17", "1.2.18", "1.2.19", "3.2.1"];

/// Those that are about a file, which ask for its path and for how long it is kept.
const OF_FILE: [&str; 4] = ["1.2.16", "1.2.17", "1.2.18", "1.2.19"];

/// A flag of the log, by its number, and the least that it must be.
const KEPT: [(&[&str], &str, u64); 3] = [(&["1.2.17"], "audit-log-maxage", 30), (&["1.2.18"], "audit-log-maxbackup", 10), (&["1.2.19"], "audit-log-maxsize", 100)];

/// What is wrong with an API server, and the numbers that ask for it.
pub(super) struct Odd {
    numbers: &'static [&'static str],
    seen: Violation,
}

/// What is seen of an API server.
pub(super) struct Looked {
    odd: Vec<Odd>,
    /// Numbers that are about a file, where the log goes elsewhere: well for the check, and not shown to be kept.
    unshown: Vec<&'static str>,
}

/// What is seen of each API server that a pod starts; none: it starts none.
pub(super) fn looked(pod: &PodOf<'_>) -> Option<Looked> {
    let servers: Vec<Flags> = pod.pod()?.containers().filter_map(|container| Flags::of(container.value, container.path)).filter(|flags| flags.program == "kube-apiserver").collect();
    if servers.is_empty() {
        return None;
    }
    let odd = servers.iter().flat_map(|flags| of_server(flags, pod.at)).collect();
    Some(Looked { odd, unshown: servers.iter().flat_map(unshown).copied().collect() })
}

/// A finding for each, and one that passes for the numbers that are kept.
pub(super) fn told(pod: &PodOf<'_>, Looked { odd, unshown }: Looked) -> Vec<Finding> {
    let kept: Vec<&str> = NUMBERS.into_iter().filter(|number| !unshown.contains(number) && !odd.iter().any(|odd| odd.numbers.contains(number))).collect();
    let observed = if odd.is_empty() { TEXTS.expected } else { "the rest of it is as it should be" };
    let right = (!kept.is_empty()).then(|| TEXTS.pass(pod.object, observed).about(kept));
    let wrong = odd.into_iter().flat_map(|Odd { numbers, seen }| TEXTS.each_of_pod(pod, vec![seen], TEXTS.expected).into_iter().map(|finding| finding.about(numbers.iter().copied())));
    wrong.chain(right).collect()
}

fn unshown(flags: &Flags) -> &'static [&'static str] {
    match flags.get("audit-log-path") {
        None | Some("") => &OF_FILE,
        Some("-") => &OF_FILE[1..],
        Some(_) => &[],
    }
}

fn of_server(flags: &Flags, at: &str) -> Vec<Odd> {
    let told = |numbers: &'static [&'static str], flag: &str, detail: String| {
        let seen = flags.seen(flag, at);
        // The pod's place is added when it is told.
        Odd { numbers, seen: Violation { path: seen.path.strip_prefix(at).unwrap_or(&seen.path).to_owned(), value: seen.value, detail } }
    };
    let is_set = |flag: &str| flags.get(flag).is_some_and(|value| !value.is_empty());
    let mut found = Vec::new();
    if !is_set("audit-policy-file") {
        found.push(told(&["3.2.1"], "audit-policy-file", "--audit-policy-file is not set".to_owned()));
    }
    if !is_set("audit-log-path") && !is_set("audit-webhook-config-file") {
        found.push(told(&OF_FILE, "audit-log-path", "neither --audit-log-path nor --audit-webhook-config-file is set".to_owned()));
    }
    // Standard output is kept by whoever collects it, not by these flags (kube-apiserver documentation, `--audit-log-path`).
    if is_set("audit-log-path") && flags.get("audit-log-path") != Some("-") {
        for (numbers, flag, least) in KEPT {
            let value = flags.get(flag);
            if value.and_then(|value| value.parse::<u64>().ok()).is_none_or(|value| value < least) {
                found.push(told(numbers, flag, format!("--{flag} is {}, less than {least}", value.unwrap_or("not set"))));
            }
        }
    }
    found
}
