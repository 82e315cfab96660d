//! What was found out about an evidence folder.

use airlock_model::{Code, Digest, EvidenceProfile, EvidenceSubject, RunName, Untrusted, Verdict};
use jiff::Timestamp;
use serde::Serialize;

/// The schema of verifications; a reader of an older one may not know all of this one.
pub const VERIFICATION_SCHEMA: u32 = 1;

/// What was found out about a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// [`VERIFICATION_SCHEMA`]
    pub schema: u32,
    /// `pass`; `unverified`: it is intact, and nobody's signature was asked for; `fail`: there are findings.
    pub verdict: Verdict,
    /// Fingerprints of the keys that count.
    pub trusted: Vec<Digest>,
    /// Whether it was held against a head. Without one a last run that was dropped is not missed.
    pub head: bool,
    /// Its runs, in their order.
    pub runs: Vec<VerifiedRun>,
    /// What is wrong; what follows from another finding is not told.
    pub findings: Vec<EvidenceFinding>,
}

impl Verification {
    /// Whether anybody's signature was asked for.
    pub fn is_trust_asked(&self) -> bool {
        !self.trusted.is_empty()
    }

    /// Whether what a run says counts: it is intact, and signed by whom it should be, where that was asked for.
    pub fn believes(&self, run: &VerifiedRun) -> bool {
        run.intact && (!self.is_trust_asked() || run.signature == SignatureState::Trusted)
    }
}

/// What was found out about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedRun {
    /// Its folder.
    pub folder: Untrusted<String>,
    /// Its name, as its `run.json` has it, else as its folder has.
    pub run: Option<RunName>,
    /// When it was written; of a `run.json` that is as it was listed.
    pub at: Option<Timestamp>,
    /// Who wrote it, likewise.
    pub writer: Option<Untrusted<String>>,
    /// Whether its gate failed, likewise.
    pub gate_failed: Option<bool>,
    /// What was judged, likewise. Its words stand in `run.json`.
    #[serde(skip)]
    pub judged: Option<EvidenceSubject>,
    /// The profile that it was judged by, likewise.
    pub profile: Option<EvidenceProfile>,
    /// The verdict that weighs most, likewise.
    pub verdict: Option<Verdict>,
    /// Whether every file is there, is as it was listed, and there is no other.
    pub intact: bool,
    /// What its signature is worth.
    pub signature: SignatureState,
    /// Fingerprint of the key that made the signature.
    pub key: Option<Digest>,
    /// Whether it follows from the run before it; null: that cannot be said, since one of the two lists is not believed.
    pub chained: Option<bool>,
}

/// What a signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureState {
    /// A key that counts made it for this list.
    Trusted,
    /// The key that `run.json` names made it for this list; it is none that counts.
    Untrusted,
    /// No known key made it for this list.
    Wrong,
    /// There is none.
    Missing,
}

impl SignatureState {
    /// The word beside a run; whether keys that count were named makes a difference.
    pub const fn word(self, is_trust_asked: bool) -> &'static str {
        match self {
            Self::Trusted => "signed",
            Self::Untrusted if is_trust_asked => "signed by a key that is not trusted",
            Self::Untrusted => "signed, by whom was not asked",
            Self::Wrong => "signature wrong",
            Self::Missing => "unsigned",
        }
    }
}

/// What can be wrong with a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvidenceFault {
    /// There is no run.
    Empty,
    /// The list of a run is missing or is none.
    SumsUnreadable,
    /// A run has no signature.
    Unsigned,
    /// A run is signed by a key that does not count.
    KeyUntrusted,
    /// A signature was not made for this list.
    SignatureWrong,
    /// A file is not as it was listed.
    FileChanged,
    /// A file that was listed is not there.
    FileMissing,
    /// A file that was not listed is there.
    FileAdded,
    /// `run.json` cannot be read, or contradicts the list.
    RunRecord,
    /// A run lies in another folder than it was written to.
    Misplaced,
    /// A run is not there.
    RunMissing,
    /// A run does not follow from the one before it.
    ChainBroken,
    /// The list of a run is not the one that the head knows.
    HeadDiffers,
    /// A run that the head does not know.
    BeyondHead,
}

impl EvidenceFault {
    /// Every fault.
    pub const ALL: [Self; 14] = [
        Self::Empty,
        Self::SumsUnreadable,
        Self::Unsigned,
        Self::KeyUntrusted,
        Self::SignatureWrong,
        Self::FileChanged,
        Self::FileMissing,
        Self::FileAdded,
        Self::RunRecord,
        Self::Misplaced,
        Self::RunMissing,
        Self::ChainBroken,
        Self::HeadDiffers,
        Self::BeyondHead,
    ];

    /// Its stable code.
    pub const fn code(self) -> Code {
        Code(match self {
            Self::Empty => "evidence.empty",
            Self::SumsUnreadable => "evidence.sums-unreadable",
            Self::Unsigned => "evidence.unsigned",
            Self::KeyUntrusted => "evidence.key-untrusted",
            Self::SignatureWrong => "evidence.signature-wrong",
            Self::FileChanged => "evidence.file-changed",
            Self::FileMissing => "evidence.file-missing",
            Self::FileAdded => "evidence.file-added",
            Self::RunRecord => "evidence.run-record",
            Self::Misplaced => "evidence.misplaced",
            Self::RunMissing => "evidence.run-missing",
            Self::ChainBroken => "evidence.chain-broken",
            Self::HeadDiffers => "evidence.head-differs",
            Self::BeyondHead => "evidence.beyond-head",
        })
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceFinding {
    /// Stable code.
    pub code: Code,
    /// The folder of the run that it is about; null: the evidence folder.
    pub run: Option<Untrusted<String>>,
    /// The file in it, where one alone is meant.
    pub file: Option<Untrusted<String>>,
    /// What was seen.
    pub observed: Untrusted<String>,
}

impl EvidenceFinding {
    pub(super) fn of_file(fault: EvidenceFault, run: Option<&str>, file: &str, observed: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..Self::new(fault, run, observed) }
    }

    pub(super) fn of_run(fault: EvidenceFault, run: &str, observed: impl Into<String>) -> Self {
        Self::new(fault, Some(run), observed)
    }

    pub(super) fn of_folder(fault: EvidenceFault, observed: impl Into<String>) -> Self {
        Self::new(fault, None, observed)
    }

    fn new(fault: EvidenceFault, run: Option<&str>, observed: impl Into<String>) -> Self {
        Self { code: fault.code(), run: run.map(Into::into), file: None, observed: Untrusted::new(observed.into()) }
    }
}
