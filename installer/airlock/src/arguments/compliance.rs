//! Arguments of `compliance-check`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum, ValueHint};

/// What becomes of the attempts of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Probes {
    Make,
    List,
    None,
}

/// A report on a node, and the node: the report does not name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeReportFile {
    pub(crate) node: String,
    pub(crate) path: PathBuf,
}

impl FromStr for NodeReportFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((node, path)) if !node.is_empty() && !path.is_empty() => Ok(Self { node: node.to_owned(), path: path.into() }),
            _ => Err("it is not of the form NODE=FILE"),
        }
    }
}

/// Arguments of `compliance-check`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ComplianceCheck {
    /// Judge files instead of the installation: folders, files, tar archives, or - for standard input
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub(crate) manifests: Vec<PathBuf>,
    /// Judge what a plan of `airlock plan -o json` would write, before anything of it is there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["manifests", "events"])]
    pub(crate) plan: Option<PathBuf>,
    /// List which connections the network policies of the files allow, and judge nothing
    #[arg(long, requires = "manifests", conflicts_with_all = ["profile", "no_profile", "checks", "set", "exceptions", "attestations", "all"])]
    pub(crate) connections: bool,
    /// Name of a profile that ships, or path of a file, as in ./acme.yaml [default: as in the answers; of files, as with --no-profile]
    #[arg(long, value_name = "PROFILE", value_hint = ValueHint::FilePath, conflicts_with = "no_profile")]
    pub(crate) profile: Option<String>,
    /// Make every check, with its defaults
    #[arg(long)]
    pub(crate) no_profile: bool,
    /// Make these checks and no others: selectors joined by commas, as in 'PSS-*,NET-001,framework:cis-1.12'
    #[arg(long, value_name = "CHECKS")]
    pub(crate) checks: Option<String>,
    /// Set a parameter of a check, as in PSS.level=baseline; may be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Files with exceptions, each with its signature beside it, as FILE.sig
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) exceptions: Vec<PathBuf>,
    /// Files with attestations, each with its signature beside it, as FILE.sig
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) attestations: Vec<PathBuf>,
    /// What kube-bench wrote on a node with --json, for CPL-003: no API shows the node's files; may be given more than once
    #[arg(long, value_name = "NODE=FILE", conflicts_with_all = ["manifests", "plan", "permissions"])]
    pub(crate) node_report: Vec<NodeReportFile>,
    /// What Trivy or Grype wrote of an image that they scanned by its digest, as CycloneDX in JSON or SARIF, for VUL-001; may be given more than once
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["connections", "permissions"])]
    pub(crate) scan_report: Vec<PathBuf>,
    /// List what the API server would be asked for and you may not do, with the roles that would allow it, and judge nothing
    #[arg(long, conflicts_with_all = ["manifests", "plan", "probes", "diff", "evidence", "events", "all"])]
    pub(crate) permissions: bool,
    /// Make the attempts that checks ask for; or list them, and judge nothing; or make none, and what they would show is unverified
    #[arg(long, value_enum, value_name = "make|list|none", hide_possible_values = true, default_value_t = Probes::Make, conflicts_with_all = ["manifests", "plan"])]
    pub(crate) probes: Probes,
    /// Show what passes too
    #[arg(long)]
    pub(crate) all: bool,
    /// Tell what changed since an earlier report of -o json instead of all findings; the exit code is still the gate's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "connections")]
    pub(crate) diff: Option<PathBuf>,
    /// Keep the report in this folder, as a run that is chained to the one before it (docs/evidence.md)
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "connections")]
    pub(crate) evidence: Option<PathBuf>,
    /// The Ed25519 key that signs the run: a file, or a program that signs; without it nobody vouches for the run
    #[arg(long, value_name = "file:PATH|exec:PROGRAM", requires = "evidence")]
    pub(crate) evidence_key: Option<String>,
    /// A log outside of the folder that is told of each run, so that a last run that was dropped is missed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "evidence")]
    pub(crate) evidence_head: Option<PathBuf>,
    /// Where else each run is told to, in the words of `evidence` in the answers: https, s3, or syslog (docs/evidence.md)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "evidence")]
    pub(crate) evidence_sink: Option<PathBuf>,
    /// Write what happens to this file, a JSON document a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "manifests")]
    pub(crate) events: Option<PathBuf>,
}
