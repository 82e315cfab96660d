//! WKL-006: nothing runs in `default` or in the namespaces of Kubernetes itself.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use crate::described::Described;
use crate::live::{self, PodOf};
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "WKL-006",
        title: "nothing runs in default or in a namespace of Kubernetes itself",
        severity: Severity::Medium,
        promises: &["P2", "P12"],
        explanation: "metadata.namespace of each pod and of each object that makes pods: not `default` and not `kube-…`. An object in a file that names none goes where it is applied, which is `default` when nobody says otherwise, and fails. Pods of the control plane itself (label tier: control-plane) belong into kube-system.",
        remedy: "Give the workload a namespace of its own and name it in metadata.namespace; with Helm, `helm template --namespace NAME` does so where the chart lets it.",
    },
    expected: "a namespace of its own",
    why: "policies, quotas, and rights are given by namespace: in a shared one they are everybody's or nobody's",
};

/// The check.
pub(super) struct OwnNamespace;

impl Check for OwnNamespace {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        match live::pods(given) {
            Ok(pods) => pods.iter().flat_map(|pod| TEXTS.each(pod.object, judge(pod), TEXTS.expected)).collect(),
            Err(unseen) => TEXTS.unseen(live::PODS, unseen),
        }
    }
}

fn judge(pod: &PodOf<'_>) -> Vec<Violation> {
    let namespace = pod.object.object.namespace.as_deref();
    let detail = match namespace {
        None => "it names no namespace, so that it goes to `default` unless somebody says otherwise".to_owned(),
        Some(namespace) if is_shared(namespace) && pod.label("tier") != Some("control-plane") => format!("it is in the namespace {namespace}"),
        Some(_) => return Vec::new(),
    };
    vec![Violation::new("/metadata/namespace", namespace.map(Into::into).as_ref(), detail)]
}

fn is_shared(namespace: &str) -> bool {
    namespace == "default" || namespace.starts_with("kube-")
}
