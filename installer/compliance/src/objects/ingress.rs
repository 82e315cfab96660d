//! NET-021 and TLS-005: what Ingresses, Gateways, and Routes open, and whether it is encrypted.

use airlock_model::{CheckSpec, Severity, SnapshotObject};
use serde_json::Value;

use super::OfObjects;
use crate::described::Described;
use crate::pod_security::{Violation, set};

/// NET-021
pub(super) static SNIPPETS: OfObjects = OfObjects {
    described: Described {
        spec: CheckSpec {
            id: "NET-021",
            title: "no Ingress writes into its controller's configuration",
            severity: Severity::High,
            promises: &["P2", "P12"],
            explanation: "Annotations of each Ingress whose name ends in `-snippet` or `-snippets`, such as nginx.ingress.kubernetes.io/configuration-snippet, nginx.org/server-snippets, and haproxy.org/backend-config-snippet, and those of HAProxy Ingress whose name begins with `config-`, such as haproxy-ingress.github.io/config-backend: their text becomes part of the configuration of the controller.",
            remedy: "Take the annotation out and use the settings that the controller offers by name; have snippets turned off in the controller (allow-snippet-annotations: false; of HAProxy Ingress --disable-config-keywords=*).",
        },
        expected: "no annotation that holds configuration of the controller",
        why: "the controller reads the Secrets of every namespace, and the text makes it hand them out (CVE-2021-25742)",
    },
    kinds: &[("networking.k8s.io/v1", "Ingress")],
    judge: |ingress| {
        let annotations = ingress.manifest.pointer("/metadata/annotations").and_then(Value::as_object);
        let snippets = annotations.into_iter().flatten().filter(|(key, _)| holds_configuration(key));
        snippets
            .map(|(key, value)| Violation::new(format!("/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1")), Some(value), format!("the annotation {key} holds configuration")))
            .collect()
    },
};

/// By the documentation of ingress-nginx ("Annotations"), NGINX Ingress Controller ("Snippets"), `HAProxy` Technologies' controller
/// ("backend-config-snippet"), and `HAProxy` Ingress ("Configuration snippet", with the two prefixes that it reads unless told otherwise).
fn holds_configuration(key: &str) -> bool {
    let of_haproxy = ["haproxy-ingress.github.io/config-", "ingress.kubernetes.io/config-"];
    key.ends_with("-snippet") || key.ends_with("-snippets") || of_haproxy.iter().any(|prefix| key.starts_with(prefix))
}

/// TLS-005
pub(super) static TLS: OfObjects = OfObjects {
    described: Described {
        spec: CheckSpec {
            id: "TLS-005",
            title: "everything that is opened to the outside is encrypted",
            severity: Severity::High,
            promises: &["P6", "P7"],
            explanation: "Each Ingress: the host of every rule stands in a `tls` entry, itself or by a wildcard; a rule without a host, or a default backend, needs a `tls` entry at all. Each Gateway: every listener of protocol HTTP has one of HTTPS for the same host beside it, and what ends TLS names a certificate. Each Route of OpenShift: it has `tls`, and insecureEdgeTerminationPolicy is not Allow. What is served in truth is TLS-002.",
            remedy: "Add the host and the Secret with its certificate to `tls`, or a listener of protocol HTTPS with certificateRefs.",
        },
        expected: "TLS for every host",
        why: "logins and what is worked with can be read and changed on the way",
    },
    kinds: &[("networking.k8s.io/v1", "Ingress"), ("gateway.networking.k8s.io/v1", "Gateway"), ("route.openshift.io/v1", "Route")],
    judge: |object| match (object.object.kind.as_str(), object.object.group()) {
        ("Ingress", _) => ingress(object),
        ("Gateway", "gateway.networking.k8s.io") => gateway(object),
        ("Route", "route.openshift.io") => route(object),
        _ => Vec::new(),
    },
};

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn ingress(object: &SnapshotObject) -> Vec<Violation> {
    let tls = list(&object.manifest, "/spec/tls");
    let secured: Vec<&str> = tls.iter().flat_map(|entry| list(entry, "/hosts")).filter_map(Value::as_str).collect();
    let mut found = Vec::new();
    for (index, rule) in list(&object.manifest, "/spec/rules").iter().enumerate() {
        match set(rule, "host").and_then(Value::as_str).filter(|host| !host.is_empty()) {
            Some(host) if !secured.iter().any(|name| covers(name, host)) => found.push(Violation::new(format!("/spec/rules/{index}/host"), Some(&host.into()), format!("{host} has no TLS"))),
            None if tls.is_empty() => found.push(Violation::new(format!("/spec/rules/{index}"), None, "a rule for every host has no TLS")),
            _ => {}
        }
    }
    if object.manifest.pointer("/spec/defaultBackend").is_some_and(Value::is_object) && tls.is_empty() {
        found.push(Violation::new("/spec/defaultBackend", None, "the default backend has no TLS"));
    }
    found
}

/// A wildcard stands for one label, the leftmost (Kubernetes API, `IngressRule.host`).
fn covers(name: &str, host: &str) -> bool {
    name.eq_ignore_ascii_case(host) || name.strip_prefix("*.").zip(host.split_once('.')).is_some_and(|(parent, (_, rest))| parent.eq_ignore_ascii_case(rest))
}

fn gateway(object: &SnapshotObject) -> Vec<Violation> {
    let listeners = list(&object.manifest, "/spec/listeners");
    let protocol = |listener: &Value| listener.get("protocol").and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
    let host = |listener: &Value| listener.get("hostname").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let mut found = Vec::new();
    for (index, listener) in listeners.iter().enumerate() {
        let mode = listener.pointer("/tls/mode").and_then(Value::as_str).unwrap_or("Terminate");
        let is_secured = || listeners.iter().any(|other| protocol(other) == "HTTPS" && host(other) == host(listener));
        match protocol(listener).as_str() {
            "HTTP" if !is_secured() => found.push(Violation::new(format!("/spec/listeners/{index}/protocol"), listener.get("protocol"), "a listener without TLS has none with TLS beside it")),
            "HTTPS" | "TLS" if mode == "Terminate" && list(listener, "/tls/certificateRefs").is_empty() && listener.pointer("/tls/options").is_none() => {
                found.push(Violation::new(format!("/spec/listeners/{index}/tls"), listener.get("tls"), "a listener ends TLS and names no certificate"));
            }
            _ => {}
        }
    }
    found
}

fn route(object: &SnapshotObject) -> Vec<Violation> {
    match object.manifest.pointer("/spec/tls").filter(|tls| tls.is_object()) {
        None => vec![Violation::new("/spec/tls", None, "the route has no TLS")],
        Some(tls) => match tls.get("insecureEdgeTerminationPolicy") {
            Some(policy) if policy == "Allow" => vec![Violation::new("/spec/tls/insecureEdgeTerminationPolicy", Some(policy), "the route answers without TLS as well")],
            _ => Vec::new(),
        },
    }
}
