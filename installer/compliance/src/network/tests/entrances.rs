//! `{ingress-controller}`: what leads to a workload through a Service, where policies admit a pod that nobody knows.

use super::*;

fn service(ports: &str) -> String {
    format!("\n---\n{{ apiVersion: v1, kind: Service, metadata: {{ name: web, namespace: shop }}, spec: {{ selector: {{ app: a }}, ports: [ {ports} ] }} }}")
}

fn ingress(backend: &str) -> String {
    format!(
        "\n---\n{{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{ name: i, namespace: shop }}, spec: {{ rules: [ {{ http: {{ paths: [ {{ backend: {{ service: {backend} }} }} ] }} }} ] }} }}"
    )
}

fn entrances(parts: &[String]) -> Vec<String> {
    let world = [pod("shop", "a"), pod("shop", "b")].concat() + &parts.concat();
    lines(&world).into_iter().filter_map(|line| line.strip_prefix("{ingress-controller} => ").map(str::to_owned)).collect()
}

#[test]
fn a_backend_leads_to_the_target_ports_of_its_service() {
    let number = "{ name: http, port: 8000, targetPort: 80 }";
    let name = "{ name: alt, port: 9000, targetPort: alt }";
    let both = || service(&format!("{number}, {name}"));
    assert_eq!(entrances(&[both(), ingress("{ name: web, port: { number: 8000 } }")]), ["shop/a[Pod] : TCP 80"]);
    assert_eq!(entrances(&[both(), ingress("{ name: web, port: { name: alt } }")]), ["shop/a[Pod] : TCP 8080"]);
    assert_eq!(entrances(&[service("{ port: 7000 }"), ingress("{ name: web, port: { number: 7000 } }")]), ["shop/a[Pod] : TCP 7000"]);
    assert_eq!(entrances(&[both(), ingress("{ name: web, port: { number: 80 } }")]), [""; 0]);
    assert_eq!(entrances(&[both(), ingress("{ name: other, port: { number: 8000 } }")]), [""; 0]);
    assert_eq!(entrances(&[both()]), [""; 0]);
}

#[test]
fn routes_of_other_groups_lead_in_too() {
    let service = || service("{ port: 8000, targetPort: 80 }, { port: 9000, targetPort: 81 }");
    let gateway = "\n---\n{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: r, namespace: edge }, spec: { rules: [ { backendRefs: [ { name: web, namespace: shop, port: 9000 } ] } ] } }";
    assert_eq!(entrances(&[service(), gateway.to_owned()]), ["shop/a[Pod] : TCP 81"]);
    let route = "\n---\n{ apiVersion: route.openshift.io/v1, kind: Route, metadata: { name: r, namespace: shop }, spec: { to: { kind: Service, name: web } } }";
    assert_eq!(entrances(&[service(), route.to_owned()]), ["shop/a[Pod] : TCP 80-81"]);
    let default = "\n---\n{ apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: { name: d, namespace: shop }, spec: { defaultBackend: { service: { name: web, port: { number: 8000 } } } } }";
    assert_eq!(entrances(&[service(), default.to_owned()]), ["shop/a[Pod] : TCP 80"]);
}

#[test]
fn policies_must_admit_a_pod_of_which_nothing_is_known() {
    let parts = |from: &str| entrances(&[service("{ port: 80 }"), ingress("{ name: web, port: { number: 80 } }"), policy("shop", "p", &format!("podSelector: {{}}, ingress: [ {from} ]"))]);
    assert_eq!(parts(""), [""; 0]);
    assert_eq!(parts("{}"), ["shop/a[Pod] : TCP 80"]);
    assert_eq!(parts("{ ports: [ { port: 81 } ] }"), [""; 0]);
    assert_eq!(parts("{ from: [ { namespaceSelector: {} } ] }"), ["shop/a[Pod] : TCP 80"]);
    assert_eq!(parts("{ from: [ { podSelector: {} } ] }"), [""; 0]);
    assert_eq!(parts("{ from: [ { namespaceSelector: { matchLabels: { team: edge } } } ] }"), [""; 0]);
    assert_eq!(parts("{ from: [ { ipBlock: { cidr: 0.0.0.0/0 } } ] }"), [""; 0]);
}
