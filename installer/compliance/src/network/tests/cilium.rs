//! Cilium's policies: endpoints, entities, blocks, ports, denies.

use super::*;

fn world(spec: &str) -> String {
    let policy =
        format!("\n---\n{{ apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {{ name: p, namespace: shop }}, spec: {{ endpointSelector: {{ matchLabels: {{ app: a }} }}, {spec} }} }}");
    [pod("shop", "a"), pod("shop", "b"), pod("bank", "c"), namespace("bank", "money"), policy].concat()
}

/// What leads into `shop/a`: `b`, `C` of the bank, `*` outside.
fn into(spec: &str) -> Vec<String> {
    let found = lines(&world(spec));
    let shorten = |line: &String| line.split_once(" => shop/a[Pod] : ").map(|(source, ports)| format!("{source} {ports}"));
    found.iter().filter_map(shorten).map(|line| line.replace("shop/b[Pod]", "b").replace("bank/c[Pod]", "C").replace("0.0.0.0-255.255.255.255", "*").replace("All Connections", "all")).collect()
}

#[test]
fn rules_allow_whom_they_name() {
    let cases: [(&str, &[&str]); 15] = [
        ("ingress: [ {} ]", &[]),
        ("ingress: []", &["* all", "C all", "b all"]),
        ("egress: [ {} ]", &["* all", "C all", "b all"]),
        ("ingress: [ { fromEndpoints: [ {} ] } ]", &["b all"]),
        ("ingress: [ { fromEndpoints: [] } ]", &[]),
        ("ingress: [ { fromEndpoints: [ { matchLabels: { app: c } } ] } ]", &[]),
        ("ingress: [ { fromEndpoints: [ { matchLabels: { 'k8s:io.kubernetes.pod.namespace': bank } } ] } ]", &["C all"]),
        ("ingress: [ { fromEndpoints: [ { matchLabels: { 'k8s:io.cilium.k8s.namespace.labels.team': money, 'any:app': c } } ] } ]", &["C all"]),
        ("ingress: [ { fromEndpoints: [ { matchExpressions: [ { key: 'k8s:io.kubernetes.pod.namespace', operator: Exists } ] } ] } ]", &["C all", "b all"]),
        ("ingress: [ { fromEntities: [ cluster ] } ]", &["C all", "b all"]),
        ("ingress: [ { fromEntities: [ world ] } ]", &["* all"]),
        ("ingress: [ { fromEntities: [ all ], toPorts: [ { ports: [ { port: '80', protocol: TCP } ] } ] } ]", &["* TCP 80", "C TCP 80", "b TCP 80"]),
        ("ingress: [ { toPorts: [ { ports: [ { port: '80', protocol: TCP } ], rules: { http: [ { method: GET } ] } } ] } ]", &["* TCP 80", "C TCP 80", "b TCP 80"]),
        (
            "ingress: [ { fromEndpoints: [ {} ], toPorts: [ { ports: [ { port: '53', protocol: ANY }, { port: '80', endPort: 81, protocol: TCP }, { port: alt, protocol: TCP } ] } ] } ]",
            &["b SCTP 53,TCP 53,80-81,8080,UDP 53"],
        ),
        ("ingress: [ { fromEntities: [ cluster ] } ], ingressDeny: [ { fromEndpoints: [ { matchLabels: { app: b } } ] } ]", &["C all"]),
    ];
    for (spec, expected) in cases {
        assert_eq!(into(spec), expected, "{spec}");
    }
}

#[test]
fn blocks_are_outside_also_single_addresses() {
    assert_eq!(into("ingress: [ { fromCIDR: [ 10.0.0.1 ] } ]"), ["10.0.0.1-10.0.0.1 all"]);
    assert_eq!(into("ingress: [ { fromCIDRSet: [ { cidr: 10.0.0.0/8, except: [ 10.0.0.0/9 ] } ] } ]"), ["10.128.0.0-10.255.255.255 all"]);
}

#[test]
fn both_kinds_of_policies_add_up_and_a_deny_wins() {
    let both = world("ingressDeny: [ { fromEntities: [ world ] } ]") + &policy("shop", "open", "podSelector: {}, ingress: [ {} ]");
    let into: Vec<String> = lines(&both).into_iter().filter(|line| line.contains("=> shop/a[Pod]")).collect();
    assert_eq!(into, ["bank/c[Pod] => shop/a[Pod] : All Connections", "shop/b[Pod] => shop/a[Pod] : All Connections"]);
}

#[test]
fn a_clusterwide_policy_is_for_every_namespace() {
    let policy = "\n---\n{ apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: { name: p }, specs: [ { endpointSelector: {}, ingress: [ { fromEndpoints: [ { matchLabels: { app: b } } ] } ] }, { nodeSelector: {}, ingress: [ {} ] } ] }";
    let inside: Vec<String> =
        lines(&[pod("shop", "a"), pod("shop", "b"), pod("bank", "c"), policy.to_owned()].concat()).into_iter().filter(|line| line.starts_with("shop/b") || line.starts_with("bank/c")).collect();
    assert_eq!(
        inside,
        [
            "bank/c[Pod] => 0.0.0.0-255.255.255.255 : All Connections",
            "shop/b[Pod] => 0.0.0.0-255.255.255.255 : All Connections",
            "shop/b[Pod] => bank/c[Pod] : All Connections",
            "shop/b[Pod] => shop/a[Pod] : All Connections"
        ]
    );
}

#[test]
fn what_is_not_known_here_is_told() {
    for spec in [
        "egress: [ { toFQDNs: [ { matchName: example.com } ] } ]",
        "egress: [ { toServices: [ { k8sService: { serviceName: x } } ] } ]",
        "ingress: [ { fromRequires: [ {} ] } ]",
        "ingress: [ { fromEntities: [ kube-apiserver ] } ]",
        "ingress: [ { fromCIDRSet: [ { cidrGroupRef: x } ] } ]",
        "ingress: [ { fromEndpoints: [ { matchLabels: { 'reserved:host': '' } } ] } ]",
        "ingress: [ { fromEndpoints: [ {} ] } ], enableDefaultDeny: { ingress: false }",
        "ingres: []",
    ] {
        assert_eq!(cluster(&world(spec)).unread.len(), 1, "{spec}");
    }
}
