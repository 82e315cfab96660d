//! What happens during a run, as data. Libraries send events; only `airlock::output` words them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, Finding, ObjectRef, Operation, StepId, Untrusted};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "event")]
pub enum Event {
    /// A run begins to carry out a plan.
    RunStarted {
        /// Random id of the run; its journal bears it.
        run: String,
        /// The plan.
        plan: Digest,
        /// How many steps it has.
        steps: usize,
    },
    /// A step begins.
    StepStarted {
        /// Which.
        step: StepId,
        /// Its title.
        title: String,
        /// Its place, from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// An object was written, or found to be right already.
    ObjectSettled {
        /// In which step.
        step: StepId,
        /// Which object.
        object: ObjectRef,
        /// What was done; none: it was right already.
        operation: Option<Operation>,
    },
    /// The run waits; sent when the reason changes.
    Waiting {
        /// In which step.
        step: StepId,
        /// For which object.
        object: ObjectRef,
        /// Why, in one sentence.
        cause: Untrusted<String>,
    },
    /// Bytes are being moved.
    Progress {
        /// In which step.
        step: StepId,
        /// What moves.
        what: Untrusted<String>,
        /// Bytes done.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A step ended well.
    StepFinished {
        /// Which.
        step: StepId,
        /// How long it took, in milliseconds.
        took_millis: u64,
    },
    /// A step cannot go on before something happens outside.
    TicketOpened {
        /// In which step.
        step: StepId,
        /// What is to be done by whom.
        ticket: Ticket,
    },
    /// What people set for a step can be taken away again.
    NoLongerNeeded {
        /// For which step.
        step: StepId,
        /// What, one thing a line.
        what: Vec<Untrusted<String>>,
    },
    /// Something of a step is not as it was asked for, and the step goes on all the same.
    Remarked {
        /// In which step.
        step: StepId,
        /// What, in one sentence.
        what: Untrusted<String>,
    },
    /// A step failed; the error itself is the run's result.
    StepFailed {
        /// Which.
        step: StepId,
        /// The code of the error.
        code: String,
    },
    /// A check said something.
    Found(Box<Finding>),
    /// The run ended.
    RunFinished {
        /// Which.
        run: String,
        /// When.
        at: Timestamp,
    },
}

/// Work for somebody else, ready to be handed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// The gate: `dns`.
    pub gate: String,
    /// What is to be done, in one line.
    pub what: String,
    /// Who does such things: `the DNS administrators of example.com`.
    pub who: String,
    /// Text to paste.
    pub paste: String,
    /// How Airlock will check it.
    pub checked_by: String,
    /// What was seen instead.
    pub seen: Untrusted<String>,
}

/// Somebody who listens to events. It must not block for long.
pub trait Events: Send + Sync {
    /// Takes one event.
    fn send(&self, event: Event);
}

/// Nobody listens.
pub struct Silence;

impl Events for Silence {
    fn send(&self, _: Event) {}
}
