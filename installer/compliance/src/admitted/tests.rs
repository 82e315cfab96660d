use airlock_model::{ObjectRef, Templates, World};
use serde_json::json;

use super::*;

mod admission;
mod api;

/// A template as the API server returns it, and what of the pod differs.
fn template() -> Value {
    json!({
        "metadata": { "labels": { "app": "edge", "pod-template-hash": "6d5f" } },
        "spec": {
            "containers": [{
                "name": "edge", "image": "docker.io/library/nginx:1", "imagePullPolicy": "IfNotPresent", "args": ["-g"],
                "env": [{ "name": "MODE", "value": "a" }],
                "resources": { "limits": { "memory": "1Gi" } },
                "securityContext": { "allowPrivilegeEscalation": false, "runAsNonRoot": true },
                "ports": [{ "containerPort": 8443, "protocol": "TCP" }],
                "volumeMounts": [{ "name": "tmp", "mountPath": "/tmp" }],
            }],
            "volumes": [{ "name": "tmp", "emptyDir": {} }],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30,
        },
    })
}

fn object(api_version: &str, kind: &str, name: &str, manifest: Value) -> SnapshotObject {
    SnapshotObject { object: ObjectRef::namespaced(api_version, kind, "shop", name), manifest, place: None }
}

/// What made a pod, with its template.
fn holder(maker: Maker, template: &Value) -> SnapshotObject {
    let above = if maker == Maker::ReplicaSet { json!([{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "edge", "controller": true }]) } else { json!([]) };
    let metadata = json!({ "uid": "u1", "generation": 2, "ownerReferences": above, "annotations": { "deprecated.daemonset.template.generation": "1" } });
    let mut manifest = json!({ "metadata": metadata, "spec": { "template": template }, "status": { "observedGeneration": 2, "updateRevision": "r1" } });
    if maker == Maker::StatefulSet {
        manifest["spec"]["volumeClaimTemplates"] = json!([{ "metadata": { "name": "data" } }]);
    }
    if maker == Maker::Job {
        manifest["spec"]["completionMode"] = json!("Indexed");
    }
    object(maker.api_version(), maker.kind(), "edge-6d5f", manifest)
}

/// A pod as its controller asks for it, before anything else has seen it.
fn asked_for(maker: Maker, template: &Value) -> Value {
    let mut pod = template.clone();
    pod["metadata"]["ownerReferences"] = json!([{ "apiVersion": maker.api_version(), "kind": maker.kind(), "name": "edge-6d5f", "uid": "u1", "controller": true }]);
    let labels = &mut pod["metadata"]["labels"];
    match maker {
        Maker::ReplicaSet | Maker::Job => {}
        Maker::StatefulSet => labels["controller-revision-hash"] = json!("r1"),
        Maker::DaemonSet => labels["pod-template-generation"] = json!("1"),
    }
    pod
}

fn given(holder: SnapshotObject, pod: Value) -> Snapshot {
    let kinds = BTreeMap::from([(holder.object.kind.clone(), Ok(vec![holder]))]);
    Snapshot {
        world: World { namespaces: vec!["shop".into()], probes: "probes".into(), ..World::default() },
        objects: BTreeMap::from([("Pod".into(), Ok(vec![object("v1", "Pod", "edge-6d5f-x", pod)]))]),
        templates: Some(Templates::from([("shop".into(), kinds)])),
        ..Snapshot::default()
    }
}

/// Each change as people read it.
fn told(maker: Maker, template: &Value, pod: Value) -> Vec<String> {
    let found = admitted(&given(holder(maker, template), pod)).unwrap();
    assert_eq!((found.compared, found.uncompared), (1, Vec::new()));
    let sign = |change: &AdmittedChange| match change.change {
        ChangeKind::Added => '+',
        ChangeKind::Changed => '~',
        ChangeKind::Removed => '-',
    };
    found.changed.iter().flat_map(|pod| &pod.changes).map(|change| format!("{} {} | {}", sign(change), change.words(), change.path.raw())).collect()
}

fn pod(given: &mut Snapshot) -> &mut Value {
    &mut given.objects.get_mut("Pod").unwrap().as_mut().unwrap()[0].manifest
}

fn set(given: &mut Snapshot) -> &mut Result<Vec<SnapshotObject>, String> {
    given.templates.as_mut().unwrap().get_mut("shop").unwrap().get_mut("StatefulSet").unwrap()
}

#[test]
fn a_pod_without_its_template_is_not_compared_and_it_is_said_why() {
    let template = template();
    let why = |change: &dyn Fn(&mut Snapshot)| {
        let mut given = given(holder(Maker::StatefulSet, &template), asked_for(Maker::StatefulSet, &template));
        change(&mut given);
        let found = admitted(&given).unwrap();
        assert_eq!((found.compared, found.changed), (0, Vec::new()));
        found.uncompared.into_iter().map(|pods| (pods.reason.raw().to_owned(), pods.pods, pods.unread)).next().unwrap()
    };
    assert_eq!(why(&|given| drop(pod(given)["metadata"]["ownerReferences"].take())).0, "no workload made them, as with tasks of Airflow: nothing says what was asked for");
    assert_eq!(why(&|given| pod(given)["metadata"]["ownerReferences"][0]["kind"] = json!("Rollout")).0, "made by a Rollout, whose template is not known");
    assert_eq!(why(&|given| pod(given)["metadata"]["ownerReferences"][0]["uid"] = json!("u2")).0, "the StatefulSet that made them is gone");
    assert_eq!(why(&|given| *set(given) = Err("HTTP 403".into())), ("StatefulSets could not be read: HTTP 403".into(), 1, true));
    let earlier = ("made from an earlier template of their StatefulSet".to_owned(), 1, false);
    assert_eq!(why(&|given| pod(given)["metadata"]["labels"]["controller-revision-hash"] = json!("r0")), earlier);
    assert_eq!(why(&|given| set(given).as_mut().unwrap()[0].manifest["metadata"]["generation"] = json!(3)), earlier);
}

#[test]
fn where_nothing_was_read_to_compare_with_nothing_is_said() {
    let template = template();
    let mut given = given(holder(Maker::Job, &template), asked_for(Maker::Job, &template));
    given.source = Source::Files;
    assert_eq!(admitted(&given), None);
    given.source = Source::Cluster;
    given.templates = None;
    assert_eq!(admitted(&given), None);
}

#[test]
fn pods_of_attempts_are_left_out() {
    let template = template();
    let mut given = given(holder(Maker::Job, &template), asked_for(Maker::Job, &template));
    given.world.probes = "shop".into();
    given.objects.get_mut("Pod").unwrap().as_mut().unwrap()[0].manifest["metadata"]["labels"][names::LABEL_PROBE_RUN] = json!("r");
    assert_eq!(admitted(&given), Some(Admitted::default()));
}
