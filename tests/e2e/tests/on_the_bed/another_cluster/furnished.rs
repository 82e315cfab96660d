//! What others have installed on a cluster is found by the survey: classes of ingresses and gateways, operators, a cache of DNS on nodes.

use airlock_bed::eventually;
use airlock_e2e::Site;
use serde_json::{Value, json};

const GATEWAY_CLASSES: &str = "gatewayclasses.gateway.networking.k8s.io";

/// While an operator's kinds are served.
pub(crate) fn the_survey_finds_what_others_have_installed(site: &Site) {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let version = json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}});
    let names = json!({"kind": "GatewayClass", "plural": "gatewayclasses"});
    let kind = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": GATEWAY_CLASSES, "annotations": {"api-approved.kubernetes.io": "unapproved: a test"}},
        "spec": {"group": "gateway.networking.k8s.io", "scope": "Cluster", "names": names, "versions": [version]}});
    site.bed.apply(&kind.to_string()).expect("a kind");
    let gateway = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": "wide"}, "spec": {"controllerName": "airlock.test/gateways"}});
    let applied = || site.bed.apply(&gateway.to_string());
    eventually("the kind is served", std::time::Duration::from_mins(1), applied).expect("a class of gateways");
    let ingress = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "narrow"}, "spec": {"controller": "airlock.test/ingresses"}});
    // It runs on no node.
    let cache = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "node-local-dns", "namespace": "kube-system"}, "spec": {"selector": {"matchLabels": {"a": "cache"}},
        "template": {"metadata": {"labels": {"a": "cache"}}, "spec": {"nodeSelector": {"no": "node"}, "containers": [{"name": "cache", "image": "registry.k8s.io/pause:3.10", "args": ["-localip", "169.254.20.10,10.96.0.10"]}]}}}});
    site.bed.apply(&json!({"apiVersion": "v1", "kind": "List", "items": [ingress, cache]}).to_string()).expect("classes and a cache");

    let facts = site.run(&["inspect", "-o", "json"]).expect(0).json()["facts"].clone();
    let known = |fact: &str| facts[fact]["known"].clone();
    let found: [Value; 4] = [known("ingressClasses")["narrow"].clone(), known("gatewayClasses")["wide"].clone(), known("operators"), known("dns")["nodeLocal"].clone()];
    site.bed.kubectl(["-n", "kube-system", "delete", "daemonset", "node-local-dns"]).expect("kubectl");
    site.bed.kubectl(["delete", "ingressclass", "narrow"]).expect("kubectl");
    site.bed.kubectl(["delete", "crd", GATEWAY_CLASSES]).expect("kubectl");
    assert_eq!(found, [json!("airlock.test/ingresses"), json!("airlock.test/gateways"), json!(["gateway.networking.k8s.io", "monitoring.coreos.com"]), json!("169.254.20.10")], "{facts}");
}
