//! The journal of one run: which step began and ended when. It is written coarsely, at most every few seconds, since
//! nothing depends on it: it answers the question "what happened?", never "what is?".

use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_model::{ApprovedBy, Digest, LiveObject, Object, PlanRun, StepId, Untrusted, names};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{config_map, document_in, labels, malformed, parse, unreadable};
use crate::ApplyError;

/// Steps that end within this time are written together.
const WRITTEN_EVERY: Duration = Duration::from_secs(5);
/// Characters of a text that is read of a journal: whoever can write a `ConfigMap` cannot fill the evidence.
const LONGEST_TEXT: usize = 1000;
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
    #[serde(flatten)]
    whole: PlanRun,
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
        let whole = PlanRun { run: run.into(), plan, release: release.into(), approved, by: by.into(), started: Timestamp::now(), ended: None, outcome: None };
        let pages = Pages { schema: names::RECORD_SCHEMA, whole, steps: Vec::new() };
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
        self.finish(outcome);
        self.write(cluster).await
    }

    fn finish(&mut self, outcome: &str) {
        self.pages.whole.ended = Some(Timestamp::now());
        self.pages.whole.outcome = Some(outcome.into());
    }

    async fn write(&mut self, cluster: &Cluster) -> Result<(), ApplyError> {
        cluster.apply(&self.object()?).await.map_err(ApplyError::of)?;
        self.written = Some(Instant::now());
        Ok(())
    }

    fn object(&self) -> Result<Object, ApplyError> {
        let text = serde_json::to_string(&self.pages).map_err(|error| malformed(&error))?;
        let name = format!("{}{}", names::JOURNAL_PREFIX, self.pages.whole.run.raw());
        config_map(&self.namespace, &name, COMPONENT, &self.installation, KEY, text)
    }
}

/// Reads which plans were carried out in a namespace, as far as their journals are kept, the oldest first.
///
/// A journal that cannot be understood is an error: without it nobody knows which runs there were.
pub async fn read(cluster: &Cluster, namespace: &str) -> Result<Vec<PlanRun>, ApplyError> {
    let mut journals = list(cluster, namespace).await?;
    // One more than are kept is there while a run begins.
    superfluous(&mut journals, names::JOURNALS_KEPT);
    journals.iter().map(|(_, live)| told(&live.object.name, &live.manifest)).collect()
}

/// Deletes all but the newest `kept` journals.
pub(crate) async fn prune(cluster: &Cluster, namespace: &str, kept: usize) -> Result<(), ApplyError> {
    for live in superfluous(&mut list(cluster, namespace).await?, kept) {
        cluster.delete(&live.object).await.map_err(ApplyError::of)?;
    }
    Ok(())
}

/// The journals of a namespace, each with the time when it was made.
async fn list(cluster: &Cluster, namespace: &str) -> Result<Vec<(String, LiveObject)>, ApplyError> {
    let selector: Vec<String> = labels(COMPONENT, "").into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let live = cluster.list("v1", "ConfigMap", Some(namespace), Some(&selector.join(","))).await.map_err(ApplyError::of)?;
    let made = |live: &LiveObject| live.manifest.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(live.into_iter().filter(|live| live.object.name.starts_with(names::JOURNAL_PREFIX)).map(|live| (made(&live), live)).collect())
}

/// The oldest ones beyond `kept`. Creation times are RFC 3339 in UTC and sort as text.
fn superfluous(journals: &mut Vec<(String, LiveObject)>, kept: usize) -> Vec<LiveObject> {
    journals.sort_by(|(made, a), (later, b)| (made, &a.object).cmp(&(later, &b.object)));
    let count = journals.len().saturating_sub(kept);
    journals.drain(..count).map(|(_, live)| live).collect()
}

/// What a journal tells of its run as a whole.
fn told(name: &str, manifest: &Value) -> Result<PlanRun, ApplyError> {
    let run: PlanRun = parse(name, document_in(manifest, name, KEY)?)?;
    let texts = [Some(&run.run), Some(&run.release), Some(&run.by), run.outcome.as_ref()];
    let is_too_long = |text: &Untrusted<String>| text.raw().chars().count() > LONGEST_TEXT;
    if texts.into_iter().flatten().any(is_too_long) { Err(unreadable(name, "a text in it is too long".to_owned())) } else { Ok(run) }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Coded as _, ObjectRef};
    use serde_json::json;

    use super::*;

    fn journal(by: &str) -> Journal {
        Journal::open(Opening { run: "r", namespace: "airlock", installation: "i", plan: Digest::of(b""), release: "0.1.0", approved: ApprovedBy::YesFlag, by })
    }

    #[test]
    fn the_oldest_journals_go() {
        let journal = |at: &str, name: &str| (at.to_owned(), LiveObject { object: ObjectRef::namespaced("v1", "ConfigMap", "airlock", name), manifest: Value::Null, ready: true });
        let mut journals = vec![journal("2026-11-24T03:00:00Z", "new"), journal("2026-11-23T03:00:00Z", "old"), journal("2026-11-24T02:00:00Z", "middle")];
        let gone: Vec<String> = superfluous(&mut journals, 2).into_iter().map(|live| live.object.name).collect();
        assert_eq!(gone, ["old"]);
        assert!(superfluous(&mut journals, 10).is_empty());
    }

    #[test]
    fn a_journal_names_steps_and_outcomes_and_nothing_else() {
        let mut journal = journal("admin");
        journal.started(&"edge".into());
        journal.ended("done");
        let pages = serde_json::to_value(&journal.pages).unwrap();
        assert_eq!(pages.pointer("/steps/0/step"), Some(&json!("edge")));
        assert_eq!(pages.pointer("/steps/0/outcome"), Some(&json!("done")));
        assert_eq!(pages.get("outcome"), Some(&Value::Null));
    }

    #[test]
    fn what_was_written_is_read_with_its_approval_and_its_end() {
        let mut journal = journal("jane@bastion");
        journal.started(&"edge".into());
        let read = |journal: &Journal| told("airlock-journal-r", journal.object().unwrap().manifest()).unwrap();
        let begun = read(&journal);
        assert_eq!((begun.run.raw(), begun.by.raw(), begun.approved, begun.ended), ("r", "jane@bastion", ApprovedBy::YesFlag, None));
        journal.finish("waiting");
        let ended = read(&journal);
        assert_eq!(ended, journal.pages.whole);
        assert!(ended.ended >= Some(ended.started) && ended.outcome == Some("waiting".into()), "{ended:?}");
    }

    #[test]
    fn a_journal_that_is_none_is_an_error_and_names_itself() {
        let good = journal("admin").object().unwrap().manifest().clone();
        let text = good["data"][KEY].as_str().unwrap();
        for (text, code) in [
            ("rubbish".to_owned(), "engine.record-unreadable"),
            (text.replace("yes-flag", "oracle"), "engine.record-unreadable"),
            (text.replace("admin", &"a".repeat(LONGEST_TEXT + 1)), "engine.record-unreadable"),
            (text.replace("\"schema\":1", "\"schema\":99"), "engine.record-newer"),
        ] {
            let error = told("airlock-journal-r", &json!({ "data": { KEY: text } })).unwrap_err();
            assert_eq!(error.code().0, code, "{text}");
            assert!(error.to_string().contains("airlock-journal-r"), "{error}");
        }
        assert_eq!(told("airlock-journal-r", &json!({})).unwrap_err().code().0, "engine.record-unreadable");
    }
}
