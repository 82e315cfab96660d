//! What policies allow: the rules of every kind, asked in the order of their tiers, for one direction of one pod.
//!
//! A connection is allowed when the policies of its source let it out and those of its destination let it in.
//! Policies are matched against pods and ranges once, when [`Reach`] is made; a question then costs the rules that
//! select the pod.

use super::address::{AddressRange, Block, outside};
use super::cluster::Cluster;
use super::policy::{Action, Direction, Family, Peer, Policy, PortMatch, Rule, Tier, ports_at};
use super::ports::PortSet;
use super::selector::Labels;
use super::workloads::Pod;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// A pod of the cluster, by its place.
    Pod(usize),
    /// The same for a plugin to which a block of addresses means the pods that have them.
    Addressed(usize),
    /// A range of addresses outside, by its place.
    Outside(usize),
    /// A node itself.
    Node,
    /// The ingress controller, of which nothing is known: it has no labels, and no address that a block could name.
    Entrance,
}

/// The answers to who may connect to whom.
pub(crate) struct Reach<'a> {
    cluster: &'a Cluster,
    /// The outside in ranges that no policy and no further block cuts.
    pub(crate) ranges: Vec<AddressRange>,
    /// Of each pod the policies that are for it, for ingress and for egress, in the order in which they are asked.
    ingress: Vec<Vec<Applied<'a>>>,
    egress: Vec<Vec<Applied<'a>>>,
    /// Of each rule whom it matches.
    matched: Vec<Matched>,
}

/// A policy's rules for a pod.
struct Applied<'a> {
    policy: &'a Policy,
    /// Each rule and the place of whom it matches.
    rules: Vec<(&'a Rule, usize)>,
}

struct Matched {
    pods: Vec<bool>,
    /// It allows a block of addresses that pods may have.
    addresses_of_pods: bool,
    ranges: Vec<bool>,
    nodes: bool,
    entrance: bool,
}

impl<'a> Reach<'a> {
    pub(crate) fn new(cluster: &'a Cluster) -> Self {
        Self::cut(cluster, &[])
    }

    /// With an outside that further blocks cut too.
    pub(crate) fn cut(cluster: &'a Cluster, further: &[Block]) -> Self {
        let ranges = outside(cluster.policies.iter().flat_map(Policy::blocks).chain(further));
        let mut reach = Self { cluster, ranges, ingress: Vec::new(), egress: Vec::new(), matched: Vec::new() };
        reach.ingress.resize_with(cluster.pods.len(), Vec::new);
        reach.egress.resize_with(cluster.pods.len(), Vec::new);
        let mut policies: Vec<&Policy> = cluster.policies.iter().collect();
        policies.sort_by(|a, b| a.tier.cmp(&b.tier).then_with(|| a.object.cmp(&b.object)));
        for policy in policies {
            reach.apply(policy);
        }
        reach
    }

    fn apply(&mut self, policy: &'a Policy) {
        let subjects: Vec<usize> = self.cluster.selected(&policy.subject).collect();
        if subjects.is_empty() {
            return;
        }
        for direction in Direction::BOTH {
            let Some(rules) = policy.rules(direction) else { continue };
            let first = self.matched.len();
            self.matched.extend(rules.iter().map(|rule| matched(self.cluster, &self.ranges, policy, rule)).collect::<Vec<_>>());
            for subject in &subjects {
                let applied = Applied { policy, rules: rules.iter().enumerate().map(|(index, rule)| (rule, first + index)).collect() };
                match direction {
                    Direction::Ingress => self.ingress[*subject].push(applied),
                    Direction::Egress => self.egress[*subject].push(applied),
                }
            }
        }
    }

    fn applied(&self, pod: usize, direction: Direction) -> &[Applied<'a>] {
        match direction {
            Direction::Ingress => &self.ingress[pod],
            Direction::Egress => &self.egress[pod],
        }
    }

    /// The ports that a connection from one end to the other may use. Between two ends outside nothing is known.
    pub(crate) fn allowed(&self, source: End, destination: End) -> PortSet {
        let target = if let End::Pod(index) = destination { Some(&self.cluster.pods[index]) } else { None };
        let out = || if let End::Pod(pod) = source { self.side(pod, Direction::Egress, destination, target) } else { PortSet::all() };
        let into = || if let End::Pod(pod) = destination { self.side(pod, Direction::Ingress, source, target) } else { PortSet::all() };
        let out = out();
        if out.is_empty() { out } else { out.intersection(&into()) }
    }

    /// The most that a plugin lets through from one pod to another, where Kubernetes leaves the answer to it ("Network Policies"): a block
    /// of addresses may mean the pods that have them, and a pod in the network of its node may be bound by no policy of its own.
    pub(crate) fn at_most(&self, source: usize, target: usize) -> PortSet {
        let pod = &self.cluster.pods[target];
        let out = self.side(source, Direction::Egress, End::Addressed(target), Some(pod));
        if out.is_empty() || pod.host_network { out } else { out.intersection(&self.side(target, Direction::Ingress, End::Addressed(source), Some(pod))) }
    }

    /// What the policies of one pod allow in one direction.
    pub(crate) fn side(&self, pod: usize, direction: Direction, other: End, destination: Option<&Pod>) -> PortSet {
        let applied = self.applied(pod, direction);
        if applied.is_empty() {
            return PortSet::all();
        }
        let is_selected = self.is_selected(pod, direction);
        // The common case, without the arithmetic of tiers.
        if is_selected && applied.iter().all(|applied| applied.policy.tier == Tier::Namespace) {
            return self.of_namespace(applied, other, destination);
        }
        let admin = self.first_match(applied.iter().filter(|applied| matches!(applied.policy.tier, Tier::Admin(_))), other, destination);
        let mut allowed = admin.allowed;
        let left = admin.undecided;
        if is_selected {
            return allowed.union(&left.intersection(&self.of_namespace(applied, other, destination)));
        }
        let baseline = self.first_match(applied.iter().filter(|applied| matches!(applied.policy.tier, Tier::Baseline(_))), other, destination);
        // What nobody decides is allowed.
        allowed = allowed.union(&left.intersection(&baseline.allowed.union(&baseline.undecided)));
        allowed
    }

    /// Whether a policy of the namespace tier closes a pod in a direction.
    fn is_selected(&self, pod: usize, direction: Direction) -> bool {
        self.applied(pod, direction).iter().any(|applied| applied.policy.tier == Tier::Namespace)
    }

    /// In words, the policies of a pod that have a rule which allows the other end something, or that there is none in that direction.
    pub(crate) fn openers(&self, pod: usize, direction: Direction, other: End) -> Vec<String> {
        let applied = self.applied(pod, direction);
        if applied.is_empty() {
            return vec![format!("no policy is for {} of the {}", direction.word(), if direction == Direction::Egress { "source" } else { "target" })];
        }
        let opens = |applied: &&Applied<'a>| applied.rules.iter().any(|(rule, at)| rule.action == Action::Allow && self.is_matched(*at, other));
        applied.iter().filter(opens).map(|applied| applied.policy.object.to_string()).collect()
    }

    fn is_matched(&self, at: usize, other: End) -> bool {
        let matched = &self.matched[at];
        match other {
            End::Pod(index) => matched.pods[index],
            End::Addressed(index) => matched.pods[index] || matched.addresses_of_pods,
            End::Outside(index) => matched.ranges[index],
            End::Node => matched.nodes,
            End::Entrance => matched.entrance,
        }
    }

    /// The rules that match, in order, each with its ports.
    fn matching<'b>(&'b self, applied: &'b Applied<'a>, other: End, destination: Option<&'b Pod>) -> impl Iterator<Item = (Action, PortSet)> + 'b {
        applied.rules.iter().filter(move |(_, at)| self.is_matched(*at, other)).map(move |(rule, _)| (rule.action, ports_at(rule.ports.as_deref(), destination)))
    }

    /// The first rule that matches a port decides on it; what is passed on is as undecided as what no rule matches.
    fn first_match<'b>(&'b self, policies: impl Iterator<Item = &'b Applied<'a>>, other: End, destination: Option<&'b Pod>) -> Decided
    where
        'a: 'b,
    {
        let mut open = PortSet::all();
        let mut decided = Decided { allowed: PortSet::default(), undecided: PortSet::default() };
        for (action, ports) in policies.flat_map(|applied| self.matching(applied, other, destination)) {
            let now = open.intersection(&ports);
            open = open.minus(&ports);
            match action {
                Action::Allow => decided.allowed = decided.allowed.union(&now),
                Action::Pass => decided.undecided = decided.undecided.union(&now),
                Action::Deny => {}
            }
        }
        decided.undecided = decided.undecided.union(&open);
        decided
    }

    /// What some rule allows and none denies.
    fn of_namespace(&self, applied: &[Applied<'a>], other: End, destination: Option<&Pod>) -> PortSet {
        let (mut allowed, mut denied) = (PortSet::default(), PortSet::default());
        let here = applied.iter().filter(|applied| applied.policy.tier == Tier::Namespace);
        for (action, ports) in here.flat_map(|applied| self.matching(applied, other, destination)) {
            let side = if action == Action::Deny { &mut denied } else { &mut allowed };
            *side = side.union(&ports);
        }
        allowed.minus(&denied)
    }
}

struct Decided {
    allowed: PortSet,
    undecided: PortSet,
}

fn matched(cluster: &Cluster, ranges: &[AddressRange], policy: &Policy, rule: &Rule) -> Matched {
    let Some(peers) = &rule.peers else {
        return Matched { pods: vec![true; cluster.pods.len()], addresses_of_pods: false, ranges: vec![true; ranges.len()], nodes: true, entrance: true };
    };
    let mut pods = vec![false; cluster.pods.len()];
    for peer in peers {
        match peer {
            Peer::Pods(selection) => cluster.selected(selection).for_each(|place| pods[place] = true),
            Peer::Hosts => pods.iter_mut().zip(&cluster.pods).for_each(|(matched, pod)| *matched |= pod.host_network),
            Peer::Addresses(_) | Peer::Outside(_) | Peer::Entrance => {}
        }
    }
    let ranges = ranges.iter().map(|range| peers.iter().any(|peer| is_range(peer, *range))).collect();
    // Cilium knows its pods by their labels alone ("Layer 3 Policies": CIDRs are for what is outside).
    let addresses_of_pods = rule.action == Action::Allow && policy.object.group() != "cilium.io" && peers.iter().any(|peer| matches!(peer, Peer::Addresses(block) if block.is_of_pods()));
    Matched { pods, addresses_of_pods, ranges, nodes: peers.contains(&Peer::Hosts), entrance: peers.iter().any(is_entrance) }
}

/// Neighbouring ranges that are allowed the same as one.
pub(crate) fn joined(ranges: impl Iterator<Item = (AddressRange, PortSet)>) -> Vec<(AddressRange, PortSet)> {
    let mut all: Vec<(AddressRange, PortSet)> = Vec::new();
    for (range, ports) in ranges {
        match all.last_mut() {
            Some((before, same)) if *same == ports && before.joined(range).is_some() => before.last = range.last,
            _ => all.push((range, ports)),
        }
    }
    all
}

/// A range is in a block as a whole or not at all.
pub(crate) fn is_range(peer: &Peer, range: AddressRange) -> bool {
    match peer {
        Peer::Addresses(block) => block.contains(range.first),
        Peer::Outside(family) => match family {
            Family::Both => true,
            Family::V4 => range.is_ipv4(),
            Family::V6 => !range.is_ipv4(),
        },
        Peer::Pods(_) | Peer::Hosts | Peer::Entrance => false,
    }
}

/// Only a selector that needs no label is sure to select a pod of which nothing is known.
fn is_entrance(peer: &Peer) -> bool {
    match peer {
        Peer::Entrance => true,
        Peer::Pods(selection) => selection.namespace.matches("", None) && selection.pods.matches(&Labels::new()),
        Peer::Hosts | Peer::Addresses(_) | Peer::Outside(_) => false,
    }
}

/// Names of ports that a rule asks for.
pub(crate) fn names(rule: &Rule) -> impl Iterator<Item = &str> {
    rule.ports.iter().flatten().filter_map(|port| if let PortMatch::Named(_, name) = port { Some(name.as_str()) } else { None })
}
