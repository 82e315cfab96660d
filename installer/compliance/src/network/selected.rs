//! NET-003: policies close every pod in both directions.
//!
//! A policy of the namespace tier closes what it selects by being there; one of the admin or baseline tier only by a rule that
//! denies everybody (network-policy-api: its rules are read as they are, without an implicit isolation).

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use super::cluster::Cluster;
use super::everybody::{has_every_address, has_every_pod};
use super::policy::{Action, Direction, Policy, Rule, Tier};
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
        explanation: "Whether for each pod, or template of pods, a NetworkPolicy or a policy of Cilium is for ingress and one for egress. An AdminNetworkPolicy, a ClusterNetworkPolicy, or the baseline counts when it denies everybody on every port: for ingress every pod, for egress every address. A pod in the network of its node fails: policies do not bind it there.",
        remedy: "Add a policy that selects all pods of the namespace (`podSelector: {}`) for Ingress and Egress, and policies that open what is needed.",
    },
    expected: "a policy for ingress and one for egress close the pod",
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

/// Of each pod whether a policy closes it in a direction.
fn closed(cluster: &Cluster, direction: Direction) -> Vec<bool> {
    let mut policies: Vec<(&Policy, Decision)> = cluster.policies.iter().filter_map(|policy| Some((policy, decision(policy, direction)?))).collect();
    policies.sort_by_key(|(policy, _)| policy.tier);
    let mut decided: Vec<Option<Decision>> = vec![None; cluster.pods.len()];
    for (policy, decision) in policies {
        for place in cluster.selected(&policy.subject) {
            // What is passed on is decided by a later tier.
            let is_open = match decided[place] {
                None => true,
                Some(Decision::Passed) => !matches!(policy.tier, Tier::Admin(_)),
                Some(Decision::Closed | Decision::Opened) => policy.tier == Tier::Namespace,
            };
            if is_open {
                decided[place] = Some(decision);
            }
        }
    }
    decided.into_iter().map(|decided| decided == Some(Decision::Closed)).collect()
}

/// What a policy says of everybody who is not named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Closed,
    Opened,
    Passed,
}

/// None: it says something of some alone.
fn decision(policy: &Policy, direction: Direction) -> Option<Decision> {
    let rules = policy.rules(direction)?;
    if policy.tier == Tier::Namespace {
        return Some(Decision::Closed);
    }
    let of_all = rules.iter().find(|rule| rule.ports.is_none() && is_about_all(rule, direction))?;
    Some(match of_all.action {
        Action::Deny => Decision::Closed,
        Action::Allow => Decision::Opened,
        Action::Pass => Decision::Passed,
    })
}

/// Rules for ingress name pods alone; an address of a rule for egress is a pod's as well (network-policy-api: `networks`).
fn is_about_all(rule: &Rule, direction: Direction) -> bool {
    match direction {
        Direction::Ingress => has_every_pod(&[rule]),
        Direction::Egress => has_every_address(&[rule]),
    }
}

/// What is wrong, and the field of the pod that shows it.
fn problem(pod: &Pod, closed: [bool; 2]) -> Option<(&'static str, String)> {
    if pod.host_network {
        return Some(("/spec/hostNetwork", "it uses the network of its node, where policies do not bind it".to_owned()));
    }
    let missing: Vec<&str> = Direction::BOTH.into_iter().zip(closed).filter(|(_, closed)| !closed).map(|(direction, _)| direction.word()).collect();
    (!missing.is_empty()).then(|| ("/metadata/labels", format!("no policy closes it for {}", missing.join(" and "))))
}
