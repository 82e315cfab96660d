//! `NetworkPolicies` of both sides of every connection. They only add to the default deny of each namespace.

use std::collections::BTreeMap;
use std::net::IpAddr;

use airlock_model::names;
use serde_json::{Value, json};

use crate::component::Sides;
use crate::connection::{DnsPeer, End, Flow, Pods, Where};

/// What one group of pods may do.
#[derive(Default)]
struct Rules {
    ingress: Vec<Value>,
    egress: Vec<Value>,
}

/// The policies of the pods of each component, by component.
pub(crate) fn policies(flows: &[Flow]) -> BTreeMap<String, Vec<Value>> {
    let mut rules: BTreeMap<&Pods, Rules> = BTreeMap::new();
    for flow in flows {
        if let (End::Pods(source), Sides::Both | Sides::Source) = (&flow.source, flow.sides) {
            rules.entry(source).or_default().egress.extend(allowed("to", source, &flow.target, flow.port));
        }
        if let (End::Pods(target), Sides::Both | Sides::Target) = (&flow.target, flow.sides) {
            rules.entry(target).or_default().ingress.extend(allowed("from", target, &flow.source, flow.port));
        }
    }
    let mut policies: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (pods, rules) in rules {
        // The policies in the namespace of each deployment are that deployment's own.
        if let Where::Named(namespace) = &pods.namespace {
            policies.entry(pods.component.clone()).or_default().push(policy(pods, namespace, &rules));
        }
    }
    policies
}

fn policy(pods: &Pods, namespace: &str, rules: &Rules) -> Value {
    let name = pods.group.as_ref().map_or_else(|| pods.component.clone(), |group| format!("{}-{group}", pods.component));
    // Empty lists are written too: only what is named is compared, so that a rule that somebody adds is seen.
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "podSelector": { "matchLabels": pods.selector }, "policyTypes": ["Ingress", "Egress"], "ingress": rules.ingress, "egress": rules.egress },
    })
}

/// The rules by which `own` pods may talk with the other end.
fn allowed(key: &str, own: &Pods, other: &End, port: Option<u16>) -> Vec<Value> {
    let tcp: Vec<Value> = port.map(|port| self::port("TCP", port)).into_iter().collect();
    match other {
        End::Pods(pods) => vec![rule(key, vec![selected(&own.namespace, &pods.namespace, &pods.selector)], tcp)],
        End::Prometheus { namespace, selector } => vec![rule(key, vec![selected(&own.namespace, &Where::Named(namespace.clone()), selector)], tcp)],
        End::Dns(dns) => dns_rules(key, &own.namespace, dns),
        End::ApiServer(addresses) => addresses.iter().map(|address| rule(key, vec![block(address.ip())], vec![self::port("TCP", address.port())])).collect(),
        End::Outside(networks) => vec![rule(key, networks.iter().map(|network| cidr(network)).collect(), tcp)],
        End::Network(network) => vec![rule(key, vec![cidr(network)], tcp)],
    }
}

fn dns_rules(key: &str, namespace: &Where, dns: &DnsPeer) -> Vec<Value> {
    let both = |port: u16| [self::port("UDP", port), self::port("TCP", port)];
    let mut rules = vec![rule(key, vec![selected(namespace, &Where::Named(dns.namespace.clone()), &dns.selector)], dns.ports.iter().copied().flat_map(both).collect())];
    rules.extend(dns.node_local.map(|address| rule(key, vec![block(address)], both(53).into())));
    rules
}

/// A rule; without peers it is about everybody.
fn rule(key: &str, peers: Vec<Value>, ports: Vec<Value>) -> Value {
    let mut rule = json!({});
    if !peers.is_empty() {
        rule[key] = Value::Array(peers);
    }
    rule["ports"] = Value::Array(ports);
    rule
}

fn port(protocol: &str, port: u16) -> Value {
    json!({ "port": port, "protocol": protocol })
}

fn selected(own: &Where, other: &Where, selector: &BTreeMap<String, String>) -> Value {
    let pods = if selector.is_empty() { json!({}) } else { json!({ "matchLabels": selector }) };
    match other {
        _ if own == other => json!({ "podSelector": pods }),
        Where::Named(namespace) => json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } }, "podSelector": pods }),
        Where::EachDeployment { installation } => {
            let deployments = json!({ "matchLabels": { (names::LABEL_INSTALLATION): installation }, "matchExpressions": [{ "key": names::LABEL_TENANT, "operator": "Exists" }] });
            json!({ "namespaceSelector": deployments, "podSelector": pods })
        }
    }
}

fn block(address: IpAddr) -> Value {
    cidr(&format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }))
}

fn cidr(network: &str) -> Value {
    json!({ "ipBlock": { "cidr": network } })
}
