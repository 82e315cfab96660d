//! The kinds of objects that decide about connections, as they stand in a snapshot, and findings about them.

use std::collections::BTreeMap;

use airlock_model::{Finding, Need, ObjectRef, ReadFault, Reason, Snapshot, SnapshotObject, Source, Subject, names};
use serde_json::Value;

use super::cluster::Cluster;
use super::workloads::template_of;
use crate::described::{Described, Resting};
use crate::live::{self, Unseen, need};
use crate::manifests::key;
use crate::pod_security::Violation;

/// Kinds without which nothing can be said of a cluster: what runs there, and every kind of policy.
const NEEDED: [(&str, &str); 16] = [
    ("v1", "Namespace"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
    ("cilium.io/v2", "CiliumNetworkPolicy"),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy"),
    ("projectcalico.org/v3", "NetworkPolicy"),
    ("projectcalico.org/v3", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org/v1", "NetworkPolicy"),
    ("crd.projectcalico.org/v1", "GlobalNetworkPolicy"),
    ("crd.antrea.io/v1beta1", "NetworkPolicy"),
    ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy"),
];

/// Kinds that say more where they are given.
const WELCOME: [&str; 13] = ["ReplicationController", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "CronJob", "Job", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "Route"];

pub(crate) fn needs() -> Vec<Need> {
    NEEDED.iter().map(|(api_version, kind)| need(api_version, kind)).collect()
}

/// Those of them that are policies, and the namespaces that policies select.
pub(crate) fn needs_of_policies() -> Vec<Need> {
    NEEDED.iter().filter(|(_, kind)| is_of_policies(kind)).map(|(api_version, kind)| need(api_version, kind)).collect()
}

fn is_of_policies(kind: &str) -> bool {
    kind == "Namespace" || kind.split('.').next().is_some_and(|kind| kind.ends_with("NetworkPolicy"))
}

fn is_meant(key: &str) -> bool {
    WELCOME.contains(&key) || needed_keys().any(|needed| needed == key)
}

/// Under which names a snapshot has what is needed.
pub(crate) fn needed_keys() -> impl Iterator<Item = String> {
    NEEDED.iter().map(|(api_version, kind)| key(api_version.split_once('/').map_or("", |(group, _)| group), kind))
}

/// Every object of those kinds: of files all, of a cluster those of the installation and of the cluster as a whole.
fn given(snapshot: &Snapshot) -> impl Iterator<Item = &SnapshotObject> + Clone {
    let found = snapshot.objects.iter().filter(|(key, _)| is_meant(key)).filter_map(|(_, found)| found.as_ref().ok()).flatten();
    found.filter(|object| snapshot.source == Source::Files || is_ours(snapshot, object))
}

/// Pods that carry out attempts come and go while a run looks, and are left out.
fn is_ours(snapshot: &Snapshot, object: &SnapshotObject) -> bool {
    let world = &snapshot.world;
    match &object.object.namespace {
        None => true,
        Some(namespace) => world.namespaces.contains(namespace) && (*namespace != world.probes || live::label(object, names::LABEL_PROBE_RUN).is_none()),
    }
}

/// The same without what makes pods, for what asks nothing of them.
pub(crate) fn but_pods(snapshot: &Snapshot) -> impl Iterator<Item = (&ObjectRef, &Value)> + Clone {
    objects(snapshot).filter(|(object, _)| template_of(object).is_none())
}

pub(crate) fn objects(snapshot: &Snapshot) -> impl Iterator<Item = (&ObjectRef, &Value)> + Clone {
    given(snapshot).map(|found| (&found.object, &found.manifest))
}

/// Why something was not seen.
pub(crate) fn missing(snapshot: &Snapshot) -> Vec<String> {
    let broken = snapshot.unread.iter().filter(|unread| unread.fault == ReadFault::Broken).map(|unread| format!("{} could not be read", unread.file));
    unread_kinds(snapshot, is_meant).chain(broken).collect()
}

/// Why a policy of a cluster, or a namespace that it selects, may not have been seen.
pub(crate) fn missing_policies(snapshot: &Snapshot) -> Option<String> {
    if snapshot.source == Source::Cluster { unread_kinds(snapshot, is_of_policies).next() } else { None }
}

fn unread_kinds(snapshot: &Snapshot, is_meant: fn(&str) -> bool) -> impl Iterator<Item = String> {
    let absent = needed_keys().filter(move |key| snapshot.source == Source::Cluster && is_meant(key) && !snapshot.objects.contains_key(key)).map(|key| format!("objects of kind {key} were not read"));
    absent.chain(snapshot.objects.iter().filter(move |(key, _)| is_meant(key)).filter_map(|(kind, found)| Some(format!("objects of kind {kind} could not be read: {}", found.as_ref().err()?))))
}

/// The cluster, when everything that decides about it was read. Files that are broken are told by [`unread`].
pub(crate) fn cluster(snapshot: &Snapshot) -> Result<Cluster, Unseen> {
    let missing = missing(snapshot);
    if snapshot.source == Source::Cluster
        && let Some(reason) = missing.first()
    {
        return Err(Unseen::Unread(reason.clone()));
    }
    let cluster = Cluster::read(objects(snapshot));
    match snapshot.source {
        _ if !cluster.pods.is_empty() || !cluster.unread.is_empty() => Ok(cluster),
        Source::Cluster => Err(Unseen::Unread(format!("no pod runs in {}", snapshot.world.namespaces.join(", ")))),
        Source::Files if missing.is_empty() => Err(Unseen::Nothing("the files hold nothing that makes pods".to_owned())),
        Source::Files => Err(Unseen::Unread(missing.join("; "))),
    }
}

/// What findings about all policies call them.
const POLICIES: &str = "all policies";

/// The cluster, for what is judged policy by policy.
fn policies(snapshot: &Snapshot) -> Result<Cluster, Unseen> {
    let missing = missing(snapshot);
    if snapshot.source == Source::Cluster
        && let Some(reason) = missing.first()
    {
        return Err(Unseen::Unread(reason.clone()));
    }
    let cluster = Cluster::read(objects(snapshot));
    let is_empty = cluster.policies.is_empty() && cluster.unread.is_empty() && missing.is_empty();
    if is_empty { Err(Unseen::Nothing("there is no network policy".to_owned())) } else { Ok(cluster) }
}

/// What a check says policy by policy: what was not understood is unverified, `judge` judges the rest, and where neither says
/// anything the check does not apply, since there is `nothing` to look at.
pub(crate) fn judged(check: &Described, snapshot: &Snapshot, nothing: &str, judge: impl FnOnce(&Cluster, &ByName<'_>) -> Vec<Finding>) -> Vec<Finding> {
    let cluster = match policies(snapshot) {
        Ok(cluster) => cluster,
        Err(unseen) => return check.unseen(POLICIES, unseen),
    };
    let objects = by_name(snapshot);
    let mut findings = unread(check, snapshot, &cluster, &objects);
    findings.extend(judge(&cluster, &objects));
    if findings.is_empty() {
        findings.push(check.not_applicable(POLICIES, Reason::NoSubject, nothing));
    }
    findings
}

/// A finding for everything of which it is not known what it allows.
pub(crate) fn unread(check: &Described, snapshot: &Snapshot, cluster: &Cluster, objects: &ByName<'_>) -> Vec<Finding> {
    let not_understood = cluster.unread.iter().map(|unread| check.unverified(subject(objects, &unread.object), unread.reason.as_str()));
    not_understood.chain(missing(snapshot).into_iter().map(|reason| check.unverified("the files", reason))).collect()
}

/// Objects by their names; of two that bear one name, the first.
pub(crate) type ByName<'a> = BTreeMap<&'a ObjectRef, &'a SnapshotObject>;

pub(crate) fn by_name(snapshot: &Snapshot) -> ByName<'_> {
    let mut objects = ByName::new();
    for object in given(snapshot) {
        objects.entry(&object.object).or_insert(object);
    }
    objects
}

/// An object as the subject of a finding, with its place.
pub(crate) fn subject(objects: &ByName<'_>, object: &ObjectRef) -> Subject {
    objects.get(object).map_or_else(|| Subject::from(object), |given| Subject::from(*given))
}

/// A namespace as the subject of a finding, also where no object stands for it.
pub(crate) fn namespace_subject(objects: &ByName<'_>, name: &str) -> Subject {
    subject(objects, &ObjectRef::cluster("v1", "Namespace", name))
}

/// A finding for each field that is wrong.
pub(crate) fn each(check: &Described, objects: &ByName<'_>, object: &ObjectRef, found: Vec<(String, String)>) -> Vec<Finding> {
    let finding = |wrong: (String, String)| seen(check.fail(subject(objects, object), wrong.1.as_str()), objects, object, &[wrong]);
    found.into_iter().map(finding).collect()
}

/// A finding with fields of its object, each by its path and what is wrong there.
pub(crate) fn seen(finding: Finding, objects: &ByName<'_>, object: &ObjectRef, found: &[(String, String)]) -> Finding {
    let Some(given) = objects.get(object) else { return finding };
    let field = |(path, detail): &(String, String)| Violation { path: path.clone(), value: given.manifest.pointer(path).cloned().unwrap_or(Value::Null), detail: detail.clone() };
    finding.seen(given, &found.iter().map(field).collect::<Vec<_>>())
}
