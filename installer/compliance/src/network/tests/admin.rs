//! Admin and baseline policies: priorities, the first rule that matches, and what is passed on.

use super::*;

fn world(policies: &[String]) -> String {
    [pod("shop", "a"), pod("bank", "c"), namespace("shop", "retail"), namespace("bank", "money")].concat() + &policies.concat()
}

/// What `bank/c` may connect to in `shop/a`.
fn crossing(policies: &[String]) -> String {
    let found = lines(&world(policies));
    found.iter().find_map(|line| line.strip_prefix("bank/c[Pod] => shop/a[Pod] : ")).unwrap_or("nothing").to_owned()
}

const SHOP: &str = "subject: { namespaces: { matchLabels: { team: retail } } }";

fn admin(name: &str, priority: u32, rules: &str) -> String {
    format!("\n---\n{{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{ name: {name} }}, spec: {{ priority: {priority}, {SHOP}, ingress: [ {rules} ] }} }}")
}

fn baseline(rules: &str) -> String {
    format!("\n---\n{{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: {{ name: default }}, spec: {{ {SHOP}, ingress: [ {rules} ] }} }}")
}

fn rule(action: &str, ports: &str) -> String {
    format!("{{ action: {action}, from: [ {{ namespaces: {{}} }} ]{} }}", if ports.is_empty() { String::new() } else { format!(", ports: [ {ports} ]") })
}

fn closed() -> String {
    policy("shop", "closed", "podSelector: {}")
}

#[test]
fn tiers_decide_one_after_the_other() {
    assert_eq!(crossing(&[admin("x", 5, &rule("Deny", ""))]), "nothing");
    assert_eq!(crossing(&[admin("x", 5, &rule("Allow", "")), closed()]), "All Connections");
    assert_eq!(crossing(&[admin("x", 5, &rule("Pass", "")), closed()]), "nothing");
    assert_eq!(crossing(&[admin("x", 5, &rule("Pass", "")), baseline(&rule("Deny", ""))]), "nothing");
    assert_eq!(crossing(&[baseline(&rule("Deny", ""))]), "nothing");
    // A policy of the namespace takes the pod out of the baseline.
    assert_eq!(crossing(&[baseline(&rule("Deny", "")), policy("shop", "open", "podSelector: {}, ingress: [ {} ]")]), "All Connections");
    assert_eq!(crossing(&[baseline(&rule("Allow", "")), closed()]), "nothing");
}

#[test]
fn the_lower_number_is_asked_first_and_the_first_rule_that_matches_decides() {
    assert_eq!(crossing(&[admin("a", 7, &rule("Deny", "")), admin("b", 5, &rule("Allow", ""))]), "All Connections");
    assert_eq!(crossing(&[admin("a", 5, &rule("Deny", "")), admin("b", 7, &rule("Allow", ""))]), "nothing");
    let web = "{ portNumber: { port: 80, protocol: TCP } }";
    assert_eq!(crossing(&[admin("a", 5, &format!("{}, {}", rule("Allow", web), rule("Deny", "")))]), "TCP 80");
    assert_eq!(crossing(&[admin("a", 5, &format!("{}, {}", rule("Deny", ""), rule("Allow", web)))]), "nothing");
    // What is passed on is not asked of later admin policies.
    assert_eq!(crossing(&[admin("a", 5, &rule("Pass", web)), admin("b", 7, &rule("Deny", "")), closed()]), "nothing");
    assert_eq!(crossing(&[admin("a", 5, &rule("Pass", web)), admin("b", 7, &rule("Deny", ""))]), "TCP 80");
}

#[test]
fn ports_are_numbers_ranges_or_names_of_the_destination() {
    let allowed = |port: &str| crossing(&[admin("a", 5, &rule("Allow", port)), closed()]);
    assert_eq!(allowed("{ portRange: { start: 80, end: 90, protocol: UDP } }"), "UDP 80-90");
    assert_eq!(allowed("{ namedPort: dns }"), "UDP 53");
    assert_eq!(allowed("{ namedPort: web }, { portNumber: { port: 7, protocol: SCTP } }"), "SCTP 7,TCP 80");
}

#[test]
fn networks_are_outside() {
    let egress = "\n---\n{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: { name: n }, spec: { priority: 1, subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: a } } } }, egress: [ { action: Deny, to: [ { networks: [ 169.254.169.254/32 ] } ] } ] } }";
    let found = lines(&world(&[egress.to_owned()]));
    let out: Vec<&str> = found.iter().filter_map(|line| line.strip_prefix("shop/a[Pod] => ")).collect();
    assert_eq!(out, ["0.0.0.0-169.254.169.253 : All Connections", "169.254.169.255-255.255.255.255 : All Connections", "bank/c[Pod] : All Connections"]);
}

#[test]
fn what_is_not_known_here_is_told() {
    let reasons = |documents: &str| cluster(documents).unread.into_iter().map(|unread| unread.reason).collect::<Vec<_>>();
    let egress = |peer: &str| {
        format!(
            "\n---\n{{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{ name: n }}, spec: {{ priority: 1, {SHOP}, egress: [ {{ action: Allow, to: [ {peer} ] }} ] }} }}"
        )
    };
    assert_eq!(reasons(&egress("{ nodes: {} }")).len(), 1);
    assert_eq!(reasons(&egress("{ domainNames: [ example.com ] }")).len(), 1);
    assert_eq!(reasons(&egress("{ namespaces: {}, networks: [ 10.0.0.0/8 ] }")).len(), 1);
    assert_eq!(reasons(&[admin("a", 5, ""), admin("b", 5, "")].concat()).len(), 1);
    assert_eq!(reasons("\n---\n{ apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: { name: n }, spec: {} }").len(), 1);
    assert_eq!(reasons(&egress("{ namespaces: {} }")), [""; 0]);
}

/// The pods and policies of the blog that the network-policy-api links to, and what of them is allowed.
#[test]
fn a_monitoring_namespace_is_let_in_where_it_is_passed_on_and_allowed() {
    let pod = |namespace: &str| pod(namespace, "x");
    let internal = |name: &str| format!("\n---\n{{ apiVersion: v1, kind: Namespace, metadata: {{ name: {name}, labels: {{ security: internal }} }} }}");
    let from_monitoring = "from: [ { namespaces: { matchLabels: { kubernetes.io/metadata.name: monitoring } } } ]";
    let admin = |name: &str, priority: u32, subject: &str, action: &str| {
        format!(
            "\n---\n{{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{ name: {name} }}, spec: {{ priority: {priority}, subject: {{ namespaces: {subject} }}, ingress: [ {{ action: {action}, {from_monitoring} }} ] }} }}"
        )
    };
    let documents = [
        pod("foo"), pod("bar"), pod("monitoring"), internal("foo"), internal("bar"),
        policy("foo", "allow", "podSelector: null, policyTypes: [Ingress], ingress: [ { from: [ { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } } } ] } ]"),
        admin("allow", 9, "{}", "Allow"),
        admin("pass", 7, "{ matchLabels: { security: internal } }", "Pass"),
        "\n---\n{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: { name: default }, spec: { subject: { namespaces: { matchLabels: { security: internal } } }, ingress: [ { action: Deny, from: [ { namespaces: {} } ] } ] } }".to_owned(),
    ];
    let inside: Vec<String> = lines(&documents.concat()).into_iter().filter(|line| !line.contains("0.0.0.0")).collect();
    assert_eq!(inside, ["bar/x[Pod] => monitoring/x[Pod] : All Connections", "foo/x[Pod] => monitoring/x[Pod] : All Connections", "monitoring/x[Pod] => foo/x[Pod] : All Connections"]);
}

/// A case of the conformance tests of the network-policy-api: egress on UDP, where an earlier rule wins over later ones.
#[test]
fn a_conformance_case_of_egress_on_udp() {
    let houses = ["gryffindor", "slytherin", "hufflepuff", "ravenclaw"];
    let to = |house: &str| format!("to: [ {{ pods: {{ namespaceSelector: {{ matchLabels: {{ kubernetes.io/metadata.name: {house} }} }} }} }} ]");
    let udp = |port: u16| format!("ports: [ {{ portNumber: {{ protocol: UDP, port: {port} }} }} ]");
    let rules = [
        format!("{{ action: Allow, {} }}", to("ravenclaw")),
        format!("{{ action: Deny, {} }}", to("ravenclaw")),
        format!("{{ action: Deny, {}, {} }}", to("slytherin"), udp(5353)),
        format!("{{ action: Pass, {}, {} }}", to("slytherin"), udp(5353)),
        format!("{{ action: Allow, {}, {} }}", to("gryffindor"), udp(53)),
        format!("{{ action: Deny, {} }}", to("gryffindor")),
    ];
    let policy = format!(
        "\n---\n{{ apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {{ name: egress-udp }}, spec: {{ priority: 7, subject: {{ namespaces: {{ matchLabels: {{ kubernetes.io/metadata.name: hufflepuff }} }} }}, egress: [ {} ] }} }}",
        rules.join(", ")
    );
    let found = lines(&(houses.map(|house| pod(house, "x")).concat() + &policy));
    let out: Vec<&str> = found.iter().filter_map(|line| line.strip_prefix("hufflepuff/x[Pod] => ")).collect();
    let expected =
        ["0.0.0.0-255.255.255.255 : All Connections", "gryffindor/x[Pod] : UDP 53", "ravenclaw/x[Pod] : All Connections", "slytherin/x[Pod] : SCTP 1-65535,TCP 1-65535,UDP 1-5352,5354-65535"];
    assert_eq!(out, expected);
}
