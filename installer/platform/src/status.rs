//! What is installed, ready, and expiring. It reads only.

use std::collections::BTreeSet;

use airlock_cluster::Cluster;
use airlock_model::{AuditResult, CertificateFacts, Fact, HostName, ObjectRef, Record, names};
use serde::Serialize;
use serde_json::Value;

use crate::requirements::hosts;
use crate::{PlatformError, audit, observe, verify};

/// The state of an installation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The record.
    pub record: Record,
    /// How the last audit ended; none: the answers ask for no auditor.
    pub audit: Option<Fact<AuditResult>>,
    /// Workloads with their state.
    pub components: Vec<ComponentStatus>,
    /// Hosts that are served, the base domain among them, with the address of the edge.
    pub hosts: Vec<HostStatus>,
    /// Certificates by Secret.
    pub certificates: Vec<CertificateStatus>,
}

/// A workload.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentStatus {
    /// Which.
    pub object: ObjectRef,
    /// Exists and is ready.
    pub ready: bool,
    /// Images that its pods run.
    pub images: Vec<String>,
}

/// A host.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostStatus {
    /// The host.
    pub host: String,
    /// Addresses of the edge's Service; empty when it has none.
    pub addresses: Vec<String>,
}

/// A certificate.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateStatus {
    /// Its Secret.
    pub secret: ObjectRef,
    /// What it says; none when it cannot be read as one.
    pub facts: Option<CertificateFacts>,
}

/// Reads the state of the installation in a namespace.
pub async fn status(cluster: &Cluster, namespace: &str) -> Result<Status, PlatformError> {
    let (record, answers) = verify::recorded(cluster, namespace).await?;
    let inventory = airlock_engine::record::read_inventory(cluster, namespace).await?;
    let is_workload = |object: &&ObjectRef| matches!(object.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet");
    let workloads: Vec<ObjectRef> = inventory.objects.iter().filter(is_workload).cloned().collect();
    let live = cluster.get_all(&workloads).await?;
    let components = workloads
        .into_iter()
        .map(|object| {
            let found = live.iter().find(|live| live.object == object);
            ComponentStatus { ready: found.is_some_and(|live| live.ready), images: found.map(|live| images(&live.manifest)).unwrap_or_default(), object }
        })
        .collect();
    let service = cluster.get(&ObjectRef::namespaced("v1", "Service", namespace, "edge")).await?;
    let addresses = service.as_ref().map(|live| addresses(&live.manifest)).unwrap_or_default();
    let served: BTreeSet<HostName> = hosts(&answers)?.into_values().flatten().chain([answers.base()?]).collect();
    let hosts = served.iter().map(|host| HostStatus { host: host.to_string(), addresses: addresses.clone() }).collect();
    let mut certificates = Vec::new();
    for object in inventory.objects.iter().filter(|object| object.kind == "Secret") {
        let Some(secret) = cluster.secret(namespace, &object.name).await? else { continue };
        if secret.data.contains_key("tls.crt") {
            certificates.push(CertificateStatus { secret: object.clone(), facts: observe::certificate_facts(&secret) });
        }
    }
    let audit = audit::last_of(cluster, namespace, &answers).await?;
    Ok(Status { record, audit, components, hosts, certificates })
}

fn images(manifest: &Value) -> Vec<String> {
    let containers = manifest.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    containers.into_iter().flatten().filter_map(|container| container.get("image").and_then(Value::as_str).map(str::to_owned)).collect()
}

/// Addresses that a Service of type `LoadBalancer` was given.
pub(crate) fn addresses(service: &Value) -> Vec<String> {
    let ingress = service.pointer("/status/loadBalancer/ingress").and_then(Value::as_array);
    ingress.into_iter().flatten().filter_map(|entry| entry.get("ip").or_else(|| entry.get("hostname")).and_then(Value::as_str).map(str::to_owned)).collect()
}

/// Labels that select the objects of one installation.
pub(crate) fn selector(installation: &str) -> String {
    format!("{}={installation}", names::LABEL_INSTALLATION)
}
