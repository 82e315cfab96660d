//! How the last audit of an installation ended, as the auditor writes it down where whoever asks finds it
//! ([`names::ANNOTATION_AUDIT`](crate::names::ANNOTATION_AUDIT)). The report itself lies in its evidence folder.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, RunName, Verdict};

/// What came out of one audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditResult {
    /// When it began.
    pub at: Timestamp,
    /// Its run in the evidence folder.
    pub run: AuditedRun,
    /// The run that it is compared with: the last one in which nothing was worse than in the one before.
    pub since: AuditedRun,
    /// Fingerprint of the key that signed the report; none: nobody vouches for it.
    pub signed_by: Option<Digest>,
    /// The verdict that weighs most.
    pub verdict: Verdict,
    /// Whether the gate of the profile fails.
    pub gate_failed: bool,
    /// How many checks were asked for.
    pub checks: usize,
    /// How many of them fail.
    pub failed: usize,
    /// How many could not be judged in the cluster.
    pub unverified: usize,
    /// What is worse than in [`since`](Self::since); it stands here until it is not, so that one more audit does not hide it.
    pub worse: Vec<Worsened>,
}

/// A run of an evidence folder, so that it is known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditedRun {
    /// Its name.
    pub run: RunName,
    /// Digest of its list, as a head knows it.
    pub sums: Digest,
}

/// A check that says worse of an installation than it did, or fails for more of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Worsened {
    /// Which check.
    pub check: String,
    /// What it said.
    pub before: Verdict,
    /// What it says.
    pub after: Verdict,
    /// For how many things it fails for which it did not; those that controllers name anew count as one for each kind and namespace.
    #[serde(default)]
    pub more: usize,
}
