//! The list of allowed connections: a line for each pair of workloads, ranges outside, and the ingress controller.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use airlock_model::{ObjectRef, Snapshot, Untrusted};
use serde::{Deserialize, Serialize};

use super::cluster::{Cluster, Unread};
use super::ports::PortSet;
use super::reach::{End, Reach, joined};
use super::sources;
use super::workloads::Workload;

/// The schema of [`Connections`]; a reader of an older one may not know all of this one.
pub const CONNECTIONS_SCHEMA: u32 = 1;

/// What network policies allow. Its `Display` is the list, a line a connection, in the order of the lines' bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connections {
    /// [`CONNECTIONS_SCHEMA`]
    pub schema: u32,
    /// What is allowed. A pair that is not listed is not connected.
    pub connections: Vec<Connection>,
    /// Workloads in the network of their node: policies do not bind them there, so what is listed of them is the least.
    pub host_network: Vec<Untrusted<String>>,
    /// What could not be read. With anything here the list may be wrong and is no proof.
    pub unverified: Vec<UnverifiedObject>,
}

/// One allowed connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// `namespace/name[Kind]`, a range of addresses outside as `first-last`, or `{ingress-controller}`.
    pub src: Untrusted<String>,
    /// The same, but never the ingress controller.
    pub dst: Untrusted<String>,
    /// `TCP 8080,9090`, or `All Connections`.
    pub connections: String,
    /// The same by protocol, for programs.
    pub ports: PortSet,
}

/// Something of which it is not known what it allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnverifiedObject {
    /// The object; none: a whole kind, which the reason names.
    pub object: Option<ObjectRef>,
    /// Why.
    pub reason: Untrusted<String>,
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} => {} : {}", self.src, self.dst, self.connections)
    }
}

impl fmt::Display for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<String> = self.connections.iter().map(ToString::to_string).collect();
        lines.sort_unstable();
        lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Computes what the network policies among the objects allow, by the rules of Kubernetes, of the
/// network-policy-api's admin policies, and of Cilium.
///
/// A connection is listed when the policies of both ends allow it; whether the cluster enforces policies is another
/// question (NET-010). Left out are connections of a workload to itself and those between addresses outside.
pub fn connections(given: &Snapshot) -> Connections {
    let cluster = Cluster::read(sources::objects(given));
    let missing = sources::missing(given).into_iter().map(|reason| UnverifiedObject { object: None, reason: reason.into() });
    let unread = cluster.unread.iter().map(|Unread { object, reason }| UnverifiedObject { object: Some(object.clone()), reason: reason.clone().into() });
    Connections { schema: CONNECTIONS_SCHEMA, connections: listed(&cluster), host_network: host_network(&cluster), unverified: missing.chain(unread).collect() }
}

fn host_network(cluster: &Cluster) -> Vec<Untrusted<String>> {
    let names: BTreeSet<String> = cluster.pods.iter().filter(|pod| pod.host_network).map(|pod| pod.workload.to_string()).collect();
    names.into_iter().map(Untrusted::new).collect()
}

/// The list itself.
pub(crate) fn listed(cluster: &Cluster) -> Vec<Connection> {
    let reach = Reach::new(cluster);
    let mut workloads: BTreeMap<&Workload, Vec<usize>> = BTreeMap::new();
    for (index, pod) in cluster.pods.iter().enumerate() {
        workloads.entry(&pod.workload).or_default().push(index);
    }
    let led = led(cluster);
    let named: Vec<(String, &[usize])> = workloads.iter().map(|(workload, pods)| (workload.to_string(), pods.as_slice())).collect();
    let mut found = Vec::new();
    for (source, from) in &named {
        for (destination, to) in named.iter().filter(|(destination, _)| destination != source) {
            let pairs = from.iter().flat_map(|a| to.iter().map(move |b| (End::Pod(*a), End::Pod(*b))));
            add(&mut found, source, destination, union(pairs.map(|(a, b)| reach.allowed(a, b))));
        }
        for (range, ports) in ranges(&reach, |outside| union(from.iter().map(|pod| reach.allowed(End::Pod(*pod), outside)))) {
            add(&mut found, source, &range, ports);
        }
        for (range, ports) in ranges(&reach, |outside| union(from.iter().map(|pod| reach.allowed(outside, End::Pod(*pod))))) {
            add(&mut found, &range, source, ports);
        }
        add(&mut found, "{ingress-controller}", source, union(from.iter().map(|pod| led[*pod].intersection(&reach.allowed(End::Entrance, End::Pod(*pod))))));
    }
    found.sort_unstable();
    found
}

fn union(sets: impl Iterator<Item = PortSet>) -> PortSet {
    let mut all = PortSet::default();
    for set in sets {
        if set.is_all() {
            return set;
        }
        all = all.union(&set);
    }
    all
}

fn add(found: &mut Vec<Connection>, source: &str, destination: &str, ports: PortSet) {
    if !ports.is_empty() {
        found.push(Connection { src: source.to_owned().into(), dst: destination.to_owned().into(), connections: ports.to_string(), ports });
    }
}

/// Ranges outside with what is allowed.
fn ranges(reach: &Reach<'_>, allowed: impl Fn(End) -> PortSet) -> Vec<(String, PortSet)> {
    let each = reach.ranges.iter().enumerate().map(|(index, range)| (*range, allowed(End::Outside(index))));
    joined(each).into_iter().map(|(range, ports)| (range.to_string(), ports)).collect()
}

/// The ports of each pod that the ingress controller is led to.
fn led(cluster: &Cluster) -> Vec<PortSet> {
    let mut led = vec![PortSet::default(); cluster.pods.len()];
    for backend in &cluster.backends {
        let Some(service) = cluster.service(&backend.namespace, &backend.service) else { continue };
        for pod in cluster.pods_of(service) {
            led[pod] = led[pod].union(&service.targets(backend.port.as_ref(), &cluster.pods[pod]));
        }
    }
    led
}
