//! Objects as checks read them: those of the installation's namespaces, or all that the files hold; else the reason why
//! there are none to judge.

use airlock_model::selector::Labels;
use airlock_model::{Need, Snapshot, SnapshotObject, Source, WorldDeployment, names};
use serde::Deserialize as _;
use serde_json::Value;

use crate::pod_security::Pod;

/// Why there is nothing to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// It was not read, and may be there.
    Unread(String),
    /// It was read, and there is none.
    Nothing(String),
}

pub(crate) fn need(api_version: &str, kind: &str) -> Need {
    Need::Objects { api_version: api_version.into(), kind: kind.into() }
}

/// The namespaces of the installation; a snapshot without any has nothing that could be vouched for.
pub(crate) fn namespaces(given: &Snapshot) -> Result<&[String], String> {
    if given.world.namespaces.is_empty() { Err("no namespace of an installation was given".to_owned()) } else { Ok(&given.world.namespaces) }
}

/// Objects of a kind in those namespaces. An error says why they were not seen; an empty list means that there are none.
pub(crate) fn objects<'a>(given: &'a Snapshot, kind: &str) -> Result<Vec<&'a SnapshotObject>, String> {
    if given.source == Source::Files {
        return Ok(given.objects.get(kind).and_then(|found| found.as_ref().ok()).into_iter().flatten().collect());
    }
    let namespaces = namespaces(given)?;
    match given.objects.get(kind) {
        None => Err(format!("objects of kind {kind} were not read")),
        Some(Err(reason)) => Err(format!("objects of kind {kind} could not be read: {reason}")),
        Some(Ok(objects)) => {
            let is_ours = |live: &&SnapshotObject| namespaces.contains(live.object.namespace.as_ref().unwrap_or(&live.object.name));
            Ok(objects.iter().filter(is_ours).collect())
        }
    }
}

/// The labels of an object; none where they are no labels.
pub(crate) fn labels(manifest: &Value) -> Labels {
    manifest.pointer("/metadata/labels").and_then(|labels| Labels::deserialize(labels).ok()).unwrap_or_default()
}

/// A pod, or the template that a workload makes pods from.
pub(crate) struct PodOf<'a> {
    /// The pod or the workload.
    pub(crate) object: &'a SnapshotObject,
    /// JSON pointer of the pod in the object.
    pub(crate) at: &'static str,
    metadata: &'a Value,
    spec: Option<&'a Value>,
}

impl<'a> PodOf<'a> {
    pub(crate) fn new(object: &'a SnapshotObject, at: &'static str) -> Self {
        let pod = object.manifest.pointer(at).unwrap_or(&Value::Null);
        Self { object, at, metadata: pod.get("metadata").unwrap_or(&Value::Null), spec: pod.get("spec") }
    }

    /// Its spec, when it has containers, and lists of nothing else; without them nothing can be said of it.
    pub(crate) fn spec(&self) -> Option<&'a Value> {
        let is_list = |list: &Value| list.is_null() || list.as_array().is_some_and(|items| items.iter().all(Value::is_object));
        let are_lists = |spec: &Value| ["initContainers", "containers", "ephemeralContainers"].into_iter().filter_map(|list| spec.get(list)).all(is_list);
        self.spec.filter(|spec| are_lists(spec) && Pod::new(&Value::Null, spec).containers().next().is_some())
    }

    /// As controls read it.
    pub(crate) fn pod(&self) -> Option<Pod<'a>> {
        self.spec().map(|spec| Pod::new(self.metadata, spec))
    }

    /// A label of the pods.
    pub(crate) fn label(&self, key: &str) -> Option<&'a str> {
        self.metadata.get("labels")?.get(key)?.as_str()
    }

    /// The `ServiceAccount` that it runs as: `default` when it names none (Kubernetes API, `PodSpec`).
    pub(crate) fn account(&self) -> &'a str {
        let named = |key| self.spec.and_then(|spec| spec.get(key)).and_then(Value::as_str).filter(|name| !name.is_empty());
        named("serviceAccountName").or_else(|| named("serviceAccount")).unwrap_or("default")
    }
}

/// Kinds that make pods, and where their template stands.
const WORKLOADS: [(&str, &str); 9] = [
    ("Pod", ""),
    ("Deployment", "/spec/template"),
    ("ReplicaSet", "/spec/template"),
    ("StatefulSet", "/spec/template"),
    ("DaemonSet", "/spec/template"),
    ("ReplicationController", "/spec/template"),
    ("Job", "/spec/template"),
    ("CronJob", "/spec/jobTemplate/spec/template"),
    ("PodTemplate", "/template"),
];

/// All pods of the source, and all templates that were given. A platform without a pod does not run, so that of a
/// cluster an empty list is not seen, not good.
///
/// Pods that carry out attempts come and go while a run looks; those that bear a run's label in the probes' namespace
/// are left out, so that two runs judge the same pods.
pub(crate) fn pods(given: &Snapshot) -> Result<Vec<PodOf<'_>>, Unseen> {
    let is_probe = |live: &SnapshotObject| live.object.namespace.as_deref() == Some(given.world.probes.as_str()) && label(live, names::LABEL_PROBE_RUN).is_some();
    let mut found = Vec::new();
    for (kind, at) in WORKLOADS {
        // Of a cluster the pods themselves must have been read; templates are judged where they are given.
        if kind == "Pod" || given.objects.contains_key(kind) {
            let objects = objects(given, kind).map_err(Unseen::Unread)?;
            found.extend(objects.into_iter().filter(|live| kind != "Pod" || !is_probe(live)).map(|object| PodOf::new(object, at)));
        }
    }
    match given.source {
        _ if !found.is_empty() => Ok(found),
        Source::Cluster => Err(Unseen::Unread(format!("no pod runs in {}", given.world.namespaces.join(", ")))),
        Source::Files => Err(Unseen::Nothing("the files hold nothing that makes pods".to_owned())),
    }
}

/// What the pods of a source are called as a whole.
pub(crate) const PODS: &str = "all pods";
/// What a finding about no deployment in particular is about.
pub(crate) const DEPLOYMENTS: &str = "Airflow deployments";
/// What all objects are called as a whole.
pub(crate) const ALL: &str = "all objects";

/// The Airflow deployments of the installation.
pub(crate) fn deployments(given: &Snapshot) -> Result<&[WorldDeployment], Unseen> {
    if given.world.base_domain.is_empty() {
        return Err(Unseen::Unread("nothing is known of the installation".to_owned()));
    }
    if given.world.deployments.is_empty() { Err(Unseen::Nothing("there is none".to_owned())) } else { Ok(&given.world.deployments) }
}

/// A label of an object.
pub(crate) fn label<'a>(live: &'a SnapshotObject, key: &str) -> Option<&'a str> {
    live.manifest.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// The namespace that an object is in: without one in its manifest it goes where it is applied, which is `default`
/// when nobody says otherwise.
pub(crate) fn namespace(object: &SnapshotObject) -> &str {
    object.object.namespace.as_deref().unwrap_or("default")
}
