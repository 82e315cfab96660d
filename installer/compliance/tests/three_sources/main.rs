//! The same object gets the same verdict from a file, from a plan, and from a cluster, whatever the object.

#![expect(clippy::unwrap_used, reason = "what cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};

use airlock_compliance::{Judging, Reads, checks, judge, judge_secret, manifests, selected, standing, unprofiled, with_checks};
use airlock_model::{Action, Amount, Digest, ImageLock, JudgedSecret, Need, Object, Plan, PlannedStep, Purpose, Reason, Risk, Snapshot, SnapshotObject, Source, StepId, Undo, Verdict, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::makers::MAKERS;

#[path = "../makers/mod.rs"]
mod makers;
mod policies;
mod rights;
mod workloads;

/// An object of the namespace `shop`, called `a` unless its metadata say otherwise.
fn of_shop(api: &str, kind: &str, rest: &Value) -> Value {
    let mut object = json!({ "apiVersion": api, "kind": kind });
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    let mut metadata = json!({ "name": "a", "namespace": "shop" });
    metadata.as_object_mut().unwrap().extend(rest.get("metadata").and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    object["metadata"] = metadata;
    object
}

fn objects() -> impl Strategy<Value = Vec<Value>> {
    (workloads::workloads(), rights::rights(), policies::policies(), any::<[bool; 4]>()).prop_map(|(workloads, rights, policies, [policy, snippet, level, strong])| {
        let mut all = workloads;
        all.extend(rights);
        all.extend(policies);
        all.extend([
            of_shop("v1", "ServiceAccount", &json!({ "metadata": { "annotations": { "note": if strong { "" } else { "postgres://a:hunter2@db/a" } } } })),
            of_shop("v1", "ServiceAccount", &json!({ "metadata": { "name": "web" } })),
            of_shop("v1", "ResourceQuota", &json!({ "spec": { "hard": { "pods": 1 } } })),
            of_shop("v1", "LimitRange", &json!({})),
            of_shop("v1", "Secret", &json!({ "data": { "password": STANDARD.encode(if strong { "q8Zr3Vx0LkT5nWcB7uYpJ2mHdS9fGeA4" } else { "changeme" }) } })),
            of_shop("v1", "ConfigMap", &json!({ "data": { "a": "b" } })),
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": { "pod-security.kubernetes.io/enforce": if level { "restricted" } else { "baseline" } } } }),
            of_shop("networking.k8s.io/v1", "Ingress", &json!({ "spec": { "rules": [{ "host": "a.example" }] }, "metadata": { "annotations": { if snippet { "nginx.org/server-snippets" } else { "a" }: "b" } } })),
            of_shop("networking.k8s.io/v1", "NetworkPolicy", &json!({ "spec": { "podSelector": { "matchLabels": { "a": "b" } }, "policyTypes": ["Ingress"] } })),
        ]);
        let encrypted = if strong { "true" } else { "false" };
        let labels = json!({ "app.kubernetes.io/name": "renewer", "app.kubernetes.io/part-of": "airlock" });
        all.extend([
            of_shop("v1", "PersistentVolumeClaim", &json!({ "spec": { "storageClassName": "fast" } })),
            json!({ "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": { "name": "fast" }, "provisioner": "ebs.csi.aws.com", "parameters": { "encrypted": encrypted } }),
            of_shop("batch/v1", "CronJob", &json!({ "metadata": { "name": "renewer", "labels": labels }, "spec": { "suspend": level, "jobTemplate": { "spec": { "template": { "spec": { "containers": [{ "name": "a", "image": "b" }] } } } } } })),
            of_shop("v1", "ConfigMap", &json!({ "metadata": { "name": "rules" }, "data": { "a.rules": if snippet { "groups: [{ name: a, rules: [{ alert: Down }] }]" } else { "groups: [" } } })),
            of_shop("v1", "ConfigMap", &json!({ "metadata": { "name": "settings" }, "data": { "airflow.cfg": if level { "[api]\nexpose_config = True\n" } else { "" }, "DB_PASSWORD": if snippet { "hunter2" } else { "" }, "FERNET_KEY": "hunter2", "AIRFLOW__API__SECRET_KEY": if strong { "" } else { "hunter2" }, "ui": if strong { "" } else { "https://a@sentry.io/1" } } })),
            of_shop("v1", "Service", &json!({ "metadata": { "labels": { "a": "b" } }, "spec": { "ports": [{ "port": 80 }] } })),
            of_shop("cert-manager.io/v1", "Certificate", &json!({ "status": { "conditions": [{ "type": "Ready", "status": if level { "True" } else { "False" } }] } })),
            of_shop("gateway.networking.k8s.io/v1", "Gateway", &json!({ "spec": { "listeners": [{ "name": "a", "protocol": if level { "HTTPS" } else { "HTTP" }, "port": 80 }] } })),
            of_shop("cilium.io/v2", "CiliumNetworkPolicy", &json!({ "spec": { "endpointSelector": {}, "egress": [if level { json!({ "toEntities": ["all"] }) } else { json!({}) }] } })),
            of_shop("batch/v1", "Job", &json!({ "metadata": { "name": "once" }, "spec": { "template": { "spec": { "containers": [{ "name": "a", "image": "b", "env": [{ "name": "TOKEN", "value": "hunter2" }] }], "hostNetwork": level } } } })),
        ]);
        if policy {
            all.push(of_shop("networking.k8s.io/v1", "NetworkPolicy", &json!({ "metadata": { "name": "all" }, "spec": { "podSelector": {}, "policyTypes": ["Ingress", "Egress"] } })));
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

/// What a cluster has of these objects, read from nowhere, with what every cluster has.
fn cluster(files: &Snapshot) -> Snapshot {
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
    let of_every = rights::of_every_cluster().into_iter().map(|manifest| SnapshotObject::from(&Object::new(manifest).unwrap()));
    given.objects.entry("ClusterRole".to_owned()).or_insert_with(|| Ok(Vec::new())).as_mut().unwrap().extend(of_every);
    given
}

/// Objects by their kinds, as a snapshot has them.
type Objects = BTreeMap<String, Result<Vec<SnapshotObject>, String>>;

/// What is read where this check alone is made, of all objects those that it asks for, and those that make pods. Of a cluster the pods are
/// judged; where what makes them is given, it is judged alike.
fn asked_for(check: &str, bare: &Snapshot, all: &Objects) -> Snapshot {
    let needs = checks().iter().filter(|known| known.spec().id == check).flat_map(|check| check.needs(&unprofiled(), &bare.world));
    let kinds = needs
        .filter_map(|need| if let Need::Objects { api_version, kind } = need { Some(manifests::key(api_version.split_once('/').map_or("", |(group, _)| group), &kind)) } else { None })
        .collect::<BTreeSet<_>>();
    let is_given = |kind: &String| MAKERS.iter().any(|(_, maker, _)| maker == kind) || kinds.contains(kind);
    let mut objects: Objects = all.iter().filter(|(kind, _)| is_given(kind)).map(|(kind, found)| (kind.clone(), found.clone())).collect();
    // A kind that is needed was read, also where there is none of it.
    for kind in kinds {
        objects.entry(kind).or_insert_with(|| Ok(Vec::new()));
    }
    Snapshot { objects, ..bare.clone() }
}

/// The files without what of a cluster is the business of others.
fn without_others(files: &Snapshot) -> Snapshot {
    let mut ours = files.clone();
    for objects in ours.objects.values_mut() {
        objects.as_mut().unwrap().retain(|object| object.manifest["metadata"]["labels"].get(rights::OF_OTHERS).is_none());
    }
    ours
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn an_object_is_judged_alike_wherever_it_comes_from(objects in objects()) {
        // Of a cluster the mirrors of static pods alone are judged by these, and no pod here is one; without reports of a scanner files do
        // not show what a cluster should. Of a cluster the certificate of the base domain alone is judged with its key, and both are handed in
        // by whoever reads them.
        let others = ["CPL-001", "LOG-001", "TLS-001", "VUL-001"];
        let of_objects: Vec<&str> =
            selected(&unprofiled()).unwrap().iter().map(|check| check.spec().id).filter(|id| standing(id).reads == Reads::Objects && !others.contains(id)).collect();
        let text = objects.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n");
        let files = manifests::snapshot([manifests::read("a.yaml", text.as_bytes())]);
        prop_assert_eq!(&files.unread, &Vec::new());
        let checks = of_objects.join(",");
        let of_files = said(&files, &checks);
        let of_installation = said(&without_others(&files), &rights::ROLE_BY_ROLE.join(","));
        let mut bare = cluster(&files);
        let all = std::mem::take(&mut bare.objects);
        for check in &of_objects {
            let of_this = if rights::ROLE_BY_ROLE.contains(check) { &of_installation } else { &of_files };
            let of_check: Vec<Said> = of_this.iter().filter(|(id, ..)| id == check).cloned().collect();
            prop_assert_eq!(of_check, said(&asked_for(check, &bare, &all), check));
        }
        let planned = planned(&objects);
        prop_assert_eq!(&planned.unread, &Vec::new());
        prop_assert!(planned.objects.values().flatten().flatten().all(|object| object.place.as_ref().is_some_and(|place| place.line.is_none())), "a step has no line");
        prop_assert_eq!(&of_files, &said(&planned, &checks));
        let counted: BTreeMap<_, _> = of_files.into_iter().map(|(check, verdict, ..)| (check, verdict)).collect();
        prop_assert!(counted.len() >= of_objects.len(), "every check says something");
    }
}
