//! NET-004 where Kubernetes leaves the answer to the network plugin, and where there is nobody to ask about.

use airlock_model::Reason;

use super::*;

fn world() -> Vec<String> {
    vec![pod("alpha", "a"), tenant("alpha"), platform()]
}

fn agent() -> String {
    "\n---\n{ apiVersion: apps/v1, kind: DaemonSet, metadata: { name: agent, namespace: airlock }, spec: { template: { spec: { hostNetwork: true, containers: [] } } } }".to_owned()
}

/// What is said of the flows from `alpha`.
fn of(documents: &[String], parameters: Value) -> Vec<(String, &'static str)> {
    verdicts_with("NET-004", &[world(), documents.to_vec()].concat(), parameters)
}

#[test]
fn a_pod_in_the_network_of_its_node_is_not_closed_by_the_policies_of_its_namespace() {
    let closed = || policy("airlock", "closed", CLOSED);
    // The same pod outside the node's network is closed.
    assert_eq!(of(&[pod("airlock", "agent"), closed()], json!({})), said(&[("alpha", "pass")]));
    assert_eq!(of(&[agent(), closed()], json!({})), said(&[("agent", "unverified")]));
    let found = findings("NET-004", &files(&[world(), vec![agent(), closed()]].concat().concat()), json!({}));
    assert_eq!(
        found[0].observed.raw(),
        "alpha/a[Pod] => airlock/agent[DaemonSet] : All Connections; it uses the network of its node, and plugins differ in whether its policies bind it there; opened by: no policy is for egress of the source"
    );
    // Open by everybody's reading it fails, and what leaves the source closed passes.
    assert_eq!(of(&[agent()], json!({})), said(&[("agent", "fail")]));
    assert_eq!(of(&[agent(), closed(), policy("alpha", "closed", CLOSED)], json!({})), said(&[("alpha", "pass")]));
    // The node's address is one of a block.
    let block = |cidr: &str| policy("alpha", "out", &format!("podSelector: {{}}, policyTypes: [Egress], egress: [ {{ to: [ {{ ipBlock: {{ cidr: {cidr} }} }} ], ports: [ {{ port: 9100 }} ] }} ]"));
    assert_eq!(of(&[agent(), closed(), block("10.0.0.0/8")], json!({})), said(&[("agent", "unverified")]));
    assert_eq!(of(&[agent(), closed(), block("192.0.2.0/24")], json!({})), said(&[("alpha", "pass")]));
    assert_eq!(of(&[agent(), closed(), block("10.0.0.0/8")], json!({ "NET-004.allow": ["alpha => airlock : TCP 9100"] })), said(&[("alpha", "pass")]));
}

#[test]
fn a_block_of_private_addresses_may_mean_pods() {
    let db = || pod("airlock", "db");
    let out = |cidr: &str| policy("alpha", "out", &format!("podSelector: {{}}, policyTypes: [Egress], egress: [ {{ to: [ {{ ipBlock: {{ cidr: {cidr} }} }} ], ports: [ {{ port: 5432 }} ] }} ]"));
    let into = |from: &str| policy("airlock", "in", &format!("podSelector: {{}}, ingress: [ {{ from: [ {from} ] }} ]"));
    let everybody = "{ namespaceSelector: {} }";
    assert_eq!(of(&[db(), out("10.0.0.0/8"), into(everybody)], json!({})), said(&[("db", "unverified")]));
    assert_eq!(of(&[db(), out("192.0.2.0/24"), into(everybody)], json!({})), said(&[("alpha", "pass")]));
    // Both ends must open, each in its way.
    assert_eq!(of(&[db(), out("10.0.0.0/8"), policy("airlock", "closed", CLOSED)], json!({})), said(&[("alpha", "pass")]));
    assert_eq!(of(&[db(), into("{ ipBlock: { cidr: 10.0.0.0/8 } }")], json!({})), said(&[("db", "unverified")]));
    let found = findings("NET-004", &files(&[world(), vec![db(), out("10.0.0.0/8"), into(everybody)]].concat().concat()), json!({}));
    assert_eq!(
        found[0].observed.raw(),
        "alpha/a[Pod] => airlock/db[Pod] : TCP 5432, if the plugin takes a block of addresses for pods, in which plugins differ; opened by: NetworkPolicy airlock/in, NetworkPolicy alpha/out"
    );
    // Cilium knows pods by their labels alone.
    let cilium =
        "\n---\n{ apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: { name: c, namespace: alpha }, spec: { endpointSelector: {}, egress: [ { toCIDR: [ 10.0.0.0/8 ] } ] } }".to_owned();
    assert_eq!(of(&[db(), cilium, into(everybody)], json!({})), said(&[("alpha", "pass")]));
}

#[test]
fn of_a_tenant_without_pods_nothing_is_said() {
    let given = [tenant("beta"), policy("beta", "closed", CLOSED), policy("alpha", "closed", CLOSED)];
    assert_eq!(of(&given, json!({})), said(&[("alpha", "pass"), ("beta", "not applicable")]));
    let found = findings("NET-004", &files(&[world(), given.to_vec()].concat().concat()), json!({}));
    assert_eq!(found.iter().filter_map(|finding| finding.reason).collect::<Vec<_>>(), [Reason::NoSubject]);
    // A namespace that a parameter names and that is not there as well.
    assert_eq!(of(&given[2..], json!({ "network.tenantNamespaces": ["gamma"] })), said(&[("alpha", "pass"), ("gamma", "not applicable")]));
}
