//! What is allowed, by the words of each kind of policy, and by brute force.

use airlock_model::{Check, Finding, Object, Profile, Snapshot, SnapshotObject, Source};
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::connections::listed;
use super::{EGRESS, INGRESS, checks};

mod admin;
mod cilium;
mod closed;
mod cluster_policy;
mod entrances;
mod forbidden;
mod left_open;
mod naive;
mod of_the_platform;
mod semantics;
mod verdicts;

/// A cluster of YAML documents.
fn cluster(documents: &str) -> Cluster {
    let objects = objects(documents);
    Cluster::read(objects.iter().map(|object| (object.reference(), object.manifest())))
}

fn objects(documents: &str) -> Vec<Object> {
    let documents = documents.split("\n---").filter(|text| !text.trim().is_empty());
    documents.map(|text| Object::new(serde_yaml::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}"))).unwrap()).collect()
}

/// The lines of a list, without what `ns/…` of `lines` do not ask for.
fn lines(documents: &str) -> Vec<String> {
    let cluster = cluster(documents);
    assert_eq!(cluster.unread, Vec::new());
    listed(&cluster).iter().map(ToString::to_string).collect()
}

/// A pod `namespace/name` with the label `app: name` and ports `web` (TCP 80), `alt` (TCP 8080), `dns` (UDP 53).
fn pod(namespace: &str, name: &str) -> String {
    let ports = "[ { name: web, containerPort: 80 }, { name: alt, containerPort: 8080 }, { name: dns, containerPort: 53, protocol: UDP } ]";
    format!("\n---\n{{ apiVersion: v1, kind: Pod, metadata: {{ name: {name}, namespace: {namespace}, labels: {{ app: {name} }} }}, spec: {{ containers: [ {{ name: c, ports: {ports} }} ] }} }}")
}

fn namespace(name: &str, label: &str) -> String {
    format!("\n---\n{{ apiVersion: v1, kind: Namespace, metadata: {{ name: {name}, labels: {{ team: {label} }} }} }}")
}

fn policy(namespace: &str, name: &str, spec: &str) -> String {
    format!("\n---\n{{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{ name: {name}, namespace: {namespace} }}, spec: {{ {spec} }} }}")
}

/// Files with these documents.
pub(crate) fn files(documents: &str) -> Snapshot {
    let mut snapshot = Snapshot { source: Source::Files, ..Snapshot::default() };
    for object in objects(documents) {
        let given = SnapshotObject { object: object.reference().clone(), manifest: object.into_manifest(), place: None };
        snapshot.objects.entry(crate::manifests::key(given.object.group(), &given.object.kind)).or_insert_with(|| Ok(Vec::new())).as_mut().unwrap().push(given);
    }
    snapshot
}

/// A profile with these parameters.
pub(crate) fn profile(parameters: Value) -> Profile {
    let mut profile = crate::shipped("baseline").unwrap();
    profile.parameters = serde_json::from_value(parameters).unwrap();
    profile
}

fn findings(id: &str, snapshot: &Snapshot, parameters: Value) -> Vec<Finding> {
    let defaults: [&dyn Check; 2] = [&INGRESS, &EGRESS];
    let check = defaults.into_iter().chain(checks()).find(|check| check.spec().id == id).unwrap();
    check.evaluate(&profile(parameters), snapshot)
}

/// The verdicts of a check, by the name of the subject.
fn verdicts_with(id: &str, documents: &[String], parameters: Value) -> Vec<(String, &'static str)> {
    let mut said: Vec<(String, &str)> = findings(id, &files(&documents.concat()), parameters).iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict.word())).collect();
    said.sort();
    said
}

fn verdicts(id: &str, documents: &[String]) -> Vec<(String, &'static str)> {
    verdicts_with(id, documents, json!({}))
}

fn said(pairs: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    pairs.iter().map(|(name, word)| ((*name).to_owned(), *word)).collect()
}

fn tenant(name: &str) -> String {
    format!("\n---\n{{ apiVersion: v1, kind: Namespace, metadata: {{ name: {name}, labels: {{ airlock-platform.io/tenant: {name} }} }} }}")
}

fn platform() -> String {
    "\n---\n{ apiVersion: v1, kind: Namespace, metadata: { name: airlock, labels: { airlock-platform.io/installation: abc } } }".to_owned()
}

const CLOSED: &str = "podSelector: {}, policyTypes: [Ingress, Egress]";
