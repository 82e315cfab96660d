//! What can go wrong between a test and its bed.

use std::io;
use std::path::PathBuf;

/// Why the bed did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BedError {
    /// The program could not even be started.
    #[error("cannot start {command}")]
    Start {
        /// What was to be run.
        command: String,
        /// Why it did not start.
        source: io::Error,
    },
    /// The command ran and said no.
    #[error("{command} ended with {status}: {stderr}")]
    Failed {
        /// What was run.
        command: String,
        /// Its exit code, or the signal that ended it.
        status: String,
        /// What it said.
        stderr: String,
    },
    /// A file of the bed could not be read or written.
    #[error("cannot use {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A line or document is not what it should be.
    #[error("cannot read {what}")]
    Malformed {
        /// What was read.
        what: String,
        /// Where it went wrong.
        source: serde_json::Error,
    },
    /// The audit log was rotated after it was marked, so that what came since is not known.
    #[error("the audit log was rotated since it was marked")]
    Rotated,
    /// A condition did not come true in time.
    #[error("gave up waiting for {what} after {seconds} s: {last}")]
    GaveUp {
        /// What was awaited.
        what: String,
        /// For how long.
        seconds: u64,
        /// How it stood at the end.
        last: String,
    },
}

impl BedError {
    /// A name for this kind of failure that does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Start { .. } => "bed.start",
            Self::Failed { .. } => "bed.failed",
            Self::File { .. } => "bed.file",
            Self::Malformed { .. } => "bed.malformed",
            Self::Rotated => "bed.rotated",
            Self::GaveUp { .. } => "bed.gave-up",
        }
    }
}
