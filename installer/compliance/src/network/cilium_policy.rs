//! `CiliumNetworkPolicy` and `CiliumClusterwideNetworkPolicy` of `cilium.io/v2`, by Cilium's documentation,
//! "Network Policy".
//!
//! A rule of a layer above TCP and UDP counts as its ports. What needs knowledge that objects do not hold (names in
//! DNS, groups of a cloud, nodes, services) is reported as not understood.

use airlock_model::ObjectRef;
use serde::Deserialize;
use serde_json::Value;

use super::address::Block;
use super::cilium_selector::{Scope, selection};
use super::policy::{Action, Family, Peer, PodSelection, Policy, PortMatch, Rule, Tier};
use super::ports::Protocol;
use super::selector::WrittenSelector;
use super::workloads::namespace_of;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    endpoint_selector: Option<WrittenSelector>,
    node_selector: Option<Value>,
    ingress: Option<Vec<WrittenRule>>,
    ingress_deny: Option<Vec<WrittenRule>>,
    egress: Option<Vec<WrittenRule>>,
    egress_deny: Option<Vec<WrittenRule>>,
    enable_default_deny: Option<DefaultDeny>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "labels")]
    _labels: Option<Value>,
    #[serde(rename = "log")]
    _log: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DefaultDeny {
    ingress: Option<bool>,
    egress: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenRule {
    #[serde(alias = "fromEndpoints", alias = "toEndpoints")]
    endpoints: Option<Vec<WrittenSelector>>,
    #[serde(alias = "fromEntities", alias = "toEntities")]
    entities: Option<Vec<String>>,
    #[serde(alias = "fromCIDR", alias = "toCIDR")]
    cidr: Option<Vec<String>>,
    #[serde(alias = "fromCIDRSet", alias = "toCIDRSet")]
    cidr_set: Option<Vec<WrittenCidr>>,
    to_ports: Option<Vec<WrittenPorts>>,
    #[serde(rename = "icmps")]
    icmps: Option<Value>,
    #[serde(flatten)]
    others: std::collections::BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenCidr {
    cidr: String,
    except: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct WrittenPorts {
    ports: Option<Vec<WrittenPort>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenPort {
    port: Option<NumberOrText>,
    end_port: Option<u16>,
    protocol: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u16),
    Text(String),
}

/// Reads one: the policies of its `spec` and `specs`, and what of them is not understood.
pub(crate) fn read(object: &ObjectRef, manifest: &Value) -> Result<(Vec<Policy>, Vec<String>), String> {
    let several = manifest.get("specs").and_then(Value::as_array).into_iter().flatten();
    let (mut policies, mut unread) = (Vec::new(), Vec::new());
    for spec in manifest.get("spec").into_iter().chain(several) {
        let spec = Spec::deserialize(spec).map_err(|error| error.to_string())?;
        // A policy for nodes binds no pod.
        if spec.node_selector.is_none() {
            policies.push(read_spec(object, spec, &mut unread)?);
        }
    }
    if policies.is_empty() && manifest.get("spec").is_none() && manifest.get("specs").is_none() { Err("it has no spec".to_owned()) } else { Ok((policies, unread)) }
}

fn read_spec(object: &ObjectRef, spec: Spec, unread: &mut Vec<String>) -> Result<Policy, String> {
    let home = (object.kind == "CiliumNetworkPolicy").then(|| namespace_of(object));
    let subject = selection(&spec.endpoint_selector.ok_or("it selects neither pods nor nodes")?.read()?, home, Scope::Subject)?;
    let closes = spec.enable_default_deny.unwrap_or_default();
    let ingress = read_rules(home, spec.ingress, spec.ingress_deny, closes.ingress, unread)?;
    let egress = read_rules(home, spec.egress, spec.egress_deny, closes.egress, unread)?;
    Ok(Policy { object: object.clone(), tier: Tier::Namespace, subject, ingress, egress })
}

/// A pod is closed in a direction as soon as a rule for that direction selects it, unless the policy says otherwise.
fn read_rules(home: Option<&str>, allow: Option<Vec<WrittenRule>>, deny: Option<Vec<WrittenRule>>, closes: Option<bool>, unread: &mut Vec<String>) -> Result<Option<Vec<Rule>>, String> {
    let (allow, deny) = (allow.unwrap_or_default(), deny.unwrap_or_default());
    if allow.is_empty() && deny.is_empty() {
        return Ok((closes == Some(true)).then(Vec::new));
    }
    if closes == Some(false) {
        unread.push("it has rules that do not close the pods they select, which depends on the other policies".to_owned());
    }
    let mut rules = Vec::new();
    for (action, written) in allow.into_iter().map(|rule| (Action::Allow, rule)).chain(deny.into_iter().map(|rule| (Action::Deny, rule))) {
        rules.extend(read_rule(home, action, written, unread)?);
    }
    Ok(Some(rules))
}

/// A rule without anything allows nothing; one with ports alone allows everybody on them.
fn read_rule(home: Option<&str>, action: Action, written: WrittenRule, unread: &mut Vec<String>) -> Result<Option<Rule>, String> {
    let mut not_understood = false;
    for (key, value) in &written.others {
        if key == "authentication" {
            continue;
        }
        not_understood |= !value.is_null();
        unread.push(format!("{key} is not understood"));
    }
    let names_peers = written.endpoints.is_some() || written.entities.is_some() || written.cidr.is_some() || written.cidr_set.is_some();
    if !names_peers && (not_understood || written.to_ports.is_none()) {
        return Ok(None);
    }
    if written.icmps.is_some() && written.to_ports.is_none() {
        return Ok(None);
    }
    let mut peers = Vec::new();
    for selector in written.endpoints.into_iter().flatten() {
        peers.push(Peer::Pods(selection(&selector.read()?, home, Scope::Peer)?));
    }
    for entity in written.entities.into_iter().flatten() {
        read_entity(&entity, &mut peers, unread);
    }
    for cidr in written.cidr.into_iter().flatten() {
        peers.push(Peer::Addresses(block(&cidr, &[])?));
    }
    for set in written.cidr_set.into_iter().flatten() {
        peers.push(Peer::Addresses(block(&set.cidr, &set.except.unwrap_or_default())?));
    }
    Ok(Some(Rule { action, peers: names_peers.then_some(peers), ports: written.to_ports.map(read_ports).transpose()? }))
}

/// An address without a prefix is a block of one.
fn block(cidr: &str, except: &[String]) -> Result<Block, String> {
    match cidr.parse::<std::net::IpAddr>() {
        Ok(address) => Block::read(&ipnet::IpNet::from(address).to_string(), except),
        Err(_) => Block::read(cidr, except),
    }
}

fn read_entity(entity: &str, peers: &mut Vec<Peer>, unread: &mut Vec<String>) {
    let every_pod = || Peer::Pods(PodSelection { namespace: super::policy::NamespaceSelection::Matching(super::selector::Selector::default()), pods: super::selector::Selector::default() });
    match entity {
        // Nodes are of the cluster as well ("Entities based").
        "all" => peers.extend([every_pod(), Peer::Hosts, Peer::Outside(Family::Both), Peer::Entrance]),
        "cluster" => peers.extend([every_pod(), Peer::Hosts, Peer::Entrance]),
        "world" => peers.push(Peer::Outside(Family::Both)),
        "world-ipv4" => peers.push(Peer::Outside(Family::V4)),
        "world-ipv6" => peers.push(Peer::Outside(Family::V6)),
        "host" | "remote-node" => peers.push(Peer::Hosts),
        "ingress" => peers.push(Peer::Entrance),
        // Nobody whom the list knows, or nobody at all.
        "none" | "health" | "init" | "unmanaged" => {}
        other => unread.push(format!("it has rules for {other}, whose addresses are not known here")),
    }
}

fn read_ports(written: Vec<WrittenPorts>) -> Result<Vec<PortMatch>, String> {
    let mut read = Vec::new();
    for port in written {
        match port.ports {
            None => read.extend(Protocol::ALL.map(PortMatch::Every)),
            Some(ports) if ports.is_empty() => read.extend(Protocol::ALL.map(PortMatch::Every)),
            Some(ports) => {
                for port in ports {
                    read.extend(read_port(port)?);
                }
            }
        }
    }
    Ok(read)
}

/// Without a protocol, or with `ANY`, of every protocol; port 0 is every port.
fn read_port(port: WrittenPort) -> Result<Vec<PortMatch>, String> {
    let protocols = match port.protocol.as_deref() {
        None | Some("" | "ANY") => Protocol::ALL.to_vec(),
        Some("ICMP" | "ICMPv6") => Vec::new(),
        Some(name) => vec![Protocol::named(Some(&name.to_uppercase()))?],
    };
    let (first, name) = match port.port {
        None => (0, None),
        Some(NumberOrText::Number(number)) => (number, None),
        Some(NumberOrText::Text(text)) => text.parse().map_or_else(|_| (0, Some(text)), |number| (number, None)),
    };
    let last = port.end_port.filter(|end| *end > 0).unwrap_or(first);
    if last < first {
        return Err(format!("a range of ports begins at {first} and ends at {last}"));
    }
    Ok(match name {
        Some(name) => protocols.into_iter().map(|protocol| PortMatch::Named(Some(protocol), name.clone())).collect(),
        None if first == 0 => protocols.into_iter().map(PortMatch::Every).collect(),
        None => protocols.into_iter().map(|protocol| PortMatch::Range(protocol, first, last)).collect(),
    })
}
