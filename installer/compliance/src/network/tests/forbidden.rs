//! NET-005 where no single rule and no single policy tells what is open.

use super::*;

/// What is said of the policy `p`, or whatever it is called, beside other documents.
fn of(documents: &[String]) -> Vec<String> {
    findings("NET-005", &files(&documents.concat()), json!({})).iter().map(|finding| format!("{} {}: {}", finding.subject.name.raw(), finding.verdict.word(), finding.observed.raw())).collect()
}

fn egress(rules: &str) -> String {
    policy("shop", "p", &format!("podSelector: {{}}, policyTypes: [Egress], egress: [ {rules} ]"))
}

fn to(cidrs: &[&str], ports: &str) -> String {
    let blocks: Vec<String> = cidrs.iter().map(|cidr| format!("{{ ipBlock: {{ cidr: '{cidr}' }} }}")).collect();
    format!("{{ to: [ {} ], ports: [ {ports} ] }}", blocks.join(", "))
}

const PASSES: &str = "p pass: no egress rule allows the metadata address, nor every address or nodes on ports of kubelets or the API server";

#[test]
fn blocks_that_are_every_address_together_count_as_every_address() {
    let kubelet = "{ port: 10250 }";
    let told = |what: &str| vec![format!("p fail: egress rule 0 opens kubelets {what} (TCP 10250)")];
    assert_eq!(of(&[egress(&to(&["0.0.0.0/1", "128.0.0.0/1"], kubelet))]), told("on every node"));
    assert_eq!(of(&[egress(&to(&["::/1", "8000::/1"], kubelet))]), told("on every node"));
    assert_eq!(of(&[egress(&to(&["0.0.0.0/1"], kubelet))]), [PASSES]);
    // Nodes have private addresses where they have no public ones.
    assert_eq!(of(&[egress(&to(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], kubelet))]), told("on every node with a private address"));
    assert_eq!(of(&[egress(&to(&["10.0.0.0/8", "192.168.0.0/16"], kubelet))]), [PASSES]);
    assert_eq!(of(&[egress(&to(&["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"], "{ port: 6443 }"))]), ["p fail: egress rule 0 opens the API server at any private address (TCP 6443)"]);
    // The metadata address is in a block of them.
    assert_eq!(of(&[egress(&to(&["0.0.0.0/1", "128.0.0.0/1"], "{ port: 80 }"))]), ["p fail: egress rule 0 opens the metadata address 169.254.169.254"]);
}

#[test]
fn rules_of_one_policy_are_judged_together_on_each_port() {
    let halves = |one: &str, other: &str| egress(&[to(&["0.0.0.0/1"], one), to(&["192.0.2.0/24"], "{ port: 443 }"), to(&["128.0.0.0/1"], other)].join(", "));
    assert_eq!(of(&[halves("{ port: 10250 }", "{ port: 10250 }")]), ["p fail: egress rules 0, 2 together open kubelets on every node (TCP 10250)"]);
    assert_eq!(of(&[halves("{ port: 10250 }", "{ port: 10255 }")]), [PASSES]);
    // What one rule opens alone is told once.
    assert_eq!(of(&[egress(&[to(&["0.0.0.0/0"], "{ port: 6443 }"), to(&["0.0.0.0/1"], "{ port: 6443 }")].join(", "))]), ["p fail: egress rule 0 opens the API server wherever it is (TCP 6443)"]);
}

#[test]
fn entities_of_cilium_open_nodes() {
    let spec = |spec: &str| format!("\n---\n{{ apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {{ name: p, namespace: shop }}, spec: {{ endpointSelector: {{}}, {spec} }} }}");
    let entity = |name: &str| of(&[pod("shop", "a"), spec(&format!("egress: [ {{ toEntities: [ {name} ] }} ]"))]);
    let nodes = ["p fail: egress rule 0 opens kubelets on nodes (TCP 10250, 10255)", "p fail: egress rule 0 opens the API server on nodes (TCP 6443)"];
    for name in ["host", "remote-node", "cluster"] {
        assert_eq!(entity(name), nodes, "{name}");
    }
    for name in ["all", "world"] {
        let found = entity(name);
        assert!(found.iter().any(|told| told.contains("169.254.169.254")) && found.iter().any(|told| told.contains("kubelets on every node")), "{name}: {found:?}");
    }
    for name in ["ingress", "health", "none"] {
        assert_eq!(entity(name), [PASSES], "{name}");
    }
    assert!(entity("kube-apiserver")[0].starts_with("p unverified: "));
    // A port that is none of theirs, and a deny.
    assert_eq!(of(&[pod("shop", "a"), spec("egress: [ { toEntities: [ cluster ], toPorts: [ { ports: [ { port: '53' } ] } ] } ]")]), [PASSES]);
    assert_eq!(of(&[pod("shop", "a"), spec("egress: [ { toEntities: [ cluster ] } ], egressDeny: [ { toEntities: [ host, remote-node ] } ]")]), [PASSES]);
    assert_eq!(of(&[pod("shop", "a"), spec("egress: [ { toEntities: [ cluster ] } ], egressDeny: [ { toEntities: [ world ] } ]")]), nodes);
}

#[test]
fn what_an_earlier_tier_denies_is_not_open() {
    let admin = |subject: &str, ports: &str| {
        format!(
            "\n---\n{{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{ name: walls }}, spec: {{ priority: 1, subject: {{ namespaces: {subject} }}, egress: [ {{ action: Deny, to: [ {{ networks: [ 169.254.169.254/32 ] }} ]{ports} }} ] }} }}"
        )
    };
    let open = || egress(&to(&["0.0.0.0/0"], "{ port: 80 }"));
    let of = |documents: &[String]| of(documents).into_iter().filter(|told| told.starts_with("p ")).collect::<Vec<_>>();
    let told = ["p fail: egress rule 0 opens the metadata address 169.254.169.254"];
    assert_eq!(of(&[pod("shop", "a"), open(), admin("{}", "")]), [PASSES]);
    assert_eq!(of(&[pod("shop", "a"), open(), admin("{ matchLabels: { kubernetes.io/metadata.name: shop } }", "")]), [PASSES]);
    // For other pods, on another port, or for no pod that is known, it says nothing.
    assert_eq!(of(&[pod("shop", "a"), open()]), told);
    assert_eq!(of(&[pod("shop", "a"), open(), admin("{ matchLabels: { kubernetes.io/metadata.name: bank } }", "")]), told);
    assert_eq!(of(&[pod("shop", "a"), open(), admin("{}", ", ports: [ { portNumber: { port: 443, protocol: TCP } } ]")]), told);
    assert_eq!(of(&[open(), admin("{}", "")]), told);
    // What denies other addresses leaves nodes open.
    let kubelets = egress(&to(&["0.0.0.0/0"], "{ port: 10250 }"));
    assert_eq!(of(&[pod("shop", "a"), kubelets, admin("{}", "")]), ["p fail: egress rule 0 opens kubelets on every node (TCP 10250)"]);
}
