//! `ClusterNetworkPolicy` of the network-policy-api, v1alpha2, which took the place of `AdminNetworkPolicy` (its tier Admin) and
//! `BaselineAdminNetworkPolicy` (its tier Baseline).

use airlock_model::ObjectRef;
use serde::Deserialize;
use serde_json::Value;

use super::admin_policy::{WrittenPeer, WrittenSubject, read_peer, read_pods};
use super::policy::{Action, Policy, PortMatch, Rule, Tier};
use super::ports::Protocol;

const VERSION: &str = "policy.networking.k8s.io/v1alpha2";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    tier: WrittenTier,
    priority: i64,
    subject: WrittenSubject,
    ingress: Option<Vec<IngressRule>>,
    egress: Option<Vec<EgressRule>>,
}

#[derive(Clone, Copy, Deserialize)]
enum WrittenTier {
    Admin,
    Baseline,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IngressRule {
    #[serde(rename = "name")]
    _name: Option<String>,
    action: WrittenAction,
    from: Vec<WrittenPeer>,
    protocols: Option<Vec<WrittenProtocol>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EgressRule {
    #[serde(rename = "name")]
    _name: Option<String>,
    action: WrittenAction,
    to: Vec<WrittenPeer>,
    protocols: Option<Vec<WrittenProtocol>>,
}

#[derive(Clone, Copy, Deserialize)]
enum WrittenAction {
    Accept,
    Deny,
    Pass,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenProtocol {
    tcp: Option<WrittenTransport>,
    udp: Option<WrittenTransport>,
    sctp: Option<WrittenTransport>,
    destination_named_port: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenTransport {
    destination_port: Option<WrittenPort>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPort {
    number: Option<u16>,
    range: Option<WrittenRange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRange {
    start: u16,
    end: u16,
}

/// Reads one: the policy, and what of it is not understood.
pub(crate) fn read(object: &ObjectRef, manifest: &Value) -> Result<(Vec<Policy>, Vec<String>), String> {
    if object.api_version != VERSION {
        return Err(format!("policies of {} are not understood, those of {VERSION} are", object.api_version));
    }
    let spec = Spec::deserialize(manifest.get("spec").ok_or("it has no spec")?).map_err(|error| error.to_string())?;
    let tier = match (spec.tier, spec.priority) {
        (WrittenTier::Admin, priority @ 0..=1000) => Tier::Admin(priority),
        (WrittenTier::Baseline, priority @ 0..=1000) => Tier::Baseline(priority),
        _ => return Err("its priority is no number from 0 to 1000".to_owned()),
    };
    let mut unread = Vec::new();
    let ingress = spec.ingress.unwrap_or_default().into_iter().map(|rule| read_rule(rule.action, rule.from, rule.protocols, &mut unread)).collect::<Result<Vec<_>, _>>()?;
    let egress = spec.egress.unwrap_or_default().into_iter().map(|rule| read_rule(rule.action, rule.to, rule.protocols, &mut unread)).collect::<Result<Vec<_>, _>>()?;
    let subject = read_pods(spec.subject.namespaces, spec.subject.pods)?;
    let unless_empty = |rules: Vec<Rule>| (!rules.is_empty()).then_some(rules);
    Ok((vec![Policy { object: object.clone(), tier, subject, ingress: unless_empty(ingress), egress: unless_empty(egress) }], unread))
}

fn read_rule(action: WrittenAction, peers: Vec<WrittenPeer>, protocols: Option<Vec<WrittenProtocol>>, unread: &mut Vec<String>) -> Result<Rule, String> {
    let action = match action {
        WrittenAction::Accept => Action::Allow,
        WrittenAction::Deny => Action::Deny,
        WrittenAction::Pass => Action::Pass,
    };
    let mut read = Vec::new();
    for peer in peers {
        read_peer(peer, &mut read, unread)?;
    }
    let ports = protocols.filter(|protocols| !protocols.is_empty()).map(|protocols| protocols.into_iter().map(read_protocol).collect()).transpose()?;
    Ok(Rule { action, peers: Some(read), ports })
}

fn read_protocol(written: WrittenProtocol) -> Result<PortMatch, String> {
    match written {
        WrittenProtocol { tcp: Some(tcp), udp: None, sctp: None, destination_named_port: None } => read_transport(Protocol::Tcp, tcp),
        WrittenProtocol { udp: Some(udp), tcp: None, sctp: None, destination_named_port: None } => read_transport(Protocol::Udp, udp),
        WrittenProtocol { sctp: Some(sctp), tcp: None, udp: None, destination_named_port: None } => read_transport(Protocol::Sctp, sctp),
        WrittenProtocol { destination_named_port: Some(name), tcp: None, udp: None, sctp: None } => Ok(PortMatch::Named(None, name)),
        _ => Err("a protocol is none or two at once".to_owned()),
    }
}

fn read_transport(protocol: Protocol, written: WrittenTransport) -> Result<PortMatch, String> {
    match written.destination_port {
        None => Ok(PortMatch::Every(protocol)),
        Some(WrittenPort { number: Some(number), range: None }) if number > 0 => Ok(PortMatch::Range(protocol, number, number)),
        Some(WrittenPort { range: Some(range), number: None }) if 0 < range.start && range.start <= range.end => Ok(PortMatch::Range(protocol, range.start, range.end)),
        Some(_) => Err("a port is neither a number nor a range".to_owned()),
    }
}
