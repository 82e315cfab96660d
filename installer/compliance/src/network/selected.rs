//! NET-003: policies close every pod in both directions.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use super::cluster::Cluster;
use super::policy::Direction;
use super::sources;
use super::workloads::{Pod, template_of};
use crate::described::Described;
use crate::live::PODS;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-003",
        title: "a policy selects every pod in both directions",
        severity: Severity::High,
        promises: &["P3", "P12"],
        explanation: "Whether for each pod, or template of pods, a NetworkPolicy, an AdminNetworkPolicy or the baseline, or a policy of Cilium is for ingress and one for egress. A pod in the network of its node fails: policies do not bind it there.",
        remedy: "Add a policy that selects all pods of the namespace (`podSelector: {}`) for Ingress and Egress, and policies that open what is needed.",
    },
    expected: "a policy for ingress and one for egress select the pod",
    why: "a pod that no policy selects may be connected to by everybody, or may connect to everybody",
};

/// The check.
pub(crate) struct Selected;

impl Check for Selected {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        sources::needs()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let cluster = match sources::cluster(given) {
            Ok(cluster) => cluster,
            Err(unseen) => return TEXTS.unseen(PODS, unseen),
        };
        let objects = sources::by_name(given);
        let mut findings = sources::unread(&TEXTS, given, &cluster, &objects);
        let closed = Direction::BOTH.map(|direction| closed(&cluster, direction));
        findings.extend(cluster.pods.iter().enumerate().map(|(place, pod)| {
            let subject = sources::subject(&objects, &pod.object);
            let Some((path, observed)) = problem(pod, closed.each_ref().map(|closed| closed[place])) else { return TEXTS.pass(subject, TEXTS.expected) };
            let path = template_of(&pod.object).unwrap_or_default().to_owned() + path;
            sources::seen(TEXTS.fail(subject, observed.as_str()), &objects, &pod.object, &[(path, observed)])
        }));
        findings
    }
}

/// Of each pod whether a policy is for it in a direction.
fn closed(cluster: &Cluster, direction: Direction) -> Vec<bool> {
    let mut closed = vec![false; cluster.pods.len()];
    for policy in cluster.policies.iter().filter(|policy| policy.rules(direction).is_some()) {
        cluster.selected(&policy.subject).for_each(|place| closed[place] = true);
    }
    closed
}

/// What is wrong, and the field of the pod that shows it.
fn problem(pod: &Pod, closed: [bool; 2]) -> Option<(&'static str, String)> {
    if pod.host_network {
        return Some(("/spec/hostNetwork", "it uses the network of its node, where policies do not bind it".to_owned()));
    }
    let missing: Vec<&str> = Direction::BOTH.into_iter().zip(closed).filter(|(_, closed)| !closed).map(|(direction, _)| direction.word()).collect();
    (!missing.is_empty()).then(|| ("/metadata/labels", format!("no policy selects it for {}", missing.join(" and "))))
}
