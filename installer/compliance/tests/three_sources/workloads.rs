//! Pods, good and bad, as each kind of workload holds them.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

use crate::makers::MAKERS;
use crate::of_shop;

/// How many kinds of them one case has at most: all of them in each would take several times as long and say no more.
const AT_ONCE: usize = 3;

/// Some fields of a pod, good and bad, in any mixture.
fn pod() -> impl Strategy<Value = Value> {
    let security = prop_oneof![
        Just(json!({})),
        Just(json!({ "privileged": true })),
        Just(json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } })),
        Just(json!({ "runAsUser": 0, "procMount": "Unmasked" })),
    ];
    let environment = prop_oneof![
        Just(json!([])),
        Just(json!([{ "name": "DB_PASSWORD", "value": "hunter2" }])),
        Just(json!([{ "name": "AIRFLOW__API__EXPOSE_CONFIG", "value": "True" }, { "name": "AIRFLOW_VAR_A", "value": "b" }])),
        Just(json!([{ "name": "X", "value": "https://a@sentry.io/1" }, { "name": "POSTGRES_PASSWORD", "valueFrom": { "secretKeyRef": { "name": "db", "key": "p" } } }])),
        Just(json!([{ "name": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "valueFrom": { "secretKeyRef": { "name": "a", "key": "password" } } }])),
    ];
    let whole = prop_oneof![
        Just(json!([])),
        Just(json!([{ "secretRef": { "name": "db" } }])),
        Just(json!([{ "prefix": "A_", "configMapRef": { "name": "settings" } }])),
        Just(json!([{ "configMapRef": { "name": "settings" } }, { "prefix": "AIRFLOW__CORE__", "configMapRef": { "name": "settings" } }, { "configMapRef": { "name": "nowhere" } }])),
        Just(json!([{ "configMapRef": { "name": "nowhere", "optional": true } }, { "prefix": "AIRFLOW__", "secretRef": { "name": "a" } }])),
    ];
    let resources = prop_oneof![Just(json!({})), Just(json!({ "limits": { "cpu": 1, "memory": "1Gi" } }))];
    let volumes = prop_oneof![Just(json!([])), Just(json!([{ "name": "a" }])), Just(json!([{ "name": "a", "hostPath": { "path": "/etc" } }]))];
    let image = prop_oneof![Just("nginx".to_owned()), Just(format!("a.example/b@sha256:{}", "0".repeat(64)))];
    (security, environment, whole, resources, volumes, image, any::<[bool; 5]>()).prop_map(|(security, env, whole, resources, volumes, image, [network, non_root, token, account, first])| {
        let container = json!({ "name": "a", "image": image, "env": env, "envFrom": whole, "resources": resources, "securityContext": security, "ports": [{ "name": "web", "containerPort": 80 }] });
        let security = json!({ "runAsNonRoot": non_root, "seccompProfile": { "type": "RuntimeDefault" } });
        let mut spec = json!({ "containers": [container], "volumes": volumes, "hostNetwork": network, "securityContext": security });
        if first {
            spec["initContainers"] = json!([{ "name": "first", "image": image, "envFrom": whole }]);
        }
        if !token {
            spec["automountServiceAccountToken"] = json!(false);
        }
        if account {
            spec["serviceAccountName"] = json!("web");
        }
        spec
    })
}

/// A pod with the labels that policies here select, or without.
fn template() -> impl Strategy<Value = Value> {
    (pod(), any::<bool>()).prop_map(|(spec, labelled)| if labelled { json!({ "metadata": { "labels": { "a": "b" } }, "spec": spec }) } else { json!({ "spec": spec }) })
}

/// A pod, and workloads of some kinds; a `ReplicaSet` may be a Deployment's.
pub(crate) fn workloads() -> impl Strategy<Value = Vec<Value>> {
    let kinds = subsequence(MAKERS.to_vec(), 1..=AT_ONCE);
    (template(), kinds, proptest::collection::vec(template(), AT_ONCE), any::<bool>()).prop_map(|(alone, kinds, templates, owned)| {
        let made = kinds.iter().zip(templates).map(|((api, kind, at), template)| {
            let mut workload = at.rsplit('/').filter(|field| !field.is_empty()).fold(template, |inner, field| json!({ field: inner }));
            if *kind == "ReplicaSet" && owned {
                workload["metadata"]["ownerReferences"] = json!([{ "apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "controller": true }]);
            }
            of_shop(api, kind, &workload)
        });
        std::iter::once(of_shop("v1", "Pod", &alone)).chain(made).collect()
    })
}
