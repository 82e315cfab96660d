//! `NetworkPolicy` of `networking.k8s.io/v1`, by the words of the Kubernetes documentation, "Network Policies".

use airlock_model::ObjectRef;
use serde::Deserialize;
use serde_json::Value;

use super::address::Block;
use super::policy::{Action, NamespaceSelection, Peer, PodSelection, Policy, PortMatch, Rule, Tier};
use super::ports::Protocol;
use super::selector::{Selector, WrittenSelector, or_everything};
use super::workloads::namespace_of;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Spec {
    pod_selector: Option<WrittenSelector>,
    policy_types: Option<Vec<String>>,
    ingress: Option<Vec<IngressRule>>,
    egress: Option<Vec<EgressRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IngressRule {
    from: Option<Vec<WrittenPeer>>,
    ports: Option<Vec<WrittenPort>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EgressRule {
    to: Option<Vec<WrittenPeer>>,
    ports: Option<Vec<WrittenPort>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenPeer {
    pod_selector: Option<WrittenSelector>,
    namespace_selector: Option<WrittenSelector>,
    ip_block: Option<WrittenBlock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBlock {
    cidr: String,
    except: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenPort {
    protocol: Option<String>,
    port: Option<NumberOrName>,
    end_port: Option<u16>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrName {
    Number(u16),
    Name(String),
}

/// Reads one. An error says what of it the API server would refuse.
pub(crate) fn read(object: &ObjectRef, manifest: &Value) -> Result<Policy, String> {
    let spec = manifest.get("spec").ok_or("it has no spec")?;
    let spec = Spec::deserialize(spec).map_err(|error| error.to_string())?;
    let namespace = namespace_of(object);
    let has_egress_rules = spec.egress.as_ref().is_some_and(|rules| !rules.is_empty());
    let (closes_ingress, closes_egress) = directions(spec.policy_types.as_deref(), has_egress_rules)?;
    let ingress = spec.ingress.unwrap_or_default().into_iter().map(|rule| read_rule(namespace, rule.from, rule.ports)).collect::<Result<Vec<_>, _>>()?;
    let egress = spec.egress.unwrap_or_default().into_iter().map(|rule| read_rule(namespace, rule.to, rule.ports)).collect::<Result<Vec<_>, _>>()?;
    Ok(Policy {
        object: object.clone(),
        tier: Tier::Namespace,
        subject: PodSelection::of_namespace(namespace, or_everything(spec.pod_selector)?),
        ingress: closes_ingress.then_some(ingress),
        egress: closes_egress.then_some(egress),
    })
}

/// Without types a policy is for ingress, and for egress when it has such rules.
fn directions(types: Option<&[String]>, has_egress_rules: bool) -> Result<(bool, bool), String> {
    let Some(types) = types.filter(|types| !types.is_empty()) else { return Ok((true, has_egress_rules)) };
    match types.iter().find(|name| !matches!(name.as_str(), "Ingress" | "Egress")) {
        Some(other) => Err(format!("{other} is no policy type")),
        None => Ok((types.iter().any(|name| name == "Ingress"), types.iter().any(|name| name == "Egress"))),
    }
}

/// An empty list of peers or ports is as good as none: everybody, every port.
fn read_rule(namespace: &str, peers: Option<Vec<WrittenPeer>>, ports: Option<Vec<WrittenPort>>) -> Result<Rule, String> {
    let peers = peers.filter(|peers| !peers.is_empty()).map(|peers| peers.into_iter().map(|peer| read_peer(namespace, peer)).collect()).transpose()?;
    let ports = ports.filter(|ports| !ports.is_empty()).map(|ports| ports.into_iter().map(read_port).collect()).transpose()?;
    Ok(Rule { action: Action::Allow, peers, ports })
}

/// Both selectors in one peer must match; a selector of pods alone means the policy's own namespace.
fn read_peer(namespace: &str, peer: WrittenPeer) -> Result<Peer, String> {
    match peer {
        WrittenPeer { ip_block: Some(block), pod_selector: None, namespace_selector: None } => Block::read(&block.cidr, &block.except.unwrap_or_default()).map(Peer::Addresses),
        WrittenPeer { ip_block: Some(_), .. } => Err("a peer has both a block of addresses and a selector".to_owned()),
        WrittenPeer { pod_selector: None, namespace_selector: None, .. } => Err("a peer names nobody".to_owned()),
        WrittenPeer { pod_selector, namespace_selector: None, .. } => Ok(Peer::Pods(PodSelection::of_namespace(namespace, or_everything(pod_selector)?))),
        WrittenPeer { pod_selector, namespace_selector: Some(selector), .. } => {
            let pods = pod_selector.map_or_else(|| Ok(Selector::default()), WrittenSelector::read)?;
            Ok(Peer::Pods(PodSelection { namespace: NamespaceSelection::Matching(selector.read()?), pods }))
        }
    }
}

fn read_port(port: WrittenPort) -> Result<PortMatch, String> {
    let protocol = Protocol::named(port.protocol.as_deref())?;
    match (port.port, port.end_port) {
        (None, None) => Ok(PortMatch::Every(protocol)),
        (None, Some(_)) => Err("a range of ports has an end and no beginning".to_owned()),
        (Some(NumberOrName::Name(name)), None) if name.bytes().any(|byte| byte.is_ascii_alphabetic()) => Ok(PortMatch::Named(Some(protocol), name)),
        (Some(NumberOrName::Name(name)), _) => Err(format!("{name} is neither the number nor the name of a port, or has an end")),
        (Some(NumberOrName::Number(0)), _) => Err("0 is no port".to_owned()),
        (Some(NumberOrName::Number(first)), end) => match end.unwrap_or(first) {
            last if last >= first => Ok(PortMatch::Range(protocol, first, last)),
            last => Err(format!("a range of ports begins at {first} and ends at {last}")),
        },
    }
}
