//! The journal of one run: which step began and ended when. It is written coarsely, at most every few seconds, since
//! nothing depends on it: it answers the question "what happened?", never "what is?".

use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_model::{ApprovedBy, Digest, ObjectRef, StepId, names};
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use super::{config_map, labels, malformed};
use crate::ApplyError;

/// Steps that end within this time are written together.
const WRITTEN_EVERY: Duration = Duration::from_secs(5);
const KEY: &str = "journal.json";
const COMPONENT: &str = "journal";

/// The journal of a run, in memory and in the cluster.
#[derive(Debug)]
pub(crate) struct Journal {
    namespace: String,
    installation: String,
    pages: Pages,
    written: Option<Instant>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pages {
    schema: u32,
    run: String,
    plan: Digest,
    release: String,
    approved: ApprovedBy,
    by: String,
    started: Timestamp,
    ended: Option<Timestamp>,
    /// `done`, `waiting`, or the code of the error.
    outcome: Option<String>,
    steps: Vec<Entry>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    step: StepId,
    started: Timestamp,
    ended: Option<Timestamp>,
    outcome: Option<String>,
}

/// What a journal begins with.
pub(crate) struct Opening<'a> {
    pub(crate) run: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) installation: &'a str,
    pub(crate) plan: Digest,
    pub(crate) release: &'a str,
    pub(crate) approved: ApprovedBy,
    pub(crate) by: &'a str,
}

impl Journal {
    pub(crate) fn open(opening: Opening<'_>) -> Self {
        let Opening { run, namespace, installation, plan, release, approved, by } = opening;
        let pages = Pages {
            schema: names::RECORD_SCHEMA,
            run: run.to_owned(),
            plan,
            release: release.to_owned(),
            approved,
            by: by.to_owned(),
            started: Timestamp::now(),
            ended: None,
            outcome: None,
            steps: Vec::new(),
        };
        Self { namespace: namespace.to_owned(), installation: installation.to_owned(), pages, written: None }
    }

    pub(crate) fn started(&mut self, step: &StepId) {
        self.pages.steps.push(Entry { step: step.clone(), started: Timestamp::now(), ended: None, outcome: None });
    }

    /// The step that began last has ended: `done`, `waiting`, or the code of its error.
    pub(crate) fn ended(&mut self, outcome: &str) {
        if let Some(entry) = self.pages.steps.last_mut() {
            entry.ended = Some(Timestamp::now());
            entry.outcome = Some(outcome.to_owned());
        }
    }

    /// Writes unless it was written a moment ago.
    pub(crate) async fn keep(&mut self, cluster: &Cluster) -> Result<(), ApplyError> {
        if self.written.is_some_and(|at| at.elapsed() < WRITTEN_EVERY) {
            return Ok(());
        }
        self.write(cluster).await
    }

    /// Writes the last page.
    pub(crate) async fn close(&mut self, cluster: &Cluster, outcome: &str) -> Result<(), ApplyError> {
        self.pages.ended = Some(Timestamp::now());
        self.pages.outcome = Some(outcome.to_owned());
        self.write(cluster).await
    }

    async fn write(&mut self, cluster: &Cluster) -> Result<(), ApplyError> {
        let text = serde_json::to_string(&self.pages).map_err(|error| malformed(&error))?;
        let name = format!("{}{}", names::JOURNAL_PREFIX, self.pages.run);
        let object = config_map(&self.namespace, &name, COMPONENT, &self.installation, KEY, text)?;
        cluster.apply(&object).await.map_err(ApplyError::of)?;
        self.written = Some(Instant::now());
        Ok(())
    }
}

/// Deletes all but the newest `kept` journals.
pub(crate) async fn prune(cluster: &Cluster, namespace: &str, kept: usize) -> Result<(), ApplyError> {
    let selector: Vec<String> = labels(COMPONENT, "").into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let live = cluster.list("v1", "ConfigMap", Some(namespace), Some(&selector.join(","))).await.map_err(ApplyError::of)?;
    let mut journals: Vec<(String, ObjectRef)> = live
        .into_iter()
        .filter(|live| live.object.name.starts_with(names::JOURNAL_PREFIX))
        .map(|live| (live.manifest.pointer("/metadata/creationTimestamp").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned(), live.object))
        .collect();
    for object in superfluous(&mut journals, kept) {
        cluster.delete(&object).await.map_err(ApplyError::of)?;
    }
    Ok(())
}

/// The oldest ones beyond `kept`. Creation times are RFC 3339 in UTC and sort as text.
fn superfluous(journals: &mut Vec<(String, ObjectRef)>, kept: usize) -> Vec<ObjectRef> {
    journals.sort();
    let count = journals.len().saturating_sub(kept);
    journals.drain(..count).map(|(_, object)| object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_journals_go() {
        let journal = |at: &str, name: &str| (at.to_owned(), ObjectRef::namespaced("v1", "ConfigMap", "airlock", name));
        let mut journals = vec![journal("2026-11-24T03:00:00Z", "new"), journal("2026-11-23T03:00:00Z", "old"), journal("2026-11-24T02:00:00Z", "middle")];
        let gone: Vec<String> = superfluous(&mut journals, 2).into_iter().map(|object| object.name).collect();
        assert_eq!(gone, ["old"]);
        assert!(superfluous(&mut journals, 10).is_empty());
    }

    #[test]
    fn a_journal_names_steps_and_outcomes_and_nothing_else() {
        let opening = Opening { run: "r", namespace: "airlock", installation: "i", plan: Digest::of(b""), release: "0.1.0", approved: ApprovedBy::YesFlag, by: "admin" };
        let mut journal = Journal::open(opening);
        journal.started(&"edge".into());
        journal.ended("done");
        let pages = serde_json::to_value(&journal.pages).unwrap();
        assert_eq!(pages.pointer("/steps/0/step"), Some(&serde_json::json!("edge")));
        assert_eq!(pages.pointer("/steps/0/outcome"), Some(&serde_json::json!("done")));
        assert_eq!(pages.get("outcome"), Some(&serde_json::Value::Null));
    }
}
