//! NET-001 and NET-002: in every namespace nothing connects in, or out, unless a policy names it.
//!
//! Network policies only ever add: a pod is closed in a direction as soon as one policy selects it for that direction,
//! and opened by every rule of every such policy (Kubernetes documentation, "Network Policies"). So a namespace is closed
//! when a policy selects all of its pods for that direction and no rules there, alone or together, name everybody on every port.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use super::cluster::{Cluster, Unread};
use super::everybody::{excepted, is_everybody};
use super::outside::first_of;
use super::policy::{Action, Direction, Policy, Rule, Tier, ports_at};
use super::sources::{self, ByName};
use crate::described::Described;
use crate::live;

const SUBJECT: &str = "all namespaces";

/// One of the two.
pub(crate) struct DefaultDeny {
    described: Described,
    direction: Direction,
}

/// NET-001
pub(crate) static INGRESS: DefaultDeny = DefaultDeny {
    described: Described {
        spec: CheckSpec {
            id: "NET-001",
            title: "nothing connects into a namespace unless a policy names it",
            severity: Severity::High,
            promises: &["P3", "P12"],
            explanation: "The NetworkPolicies, and Cilium's policies where there are any, of each namespace: one must select all pods for ingress, and none may have an ingress rule without peers and ports, which would open everything again, nor rules without ports that together name every pod and every address. Whether the cluster enforces policies at all is NET-010.",
            remedy: "Add a policy with `podSelector: {}` and policyTypes Ingress. In an installation run `airlock install` again: it puts its policies back. A policy that opens everything was made by somebody else; ask its owner to narrow it.",
        },
        expected: "a policy selects all pods for Ingress; no ingress rule allows everything",
        why: "a pod that somebody adds could be reached by everything in the cluster and beyond",
    },
    direction: Direction::Ingress,
};

/// NET-002
pub(crate) static EGRESS: DefaultDeny = DefaultDeny {
    described: Described {
        spec: CheckSpec {
            id: "NET-002",
            title: "nothing connects out of a namespace unless a policy names it",
            severity: Severity::High,
            promises: &["P3", "P12"],
            explanation: "The NetworkPolicies, and Cilium's policies where there are any, of each namespace: one must select all pods for egress, and none may have an egress rule without peers and ports, which would open everything again, nor rules without ports that together name every pod and every address. Whether the cluster enforces policies at all is NET-010.",
            remedy: "Add a policy with `podSelector: {}` and policyTypes Egress, and one that allows DNS and what else is needed. In an installation run `airlock install` again: it puts its policies back. A policy that opens everything was made by somebody else; ask its owner to narrow it.",
        },
        expected: "a policy selects all pods for Egress; no egress rule allows everything",
        why: "a pod that somebody adds could reach everything in the cluster and beyond, and send data there",
    },
    direction: Direction::Egress,
};

impl Check for DefaultDeny {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        sources::needs_of_policies()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let check = &self.described;
        if let Some(reason) = live::objects(given, "NetworkPolicy").err().or_else(|| sources::missing_policies(given)) {
            return vec![check.unverified(SUBJECT, reason)];
        }
        if given.world.namespaces.is_empty() {
            return vec![check.not_applicable(SUBJECT, Reason::NoSubject, "nothing of the files runs in a namespace")];
        }
        let (cluster, objects) = (Cluster::read(sources::but_pods(given)), sources::by_name(given));
        let is_policy = |unread: &&Unread| unread.object.kind.ends_with("NetworkPolicy");
        let mut findings: Vec<Finding> = cluster.unread.iter().filter(is_policy).map(|unread| check.unverified(sources::subject(&objects, &unread.object), unread.reason.as_str())).collect();
        findings.extend(cluster.policies.iter().filter_map(|policy| self.open(&objects, policy)));
        findings.extend(given.world.namespaces.iter().map(|namespace| self.namespace(&cluster, &objects, namespace)));
        findings
    }
}

impl DefaultDeny {
    /// A policy whose rules, one or several, name everybody on every port.
    fn open(&self, objects: &ByName<'_>, policy: &Policy) -> Option<Finding> {
        let (word, rules) = (self.direction.word(), self.unlimited(policy));
        let (index, observed) = match rules.iter().find(|rule| are_everybody(&[**rule])) {
            Some((index, rule)) => (*index, format!("its {word} rule {index} allows {}", if rule.peers.is_none() { "everything".to_owned() } else { everybody_but(&[(*index, *rule)]) })),
            None if are_everybody(&rules) => {
                let listed: Vec<String> = rules.iter().map(|(index, _)| index.to_string()).collect();
                (rules[0].0, format!("its {word} rules {} together allow {}", listed.join(", "), everybody_but(&rules)))
            }
            None => return None,
        };
        let finding = self.described.fail(sources::subject(objects, &policy.object), observed);
        Some(sources::seen(finding, objects, &policy.object, &[(format!("/spec/{word}/{index}"), String::new())]))
    }

    /// The rules that allow every port, with their places.
    fn unlimited<'a>(&self, policy: &'a Policy) -> Vec<(usize, &'a Rule)> {
        let rules = policy.rules(self.direction).unwrap_or_default().iter().enumerate();
        rules.filter(|(_, rule)| rule.action == Action::Allow && ports_at(rule.ports.as_deref(), None).is_all()).collect()
    }

    fn namespace(&self, cluster: &Cluster, objects: &ByName<'_>, name: &str) -> Finding {
        let closes = |policy: &&Policy| {
            let is_here = policy.subject.namespace.matches(name, cluster.namespaces.get(name));
            policy.tier == Tier::Namespace && is_here && policy.subject.pods.is_empty() && policy.rules(self.direction).is_some()
        };
        let (word, subject) = (self.direction.word(), sources::namespace_subject(objects, name));
        let closing: Vec<&Policy> = cluster.policies.iter().filter(closes).collect();
        let Some(first) = closing.first() else { return self.described.fail(subject, format!("no policy selects all of its pods for {word}")) };
        let rules: Vec<Vec<(usize, &Rule)>> = closing.iter().map(|policy| self.unlimited(policy)).collect();
        let together = rules.concat();
        // What one policy opens alone is told of that one.
        if are_everybody(&together) && !rules.iter().any(|rules| are_everybody(rules)) {
            let opening: Vec<String> = closing.iter().zip(&rules).filter(|(_, rules)| !rules.is_empty()).map(|(policy, _)| policy.object.to_string()).collect();
            return self.described.fail(subject, format!("{} together allow {} for {word}", opening.join(", "), everybody_but(&together)));
        }
        self.described.pass(subject, format!("closed for {word} by {}", first.object))
    }
}

fn are_everybody(rules: &[(usize, &Rule)]) -> bool {
    is_everybody(&without_places(rules))
}

/// Everybody, in words, with what blocks except.
fn everybody_but(rules: &[(usize, &Rule)]) -> String {
    let but: Vec<String> = excepted(&without_places(rules)).iter().map(ToString::to_string).collect();
    format!("every pod and every address{}", if but.is_empty() { String::new() } else { format!(" but {}", first_of(&but)) })
}

fn without_places<'a>(rules: &[(usize, &'a Rule)]) -> Vec<&'a Rule> {
    rules.iter().map(|(_, rule)| *rule).collect()
}
