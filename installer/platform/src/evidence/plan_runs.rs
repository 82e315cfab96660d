//! Which plans were carried out, as the journals in the installation's namespaces tell. What cannot be read is unverified with the
//! reason, and keeps nobody from judging.

use std::collections::BTreeMap;

use airlock_cluster::Cluster;
use airlock_engine::record::read_plan_runs;
use airlock_model::{Fact, PlanRun, Record, with_causes};
use futures::{StreamExt, stream};

use crate::{PlatformError, verify};

/// Namespaces that are looked at at the same time.
const AT_ONCE: usize = 8;
/// Characters of a reason that are kept: it may repeat what somebody wrote into a `ConfigMap`.
const LONGEST_REASON: usize = 1000;

/// By namespace: the platform's, and those of its Airflow deployments.
pub(crate) async fn of_installation(cluster: &Cluster, platform: &str, record: &Record) -> Fact<BTreeMap<String, Fact<Vec<PlanRun>>>> {
    let namespaces = match namespaces(cluster, platform, record).await {
        Ok(namespaces) => namespaces,
        Err(error) => return Fact::Unverified(reason(&error)),
    };
    let read = |namespace: String| async move {
        let runs = read_plan_runs(cluster, &namespace).await.map_or_else(|error| Fact::Unverified(reason(&error)), Fact::Known);
        (namespace, runs)
    };
    Fact::Known(stream::iter(namespaces).map(read).buffer_unordered(AT_ONCE).collect().await)
}

async fn namespaces(cluster: &Cluster, platform: &str, record: &Record) -> Result<Vec<String>, PlatformError> {
    let deployments = verify::deployments(cluster, &serde_json::from_value(record.answers.clone())?).await?;
    Ok(std::iter::once(platform.to_owned()).chain(deployments.into_iter().map(|deployment| deployment.namespace)).collect())
}

fn reason(error: &dyn std::error::Error) -> String {
    with_causes(error).chars().take(LONGEST_REASON).collect()
}
