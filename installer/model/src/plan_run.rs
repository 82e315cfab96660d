//! A plan that was carried out, or begun: how it was approved, by whom, when, and how it ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ApprovedBy, Digest, Untrusted};

/// A run of a plan as its journal has it. Whoever may write `ConfigMap`s can write one, so its texts are nobody's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanRun {
    /// The random id of the run.
    pub run: Untrusted<String>,
    /// Digest of the plan.
    pub plan: Digest,
    /// The release that the plan was of.
    pub release: Untrusted<String>,
    /// How the plan was approved.
    pub approved: ApprovedBy,
    /// Who ran it, `user@host`.
    pub by: Untrusted<String>,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; none: it was killed, or goes on.
    pub ended: Option<Timestamp>,
    /// `done`, `waiting`, or the code of the error; none like [`ended`](Self::ended).
    pub outcome: Option<Untrusted<String>>,
}
