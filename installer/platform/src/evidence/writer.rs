//! Adds a run to an evidence folder.
//!
//! All that can be known beforehand is looked at by [`EvidenceWriter::open`], before anything is judged. A run is complete on the
//! disk under a hidden name before the head is told of it, and gets its name last. So what a killed run leaves is either known to
//! the head, and complete, or nothing.

use std::fs;
use std::path::{Path, PathBuf};

use airlock_compliance::evidence::{HeadError, PROFILE, REPORT, RUN, SIGNATURE, SUMS, Sums, head_line};
use airlock_compliance::{Report, written};
use airlock_model::{AuditedRun, Digest, EVIDENCE_SCHEMA, EvidenceArguments, EvidenceKey, EvidenceProfile, EvidenceRun, EvidenceSubject, Profile, RunName, SignerReference, Untrusted};
use jiff::Timestamp;

use super::disk::{self, failed};
use super::error::EvidenceError;
use super::reading::{LARGEST_REPORT, LARGEST_SUMS, UNFINISHED, head, head_text, names};
use super::signer::Signer;
use super::sink::Sink;
use super::telling::{Teller, Told};
use crate::PlatformError;

/// Adds runs to a folder.
pub struct EvidenceWriter {
    folder: PathBuf,
    head: Option<PathBuf>,
    signer: Option<Signer>,
    teller: Option<Teller>,
}

/// What is kept of a run.
pub struct Judged<'a> {
    /// What came out.
    pub report: &'a Report,
    /// What it was judged by.
    pub profile: &'a Profile,
    /// What was judged.
    pub subject: EvidenceSubject,
    /// What else decided.
    pub arguments: EvidenceArguments,
    /// When judging began.
    pub began: Timestamp,
    /// Who judged, `user@host`.
    pub writer: String,
    /// Version of the program.
    pub version: String,
}

/// A run that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its name.
    pub run: RunName,
    /// Its folder.
    pub folder: PathBuf,
    /// Digest of its list: what a head knows of it.
    pub sums: Digest,
    /// Fingerprint of the key that signed it; none: nobody did.
    pub signed_by: Option<Digest>,
}

impl EvidenceWriter {
    /// Makes the folder where there is none, reads the key, and sees that folder and head belong together.
    pub async fn open(folder: &Path, head: Option<&Path>, signer: Option<&SignerReference>) -> Result<Self, EvidenceError> {
        let signer = match signer {
            Some(reference) => Some(Signer::open(reference).await?),
            None => None,
        };
        fs::create_dir_all(folder).map_err(failed("write", folder))?;
        let writer = Self { folder: folder.to_owned(), head: head.map(Path::to_owned), signer, teller: None };
        let lock = writer.lock().await?;
        writer.last()?;
        drop(lock);
        Ok(writer)
    }

    /// The same with a sink that is told of each run; nothing is sent before [`tell`](Self::tell).
    pub async fn telling(mut self, sink: Option<Sink>) -> Result<Self, EvidenceError> {
        let lock = self.lock().await?;
        self.teller = sink.map(|sink| Teller::open(&self.folder, sink)).transpose()?;
        drop(lock);
        Ok(self)
    }

    /// Tells the sink of all runs of which it has not been told; none: there is no sink. Where it fails, the next run tells of them.
    pub async fn tell(&self) -> Result<Option<Told>, EvidenceError> {
        let Some(teller) = &self.teller else { return Ok(None) };
        let _lock = self.lock().await?;
        teller.tell().await.map(Some)
    }

    /// Writes a run behind the last one. What it leaves where it fails is taken up by the next one.
    pub async fn write(&self, judged: &Judged<'_>) -> Result<Written, PlatformError> {
        let _lock = self.lock().await?;
        let last = self.last()?;
        let at = Timestamp::now();
        let run = RunName::new(last.as_ref().map_or(1, |last| last.run.number().saturating_add(1)), at);
        let record = self.record(judged, &run, last.as_ref());
        let profile = serde_yaml::to_string(&written(judged.profile)).map_err(|error| failed("write", Path::new(PROFILE))(std::io::Error::other(error)))?;
        let files = [(PROFILE, profile.into_bytes()), (REPORT, pretty(judged.report)?), (RUN, pretty(&record)?)];
        let digests = files.iter().map(|(name, bytes)| ((*name).to_owned(), Digest::of(bytes))).collect();
        let sums = Sums { files: digests, previous: last.map(|last| (last.run, last.sums)) }.to_string().into_bytes();
        let signature = match &self.signer {
            Some(signer) => Some(signer.sign(&sums).await?),
            None => None,
        };
        let digest = Digest::of(&sums);
        let all = files.into_iter().chain([(SUMS, sums)]).chain(signature.map(|signature| (SIGNATURE, signature)));
        self.put(&run, all, &digest)?;
        let signed_by = record.signed_by.map(|key| key.fingerprint);
        Ok(Written { folder: self.folder.join(run.to_string()), run, sums: digest, signed_by })
    }

    /// The last run of the folder.
    pub async fn last_run(&self) -> Result<Option<AuditedRun>, EvidenceError> {
        let _lock = self.lock().await?;
        self.last()
    }

    /// The report of a run, which must be as it was when its list had that digest.
    pub fn report_of(&self, run: &AuditedRun) -> Result<Vec<u8>, EvidenceError> {
        let damaged = |reason: String| EvidenceError::Previous { run: run.run.clone(), reason };
        let folder = self.folder.join(run.run.to_string());
        let (sums, digest) = list(&folder, &run.run)?;
        if digest != run.sums {
            return Err(damaged(format!("{SUMS} is another one")));
        }
        let report = disk::bounded(&folder.join(REPORT), LARGEST_REPORT).map_err(|error| damaged(format!("{REPORT}: {error}")))?;
        if sums.files.get(REPORT) == Some(&Digest::of(&report)) { Ok(report) } else { Err(damaged(format!("{REPORT} was changed"))) }
    }

    fn record(&self, judged: &Judged<'_>, run: &RunName, last: Option<&AuditedRun>) -> EvidenceRun {
        EvidenceRun {
            schema: EVIDENCE_SCHEMA,
            run: run.clone(),
            number: run.number(),
            previous: last.map(|last| last.run.clone()),
            began: judged.began,
            at: run.at(),
            writer: Untrusted::new(judged.writer.clone()),
            version: judged.version.clone(),
            judged: judged.subject.clone(),
            profile: EvidenceProfile { name: judged.report.profile.name.clone(), version: judged.report.profile.version.clone(), digest: judged.report.digest.clone() },
            arguments: judged.arguments.clone(),
            verdict: judged.report.summary.verdict,
            gate_failed: judged.report.summary.gate_failed,
            signed_by: self.signer.as_ref().map(|signer| EvidenceKey { fingerprint: signer.public().fingerprint(), public_key: signer.public().to_pem() }),
        }
    }

    /// In this order: the files, the head, the name.
    fn put(&self, run: &RunName, files: impl Iterator<Item = (&'static str, Vec<u8>)>, sums: &Digest) -> Result<(), EvidenceError> {
        let hidden = self.folder.join(format!("{UNFINISHED}{run}"));
        fs::create_dir(&hidden).map_err(failed("write", &hidden))?;
        for (name, bytes) in files {
            disk::write(&hidden.join(name), &bytes)?;
        }
        disk::settle(&hidden)?;
        if let Some(head) = &self.head {
            disk::append(head, &head_line(run, sums))?;
        }
        disk::rename(&hidden, &self.folder.join(run.to_string()))?;
        disk::settle(&self.folder)
    }

    async fn lock(&self) -> Result<fs::File, EvidenceError> {
        let folder = self.folder.clone();
        let locking = tokio::task::spawn_blocking(move || disk::lock_to_write(&folder));
        locking.await.unwrap_or_else(|error| Err(failed("lock", &self.folder)(std::io::Error::other(error))))
    }

    /// The last run, once what a killed one left is finished or removed. It is the one that the head ends with.
    fn last(&self) -> Result<Option<AuditedRun>, EvidenceError> {
        self.take_up()?;
        let run = names(&self.folder)?.iter().filter_map(|name| name.parse::<RunName>().ok()).max();
        let last = run.map(|run| Ok(AuditedRun { sums: list_digest(&self.folder.join(run.to_string()), &run)?, run })).transpose()?;
        let Some(path) = self.head.as_deref().filter(|path| path.exists()) else { return Ok(last) };
        let head = head(path)?;
        let Some((known, digest)) = head.last() else { return Ok(last) };
        let elsewhere = |how| EvidenceError::HeadElsewhere { path: path.to_owned(), run: known.clone(), how };
        let of_known = self.folder.join(known.to_string());
        if !of_known.is_dir() {
            return Err(elsewhere("which is not in the folder"));
        }
        if list_digest(&of_known, known)? != *digest {
            return Err(elsewhere("which was written anew in the folder"));
        }
        Ok(last)
    }

    /// What a killed run left: it is finished where the head knows it, which comes after its last file, and removed otherwise.
    fn take_up(&self) -> Result<(), EvidenceError> {
        let hidden: Vec<String> = names(&self.folder)?.into_iter().filter(|name| name.starts_with(UNFINISHED)).collect();
        for name in hidden {
            let path = self.folder.join(&name);
            let run = name.strip_prefix(UNFINISHED).and_then(|name| name.parse::<RunName>().ok());
            match run {
                Some(run) if self.is_told(&path, &run)? => disk::rename(&path, &self.folder.join(run.to_string()))?,
                _ => fs::remove_dir_all(&path).map_err(failed("remove", &path))?,
            }
        }
        disk::settle(&self.folder)
    }

    /// Whether the head ends with this hidden run. A line that a killed run left without its end is completed.
    fn is_told(&self, hidden: &Path, run: &RunName) -> Result<bool, EvidenceError> {
        let Some(path) = self.head.as_deref().filter(|path| path.exists()) else { return Ok(false) };
        let Ok(sums) = list_digest(hidden, run) else { return Ok(false) };
        let (line, text) = (head_line(run, &sums), head_text(path)?);
        let begun = text.rsplit_once('\n').map_or(text.as_str(), |(_, begun)| begun);
        if begun.is_empty() {
            return Ok(text.ends_with(&line));
        }
        let rest = line.strip_prefix(begun).ok_or_else(|| EvidenceError::Head { path: path.to_owned(), source: HeadError::Torn })?;
        disk::append(path, rest)?;
        Ok(true)
    }
}

/// Digest of the list of a run that can be chained to.
pub(super) fn list_digest(folder: &Path, run: &RunName) -> Result<Digest, EvidenceError> {
    list(folder, run).map(|(_, digest)| digest)
}

/// The list of a run, and its digest.
fn list(folder: &Path, run: &RunName) -> Result<(Sums, Digest), EvidenceError> {
    let damaged = |reason: String| EvidenceError::Previous { run: run.clone(), reason };
    let bytes = disk::bounded(&folder.join(SUMS), LARGEST_SUMS).map_err(|error| damaged(format!("{SUMS}: {error}")))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged(format!("{SUMS} is not text in UTF-8")))?;
    let sums = text.parse::<Sums>().map_err(|error| damaged(format!("{SUMS}: {error}")))?;
    Ok((sums, Digest::of(&bytes)))
}

/// A document as `-o json` writes it.
fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, PlatformError> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests;
