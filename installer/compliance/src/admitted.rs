//! What admission made of pods: each pod as it is stored beside the template that it was made from.
//!
//! A webhook, a policy, or a plugin of the API server may change a pod between what a workload asked for and what is
//! stored. Checks judge what is stored; this says what of it nobody asked for, and is no verdict. [`admitted`] finds the
//! template of each pod (`made_from`), compares (`difference`), leaves out what the API, its controllers, and the plugins
//! that are always on are known to add (`known`), and puts the rest into words (`words`).
//!
//! Labels, annotations, and finalizers beside, only the spec is compared: names, owners, and finalizers are the
//! controllers' business. What may be written later as well (labels, annotations, images, resources, tolerations) is told
//! as that: a pod does not say when it was changed.

mod asked;
mod difference;
mod known;
mod made_from;
mod words;

use std::collections::BTreeMap;

use airlock_model::{Evidence, Finding, Snapshot, SnapshotObject, Source, Subject, Untrusted, Verdict, field_path, names};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::live;

use difference::{Difference, differences};
use made_from::{Made, made_from};

pub use asked::{unasked_fields, unrendered_fields};
pub use made_from::{Maker, makers};

/// What admission made of the pods of a cluster. It is information beside the findings: no verdict rests on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Admitted {
    /// How many pods were compared with the template that they were made from.
    pub compared: usize,
    /// Those that are stored otherwise than they were asked for, by subject.
    pub changed: Vec<AdmittedPod>,
    /// Those that were not compared, by reason.
    pub uncompared: Vec<UncomparedPods>,
}

/// A pod that is stored otherwise than it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdmittedPod {
    /// The pod.
    pub subject: Subject,
    /// The workload whose template asked for it.
    pub made_by: Subject,
    /// What differs, by path.
    pub changes: Vec<AdmittedChange>,
}

/// One thing that a pod has and its template has not, or the other way round.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdmittedChange {
    /// What became of it.
    pub change: ChangeKind,
    /// The field of the pod, as Kubernetes writes paths: `spec.containers[1]`; of what was removed, that of the template.
    pub path: Untrusted<String>,
    /// In words: `container mesh`, `image of container edge`.
    pub what: Untrusted<String>,
    /// What the template has; null where it has nothing, and where the value may be somebody's secret (variables, arguments,
    /// commands, annotations, and the like).
    pub asked: Option<Value>,
    /// What is stored; null as above.
    pub stored: Option<Value>,
    /// Whether somebody may have written it after the pod was admitted.
    pub or_since: bool,
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// The template has none.
    Added,
    /// The template has another.
    Changed,
    /// The pod has none.
    Removed,
}

/// Pods that were not compared.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UncomparedPods {
    /// Why.
    pub reason: Untrusted<String>,
    /// How many.
    pub pods: usize,
    /// Whether what they were made from could not be read, and might be with more rights.
    pub unread: bool,
}

/// Compares every pod that was given; none where nothing was read to compare with, and of files.
pub(crate) fn admitted(given: &Snapshot) -> Option<Admitted> {
    let templates = given.templates.as_ref().filter(|_| given.source == Source::Cluster)?;
    let is_probe = |pod: &SnapshotObject| pod.object.namespace.as_deref() == Some(given.world.probes.as_str()) && live::label(pod, names::LABEL_PROBE_RUN).is_some();
    let mut found = Admitted::default();
    let mut uncompared: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for pod in live::objects(given, "Pod").ok()?.into_iter().filter(|pod| !is_probe(pod)) {
        match made_from(pod, templates) {
            Err(why) => *uncompared.entry((why.words, why.unread)).or_default() += 1,
            Ok(made) => {
                found.compared += 1;
                let changes = changes(&made);
                if !changes.is_empty() {
                    found.changed.push(AdmittedPod { subject: Subject::from(pod), made_by: made.by.clone(), changes });
                }
            }
        }
    }
    found.changed.sort_by(|one, other| one.subject.cmp(&other.subject));
    found.uncompared = uncompared.into_iter().map(|((reason, unread), pods)| UncomparedPods { reason: reason.into(), pods, unread }).collect();
    Some(found)
}

fn changes(made: &Made<'_>) -> Vec<AdmittedChange> {
    differences(made.template, made.pod).iter().filter(|difference| !known::is_known(difference, made)).map(AdmittedChange::of).collect()
}

impl Admitted {
    /// Lays beside each finding about a changed pod what of it concerns the finding's field.
    pub(crate) fn explain(&self, findings: &mut [Finding]) {
        let by_subject: BTreeMap<&Subject, &AdmittedPod> = self.changed.iter().map(|pod| (&pod.subject, pod)).collect();
        let explained = findings.iter_mut().filter(|finding| !matches!(finding.verdict, Verdict::Pass | Verdict::NotApplicable));
        for finding in explained {
            let Some(pod) = by_subject.get(&finding.subject) else { continue };
            let concerns = |change: &&AdmittedChange| finding.path.as_ref().is_none_or(|path| is_within(path.raw(), change.path.raw()) || is_within(change.path.raw(), path.raw()));
            let lines: Vec<Evidence> = pod.changes.iter().filter(concerns).map(|change| Evidence::Fact(change.sentence(&pod.made_by))).collect();
            // What people decided stands behind all else, and is read there.
            finding.evidence.splice(0..0, lines);
        }
    }
}

/// Whether a field is another, or stands in it.
fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl AdmittedChange {
    fn of(difference: &Difference<'_>) -> Self {
        let change = match (difference.asked, difference.stored) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        };
        let shown = |value: Option<&Value>| value.and_then(|value| words::shown(difference, value));
        Self {
            change,
            path: field_path(&difference.pointer()).into(),
            what: words::what(difference).into(),
            asked: shown(difference.asked),
            stored: shown(difference.stored),
            or_since: words::is_written_later(difference),
        }
    }

    /// `container mesh (image b:1)`, `image of container a: "b" → "c"`, and what it was where it is gone.
    pub fn words(&self) -> String {
        let told = |value: &Option<Value>| value.as_ref().map(words::short);
        match (self.change, told(&self.asked), told(&self.stored)) {
            (ChangeKind::Changed, Some(asked), Some(stored)) => format!("{}: {asked} → {stored}", self.what.raw()),
            (ChangeKind::Added, _, Some(value)) | (ChangeKind::Removed, Some(value), _) => format!("{}: {value}", self.what.raw()),
            _ => self.what.raw().to_owned(),
        }
    }

    /// Who may have done it.
    pub const fn who(&self) -> &'static str {
        if self.or_since { "admission, or somebody since," } else { "admission" }
    }

    fn sentence(&self, made_by: &Subject) -> String {
        let (did, has) = match (self.change, &self.asked) {
            (ChangeKind::Added, _) => ("added", "none".to_owned()),
            (ChangeKind::Changed, Some(asked)) => ("changed", words::short(asked)),
            (ChangeKind::Changed, None) => ("changed", "another".to_owned()),
            (ChangeKind::Removed, Some(asked)) => ("removed", words::short(asked)),
            (ChangeKind::Removed, None) => ("removed", "it".to_owned()),
        };
        format!("{} {did} {}: the template of {made_by} has {has}", self.who(), self.what.raw())
    }
}

#[cfg(test)]
mod tests;
