//! What the `CronJob` of the attempts has made in one namespace: which pod is heard, and whether it is one of its own.
//!
//! Whoever makes the pods of tasks could make one in the likeness of those. So a pod counts where its Job is of the `CronJob`, and
//! its spec what the `CronJob` asks for, which is what Airlock renders.

use airlock_cluster::Cluster;
use airlock_compliance::{unasked_fields, unrendered_fields};
use airlock_model::{Object, Outcome, SnapshotObject, names, with_causes};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Unsaid, message};

/// Where a `CronJob` has the template of its pods.
const TEMPLATE: &str = "/spec/jobTemplate/spec/template";
/// How many fields are told.
const TOLD: usize = 5;

/// What stands in a namespace.
pub(super) struct Made {
    namespace: String,
    cron_job: Option<SnapshotObject>,
    jobs: Vec<SnapshotObject>,
    pods: Vec<Tried>,
}

impl Made {
    /// Reads it with the rights of the auditor.
    pub(super) async fn listed(cluster: &Cluster, namespace: &str) -> Result<Self, Unsaid> {
        let selector = format!("{}={}", names::LABEL_COMPONENT, names::ATTEMPTS);
        let list = |api_version: &'static str, kind: &'static str, selector: Option<String>| async move {
            let listed = cluster.list(api_version, kind, Some(namespace), selector.as_deref()).await;
            let listed = listed.map_err(|error| Unsaid::Unlisted { kind, namespace: namespace.to_owned(), reason: with_causes(&error) })?;
            Ok(listed.into_iter().map(SnapshotObject::from).collect::<Vec<_>>())
        };
        // A Job that is listed before its pods may have ended since, and its pods are waited for once more.
        let (cron_jobs, jobs) = futures::try_join!(list("batch/v1", "CronJob", Some(selector.clone())), list("batch/v1", "Job", None))?;
        Self::new(namespace, cron_jobs, jobs, list("v1", "Pod", Some(selector)).await?)
    }

    pub(super) fn new(namespace: &str, cron_jobs: Vec<SnapshotObject>, jobs: Vec<SnapshotObject>, pods: Vec<SnapshotObject>) -> Result<Self, Unsaid> {
        let pods = pods.into_iter().map(Tried::read).collect::<Result<_, _>>()?;
        Ok(Self { namespace: namespace.to_owned(), cron_job: cron_jobs.into_iter().find(|cron_job| cron_job.object.name == names::ATTEMPTS), jobs, pods })
    }

    /// Whether a pod may still say something, or another one in its place.
    pub(super) fn is_at_it(&self) -> bool {
        self.pods.iter().any(|pod| matches!(pod.stage(), Stage::AtIt) || self.is_tried_again(pod))
    }

    /// What the pod that ended last said, where it is one of the `CronJob` as it is rendered.
    pub(super) fn said(&self, rendered: &Object, since: Timestamp) -> Result<Vec<Outcome>, Unsaid> {
        let (pod, end) = self.heard(since)?;
        let name = pod.name();
        self.vouch(pod, rendered)?;
        if end.exit_code != 0 {
            let reason = end.message.clone().filter(|message| !message.is_empty()).unwrap_or_else(|| format!("exit code {}", end.exit_code));
            return Err(Unsaid::Failed { pod: name, reason });
        }
        message::read(end.message.as_deref().unwrap_or_default()).map_err(|reason| Unsaid::Unreadable { pod: name, reason })
    }

    /// The pod whose container ended last. One that ended without it (evicted, not admitted by its node) has said nothing, and hides
    /// nothing that was said before.
    fn heard(&self, since: Timestamp) -> Result<(&Tried, &Terminated), Unsaid> {
        let spoke = |pod| if let Stage::Spoke(end) = Tried::stage(pod) { Some((pod, end)) } else { None };
        match self.pods.iter().filter(|pod| !self.is_tried_again(pod)).filter_map(spoke).max_by_key(|(_, end)| end.finished_at) {
            Some((pod, end)) if end.finished_at >= since => Ok((pod, end)),
            _ if self.is_at_it() => Err(Unsaid::NotYet),
            Some((pod, end)) if self.is_suspended() => Err(Unsaid::Suspended { namespace: self.namespace.clone(), pod: pod.name(), at: end.finished_at }),
            Some((pod, end)) => Err(Unsaid::Old { pod: pod.name(), at: end.finished_at }),
            None => match self.pods.iter().max_by_key(|pod| pod.live.manifest.pointer("/metadata/creationTimestamp").and_then(Value::as_str)) {
                Some(pod) => Err(Unsaid::Failed { pod: pod.name(), reason: pod.why() }),
                None => Err(Unsaid::Never { namespace: self.namespace.clone() }),
            },
        }
    }

    /// A failed pod is followed by another one until its Job has come to its end.
    fn is_tried_again(&self, pod: &Tried) -> bool {
        let failed = match pod.stage() {
            Stage::AtIt => false,
            Stage::Spoke(end) => end.exit_code != 0,
            Stage::Silent => true,
        };
        failed && self.job(pod).is_some_and(|job| !has_ended(job))
    }

    fn is_suspended(&self) -> bool {
        self.cron_job.as_ref().is_some_and(|cron_job| cron_job.manifest.pointer("/spec/suspend") == Some(&Value::Bool(true)))
    }

    fn vouch(&self, pod: &Tried, rendered: &Object) -> Result<(), Unsaid> {
        let namespace = || self.namespace.clone();
        let cron_job = self.cron_job.as_ref().ok_or_else(|| Unsaid::NoCronJob { namespace: namespace() })?;
        let (asked, meant) = (cron_job.manifest.pointer(TEMPLATE), rendered.manifest().pointer(TEMPLATE));
        let (asked, meant) = (asked.unwrap_or(&Value::Null), meant.unwrap_or(&Value::Null));
        let changed = unrendered_fields(meant, asked);
        if !changed.is_empty() {
            return Err(Unsaid::Changed { namespace: namespace(), differs: told(&changed) });
        }
        let foreign = |differs: String| Unsaid::Foreign { namespace: namespace(), pod: pod.name(), differs };
        let job = self.job(pod).filter(|job| is_of(&job.manifest, cron_job)).ok_or_else(|| foreign("metadata.ownerReferences".to_owned()))?;
        let unasked = unasked_fields(asked, job, &pod.live);
        if unasked.is_empty() { Ok(()) } else { Err(foreign(told(&unasked))) }
    }

    fn job(&self, pod: &Tried) -> Option<&SnapshotObject> {
        self.jobs.iter().find(|job| is_of(&pod.live.manifest, job))
    }
}

/// Whether an object names another one as its owner. One of the same name that was made anew is another one.
fn is_of(manifest: &Value, maker: &SnapshotObject) -> bool {
    let uid = maker.manifest.pointer("/metadata/uid").filter(|uid| uid.is_string());
    let owners = manifest.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    uid.is_some() && owners.into_iter().flatten().any(|named| named["kind"] == maker.object.kind.as_str() && named["name"] == maker.object.name.as_str() && named.get("uid") == uid)
}

/// Complete, or failed for good (Kubernetes documentation, "Jobs", terminal Job conditions).
fn has_ended(job: &SnapshotObject) -> bool {
    let conditions = job.manifest.pointer("/status/conditions").and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| (condition["type"] == "Complete" || condition["type"] == "Failed") && condition["status"] == "True")
}

/// Names of fields; no value, which may be somebody's secret.
fn told(fields: &[String]) -> String {
    match fields.len().saturating_sub(TOLD) {
        0 => fields.join(", "),
        more => format!("{}, and {more} more", fields[..TOLD].join(", ")),
    }
}

/// A pod that tried.
struct Tried {
    live: SnapshotObject,
    status: Status,
}

/// How far a pod is.
enum Stage<'p> {
    AtIt,
    /// Its container ended.
    Spoke(&'p Terminated),
    /// It ended, and its container never ran to an end.
    Silent,
}

impl Tried {
    fn read(live: SnapshotObject) -> Result<Self, Unsaid> {
        match live.manifest.get("status").map_or_else(|| Ok(Status::default()), Status::deserialize) {
            Ok(status) => Ok(Self { live, status }),
            Err(error) => Err(Unsaid::Unreadable { pod: live.object.name, reason: error.to_string() }),
        }
    }

    fn name(&self) -> String {
        format!("{}/{}", self.live.object.namespace.as_deref().unwrap_or_default(), self.live.object.name)
    }

    fn stage(&self) -> Stage<'_> {
        match self.status.container_statuses.first().and_then(|container| container.state.terminated.as_ref()) {
            Some(end) => Stage::Spoke(end),
            None if self.status.phase == "Failed" || self.status.phase == "Succeeded" => Stage::Silent,
            None => Stage::AtIt,
        }
    }

    /// Why it ended without its container, as the kubelet tells it.
    fn why(&self) -> String {
        match (&self.status.reason, &self.status.message) {
            (Some(reason), Some(message)) => format!("{reason}: {message}"),
            (Some(told), None) | (None, Some(told)) => told.clone(),
            (None, None) => "its container has not run to an end".to_owned(),
        }
    }
}

/// How a pod ended (Kubernetes API reference, `PodStatus`).
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    phase: String,
    reason: Option<String>,
    message: Option<String>,
    #[serde(default)]
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize)]
struct ContainerStatus {
    #[serde(default)]
    state: State,
}

#[derive(Default, Deserialize)]
struct State {
    terminated: Option<Terminated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminated {
    exit_code: i32,
    message: Option<String>,
    finished_at: Timestamp,
}

#[cfg(test)]
mod tests;
