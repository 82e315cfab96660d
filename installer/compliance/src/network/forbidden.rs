//! NET-005: no policy opens the metadata address of a cloud, a kubelet, or the API server.
//!
//! A policy is judged by its own rules, alone and together, since policies add; what an earlier tier or a deny takes from
//! every pod that it selects is not open (network-policy-api: "Relation to `NetworkPolicy`"). Where nodes and the API server
//! are is not in objects; rules that allow every address, or every private one, reach them wherever they are.

use std::cell::OnceCell;
use std::net::IpAddr;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};
use ipnet::IpNet;

use super::address::Block;
use super::cluster::Cluster;
use super::everybody::{any_peer, has_every_address, has_private_addresses};
use super::policy::{Action, Direction, Family, Peer, Policy, Rule, ports_at};
use super::ports::Protocol;
use super::reach::{End, Reach};
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
        explanation: "The egress rules of every policy that allow TCP 80 of 169.254.169.254 (and of fd00:ec2::254), where clouds give the node's credentials away; and rules that allow, alone or together with others of the policy, every address or every private one (RFC 1918) on TCP 10250, 10255, or 6443, on which nodes and the API server answer, or the nodes themselves, as Cilium's entities host, remote-node, cluster, and all do. What another policy denies to every pod that the policy selects is not open. Where nodes are is not known from objects: a rule for some addresses is judged for the metadata address alone. What no policy closes is NET-002's.",
        remedy: "Take the address out with `except: [169.254.169.254/32]`, and name the ports and addresses that are needed instead of all of them. A pod that needs the API server gets a rule with its addresses and port.",
    },
    expected: "no egress rule allows the metadata address, nor every address or nodes on ports of kubelets or the API server",
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
    let others = Others { cluster, reach: OnceCell::new() };
    let with_egress = cluster.policies.iter().filter_map(|policy| Some((policy, policy.rules(Direction::Egress)?)));
    with_egress.flat_map(|(policy, rules)| judge_policy(policy, rules, &others, objects)).collect()
}

fn judge_policy(policy: &Policy, rules: &[Rule], others: &Others<'_>, objects: &ByName<'_>) -> Vec<Finding> {
    let allowing: Vec<(usize, &Rule)> = rules.iter().enumerate().filter(|(_, rule)| rule.action == Action::Allow).collect();
    let is_open = |what: What, port: u16| !others.close(policy, what, port);
    let in_rule = |(index, rule): &(usize, &Rule)| opens(rule, &is_open).into_iter().map(|what| (path(*index), format!("egress rule {index} opens {what}"))).collect::<Vec<_>>();
    let mut found: Vec<(String, String)> = allowing.iter().flat_map(in_rule).collect();
    found.extend(KUBELET.into_iter().chain([API_SERVER]).filter_map(|port| opens_together(&allowing, port, &is_open)));
    if found.is_empty() {
        return vec![TEXTS.pass(sources::subject(objects, &policy.object), TEXTS.expected)];
    }
    sources::each(&TEXTS, objects, &policy.object, found)
}

fn path(index: usize) -> String {
    format!("/spec/egress/{index}")
}

/// What rules may open.
#[derive(Clone, Copy)]
enum What {
    Metadata(IpAddr),
    /// Every address, or every private one.
    Addresses,
    Nodes,
}

/// What a rule opens that it should not.
fn opens(rule: &Rule, is_open: &impl Fn(What, u16) -> bool) -> Vec<String> {
    let ports = ports_at(rule.ports.as_deref(), None);
    let mut found = Vec::new();
    if ports.contains(Protocol::Tcp, HTTP) {
        let open = METADATA.iter().filter(|address| reaches(rule, **address) && is_open(What::Metadata(**address), HTTP));
        found.extend(open.map(|address| format!("the metadata address {address}")));
    }
    if let Some((what, wheres)) = nodes(&[rule]) {
        let open = |named: &[u16]| named.iter().copied().filter(|port| ports.contains(Protocol::Tcp, *port) && is_open(what, *port)).collect::<Vec<_>>();
        found.extend([open(&KUBELET), open(&[API_SERVER])].iter().filter(|open| !open.is_empty()).map(|open| named(open, wheres)));
    }
    found
}

/// What rules open on a port that none of them opens alone.
fn opens_together(allowing: &[(usize, &Rule)], port: u16, is_open: &impl Fn(What, u16) -> bool) -> Option<(String, String)> {
    let with_port = allowing.iter().filter(|(_, rule)| ports_at(rule.ports.as_deref(), None).contains(Protocol::Tcp, port));
    let (indices, rules): (Vec<usize>, Vec<&Rule>) = with_port.copied().unzip();
    let (_, wheres) = nodes(&rules).filter(|(what, _)| is_open(*what, port))?;
    let is_told = rules.iter().any(|rule| nodes(&[*rule]).is_some());
    let listed = indices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (!is_told).then(|| (path(indices[0]), format!("egress rules {listed} together open {}", named(&[port], wheres))))
}

/// Where kubelets, and where the API server, are that rules reach on their ports; none: it is not known.
type Wheres = [&'static str; 2];

fn nodes(rules: &[&Rule]) -> Option<(What, Wheres)> {
    if has_every_address(rules) {
        return Some((What::Addresses, ["on every node", "wherever it is"]));
    }
    if has_private_addresses(rules) {
        return Some((What::Addresses, ["on every node with a private address", "at any private address"]));
    }
    any_peer(rules, |peer| *peer == Peer::Hosts).then_some((What::Nodes, ["on nodes", "on nodes"]))
}

fn named(ports: &[u16], [kubelets, api_server]: Wheres) -> String {
    let listed = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if ports == [API_SERVER] { format!("the API server {api_server} (TCP {listed})") } else { format!("kubelets {kubelets} (TCP {listed})") }
}

fn reaches(rule: &Rule, address: IpAddr) -> bool {
    any_peer(&[rule], |peer| match peer {
        Peer::Addresses(block) => block.contains(address),
        Peer::Outside(family) => *family == Family::Both || (*family == Family::V4) == address.is_ipv4(),
        Peer::Pods(_) | Peer::Hosts | Peer::Entrance => false,
    })
}

/// All policies of a pod, which may close what one of them opens.
struct Others<'a> {
    cluster: &'a Cluster,
    reach: OnceCell<Reach<'a>>,
}

impl Others<'_> {
    /// Whether no pod that the policy selects is let there. Where it selects none it is not known.
    fn close(&self, policy: &Policy, what: What, port: u16) -> bool {
        let reach = self.reach.get_or_init(|| Reach::cut(self.cluster, &METADATA.map(|address| Block { whole: IpNet::from(address), except: Vec::new() })));
        let ends = ends(reach, what);
        let is_closed = |pod: usize| ends.iter().all(|end| !reach.side(pod, Direction::Egress, *end, None).contains(Protocol::Tcp, port));
        let mut pods = self.cluster.selected(&policy.subject).peekable();
        pods.peek().is_some() && pods.all(is_closed)
    }
}

fn ends(reach: &Reach<'_>, what: What) -> Vec<End> {
    let ranges = reach.ranges.iter().enumerate();
    match what {
        // It is a range of its own.
        What::Metadata(address) => ranges.filter(|(_, range)| range.first == address).map(|(at, _)| End::Outside(at)).collect(),
        What::Addresses => ranges.map(|(at, _)| End::Outside(at)).collect(),
        What::Nodes => vec![End::Node],
    }
}
