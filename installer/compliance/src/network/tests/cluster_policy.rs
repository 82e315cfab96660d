//! `ClusterNetworkPolicy`: the two tiers of one kind, its actions, and its ports.

use super::*;

fn world(policies: &[String]) -> String {
    [pod("shop", "a"), pod("bank", "c"), namespace("shop", "retail"), namespace("bank", "money")].concat() + &policies.concat()
}

/// What `bank/c` may connect to in `shop/a`.
fn crossing(policies: &[String]) -> String {
    let found = lines(&world(policies));
    found.iter().find_map(|line| line.strip_prefix("bank/c[Pod] => shop/a[Pod] : ")).unwrap_or("nothing").to_owned()
}

fn tiered(tier: &str, priority: u32, rules: &str) -> String {
    let spec = format!("tier: {tier}, priority: {priority}, subject: {{ namespaces: {{ matchLabels: {{ team: retail }} }} }}, ingress: [ {rules} ]");
    format!("\n---\n{{ apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {{ name: {}-{priority} }}, spec: {{ {spec} }} }}", tier.to_lowercase())
}

fn rule(action: &str, protocols: &str) -> String {
    format!("{{ name: r, action: {action}, from: [ {{ namespaces: {{}} }} ]{} }}", if protocols.is_empty() { String::new() } else { format!(", protocols: [ {protocols} ]") })
}

#[test]
fn its_tiers_are_before_and_behind_the_policies_of_namespaces() {
    let closed = || policy("shop", "closed", "podSelector: {}");
    assert_eq!(crossing(&[tiered("Admin", 5, &rule("Deny", ""))]), "nothing");
    assert_eq!(crossing(&[tiered("Admin", 5, &rule("Accept", "")), closed()]), "All Connections");
    assert_eq!(crossing(&[tiered("Admin", 5, &rule("Pass", "")), closed()]), "nothing");
    assert_eq!(crossing(&[tiered("Admin", 5, &rule("Pass", "")), tiered("Baseline", 5, &rule("Deny", ""))]), "nothing");
    assert_eq!(crossing(&[tiered("Baseline", 5, &rule("Accept", "")), closed()]), "nothing");
    assert_eq!(crossing(&[tiered("Baseline", 5, &rule("Deny", "")), policy("shop", "open", "podSelector: {}, ingress: [ {} ]")]), "All Connections");
    // There may be several in the last tier, and what it passes on is open.
    assert_eq!(crossing(&[tiered("Baseline", 7, &rule("Deny", "")), tiered("Baseline", 5, &rule("Accept", "{ tcp: { destinationPort: { number: 80 } } }"))]), "TCP 80");
    assert_eq!(crossing(&[tiered("Baseline", 7, &rule("Deny", "")), tiered("Baseline", 5, &rule("Pass", "{ tcp: { destinationPort: { number: 80 } } }"))]), "TCP 80");
    assert_eq!(crossing(&[tiered("Baseline", 5, &rule("Deny", "")), tiered("Baseline", 7, &rule("Accept", ""))]), "nothing");
}

#[test]
fn its_ports_stand_by_their_protocols() {
    let allowed = |protocols: &str| crossing(&[tiered("Admin", 5, &format!("{}, {}", rule("Accept", protocols), rule("Deny", "")))]);
    assert_eq!(allowed("{ udp: { destinationPort: { range: { start: 80, end: 90 } } } }"), "UDP 80-90");
    assert_eq!(allowed("{ destinationNamedPort: dns }, { sctp: { destinationPort: { number: 7 } } }"), "SCTP 7,UDP 53");
    assert_eq!(allowed("{ tcp: {} }"), "TCP 1-65535");
}

#[test]
fn what_is_not_defined_of_it_is_told() {
    let reasons = |policies: &[String]| cluster(&world(policies)).unread.into_iter().map(|unread| unread.reason).collect::<Vec<_>>();
    let open = || rule("Accept", "");
    assert_eq!(reasons(&[tiered("Admin", 5, &open()), tiered("Baseline", 5, &open()), tiered("Admin", 6, &open())]), [""; 0]);
    assert_eq!(reasons(&[tiered("Admin", 5, &open()), tiered("Admin", 5, &open()).replace("admin-5", "other")]).len(), 1);
    let older = "\n---\n{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: { name: n }, spec: { priority: 1, subject: { namespaces: {} }, ingress: [] } }".to_owned();
    assert_eq!(reasons(&[older, tiered("Admin", 5, &open())]).len(), 1);
    for wrong in [
        tiered("Middle", 5, &open()),
        tiered("Admin", 1001, &open()),
        tiered("Admin", 5, &rule("Allow", "")),
        tiered("Admin", 5, &rule("Accept", "{ tcp: {}, udp: {} }")),
        tiered("Admin", 5, &rule("Accept", "{ tcp: { destinationPort: { number: 0 } } }")),
        tiered("Admin", 5, &open()).replace("v1alpha2", "v1beta1"),
        tiered("Admin", 5, &rule("Accept", "")).replace("{ namespaces: {} }", "{ nodes: {} }"),
    ] {
        assert_eq!(reasons(std::slice::from_ref(&wrong)).len(), 1, "{wrong}");
    }
}
