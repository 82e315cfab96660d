//! When an object is ready, judged by what it says of itself.

use serde_json::Value;

fn number(manifest: &Value, pointer: &str) -> i64 {
    manifest.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

fn whole_condition<'a>(manifest: &'a Value, name: &str) -> Option<&'a Value> {
    manifest.pointer("/status/conditions")?.as_array()?.iter().find(|condition| condition["type"] == name)
}

fn condition<'a>(manifest: &'a Value, name: &str) -> Option<&'a str> {
    whole_condition(manifest, name)?["status"].as_str()
}

/// The controller has seen the manifest as it is now.
fn observed(manifest: &Value) -> bool {
    number(manifest, "/status/observedGeneration") >= number(manifest, "/metadata/generation")
}

/// The condition is there, and about the manifest as it is now: it bears the generation itself, as cert-manager's do.
pub(crate) fn present_condition<'a>(manifest: &'a Value, name: &str) -> Option<&'a Value> {
    let condition = whole_condition(manifest, name)?;
    let is_present = condition["observedGeneration"].as_i64().is_none_or(|observed| observed >= number(manifest, "/metadata/generation"));
    is_present.then_some(condition)
}

fn wanted(manifest: &Value) -> i64 {
    manifest.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1)
}

/// All pods are of the newest template and available, and none of an older one is left.
fn deployment(manifest: &Value) -> bool {
    let (updated, available) = (number(manifest, "/status/updatedReplicas"), number(manifest, "/status/availableReplicas"));
    observed(manifest) && updated >= wanted(manifest) && number(manifest, "/status/replicas") <= updated && available >= updated
}

fn stateful_set(manifest: &Value) -> bool {
    let wanted = wanted(manifest);
    if !observed(manifest) || number(manifest, "/status/readyReplicas") < wanted {
        return false;
    }
    if manifest.pointer("/spec/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete") {
        return true;
    }
    let partition = number(manifest, "/spec/updateStrategy/rollingUpdate/partition");
    number(manifest, "/status/updatedReplicas") >= wanted - partition && (partition > 0 || manifest.pointer("/status/currentRevision") == manifest.pointer("/status/updateRevision"))
}

fn daemon_set(manifest: &Value) -> bool {
    let wanted = number(manifest, "/status/desiredNumberScheduled");
    let updated = manifest.pointer("/spec/updateStrategy/type").and_then(Value::as_str) == Some("OnDelete") || number(manifest, "/status/updatedNumberScheduled") >= wanted;
    observed(manifest) && updated && number(manifest, "/status/numberAvailable") >= wanted
}

fn load_balancer(manifest: &Value) -> bool {
    manifest.pointer("/spec/type").and_then(Value::as_str) != Some("LoadBalancer")
        || manifest.pointer("/status/loadBalancer/ingress").and_then(Value::as_array).is_some_and(|ingress| ingress.iter().any(|entry| entry.get("ip").or_else(|| entry.get("hostname")).is_some()))
}

/// Whether an object is ready: workloads, pods, claims, namespaces, Services of type `LoadBalancer`, cert-manager's Certificates. All
/// other kinds are.
///
/// A claim that waits for its first consumer is not told apart here: that stands in its storage class.
pub fn is_ready(kind: &str, manifest: &Value) -> bool {
    if manifest.pointer("/metadata/deletionTimestamp").is_some() {
        return false;
    }
    let phase = manifest.pointer("/status/phase").and_then(Value::as_str);
    match kind {
        "Deployment" => deployment(manifest),
        "ReplicaSet" => observed(manifest) && number(manifest, "/status/availableReplicas") >= wanted(manifest),
        "StatefulSet" => stateful_set(manifest),
        "DaemonSet" => daemon_set(manifest),
        "Job" => condition(manifest, "Complete") == Some("True"),
        "Pod" => phase == Some("Succeeded") || (phase == Some("Running") && condition(manifest, "Ready") == Some("True")),
        "PersistentVolumeClaim" => phase == Some("Bound"),
        "Namespace" => phase == Some("Active"),
        "Service" => load_balancer(manifest),
        "Certificate" => present_condition(manifest, "Ready").is_some_and(|condition| condition["status"] == "True"),
        "CustomResourceDefinition" => condition(manifest, "Established") == Some("True"),
        _ => true,
    }
}

/// A workload whose containers are not all probed: it counts as ready from the moment they start, even if they crash at once.
pub(crate) fn is_taken_on_trust(kind: &str, manifest: &Value) -> bool {
    matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet")
        && manifest.pointer("/spec/template/spec/containers").and_then(Value::as_array).into_iter().flatten().any(|container| container.get("readinessProbe").is_none())
}

/// A claim that is pending and may be so because no pod uses it yet.
pub(crate) fn may_wait_for_consumer(claim: &Value) -> bool {
    claim.pointer("/status/phase").and_then(Value::as_str) == Some("Pending") && claim.pointer("/metadata/deletionTimestamp").is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deployment_is_ready_when_the_newest_pods_alone_run() {
        let with = |generation: i64, status: Value| json!({"metadata": {"generation": generation}, "spec": {"replicas": 2}, "status": status});
        let done = json!({"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
        assert!(is_ready("Deployment", &with(3, done.clone())));
        assert!(!is_ready("Deployment", &with(4, done)), "the newest manifest was not observed yet");
        assert!(!is_ready("Deployment", &with(3, json!({"observedGeneration": 3, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 2}))), "an old pod is left");
        assert!(!is_ready("Deployment", &with(3, json!({"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}))));
        assert!(!is_ready("Deployment", &with(1, json!({}))), "nothing is known yet");
    }

    #[test]
    fn a_deployment_without_replicas_is_ready() {
        assert!(is_ready("Deployment", &json!({"metadata": {"generation": 1}, "spec": {"replicas": 0}, "status": {"observedGeneration": 1}})));
    }

    #[test]
    fn a_stateful_set_is_ready_when_all_pods_are_of_the_new_revision() {
        let with = |current: &str, updated: i64| json!({"metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "readyReplicas": 2, "updatedReplicas": updated, "currentRevision": current, "updateRevision": "b"}});
        assert!(is_ready("StatefulSet", &with("b", 2)));
        assert!(!is_ready("StatefulSet", &with("a", 1)));
        assert!(!is_ready("StatefulSet", &with("a", 2)));
    }

    #[test]
    fn a_daemon_set_is_ready_on_every_node_it_belongs_on() {
        let with = |available: i64| json!({"metadata": {"generation": 1}, "spec": {}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": available}});
        assert!(is_ready("DaemonSet", &with(2)) && !is_ready("DaemonSet", &with(1)));
    }

    #[test]
    fn a_pod_is_ready_when_it_runs_and_passes_its_probes_or_has_done_its_work() {
        let pod = |phase: &str, ready: &str| json!({"metadata": {}, "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]}});
        assert!(is_ready("Pod", &pod("Running", "True")) && is_ready("Pod", &pod("Succeeded", "False")));
        assert!(!is_ready("Pod", &pod("Running", "False")) && !is_ready("Pod", &pod("Failed", "False")));
    }

    #[test]
    fn a_load_balancer_is_ready_with_an_address_and_other_services_at_once() {
        assert!(!is_ready("Service", &json!({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {}}})));
        assert!(is_ready("Service", &json!({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}})));
        assert!(is_ready("Service", &json!({"spec": {"type": "ClusterIP"}})));
    }

    #[test]
    fn a_workload_without_probes_is_taken_on_trust() {
        let with = |container: Value| json!({"spec": {"template": {"spec": {"containers": [container]}}}});
        assert!(is_taken_on_trust("Deployment", &with(json!({}))));
        assert!(!is_taken_on_trust("Deployment", &with(json!({"readinessProbe": {}}))));
        assert!(!is_taken_on_trust("Job", &with(json!({}))));
    }

    #[test]
    fn what_is_being_deleted_is_never_ready() {
        assert!(!is_ready("ConfigMap", &json!({"metadata": {"deletionTimestamp": "2026-11-24T00:00:00Z"}})));
        assert!(is_ready("ConfigMap", &json!({"metadata": {}})));
    }

    #[test]
    fn a_certificate_is_ready_when_it_was_issued_as_it_is_asked_for_now() {
        let with = |generation: i64, status: &str| json!({"metadata": {"generation": generation}, "status": {"conditions": [{"type": "Ready", "status": status, "observedGeneration": 2}]}});
        assert!(is_ready("Certificate", &with(2, "True")));
        assert!(!is_ready("Certificate", &with(3, "True")), "other names are asked for since");
        assert!(!is_ready("Certificate", &with(2, "False")));
        assert!(!is_ready("Certificate", &json!({"metadata": {"generation": 1}})), "nobody has looked at it yet");
    }

    #[test]
    fn a_job_is_ready_when_complete_and_a_claim_when_bound() {
        assert!(is_ready("Job", &json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}})));
        assert!(!is_ready("Job", &json!({"status": {"conditions": [{"type": "Failed", "status": "True"}]}})));
        assert!(is_ready("PersistentVolumeClaim", &json!({"status": {"phase": "Bound"}})));
        assert!(!is_ready("PersistentVolumeClaim", &json!({"status": {"phase": "Pending"}})));
    }
}
