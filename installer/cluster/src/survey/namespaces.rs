//! The namespaces that Airlock would use: labels, whose they are, and which foreign workloads are in them; and those that
//! installations of Airlock use already.

use std::collections::BTreeMap;

use airlock_model::{LiveObject, Namespace, ObjectRef, names};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use crate::{Cluster, ClusterError, PARALLEL};

const WORKLOADS: [(&str, &str); 6] = [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job"), ("batch/v1", "CronJob"), ("v1", "Pod")];

impl Cluster {
    /// Workloads in a namespace that somebody made who is not this installation.
    pub async fn foreign_workloads(&self, namespace: &str, installation: Option<&str>) -> Result<Vec<ObjectRef>, ClusterError> {
        let lists = stream::iter(WORKLOADS).map(|(api_version, kind)| self.list(api_version, kind, Some(namespace), None));
        let workloads: Vec<Vec<LiveObject>> = lists.buffered(PARALLEL).try_collect().await?;
        Ok(workloads.into_iter().flatten().filter(|workload| is_foreign(workload, installation)).map(|workload| workload.object).collect())
    }

    pub(super) async fn namespaces(&self, names: &[String]) -> Result<BTreeMap<String, Namespace>, ClusterError> {
        let read = stream::iter(names).map(|name| async move { Ok::<_, ClusterError>(self.namespace(name).await?.map(|namespace| (name.clone(), namespace))) });
        let found: Vec<Option<(String, Namespace)>> = read.buffered(PARALLEL).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Every namespace of the cluster that the platform of an Airlock installation uses, with the installation's id.
    pub(super) async fn installations(&self) -> Result<BTreeMap<String, String>, ClusterError> {
        let found = self.list("v1", "Namespace", None, Some(names::LABEL_INSTALLATION)).await?;
        // A namespace of an Airflow deployment is none that an installation could be gone on with.
        let of_platform = |live: LiveObject| {
            let mut labels = text_map(&live.manifest, "/metadata/labels");
            if labels.contains_key(names::LABEL_TENANT) { None } else { Some((live.object.name, labels.remove(names::LABEL_INSTALLATION)?)) }
        };
        Ok(found.into_iter().filter_map(of_platform).collect())
    }

    async fn namespace(&self, name: &str) -> Result<Option<Namespace>, ClusterError> {
        let Some(live) = self.get(&ObjectRef::cluster("v1", "Namespace", name)).await? else { return Ok(None) };
        let labels = text_map(&live.manifest, "/metadata/labels");
        let installation = labels.get(names::LABEL_INSTALLATION).cloned();
        let foreign = self.foreign_workloads(name, installation.as_deref()).await?;
        let mut foreign: Vec<String> = foreign.iter().map(|workload| format!("{} {}", workload.kind, workload.name)).collect();
        foreign.sort();
        Ok(Some(Namespace { labels, installation, foreign }))
    }
}

fn text_map(manifest: &Value, pointer: &str) -> BTreeMap<String, String> {
    let entries = manifest.pointer(pointer).and_then(Value::as_object);
    entries.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Somebody made it who is not this installation. What has an owner is counted with that owner.
fn is_foreign(workload: &LiveObject, installation: Option<&str>) -> bool {
    let owned = workload.manifest.pointer("/metadata/ownerReferences").and_then(Value::as_array).is_some_and(|owners| !owners.is_empty());
    let label = workload.manifest.pointer("/metadata/labels").and_then(|labels| labels.get(names::LABEL_INSTALLATION)).and_then(Value::as_str);
    !owned && (installation.is_none() || label != installation)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(metadata: &Value) -> LiveObject {
        LiveObject { object: ObjectRef::namespaced("v1", "Pod", "n", "p"), manifest: json!({"metadata": metadata}), ready: true }
    }

    #[test]
    fn a_workload_is_foreign_unless_it_bears_the_namespaces_installation() {
        let ours = json!({"labels": {"airlock-platform.io/installation": "a1"}});
        assert!(!is_foreign(&pod(&ours), Some("a1")));
        assert!(is_foreign(&pod(&ours), Some("b2")));
        assert!(is_foreign(&pod(&ours), None));
        assert!(is_foreign(&pod(&json!({})), None));
        assert!(!is_foreign(&pod(&json!({"ownerReferences": [{"kind": "ReplicaSet"}]})), None));
    }
}
