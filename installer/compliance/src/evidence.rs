//! Reports that are kept: each run is a folder whose `SHA256SUMS` names its files and the run before it, and is signed.
//!
//! `sums` is that list, `head` the log outside of the folder that also knows the last run. Whoever has read a folder hands it
//! over as [`SeenFolder`]; [`verify()`] judges it: `run` looks at each run alone, `chain` at how they follow from each other. The
//! first cause is told, what follows from it is not. `period` tells of the runs of a time, `plan_runs` of what was carried
//! out in it. Nothing here reads a file or knows how a signature is computed.

mod chain;
mod head;
mod period;
mod plan_runs;
mod run;
mod sums;
#[cfg(test)]
mod tests;
mod verified;

use std::collections::BTreeMap;

use airlock_model::{Digest, Verdict};

use crate::public_key::PublicKey;
use run::JudgedRun;

pub use head::{Head, HeadError, head_line};
pub use period::{Borne, Gap, KeptException, KeptReport, PERIOD_SCHEMA, Period, Span, VerdictChange, period};
pub use plan_runs::{CarriedOut, Unaccounted};
pub use sums::{Sums, SumsError};
pub use verified::{EvidenceFault, EvidenceFinding, SignatureState, VERIFICATION_SCHEMA, Verification, VerifiedRun};

/// The report of a run: what `-o json` writes.
pub const REPORT: &str = "report.json";
/// When, by whom, of what: [`airlock_model::EvidenceRun`].
pub const RUN: &str = "run.json";
/// The profile with all that it extends.
pub const PROFILE: &str = "profile.yaml";
/// The list of digests.
pub const SUMS: &str = "SHA256SUMS";
/// The signature of that list: the 64 bytes of Ed25519 (RFC 8032).
pub const SIGNATURE: &str = "SHA256SUMS.sig";

/// An evidence folder as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenFolder {
    /// Its runs, in any order.
    pub runs: Vec<SeenRun>,
    /// What is in it and belongs to no run.
    pub strays: Vec<String>,
}

/// The folder of a run as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRun {
    /// How the folder is called.
    pub folder: String,
    /// The bytes of its `SHA256SUMS`, or why they cannot be read.
    pub sums: Result<Vec<u8>, String>,
    /// The bytes of its `run.json`, where they can be read.
    pub record: Option<Vec<u8>>,
    /// What its signature is; none: there is none.
    pub signature: Option<Vec<u8>>,
    /// Every other entry by its name: the digest of a file, or why it has none.
    pub files: BTreeMap<String, Result<Digest, String>>,
}

/// Whether a key made a signature for these bytes: `(key, bytes, signature)`.
pub type Verifies = dyn Fn(&PublicKey, &[u8], &[u8]) -> bool;

/// What a folder is held against.
pub struct Asked<'a> {
    /// Whose signatures count; empty: nobody's was asked for, and what is intact is vouched for by nobody.
    pub trusted: &'a [PublicKey],
    /// The log outside of the folder.
    pub head: Option<&'a Head>,
    /// How signatures are verified.
    pub verifies: &'a Verifies,
}

/// Says of each run whether it is intact, signed, and chained. An empty folder proves nothing and is a finding.
pub fn verify(seen: &SeenFolder, asked: &Asked<'_>) -> Verification {
    let mut runs: Vec<JudgedRun<'_>> = seen.runs.iter().map(|run| JudgedRun::new(run, asked)).collect();
    runs.sort_by(|a, b| (&a.name, &a.seen.folder).cmp(&(&b.name, &b.seen.folder)));
    let mut findings: Vec<EvidenceFinding> = runs.iter().flat_map(|run| run.findings.clone()).collect();
    let chained = chain::judge(&runs, asked.head, &mut findings);
    findings.extend(seen.strays.iter().map(|name| EvidenceFinding::of_file(EvidenceFault::FileAdded, None, name, "it belongs to no run")));
    if seen.runs.is_empty() && findings.is_empty() {
        findings.push(EvidenceFinding::of_folder(EvidenceFault::Empty, "there is no run in it"));
    }
    let verdict = match (findings.is_empty(), asked.trusted.is_empty()) {
        (false, _) => Verdict::Fail,
        (true, true) => Verdict::Unverified,
        (true, false) => Verdict::Pass,
    };
    Verification {
        schema: VERIFICATION_SCHEMA,
        verdict,
        trusted: asked.trusted.iter().map(|key| key.fingerprint()).collect(),
        head: asked.head.is_some(),
        runs: runs.iter().zip(chained).map(|(run, chained)| run.verified(chained)).collect(),
        findings,
    }
}
