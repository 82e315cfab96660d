//! One run alone: its list, the signature of the list, its files, and what its `run.json` says of itself.
//!
//! A list that is not the signed one is not believed, so nothing else is said of its run.

use airlock_model::{Digest, EVIDENCE_SCHEMA, EvidenceRun, RunName};

use super::sums::Sums;
use super::verified::{EvidenceFault, EvidenceFinding, SignatureState, VerifiedRun};
use super::{Asked, RUN, SIGNATURE, SUMS, SeenRun};
use crate::public_key::PublicKey;

/// A run, and what was found out about it without looking at others.
pub(super) struct JudgedRun<'a> {
    pub(super) seen: &'a SeenRun,
    /// How it is called: as its `run.json` says, where that is believed, else as its folder.
    pub(super) name: Option<RunName>,
    /// Its list, where that is believed, and the digest of it.
    pub(super) sums: Option<(Sums, Digest)>,
    /// Its `run.json`, where that is as it was listed.
    pub(super) record: Option<EvidenceRun>,
    pub(super) findings: Vec<EvidenceFinding>,
    signature: SignatureState,
    key: Option<Digest>,
    intact: bool,
}

impl<'a> JudgedRun<'a> {
    pub(super) fn new(seen: &'a SeenRun, asked: &Asked<'_>) -> Self {
        let signature = if seen.signature.is_some() { SignatureState::Wrong } else { SignatureState::Missing };
        let mut judged = Self { seen, name: seen.folder.parse().ok(), sums: None, record: None, findings: Vec::new(), signature, key: None, intact: false };
        match &seen.sums {
            Ok(bytes) => judged.read(bytes, asked),
            Err(why) => judged.find(EvidenceFault::SumsUnreadable, Some(SUMS), why.clone()),
        }
        judged
    }

    fn read(&mut self, bytes: &[u8], asked: &Asked<'_>) {
        // Only to say whose key is meant: nothing that it says is believed yet.
        let claimed = self.seen.record.as_deref().and_then(|bytes| serde_json::from_slice::<EvidenceRun>(bytes).ok());
        let claimed_key = claimed.as_ref().and_then(|run| PublicKey::from_pem(&run.signed_by.as_ref()?.public_key).ok());
        if let Some(signature) = &self.seen.signature {
            let made = |key: &&PublicKey| (asked.verifies)(key, bytes, signature);
            let (state, key) = match (asked.trusted.iter().find(made), claimed_key.as_ref().filter(made)) {
                (Some(key), _) => (SignatureState::Trusted, Some(key)),
                (None, Some(key)) => (SignatureState::Untrusted, Some(key)),
                (None, None) => (SignatureState::Wrong, None),
            };
            (self.signature, self.key) = (state, key.map(|key| key.fingerprint()));
        }
        let is_asked = !asked.trusted.is_empty();
        match self.signature {
            SignatureState::Wrong => {
                let words = if is_asked { "no key that is trusted made it for this list, nor did the one that run.json names" } else { "the key that run.json names did not make it for this list" };
                return self.find(EvidenceFault::SignatureWrong, Some(SIGNATURE), words);
            }
            SignatureState::Untrusted if is_asked => {
                let key = self.key.as_ref().map_or_else(String::new, ToString::to_string);
                self.find(EvidenceFault::KeyUntrusted, Some(SIGNATURE), format!("the key {key} made it, which is not trusted"));
            }
            SignatureState::Missing if claimed.is_some_and(|run| run.signed_by.is_some()) => self.find(EvidenceFault::FileMissing, Some(SIGNATURE), "run.json says that it was signed"),
            SignatureState::Missing if is_asked => self.find(EvidenceFault::Unsigned, None, "nobody signed it"),
            SignatureState::Trusted | SignatureState::Untrusted | SignatureState::Missing => {}
        }
        let sums = match std::str::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned()).and_then(|text| text.parse::<Sums>().map_err(|error| error.to_string())) {
            Ok(sums) => sums,
            Err(why) => return self.find(EvidenceFault::SumsUnreadable, Some(SUMS), why),
        };
        self.files(&sums);
        if is_listed(self.seen, &sums, RUN) {
            self.record(&sums);
        }
        // Whoever could have written it does not vouch for what follows from it.
        if !is_asked || self.signature == SignatureState::Trusted {
            self.sums = Some((sums, Digest::of(bytes)));
        }
    }

    fn files(&mut self, sums: &Sums) {
        let seen = self.seen;
        let before = self.findings.len();
        for name in sums.files.keys() {
            match seen.files.get(name) {
                None => self.find(EvidenceFault::FileMissing, Some(name), "it is listed, and not there"),
                Some(Err(why)) => self.find(EvidenceFault::FileChanged, Some(name), why.clone()),
                Some(Ok(found)) if !is_listed(seen, sums, name) => self.find(EvidenceFault::FileChanged, Some(name), format!("its digest is {found}, which is not the one that is listed")),
                Some(Ok(_)) => {}
            }
        }
        for name in seen.files.keys().filter(|name| !sums.files.contains_key(*name)) {
            self.find(EvidenceFault::FileAdded, Some(name), "it is there, and not listed");
        }
        self.intact = self.findings.len() == before;
    }

    /// What `run.json` says, held against the list and the folder.
    fn record(&mut self, sums: &Sums) {
        let folder = self.seen.folder.clone();
        let record = match self.seen.record.as_deref().map(serde_json::from_slice::<EvidenceRun>) {
            Some(Ok(record)) => record,
            Some(Err(error)) => return self.find(EvidenceFault::RunRecord, Some(RUN), format!("it cannot be understood: {error}")),
            None => return self.find(EvidenceFault::RunRecord, Some(RUN), "it is too large"),
        };
        if record.schema > EVIDENCE_SCHEMA {
            return self.find(EvidenceFault::RunRecord, Some(RUN), format!("its schema is {}, and this program knows {EVIDENCE_SCHEMA}", record.schema));
        }
        let previous = sums.previous.as_ref().map(|(run, _)| run);
        if record.previous.as_ref() != previous || record.number != record.run.number() {
            self.find(EvidenceFault::RunRecord, Some(RUN), "its number, or the run before it, is not what the list and its own name say");
        } else if record.run.to_string() != folder {
            self.find(EvidenceFault::Misplaced, None, format!("it was written as {}", record.run));
        }
        self.name = Some(record.run.clone());
        self.record = Some(record);
    }

    fn find(&mut self, fault: EvidenceFault, file: Option<&str>, observed: impl Into<String>) {
        self.findings.push(match file {
            Some(file) => EvidenceFinding::of_file(fault, Some(&self.seen.folder), file, observed),
            None => EvidenceFinding::of_run(fault, &self.seen.folder, observed),
        });
    }

    pub(super) fn verified(&self, chained: Option<bool>) -> VerifiedRun {
        VerifiedRun {
            folder: self.seen.folder.as_str().into(),
            run: self.name.clone(),
            at: self.record.as_ref().map(|record| record.at),
            writer: self.record.as_ref().map(|record| record.writer.clone()),
            gate_failed: self.record.as_ref().map(|record| record.gate_failed),
            judged: self.record.as_ref().map(|record| record.judged.clone()),
            profile: self.record.as_ref().map(|record| record.profile.clone()),
            verdict: self.record.as_ref().map(|record| record.verdict),
            intact: self.intact,
            signature: self.signature,
            key: self.key.clone(),
            chained,
        }
    }
}

fn is_listed(seen: &SeenRun, sums: &Sums, name: &str) -> bool {
    matches!((seen.files.get(name), sums.files.get(name)), (Some(Ok(found)), Some(listed)) if found == listed)
}
