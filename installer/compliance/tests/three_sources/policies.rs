//! Policies that an administrator sets for the whole cluster, in both versions of the network-policy-api.

use proptest::prelude::*;
use serde_json::{Value, json};

/// Whom a policy is for, as both versions write it.
fn subject() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({ "namespaces": {} })),
        Just(json!({ "namespaces": { "matchLabels": { "kubernetes.io/metadata.name": "shop" } } })),
        Just(json!({ "pods": { "namespaceSelector": {}, "podSelector": { "matchLabels": { "a": "b" } } } })),
        Just(json!({ "pods": { "namespaceSelector": {}, "podSelector": { "matchLabels": { "a": "nobody" } } } })),
    ]
}

fn from() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!([{ "namespaces": {} }])), Just(json!([{ "pods": { "namespaceSelector": {}, "podSelector": { "matchLabels": { "a": "b" } } } }]))]
}

fn to() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!([{ "namespaces": {} }])),
        Just(json!([{ "networks": ["0.0.0.0/0", "::/0"] }])),
        Just(json!([{ "networks": ["169.254.169.254/32"] }, { "pods": { "namespaceSelector": {}, "podSelector": {} } }])),
        Just(json!([{ "nodes": {} }])),
        Just(json!([{ "domainNames": ["*.example.com"] }])),
    ]
}

/// The form of a version: the names of its actions, the field that holds ports, and ports as it writes them.
struct Form {
    actions: &'static [&'static str],
    ports: &'static str,
    written: fn(u8) -> Value,
}

/// v1alpha1 (`AdminNetworkPolicyPort`).
fn ports(which: u8) -> Value {
    match which {
        0 => json!([{ "portNumber": { "protocol": "TCP", "port": 80 } }]),
        1 => json!([{ "portRange": { "protocol": "TCP", "start": 1, "end": 9999 } }]),
        _ => json!([{ "namedPort": "web" }]),
    }
}

/// v1alpha2 (`ClusterNetworkPolicyProtocol`).
fn protocols(which: u8) -> Value {
    match which {
        0 => json!([{ "tcp": { "destinationPort": { "number": 80 } } }]),
        1 => json!([{ "tcp": { "destinationPort": { "range": { "start": 1, "end": 9999 } } } }, { "udp": {} }]),
        _ => json!([{ "destinationNamedPort": "web" }]),
    }
}

static ADMIN: Form = Form { actions: &["Allow", "Deny", "Pass"], ports: "ports", written: ports };
/// What is behind namespaces has nothing that it could pass on to.
static BASELINE: Form = Form { actions: &["Allow", "Deny"], ports: "ports", written: ports };
static CLUSTER: Form = Form { actions: &["Accept", "Deny", "Pass"], ports: "protocols", written: protocols };

/// Up to two rules of a direction.
fn rules(form: &'static Form, direction: &'static str, peers: BoxedStrategy<Value>) -> impl Strategy<Value = Vec<Value>> {
    let rule = (peers, 0..form.actions.len(), 0..4_u8).prop_map(move |(peers, action, ports)| {
        let mut rule = json!({ "action": form.actions[action], direction: peers });
        if ports < 3 {
            rule[form.ports] = (form.written)(ports);
        }
        rule
    });
    proptest::collection::vec(rule, 0..=2)
}

fn policy(version: &'static str, kind: &'static str, name: &'static str, form: &'static Form) -> impl Strategy<Value = Value> {
    (subject(), rules(form, "from", from().boxed()), rules(form, "to", to().boxed())).prop_map(move |(subject, ingress, egress)| {
        json!({ "apiVersion": format!("policy.networking.k8s.io/{version}"), "kind": kind, "metadata": { "name": name }, "spec": { "subject": subject, "ingress": ingress, "egress": egress } })
    })
}

/// Mostly none or one, since of versions beside each other it is not defined which is asked first.
pub(crate) fn policies() -> impl Strategy<Value = Vec<Value>> {
    // Two may have one priority: which of them is asked first is not defined either.
    let with = |policy: Value, fields: Value| {
        let mut policy = policy;
        policy["spec"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        policy
    };
    let admin = |name| (policy("v1alpha1", "AdminNetworkPolicy", name, &ADMIN), 0..3_i64).prop_map(move |(policy, priority)| with(policy, json!({ "priority": priority })));
    let baseline = || policy("v1alpha1", "BaselineAdminNetworkPolicy", "default", &BASELINE);
    let tier = || prop_oneof![Just("Admin"), Just("Baseline")];
    let cluster =
        |name| (policy("v1alpha2", "ClusterNetworkPolicy", name, &CLUSTER), tier(), 0..3_i64).prop_map(move |(policy, tier, priority)| with(policy, json!({ "tier": tier, "priority": priority })));
    prop_oneof![
        Just(Vec::new()),
        admin("a").prop_map(|one| vec![one]),
        (admin("a"), admin("b"), baseline()).prop_map(|(one, two, three)| vec![one, two, three]),
        baseline().prop_map(|one| vec![one]),
        cluster("a").prop_map(|one| vec![one]),
        (cluster("a"), cluster("b")).prop_map(|(one, two)| vec![one, two]),
        (admin("a"), cluster("b")).prop_map(|(one, two)| vec![one, two]),
    ]
}
