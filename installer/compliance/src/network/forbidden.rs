//! NET-005: no policy opens the metadata address of a cloud, a kubelet, or the API server.
//!
//! A policy is judged rule by rule, since policies only add: what one opens no other closes. Where nodes and the API
//! server are is not in objects; a rule that allows every address reaches them wherever they are.

use std::net::IpAddr;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use super::cluster::Cluster;
use super::policy::{Action, Direction, Family, Peer, Policy, Rule, ports_at};
use super::ports::Protocol;
use super::sources::{self, ByName};
use crate::described::Described;

/// Where clouds answer with credentials of the node: of AWS, Azure, Google, and others; AWS has one for IPv6 too.
const METADATA: [IpAddr; 2] = [IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 169, 254)), IpAddr::V6(std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254))];
const HTTP: u16 = 80;
/// Ports of a kubelet (Kubernetes documentation, "Ports and Protocols"), the second without authentication.
const KUBELET: [u16; 2] = [10250, 10255];
const API_SERVER: u16 = 6443;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-005",
        title: "no policy opens the metadata address, kubelets, or the API server",
        severity: Severity::High,
        promises: &["P3", "P12"],
        explanation: "The egress rules of every policy that allow TCP 80 of 169.254.169.254 (and of fd00:ec2::254), where clouds give the node's credentials away; and rules that allow every address on TCP 10250, 10255, or 6443, on which nodes and the API server answer. Where nodes are is not known from objects: a rule for some addresses is judged for the metadata address alone. What no policy closes is NET-002's.",
        remedy: "Take the address out with `except: [169.254.169.254/32]`, and name the ports and addresses that are needed instead of all of them. A pod that needs the API server gets a rule with its addresses and port.",
    },
    expected: "no egress rule allows the metadata address, nor every address on ports of kubelets or the API server",
    why: "a tenant's program takes the node's identity from the cloud, or speaks with nodes and the API server as if it were inside",
};

/// The check.
pub(crate) struct Forbidden;

impl Check for Forbidden {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        sources::needs()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        sources::judged(&TEXTS, given, "no policy has egress rules", judge)
    }
}

fn judge(cluster: &Cluster, objects: &ByName<'_>) -> Vec<Finding> {
    let with_egress = cluster.policies.iter().filter_map(|policy| Some((policy, policy.rules(Direction::Egress)?)));
    with_egress.flat_map(|(policy, rules)| judge_policy(policy, rules, objects)).collect()
}

fn judge_policy(policy: &Policy, rules: &[Rule], objects: &ByName<'_>) -> Vec<Finding> {
    let subject = sources::subject(objects, &policy.object);
    let allowing = rules.iter().enumerate().filter(|(_, rule)| rule.action == Action::Allow);
    let in_rule = |(index, rule): (usize, &Rule)| opens(rule).into_iter().map(move |what| (format!("/spec/egress/{index}"), format!("egress rule {index} opens {what}"))).collect::<Vec<_>>();
    let found: Vec<(String, String)> = allowing.flat_map(in_rule).collect();
    if found.is_empty() {
        return vec![TEXTS.pass(subject, TEXTS.expected)];
    }
    sources::each(&TEXTS, objects, &policy.object, found)
}

/// What a rule opens that it should not.
fn opens(rule: &Rule) -> Vec<String> {
    let ports = ports_at(rule.ports.as_deref(), None);
    let mut found = Vec::new();
    if ports.contains(Protocol::Tcp, HTTP) {
        found.extend(METADATA.iter().filter(|address| reaches(rule, **address)).map(|address| format!("the metadata address {address}")));
    }
    if reaches_everything(rule) {
        let open = |named: &[u16]| named.iter().filter(|port| ports.contains(Protocol::Tcp, **port)).map(ToString::to_string).collect::<Vec<_>>();
        found.extend(Some(open(&KUBELET)).filter(|open| !open.is_empty()).map(|open| format!("kubelets on every node (TCP {})", open.join(", "))));
        found.extend(Some(open(&[API_SERVER])).filter(|open| !open.is_empty()).map(|_| format!("the API server wherever it is (TCP {API_SERVER})")));
    }
    found
}

fn reaches(rule: &Rule, address: IpAddr) -> bool {
    let is = |peer: &Peer| match peer {
        Peer::Addresses(block) => block.contains(address),
        Peer::Outside(family) => *family == Family::Both || (*family == Family::V4) == address.is_ipv4(),
        Peer::Pods(_) | Peer::Hosts | Peer::Entrance => false,
    };
    rule.peers.as_ref().is_none_or(|peers| peers.iter().any(is))
}

fn reaches_everything(rule: &Rule) -> bool {
    let is = |peer: &Peer| match peer {
        Peer::Addresses(block) => block.whole.prefix_len() == 0,
        Peer::Outside(_) => true,
        Peer::Pods(_) | Peer::Hosts | Peer::Entrance => false,
    };
    rule.peers.as_ref().is_none_or(|peers| peers.iter().any(is))
}
