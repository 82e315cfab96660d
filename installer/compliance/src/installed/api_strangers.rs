//! AUT-007: the Kubernetes API tells nobody anything who does not log in.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use crate::attempts::Question;
use crate::described::Described;
use crate::refusal::{Reading, is_success, refused_beside};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AUT-007",
        title: "the Kubernetes API answers strangers nothing but its health",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "Requests to the API server without any credentials, by the way that the kubeconfig names and verified against its authority: which versions there are (/api), which groups (/apis), and the metadata of the Secrets in the platform's namespace. Each must be answered 401 or 403 while /api is answered to the user of the kubeconfig. What Kubernetes shows everybody by default (/livez, /readyz, /healthz, and /version) is not asked for.",
        remedy: "A ClusterRoleBinding or RoleBinding names the user system:anonymous or the group system:unauthenticated: `kubectl get clusterrolebindings,rolebindings -A -o wide | grep -E 'system:(anonymous|unauthenticated)'` shows which. But for system:public-info-viewer, remove it; or have the API server started with --anonymous-auth=false.",
    },
    expected: "401 or 403, while the user of the kubeconfig is answered",
    why: "whoever reaches the API server learns what runs there, or reads it",
};

static READING: Reading = Reading::of_requests("with your credentials", is_success);

/// What a finding is about when nothing is known.
const API: &str = "Kubernetes API";

/// The check.
pub(crate) struct ApiStrangers;

impl Check for ApiStrangers {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        if world.platform.is_empty() {
            return Vec::new();
        }
        std::iter::once(Question::Own).chain(Question::STRANGERS).map(|question| Need::Attempt(Box::new(question.attempt(world)))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        if given.world.platform.is_empty() {
            return vec![TEXTS.unverified(API, "nothing is known of the installation")];
        }
        let subject = |question: Question| format!("{API}: {} without credentials", question.path(&given.world));
        Question::STRANGERS.map(|question| refused_beside(&TEXTS, given, (&question.id(), &Question::Own.id()), &READING, subject(question))).into()
    }
}
