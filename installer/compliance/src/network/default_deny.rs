//! NET-001 and NET-002: in every namespace nothing connects in, or out, unless a policy names it.
//!
//! Network policies only ever add: a pod is closed in a direction as soon as one policy selects it for that direction,
//! and opened by every rule of every such policy (Kubernetes documentation, "Network Policies"). So a namespace is closed
//! when a policy selects all of its pods for that direction and no policy there has a rule without limits.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use super::cluster::{Cluster, Unread};
use super::policy::{Action, Direction, Policy, Tier};
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
            explanation: "The NetworkPolicies, and Cilium's policies where there are any, of each namespace: one must select all pods for ingress, and none may have an ingress rule without peers and ports, which would open everything again. Whether the cluster enforces policies at all is NET-010.",
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
            explanation: "The NetworkPolicies, and Cilium's policies where there are any, of each namespace: one must select all pods for egress, and none may have an egress rule without peers and ports, which would open everything again. Whether the cluster enforces policies at all is NET-010.",
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
    /// A policy with a rule that names neither peers nor ports.
    fn open(&self, objects: &ByName<'_>, policy: &Policy) -> Option<Finding> {
        let is_open = |rule: &super::policy::Rule| rule.action == Action::Allow && rule.peers.is_none() && rule.ports.is_none();
        let index = policy.rules(self.direction)?.iter().position(is_open)?;
        let (word, subject) = (self.direction.word(), sources::subject(objects, &policy.object));
        let finding = self.described.fail(subject, format!("its {word} rule {index} allows everything"));
        Some(sources::seen(finding, objects, &policy.object, &[(format!("/spec/{word}/{index}"), String::new())]))
    }

    fn namespace(&self, cluster: &Cluster, objects: &ByName<'_>, name: &str) -> Finding {
        let closes = |policy: &&Policy| {
            let is_here = policy.subject.namespace.matches(name, cluster.namespaces.get(name));
            policy.tier == Tier::Namespace && is_here && policy.subject.pods.is_empty() && policy.rules(self.direction).is_some()
        };
        let (word, subject) = (self.direction.word(), sources::namespace_subject(objects, name));
        match cluster.policies.iter().find(closes) {
            Some(policy) => self.described.pass(subject, format!("closed for {word} by {}", policy.object)),
            None => self.described.fail(subject, format!("no policy selects all of its pods for {word}")),
        }
    }
}
