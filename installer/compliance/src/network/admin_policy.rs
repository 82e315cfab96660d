//! `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` of the network-policy-api, v1alpha1.

use airlock_model::ObjectRef;
use serde::Deserialize;
use serde_json::Value;

use super::address::Block;
use super::cluster::Unread;
use super::policy::{Action, NamespaceSelection, Peer, PodSelection, Policy, PortMatch, Rule, Tier};
use super::ports::Protocol;
use super::selector::{Selector, WrittenSelector, or_everything};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    priority: Option<i64>,
    subject: WrittenSubject,
    ingress: Option<Vec<IngressRule>>,
    egress: Option<Vec<EgressRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSubject {
    pub(super) namespaces: Option<WrittenSelector>,
    pub(super) pods: Option<WrittenPods>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenPods {
    namespace_selector: Option<WrittenSelector>,
    pod_selector: Option<WrittenSelector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IngressRule {
    #[serde(rename = "name")]
    _name: Option<String>,
    action: WrittenAction,
    from: Vec<WrittenPeer>,
    ports: Option<Vec<WrittenPort>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EgressRule {
    #[serde(rename = "name")]
    _name: Option<String>,
    action: WrittenAction,
    to: Vec<WrittenPeer>,
    ports: Option<Vec<WrittenPort>>,
}

#[derive(Clone, Copy, Deserialize)]
enum WrittenAction {
    Allow,
    Deny,
    Pass,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WrittenPeer {
    namespaces: Option<WrittenSelector>,
    pods: Option<WrittenPods>,
    nodes: Option<Value>,
    networks: Option<Vec<String>>,
    domain_names: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenPort {
    port_number: Option<WrittenNumber>,
    named_port: Option<String>,
    port_range: Option<WrittenRange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenNumber {
    protocol: Option<String>,
    port: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRange {
    protocol: Option<String>,
    start: u16,
    end: u16,
}

/// Reads one: the policy, and what of it is not understood.
pub(crate) fn read(kind: &str, object: &ObjectRef, manifest: &Value) -> Result<(Vec<Policy>, Vec<String>), String> {
    if !matches!(kind, "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy") {
        return Err(format!("policies of kind {kind} are not understood"));
    }
    let spec = Spec::deserialize(manifest.get("spec").ok_or("it has no spec")?).map_err(|error| error.to_string())?;
    let tier = match (kind, spec.priority) {
        ("AdminNetworkPolicy", Some(priority @ 0..=1000)) => Tier::Admin(priority),
        ("AdminNetworkPolicy", _) => return Err("its priority is no number from 0 to 1000".to_owned()),
        _ if object.name != "default" => return Err("a baseline that is not called default has no effect".to_owned()),
        _ => Tier::Baseline(0),
    };
    let mut unread = Vec::new();
    let ingress = spec.ingress.unwrap_or_default().into_iter().map(|rule| read_rule(rule.action, rule.from, rule.ports, &mut unread)).collect::<Result<Vec<_>, _>>()?;
    let egress = spec.egress.unwrap_or_default().into_iter().map(|rule| read_rule(rule.action, rule.to, rule.ports, &mut unread)).collect::<Result<Vec<_>, _>>()?;
    if matches!(tier, Tier::Baseline(_)) && ingress.iter().chain(&egress).any(|rule| rule.action == Action::Pass) {
        return Err("a baseline has nothing that it could pass on to".to_owned());
    }
    let subject = read_pods(spec.subject.namespaces, spec.subject.pods)?;
    let unless_empty = |rules: Vec<Rule>| (!rules.is_empty()).then_some(rules);
    Ok((vec![Policy { object: object.clone(), tier, subject, ingress: unless_empty(ingress), egress: unless_empty(egress) }], unread))
}

fn read_rule(action: WrittenAction, peers: Vec<WrittenPeer>, ports: Option<Vec<WrittenPort>>, unread: &mut Vec<String>) -> Result<Rule, String> {
    let action = match action {
        WrittenAction::Allow => Action::Allow,
        WrittenAction::Deny => Action::Deny,
        WrittenAction::Pass => Action::Pass,
    };
    let mut read = Vec::new();
    for peer in peers {
        read_peer(peer, &mut read, unread)?;
    }
    let ports = ports.filter(|ports| !ports.is_empty()).map(|ports| ports.into_iter().map(read_port).collect()).transpose()?;
    Ok(Rule { action, peers: Some(read), ports })
}

pub(super) fn read_peer(peer: WrittenPeer, read: &mut Vec<Peer>, unread: &mut Vec<String>) -> Result<(), String> {
    match peer {
        WrittenPeer { networks: Some(networks), namespaces: None, pods: None, nodes: None, domain_names: None } => {
            for network in networks {
                read.push(Peer::Addresses(Block::read(&network, &[])?));
            }
        }
        WrittenPeer { nodes: Some(_), namespaces: None, pods: None, networks: None, domain_names: None } => unread.push("it has rules for nodes, whose addresses are not known here".to_owned()),
        WrittenPeer { domain_names: Some(names), namespaces: None, pods: None, networks: None, nodes: None } => {
            unread.push(format!("it has rules for the names {}, whose addresses are not known here", names.join(", ")));
        }
        WrittenPeer { namespaces, pods, networks: None, nodes: None, domain_names: None } => read.push(Peer::Pods(read_pods(namespaces, pods)?)),
        _ => return Err("a peer is of two kinds at once".to_owned()),
    }
    Ok(())
}

pub(super) fn read_pods(namespaces: Option<WrittenSelector>, pods: Option<WrittenPods>) -> Result<PodSelection, String> {
    match (namespaces, pods) {
        (Some(namespaces), None) => Ok(PodSelection { namespace: NamespaceSelection::Matching(namespaces.read()?), pods: Selector::default() }),
        (None, Some(pods)) => Ok(PodSelection { namespace: NamespaceSelection::Matching(or_everything(pods.namespace_selector)?), pods: or_everything(pods.pod_selector)? }),
        _ => Err("it must name either namespaces or pods".to_owned()),
    }
}

fn read_port(port: WrittenPort) -> Result<PortMatch, String> {
    match port {
        WrittenPort { port_number: Some(number), named_port: None, port_range: None } if number.port > 0 => {
            Ok(PortMatch::Range(Protocol::named(number.protocol.as_deref())?, number.port, number.port))
        }
        WrittenPort { named_port: Some(name), port_number: None, port_range: None } => Ok(PortMatch::Named(None, name)),
        WrittenPort { port_range: Some(range), port_number: None, named_port: None } if 0 < range.start && range.start <= range.end => {
            Ok(PortMatch::Range(Protocol::named(range.protocol.as_deref())?, range.start, range.end))
        }
        _ => Err("a port is neither a number, a range, nor a name".to_owned()),
    }
}

/// Of two policies of a tier that have one priority, or that are of two versions, it is not defined which is asked first.
pub(crate) fn undefined_order(policies: &[Policy]) -> Vec<Unread> {
    let ranked: Vec<(&ObjectRef, bool, i64)> = policies.iter().filter_map(|policy| rank(policy.tier).map(|(is_admin, priority)| (&policy.object, is_admin, priority))).collect();
    let mut found = Vec::new();
    for (index, (object, is_admin, priority)) in ranked.iter().enumerate() {
        let before = || ranked[..index].iter().filter(|(_, other_is_admin, _)| other_is_admin == is_admin);
        let reason = if let Some((other, ..)) = before().find(|(.., other)| other == priority) {
            format!("it has priority {priority} as has {other}: which is asked first is not defined")
        } else if let Some((other, ..)) = before().find(|(other, ..)| other.api_version != object.api_version) {
            format!("it is of another version than {other}: which is asked first is not defined")
        } else {
            continue;
        };
        found.push(Unread { object: (*object).clone(), reason });
    }
    found
}

/// Whether a tier is before that of namespaces or behind it, and the place there.
const fn rank(tier: Tier) -> Option<(bool, i64)> {
    match tier {
        Tier::Admin(priority) => Some((true, priority)),
        Tier::Baseline(priority) => Some((false, priority)),
        Tier::Namespace => None,
    }
}
