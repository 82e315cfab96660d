//! NET-006: policies are about something: pods, ports that have the names they use, addresses that packets bear.

use std::collections::BTreeSet;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, Source, World, names};

use super::cluster::Cluster;
use super::policy::{Direction, Peer, Policy, Rule};
use super::reach::names as named_ports;
use super::sources::{self, ByName};
use super::workloads::Pod;
use crate::described::Described;
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-006",
        title: "policies select something, and what they name exists",
        severity: Severity::Medium,
        promises: &["P3"],
        explanation: "Each policy: its selector selects at least one pod; of one for all pods where there is none nothing can be said; a port that a rule names is a container's port of that name at the destination; a block of one address is no ClusterIP of a Service, since packets bear the pod's address when policies see them. Of a running cluster Airlock's own policies pass where no pod is now: they wait for the pods of tasks.",
        remedy: "Correct the selector, the name of the port, or put a selector of the Service's pods in place of the address. Delete a policy that is not needed.",
    },
    expected: "it selects pods, its named ports exist, and no block is a Service",
    why: "the policy does not do what whoever wrote it believes: what was meant to be closed is open, or what was meant to work does not",
};

/// The check.
pub(crate) struct Dangling;

impl Check for Dangling {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        sources::needs()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        sources::judged(&TEXTS, given, "there is no policy", |cluster, objects| cluster.policies.iter().flat_map(|policy| judge(given, cluster, objects, policy)).collect())
    }
}

fn judge(given: &Snapshot, cluster: &Cluster, objects: &ByName<'_>, policy: &Policy) -> Vec<Finding> {
    let subject = sources::subject(objects, &policy.object);
    let selected: Vec<&Pod> = cluster.selected(&policy.subject).map(|place| &cluster.pods[place]).collect();
    let mut found: Vec<(String, String)> = Vec::new();
    let selects_nothing = selected.is_empty() && !policy.subject.pods.is_empty();
    let is_airlock = is_of_airlock(given, objects, policy);
    if selects_nothing && !is_airlock {
        found.push(("/spec/podSelector".into(), "it selects no pod".into()));
    }
    for direction in Direction::BOTH {
        for (index, rule) in policy.rules(direction).unwrap_or_default().iter().enumerate() {
            let path = format!("/spec/{}/{index}", direction.word());
            found.extend(
                absent_ports(cluster, direction, &selected, rule).into_iter().map(|name| (path.clone(), format!("{} rule {index} names the port {name}, which no destination has", direction.word()))),
            );
            found.extend(services(cluster, rule).into_iter().map(|words| (path.clone(), format!("{} rule {index} names {words}", direction.word()))));
        }
    }
    if found.is_empty() && selected.is_empty() {
        return vec![if is_airlock {
            TEXTS.pass(subject, "no pod that it is for runs now; it is Airlock's own")
        } else {
            TEXTS.not_applicable(subject, Reason::NoSubject, "it is for all pods, and there is none where it is for them")
        }];
    }
    if found.is_empty() {
        return vec![TEXTS.pass(subject, format!("it selects {} kinds of pods", selected.len()))];
    }
    sources::each(&TEXTS, objects, &policy.object, found)
}

/// Of a running cluster: pods of tasks come and go, for which Airlock's policies wait.
fn is_of_airlock(given: &Snapshot, objects: &ByName<'_>, policy: &Policy) -> bool {
    given.source == Source::Cluster && objects.get(&policy.object).is_some_and(|object| live::label(object, names::LABEL_MANAGED_BY) == Some(names::PRODUCT))
}

/// Names of ports that no possible destination has. Where no pod is selected nothing is known of its ports.
fn absent_ports(cluster: &Cluster, direction: Direction, selected: &[&Pod], rule: &Rule) -> BTreeSet<String> {
    let destinations: Vec<&Pod> = match direction {
        _ if selected.is_empty() => return BTreeSet::new(),
        Direction::Ingress => selected.to_vec(),
        Direction::Egress => peers(cluster, rule),
    };
    // Pods that are not here may have them.
    if destinations.is_empty() {
        return BTreeSet::new();
    }
    named_ports(rule).filter(|name| !destinations.iter().any(|pod| pod.ports.iter().any(|port| port.name == *name))).map(str::to_owned).collect()
}

fn peers<'a>(cluster: &'a Cluster, rule: &'a Rule) -> Vec<&'a Pod> {
    let Some(peers) = &rule.peers else { return cluster.pods.iter().collect() };
    let selections = peers.iter().filter_map(|peer| if let Peer::Pods(selection) = peer { Some(selection) } else { None });
    selections.flat_map(|selection| cluster.selected(selection)).map(|place| &cluster.pods[place]).collect()
}

/// Blocks of one address that is a Service's.
fn services(cluster: &Cluster, rule: &Rule) -> Vec<String> {
    let single = rule.peers.iter().flatten().filter_map(|peer| match peer {
        Peer::Addresses(block) if block.whole.prefix_len() == block.whole.max_prefix_len() => Some(block.whole.addr()),
        _ => None,
    });
    let of = |address| cluster.services.iter().find(|service| service.cluster_addresses.contains(&address));
    single.filter_map(|address| of(address).map(|service| format!("{address}, the address of {}", service.object))).collect()
}
