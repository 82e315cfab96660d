//! What templates can speak of. A name that stands here and nowhere in the templates, or the other way round, is a mistake.

use std::collections::BTreeMap;

use airlock_model::HostName;
use airlock_model::answers::{Answers, Exposure};
use serde::Serialize;
use serde_json::Value;

use crate::RenderError;
use crate::component::{ComponentSpec, Place};

/// What is the same for all components of one render.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shared {
    /// The answers as they are written.
    pub answers: Value,
    /// The base domain.
    pub base: HostName,
    /// Names of the namespaces.
    pub namespaces: NamespaceNames,
    /// Hosts by the name in the host pattern.
    pub hosts: BTreeMap<String, HostName>,
    /// What the edge passes on, in the order of their names.
    pub sites: Vec<Site>,
    /// Some component is served on the base domain itself.
    pub base_is_site: bool,
    /// Type of the edge's Service.
    pub edge_service_type: &'static str,
}

/// Names of the namespaces.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NamespaceNames {
    pub platform: String,
    pub probes: String,
}

/// A host and the Service behind it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Site {
    /// Name in the host pattern, and of the upstream.
    pub name: String,
    /// The component behind it.
    pub component: String,
    /// The host.
    pub host: HostName,
    /// The Service's name, complete up to the cluster domain, which need not be known: the resolver of each pod adds it.
    pub service: String,
    /// Service and port.
    pub upstream: String,
    /// How the edge names the upstream.
    pub url: String,
}

/// What one component's templates can speak of.
#[derive(Debug, Serialize)]
pub(crate) struct Values<'a> {
    #[serde(flatten)]
    pub shared: &'a Shared,
    /// Pods of this component.
    pub replicas: u32,
}

impl NamespaceNames {
    /// The namespace of a place.
    pub(crate) fn at(&self, place: Place) -> &str {
        match place {
            Place::Platform => &self.platform,
            Place::Probes => &self.probes,
        }
    }
}

impl Shared {
    /// Gathers what follows from the answers and the installed components.
    pub(crate) fn new(answers: &Answers, answers_json: Value, base: &HostName, installed: &[ComponentSpec]) -> Result<Self, RenderError> {
        let namespaces = namespaces(answers)?;
        let mut hosts: BTreeMap<String, HostName> = BTreeMap::new();
        let mut sites = Vec::new();
        for spec in installed {
            for (name, declared) in &spec.hosts {
                let host = answers.hosts.host(name, base)?;
                if let Some((first, _)) = hosts.iter().find(|(_, other)| **other == host) {
                    return Err(RenderError::SameHost { host: host.to_string(), first: first.clone(), second: name.clone() });
                }
                hosts.insert(name.clone(), host.clone());
                let service = service_name(&spec.name, namespaces.at(spec.namespace));
                let upstream = format!("{service}:{}", declared.port);
                sites.push(Site { name: name.clone(), component: spec.name.clone(), host, service, upstream, url: format!("https://{name}") });
            }
        }
        let edge_service_type = match answers.edge.exposure {
            Exposure::LoadBalancer => "LoadBalancer",
            Exposure::NodePort => "NodePort",
            Exposure::Ingress | Exposure::Gateway | Exposure::Route => "ClusterIP",
        };
        let base_is_site = hosts.values().any(|host| host == base);
        Ok(Self { answers: answers_json, base: base.clone(), namespaces, hosts, sites, base_is_site, edge_service_type })
    }
}

/// The Service of a component as other pods name it.
pub(crate) fn service_name(component: &str, namespace: &str) -> String {
    format!("{component}.{namespace}.svc")
}

/// An override of a host that no component has would be ignored. Components that are not installed count as well.
pub(crate) fn check_overrides(answers: &Answers, known: &[ComponentSpec]) -> Result<(), RenderError> {
    let names: Vec<&str> = known.iter().flat_map(|spec| spec.hosts.keys().map(String::as_str)).collect();
    let Some(name) = answers.hosts.overrides.keys().find(|name| !names.contains(&name.as_str())) else { return Ok(()) };
    let nearest = names.iter().map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), known), *known)).filter(|(distance, _)| *distance <= 3).min();
    Err(RenderError::HostUnknown { name: name.clone(), nearest: nearest.map(|(_, known)| known.to_owned()), known: names.join(", ") })
}

fn namespaces(answers: &Answers) -> Result<NamespaceNames, RenderError> {
    let valid = |name: &str| {
        let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = name.as_bytes();
        (1..=63).contains(&bytes.len()) && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-') && bytes.first().is_some_and(alphanumeric) && bytes.last().is_some_and(alphanumeric)
    };
    let take = |key: &'static str, name: &str| if valid(name) { Ok(name.to_owned()) } else { Err(RenderError::NamespaceName { key, name: name.to_owned() }) };
    Ok(NamespaceNames { platform: take("platform", &answers.namespaces.platform)?, probes: take("probes", &answers.namespaces.probes)? })
}
