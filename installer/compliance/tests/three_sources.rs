//! The same object gets the same verdict from a file, from a plan, and from a cluster, whatever the object.

#![expect(clippy::unwrap_used, reason = "what cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};

use airlock_compliance::{Judging, Reads, checks, judge, judge_secret, manifests, selected, standing, unprofiled, with_checks};
use airlock_model::{Action, Amount, Digest, ImageLock, JudgedSecret, Need, Object, Plan, PlannedStep, Purpose, Reason, Risk, Snapshot, SnapshotObject, Source, StepId, Undo, Verdict, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

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
    ];
    let resources = prop_oneof![Just(json!({})), Just(json!({ "limits": { "cpu": 1, "memory": "1Gi" } }))];
    let volumes = prop_oneof![Just(json!([])), Just(json!([{ "name": "a" }])), Just(json!([{ "name": "a", "hostPath": { "path": "/etc" } }]))];
    let image = prop_oneof![Just("nginx".to_owned()), Just(format!("a.example/b@sha256:{}", "0".repeat(64)))];
    (security, environment, resources, volumes, image, any::<[bool; 4]>()).prop_map(|(security, env, resources, volumes, image, [network, non_root, token, account])| {
        let container = json!({ "name": "a", "image": image, "env": env, "resources": resources, "securityContext": security, "ports": [ { "containerPort": 80 } ] });
        let mut spec =
            json!({ "containers": [container], "volumes": volumes, "hostNetwork": network, "securityContext": { "runAsNonRoot": non_root, "seccompProfile": { "type": "RuntimeDefault" } } });
        if !token {
            spec["automountServiceAccountToken"] = json!(false);
        }
        if account {
            spec["serviceAccountName"] = json!("web");
        }
        spec
    })
}

fn objects() -> impl Strategy<Value = Vec<Value>> {
    let object = |api: &str, kind: &str, rest: Value| {
        let mut object = json!({ "apiVersion": api, "kind": kind, "metadata": { "name": "a", "namespace": "shop" } });
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    };
    (pod(), pod(), any::<[bool; 4]>()).prop_map(move |(one, two, [policy, snippet, level, strong])| {
        let mut all = vec![
            object("v1", "Pod", json!({ "spec": one })),
            object("apps/v1", "Deployment", json!({ "spec": { "template": { "spec": two } } })),
            object("v1", "ServiceAccount", json!({ "metadata": { "name": "a", "namespace": "shop", "annotations": { "note": if strong { "" } else { "postgres://a:hunter2@db/a" } } } })),
            object("v1", "ServiceAccount", json!({ "metadata": { "name": "web", "namespace": "shop" } })),
            object("v1", "ResourceQuota", json!({ "spec": { "hard": { "pods": 1 } } })),
            object("v1", "LimitRange", json!({})),
            object("v1", "Secret", json!({ "data": { "password": STANDARD.encode(if strong { "q8Zr3Vx0LkT5nWcB7uYpJ2mHdS9fGeA4" } else { "changeme" }) } })),
            object("v1", "ConfigMap", json!({ "data": { "a": "b" } })),
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": { "pod-security.kubernetes.io/enforce": if level { "restricted" } else { "baseline" } } } }),
            object("networking.k8s.io/v1", "Ingress", json!({ "spec": { "rules": [ { "host": "a.example" } ] }, "metadata": { "name": "a", "namespace": "shop", "annotations": { if snippet { "nginx.org/server-snippets" } else { "a" }: "b" } } })),
            object("networking.k8s.io/v1", "NetworkPolicy", json!({ "spec": { "podSelector": { "matchLabels": { "a": "b" } }, "policyTypes": ["Ingress"] } })),
        ];
        let encrypted = if strong { "true" } else { "false" };
        let labels = json!({ "app.kubernetes.io/name": "renewer", "app.kubernetes.io/part-of": "airlock" });
        all.extend([
            object("v1", "PersistentVolumeClaim", json!({ "spec": { "storageClassName": "fast" } })),
            json!({ "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "fast" }, "provisioner": "ebs.csi.aws.com", "parameters": { "encrypted": encrypted } }),
            object("batch/v1", "CronJob", json!({ "metadata": { "name": "renewer", "namespace": "shop", "labels": labels }, "spec": { "suspend": level, "jobTemplate": { "spec": { "template": { "spec": { "containers": [{ "name": "a", "image": "b" }] } } } } } })),
            object("v1", "ConfigMap", json!({ "metadata": { "name": "rules", "namespace": "shop" }, "data": { "a.rules": if snippet { "groups: [{ name: a, rules: [{ alert: Down }] }]" } else { "groups: [" } } })),
        ]);
        all.extend([
            object("v1", "ConfigMap", json!({ "metadata": { "name": "settings", "namespace": "shop" }, "data": { "airflow.cfg": if level { "[api]\nexpose_config = True\n" } else { "" }, "DB_PASSWORD": if snippet { "hunter2" } else { "" }, "ui": if strong { "" } else { "https://a@sentry.io/1" } } })),
            object("v1", "Service", json!({ "metadata": { "name": "a", "namespace": "shop", "labels": { "a": "b" } }, "spec": { "ports": [{ "port": 80 }] } })),
            object("cert-manager.io/v1", "Certificate", json!({ "status": { "conditions": [{ "type": "Ready", "status": if level { "True" } else { "False" } }] } })),
            object("gateway.networking.k8s.io/v1", "Gateway", json!({ "spec": { "listeners": [{ "name": "a", "protocol": if level { "HTTPS" } else { "HTTP" }, "port": 80 }] } })),
            object("cilium.io/v2", "CiliumNetworkPolicy", json!({ "spec": { "endpointSelector": {}, "egress": [if level { json!({ "toEntities": ["all"] }) } else { json!({}) }] } })),
        ]);
        all.push(object("batch/v1", "Job", json!({ "spec": { "template": { "spec": { "containers": [{ "name": "a", "image": "b", "env": [{ "name": "TOKEN", "value": "hunter2" }] }], "hostNetwork": level } } } })));
        // A binding to a role that is not among them is left out: it may be in the cluster that files are for.
        let role = |kind: &str, name: &str| json!({ "roleRef": { "apiGroup": RBAC, "kind": kind, "name": name }, "subjects": [{ "kind": "ServiceAccount", "namespace": "shop", "name": "web" }] });
        let granted = |api_group: &str, resource: &str, verbs: &[&str]| json!([{ "apiGroups": [api_group], "resources": [resource], "verbs": verbs, "resourceNames": if strong { json!(["a"]) } else { json!([]) } }]);
        let everybody = json!({ "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": if level { "view" } else { "edit" } }, "subjects": [{ "apiGroup": RBAC, "kind": "Group", "name": if snippet { "system:authenticated" } else { "team" } }] });
        all.extend([
            object("rbac.authorization.k8s.io/v1", "Role", json!({ "rules": granted("", "secrets", &["get", "list"]) })),
            object("rbac.authorization.k8s.io/v1", "RoleBinding", role("Role", "a")),
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": "wide" }, "rules": if level { granted("*", "*", &["*"]) } else { granted("", "pods/exec", &["create"]) } }),
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": "wide" }, "roleRef": role("ClusterRole", "wide")["roleRef"], "subjects": role("ClusterRole", "wide")["subjects"] }),
            object("rbac.authorization.k8s.io/v1", "RoleBinding", json!({ "metadata": { "name": "everybody", "namespace": "shop" }, "roleRef": everybody["roleRef"], "subjects": everybody["subjects"] })),
        ]);
        if policy {
            all.push(object("networking.k8s.io/v1", "NetworkPolicy", json!({ "spec": { "podSelector": {}, "policyTypes": ["Ingress", "Egress"] } })));
        }
        all
    })
}

/// Check, verdict, reason, object, and field of a finding.
type Said = (String, Verdict, Option<Reason>, String, Option<String>);

fn said(given: &Snapshot, checks: &str) -> Vec<Said> {
    let report = judge(&with_checks(unprofiled(), checks).unwrap(), given, Judging { passes: true, workers: 1 }).unwrap();
    // What a cluster alone has: values of Secrets, and what nodes run.
    let of_cluster = |name: &str| name.starts_with("values of") || name == "running images";
    let of_checks = report.findings.into_iter().filter(|finding| finding.check != "SRC-001" && !of_cluster(finding.subject.name.raw()));
    let mut said: Vec<Said> = of_checks.map(|finding| (finding.check, finding.verdict, finding.reason, finding.subject.at(None).to_string(), finding.path.map(|path| path.raw().to_owned()))).collect();
    said.sort();
    said
}

/// As whoever reads a cluster hands values in.
fn strength(files: &Snapshot) -> Vec<JudgedSecret> {
    let judged = |secret: &SnapshotObject| {
        let values: Vec<(&String, Vec<u8>)> = secret.manifest["data"].as_object().unwrap().iter().map(|(key, value)| (key, STANDARD.decode(value.as_str().unwrap()).unwrap())).collect();
        judge_secret(&secret.object, values.iter().map(|(key, value)| (key.as_str(), value.as_slice())))
    };
    files.objects["Secret"].as_ref().unwrap().iter().map(judged).collect()
}

/// What a plan gives that would write the same objects, as it is read from its file: a step for each two, and one that runs a Job.
fn planned(objects: &[Value]) -> Snapshot {
    let object = |manifest: &Value| Object::new(manifest.clone()).unwrap();
    let (jobs, others): (Vec<Object>, Vec<Object>) = objects.iter().map(object).partition(|object| object.reference().kind == "Job");
    let actions = others.chunks(2).map(|objects| Action::Apply(objects.to_vec())).chain(jobs.into_iter().map(|job| Action::Run(Box::new(job))));
    let step = |(number, action): (usize, Action)| PlannedStep {
        id: StepId(format!("step-{number}")),
        title: "t".into(),
        after: Vec::new(),
        action,
        changes: Vec::new(),
        risk: Risk::None,
        rights: Vec::new(),
        undo: Undo::Nothing,
    };
    let plan = Plan {
        schema: 1,
        purpose: Purpose::Install,
        cluster_uid: "u".into(),
        namespace: "shop".into(),
        installation: None,
        release: "r".into(),
        answers: Digest::of(b""),
        images: ImageLock::default(),
        requests: Amount::default(),
        connections: Vec::new(),
        hosts: Vec::new(),
        run_rights: Vec::new(),
        steps: actions.enumerate().map(step).collect(),
    };
    let written = serde_json::to_vec(&plan).unwrap();
    manifests::snapshot([manifests::planned("plan.json", &serde_json::from_slice(&written).unwrap())])
}

/// What makes the pods here. Of a cluster the pods are judged; where what makes them is given, it is judged alike.
const MAKERS: [&str; 3] = ["CronJob", "Deployment", "Job"];

/// What a cluster gives where this check alone is made: of the objects those that it asks for, read from nowhere.
fn live(files: &Snapshot, check: &str) -> Snapshot {
    let mut given = Snapshot {
        source: Source::Cluster,
        world: World { platform: "shop".into(), namespaces: vec!["shop".into()], accounts_with_rights: ["shop/web".to_owned()].into(), ..World::default() },
        leaks: Some(Ok(Vec::new())),
        strength: Some(Ok(strength(files))),
        ..files.clone()
    };
    for object in given.objects.values_mut().flat_map(|objects| objects.as_mut().unwrap()) {
        object.place = None;
    }
    // What every cluster has, and files bind without holding it.
    let of_cluster = ["edit", "view"].map(|name| {
        let metadata = json!({ "name": name, "labels": { "kubernetes.io/bootstrapping": "rbac-defaults" } });
        let selector = json!({ "matchLabels": { (format!("rbac.authorization.k8s.io/aggregate-to-{name}")): "true" } });
        let manifest = json!({ "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": metadata, "aggregationRule": { "clusterRoleSelectors": [selector] } });
        SnapshotObject::from(&Object::new(manifest).unwrap())
    });
    given.objects.entry("ClusterRole".to_owned()).or_insert_with(|| Ok(Vec::new())).as_mut().unwrap().extend(of_cluster);
    let needs = checks().iter().filter(|known| known.spec().id == check).flat_map(|check| check.needs(&unprofiled(), &given.world));
    let kinds = needs.filter_map(|need| if let Need::Objects { kind, .. } = need { Some(kind) } else { None }).collect::<BTreeSet<_>>();
    given.objects.retain(|kind, _| MAKERS.contains(&kind.as_str()) || kinds.contains(kind));
    // A kind that is needed was read, also where there is none of it.
    for kind in kinds {
        given.objects.entry(kind).or_insert_with(|| Ok(Vec::new()));
    }
    given
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn an_object_is_judged_alike_wherever_it_comes_from(objects in objects()) {
        // Of a cluster the mirrors of static pods alone are judged by these, and no pod here is one; without reports of a scanner files do
        // not show what a cluster should.
        let others = ["CPL-001", "LOG-001", "VUL-001"];
        let of_objects: Vec<&str> =
            selected(&unprofiled()).unwrap().iter().map(|check| check.spec().id).filter(|id| standing(id).reads == Reads::Objects && !others.contains(id)).collect();
        let text = objects.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n");
        let files = manifests::snapshot([manifests::read("a.yaml", text.as_bytes())]);
        prop_assert_eq!(&files.unread, &Vec::new());
        let checks = of_objects.join(",");
        let of_files = said(&files, &checks);
        for check in &of_objects {
            let of_check: Vec<Said> = of_files.iter().filter(|(id, ..)| id == check).cloned().collect();
            prop_assert_eq!(of_check, said(&live(&files, check), check));
        }
        let planned = planned(&objects);
        prop_assert_eq!(&planned.unread, &Vec::new());
        prop_assert!(planned.objects.values().flatten().flatten().all(|object| object.place.as_ref().is_some_and(|place| place.line.is_none())), "a step has no line");
        prop_assert_eq!(&of_files, &said(&planned, &checks));
        let counted: BTreeMap<_, _> = of_files.into_iter().map(|(check, verdict, ..)| (check, verdict)).collect();
        prop_assert!(counted.len() >= of_objects.len(), "every check says something");
    }
}
