//! A renewal that a person asks for: the renewer's own Job at another time, with its account, its rights, and its way to the servers.

use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_engine::Halt;
use airlock_model::{Object, ObjectRef, Untrusted, names, with_causes};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{RenewalLine, chosen, renewables};
use crate::PlatformError;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// As long as the Job itself may take.
const WITHIN: Duration = Duration::from_hours(1);
/// Then it goes with its pod.
const KEPT_SECONDS: u32 = 600;

/// Lets the renewer look at these certificates now, or at all, and says what became of each. A wish to stop ends the wait; the
/// Job goes on and ends by itself.
pub async fn renew_now(cluster: &Cluster, namespace: &str, only: &[String], force: bool, halt: &Halt) -> Result<Vec<RenewalLine>, PlatformError> {
    chosen(renewables(cluster, namespace).await?, namespace, only)?;
    let at = ObjectRef::namespaced("batch/v1", "CronJob", namespace, names::RENEWER);
    let renewer = cluster.get(&at).await?.ok_or_else(|| PlatformError::NotInstalled { namespace: namespace.to_owned() })?;
    let job = job(&renewer.manifest, only, force, &format!("{}-by-hand-{}", names::RENEWER, jiff::Timestamp::now().as_second()))
        .ok_or_else(|| silent(names::RENEWER, "its CronJob is not as it was installed"))?;
    halt.checkpoint()?;
    cluster.create(&job).await?;
    let began = Instant::now();
    while began.elapsed() < WITHIN {
        let live = halt.or(cluster.get(job.reference())).await??;
        let ended = live.as_ref().is_none_or(|live| ["succeeded", "failed"].iter().any(|count| live.manifest["status"][count].as_u64().unwrap_or_default() > 0));
        if ended {
            return said(cluster, job.reference()).await;
        }
        halt.or(sleep(LOOK_EVERY)).await?;
    }
    Err(silent(&job.reference().name, "it did not end within an hour"))
}

/// The Job that the renewer's `CronJob` would make, with what was asked for. None where it is not as it was installed.
fn job(renewer: &Value, only: &[String], force: bool, name: &str) -> Option<Object> {
    let mut spec = renewer.pointer("/spec/jobTemplate/spec")?.clone();
    spec["ttlSecondsAfterFinished"] = json!(KEPT_SECONDS);
    let arguments = spec.pointer_mut("/template/spec/containers/0/args")?.as_array_mut()?;
    if force {
        arguments.push(json!("--force"));
    }
    arguments.extend(only.iter().map(|name| json!(name)));
    let metadata = json!({ "name": name, "namespace": renewer["metadata"]["namespace"], "labels": renewer["metadata"]["labels"] });
    Object::new(json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec })).ok()
}

/// Its pod's log holds its result.
async fn said(cluster: &Cluster, job: &ObjectRef) -> Result<Vec<RenewalLine>, PlatformError> {
    let pods = cluster.list("v1", "Pod", job.namespace.as_deref(), Some(&format!("batch.kubernetes.io/job-name={}", job.name))).await?;
    let pod = pods.first().ok_or_else(|| silent(&job.name, "it made no pod"))?;
    let log = cluster.pod_log(&pod.object, None).await.map_err(|error| silent(&job.name, &with_causes(&error)))?;
    result(&log).ok_or_else(|| silent(&job.name, log.lines().find(|line| line.starts_with("error")).or_else(|| log.lines().last()).unwrap_or_default()))
}

/// Talk and result come by two ways, so that either may be the last line.
fn result(log: &str) -> Option<Vec<RenewalLine>> {
    log.lines().find_map(|line| serde_json::from_str(line).ok())
}

fn silent(job: &str, reason: &str) -> PlatformError {
    PlatformError::RenewerSilent { job: job.to_owned(), reason: Untrusted::from(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_job_is_the_renewers_own_with_what_was_asked_for() {
        let renewer = json!({
            "metadata": { "name": "renewer", "namespace": "airlock", "labels": { "app": "renewer" } },
            "spec": { "schedule": "1 */12 * * *", "jobTemplate": { "spec": { "backoffLimit": 0, "template": { "spec": { "serviceAccountName": "renewer", "containers": [{ "name": "renew", "args": ["renew"] }] } } } } },
        });
        let job = job(&renewer, &["registry-tls".to_owned()], true, "renewer-by-hand-1").unwrap();
        assert_eq!(job.manifest()["spec"]["template"]["spec"]["containers"][0]["args"], json!(["renew", "--force", "registry-tls"]));
        assert_eq!(job.manifest()["spec"]["template"]["spec"]["serviceAccountName"], "renewer");
        assert_eq!((&job.manifest()["metadata"]["namespace"], &job.manifest()["metadata"]["labels"]["app"]), (&json!("airlock"), &json!("renewer")));
        assert_eq!(super::job(&json!({}), &[], false, "x"), None);
    }

    #[test]
    fn the_result_is_found_wherever_it_stands_in_the_log() {
        let line = r#"[{"secret":"registry-tls","outcome":"not-due","due":"2027-01-23T00:00:00Z"}]"#;
        assert_eq!(result(&format!("{line}\n  ✓ registry-tls: good")), result(line));
        assert_eq!(result(line).unwrap()[0].secret, "registry-tls");
        assert_eq!(result("error[x]: no"), None);
    }
}
