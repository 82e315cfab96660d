//! Which Airflow deployments there are, and how they are: by the labels of their namespaces and their own records.

use airlock_cluster::Cluster;
use airlock_model::{AirflowDeployment, DeploymentName, HostName, ObjectRef, Plan, Record, names};
use futures::{TryStreamExt, stream};
use serde::Serialize;
use serde_json::Value;

use super::Platform;
use crate::PlatformError;

/// Deployments that are looked at at the same time.
const AT_ONCE: usize = 8;

/// One deployment as it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentStatus {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its host; none while its name is not known to be one.
    pub host: Option<HostName>,
    /// Its document, as it was applied last; none when no run has come so far.
    pub deployment: Option<AirflowDeployment>,
    /// Its record.
    pub record: Option<Record>,
    /// Its parts.
    pub parts: Vec<PartStatus>,
}

impl DeploymentStatus {
    /// The last run was carried out to its end, and every part is ready.
    pub fn is_ready(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.complete) && !self.parts.is_empty() && self.parts.iter().all(|part| part.ready)
    }
}

/// A workload of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartStatus {
    /// Which.
    pub object: ObjectRef,
    /// It runs as its manifest says.
    pub ready: bool,
}

/// All deployments of the platform, by name.
pub async fn list(cluster: &Cluster, platform: &str) -> Result<Vec<DeploymentStatus>, PlatformError> {
    let platform = Platform::read(cluster, platform).await?;
    let found = namespaces(cluster, &platform.record.installation).await?;
    stream::iter(found.into_iter().map(Ok)).map_ok(|(name, namespace)| status(cluster, &platform, name, namespace)).try_buffered(AT_ONCE).try_collect().await
}

/// One deployment.
pub async fn show(cluster: &Cluster, platform: &str, name: &DeploymentName) -> Result<DeploymentStatus, PlatformError> {
    let platform = Platform::read(cluster, platform).await?;
    let found = namespaces(cluster, &platform.record.installation).await?;
    let (name, namespace) = found.into_iter().find(|(found, _)| found == name.as_str()).ok_or_else(|| PlatformError::NoDeployment { name: name.to_string() })?;
    status(cluster, &platform, name, namespace).await
}

/// Names of the deployments that the platform, as it is now, would make otherwise than they are, by the documents that were applied
/// last. One that no run has come to the end of is not among them.
pub async fn behind(cluster: &Cluster, platform: &str) -> Result<Vec<String>, PlatformError> {
    let platform = match Platform::read(cluster, platform).await {
        Err(PlatformError::NoDatabase) => return Ok(Vec::new()),
        read => read?,
    };
    let found = namespaces(cluster, &platform.record.installation).await?;
    let named = stream::iter(found.into_iter().map(Ok)).map_ok(|(name, namespace)| is_behind(cluster, &platform, name, namespace));
    named.try_buffered(AT_ONCE).try_filter_map(|name| async { Ok(name) }).try_collect().await
}

async fn is_behind(cluster: &Cluster, platform: &Platform, name: String, namespace: String) -> Result<Option<String>, PlatformError> {
    let drafted = Box::pin(drafted(cluster, platform, &namespace)).await?;
    Ok(drafted.filter(|(_, plan)| !plan.is_empty()).map(|_| name))
}

/// The record of a deployment, and the plan for the document in it, which is not rehearsed; none where no run has come to its end.
pub(crate) async fn drafted(cluster: &Cluster, platform: &Platform, namespace: &str) -> Result<Option<(Record, Plan)>, PlatformError> {
    let Some(record) = airlock_engine::record::read(cluster, namespace).await?.filter(|record| record.complete) else { return Ok(None) };
    let deployment: AirflowDeployment = serde_json::from_value(record.answers.clone())?;
    let plan = Box::pin(super::draft(cluster, platform, &deployment)).await?.plan;
    Ok(Some((record, plan)))
}

/// Names and namespaces of the deployments of an installation, by name.
pub(crate) async fn namespaces(cluster: &Cluster, installation: &str) -> Result<Vec<(String, String)>, PlatformError> {
    let selector = format!("{}={installation},{}", names::LABEL_INSTALLATION, names::LABEL_TENANT);
    let found = cluster.list("v1", "Namespace", None, Some(&selector)).await?;
    let mut named: Vec<(String, String)> = found.into_iter().filter_map(|live| Some((live.manifest["metadata"]["labels"][names::LABEL_TENANT].as_str()?.to_owned(), live.object.name))).collect();
    named.sort();
    Ok(named)
}

async fn status(cluster: &Cluster, platform: &Platform, name: String, namespace: String) -> Result<DeploymentStatus, PlatformError> {
    let record = airlock_engine::record::read(cluster, &namespace).await?;
    let deployment = record.as_ref().filter(|record| !record.answers.is_null()).map(|record| serde_json::from_value(record.answers.clone())).transpose()?;
    let base = platform.answers.base()?;
    let host = name.parse().ok().map(|name| platform.answers.hosts.tenant_host(&name, &base)).transpose()?;
    let kinds = ["Deployment", "StatefulSet"].map(|kind| parts(cluster, &namespace, kind));
    let parts: Vec<Vec<PartStatus>> = futures::future::try_join_all(kinds).await?;
    Ok(DeploymentStatus { name, namespace, host, deployment, record, parts: parts.into_iter().flatten().collect() })
}

async fn parts(cluster: &Cluster, namespace: &str, kind: &str) -> Result<Vec<PartStatus>, PlatformError> {
    let of_ours = format!("{}={}", names::LABEL_PART_OF, names::PRODUCT);
    let found = cluster.list("apps/v1", kind, Some(namespace), Some(&of_ours)).await?;
    Ok(found.into_iter().map(|live| PartStatus { ready: live.ready && live.manifest.pointer("/spec/replicas").and_then(Value::as_u64) != Some(0), object: live.object }).collect())
}
