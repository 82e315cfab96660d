//! Tells a sink of the runs of a folder, each in its turn, and remembers of which.
//!
//! The folder holds one small file a sink, with the line of the last run that it took. Where the file is gone, or the sink is another one, it is told
//! of all of them; what it could not be told of is told by the next run.

use std::fs;
use std::path::{Path, PathBuf};

use airlock_compliance::evidence::{Head, head_line};
use airlock_model::{AuditedRun, Digest, RunName};

use super::disk::{self, failed};
use super::error::EvidenceError;
use super::reading::{SENT, head, names};
use super::sink::{Sink, SinkFault};
use super::writer::list_digest;

/// Digits of the digest that tells one sink from another.
const DIGITS: usize = 16;

/// What a sink was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The sink.
    pub sink: String,
    /// Runs that it took now.
    pub runs: usize,
}

pub(super) struct Teller {
    folder: PathBuf,
    sink: Sink,
    /// The line of the last run that the sink took.
    memory: PathBuf,
}

impl Teller {
    /// Sees that the folder still holds what the sink was told of.
    pub(super) fn open(folder: &Path, sink: Sink) -> Result<Self, EvidenceError> {
        let memory = folder.join(format!("{SENT}{}", &Digest::of(sink.name().as_bytes()).hex()[..DIGITS]));
        let teller = Self { folder: folder.to_owned(), sink, memory };
        teller.untold()?;
        Ok(teller)
    }

    /// Tells of all runs of which the sink has not been told, and stops at the first that it does not take.
    pub(super) async fn tell(&self) -> Result<Told, EvidenceError> {
        let untold = self.untold()?;
        let mut left = untold.as_slice();
        while !left.is_empty() {
            let (now, later) = left.split_at(self.sink.at_once().min(left.len()));
            self.sink.tell(now).await.map_err(|fault| self.failed(left, fault))?;
            if let Some(AuditedRun { run, sums }) = now.last() {
                self.remember(&head_line(run, sums))?;
            }
            left = later;
        }
        Ok(Told { sink: self.sink.name(), runs: untold.len() })
    }

    /// Runs behind the last one that the sink took.
    fn untold(&self) -> Result<Vec<AuditedRun>, EvidenceError> {
        let last = if self.memory.exists() { head(&self.memory)? } else { Head::default() };
        let elsewhere = |run: &RunName, how| EvidenceError::HeadElsewhere { path: self.memory.clone(), run: run.clone(), how };
        if let Some((run, digest)) = last.last() {
            let folder = self.folder.join(run.to_string());
            if !folder.is_dir() {
                return Err(elsewhere(run, "of which the sink was told, and which is not in the folder"));
            }
            if list_digest(&folder, run)? != *digest {
                return Err(elsewhere(run, "of which the sink was told, and which was written anew in the folder"));
            }
        }
        let after = last.last().map_or(0, |(run, _)| run.number());
        let mut runs: Vec<RunName> = names(&self.folder)?.iter().filter_map(|name| name.parse().ok()).filter(|run: &RunName| run.number() > after).collect();
        runs.sort();
        runs.into_iter().map(|run| Ok(AuditedRun { sums: list_digest(&self.folder.join(run.to_string()), &run)?, run })).collect()
    }

    /// Whole or not at all: half a line would be none of the folder's.
    fn remember(&self, line: &str) -> Result<(), EvidenceError> {
        let new = self.memory.with_extension("new");
        if new.exists() {
            fs::remove_file(&new).map_err(failed("remove", &new))?;
        }
        disk::write(&new, line.as_bytes())?;
        disk::rename(&new, &self.memory)?;
        disk::settle(&self.folder)
    }

    fn failed(&self, untold: &[AuditedRun], fault: SinkFault) -> EvidenceError {
        let runs = untold.iter().map(|untold| untold.run.clone()).collect();
        EvidenceError::Sink { sink: self.sink.name(), runs, folder: self.folder.clone(), fault: Box::new(fault) }
    }
}
