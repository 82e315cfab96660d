//! NET-001 to NET-003 where a policy is there and closes nothing.

use super::*;

const POLICY_API: &str = "apiVersion: policy.networking.k8s.io/v1alpha1";
const EVERY_POD: &str = "from: [ { namespaces: {} } ]";
const EVERY_ADDRESS: &str = "to: [ { networks: [ 0.0.0.0/0 ] } ]";

fn admin(priority: u32, rules: &str) -> String {
    format!("\n---\n{{ {POLICY_API}, kind: AdminNetworkPolicy, metadata: {{ name: admin{priority} }}, spec: {{ priority: {priority}, subject: {{ namespaces: {{}} }}, {rules} }} }}")
}

fn baseline(rules: &str) -> String {
    format!("\n---\n{{ {POLICY_API}, kind: BaselineAdminNetworkPolicy, metadata: {{ name: default }}, spec: {{ subject: {{ namespaces: {{}} }}, {rules} }} }}")
}

/// Rules for both directions: an action on every pod, and on every address.
fn of_all(action: &str) -> String {
    format!("ingress: [ {{ action: {action}, {EVERY_POD} }} ], egress: [ {{ action: {action}, {EVERY_ADDRESS} }} ]")
}

/// What is said of a pod of `shop` beside these policies.
fn selected(policies: &[String]) -> String {
    let found = findings("NET-003", &files(&[pod("shop", "a"), policies.concat()].concat()), json!({}));
    found.iter().map(|finding| format!("{}: {}", finding.verdict.word(), finding.observed.raw())).collect::<Vec<_>>().join("; ")
}

#[test]
fn an_admin_policy_closes_a_pod_by_denying_everybody_alone() {
    let closed = "pass: a policy for ingress and one for egress close the pod";
    let open = "fail: no policy closes it for ingress and egress";
    assert_eq!(selected(&[admin(5, &of_all("Deny"))]), closed);
    assert_eq!(selected(&[baseline(&of_all("Deny"))]), closed);
    for action in ["Allow", "Pass"] {
        assert_eq!(selected(&[admin(5, &of_all(action))]), open, "{action}");
    }
    // Some pods, some ports, or some addresses are not everybody.
    let some = "ingress: [ { action: Deny, from: [ { namespaces: { matchLabels: { team: x } } } ] } ], egress: [ { action: Deny, to: [ { namespaces: {} } ] } ]";
    assert_eq!(selected(&[admin(5, some), baseline(some)]), open);
    let ports = "ports: [ { portNumber: { port: 22, protocol: TCP } } ]";
    assert_eq!(selected(&[admin(5, &format!("ingress: [ {{ action: Deny, {EVERY_POD}, {ports} }} ], egress: [ {{ action: Deny, {EVERY_ADDRESS}, {ports} }} ]"))]), open);
    assert_eq!(selected(&[baseline(&format!("ingress: [ {{ action: Deny, {EVERY_POD} }} ]"))]), "fail: no policy closes it for egress");
    // Allowed by name first, the rest is denied.
    assert_eq!(selected(&[admin(5, &format!("ingress: [ {{ action: Allow, {EVERY_POD}, {ports} }}, {{ action: Deny, {EVERY_POD} }} ], egress: [ {{ action: Deny, {EVERY_ADDRESS} }} ]"))]), closed);
}

#[test]
fn tiers_are_asked_in_their_order_what_closes_a_pod() {
    let is_closed = |policies: &[String]| selected(policies).starts_with("pass");
    assert!(!is_closed(&[admin(5, &of_all("Allow")), admin(7, &of_all("Deny"))]));
    assert!(is_closed(&[admin(7, &of_all("Allow")), admin(5, &of_all("Deny"))]));
    // What is passed on is not asked of later admin policies, but of the baseline.
    assert!(!is_closed(&[admin(5, &of_all("Pass")), admin(7, &of_all("Deny"))]));
    assert!(is_closed(&[admin(5, &of_all("Pass")), baseline(&of_all("Deny"))]));
    assert!(!is_closed(&[admin(5, &of_all("Allow")), baseline(&of_all("Deny"))]));
    assert!(is_closed(&[admin(5, &of_all("Pass")), policy("shop", "closed", CLOSED), baseline(&of_all("Allow"))]));
}

#[test]
fn all_pods_and_all_addresses_together_are_everything() {
    let of = |id: &str, policies: &[String]| {
        let mut given = files(&[pod("shop", "a"), policy("shop", "closed", CLOSED), policies.concat()].concat());
        given.world.namespaces = vec!["shop".into()];
        findings(id, &given, json!({})).iter().map(|finding| format!("{}: {}", finding.verdict.word(), finding.observed.raw())).collect::<Vec<_>>()
    };
    let ingress = |name: &str, rules: &str| policy("shop", name, &format!("podSelector: {{}}, ingress: [ {rules} ]"));
    let (pods, addresses) = ("{ namespaceSelector: {} }", "{ ipBlock: { cidr: 0.0.0.0/0, except: [ 169.254.169.254/32 ] } }");
    let closed = "pass: closed for ingress by NetworkPolicy shop/closed";
    // Peers of one rule, rules of one policy, and policies of one namespace.
    assert_eq!(of("NET-001", &[ingress("p", &format!("{{ from: [ {pods}, {addresses} ] }}"))]), ["fail: its ingress rule 0 allows every pod and every address but 169.254.169.254/32", closed]);
    assert_eq!(
        of("NET-001", &[ingress("p", &format!("{{ from: [ {pods} ] }}, {{ from: [ {addresses} ] }}"))]),
        ["fail: its ingress rules 0, 1 together allow every pod and every address but 169.254.169.254/32", closed]
    );
    let together = "fail: NetworkPolicy shop/p, NetworkPolicy shop/q together allow every pod and every address but 169.254.169.254/32 for ingress";
    assert_eq!(of("NET-001", &[ingress("p", &format!("{{ from: [ {pods} ] }}")), ingress("q", &format!("{{ from: [ {addresses} ] }}"))]), [together]);
    let halves = "{ ipBlock: { cidr: 0.0.0.0/1 } }, { ipBlock: { cidr: 128.0.0.0/1 } }";
    let egress = policy("shop", "p", &format!("podSelector: {{ matchLabels: {{ app: a }} }}, policyTypes: [Egress], egress: [ {{ to: [ {pods}, {halves} ] }} ]"));
    assert_eq!(of("NET-002", &[egress])[0], "fail: its egress rule 0 allows every pod and every address");
    let protocols = "[ { protocol: TCP }, { protocol: UDP }, { protocol: SCTP } ]";
    assert_eq!(of("NET-001", &[ingress("p", &format!("{{ ports: {protocols} }}"))])[0], "fail: its ingress rule 0 allows everything");
    // One of the two, some of them, or some ports leave the rest closed.
    for rule in [
        format!("{{ from: [ {pods} ] }}"),
        format!("{{ from: [ {addresses} ] }}"),
        format!("{{ from: [ {pods}, {{ ipBlock: {{ cidr: 10.0.0.0/8 }} }} ] }}"),
        format!("{{ from: [ {{ podSelector: {{}} }}, {addresses} ] }}"),
        format!("{{ from: [ {pods}, {addresses} ], ports: [ {{ port: 443 }} ] }}"),
        format!("{{ from: [ {pods} ] }}, {{ from: [ {addresses} ], ports: [ {{ port: 443 }} ] }}"),
    ] {
        assert_eq!(of("NET-001", &[ingress("p", &rule)]), [closed], "{rule}");
    }
}

#[test]
fn what_blocks_except_is_named_where_nothing_else_opens_it() {
    let said = |blocks: &str| {
        let rule = format!("podSelector: {{}}, policyTypes: [Egress], egress: [ {{ to: [ {{ namespaceSelector: {{}} }}, {blocks} ] }} ]");
        let mut given = files(&[pod("shop", "a"), policy("shop", "p", &rule)].concat());
        given.world.namespaces = vec!["shop".into()];
        findings("NET-002", &given, json!({}))[0].observed.raw().strip_prefix("its egress rule 0 allows every pod and every address").unwrap().to_owned()
    };
    let block = |whole: &str, except: &str| format!("{{ ipBlock: {{ cidr: '{whole}', except: [ {except} ] }} }}");
    assert_eq!(said(&block("0.0.0.0/0", "")), "");
    assert_eq!(said(&block("0.0.0.0/0", "169.254.169.254/32, 10.0.0.0/8, 10.1.0.0/16")), " but 10.0.0.0/8, 169.254.169.254/32");
    // Another block that names it opens it, in part or as a whole.
    let both = |other: &str| said(&[block("0.0.0.0/0", "10.0.0.0/8"), other.to_owned()].join(", "));
    assert_eq!(both(&block("10.0.0.0/8", "")), "");
    assert_eq!(both(&block("10.0.0.0/9", "")), " but 10.128.0.0/9");
    assert_eq!(both(&block("10.0.0.0/8", "10.2.0.0/16")), " but 10.2.0.0/16");
    assert_eq!(both(&block("::/0", "fd00::/8")), " but 10.0.0.0/8, fd00::/8");
    let six = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "192.0.2.0/24"].join(", ");
    assert_eq!(said(&block("0.0.0.0/0", &six)), " but 10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.0.2.0/24 and 1 more");
}
