//! `NetworkPolicy`, point by point: the policies of `shop/a`, and what then leads into it and out of it.

use super::*;

/// `shop/a`, `shop/b`, `bank/a`, `bank/c`; the namespaces bear `team: retail` and `team: money`.
fn world(policies: &[&str]) -> String {
    let pods = [pod("shop", "a"), pod("shop", "b"), pod("bank", "a"), pod("bank", "c"), namespace("shop", "retail"), namespace("bank", "money")].concat();
    let policies = policies.iter().enumerate().map(|(index, spec)| policy("shop", &format!("p{index}"), spec));
    pods + &policies.collect::<String>()
}

/// What leads into `shop/a` under policies, in short: `b` is `shop/b`, `A` and `C` are pods of `bank`, `*` is outside.
fn into(policies: &[&str]) -> Vec<String> {
    sides(policies, |line| line.split_once(" => shop/a[Pod] : ").map(|(source, ports)| (source.to_owned(), ports.to_owned())))
}

/// What leads out of `shop/a`.
fn out_of(policies: &[&str]) -> Vec<String> {
    sides(policies, |line| {
        let (target, ports) = line.strip_prefix("shop/a[Pod] => ")?.split_once(" : ")?;
        Some((target.to_owned(), ports.to_owned()))
    })
}

fn sides(policies: &[&str], of: impl Fn(&str) -> Option<(String, String)>) -> Vec<String> {
    let short = |name: String| match name.as_str() {
        "shop/b[Pod]" => "b".to_owned(),
        "bank/a[Pod]" => "A".to_owned(),
        "bank/c[Pod]" => "C".to_owned(),
        "0.0.0.0-255.255.255.255" => "*".to_owned(),
        _ => name,
    };
    let mut found: Vec<String> = lines(&world(policies)).iter().filter_map(|line| of(line)).map(|(end, ports)| format!("{} {ports}", short(end)).replace("All Connections", "all")).collect();
    found.sort();
    found
}

const OPEN: [&str; 4] = ["* all", "A all", "C all", "b all"];
const NONE: [&str; 0] = [];

#[test]
fn without_policies_everybody_connects_to_everybody_but_itself() {
    assert_eq!(into(&[]), OPEN);
    assert_eq!(out_of(&[]), OPEN);
    assert!(!lines(&world(&[])).iter().any(|line| line.starts_with("shop/a[Pod] => shop/a[Pod]")));
}

#[test]
fn a_policy_closes_the_directions_that_it_is_for() {
    // the policy's spec, and whether it leaves ingress and egress open
    let cases = [
        ("podSelector: {}", false, true),
        ("podSelector: null", false, true),
        ("podSelector: {}, ingress: []", false, true),
        ("podSelector: {}, ingress: [ {} ]", true, true),
        ("podSelector: {}, egress: []", false, true),
        ("podSelector: {}, policyTypes: [], egress: [ {} ]", false, true),
        ("podSelector: {}, policyTypes: [Egress]", true, false),
        ("podSelector: {}, policyTypes: [Ingress, Egress]", false, false),
        ("podSelector: {}, policyTypes: [Egress], ingress: []", true, false),
        ("podSelector: {}, policyTypes: [Ingress], egress: [ { to: [ { podSelector: {} } ] } ]", false, true),
        ("podSelector: { matchLabels: { app: b } }", true, true),
    ];
    // `shop/b` may be closed as well, so only what is outside the namespace tells.
    let outside = "* all".to_owned();
    for (spec, into_open, out_open) in cases {
        assert_eq!((into(&[spec]).contains(&outside), out_of(&[spec]).contains(&outside)), (into_open, out_open), "{spec}");
    }
    // Rules for egress without types are for both directions.
    assert_eq!(into(&["podSelector: {}, egress: [ { to: [ { podSelector: {} } ] } ]"]), NONE);
    assert_eq!(out_of(&["podSelector: { matchLabels: { app: a } }, egress: [ { to: [ { podSelector: {} } ] } ]"]), ["b all"]);
}

#[test]
fn selectors_in_one_peer_must_both_match_and_peers_of_a_list_each_do() {
    let from = |peers: &str| into(&[&format!("podSelector: {{ matchLabels: {{ app: a }} }}, ingress: [ {{ from: [ {peers} ] }} ]")]);
    let money = "namespaceSelector: { matchLabels: { team: money } }";
    assert_eq!(from("{ podSelector: {} }"), ["b all"]);
    assert_eq!(from("{ podSelector: { matchLabels: { app: c } } }"), NONE);
    assert_eq!(from("{ namespaceSelector: {} }"), ["A all", "C all", "b all"]);
    assert_eq!(from("{ namespaceSelector: {}, podSelector: {} }"), ["A all", "C all", "b all"]);
    assert_eq!(from(&format!("{{ {money} }}")), ["A all", "C all"]);
    assert_eq!(from(&format!("{{ {money}, podSelector: {{ matchLabels: {{ app: c }} }} }}")), ["C all"]);
    assert_eq!(from(&format!("{{ {money} }}, {{ podSelector: {{ matchLabels: {{ app: b }} }} }}")), ["A all", "C all", "b all"]);
    assert_eq!(from(&format!("{{ {money}, podSelector: {{ matchLabels: {{ app: b }} }} }}")), NONE);
    assert_eq!(from("{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: bank } }, podSelector: { matchLabels: { app: a } } }"), ["A all"]);
    assert_eq!(from("{ namespaceSelector: { matchExpressions: [ { key: team, operator: NotIn, values: [retail] } ] } }"), ["A all", "C all"]);
    assert_eq!(from(""), OPEN);
}

#[test]
fn rules_and_policies_add_up() {
    let two_rules = "podSelector: {}, ingress: [ { from: [ { podSelector: {} } ], ports: [ { port: 80 } ] }, { from: [ { podSelector: {} } ], ports: [ { port: 81 } ] } ]";
    assert_eq!(into(&[two_rules]), ["b TCP 80-81"]);
    assert_eq!(into(&["podSelector: {}", "podSelector: {}, ingress: [ { ports: [ { port: 443 } ] } ]"]), ["* TCP 443", "A TCP 443", "C TCP 443", "b TCP 443"]);
}

#[test]
fn both_ends_must_allow() {
    let closed = "podSelector: { matchLabels: { app: a } }, policyTypes: [Egress], egress: [ { to: [ { podSelector: {} } ], ports: [ { port: 80, endPort: 90 } ] } ]";
    let open_in = "podSelector: { matchLabels: { app: b } }, ingress: [ { ports: [ { port: 85, endPort: 100 } ] } ]";
    assert_eq!(out_of(&[closed, open_in]), ["b TCP 85-90"]);
    assert_eq!(out_of(&[closed, "podSelector: { matchLabels: { app: b } }"]), NONE);
}

#[test]
fn ports_are_read_as_they_are_written() {
    let ports = |ports: &str| into(&[&format!("podSelector: {{ matchLabels: {{ app: a }} }}, ingress: [ {{ from: [ {{ podSelector: {{}} }} ], ports: [ {ports} ] }} ]")]);
    assert_eq!(ports(""), ["b all"]);
    assert_eq!(ports("{}"), ["b TCP 1-65535"]);
    assert_eq!(ports("{ protocol: UDP }"), ["b UDP 1-65535"]);
    assert_eq!(ports("{ protocol: SCTP, port: 7 }"), ["b SCTP 7"]);
    assert_eq!(ports("{ port: 80 }, { port: 53, protocol: UDP }"), ["b TCP 80,UDP 53"]);
    assert_eq!(ports("{ port: 8000, endPort: 8010 }, { port: 8010, endPort: 8020 }"), ["b TCP 8000-8020"]);
    assert_eq!(ports("{ port: web }"), ["b TCP 80"]);
    assert_eq!(ports("{ port: dns, protocol: UDP }"), ["b UDP 53"]);
    // The port of that name has another protocol.
    assert_eq!(ports("{ port: dns }"), NONE);
    assert_eq!(ports("{ port: absent }"), NONE);
    assert_eq!(ports("{}, { protocol: UDP }, { protocol: SCTP }"), ["b all"]);
}

#[test]
fn names_of_ports_are_those_of_the_destination() {
    let other =
        "\n---\n{ apiVersion: v1, kind: Pod, metadata: { name: b, namespace: shop, labels: { app: b } }, spec: { containers: [ { name: c, ports: [ { name: web, containerPort: 8443 } ] } ] } }";
    let egress = policy("shop", "p", "podSelector: { matchLabels: { app: a } }, policyTypes: [Egress], egress: [ { ports: [ { port: web } ] } ]");
    let found = lines(&[pod("shop", "a"), other.to_owned(), pod("bank", "c"), egress].concat());
    assert!(found.contains(&"shop/a[Pod] => shop/b[Pod] : TCP 8443".to_owned()), "{found:?}");
    assert!(found.contains(&"shop/a[Pod] => bank/c[Pod] : TCP 80".to_owned()), "{found:?}");
    // Addresses outside have no named ports.
    assert!(!found.iter().any(|line| line.starts_with("shop/a[Pod] => 0.0.0.0")), "{found:?}");
}

#[test]
fn blocks_are_outside_and_cut_it() {
    let to = |blocks: &str| out_of(&[&format!("podSelector: {{ matchLabels: {{ app: a }} }}, policyTypes: [Egress], egress: [ {{ to: [ {blocks} ], ports: [ {{ port: 443 }} ] }} ]")]);
    assert_eq!(to("{ ipBlock: { cidr: 0.0.0.0/0 } }"), ["* TCP 443"]);
    assert_eq!(to("{ ipBlock: { cidr: 10.0.0.0/8 } }"), ["10.0.0.0-10.255.255.255 TCP 443"]);
    assert_eq!(
        to("{ ipBlock: { cidr: 0.0.0.0/0, except: [ 10.0.0.0/8, 169.254.169.254/32 ] } }"),
        ["0.0.0.0-9.255.255.255 TCP 443", "11.0.0.0-169.254.169.253 TCP 443", "169.254.169.255-255.255.255.255 TCP 443"]
    );
    // What one block leaves out another names; equal neighbours are one range.
    assert_eq!(to("{ ipBlock: { cidr: 0.0.0.0/0, except: [ 10.0.0.0/8 ] } }, { ipBlock: { cidr: 10.0.0.0/9 } }, { ipBlock: { cidr: 10.128.0.0/9 } }"), ["* TCP 443"]);
    assert_eq!(to("{ ipBlock: { cidr: 'fd00::/8' } }"), ["fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff TCP 443"]);
}

#[test]
fn what_cannot_be_read_is_told_and_not_guessed_at() {
    for spec in [
        "podSelector: {}, policyTypes: [ingress]",
        "podSelector: {}, ingress: [ { to: [] } ]",
        "podSelector: {}, ingress: [ { from: [ {} ] } ]",
        "podSelector: {}, ingress: [ { from: [ { ipBlock: { cidr: 10.0.0.0/8 }, podSelector: {} } ] } ]",
        "podSelector: {}, ingress: [ { from: [ { ipBlock: { cidr: 10.0.0.0 } } ] } ]",
        "podSelector: {}, ingress: [ { ports: [ { port: 0 } ] } ]",
        "podSelector: {}, ingress: [ { ports: [ { port: 70000 } ] } ]",
        "podSelector: {}, ingress: [ { ports: [ { port: '80' } ] } ]",
        "podSelector: {}, ingress: [ { ports: [ { port: 80, endPort: 79 } ] } ]",
        "podSelector: {}, ingress: [ { ports: [ { endPort: 79 } ] } ]",
        "podSelector: {}, ingress: [ { ports: [ { port: web, endPort: 90 } ] } ]",
        "podSelector: {}, ingress: [ { ports: [ { port: 80, protocol: tcp } ] } ]",
        "podSelector: { matchLabel: { app: a } }",
        "podselector: {}",
    ] {
        let cluster = cluster(&world(&[spec]));
        assert_eq!(cluster.unread.iter().map(|unread| unread.object.name.as_str()).collect::<Vec<_>>(), ["p0"], "{spec}");
    }
}

#[test]
fn pods_of_one_workload_are_one_line_with_all_that_one_of_them_may_do() {
    let replica = |name: &str, version: &str| {
        format!(
            "\n---\n{{ apiVersion: v1, kind: Pod, metadata: {{ name: {name}, namespace: shop, labels: {{ app: cart, version: {version} }}, ownerReferences: [ {{ kind: ReplicaSet, name: cart-1, controller: true }} ] }}, spec: {{ containers: [] }} }}"
        )
    };
    let policies = policy("shop", "p", "podSelector: { matchLabels: { version: old } }");
    let found = lines(&[replica("x", "old"), replica("y", "new"), pod("shop", "a"), policies].concat());
    assert!(found.contains(&"shop/a[Pod] => shop/cart-1[ReplicaSet] : All Connections".to_owned()), "{found:?}");
    assert!(!found.iter().any(|line| line.starts_with("shop/cart-1[ReplicaSet] => shop/cart-1")));
}
