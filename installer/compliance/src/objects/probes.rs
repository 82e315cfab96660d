//! WKL-007: what serves is watched, and somebody starts it again.

use airlock_model::{CheckSpec, Severity};

use super::OfPods;
use crate::described::Described;
use crate::pod_security::{Violation, set};

/// WKL-007
pub(super) static PROBES: OfPods = OfPods {
    described: Described {
        spec: CheckSpec {
            id: "WKL-007",
            title: "every server is probed, and somebody starts it again",
            severity: Severity::Low,
            promises: &["P2"],
            explanation: "livenessProbe and readinessProbe of every main container of each pod and template that runs on; those of Jobs and CronJobs, and containers of pods that end by themselves (restartPolicy Never or OnFailure), need none. A pod that no workload owns (no ownerReferences) fails, since nobody makes it anew when its node goes; pods of the control plane, which the kubelet owns, do not.",
            remedy: "Add a readinessProbe, and a livenessProbe that fails only when a restart helps; make a Deployment or StatefulSet of a pod that stands alone.",
        },
        expected: "livenessProbe and readinessProbe in every main container; an owner of every pod",
        why: "a program that hangs keeps being asked, or is gone until somebody notices",
    },
    judge: |pod, _| {
        let spec = pod.spec()?;
        let mut found = Vec::new();
        let ends = ["Never", "OnFailure"].map(Some).contains(&spec.get("restartPolicy").and_then(|policy| policy.as_str()));
        if ends || ["Job", "CronJob"].contains(&pod.object.object.kind.as_str()) || pod.label("tier") == Some("control-plane") {
            return Some(found);
        }
        let is_owned = pod.object.manifest.pointer("/metadata/ownerReferences/0").is_some();
        if pod.object.object.kind == "Pod" && !is_owned {
            found.push(Violation::new("/metadata/ownerReferences", None, "no workload owns the pod"));
        }
        for container in pod.pod()?.containers().filter(|container| container.path.starts_with("/spec/containers/")) {
            for probe in ["livenessProbe", "readinessProbe"] {
                if set(container.value, probe).is_none() {
                    found.push(Violation::new(format!("{}/{probe}", container.path), None, format!("container {} has no {probe}", container.name())));
                }
            }
        }
        Some(found)
    },
};
