//! Cluster DNS and the API server as pods reach them: policies see the pods' addresses and ports, not the Service's.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use airlock_model::{ApiServer, ClusterDns, ObjectRef};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

use crate::call::Call;
use crate::read::Selection;
use crate::{Cluster, ClusterError};

const DNS_LABEL: &str = "k8s-app=kube-dns";

fn unreadable(what: &str, reason: impl Into<String>) -> ClusterError {
    ClusterError::Unreadable { what: what.to_owned(), reason: reason.into() }
}

impl Cluster {
    pub(super) async fn cluster_dns(&self) -> Result<ClusterDns, ClusterError> {
        let service = self.dns_service().await?;
        let namespace = service.metadata.namespace.clone().unwrap_or_default();
        let name = service.metadata.name.clone().unwrap_or_default();
        let (slices, node_local) = tokio::join!(self.slices(&namespace, &name), self.node_local());
        let spec = service.spec.clone().unwrap_or_default();
        let cluster_ip = spec.cluster_ip.as_deref().and_then(|ip| ip.parse().ok()).ok_or_else(|| unreadable("the DNS Service", "it has no cluster IP"))?;
        let target_ports = dns_ports(&service, &slices?);
        if target_ports.is_empty() {
            return Err(unreadable("the DNS Service", "it has no port 53 with endpoints"));
        }
        Ok(ClusterDns { namespace, service: name, cluster_ip, selector: spec.selector.unwrap_or_default(), target_ports, node_local: node_local? })
    }

    /// Most clusters keep the label of kube-dns; `OpenShift` names the Service instead.
    async fn dns_service(&self) -> Result<Service, ClusterError> {
        let resource = self.resource("v1", "Service").await?;
        let labelled = Selection { namespace: Some("kube-system"), labels: Some(DNS_LABEL), fields: None };
        let found: Vec<Service> = self.list_as(&resource, labelled).await?;
        if let Some(service) = found.into_iter().find(has_port_53) {
            return Ok(service);
        }
        let call = Call::get(resource.object(Some("openshift-dns"), "dns-default")).needs(resource.right("get", Some("openshift-dns")));
        match self.call(&call).await {
            Ok(reply) => return reply.json("Service openshift-dns/dns-default"),
            Err(ClusterError::NotFound { .. } | ClusterError::Forbidden { .. }) => {}
            Err(error) => return Err(error),
        }
        let anywhere: Vec<Service> = self.list_as(&resource, Selection { labels: Some(DNS_LABEL), ..Selection::default() }).await?;
        anywhere.into_iter().find(has_port_53).ok_or_else(|| unreadable("the DNS Service", format!("no Service is labelled {DNS_LABEL}, and there is no openshift-dns/dns-default")))
    }

    async fn slices(&self, namespace: &str, service: &str) -> Result<Vec<EndpointSlice>, ClusterError> {
        let resource = self.resource("discovery.k8s.io/v1", "EndpointSlice").await?;
        let labels = format!("kubernetes.io/service-name={service}");
        self.list_as(&resource, Selection { namespace: Some(namespace), labels: Some(&labels), fields: None }).await
    }

    async fn node_local(&self) -> Result<Option<IpAddr>, ClusterError> {
        let cache = self.get(&ObjectRef::namespaced("apps/v1", "DaemonSet", "kube-system", "node-local-dns")).await?;
        Ok(cache.as_ref().and_then(|cache| local_ip(&cache.manifest)))
    }

    pub(super) async fn api_server(&self) -> Result<ApiServer, ClusterError> {
        const WHAT: &str = "Service default/kubernetes";
        let resource = self.resource("v1", "Service").await?;
        let call = Call::get(resource.object(Some("default"), "kubernetes")).needs(resource.right("get", Some("default")));
        let (reply, slices) = tokio::join!(self.call(&call), self.slices("default", "kubernetes"));
        let service: Service = reply?.json(WHAT)?;
        let spec = service.spec.unwrap_or_default();
        let ip: IpAddr = spec.cluster_ip.as_deref().and_then(|ip| ip.parse().ok()).ok_or_else(|| unreadable(WHAT, "it has no cluster IP"))?;
        let port = spec.ports.iter().flatten().find_map(|port| u16::try_from(port.port).ok()).ok_or_else(|| unreadable(WHAT, "it has no port"))?;
        let endpoints = endpoints(&slices?);
        if endpoints.is_empty() { Err(unreadable(WHAT, "it has no endpoints")) } else { Ok(ApiServer { service: SocketAddr::new(ip, port), endpoints }) }
    }
}

fn has_port_53(service: &Service) -> bool {
    service.spec.as_ref().and_then(|spec| spec.ports.as_ref()).is_some_and(|ports| ports.iter().any(|port| port.port == 53))
}

/// Every port of the pods behind port 53. Where no pod is there yet, what the Service says.
fn dns_ports(service: &Service, slices: &[EndpointSlice]) -> Vec<u16> {
    let ports: Vec<_> = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).filter(|port| port.port == 53).collect();
    let names: BTreeSet<&str> = ports.iter().map(|port| port.name.as_deref().unwrap_or_default()).collect();
    let behind = slices.iter().flat_map(|slice| slice.ports.iter().flatten()).filter(|port| names.contains(port.name.as_deref().unwrap_or_default())).filter_map(|port| port.port);
    let found: BTreeSet<u16> = behind.filter_map(|port| u16::try_from(port).ok()).collect();
    if !found.is_empty() {
        return found.into_iter().collect();
    }
    let declared: BTreeSet<u16> = ports
        .iter()
        .filter_map(|port| match &port.target_port {
            Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
            Some(IntOrString::String(_)) => None,
            None => u16::try_from(port.port).ok(),
        })
        .collect();
    declared.into_iter().collect()
}

fn endpoints(slices: &[EndpointSlice]) -> Vec<SocketAddr> {
    let mut found = BTreeSet::new();
    for slice in slices {
        for port in slice.ports.iter().flatten().filter_map(|port| port.port).filter_map(|port| u16::try_from(port).ok()) {
            for address in slice.endpoints.iter().flat_map(|endpoint| &endpoint.addresses).filter_map(|address| address.parse::<IpAddr>().ok()) {
                found.insert(SocketAddr::new(address, port));
            }
        }
    }
    found.into_iter().collect()
}

/// The first address after `-localip` of the node-local cache.
fn local_ip(cache: &Value) -> Option<IpAddr> {
    let arguments: Vec<&str> = cache.pointer("/spec/template/spec/containers/0/args")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let at = arguments.iter().position(|argument| argument.trim_start_matches('-') == "localip")?;
    arguments.get(at + 1)?.split(',').find_map(|ip| ip.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(target: &Value) -> Service {
        serde_json::from_value(
            json!({"spec": {"ports": [{"name": "dns", "port": 53, "protocol": "UDP", "targetPort": target}, {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": target},
            {"name": "metrics", "port": 9153, "targetPort": 9153}]}}),
        )
        .unwrap()
    }

    #[test]
    fn dns_ports_are_those_of_the_pods() {
        let slices: Vec<EndpointSlice> = serde_json::from_value(json!([{"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}],
            "ports": [{"name": "dns", "port": 5353, "protocol": "UDP"}, {"name": "dns-tcp", "port": 5353, "protocol": "TCP"}, {"name": "metrics", "port": 9153}]}]))
        .unwrap();
        assert_eq!(dns_ports(&service(&json!("dns")), &slices), [5353]);
        assert_eq!(dns_ports(&service(&json!(1053)), &[]), [1053]);
        assert_eq!(dns_ports(&service(&json!("dns")), &[]), Vec::<u16>::new());
    }

    #[test]
    fn endpoints_are_sorted_and_each_stands_once() {
        let slice = |ip: &str| json!({"addressType": "IPv4", "endpoints": [{"addresses": [ip]}], "ports": [{"port": 6443}]});
        let slices: Vec<EndpointSlice> = serde_json::from_value(json!([slice("10.0.0.2"), slice("10.0.0.1"), slice("10.0.0.2")])).unwrap();
        assert_eq!(endpoints(&slices), ["10.0.0.1:6443".parse().unwrap(), "10.0.0.2:6443".parse().unwrap()]);
    }

    #[test]
    fn the_node_local_cache_names_its_address() {
        let cache = json!({"spec": {"template": {"spec": {"containers": [{"args": ["-localip", "169.254.20.10,10.96.0.10", "-conf", "/etc/Corefile"]}]}}}});
        assert_eq!(local_ip(&cache), Some("169.254.20.10".parse().unwrap()));
    }
}
