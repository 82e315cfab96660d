//! Pods that are shown to admission in a dry run: one for each level of the Pod Security Standards that forbids it, and one with
//! an image that is not to run.

use airlock_model::{Attempt, AttemptAction, AttemptId, Target, Vantage};
use serde_json::{Value, json};

use crate::pod_security::PodSecurityLevel;

/// A pod that is shown to admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Every level allows it: the control.
    Conforming,
    /// This level forbids it, and the one below does not.
    Forbidden(PodSecurityLevel),
}

impl Shown {
    /// What a namespace that enforces the level must refuse.
    pub(crate) fn forbidden_by(level: PodSecurityLevel) -> impl Iterator<Item = Self> {
        [PodSecurityLevel::Baseline, PodSecurityLevel::Restricted].into_iter().filter(move |below| *below <= level).map(Self::Forbidden)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Conforming => "conforming",
            Self::Forbidden(level) => level.name(),
        }
    }

    /// In words, for subjects.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Conforming => "a pod that conforms to restricted",
            Self::Forbidden(PodSecurityLevel::Baseline) => "a pod that sees the processes of its node, which baseline forbids",
            Self::Forbidden(PodSecurityLevel::Restricted) => "a pod that may gain privileges, which restricted forbids",
        }
    }

    pub(crate) fn id(self, namespace: &str) -> AttemptId {
        AttemptId(format!("admission.{}.{namespace}", self.name()))
    }

    pub(crate) fn attempt(self, namespace: &str) -> Attempt {
        let is_control = self == Self::Conforming;
        Attempt {
            id: self.id(namespace),
            from: Vantage::Workstation,
            target: Target::KubernetesApi,
            action: AttemptAction::Admit { manifest: self.manifest(namespace) },
            control: (!is_control).then(|| Self::Conforming.id(namespace)),
            purpose: match self {
                Self::Conforming => format!("a dry run in {namespace} of a pod that every level allows, to be admitted"),
                Self::Forbidden(level) => format!("a dry run in {namespace} of a pod that {} forbids, to be refused", level.name()),
            },
        }
    }

    fn manifest(self, namespace: &str) -> Value {
        let mut pod = conforming(self.name(), namespace);
        match self {
            Self::Conforming => {}
            Self::Forbidden(PodSecurityLevel::Baseline) => pod["spec"]["hostPID"] = json!(true),
            Self::Forbidden(PodSecurityLevel::Restricted) => pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true),
        }
        pod
    }
}

/// An image that admission must refuse; the conforming pod, which has Airlock's own, is the control.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused<'a>(pub(crate) &'a str);

impl Refused<'_> {
    pub(crate) fn id(self, namespace: &str) -> AttemptId {
        AttemptId(format!("admission.image.{namespace}.{}", self.0))
    }

    pub(crate) fn attempt(self, namespace: &str) -> Attempt {
        let mut manifest = conforming("image", namespace);
        manifest["spec"]["containers"][0]["image"] = json!(self.0);
        Attempt {
            id: self.id(namespace),
            from: Vantage::Workstation,
            target: Target::KubernetesApi,
            action: AttemptAction::Admit { manifest },
            control: Some(Shown::Conforming.id(namespace)),
            purpose: format!("a dry run in {namespace} of a pod with the image {}, to be refused", self.0),
        }
    }
}

/// A pod that every level allows, with requests and limits, so that a quota that asks for them does not refuse it for that. It names
/// no image, and so gets Airlock's own.
fn conforming(name: &str, namespace: &str) -> Value {
    let amount = json!({ "cpu": "10m", "memory": "16Mi" });
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": format!("airlock-admission-{name}"), "namespace": namespace },
        "spec": {
            "automountServiceAccountToken": false,
            "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": "never-started",
                "resources": { "requests": amount, "limits": amount },
                "securityContext": { "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } },
            }],
        },
    })
}

#[cfg(test)]
mod tests {
    use airlock_model::Object;

    use super::*;
    use crate::pod_security::{PodSecurityVersion, pod_security};

    /// By our own judgement, which upstream's fixtures hold to account.
    #[test]
    fn each_pod_breaks_just_the_level_that_it_is_named_after() {
        let breaks = |shown: Shown, level| {
            let pod = Object::new(shown.manifest("n")).unwrap();
            pod_security(&pod, level, PodSecurityVersion::minor(33)).unwrap().len()
        };
        let all = |shown| (breaks(shown, PodSecurityLevel::Baseline), breaks(shown, PodSecurityLevel::Restricted));
        assert_eq!(all(Shown::Conforming), (0, 0));
        assert_eq!(all(Shown::Forbidden(PodSecurityLevel::Baseline)), (1, 1));
        assert_eq!(all(Shown::Forbidden(PodSecurityLevel::Restricted)), (0, 1));
    }

    #[test]
    fn a_level_forbids_what_those_below_it_forbid() {
        let of = |level| Shown::forbidden_by(level).map(Shown::name).collect::<Vec<_>>();
        assert_eq!(of(PodSecurityLevel::Baseline), ["baseline"]);
        assert_eq!(of(PodSecurityLevel::Restricted), ["baseline", "restricted"]);
    }
}
