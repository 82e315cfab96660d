//! Arguments of `evidence`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueHint};
use jiff::civil::Date;

/// Arguments of `evidence`.
#[derive(Debug, Args)]
pub(crate) struct Evidence {
    #[command(subcommand)]
    pub(crate) command: EvidenceCommand,
}

/// What to do with kept reports. No cluster is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Say of each run whether it is intact, signed by whom, and chained to the one before it
    Verify(EvidenceFolder),
    /// Tell of a time: runs, times without one, verdicts that changed, failures that an exception covered, changes of the installation with their approvals
    Report(EvidenceReport),
}

/// Arguments of `evidence report`.
#[derive(Debug, Args)]
pub(crate) struct EvidenceReport {
    #[command(flatten)]
    pub(crate) folder: EvidenceFolder,
    /// The first day, in UTC, as in 2026-11-01
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Date,
    /// The last day, in UTC
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Date,
    /// A longer time without a run is a gap: 25h, 90m
    #[arg(long, value_name = "TIME", value_parser = super::duration, default_value = "25h")]
    pub(crate) every: Duration,
}

/// An evidence folder, and what it is held against.
#[derive(Debug, Args)]
pub(crate) struct EvidenceFolder {
    /// The folder that `compliance-check --evidence` writes to
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,
    /// File with a public key whose signatures count, as `openssl pkey -pubout` writes it; once for each key
    #[arg(long, value_name = "KEY.pem", value_hint = ValueHint::FilePath, required_unless_present = "unsigned")]
    pub(crate) trust: Vec<PathBuf>,
    /// Look at digests and chain alone: anybody who can write to the folder could have written it
    #[arg(long, conflicts_with = "trust")]
    pub(crate) unsigned: bool,
    /// What the head or a sink was told of the runs: with it a last run that was dropped is missed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) head: Option<PathBuf>,
}
