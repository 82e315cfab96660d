//! The form that policies of every kind are brought into, so that one evaluation judges them all.

use airlock_model::ObjectRef;

use super::address::Block;
use super::ports::{PortSet, Protocol};
use super::selector::{Labels, Selector};
use super::workloads::{NamedPort, Pod};

/// Into a pod, or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }
}

/// When a policy is asked. Earlier tiers decide before later ones (network-policy-api: "Relation to `NetworkPolicy`").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// In ascending order of priority; the first rule that matches decides.
    Admin(i64),
    /// `NetworkPolicy` and Cilium's: a pod that any selects is closed but for what one of them allows; a deny wins.
    Namespace,
    /// For pods that no policy of the tier before selects, in ascending order of priority; the first rule that matches decides.
    Baseline(i64),
}

/// A policy of any kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Policy {
    pub(crate) object: ObjectRef,
    pub(crate) tier: Tier,
    pub(crate) subject: PodSelection,
    /// None: it says nothing of this direction. No rules: it closes it.
    pub(crate) ingress: Option<Vec<Rule>>,
    pub(crate) egress: Option<Vec<Rule>>,
}

impl Policy {
    pub(crate) fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }

    /// The blocks of addresses that it names.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        let peers = Direction::BOTH.into_iter().filter_map(|direction| self.rules(direction)).flatten().filter_map(|rule| rule.peers.as_ref()).flatten();
        peers.filter_map(|peer| if let Peer::Addresses(block) = peer { Some(block) } else { None })
    }
}

/// What a rule does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Allow,
    Deny,
    /// Left to the namespace's own policies.
    Pass,
}

/// One rule: it matches a connection when one of its peers and one of its ports does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) action: Action,
    /// None: everybody, inside and outside.
    pub(crate) peers: Option<Vec<Peer>>,
    /// None: every port.
    pub(crate) ports: Option<Vec<PortMatch>>,
}

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Peer {
    Pods(PodSelection),
    /// Nodes, and pods in their network.
    Hosts,
    /// Addresses outside the cluster.
    Addresses(Block),
    /// Every address outside the cluster, of one family or both.
    Outside(Family),
    /// The cluster's ingress controller.
    Entrance,
}

/// Families of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Both,
    V4,
    V6,
}

/// Pods by their namespace and their own labels; both must match.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PodSelection {
    pub(crate) namespace: NamespaceSelection,
    pub(crate) pods: Selector,
}

/// Which namespaces.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NamespaceSelection {
    Named(String),
    Matching(Selector),
}

impl PodSelection {
    /// Every pod of one namespace.
    pub(crate) fn of_namespace(name: &str, pods: Selector) -> Self {
        Self { namespace: NamespaceSelection::Named(name.to_owned()), pods }
    }

    /// Whether it is every pod of every namespace.
    pub(crate) const fn is_everything(&self) -> bool {
        matches!(&self.namespace, NamespaceSelection::Matching(selector) if selector.is_empty()) && self.pods.is_empty()
    }
}

impl NamespaceSelection {
    /// Whether it means a namespace; of one without labels only what needs none.
    pub(crate) fn matches(&self, name: &str, labels: Option<&Labels>) -> bool {
        static NONE: Labels = Labels::new();
        match self {
            Self::Named(own) => own == name,
            Self::Matching(selector) => selector.matches(labels.unwrap_or(&NONE)),
        }
    }
}

/// Ports of a rule. Names are those of the destination's containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortMatch {
    Every(Protocol),
    Range(Protocol, u16, u16),
    /// With a protocol, a port of that name and protocol; without one, of that name.
    Named(Option<Protocol>, String),
}

/// The ports of a rule at a destination; addresses outside have no named ones.
pub(crate) fn ports_at(ports: Option<&[PortMatch]>, destination: Option<&Pod>) -> PortSet {
    let Some(ports) = ports else { return PortSet::all() };
    let each = ports.iter().map(|port| match port {
        PortMatch::Every(protocol) => PortSet::every(*protocol),
        PortMatch::Range(protocol, first, last) => PortSet::range(*protocol, *first, *last),
        PortMatch::Named(protocol, name) => {
            let is_meant = |port: &&NamedPort| port.name == *name && protocol.is_none_or(|protocol| protocol == port.protocol);
            let meant = destination.into_iter().flat_map(|pod| &pod.ports).filter(is_meant);
            meant.fold(PortSet::default(), |all, port| all.union(&PortSet::range(port.protocol, port.number, port.number)))
        }
    });
    each.fold(PortSet::default(), |all, ports| all.union(&ports))
}
