//! What made the pods that are judged: workloads with their templates, so that a report can say what admission made of them.

use std::collections::BTreeMap;

use airlock_cluster::Cluster;
use airlock_compliance::makers;
use airlock_model::{SnapshotObject, Templates, with_causes};

/// Reads what the given pods name as their makers, each kind in the namespaces where pods are of it; none where no pod was read.
pub(super) async fn templates(cluster: &Cluster, objects: &BTreeMap<String, Result<Vec<SnapshotObject>, String>>) -> Option<Templates> {
    let pods = objects.get("Pod")?.as_ref().ok()?;
    let mut found = Templates::new();
    for (namespace, maker) in makers(pods) {
        let listed = cluster.list(maker.api_version(), maker.kind(), Some(&namespace), None).await;
        let listed = listed.map(|all| all.into_iter().map(SnapshotObject::from).collect()).map_err(|error| with_causes(&error));
        found.entry(namespace).or_default().insert(maker.kind().to_owned(), listed);
    }
    Some(found)
}
