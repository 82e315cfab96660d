//! WKL-008: pods of tasks end with their task.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::airflow::is_airflow;
use crate::described::Described;
use crate::live::{self, PodOf};
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "WKL-008",
        title: "pods of tasks end with their task",
        severity: Severity::Medium,
        promises: &["P1"],
        explanation: "Settings of every container with Airflow: AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS (or AIRFLOW__KUBERNETES__…) is not turned off. Pods of tasks (label kubernetes_executor, which Airflow sets): none that ended well an hour or more before the newest moment that any pod's state names, and no claim of a volume held by one that has ended.",
        remedy: "Take the setting out, its default deletes them, and delete what is left: `kubectl delete pod --field-selector status.phase=Succeeded -l kubernetes_executor=True`. Data of a task belongs into a store of its own.",
    },
    expected: "no task's pod outlives its task",
    why: "environment, logs, and volumes of a task that is long over can still be read",
};

const KEEPING: [&str; 2] = ["AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS", "AIRFLOW__KUBERNETES__DELETE_WORKER_PODS"];
/// The label that Airflow's Kubernetes executor gives the pods of tasks.
const TASK: &str = "kubernetes_executor";
/// How long a pod may stay: the scheduler deletes them in a loop that takes seconds.
const STAY: SignedDuration = SignedDuration::from_hours(1);

/// The check.
pub(super) struct TaskPods;

impl Check for TaskPods {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return TEXTS.unseen(live::PODS, unseen),
        };
        // Later than this it is now: nobody tells the time here.
        let newest = pods.iter().filter_map(|pod| pod.object.manifest.get("status")).flat_map(moments).max();
        let meant = pods.iter().filter(|pod| is_airflow(pod) || pod.label(TASK).is_some());
        let findings: Vec<Finding> = meant.flat_map(|pod| TEXTS.each_of_pod(pod, odd(pod, newest), TEXTS.expected)).collect();
        if findings.is_empty() { vec![TEXTS.not_applicable(live::PODS, Reason::NoSubject, "no pod runs Airflow")] } else { findings }
    }
}

fn odd(pod: &PodOf<'_>, newest: Option<Timestamp>) -> Vec<Violation> {
    let mut found: Vec<Violation> = pod.pod().map(|read| read.containers().flat_map(|container| kept_by_setting(container.value, &container.path)).collect()).unwrap_or_default();
    let status = pod.object.manifest.get("status").filter(|_| pod.at.is_empty() && pod.label(TASK).is_some());
    let phase = status.and_then(|status| status.get("phase")).and_then(Value::as_str).unwrap_or_default();
    if !["Succeeded", "Failed"].contains(&phase) {
        return found;
    }
    let ended = status.into_iter().flat_map(moments).max();
    if let (Some(ended), Some(newest)) = (ended, newest)
        && phase == "Succeeded"
        && ended.duration_until(newest) >= STAY
    {
        found.push(Violation::new("/status/phase", Some(&phase.into()), format!("it ended at {ended} and is still there")));
    }
    let volumes = pod.spec().and_then(|spec| spec.get("volumes")).and_then(Value::as_array).into_iter().flatten().enumerate();
    found.extend(
        volumes
            .filter(|(_, volume)| volume.get("persistentVolumeClaim").is_some())
            .map(|(index, _)| Violation::new(format!("/spec/volumes/{index}/persistentVolumeClaim"), None, "it has ended and holds a claim of a volume")),
    );
    found
}

fn kept_by_setting(container: &Value, path: &str) -> Vec<Violation> {
    let variables = container.get("env").and_then(Value::as_array).into_iter().flatten().enumerate();
    let odd = variables.filter_map(|(index, variable)| {
        let name = variable.get("name")?.as_str().filter(|name| KEEPING.contains(name))?;
        let value = variable.get("value")?.as_str()?;
        ["false", "0", "f"].contains(&value.to_ascii_lowercase().as_str()).then(|| Violation::new(format!("{path}/env/{index}/value"), Some(&value.into()), format!("{name} is {value}")))
    });
    odd.collect()
}

/// Every moment that a state names.
fn moments(value: &Value) -> Vec<Timestamp> {
    match value {
        Value::String(text) => text.parse().into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(moments).collect(),
        Value::Object(fields) => fields.values().flat_map(moments).collect(),
        _ => Vec::new(),
    }
}
