//! What counts as movement: states of an object and its pods without names, times, and counters that run by themselves.

use airlock_model::LiveObject;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use serde_json::Value;

use crate::observe::Surroundings;

const NUMBERS: [&str; 9] = ["replicas", "readyReplicas", "updatedReplicas", "availableReplicas", "numberReady", "numberAvailable", "updatedNumberScheduled", "succeeded", "phase"];

/// A state. When one is seen that was never seen before, something moved; a crash loop only goes round through old ones.
pub(crate) fn state(live: &LiveObject, around: &Surroundings) -> String {
    let of_object = NUMBERS.iter().map(|field| live.manifest.pointer(&format!("/status/{field}")).map(Value::to_string).unwrap_or_default());
    let mut parts: Vec<String> = of_object.collect();
    let name = &live.object.name;
    let selected = live.manifest.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let is_ours = |pod: &&Pod| match selected {
        Some(labels) => pod.metadata.labels.as_ref().is_some_and(|of_pod| labels.iter().all(|(key, value)| of_pod.get(key).map(String::as_str) == value.as_str())),
        None => pod.metadata.name.as_ref() == Some(name),
    };
    let mut pods: Vec<String> = around.pods.iter().filter(is_ours).map(of_pod).collect();
    pods.sort();
    parts.extend(pods);
    parts.join(";")
}

fn of_pod(pod: &Pod) -> String {
    let Some(status) = &pod.status else { return String::new() };
    let conditions = status.conditions.iter().flatten().filter(|condition| condition.status == "True").map(|condition| condition.type_.as_str());
    let mut parts: Vec<&str> = conditions.chain(status.phase.as_deref()).collect();
    parts.sort_unstable();
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses).flatten().map(of_container);
    format!("{}[{}]", parts.join(","), containers.collect::<Vec<_>>().join(","))
}

fn of_container(status: &ContainerStatus) -> String {
    let state = status.state.clone().unwrap_or_default();
    let word = match (state.waiting, state.running, state.terminated) {
        (Some(waiting), ..) => waiting.reason.unwrap_or_default(),
        (_, Some(_), _) => "running".to_owned(),
        (.., Some(end)) => format!("ended {}", end.exit_code),
        _ => String::new(),
    };
    format!("{}:{word}:{}", status.name, status.ready)
}
