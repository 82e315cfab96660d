//! TLS-009: nodes and pods trust the authorities that signed for what they connect to.

use airlock_model::{AttemptId, AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, Verdict, World};

use crate::attempts::{outcome, trusted, words};
use crate::described::{Described, Resting};
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "TLS-009",
        title: "pods and nodes trust the private authority",
        severity: Severity::Medium,
        promises: &["P6", "P7"],
        explanation: "A node of each pool that takes pods pulls Airlock's own image from the bundled registry, for a pod in the platform's namespace that goes again; the kubelet asks the registry also where the node has the image, and so verifies its certificate as for every pod. A pull that ends otherwise than by the certificate, such as at a registry that does not answer, says nothing about trust. Where nodes may not be listed one node stands for all, and what it pulls is a warning. In the namespace of each Airflow deployment a pod with Airlock's own image, to which the policies of tasks apply, shakes hands with the deployment's own server and verifies it against the copy of the internal authority that tasks mount there. Pods of the platform's namespace are not tried: their authority lies beside its key, which no attempt mounts.",
        remedy: "Of a node: `airlock tls trust` prints how its runtime is told of the authority. Of a deployment: `airlock deployment apply` with its document copies the authority again.",
    },
    expected: "pulled, and the handshake verified",
    why: "pods do not start on the node, or tasks are cut off from their server; who is in a hurry turns verification off",
};

const NODES: &str = "nodes";

/// The check.
pub(crate) struct TrustedAuthorities;

impl Check for TrustedAuthorities {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let attempts = trusted::pulls(world).into_iter().chain(world.deployments.iter().map(trusted::trusted));
        world.registry.iter().map(|_| Need::Nodes).chain(attempts.map(|attempt| Need::Attempt(Box::new(attempt)))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let mut findings = of_nodes(given);
        match live::deployments(given) {
            Ok(deployments) => findings.extend(deployments.iter().map(|of| judge(given, format!("tasks of {}", of.name), &trusted::trusted_id(of)))),
            Err(unseen) => findings.extend(TEXTS.unseen(live::DEPLOYMENTS, unseen)),
        }
        findings
    }
}

fn of_nodes(given: &Snapshot) -> Vec<Finding> {
    if given.world.registry.is_none() && !given.world.base_domain.is_empty() {
        return vec![TEXTS.not_applicable(NODES, Reason::ComponentOff, "no bundled registry is installed")];
    }
    match trusted::pools(&given.world) {
        Ok(pools) if pools.is_empty() => vec![TEXTS.unverified(NODES, "no node takes pods")],
        Ok(pools) => pools.into_keys().map(|pool| judge(given, format!("a node of pool {pool}"), &trusted::pulled_id(pool))).collect(),
        Err(reason) => vec![of_any_node(given, reason)],
    }
}

/// What one node pulls where its pools are not known is a warning, and what it does not pull a fault.
fn of_any_node(given: &Snapshot, reason: &str) -> Finding {
    let one = judge(given, "a node, whichever it is".to_owned(), &trusted::pulled_id(trusted::ANY));
    if one.verdict != Verdict::Pass {
        return one;
    }
    Finding { evidence: one.evidence, ..TEXTS.warn(Severity::Low, one.subject, format!("pulled; which pools there are is not known: {reason}")) }
}

/// Whether a kubelet's words are about a certificate: runtimes pass on what Go's `crypto/tls` and `crypto/x509` say. Of a registry that
/// answers nobody, or that refuses the login, they say nothing about trust.
fn is_distrust(message: &str) -> bool {
    ["x509:", "certificate signed by unknown authority", "tls: failed to verify certificate"].iter().any(|words| message.contains(words))
}

fn judge(given: &Snapshot, subject: String, attempt: &AttemptId) -> Finding {
    let outcome = match outcome(given, attempt) {
        Ok(outcome) => outcome,
        Err(reason) => return TEXTS.unverified(subject, reason),
    };
    let observed = words(&outcome.result);
    let finding = match &outcome.result {
        AttemptResult::Pulled | AttemptResult::Handshaken(_) => TEXTS.pass(subject, observed),
        AttemptResult::Untrusted { .. } => TEXTS.fail(subject, observed),
        AttemptResult::NotPulled { message } if is_distrust(message.raw()) => TEXTS.fail(subject, observed),
        _ => TEXTS.unverified(subject, observed),
    };
    finding.tried([outcome])
}
