use std::collections::BTreeMap;
use std::sync::LazyLock;

use airlock_model::answers::Answers;
use airlock_model::{AirflowDeployment, AttemptId, AttemptResult, DeploymentName, Digest, ImageLock, LockedImage, ObjectRef, Purpose, Record};
use serde_json::json;

use super::super::cron_job;
use super::*;
use crate::deployment::Platform;

const NAMESPACE: &str = "airlock-alpha";

/// What somebody does to a manifest.
type Change = fn(&mut Value);

fn record(answers: Value) -> Record {
    let release = airlock_render::release().unwrap();
    let locked = |(name, image): (&String, &airlock_model::ReleaseImage)| (name.clone(), LockedImage { name: name.clone(), reference: image.reference.clone(), digest: Digest::of(name.as_bytes()) });
    Record {
        schema: names::RECORD_SCHEMA,
        release: release.version.to_string(),
        installation: "i1".into(),
        plan: Digest::of(b"plan"),
        purpose: Purpose::Install,
        complete: true,
        answers,
        images: ImageLock(release.images.iter().map(locked).collect()),
        gates: BTreeMap::new(),
        verdict: None,
        profile: None,
        by: "somebody".into(),
        at: Timestamp::UNIX_EPOCH,
    }
}

/// The `CronJob` as this program makes it.
static RENDERED: LazyLock<Object> = LazyLock::new(|| {
    let answers = Answers::from_yaml("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ncomponents: { auditor: {} }\nevidence: { sink: folder }\n").unwrap();
    let platform = Platform { record: record(serde_json::to_value(&answers).unwrap()), answers };
    let name: DeploymentName = "alpha".parse().unwrap();
    let recorded = record(serde_json::to_value(AirflowDeployment::named(&name)).unwrap());
    cron_job(platform.as_recorded(&recorded).unwrap(), NAMESPACE).unwrap()
});

fn object(api_version: &str, kind: &str, name: &str, manifest: Value) -> SnapshotObject {
    SnapshotObject { object: ObjectRef::namespaced(api_version, kind, NAMESPACE, name), manifest, place: None }
}

/// The same as the API server returns it: with its defaults, and quantities as it writes them.
fn stored() -> SnapshotObject {
    let mut manifest = RENDERED.manifest().clone();
    manifest["metadata"]["uid"] = json!("c1");
    manifest["spec"]["suspend"] = json!(false);
    let spec = &mut manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    spec["dnsPolicy"] = json!("ClusterFirst");
    spec["schedulerName"] = json!("default-scheduler");
    spec["terminationGracePeriodSeconds"] = json!(30);
    spec["serviceAccount"] = spec["serviceAccountName"].clone();
    spec["containers"][0]["terminationMessagePath"] = json!("/dev/termination-log");
    spec["containers"][0]["resources"] = json!({ "limits": { "memory": "256Mi" }, "requests": { "cpu": "50m", "memory": "256Mi" } });
    object("batch/v1", "CronJob", names::ATTEMPTS, manifest)
}

/// A Job of the `CronJob`, with the condition that it has come to.
fn job(name: &str, condition: Option<&str>) -> SnapshotObject {
    let owner = json!({ "apiVersion": "batch/v1", "kind": "CronJob", "name": names::ATTEMPTS, "uid": "c1", "controller": true });
    let conditions: Vec<Value> = condition.into_iter().map(|condition| json!({ "type": condition, "status": "True" })).collect();
    let metadata = json!({ "name": name, "uid": format!("uid of {name}"), "ownerReferences": [owner] });
    object("batch/v1", "Job", name, json!({ "metadata": metadata, "spec": { "completionMode": "NonIndexed" }, "status": { "conditions": conditions } }))
}

/// A pod of that Job as the API server returns it: admitted, bound to a node, and with what the kubelet says of its container.
fn pod(name: &str, job: &str, status: Value) -> SnapshotObject {
    let mut manifest = stored().manifest.pointer(TEMPLATE).unwrap().clone();
    manifest["metadata"]["name"] = json!(name);
    manifest["metadata"]["creationTimestamp"] = json!("2026-11-30T00:30:00Z");
    manifest["metadata"]["annotations"]["cni.projectcalico.org/podIP"] = json!("10.0.0.7/32");
    manifest["metadata"]["labels"]["batch.kubernetes.io/job-name"] = json!(job);
    manifest["metadata"]["ownerReferences"] = json!([{ "apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": format!("uid of {job}"), "controller": true, "blockOwnerDeletion": true }]);
    let spec = &mut manifest["spec"];
    spec["nodeName"] = json!("node-1");
    spec["priority"] = json!(0);
    spec["preemptionPolicy"] = json!("PreemptLowerPriority");
    let toleration = |key: &str| json!({ "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 });
    spec["tolerations"] = json!([toleration("node.kubernetes.io/not-ready"), toleration("node.kubernetes.io/unreachable"), { "key": "pool", "operator": "Exists" }]);
    manifest["status"] = status;
    object("v1", "Pod", name, manifest)
}

/// What the kubelet says of a container that ended.
fn ended(code: i32, at: &str, message: &str) -> Value {
    let image = RENDERED.manifest().pointer(&format!("{TEMPLATE}/spec/containers/0/image")).unwrap().clone();
    let terminated = json!({ "exitCode": code, "finishedAt": at, "message": message, "reason": if code == 0 { "Completed" } else { "Error" } });
    json!({ "phase": if code == 0 { "Succeeded" } else { "Failed" }, "containerStatuses": [{ "name": "attempts", "image": image, "imageID": image, "state": { "terminated": terminated } }] })
}

fn message_of(attempt: &str) -> String {
    message::written(vec![Outcome { attempt: AttemptId::from(attempt), result: AttemptResult::Connected, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 1 }])
}

fn made(cron_job: SnapshotObject, jobs: Vec<SnapshotObject>, pods: Vec<SnapshotObject>) -> Made {
    Made::new(NAMESPACE, vec![cron_job], jobs, pods).unwrap()
}

fn heard(made: &Made) -> Result<Vec<String>, String> {
    let said = made.said(&RENDERED, "2026-11-30T00:00:00Z".parse().unwrap());
    said.map(|outcomes| outcomes.into_iter().map(|outcome| outcome.attempt.0).collect()).map_err(|unsaid| unsaid.to_string())
}

const EARLY: &str = "2026-11-30T01:00:00Z";
const LATE: &str = "2026-11-30T02:00:00Z";

#[test]
fn the_pod_that_ended_last_is_heard() {
    let jobs = || vec![job("one", Some("Complete")), job("two", Some("Complete"))];
    let both = made(stored(), jobs(), vec![pod("one-x", "one", ended(0, LATE, &message_of("late"))), pod("two-x", "two", ended(0, EARLY, &message_of("early")))]);
    assert!(!both.is_at_it());
    assert_eq!(heard(&both).unwrap(), ["late"]);

    let early = || pod("one-x", "one", ended(0, EARLY, &message_of("early")));
    let unsaid = [
        (vec![], "has made no pod so far"),
        (vec![early(), pod("two-x", "two", ended(2, LATE, "error[postgres.connect]: no connection"))], "two-x that tries it by schedule failed: error[postgres.connect]: no connection"),
        (vec![pod("two-x", "two", ended(137, LATE, ""))], "failed: exit code 137"),
        (vec![pod("one-x", "one", ended(0, LATE, "anything"))], "cannot be read"),
        (vec![pod("one-x", "one", ended(0, "2026-11-29T23:59:59Z", &message_of("old")))], "more than two audits ago; `airlock deployment apply FILE`"),
    ];
    for (pods, words) in unsaid {
        let reason = heard(&made(stored(), jobs(), pods)).unwrap_err();
        assert!(reason.contains(words), "{reason}");
    }
    let mut suspended = stored();
    suspended.manifest["spec"]["suspend"] = json!(true);
    let old = pod("one-x", "one", ended(0, "2026-11-29T23:59:59Z", &message_of("old")));
    let reason = heard(&made(suspended, jobs(), vec![old])).unwrap_err();
    assert!(reason.contains("`kubectl patch cronjob airflow-attempts --namespace airlock-alpha --patch 'spec: { suspend: false }'`"), "{reason}");
}

#[test]
fn a_pod_that_never_ran_hides_nothing_and_is_not_waited_for() {
    let evicted = || pod("two-x", "two", json!({ "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory." }));
    let jobs = |second: Option<&str>| vec![job("one", Some("Complete")), job("two", second)];
    let early = || pod("one-x", "one", ended(0, EARLY, &message_of("early")));

    let failed = made(stored(), jobs(Some("Failed")), vec![evicted(), early()]);
    assert!(!failed.is_at_it());
    assert_eq!(heard(&failed).unwrap(), ["early"]);
    let alone = made(stored(), jobs(Some("Failed")), vec![evicted()]);
    assert_eq!(heard(&alone).unwrap_err(), "the pod airlock-alpha/two-x that tries it by schedule failed: Evicted: The node was low on resource: memory.");

    // Another pod of the Job is to come.
    let again = made(stored(), jobs(None), vec![evicted()]);
    assert_eq!((again.is_at_it(), heard(&again).unwrap_err()), (true, Unsaid::NotYet.to_string()));
}

#[test]
fn whoever_is_at_it_is_waited_for_and_then_the_one_before_is_heard() {
    let jobs = || vec![job("one", Some("Complete")), job("two", None)];
    let early = || pod("one-x", "one", ended(0, EARLY, &message_of("early")));
    let at_it = [
        pod("two-x", "two", json!({ "phase": "Pending" })),
        pod("two-x", "two", json!({ "phase": "Running", "containerStatuses": [{ "name": "attempts", "state": { "running": {} } }] })),
        // It failed, and its Job tries again.
        pod("two-x", "two", ended(2, LATE, "error[postgres.connect]: no connection")),
    ];
    for pod in at_it {
        let alone = made(stored(), jobs(), vec![pod.clone()]);
        assert_eq!((alone.is_at_it(), heard(&alone).unwrap_err()), (true, Unsaid::NotYet.to_string()));
        let both = made(stored(), jobs(), vec![pod, early()]);
        assert_eq!((both.is_at_it(), heard(&both).unwrap()), (true, vec!["early".to_owned()]));
    }
}

/// What is heard of a pod that was changed.
fn heard_of(change: impl Fn(&mut Value)) -> Result<Vec<String>, String> {
    let mut forged = pod("one-x", "one", ended(0, LATE, &message_of("said")));
    change(&mut forged.manifest);
    heard(&made(stored(), vec![job("one", Some("Complete"))], vec![forged]))
}

#[test]
fn a_pod_that_is_not_what_the_cron_job_asks_for_is_not_heard() {
    let cases: [(&str, Change); 22] = [
        ("spec.containers[0].command", |pod| pod["spec"]["containers"][0]["command"] = json!(["/bin/forge"])),
        ("spec.containers[0].args", |pod| pod["spec"]["containers"][0]["args"][5] = json!("elsewhere")),
        ("spec.containers[0].env[0]", |pod| pod["spec"]["containers"][0]["env"] = json!([{ "name": "PGHOST", "value": "elsewhere" }])),
        ("spec.containers[0].envFrom[0]", |pod| pod["spec"]["containers"][0]["envFrom"] = json!([{ "configMapRef": { "name": "own" } }])),
        ("spec.containers[0].volumeMounts[2]", |pod| {
            pod["spec"]["containers"][0]["volumeMounts"].as_array_mut().unwrap().push(json!({ "name": "database", "mountPath": "/usr/local/bin" }));
        }),
        ("spec.containers[0].terminationMessagePath", |pod| pod["spec"]["containers"][0]["terminationMessagePath"] = json!("/etc/airlock/database/value")),
        ("spec.containers[0].terminationMessagePolicy", |pod| pod["spec"]["containers"][0]["terminationMessagePolicy"] = json!("File")),
        ("spec.containers[0].securityContext.readOnlyRootFilesystem", |pod| pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = json!(false)),
        ("spec.volumes[0].secret", |pod| pod["spec"]["volumes"][0] = json!({ "name": "database", "configMap": { "name": "own" } })),
        ("spec.initContainers[0]", |pod| pod["spec"]["initContainers"] = json!([{ "name": "own", "image": "own" }])),
        ("spec.ephemeralContainers[0]", |pod| pod["spec"]["ephemeralContainers"] = json!([{ "name": "own", "image": "own", "targetContainerName": "attempts" }])),
        ("spec.hostAliases[0]", |pod| pod["spec"]["hostAliases"] = json!([{ "ip": "10.0.0.9", "hostnames": ["database.airlock.svc"] }])),
        ("spec.hostNetwork", |pod| pod["spec"]["hostNetwork"] = json!(true)),
        ("spec.dnsPolicy", |pod| pod["spec"]["dnsPolicy"] = json!("None")),
        ("spec.dnsConfig", |pod| pod["spec"]["dnsConfig"] = json!({ "nameservers": ["10.0.0.9"] })),
        ("spec.containers[1]", |pod| {
            let another = json!({ "name": "another", "image": pod["spec"]["containers"][0]["image"] });
            pod["spec"]["containers"].as_array_mut().unwrap().push(another);
        }),
        ("spec.automountServiceAccountToken", |pod| pod["spec"]["automountServiceAccountToken"] = json!(true)),
        ("spec.serviceAccountName", |pod| pod["spec"]["serviceAccountName"] = json!("airflow-scheduler")),
        ("spec.restartPolicy", |pod| pod["spec"]["restartPolicy"] = json!("OnFailure")),
        ("spec.aFieldOfTomorrow", |pod| pod["spec"]["aFieldOfTomorrow"] = json!("x")),
        ("metadata.annotations[k8s.v1.cni.cncf.io/networks]", |pod| pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/networks"] = json!("own")),
        ("metadata.ownerReferences", |pod| pod["metadata"]["ownerReferences"][0]["uid"] = json!("another")),
    ];
    for (field, change) in cases {
        let reason = heard_of(change).unwrap_err();
        assert!(reason.starts_with("the pod airlock-alpha/one-x is not one that the CronJob airflow-attempts makes (") && reason.contains(field), "{field}: {reason}");
        assert!(reason.contains("`kubectl create job attempts-now --from=cronjob/airflow-attempts --namespace airlock-alpha`"), "{reason}");
        assert!(!reason.contains("elsewhere") && !reason.contains("10.0.0.9"), "{field}: {reason}");
    }
}

#[test]
fn what_admission_adds_to_every_pod_makes_it_no_other() {
    assert_eq!(heard_of(|_| ()).unwrap(), ["said"]);
    // OpenShift gives users of its own, so that the CronJob there asks for none.
    let (mut cron_job, mut pod) = (stored(), pod("one-x", "one", ended(0, LATE, &message_of("said"))));
    for template in [cron_job.manifest.pointer_mut(TEMPLATE).unwrap(), &mut pod.manifest] {
        template["spec"]["securityContext"] = json!({ "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } });
    }
    pod.manifest["metadata"]["annotations"]["openshift.io/scc"] = json!("restricted-v2");
    pod.manifest["spec"]["securityContext"]["fsGroup"] = json!(1_000_680_000);
    pod.manifest["spec"]["securityContext"]["seLinuxOptions"] = json!({ "level": "s0:c26,c5" });
    let container = &mut pod.manifest["spec"]["containers"][0];
    container["securityContext"]["runAsUser"] = json!(1_000_680_000);
    // As a LimitRange does.
    container["resources"]["limits"]["cpu"] = json!("1");
    assert_eq!(heard(&made(cron_job, vec![job("one", Some("Complete"))], vec![pod])).unwrap(), ["said"]);
}

#[test]
fn the_image_that_ran_counts_and_not_the_one_that_was_written_afterwards() {
    let other = format!("elsewhere.test/own@{}", Digest::of(b"own"));
    for told in [json!(other), json!(""), json!(Digest::of(b"configuration").to_string())] {
        let reason = heard_of(|pod| pod["status"]["containerStatuses"][0]["imageID"] = told.clone()).unwrap_err();
        assert!(reason.contains("(status.containerStatuses[0].imageID)"), "{told}: {reason}");
    }
    let reason = heard_of(|pod| {
        pod["spec"]["containers"][0]["image"] = json!(other);
        pod["status"]["containerStatuses"][0]["imageID"] = json!(other);
    });
    assert!(reason.unwrap_err().contains("(spec.containers[0].image)"));
}

#[test]
fn a_job_of_nobody_or_of_another_cron_job_makes_no_pod_that_counts() {
    let pods = || vec![pod("one-x", "one", ended(0, LATE, &message_of("said")))];
    let mut another = job("one", Some("Complete"));
    another.manifest["metadata"]["ownerReferences"][0]["uid"] = json!("c0");
    for jobs in [vec![], vec![another]] {
        assert!(heard(&made(stored(), jobs, pods())).unwrap_err().contains("(metadata.ownerReferences)"));
    }
    let none = Made::new(NAMESPACE, Vec::new(), vec![job("one", Some("Complete"))], pods()).unwrap();
    assert_eq!(heard(&none).unwrap_err(), "the CronJob airflow-attempts of airlock-alpha is not there; `airlock deployment apply FILE` makes it");
}

#[test]
fn a_cron_job_that_is_not_as_airlock_makes_it_makes_no_pod_that_counts() {
    let cases: [(&str, Change); 4] = [
        ("spec.containers[0].image", |spec| spec["containers"][0]["image"] = json!(format!("elsewhere.test/own@{}", Digest::of(b"own")))),
        ("spec.containers[0].args", |spec| spec["containers"][0]["args"][5] = json!("elsewhere")),
        ("spec.hostAliases[0]", |spec| spec["hostAliases"] = json!([{ "ip": "10.0.0.9", "hostnames": ["database.airlock.svc"] }])),
        ("spec.dnsPolicy", |spec| spec["dnsPolicy"] = json!("Default")),
    ];
    for (field, change) in cases {
        let (mut cron_job, mut pod) = (stored(), pod("one-x", "one", ended(0, LATE, &message_of("said"))));
        change(cron_job.manifest.pointer_mut(&format!("{TEMPLATE}/spec")).unwrap());
        change(pod.manifest.pointer_mut("/spec").unwrap());
        let reason = heard(&made(cron_job, vec![job("one", Some("Complete"))], vec![pod])).unwrap_err();
        assert!(reason.starts_with(&format!("the CronJob airflow-attempts of airlock-alpha is not as Airlock makes it ({field}); `airlock deployment apply FILE`")), "{reason}");
    }
}
