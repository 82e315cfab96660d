//! Services, and what an ingress controller leads to through them.

use std::net::IpAddr;

use airlock_model::ObjectRef;
use serde::Deserialize;
use serde_json::Value;

use super::ports::{PortSet, Protocol};
use super::selector::Labels;
use super::workloads::{Pod, namespace_of};

/// A Service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Service {
    pub(crate) object: ObjectRef,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// None: its endpoints are somebody else's business.
    pub(crate) selector: Option<Labels>,
    pub(crate) ports: Vec<ServicePort>,
    pub(crate) cluster_addresses: Vec<IpAddr>,
}

/// A port of a Service and where it leads in a pod.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServicePort {
    name: Option<String>,
    protocol: Protocol,
    number: u16,
    target: PortName,
}

/// A port by number or name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum PortName {
    Number(u16),
    Name(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    selector: Option<Labels>,
    ports: Option<Vec<WrittenPort>>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Option<String>,
    #[serde(rename = "clusterIPs")]
    cluster_ips: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenPort {
    name: Option<String>,
    protocol: Option<String>,
    port: u16,
    target_port: Option<PortName>,
}

impl Service {
    pub(crate) fn read(object: &ObjectRef, manifest: &Value) -> Result<Self, String> {
        let spec = Spec::deserialize(manifest.get("spec").ok_or("it has no spec")?).map_err(|error| error.to_string())?;
        // `None` as an address makes it headless.
        let addresses = spec.cluster_ip.iter().chain(spec.cluster_ips.iter().flatten()).filter_map(|text| text.parse().ok());
        let mut cluster_addresses: Vec<IpAddr> = addresses.collect();
        cluster_addresses.sort_unstable();
        cluster_addresses.dedup();
        let port = |port: WrittenPort| {
            let target = port.target_port.unwrap_or(PortName::Number(port.port));
            Ok(ServicePort { name: port.name, protocol: Protocol::named(port.protocol.as_deref())?, number: port.port, target })
        };
        Ok(Self {
            object: object.clone(),
            namespace: namespace_of(object).to_owned(),
            name: object.name.clone(),
            selector: spec.selector.filter(|labels| !labels.is_empty()),
            ports: spec.ports.unwrap_or_default().into_iter().map(port).collect::<Result<_, String>>()?,
            cluster_addresses,
        })
    }

    /// The ports of a pod that one of its ports leads to, or all of them when none is named.
    pub(crate) fn targets(&self, port: Option<&PortName>, pod: &Pod) -> PortSet {
        let is_meant = |candidate: &&ServicePort| match port {
            None => true,
            Some(PortName::Number(number)) => candidate.number == *number,
            Some(PortName::Name(name)) => candidate.name.as_ref() == Some(name),
        };
        self.ports.iter().filter(is_meant).fold(PortSet::default(), |all, port| all.union(&port.at(pod)))
    }
}

impl ServicePort {
    fn at(&self, pod: &Pod) -> PortSet {
        match &self.target {
            PortName::Number(number) => PortSet::range(self.protocol, *number, *number),
            PortName::Name(name) => {
                let meant = pod.ports.iter().filter(|port| port.name == *name && port.protocol == self.protocol);
                meant.fold(PortSet::default(), |all, port| all.union(&PortSet::range(port.protocol, port.number, port.number)))
            }
        }
    }
}

/// A Service that an ingress controller leads to, and its port.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Backend {
    pub(crate) namespace: String,
    pub(crate) service: String,
    /// None: any of its ports.
    pub(crate) port: Option<PortName>,
}

/// What an `Ingress`, a `Route` of `OpenShift`, or a route of the Gateway API leads to; nothing of other kinds.
pub(crate) fn backends(object: &ObjectRef, manifest: &Value) -> Vec<Backend> {
    let Some(spec) = manifest.get("spec") else { return Vec::new() };
    let namespace = namespace_of(object);
    match (object.group(), object.kind.as_str()) {
        ("networking.k8s.io" | "extensions", "Ingress") => {
            let paths = each(spec, "rules").flat_map(|rule| rule.get("http").into_iter().flat_map(|http| each(http, "paths"))).filter_map(|path| path.get("backend"));
            let default = [spec.get("defaultBackend"), spec.get("backend")].into_iter().flatten();
            default.chain(paths).filter_map(|backend| of_ingress(namespace, backend)).collect()
        }
        ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" | "UDPRoute") => {
            each(spec, "rules").flat_map(|rule| each(rule, "backendRefs")).filter_map(|backend| of_gateway(namespace, backend)).collect()
        }
        ("route.openshift.io", "Route") => {
            // The port of a Route is the target port of its Service, and one Service is one program: all ports are taken.
            spec.get("to").into_iter().chain(each(spec, "alternateBackends")).filter_map(|to| Some(Backend { namespace: namespace.to_owned(), service: text(to, "name")?, port: None })).collect()
        }
        _ => Vec::new(),
    }
}

fn of_ingress(namespace: &str, backend: &Value) -> Option<Backend> {
    let port = |value: Option<&Value>| value.and_then(|value| PortName::deserialize(value).ok());
    if let Some(service) = backend.get("service") {
        let of_service = |key: &str| port(service.get("port").and_then(|port| port.get(key)));
        return Some(Backend { namespace: namespace.to_owned(), service: text(service, "name")?, port: of_service("number").or_else(|| of_service("name")) });
    }
    // The form of v1beta1.
    Some(Backend { namespace: namespace.to_owned(), service: text(backend, "serviceName")?, port: port(backend.get("servicePort")) })
}

fn of_gateway(namespace: &str, backend: &Value) -> Option<Backend> {
    let is_service = backend.get("kind").is_none_or(|kind| kind.as_str() == Some("Service"));
    let port = backend.get("port").and_then(|port| PortName::deserialize(port).ok());
    is_service.then_some(Backend { namespace: text(backend, "namespace").unwrap_or_else(|| namespace.to_owned()), service: text(backend, "name")?, port })
}

fn each<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}
