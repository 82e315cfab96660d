//! Why a Deployment, `StatefulSet`, `DaemonSet`, or Job is not ready: its pods say, or nobody may make them.

use std::collections::BTreeMap;

use airlock_model::LiveObject;
use k8s_openapi::api::core::v1::{Event, Pod};
use serde_json::Value;

use super::{Cause, Patience, event, one_line, pod};
use crate::observe::Surroundings;

/// The cause. Of several pods, the one that leaves the least hope speaks.
pub(super) fn cause(live: &LiveObject, around: &Surroundings) -> Cause {
    let pods = pods_of(live, around);
    let of_pods = pods.iter().filter(|pod| !is_ready(pod)).map(|pod| blocking(live, pod, pod::cause(pod, around))).min_by_key(|cause| cause.patience);
    if let Some(failed) = ended(live) {
        let words = of_pods.map(|cause| format!("; {}", cause.text)).unwrap_or_default();
        return Cause { text: format!("{}{words}", failed.text), ..failed };
    }
    refused(live, around).or(of_pods).unwrap_or_else(|| progress(live))
}

fn condition<'a>(live: &'a LiveObject, kind: &str, status: &str) -> Option<&'a Value> {
    live.manifest.pointer("/status/conditions")?.as_array()?.iter().find(|condition| condition["type"] == kind && condition["status"] == status)
}

fn words(condition: &Value) -> String {
    let text = |key: &str| condition[key].as_str().unwrap_or_default();
    one_line(&format!("{}: {}", text("reason"), text("message")))
}

/// It gave up by itself.
fn ended(live: &LiveObject) -> Option<Cause> {
    if live.object.kind == "Job" {
        return condition(live, "Failed", "True").map(|condition| Cause::new("failed", Patience::NONE, format!("it failed ({})", words(condition))));
    }
    // Until the controller has seen the manifest as it is now, its conditions are about the one before.
    let number = |pointer: &str| live.manifest.pointer(pointer).and_then(Value::as_i64).unwrap_or(0);
    if number("/status/observedGeneration") < number("/metadata/generation") {
        return None;
    }
    let overdue = condition(live, "Progressing", "False").filter(|condition| condition["reason"] == "ProgressDeadlineExceeded")?;
    Some(Cause::new("deadline", Patience::NONE, one_line(overdue["message"].as_str().unwrap_or("it exceeded its progress deadline"))))
}

/// A quota, a policy, or a missing account keeps its pods from being made.
fn refused(live: &LiveObject, around: &Surroundings) -> Option<Cause> {
    const PATIENCE: Patience = Patience::seconds(20);
    let is_refusal = |event: &&Event| event::has_reason(event, &["FailedCreate"]);
    let name = live.object.name.as_str();
    let say = |words: &str, event: Option<&Event>| {
        let cause = Cause::new("refused", PATIENCE, format!("its pods are refused: {}", one_line(words)));
        event.map(|event| cause.clone().tried(name, event::occurrence(event))).unwrap_or(cause)
    };
    if let Some(failure) = condition(live, "ReplicaFailure", "True") {
        let of_replica_set = |event: &&Event| event.involved_object.name.as_deref().and_then(|set| set.strip_prefix(name)).is_some_and(|rest| rest.starts_with('-'));
        let latest = event::newest(around.events.iter().filter(is_refusal).filter(of_replica_set));
        return Some(say(failure["message"].as_str().unwrap_or_default(), latest));
    }
    if live.object.kind == "Deployment" {
        return None;
    }
    let made = ["replicas", "currentReplicas", "currentNumberScheduled", "active"].iter().any(|field| live.manifest.pointer(&format!("/status/{field}")).and_then(Value::as_i64).unwrap_or(0) > 0);
    let uid = live.manifest.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    let latest = event::newest(event::about(&around.events, uid).filter(is_refusal)).filter(|_| !made)?;
    Some(say(&event::words(latest), Some(latest)))
}

/// Its pods that wait longer and longer before they try again.
pub(crate) fn backed_off(live: &LiveObject, around: &Surroundings) -> Vec<String> {
    let pods = pods_of(live, around).into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none() && pod::is_backed_off(pod));
    pods.filter_map(|pod| pod.metadata.name.clone()).collect()
}

/// The pods that it selects; of a Deployment only the newest ones, since older ones are on their way out.
fn pods_of<'a>(live: &LiveObject, around: &'a Surroundings) -> Vec<&'a Pod> {
    let selector: BTreeMap<String, String> = live.manifest.pointer("/spec/selector/matchLabels").and_then(|labels| serde_json::from_value(labels.clone()).ok()).unwrap_or_default();
    if selector.is_empty() {
        return Vec::new();
    }
    let selected = around.pods.iter().filter(|pod| pod.metadata.labels.as_ref().is_some_and(|labels| selector.iter().all(|(key, value)| labels.get(key) == Some(value))));
    match newest_replica_set(live) {
        Some(owner) => selected.filter(|pod| pod.metadata.owner_references.iter().flatten().any(|reference| reference.name == owner)).collect(),
        None => selected.collect(),
    }
}

/// `ReplicaSet "edge-6d5f" is progressing.` → `edge-6d5f`
fn newest_replica_set(live: &LiveObject) -> Option<&str> {
    let conditions = live.manifest.pointer("/status/conditions")?.as_array()?;
    let progressing = conditions.iter().find(|condition| condition["type"] == "Progressing")?;
    let message = progressing["message"].as_str().filter(|message| message.contains("eplica"))?;
    message.split('"').nth(1)
}

/// A `StatefulSet` replaces a pod only when all before it are ready: a broken pod of an older revision keeps its own successor away.
fn blocking(live: &LiveObject, pod: &Pod, cause: Cause) -> Cause {
    let text = |pointer: &str| live.manifest.pointer(pointer).and_then(Value::as_str);
    let revision = pod.metadata.labels.as_ref().and_then(|labels| labels.get("controller-revision-hash")).map(String::as_str);
    let newest = text("/status/updateRevision");
    let in_order = live.object.kind == "StatefulSet" && text("/spec/podManagementPolicy") != Some("Parallel");
    if !in_order || revision.is_none() || newest.is_none() || revision == newest {
        return cause;
    }
    Cause { text: format!("{}; it is of an older revision and keeps the new one away until it is deleted", cause.text), ..cause }
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Nothing is wrong that is known; how far it is.
fn progress(live: &LiveObject) -> Cause {
    let number = |field: &str| live.manifest.pointer(field).and_then(Value::as_i64).unwrap_or(0);
    let text = match live.object.kind.as_str() {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            let wanted = live.manifest.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
            format!("{} of {wanted} pods are ready", number("/status/readyReplicas"))
        }
        "DaemonSet" => format!("{} of {} pods are ready", number("/status/numberReady"), number("/status/desiredNumberScheduled")),
        "Job" => "its pod has not ended yet".to_owned(),
        _ => "it is not ready yet".to_owned(),
    };
    Cause::new("progress", Patience::AsLongAsItMoves, text)
}
