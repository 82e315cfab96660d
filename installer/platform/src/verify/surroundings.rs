//! What stands around an installation that attempts are aimed at: nodes, and Services of the platform.

use airlock_cluster::Cluster;
use airlock_model::{LiveObject, WorldNode, WorldService, with_causes};
use serde_json::Value;

/// The nodes by name; what kept them from being read is the error.
pub(super) async fn nodes(cluster: &Cluster) -> Result<Vec<WorldNode>, String> {
    let listed = cluster.list("v1", "Node", None, None).await.map_err(|error| with_causes(&error))?;
    let read = |node: LiveObject| {
        let addresses = |kind: &str| addresses(&node.manifest, kind);
        WorldNode { addresses: addresses("InternalIP"), external_addresses: addresses("ExternalIP"), pool: airlock_cluster::usable_pool(&node), name: node.object.name }
    };
    let mut nodes: Vec<WorldNode> = listed.into_iter().map(read).collect();
    nodes.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(nodes)
}

/// The Services of a namespace by name; what kept them from being read is the error.
pub(super) async fn services(cluster: &Cluster, namespace: &str) -> Result<Vec<WorldService>, String> {
    let listed = cluster.list("v1", "Service", Some(namespace), None).await.map_err(|error| with_causes(&error))?;
    let mut services: Vec<WorldService> = listed.into_iter().map(|service| WorldService { ports: tcp_ports(&service.manifest), name: service.object.name }).collect();
    services.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(services)
}

/// Host and port of the API server, from its address in the kubeconfig; HTTPS has a port of its own (RFC 9110 §4.2.2).
pub(super) fn api_server(server: &str) -> Option<(String, u16)> {
    let (is_plain, rest) = server.strip_prefix("https://").map(|rest| (false, rest)).or_else(|| server.strip_prefix("http://").map(|rest| (true, rest)))?;
    let authority = rest.split(['/', '?']).next()?;
    let usual = if is_plain { 80 } else { 443 };
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Ok(usual), str::parse).ok()?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn addresses(node: &Value, kind: &str) -> Vec<String> {
    let addresses = node.pointer("/status/addresses").and_then(Value::as_array).into_iter().flatten();
    addresses.filter(|address| address["type"] == kind).filter_map(|address| address["address"].as_str().map(str::to_owned)).collect()
}

/// TCP is what a port is that names no protocol (Kubernetes API, `ServicePort`). A name for a host elsewhere has no ports of its own.
fn tcp_ports(service: &Value) -> Vec<u16> {
    if service.pointer("/spec/type").is_some_and(|kind| kind == "ExternalName") {
        return Vec::new();
    }
    let ports = service.pointer("/spec/ports").and_then(Value::as_array).into_iter().flatten();
    let is_tcp = |port: &&Value| port.get("protocol").is_none_or(|protocol| protocol == "TCP");
    ports.filter(is_tcp).filter_map(|port| port["port"].as_u64().and_then(|port| u16::try_from(port).ok())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_of_a_node_are_told_apart_by_their_kind() {
        let node = json!({ "status": { "addresses": [{ "type": "Hostname", "address": "n" }, { "type": "InternalIP", "address": "10.0.0.1" }, { "type": "ExternalIP", "address": "192.0.2.1" }, { "type": "InternalIP", "address": "fd00::1" }] } });
        assert_eq!(addresses(&node, "InternalIP"), ["10.0.0.1", "fd00::1"]);
        assert_eq!(addresses(&node, "ExternalIP"), ["192.0.2.1"]);
        assert_eq!(addresses(&json!({}), "InternalIP"), Vec::<String>::new());
    }

    #[test]
    fn the_api_server_is_the_host_and_port_of_its_address() {
        for (server, read) in [
            ("https://10.0.0.1:6443", Some(("10.0.0.1", 6443))),
            ("https://api.example.com", Some(("api.example.com", 443))),
            ("https://api.example.com/k8s/clusters/c-1", Some(("api.example.com", 443))),
            ("https://[fd00::1]:6443/", Some(("fd00::1", 6443))),
            ("https://[fd00::1]", Some(("fd00::1", 443))),
            ("http://127.0.0.1:8001", Some(("127.0.0.1", 8001))),
            ("https://api.example.com:many", None),
            ("https://", None),
            ("api.example.com", None),
        ] {
            assert_eq!(api_server(server), read.map(|(host, port)| (host.to_owned(), port)), "{server}");
        }
    }

    #[test]
    fn of_a_service_its_tcp_ports_count_and_of_a_name_none() {
        let ports = json!([{ "port": 443 }, { "port": 5432, "protocol": "TCP" }, { "port": 53, "protocol": "UDP" }]);
        assert_eq!(tcp_ports(&json!({ "spec": { "ports": ports } })), [443, 5432]);
        assert_eq!(tcp_ports(&json!({ "spec": { "type": "ExternalName", "ports": ports } })), Vec::<u16>::new());
    }
}
