//! How far and how long a run may go, and how it ends when it does not fail.

use std::time::Duration;

use airlock_model::{StepId, Ticket};
use serde_json::Value;

/// A wait ends after this long without observed progress.
const STALLED_AFTER: Duration = Duration::from_mins(5);

/// How far and how long a run may go. `airlock` builds it from flags; tests write it out.
#[derive(Clone, Debug)]
pub struct ApplyOptions {
    /// The answers for the record, secrets only as references; null keeps those that are recorded.
    pub answers: Value,
    /// Who runs it, for lease, record, and journal: user and host.
    pub by: String,
    /// The run ends after this step.
    pub until: Option<StepId>,
    /// The time for the whole run.
    pub deadline: Option<Duration>,
    /// A wait ends after this long without observed progress.
    pub stalled_after: Duration,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self { answers: Value::Null, by: "airlock".to_owned(), until: None, deadline: None, stalled_after: STALLED_AFTER }
    }
}

/// How a run ended that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// Everything that was asked for is done.
    Done,
    /// Everything that does not depend on these tickets is done.
    Waiting(Vec<Ticket>),
}
