//! SEC-002: variables and connections of Airflow stand in Secrets, and nowhere else.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};
use serde_json::Value;

use super::airflow::is_airflow;
use crate::described::Described;
use crate::live;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SEC-002",
        title: "variables and connections of Airflow stand in Secrets alone",
        severity: Severity::High,
        promises: &["P9"],
        explanation: "Of every container with Airflow: environment variables that are Airflow's variables and connections (AIRFLOW_VAR_…, AIRFLOW_CONN_…) come from a Secret, neither written out nor from a ConfigMap; and no ConfigMap has keys of these names.",
        remedy: "Move them into a Secret and refer to it by secretKeyRef or envFrom. In the document of an Airflow deployment they stand by reference, and `airlock deployment apply` makes the Secret. What was written out is known: change it.",
    },
    expected: "AIRFLOW_VAR_… and AIRFLOW_CONN_… from Secrets",
    why: "many more may read pods and ConfigMaps than Secrets, and they are stored as they are",
};

/// The check.
pub(super) struct TenantVariables;

impl Check for TenantVariables {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "ConfigMap")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return TEXTS.unseen(live::PODS, unseen),
        };
        let maps = match live::objects(given, "ConfigMap") {
            Ok(maps) => maps,
            Err(reason) => return vec![TEXTS.unverified("all objects of kind ConfigMap", reason)],
        };
        let of_airflow = pods.iter().filter(|pod| is_airflow(pod));
        let mut findings: Vec<Finding> = of_airflow
            .flat_map(|pod| {
                TEXTS.each_of_pod(pod, pod.pod().map(|read| read.containers().flat_map(|container| written_out(container.value, &container.path)).collect()).unwrap_or_default(), TEXTS.expected)
            })
            .collect();
        findings.extend(
            maps.into_iter()
                .filter_map(|map| {
                    let keys = map.manifest.get("data").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key);
                    let odd: Vec<Violation> = keys.filter(|key| is_tenants(key)).map(|key| Violation::new(format!("/data/{key}"), None, format!("{key} stands in a ConfigMap"))).collect();
                    (!odd.is_empty()).then(|| TEXTS.each(map, odd, TEXTS.expected))
                })
                .flatten(),
        );
        if findings.is_empty() { vec![TEXTS.not_applicable(live::PODS, Reason::NoSubject, "no pod runs Airflow")] } else { findings }
    }
}

/// Airflow reads these as its variables and connections (Airflow documentation, "Managing Variables", "Managing Connections").
fn is_tenants(name: &str) -> bool {
    name.starts_with("AIRFLOW_VAR_") || name.starts_with("AIRFLOW_CONN_")
}

fn written_out(container: &Value, path: &str) -> Vec<Violation> {
    let variables = container.get("env").and_then(Value::as_array).into_iter().flatten().enumerate();
    let odd = variables.filter_map(|(index, variable)| {
        let name = variable.get("name")?.as_str().filter(|name| is_tenants(name))?;
        let is_secret = variable.pointer("/valueFrom/secretKeyRef").is_some();
        let is_empty = variable.get("valueFrom").is_none() && variable.get("value").and_then(Value::as_str).unwrap_or_default().is_empty();
        (!is_secret && !is_empty).then(|| Violation::new(format!("{path}/env/{index}"), None, format!("{name} does not come from a Secret")))
    });
    odd.collect()
}
