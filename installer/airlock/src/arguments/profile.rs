//! Arguments of `profile` and `schema`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// Arguments of `profile`.
#[derive(Debug, Args)]
pub(crate) struct Profile {
    #[command(subcommand)]
    pub(crate) command: ProfileCommand,
}

/// What to do with security policy profiles. No cluster is asked.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// List the profiles that ship
    List,
    /// Show a profile as it is written, or with all that it extends
    Show(ProfileShow),
    /// Say everything that is wrong with files of profiles
    Lint(ProfileLint),
    /// Say what one profile does otherwise than another one
    Diff(ProfileDiff),
    /// Write a commented profile to begin with, NAME.yaml in this folder
    New(ProfileNew),
    /// The list of controls that reports begin with
    Controls(ProfileControls),
}

/// Arguments of `profile show`.
#[derive(Debug, Args)]
pub(crate) struct ProfileShow {
    /// Name of a profile that ships, or path of a file
    #[arg(value_name = "PROFILE", value_hint = ValueHint::FilePath)]
    pub(crate) profile: String,
    /// Join it with all that it extends: the checks, parameters, and controls that it comes to
    #[arg(long)]
    pub(crate) effective: bool,
}

/// Arguments of `profile lint`.
#[derive(Debug, Args)]
pub(crate) struct ProfileLint {
    /// Files of profiles, or names of those that ship
    #[arg(value_name = "PROFILE", value_hint = ValueHint::FilePath, required = true)]
    pub(crate) files: Vec<String>,
}

/// Arguments of `profile diff`.
#[derive(Debug, Args)]
pub(crate) struct ProfileDiff {
    /// Name of a profile that ships, or path of a file
    #[arg(value_name = "FIRST", value_hint = ValueHint::FilePath)]
    pub(crate) first: String,
    /// What it is compared with
    #[arg(value_name = "SECOND", value_hint = ValueHint::FilePath)]
    pub(crate) second: String,
}

/// Arguments of `profile new`.
#[derive(Debug, Args)]
pub(crate) struct ProfileNew {
    /// Its name: small letters, digits, dots, hyphens
    pub(crate) name: String,
    /// What it builds on: the name of a profile that ships, or a path beside the new file
    #[arg(long, value_name = "PROFILE", default_value = "baseline", value_hint = ValueHint::FilePath)]
    pub(crate) extends: String,
}

/// Arguments of `profile controls`.
#[derive(Debug, Args)]
pub(crate) struct ProfileControls {
    #[command(subcommand)]
    pub(crate) command: ControlsCommand,
}

/// What to do with a list of controls.
#[derive(Debug, Subcommand)]
pub(crate) enum ControlsCommand {
    /// Turn a CSV file with the columns id, title, checks, and coverage where wanted, into the `controls` of a profile
    Import(ControlsImport),
}

/// Arguments of `profile controls import`.
#[derive(Debug, Args)]
pub(crate) struct ControlsImport {
    /// The CSV file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Kind of document
    #[arg(value_enum, default_value_t = DocumentKind::Answers)]
    pub(crate) kind: DocumentKind,
}

/// Documents with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DocumentKind {
    /// Answers of an installation
    Answers,
    /// A security policy profile
    Profile,
    /// Exceptions to one
    Exceptions,
    /// Attestations for one
    Attestations,
    /// What `compliance-check -o json` prints
    Report,
}

/// Arguments of `exception`.
#[derive(Debug, Args)]
pub(crate) struct Exception {
    #[command(subcommand)]
    pub(crate) command: ExceptionCommand,
}

/// What to do with exceptions.
#[derive(Debug, Subcommand)]
pub(crate) enum ExceptionCommand {
    /// Draft an exception for a finding, to be filled in and signed
    Request(ExceptionRequest),
}

/// Arguments of `exception request`.
#[derive(Debug, Args)]
pub(crate) struct ExceptionRequest {
    /// The finding: its check alone, or with what it is about, as in PSS-003:DaemonSet/logs/vector or RBC-002:ClusterRole/admins, or as a report prints it: "CPL-001/1.2.7 Pod kube-system/kube-apiserver"
    #[arg(value_name = "FINDING")]
    pub(crate) finding: String,
    /// The field, where others of the same object are not meant, as reports have it: spec.hostNetwork
    #[arg(long, value_name = "FIELD")]
    pub(crate) path: Option<String>,
    /// Its last day, as in 2027-01-31
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) expires: jiff::civil::Date,
}

/// Arguments of `attest`.
#[derive(Debug, Args)]
pub(crate) struct Attest {
    /// Id of a check, or of a control of the profile
    pub(crate) check: String,
    /// The file that shows it; its digest is written down
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) evidence: PathBuf,
    /// Its last day, as in 2027-01-31
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub(crate) expires: jiff::civil::Date,
    /// What is so
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) statement: String,
    /// Who says so
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(crate) by: String,
}

/// A day as the documents take it: the year, month, and day with hyphens, and nothing else.
fn day(text: &str) -> Result<jiff::civil::Date, String> {
    let day = text.parse::<jiff::civil::Date>().ok().filter(|day| day.to_string() == text);
    day.ok_or_else(|| "it is no day as in 2027-01-31".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_day_is_written_as_the_documents_take_it() {
        assert_eq!(day("2099-01-01").unwrap().to_string(), "2099-01-01");
        for text in ["20990101", "2099-1-1", "2099-02-30", "2099-01-01T00:00", "2099-01-01 ", ""] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}
