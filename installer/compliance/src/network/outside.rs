//! Flows between pods and addresses outside that nobody declared: a part of NET-004.

use std::collections::{BTreeMap, BTreeSet};

use super::address::AddressRange;
use super::cluster::Cluster;
use super::declared::Declared;
use super::policy::Direction;
use super::ports::PortSet;
use super::reach::{End, Reach, joined};
use super::workloads::Workload;

/// Undeclared flows of each workload, in each direction.
#[derive(Default)]
pub(super) struct OutsideFlows<'a>(BTreeMap<(&'a Workload, Direction), Found>);

#[derive(Default)]
struct Found {
    /// Each range, by its order, with what is undeclared there.
    ranges: BTreeMap<AddressRange, PortSet>,
    openers: BTreeSet<String>,
}

impl<'a> OutsideFlows<'a> {
    /// Those of the pods of some namespaces. The ranges of `reach` are cut by the declared blocks.
    pub(super) fn find(reach: &Reach<'_>, cluster: &'a Cluster, namespaces: &BTreeSet<&str>, declared: &Declared) -> Self {
        let mut found: BTreeMap<(&Workload, Direction), Found> = BTreeMap::new();
        for (index, pod) in cluster.pods.iter().enumerate().filter(|(_, pod)| namespaces.contains(pod.workload.namespace.as_str()) && !pod.host_network) {
            for (at, range) in reach.ranges.iter().enumerate() {
                for direction in Direction::BOTH {
                    let (here, there, namespace) = (End::Pod(index), End::Outside(at), &pod.workload.namespace);
                    let undeclared = match direction {
                        Direction::Egress => reach.allowed(here, there).minus(&declared.outward(namespace, *range)),
                        Direction::Ingress => reach.allowed(there, here).minus(&declared.inward(*range, namespace)),
                    };
                    if undeclared.is_empty() {
                        continue;
                    }
                    let entry = found.entry((&pod.workload, direction)).or_default();
                    let ports = entry.ranges.entry(*range).or_default();
                    *ports = ports.union(&undeclared);
                    entry.openers.extend(reach.openers(index, direction, there));
                }
            }
        }
        Self(found)
    }

    /// Whether there is one of a namespace.
    pub(super) fn has(&self, namespace: &str) -> bool {
        self.0.keys().any(|(workload, _)| workload.namespace == namespace)
    }

    /// Each workload, and what is to be said of one direction.
    pub(super) fn told(&self) -> impl Iterator<Item = (&'a Workload, String)> {
        self.0.iter().map(|((workload, direction), found)| {
            let ranges = joined(found.ranges.iter().map(|(range, ports)| (*range, ports.clone()))).into_iter().map(|(range, ports)| format!("{range} : {ports}")).collect::<Vec<_>>();
            let flows = match direction {
                Direction::Egress => format!("{workload} => {}", first_of(&ranges)),
                Direction::Ingress => format!("from outside to {workload}: {}", first_of(&ranges)),
            };
            (*workload, format!("{flows}; opened by: {}", found.openers.iter().map(String::as_str).collect::<Vec<_>>().join(", ")))
        })
    }
}

/// Five of a list, and how many there are beside.
pub(super) fn first_of(list: &[String]) -> String {
    let more = list.len().saturating_sub(5);
    list[..list.len() - more].join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}
