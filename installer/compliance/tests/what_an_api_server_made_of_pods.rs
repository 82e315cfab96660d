//! Pods as an API server of Kubernetes 1.37.2 stored them, with the built-in plugins, controllers, and scheduler that are on by default,
//! from `admission/workloads.yaml`; and as it stored them anew under `admission/admission.yaml`.

#![expect(clippy::unwrap_used, reason = "what cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};

use airlock_compliance::{Admitted, AdmittedChange, Judging, judge, unprofiled, with_checks};
use airlock_model::{ObjectRef, Snapshot, SnapshotObject, Templates, World};
use serde_json::Value;

fn admitted(stored: &str) -> Admitted {
    let mut kinds: BTreeMap<String, Result<Vec<SnapshotObject>, String>> = BTreeMap::new();
    for (kind, objects) in serde_json::from_str::<BTreeMap<String, Vec<Value>>>(stored).unwrap() {
        let object = |manifest: Value| {
            let object = ObjectRef::namespaced(manifest["apiVersion"].as_str().unwrap(), &kind, "shop", manifest["metadata"]["name"].as_str().unwrap());
            SnapshotObject { object, manifest, place: None }
        };
        kinds.insert(kind.clone(), Ok(objects.into_iter().map(object).collect()));
    }
    let given = Snapshot {
        world: World { namespaces: vec!["shop".into()], probes: "probes".into(), ..World::default() },
        objects: BTreeMap::from([("Pod".to_owned(), kinds.remove("Pod").unwrap())]),
        templates: Some(Templates::from([("shop".to_owned(), kinds)])),
        ..Snapshot::default()
    };
    let report = judge(&with_checks(unprofiled(), "PSS-001").unwrap(), &given, Judging { passes: false, workers: 1 }).unwrap();
    report.admitted.unwrap()
}

/// Each change of pods of each workload, once.
fn told(found: &Admitted) -> BTreeMap<String, BTreeSet<String>> {
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for pod in &found.changed {
        told.entry(pod.made_by.to_string()).or_default().extend(pod.changes.iter().map(AdmittedChange::words));
    }
    told
}

#[test]
fn of_what_kubernetes_does_to_every_pod_nothing_is_told() {
    let found = admitted(include_str!("admission/as_asked.json"));
    assert_eq!(told(&found), BTreeMap::new());
    let uncompared: Vec<(&str, usize)> = found.uncompared.iter().map(|pods| (pods.reason.raw(), pods.pods)).collect();
    assert_eq!((found.compared, uncompared), (11, vec![("no workload made them, as with tasks of Airflow: nothing says what was asked for", 1)]));
}

#[test]
fn what_a_policy_and_a_limit_range_made_of_them_is_told_of_each() {
    let found = admitted(include_str!("admission/after_admission.json"));
    assert_eq!((found.compared, found.changed.len(), found.uncompared.len()), (11, 11, 0));
    // What says nothing of its processor time is given some by the LimitRange.
    let each: [(&str, &str, &str, &[&str]); 7] = [
        ("DaemonSet shop/agent", "agent", "a", &["container agent"]),
        ("DaemonSet shop/simple", "simple", "a", &["container simple"]),
        ("Deployment shop/plain", "plain", "docker.io/library/nginx:1", &["container plain"]),
        ("Deployment shop/rich", "rich", "c", &["init container side"]),
        ("Job shop/indexed", "one", "a", &["container one", "init container init"]),
        ("Job shop/once", "once", "a", &["container once"]),
        ("StatefulSet shop/data", "data", "a", &["container data"]),
    ];
    let expected: BTreeMap<String, BTreeSet<String>> = each
        .into_iter()
        .map(|(by, container, image, given)| {
            let by_policy =
                ["container mesh: mesh.test/proxy:2".to_owned(), "hostIPC: true".to_owned(), "label team: a".to_owned(), format!("image of container {container}: {image} → mirror.test/{image}")];
            let by_range = given.iter().flat_map(|container| [format!("resources.limits.cpu of {container}: 200m"), format!("resources.requests.cpu of {container}: 100m")]);
            (by.to_owned(), by_policy.into_iter().chain(by_range).collect())
        })
        .collect();
    assert_eq!(told(&found), expected);
    assert!(!serde_json::to_string(&found).unwrap().contains("hunter2"), "the value of a variable is nobody's business");
}
