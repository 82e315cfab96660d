//! NET-004 with `NET-004.platform`: what the platform reaches, of tenants and outside.

use airlock_model::{Reason, WorldDeployment};

use super::*;

/// A closed tenant and a platform, with pods.
fn world() -> Vec<String> {
    vec![pod("alpha", "a"), tenant("alpha"), policy("alpha", "closed", CLOSED), pod("airlock", "edge"), platform()]
}

fn closed() -> String {
    policy("airlock", "closed", CLOSED)
}

/// What lets the platform in, at every port.
fn let_in() -> String {
    policy("alpha", "in", "podSelector: {}, ingress: [ { from: [ { namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: airlock } } } ] } ]")
}

/// Egress of the platform's pods by a rule.
fn out(rule: &str) -> String {
    policy("airlock", "out", &format!("podSelector: {{}}, policyTypes: [Egress], egress: [ {rule} ]"))
}

fn said_of(documents: &[String], parameters: Value) -> Vec<String> {
    words(&files(&documents.concat()), parameters)
}

fn words(snapshot: &Snapshot, parameters: Value) -> Vec<String> {
    let found = findings("NET-004", snapshot, parameters).into_iter();
    found.map(|finding| format!("{} {}: {}", finding.subject.name.raw(), finding.verdict.word(), finding.observed.raw())).collect()
}

fn with(extra: &[String], parameters: Value) -> Vec<String> {
    said_of(&[world(), extra.to_vec()].concat(), parameters)
}

fn asked() -> Value {
    json!({ "NET-004.platform": true })
}

fn outside_too(allow: &[&str]) -> Value {
    json!({ "NET-004.platform": true, "NET-004.outside": true, "NET-004.allow": allow })
}

const ALPHA: &str = "alpha pass: its pods reach nothing of other tenants or of the platform that was not declared";
const AIRLOCK: &str = "airlock pass: its pods reach nothing of tenants that was not declared";
const ALPHA_OUTSIDE: &str = "alpha pass: its pods reach nothing of other tenants or of the platform, and nothing outside that was not declared";
const AIRLOCK_OUTSIDE: &str = "airlock pass: its pods reach nothing of tenants, and nothing outside that was not declared";

#[test]
fn flows_from_the_platform_to_tenants_are_declared_where_that_is_asked_for() {
    let reached = "a fail: airlock/edge[Pod] => alpha/a[Pod] : TCP 8080; opened by: NetworkPolicy airlock/out, NetworkPolicy alpha/in";
    let open = [closed(), out("{ ports: [ { port: 8080 } ] }"), let_in()];
    assert_eq!(with(&open, json!({})), [ALPHA], "nobody asks what the platform reaches");
    assert_eq!(with(&open, asked()), [ALPHA, reached]);
    for allow in ["airlock => alpha : TCP 8080", "* => alpha", "airlock => * : TCP"] {
        assert_eq!(with(&open, json!({ "NET-004.platform": true, "NET-004.allow": [allow] })), [AIRLOCK, ALPHA], "{allow}");
    }
    for allow in ["airlock => alpha : TCP 80", "alpha => airlock : TCP 8080"] {
        assert_eq!(with(&open, json!({ "NET-004.platform": true, "NET-004.allow": [allow] })), [ALPHA, reached], "{allow}");
    }
    // Both ends must open: the platform's egress, and the tenant's ingress.
    assert_eq!(with(&[closed(), let_in()], asked()), [AIRLOCK, ALPHA]);
    assert_eq!(with(&[], asked()), [AIRLOCK, ALPHA], "a platform without policies, and a tenant that lets nobody in");
    // The platform's namespaces among themselves are not compared.
    let second = [pod("inner", "db"), "\n---\n{ apiVersion: v1, kind: Namespace, metadata: { name: inner, labels: { airlock-platform.io/installation: abc } } }".to_owned()];
    assert_eq!(with(&second, asked()), [AIRLOCK, ALPHA, "inner pass: its pods reach nothing of tenants that was not declared"]);
}

#[test]
fn what_the_platform_reaches_outside_and_who_reaches_it_takes_both_parameters() {
    let open = [
        closed(),
        out("{ to: [ { ipBlock: { cidr: 192.0.2.0/24, except: [ 192.0.2.128/25 ] } } ], ports: [ { port: 443 } ] }"),
        policy("airlock", "in", "podSelector: {}, ingress: [ { from: [ { ipBlock: { cidr: 198.51.100.0/24 } } ], ports: [ { port: 8443 } ] } ]"),
    ];
    let into = "edge fail: from outside to airlock/edge[Pod]: 198.51.100.0-198.51.100.255 : TCP 8443; opened by: NetworkPolicy airlock/in";
    let outward = "edge fail: airlock/edge[Pod] => 192.0.2.0-192.0.2.127 : TCP 443; opened by: NetworkPolicy airlock/out";
    assert_eq!(with(&open, asked()), [AIRLOCK, ALPHA]);
    assert_eq!(with(&open, json!({ "NET-004.outside": true })), [ALPHA_OUTSIDE]);
    assert_eq!(with(&open, outside_too(&[])), [ALPHA_OUTSIDE, into, outward]);
    // Each direction is declared by itself.
    assert_eq!(with(&open, outside_too(&["airlock => 192.0.2.0/25 : TCP 443"])), [ALPHA_OUTSIDE, into]);
    assert_eq!(with(&open, outside_too(&["198.51.100.0/24 => airlock : TCP 8443", "alpha => 192.0.2.0/25 : TCP 443"])), [ALPHA_OUTSIDE, outward]);
    assert_eq!(with(&open, outside_too(&["airlock => 192.0.2.0/24", "198.51.100.0/24 => *"])), [AIRLOCK_OUTSIDE, ALPHA_OUTSIDE]);
    // Both families are outside, and a block of one says nothing of the other.
    let newer = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff : TCP 443";
    let anywhere = [closed(), out("{ ports: [ { port: 443 } ] }")];
    assert_eq!(with(&anywhere, outside_too(&["airlock => 0.0.0.0/0 : TCP 443"])), [ALPHA_OUTSIDE, &format!("edge fail: airlock/edge[Pod] => {newer}; opened by: NetworkPolicy airlock/out")]);
    assert_eq!(with(&anywhere, outside_too(&["airlock => 0.0.0.0/0 : TCP 443", "airlock => ::/0 : TCP 443"])), [AIRLOCK_OUTSIDE, ALPHA_OUTSIDE]);
}

#[test]
fn what_an_ingress_leads_to_the_platform_is_not_compared() {
    let led = "
---
{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: airlock }, spec: { selector: { app: edge }, ports: [ { port: 80 } ] } }
---
{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: i, namespace: airlock }, spec: { rules: [ { http: { paths: [ { backend: { service: { name: web, port: { number: 80 } } } } ] } } ] } }";
    let open = [closed(), policy("airlock", "in", "podSelector: {}, ingress: [ { from: [ { namespaceSelector: {} } ], ports: [ { port: 80 } ] } ]"), led.to_owned()];
    assert!(lines(&[world(), open.to_vec()].concat().concat()).contains(&"{ingress-controller} => airlock/edge[Pod] : TCP 80".to_owned()));
    assert_eq!(with(&open, outside_too(&[])), [AIRLOCK_OUTSIDE, ALPHA_OUTSIDE]);
}

#[test]
fn what_policies_do_not_bind_or_plugins_read_in_their_way_is_unverified() {
    let agent = || "\n---\n{ apiVersion: apps/v1, kind: DaemonSet, metadata: { name: agent, namespace: airlock }, spec: { template: { spec: { hostNetwork: true, containers: [] } } } }".to_owned();
    let unbound = "agent unverified: it uses the network of its node, where policies do not bind it";
    // What else runs there reaches nothing, and the namespace does not pass for all that.
    assert_eq!(with(&[closed(), agent()], outside_too(&[])), [unbound, ALPHA_OUTSIDE]);
    assert_eq!(with(&[closed(), agent()], json!({})), [ALPHA], "nobody asks what it reaches");
    // The same of a tenant's pod.
    let of_tenant = agent().replace("airlock", "alpha");
    assert_eq!(with(&[closed(), of_tenant.clone()], json!({})), [unbound]);
    let on_the_node = "agent unverified: airlock/edge[Pod] => alpha/agent[DaemonSet] : TCP 9100; it uses the network of its node, and plugins differ in whether its policies bind it there; opened by: NetworkPolicy airlock/out";
    assert_eq!(with(&[closed(), of_tenant, out("{ ports: [ { port: 9100 } ] }")], asked()), [unbound, on_the_node]);
    let block = "{ to: [ { ipBlock: { cidr: 10.0.0.0/8 } } ], ports: [ { port: 8080 } ] }";
    let by_address = "a unverified: airlock/edge[Pod] => alpha/a[Pod] : TCP 8080, if the plugin takes a block of addresses for pods, in which plugins differ; opened by: NetworkPolicy airlock/out, NetworkPolicy alpha/in";
    assert_eq!(with(&[closed(), out(block), let_in()], asked()), [ALPHA, by_address]);
    let odd = policy("airlock", "odd", "podSelector: {}, policyTypes: [Ingres]");
    assert!(with(&[closed(), odd], asked())[0].starts_with("odd unverified: "));
}

#[test]
fn a_platform_that_nobody_knows_is_unverified_and_one_without_pods_is_not_judged() {
    let unknown = "platform unverified: NET-004.platform asks what it reaches, and no namespace is known to be the platform's: name them in network.platformNamespaces";
    let alpha = [pod("alpha", "a"), tenant("alpha"), policy("alpha", "closed", CLOSED)];
    assert_eq!(said_of(&alpha, asked()), [unknown, ALPHA]);
    assert_eq!(said_of(&alpha, json!({})), [ALPHA]);
    let empty = "airlock not applicable: no pod is seen there that could reach anything";
    assert_eq!(said_of(&[&alpha[..], &[platform()]].concat(), asked()), [empty, ALPHA]);
    // What is both is a tenant's, and the platform is not known then.
    assert_eq!(said_of(&alpha, json!({ "NET-004.platform": true, "network.platformNamespaces": ["alpha"] })), [unknown, ALPHA]);
}

#[test]
fn without_a_tenant_the_platform_is_compared_with_what_is_outside() {
    let alone = [pod("airlock", "edge"), platform(), closed()];
    assert_eq!(said_of(&alone, outside_too(&[])), [AIRLOCK_OUTSIDE]);
    let open = said_of(&alone[..2], outside_too(&[]));
    assert!(
        open[0].starts_with("edge fail: from outside to airlock/edge[Pod]: 0.0.0.0-255.255.255.255 : All Connections") && open[1].starts_with("edge fail: airlock/edge[Pod] => 0.0.0.0"),
        "{open:?}"
    );
    // What it reaches of tenants is nothing to look at.
    let found = findings("NET-004", &files(&alone.concat()), asked());
    assert_eq!(found.iter().map(|finding| (finding.subject.name.raw(), finding.reason)).collect::<Vec<_>>(), [("tenants", Some(Reason::NoSubject))]);
}

/// A pod of a component, as Airlock labels it.
fn component(namespace: &str, name: &str) -> String {
    format!("\n---\n{{ apiVersion: v1, kind: Pod, metadata: {{ name: {name}, namespace: {namespace}, labels: {{ app.kubernetes.io/name: {name} }} }}, spec: {{ containers: [] }} }}")
}

#[test]
fn of_an_installation_what_its_components_need_of_each_other_is_declared() {
    let to = |ports: &str| policy("airlock-alpha", "in", &format!("podSelector: {{}}, policyTypes: [Ingress, Egress], ingress: [ {{ ports: [ {ports} ] }} ]"));
    let mut snapshot = files(
        &[
            component("airlock", "edge"),
            component("airlock", "monitoring"),
            component("airlock", "renewer"),
            component("airlock-alpha", "airflow-api-server"),
            component("airlock-alpha", "airflow-meter"),
            tenant("airlock-alpha"),
            to("{ port: 8080 }, { port: 9109 }, { port: 22 }"),
        ]
        .concat(),
    );
    let login = airlock_model::Credentials { username: "admin".into(), password: None, form: airlock_model::CredentialsForm::Json };
    snapshot.world.deployments = vec![WorldDeployment { name: "alpha".into(), namespace: "airlock-alpha".into(), host: String::new(), login: login.clone(), role: login }];
    snapshot.world.platform = "airlock".into();
    snapshot.world.namespaces = ["airlock", "airlock-alpha"].map(str::to_owned).into();
    for key in super::super::sources::needed_keys() {
        snapshot.objects.entry(key).or_insert_with(|| Ok(Vec::new()));
    }
    let flows = |snapshot: &Snapshot| {
        let said = words(snapshot, json!({ "NET-004.platform": true, "network.platformNamespaces": ["airlock"] }));
        said.into_iter().filter_map(|said| Some(said.split_once(" fail: ")?.1.split_once(';')?.0.to_owned())).collect::<Vec<_>>()
    };
    let everything = "airlock/edge[Pod], airlock/monitoring[Pod], airlock/renewer[Pod]";
    assert_eq!(flows(&snapshot), [format!("{everything} => airlock-alpha/airflow-api-server[Pod] : TCP 22,8080,9109"), format!("{everything} => airlock-alpha/airflow-meter[Pod] : TCP 22,8080,9109")]);
    snapshot.source = Source::Cluster;
    snapshot.objects.get_mut("NetworkPolicy").unwrap().as_mut().unwrap().clear();
    let only = |rules: &[(&str, &str, u16)]| {
        let rule = |(to, from, port): &(&str, &str, u16)| {
            let select = |name: &str| format!("{{ matchLabels: {{ app.kubernetes.io/name: {name} }} }}");
            policy(
                "airlock-alpha",
                &format!("{to}-{from}-{port}"),
                &format!("podSelector: {}, ingress: [ {{ from: [ {{ namespaceSelector: {{}}, podSelector: {} }} ], ports: [ {{ port: {port} }} ] }} ]", select(to), select(from)),
            )
        };
        let documents = rules.iter().map(rule).collect::<String>() + &policy("airlock-alpha", "closed", CLOSED);
        let mut snapshot = snapshot.clone();
        snapshot.objects.extend(files(&documents).objects);
        flows(&snapshot)
    };
    let declared = [("airflow-api-server", "edge", 8080), ("airflow-api-server", "renewer", 8080), ("airflow-meter", "monitoring", 9109), ("airflow-meter", "renewer", 9109)];
    assert_eq!(only(&declared), [""; 0]);
    assert_eq!(only(&[("airflow-meter", "edge", 8080)]), ["airlock/edge[Pod] => airlock-alpha/airflow-meter[Pod] : TCP 8080"]);
    assert_eq!(only(&[("airflow-meter", "monitoring", 9110)]), ["airlock/monitoring[Pod] => airlock-alpha/airflow-meter[Pod] : TCP 9110"]);
}
