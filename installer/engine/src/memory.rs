//! What a run remembers while it goes: journal, inventory, and record are written at its begin, now and then, and at its
//! end. A failure to remember at the end does not hide why the run ended.

use std::time::Duration;

use airlock_model::{Action, ApprovedPlan, Coded as _, Digest, Gate, Inventory, PlannedStep, Purpose, Record, StepId, names};
use jiff::Timestamp;

use crate::action::{self, Settled};
use crate::record::{self, Journal, Opening};
use crate::run::Run;
use crate::{ApplyError, RunOutcome};

/// The last words of a run that was asked to end are not waited for longer.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(5);

/// Journal, inventory, and record of one run.
pub(crate) struct Memory {
    journal: Journal,
    record: Record,
    /// What stands in the cluster.
    stored: Inventory,
    inventory: Inventory,
}

impl Memory {
    /// Writes that the run has begun. Objects stand in the inventory before they are made.
    pub(crate) async fn begin(run: &Run<'_>, approved: &ApprovedPlan) -> Result<Self, ApplyError> {
        let (plan, namespace) = (run.plan, run.namespace());
        let former = record::read(run.cluster, namespace).await?;
        let stored = record::read_inventory(run.cluster, namespace).await?;
        let installation = plan.installation.clone().or_else(|| former.as_ref().map(|record| record.installation.clone())).unwrap_or_default();
        let record = opened(run, approved, former, installation);
        let opening = Opening { run: &run.id, namespace, installation: &record.installation, plan: record.plan.clone(), release: &plan.release, approved: approved.approval().by, by: &run.options.by };
        let journal = Journal::open(opening);
        let made = plan.steps.iter().flat_map(|step| action::makes(&step.action));
        let inventory = record::union(&stored, made);
        let mut memory = Self { journal, record, stored, inventory };
        run.halt.checkpoint()?;
        memory.journal.keep(run.cluster).await?;
        memory.keep_inventory(run).await?;
        record::write(run.cluster, namespace, &memory.record).await?;
        record::prune_journals(run.cluster, namespace, names::JOURNALS_KEPT).await?;
        Ok(memory)
    }

    pub(crate) fn started(&mut self, step: &StepId) {
        self.journal.started(step);
    }

    /// Takes note of how a step ended.
    pub(crate) async fn ended(&mut self, run: &Run<'_>, step: &PlannedStep, settled: &Result<Settled, ApplyError>) -> Result<(), ApplyError> {
        match settled {
            Ok(Settled::Done) => {
                self.journal.ended("done");
                self.inventory = record::without(&self.inventory, &action::removes(&step.action));
                if let Action::Await(gate) = &step.action {
                    self.record.gates.insert(gate.name().to_owned(), asked(gate)?);
                }
            }
            Ok(Settled::Waits(_)) => self.journal.ended("waiting"),
            Err(error) => self.journal.ended(error.code().0),
        }
        // After a failure the last words follow at once.
        if settled.is_err() || run.is_leaving() { Ok(()) } else { self.journal.keep(run.cluster).await }
    }

    /// Writes how the run ended. Without the lease nothing is written any more.
    pub(crate) async fn end(mut self, run: &Run<'_>, outcome: &Result<RunOutcome, ApplyError>) -> Result<(), ApplyError> {
        if run.is_leaving() || matches!(outcome, Err(ApplyError::LeaseLost { .. })) {
            return Ok(());
        }
        let words = match outcome {
            Ok(RunOutcome::Done) => "done",
            Ok(RunOutcome::Waiting(_)) => "waiting",
            Err(error) => error.code().0,
        };
        let is_done = matches!(outcome, Ok(RunOutcome::Done)) && run.options.until.is_none();
        let written = tokio::time::timeout(LAST_WORDS_WITHIN, self.write_end(run, words, is_done)).await;
        match written {
            Ok(written) => written,
            Err(_) if outcome.is_err() => Ok(()),
            Err(_) => Err(ApplyError::Deadline),
        }
    }

    async fn write_end(&mut self, run: &Run<'_>, words: &str, is_done: bool) -> Result<(), ApplyError> {
        let namespace = run.namespace();
        if run.plan.purpose == Purpose::Uninstall && is_done && self.inventory.objects.is_empty() {
            return self.forget(run).await;
        }
        // What is left after an uninstall is data without an installation.
        self.record.complete = is_done && run.plan.purpose == Purpose::Install;
        self.record.at = Timestamp::now();
        self.keep_inventory(run).await?;
        record::write(run.cluster, namespace, &self.record).await?;
        self.journal.close(run.cluster, words).await
    }

    async fn keep_inventory(&mut self, run: &Run<'_>) -> Result<(), ApplyError> {
        record::write_inventory(run.cluster, run.namespace(), &self.record.installation, &self.stored, &self.inventory).await?;
        self.stored = self.inventory.clone();
        Ok(())
    }

    /// Nothing is left of the installation, so nothing is left to remember.
    async fn forget(&self, run: &Run<'_>) -> Result<(), ApplyError> {
        let namespace = run.namespace();
        record::prune_journals(run.cluster, namespace, 0).await?;
        record::remove_inventory(run.cluster, namespace, &self.stored).await?;
        run.cluster.delete(&record::object(namespace)).await.map_err(ApplyError::of)?;
        Ok(())
    }
}

/// The record of an installation whose plan has begun. Gates of this plan have to pass again.
fn opened(run: &Run<'_>, approved: &ApprovedPlan, former: Option<Record>, installation: String) -> Record {
    let plan = run.plan;
    let (answers, mut gates, profile) = former.map(|record| (record.answers, record.gates, record.profile)).unwrap_or_default();
    let asked_again = plan.steps.iter().filter_map(|step| if let Action::Await(gate) = &step.action { Some(gate.name()) } else { None });
    asked_again.for_each(|gate| {
        gates.remove(gate);
    });
    if plan.purpose == Purpose::Uninstall {
        gates.clear();
    }
    Record {
        schema: names::RECORD_SCHEMA,
        release: plan.release.clone(),
        installation,
        plan: approved.approval().plan.clone(),
        purpose: plan.purpose,
        complete: false,
        answers: if run.options.answers.is_null() { answers } else { run.options.answers.clone() },
        images: plan.images.clone(),
        gates,
        // A verdict is about what was there when it was made.
        verdict: None,
        profile,
        by: run.options.by.clone(),
        at: Timestamp::now(),
    }
}

/// What a gate asked, as the record keeps it.
fn asked(gate: &Gate) -> Result<Digest, ApplyError> {
    Digest::of_canonical(gate).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })
}
