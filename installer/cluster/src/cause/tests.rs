use airlock_model::ObjectRef;
use serde_json::json;

use super::*;

fn live(kind: &str, manifest: Value) -> LiveObject {
    let api = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    LiveObject { object: ObjectRef::namespaced(api, kind, "airlock", "edge"), manifest, ready: false }
}

fn deployment(status: &Value) -> LiveObject {
    live("Deployment", json!({"metadata": {"uid": "d"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "edge"}}}, "status": status}))
}

fn around(pods: &Value, events: &Value) -> Surroundings {
    Surroundings { pods: serde_json::from_value(pods.clone()).unwrap(), events: serde_json::from_value(events.clone()).unwrap(), ..Surroundings::default() }
}

fn pod(status: &Value) -> Value {
    json!({"metadata": {"name": "edge-1", "uid": "p", "labels": {"app": "edge"}}, "spec": {"containers": [], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}, "status": status})
}

fn container(state: &Value, restarts: i32) -> Value {
    json!({"phase": "Pending", "containerStatuses": [{"name": "nginx", "image": "r.test/nginx:1", "imageID": "", "ready": false, "restartCount": restarts,
        "state": state, "lastState": {"terminated": {"exitCode": 1}}}]})
}

fn event(uid: &str, reason: &str, kind: &str, message: &str, at: &str) -> Value {
    json!({"metadata": {"name": "e"}, "involvedObject": {"uid": uid}, "reason": reason, "type": kind, "message": message, "lastTimestamp": at})
}

fn of_pod(status: &Value, events: &Value) -> Cause {
    of(&deployment(&json!({})), &around(&json!([pod(status)]), events))
}

#[test]
fn an_image_that_cannot_be_pulled_is_named_with_the_registrys_words() {
    let state = json!({"waiting": {"reason": "ErrImagePull", "message": "failed to resolve reference \"r.test/nginx:1\": r.test/nginx:1: not found"}});
    let cause = of_pod(&container(&state, 0), &json!([]));
    assert_eq!(cause.text, "image r.test/nginx:1 of Pod edge-1 cannot be pulled: failed to resolve reference \"r.test/nginx:1\": r.test/nginx:1: not found");
    assert_eq!(cause.patience, Patience::seconds(20));
}

#[test]
fn a_back_off_takes_the_words_from_the_event_and_is_the_same_cause() {
    let state = json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"r.test/nginx:1\""}});
    let words = event("p", "Failed", "Warning", "Failed to pull image \"r.test/nginx:1\": dial tcp 10.0.0.1:443: i/o timeout", "2026-11-24T00:00:00Z");
    let cause = of_pod(&container(&state, 0), &json!([words]));
    assert_eq!((cause.kind, cause.patience), ("image", Patience::seconds(90)));
    assert!(cause.text.ends_with("i/o timeout"), "{}", cause.text);
}

#[test]
fn a_wrong_image_name_ends_the_wait_at_once() {
    let state = json!({"waiting": {"reason": "InvalidImageName", "message": "couldn't parse image name"}});
    assert_eq!(of_pod(&container(&state, 0), &json!([])).patience, Patience::NONE);
}

#[test]
fn a_crash_shows_exit_code_and_last_lines_and_ends_the_wait_at_the_third_restart() {
    let state = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}});
    let mut surroundings = around(&json!([pod(&container(&state, 3))]), &json!([]));
    assert_eq!(crashed(&surroundings.pods), [Crashed { pod: "edge-1".into(), container: "nginx".into(), runs_again: false }]);
    surroundings.last_words.insert(("edge-1".into(), "nginx".into()), "starting\nbind: address already in use\n".into());
    let cause = of(&deployment(&json!({})), &surroundings);
    assert_eq!(cause.text, "container nginx of Pod edge-1 ended with exit code 1, restarted 3 times; its last lines: starting | bind: address already in use");
    assert_eq!(cause.patience, Patience::NONE);
    assert_eq!(of_pod(&container(&state, 1), &json!([])).patience, Patience::AsLongAsItMoves);
}

#[test]
fn a_crash_loop_is_no_progress_although_its_counter_runs() {
    let looped = |state: Value, restarts| around(&json!([pod(&container(&state, restarts))]), &json!([]));
    let (waiting, running) = (json!({"waiting": {"reason": "CrashLoopBackOff"}}), json!({"running": {}}));
    let first = state(&deployment(&json!({"replicas": 1})), &looped(waiting.clone(), 1));
    assert_eq!(first, state(&deployment(&json!({"replicas": 1})), &looped(waiting, 2)));
    assert_ne!(first, state(&deployment(&json!({"replicas": 1})), &looped(running, 2)));
}

#[test]
fn an_unschedulable_pod_says_what_the_scheduler_says_and_waits_on_when_nodes_are_added() {
    let status = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes are available: 2 Insufficient memory."}]});
    let cause = of_pod(&status, &json!([]));
    assert_eq!(cause.text, "Pod edge-1 fits on no node: 0/2 nodes are available: 2 Insufficient memory");
    assert_eq!(cause.patience, Patience::seconds(60));
    let grows = event("p", "TriggeredScaleUp", "Normal", "pod triggered scale-up", "2026-11-24T00:00:00Z");
    assert_eq!(of_pod(&status, &json!([grows])).patience, Patience::AsLongAsItMoves);
}

#[test]
fn a_pod_without_its_volume_names_the_claim_and_its_class() {
    let status = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "message": "pod has unbound immediate PersistentVolumeClaims"}]});
    let mut surroundings = around(&json!([pod(&status)]), &json!([]));
    surroundings.claims = serde_json::from_value(json!([{"metadata": {"name": "data", "uid": "c"}, "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}}])).unwrap();
    surroundings.classes = Some(vec!["slow".into()]);
    let cause = of(&deployment(&json!({})), &surroundings);
    assert_eq!((cause.text.as_str(), cause.patience), ("the claim data wants the storage class fast, which does not exist", Patience::seconds(10)));
    surroundings.classes = Some(vec!["fast".into()]);
    surroundings.events = serde_json::from_value(json!([event("c", "ProvisioningFailed", "Warning", "quota of disks exceeded", "2026-11-24T00:00:00Z")])).unwrap();
    assert!(of(&deployment(&json!({})), &surroundings).text.ends_with("cannot be made: quota of disks exceeded"));
}

#[test]
fn a_claim_of_which_no_provisioner_speaks_is_not_waited_for_as_long_as_one_that_is_being_provisioned() {
    let claim = LiveObject { object: ObjectRef::namespaced("v1", "PersistentVolumeClaim", "airlock", "data"), manifest: json!({}), ready: false };
    let mut surroundings = around(&json!([]), &json!([event("c", "ExternalProvisioning", "Normal", "Waiting for a volume to be created", "2026-11-24T00:00:00Z")]));
    surroundings.claims = serde_json::from_value(json!([{"metadata": {"name": "data", "uid": "c"}, "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}}])).unwrap();
    surroundings.classes = Some(vec!["fast".into()]);
    let silent = of(&claim, &surroundings);
    assert_eq!((silent.text.as_str(), silent.patience), ("the claim data (storage class fast) has no volume yet: Waiting for a volume to be created", Patience::seconds(90)));
    surroundings.events = serde_json::from_value(json!([event("c", "Provisioning", "Normal", "External provisioner is provisioning volume", "2026-11-24T00:00:05Z")])).unwrap();
    assert_eq!(of(&claim, &surroundings).patience, Patience::AsLongAsItMoves);
}

#[test]
fn a_running_pod_that_is_not_ready_says_what_its_probe_said_last() {
    let status = json!({"phase": "Running", "containerStatuses": [{"name": "nginx", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"running": {}}}]});
    let events = json!([
        event("p", "Unhealthy", "Warning", "Readiness probe failed: HTTP probe failed with statuscode: 503", "2026-11-24T00:00:09Z"),
        event("p", "Unhealthy", "Warning", "Readiness probe failed: connection refused", "2026-11-24T00:00:01Z"),
        event("other", "Unhealthy", "Warning", "not ours", "2026-11-24T00:00:59Z"),
    ]);
    assert_eq!(of_pod(&status, &events).text, "container nginx of Pod edge-1 runs but is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503");
}

#[test]
fn a_probe_that_says_no_is_waited_for_as_long_as_the_probes_allow_and_two_minutes_at_least() {
    let mut pod = pod(&json!({"phase": "Running", "containerStatuses": [{"name": "nginx", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"running": {}}}]}));
    let no = json!([event("p", "Unhealthy", "Warning", "Startup probe failed: connection refused", "2026-11-24T00:00:09Z")]);
    let patience = |pod: &Value, events: &Value| of(&deployment(&json!({})), &around(&json!([pod]), events)).patience;
    pod["spec"]["containers"] = json!([{"name": "nginx", "readinessProbe": {"periodSeconds": 5}}]);
    assert_eq!(patience(&pod, &no), Patience::seconds(120));
    pod["spec"]["containers"] = json!([{"name": "nginx", "startupProbe": {"failureThreshold": 60}, "readinessProbe": {"initialDelaySeconds": 7, "periodSeconds": 5, "failureThreshold": 2}}]);
    assert_eq!(patience(&pod, &no), Patience::seconds(617));
    assert_eq!(patience(&pod, &json!([])), Patience::AsLongAsItMoves, "no probe has said no yet");
}

#[test]
fn a_program_that_its_probe_ends_again_and_again_is_told_with_what_the_probe_said() {
    let mut status = container(&json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}), 3);
    status["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] = 0.into();
    let events = json!([event("p", "Unhealthy", "Warning", "Startup probe failed: dial tcp: connection refused", "2026-11-24T00:00:00Z")]);
    let cause = of_pod(&status, &events);
    let expected = "container nginx of Pod edge-1 ended with exit code 0, restarted 3 times; Startup probe failed: dial tcp: connection refused; it wrote nothing";
    assert_eq!((cause.text.as_str(), cause.patience), (expected, Patience::NONE));
    status["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] = 1.into();
    assert!(!of_pod(&status, &events).text.contains("probe"), "it ended by itself");
}

#[test]
fn a_missing_secret_is_named_while_the_pod_is_being_made() {
    let status =
        json!({"phase": "Pending", "containerStatuses": [{"name": "nginx", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    let events = json!([event("p", "FailedMount", "Warning", "MountVolume.SetUp failed for volume \"tls\" : secret \"base-domain-tls\" not found", "2026-11-24T00:00:00Z")]);
    assert_eq!(of_pod(&status, &events).kind, "mount");
}

#[test]
fn pods_that_admission_refuses_are_told_by_the_deployments_condition() {
    let status = json!({"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "pods \"edge-\" is forbidden: exceeded quota: q"}]});
    let cause = of(&deployment(&status), &around(&json!([]), &json!([])));
    assert_eq!((cause.text.as_str(), cause.patience), ("its pods are refused: pods \"edge-\" is forbidden: exceeded quota: q", Patience::seconds(20)));
}

#[test]
fn pods_of_a_stateful_set_that_are_refused_are_told_by_its_event() {
    let set = live("StatefulSet", json!({"metadata": {"uid": "s"}, "spec": {"selector": {"matchLabels": {"app": "registry"}}}, "status": {"replicas": 0}}));
    let events = json!([event("s", "FailedCreate", "Warning", "create Pod registry-0 failed: violates PodSecurity", "2026-11-24T00:00:00Z")]);
    assert!(of(&set, &around(&json!([]), &events)).text.contains("violates PodSecurity"));
}

#[test]
fn a_broken_pod_of_an_older_template_does_not_speak_for_the_new_one() {
    let state = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let mut old = pod(&container(&state, 9));
    old["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "edge-old", "uid": "o"}]);
    let status = json!({"conditions": [{"type": "Progressing", "status": "True", "message": "ReplicaSet \"edge-new\" is progressing."}]});
    assert_eq!(of(&deployment(&status), &around(&json!([old]), &json!([]))).kind, "progress");
}

#[test]
fn a_failed_job_ends_the_wait_with_what_its_pod_said() {
    let job = live(
        "Job",
        json!({"metadata": {"uid": "j"}, "spec": {"selector": {"matchLabels": {"app": "edge"}}}, "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}]}}),
    );
    let cause = of(&job, &around(&json!([pod(&container(&json!({"terminated": {"exitCode": 7}}), 0))]), &json!([])));
    assert_eq!(cause.patience, Patience::NONE);
    assert!(cause.text.contains("BackoffLimitExceeded") && cause.text.contains("exit code 7"), "{}", cause.text);
}

#[test]
fn a_load_balancer_without_address_repeats_its_providers_words() {
    let service = LiveObject { object: ObjectRef::namespaced("v1", "Service", "airlock", "edge"), manifest: json!({"metadata": {"uid": "s"}}), ready: false };
    let events = json!([event("s", "SyncLoadBalancerFailed", "Warning", "no subnet", "2026-11-24T00:00:00Z")]);
    assert_eq!(of(&service, &around(&json!([]), &events)).text, "the load balancer has no address: no subnet");
    let silent = of(&service, &around(&json!([]), &json!([])));
    assert_eq!((silent.text.as_str(), silent.patience), ("the load balancer has no address; no provider of load balancers has said anything about it", Patience::seconds(90)));
    let begun = json!([event("s", "EnsuringLoadBalancer", "Normal", "Ensuring load balancer", "2026-11-24T00:00:00Z")]);
    assert_eq!(of(&service, &around(&json!([]), &begun)).patience, Patience::AsLongAsItMoves);
}

#[test]
fn a_broken_pod_of_an_older_revision_is_said_to_block_a_stateful_set() {
    let set = |policy: &str| {
        live(
            "StatefulSet",
            json!({"metadata": {"uid": "s"}, "spec": {"podManagementPolicy": policy, "selector": {"matchLabels": {"app": "edge"}}}, "status": {"replicas": 1, "updateRevision": "new"}}),
        )
    };
    let mut broken = pod(&container(&json!({"waiting": {"reason": "InvalidImageName"}}), 0));
    broken["metadata"]["labels"]["controller-revision-hash"] = "old".into();
    let surroundings = around(&json!([broken]), &json!([]));
    assert!(of(&set("OrderedReady"), &surroundings).text.ends_with("keeps the new one away until it is deleted"));
    assert!(!of(&set("Parallel"), &surroundings).text.contains("older revision"));
}

#[test]
fn a_mount_that_failed_before_the_latest_event_does_not_count() {
    let status =
        json!({"phase": "Pending", "containerStatuses": [{"name": "nginx", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}]});
    let events =
        json!([event("p", "FailedMount", "Warning", "secret not found", "2026-11-24T00:00:00Z"), event("p", "Pulling", "Normal", "Pulling image \"r.test/airflow:3\"", "2026-11-24T00:00:09Z"),]);
    let cause = of_pod(&status, &events);
    assert_eq!((cause.text.as_str(), cause.patience), ("Pod edge-1 is starting: Pulling image \"r.test/airflow:3\"", Patience::AsLongAsItMoves));
}

#[test]
fn a_pod_that_waits_before_it_tries_again_is_found() {
    let state = json!({"waiting": {"reason": "ImagePullBackOff"}});
    assert_eq!(backed_off(&deployment(&json!({})), &around(&json!([pod(&container(&state, 0))]), &json!([]))), ["edge-1"]);
    let state = json!({"running": {}});
    assert!(
        backed_off(
            &deployment(&json!({})),
            &around(&json!([pod(&json!({"phase": "Running", "containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": true, "restartCount": 0, "state": state}]}))]), &json!([]))
        )
        .is_empty()
    );
}

#[test]
fn a_certificate_repeats_what_cert_manager_says_of_it() {
    let of_conditions = |conditions: Value| of(&live("Certificate", json!({"metadata": {"generation": 2}, "status": {"conditions": conditions}})), &around(&json!([]), &json!([])));
    let waiting = json!({"type": "Ready", "status": "False", "reason": "DoesNotExist", "message": "Issuing certificate as Secret does not exist", "observedGeneration": 2});
    let failed = |generation: i64| {
        let message = "The certificate request has failed to complete and will be retried: the CA is down.";
        json!({"type": "Issuing", "status": "False", "reason": "Failed", "message": message, "observedGeneration": generation})
    };
    let cause = of_conditions(json!([waiting]));
    assert_eq!((cause.text.as_str(), cause.patience), ("it is not issued yet: Issuing certificate as Secret does not exist", Patience::AsLongAsItMoves));
    let cause = of_conditions(json!([waiting, failed(2)]));
    let told = "the issuer has refused it: The certificate request has failed to complete and will be retried: the CA is down; cert-manager tries again within hours, or at once by `cmctl renew edge`";
    assert_eq!((cause.text.as_str(), cause.patience), (told, Patience::NONE));
    assert_eq!(of_conditions(json!([waiting, failed(1)])).patience, Patience::AsLongAsItMoves, "it failed with other names");
    assert_eq!(of_conditions(json!([])).patience, Patience::seconds(90), "nobody has looked at it");
}
