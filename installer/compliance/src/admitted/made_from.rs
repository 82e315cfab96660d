//! Which template a pod was made from: that of its controller, as long as that is still the one.

use std::collections::BTreeSet;

use airlock_model::{ObjectRef, SnapshotObject, Subject, Templates};
use serde_json::Value;

/// A workload that makes pods from its own template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Maker {
    /// Of a Deployment, or by itself. Each has one template as long as it lives.
    ReplicaSet,
    /// Its template may have changed since; a label of the pod says which revision it is of.
    StatefulSet,
    /// As above.
    DaemonSet,
    /// Its template does not change once it has begun.
    Job,
}

impl Maker {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ReplicaSet, Self::StatefulSet, Self::DaemonSet, Self::Job];

    /// Its group and version.
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::ReplicaSet | Self::StatefulSet | Self::DaemonSet => "apps/v1",
            Self::Job => "batch/v1",
        }
    }

    /// Its kind.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
        }
    }

    fn of(owner: &Value) -> Option<Self> {
        let group = |version: &str| version.split_once('/').map_or("", |(group, _)| group).to_owned();
        let asked = group(owner["apiVersion"].as_str()?);
        Self::ALL.into_iter().find(|maker| owner["kind"] == maker.kind() && group(maker.api_version()) == asked)
    }
}

/// What made these pods, by namespace: what has to be read to compare them.
pub fn makers<'a>(pods: impl IntoIterator<Item = &'a SnapshotObject>) -> BTreeSet<(String, Maker)> {
    pods.into_iter().filter_map(|pod| Some((pod.object.namespace.clone()?, Maker::of(controller(&pod.manifest)?)?))).collect()
}

/// A pod and what it was made from.
pub(super) struct Made<'a> {
    pub(super) maker: Maker,
    /// The workload as people know it: of a `ReplicaSet` of a Deployment, the Deployment.
    pub(super) by: Subject,
    /// What holds the template.
    pub(super) holder: &'a Value,
    pub(super) template: &'a Value,
    pub(super) pod: &'a Value,
}

/// Why a pod is not compared.
#[derive(Debug)]
pub(super) struct Uncompared {
    pub(super) words: String,
    /// It could not be read.
    pub(super) unread: bool,
}

fn uncompared(words: impl Into<String>) -> Uncompared {
    Uncompared { words: words.into(), unread: false }
}

pub(super) fn made_from<'a>(pod: &'a SnapshotObject, templates: &'a Templates) -> Result<Made<'a>, Uncompared> {
    let owner = controller(&pod.manifest).ok_or_else(|| uncompared("no workload made them, as with tasks of Airflow: nothing says what was asked for"))?;
    let maker = Maker::of(owner).ok_or_else(|| uncompared(format!("made by a {}, whose template is not known", owner["kind"].as_str().unwrap_or("workload"))))?;
    let kind = maker.kind();
    let unread = |why: &str| Uncompared { words: format!("{kind}s could not be read: {why}"), unread: true };
    let namespace = pod.object.namespace.as_deref().unwrap_or_default();
    let read = templates.get(namespace).and_then(|kinds| kinds.get(kind)).ok_or_else(|| unread("nobody asked for them"))?;
    let all = read.as_ref().map_err(|why| unread(why))?;
    // One of the same name that was made anew has another identity.
    let is_owner = |one: &&SnapshotObject| owner["name"] == one.object.name.as_str() && one.manifest.pointer("/metadata/uid") == owner.get("uid");
    let holder = all.iter().find(is_owner).ok_or_else(|| uncompared(format!("the {kind} that made them is gone")))?;
    let template = holder.manifest.pointer("/spec/template").filter(|_| is_current(maker, &pod.manifest, &holder.manifest));
    let template = template.ok_or_else(|| uncompared(format!("made from an earlier template of their {kind}")))?;
    Ok(Made { maker, by: known_as(holder), holder: &holder.manifest, template, pod: &pod.manifest })
}

fn controller(manifest: &Value) -> Option<&Value> {
    manifest.pointer("/metadata/ownerReferences")?.as_array()?.iter().find(|owner| owner["controller"] == true)
}

fn known_as(holder: &SnapshotObject) -> Subject {
    let text = |owner: &Value, key: &str| owner[key].as_str().map(str::to_owned);
    let above = controller(&holder.manifest).and_then(|owner| Some((text(owner, "apiVersion")?, text(owner, "kind")?, text(owner, "name")?)));
    match above {
        Some((api_version, kind, name)) if holder.object.kind == "ReplicaSet" => Subject::from(&ObjectRef { api_version, kind, namespace: holder.object.namespace.clone(), name }),
        _ => Subject::from(holder),
    }
}

/// Whether the template is the one that the pod was made from: the revision of a `StatefulSet` stands in its status
/// (`StatefulSetStatus.updateRevision`), that of a `DaemonSet`'s template in an annotation (`deprecated.daemonset.template.generation`).
fn is_current(maker: Maker, pod: &Value, holder: &Value) -> bool {
    let same = |label: &str, there: &str| {
        let (here, there) = (pod.pointer(label).and_then(Value::as_str), holder.pointer(there).and_then(Value::as_str));
        here.is_some() && here == there
    };
    match maker {
        Maker::ReplicaSet | Maker::Job => true,
        Maker::StatefulSet => {
            let observed = holder.pointer("/status/observedGeneration") == holder.pointer("/metadata/generation");
            observed && same("/metadata/labels/controller-revision-hash", "/status/updateRevision")
        }
        Maker::DaemonSet => same("/metadata/labels/pod-template-generation", "/metadata/annotations/deprecated.daemonset.template.generation"),
    }
}
