//! DNS-001, API-001: the peers that every `NetworkPolicy` must name were found.

use airlock_model::{CheckSpec, Finding, Severity, Snapshot};

use super::{Judged, Preflight, either, facts, known};
use crate::described::Described;

pub(super) static DNS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "DNS-001",
            title: "cluster DNS was found",
            severity: Severity::High,
            promises: &["P3"],
            explanation: "The Service in front of cluster DNS, the labels of its pods, the ports on which they listen, and a node-local cache where one runs. Policies see the pods' ports, not the Service's.",
            remedy: "Say where it is with `network.peers.dns` in the answers: namespace, selector, ports.",
        },
        expected: "a Service with selector and target ports",
        why: "the policies could not let pods resolve names, and nothing would find anything",
    },
    judge: |check, given| either(dns(check, given)),
};

fn dns(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    const SUBJECT: &str = "cluster DNS";
    let found = known(check, SUBJECT, &facts(check, given)?.dns)?;
    let ports: Vec<String> = found.target_ports.iter().map(u16::to_string).collect();
    let cache = found.node_local.map(|address| format!(", node-local cache at {address}")).unwrap_or_default();
    let observed = format!("Service {}/{} at {}, pods listen on {}{cache}", found.namespace, found.service, found.cluster_ip, ports.join(", "));
    Ok(vec![if found.selector.is_empty() || ports.is_empty() { check.fail(SUBJECT, format!("{observed}; selector or ports are missing")) } else { check.pass(SUBJECT, observed) }])
}

pub(super) static API_SERVER: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "API-001",
            title: "the API server's addresses were found",
            // Only components with rights connect there; an install without them goes on.
            severity: Severity::Medium,
            promises: &["P3"],
            explanation: "The addresses behind the Service `kubernetes`. Policies of components that use the Kubernetes API name these, since enforcement sees them instead of the Service's.",
            remedy: "Say where it is with `network.peers.apiServer` in the answers: address and port of each API server.",
        },
        expected: "at least one address",
        why: "components that use the Kubernetes API would be cut off from it",
    },
    judge: |check, given| either(api_server(check, given)),
};

fn api_server(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    const SUBJECT: &str = "API server";
    let found = known(check, SUBJECT, &facts(check, given)?.api_server)?;
    let addresses: Vec<String> = found.endpoints.iter().map(ToString::to_string).collect();
    Ok(vec![if addresses.is_empty() {
        check.fail(SUBJECT, format!("no address stands behind {}", found.service))
    } else {
        check.pass(SUBJECT, format!("{} behind {}", addresses.join(", "), found.service))
    }])
}
