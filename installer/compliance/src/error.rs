//! What can be wrong with a profile, each with a stable code.

use airlock_model::{AttemptId, Code, Coded};

use crate::awaited::awaited;
use crate::profile::ProfileFaults;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ComplianceError {
    /// All that is wrong with the file of a profile.
    #[error(transparent)]
    Faults(#[from] ProfileFaults),
    /// It is not YAML, or not of a document's shape.
    #[error("{message}")]
    Shape {
        /// What is wrong.
        message: String,
    },
    /// It is another kind of document.
    #[error("{message}")]
    Kind {
        /// What it is, and what it should be.
        message: String,
    },
    /// A file that a profile names, or that was asked for, cannot be read.
    #[error("the profile {path} cannot be read: {reason}")]
    Unreadable {
        /// Where it should be.
        path: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// A profile extends itself, by whatever way.
    #[error("a profile extends itself: {chain}")]
    Cycle {
        /// From the first to the one that begins again.
        chain: String,
    },
    /// Profiles extend each other too deep, or too many are joined.
    #[error("{what}")]
    Depth {
        /// What there is too much of.
        what: String,
    },
    /// A value that cannot be meant.
    #[error("{message}")]
    Value {
        /// What is wrong with it.
        message: String,
    },
    /// Exceptions or attestations that cannot be meant.
    #[error("{message}")]
    Decision {
        /// What is wrong with them.
        message: String,
    },
    /// The cluster's version is none that the profile was written for.
    #[error("the profile {name} is for Kubernetes {wanted}, and the cluster is {found}")]
    KubernetesVersion {
        /// The profile's name.
        name: String,
        /// Its range.
        wanted: String,
        /// What the API server says of itself.
        found: String,
    },
    /// A selector that matches checks, but none that the profile selects.
    #[error("`{selector}` matches no check that the profile selects")]
    Idle {
        /// As the profile has it.
        selector: String,
    },
    /// It weakens what a profile that it extends has locked.
    #[error("{what} is locked by {by}; {instead}")]
    Locked {
        /// Which check, parameter, or gate.
        what: String,
        /// The profile that locked it.
        by: String,
        /// What can be done all the same.
        instead: &'static str,
    },
    /// An expression of a check of the profile's own is not understood.
    #[error("{message}")]
    Expression {
        /// Which one, and what is wrong with it.
        message: String,
    },
    /// A check of the profile's own says something else of its test than it must.
    #[error("{message}")]
    CustomTest {
        /// What it says, and what is expected.
        message: String,
    },
    /// A check must be decided by an attempt, and makes none.
    #[error("{check} makes no attempt; `mustProbe` is for checks that do")]
    NoAttempt {
        /// Its id.
        check: String,
    },
    /// A list of controls that is to be imported has rows that cannot be meant.
    #[error("{message}")]
    ControlList {
        /// Every such row with its line.
        message: String,
    },
    /// No profile of that name ships.
    #[error("no profile `{name}` ships with Airlock; there is: {shipped}{}{}", if *.by_path { format!("; a file is named by a path, as in ./{name}.yaml") } else { String::new() }, meant(.nearest.as_deref()))]
    UnknownProfile {
        /// What was asked for.
        name: String,
        /// The ones there are.
        shipped: String,
        /// Whether a file can be named instead.
        by_path: bool,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// It selects no check at all.
    #[error("the profile {name} selects no check")]
    NoChecks {
        /// Its name.
        name: String,
    },
    /// A selector matches no check.
    #[error("`{selector}` matches no check{}", awaited_or_meant(selector, .nearest.as_deref()))]
    UnknownCheck {
        /// As the profile has it.
        selector: String,
        /// The check that was probably meant.
        nearest: Option<String>,
    },
    /// A selector names a number that its check does not judge.
    #[error("`{selector}` matches no check; {check} judges {known}{}", meant(.nearest.as_deref()))]
    UnknownNumber {
        /// As it was written.
        selector: String,
        /// The check with the number that was probably meant.
        nearest: Option<String>,
        /// The check.
        check: String,
        /// All numbers that it judges.
        known: String,
    },
    /// A selector matches only checks that are made before an install.
    #[error("`{selector}` is judged before an install; a profile selects checks of the running installation")]
    PreflightCheck {
        /// As the profile has it.
        selector: String,
    },
    /// None of the selected checks can be judged by what was given.
    #[error("none of the selected checks can be judged by this source: {checks}")]
    OtherSource {
        /// Their ids.
        checks: String,
    },
    /// A parameter that no check has.
    #[error("`{name}` is no parameter of a check{}", meant(.nearest.as_deref()))]
    UnknownParameter {
        /// As the profile has it.
        name: String,
        /// The parameter that was probably meant.
        nearest: Option<String>,
    },
    /// A parameter with a value that it cannot have.
    #[error("parameter {name}: {reason}")]
    ParameterValue {
        /// Which.
        name: String,
        /// What is wrong with the value.
        reason: String,
    },
    /// Two checks ask for different attempts under one name.
    #[error("two checks ask for different attempts under the name {attempt}")]
    AttemptConflict {
        /// The name.
        attempt: AttemptId,
    },
    /// The profile has no canonical form.
    #[error("the profile cannot be written in canonical form")]
    Canonical(#[source] serde_json::Error),
    /// A report on a node that another tool wrote cannot be read.
    #[error("the report {file} on node {node} cannot be read: {reason}")]
    NodeReport {
        /// The node.
        node: String,
        /// Its file, as it was given.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A scan of an image that was handed over cannot be read.
    #[error("the scan {file} cannot be read: {reason}")]
    ScanReport {
        /// Its file, as it was given.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A scan that was handed over does not say of which image it is.
    #[error("the scan {file} names no digest of an image; {instead}")]
    ScanDigest {
        /// Its file, as it was given.
        file: String,
        /// What names one.
        instead: &'static str,
    },
    /// An earlier report, to compare with, is none.
    #[error("the earlier report cannot be compared with: {message}")]
    Earlier {
        /// What is wrong with it.
        message: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// A check that the notes number and that is not there yet is no other one's misspelling.
fn awaited_or_meant(selector: &str, nearest: Option<&str>) -> String {
    match awaited().iter().find(|awaited| awaited.id == selector) {
        Some(awaited) => format!(" so far; that {} is not looked at, since {}", awaited.title, awaited.because),
        None => meant(nearest),
    }
}

impl Coded for ComplianceError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Faults(faults) => return faults.first().error.code(),
            Self::Shape { .. } => "compliance.profile-shape",
            Self::Unreadable { .. } => "compliance.profile-unreadable",
            Self::Cycle { .. } => "compliance.profile-cycle",
            Self::Depth { .. } => "compliance.profile-depth",
            Self::Value { .. } => "compliance.profile-value",
            Self::Decision { .. } => "compliance.decision",
            Self::KubernetesVersion { .. } => "compliance.kubernetes-version",
            Self::Idle { .. } => "compliance.idle-selector",
            Self::Locked { .. } => "compliance.locked",
            Self::Expression { .. } => "compliance.expression",
            Self::CustomTest { .. } => "compliance.custom-test",
            Self::NoAttempt { .. } => "compliance.no-attempt",
            Self::ControlList { .. } => "compliance.control-list",
            Self::Kind { .. } => "compliance.profile-kind",
            Self::UnknownProfile { .. } => "compliance.unknown-profile",
            Self::NoChecks { .. } => "compliance.no-checks",
            Self::UnknownCheck { .. } | Self::UnknownNumber { .. } => "compliance.unknown-check",
            Self::PreflightCheck { .. } => "compliance.preflight-check",
            Self::OtherSource { .. } => "compliance.other-source",
            Self::UnknownParameter { .. } => "compliance.unknown-parameter",
            Self::ParameterValue { .. } => "compliance.parameter-value",
            Self::AttemptConflict { .. } => "compliance.attempt-conflict",
            Self::Canonical(_) => "compliance.canonical",
            Self::NodeReport { .. } => "compliance.node-report",
            Self::ScanReport { .. } => "compliance.scan-report",
            Self::ScanDigest { .. } => "compliance.scan-digest",
            Self::Earlier { .. } => "compliance.earlier-report",
        })
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::explain_code;

    use super::*;

    #[test]
    fn every_error_stands_in_the_table_of_codes() {
        let text = String::new;
        let number: Result<u8, serde_json::Error> = serde_json::from_str("x");
        let errors = [
            ComplianceError::Shape { message: text() },
            ComplianceError::Kind { message: text() },
            ComplianceError::Unreadable { path: text(), reason: text() },
            ComplianceError::Cycle { chain: text() },
            ComplianceError::Depth { what: text() },
            ComplianceError::Value { message: text() },
            ComplianceError::Decision { message: text() },
            ComplianceError::KubernetesVersion { name: text(), wanted: text(), found: text() },
            ComplianceError::Idle { selector: text() },
            ComplianceError::Locked { what: text(), by: text(), instead: "" },
            ComplianceError::Expression { message: text() },
            ComplianceError::CustomTest { message: text() },
            ComplianceError::NoAttempt { check: text() },
            ComplianceError::ControlList { message: text() },
            ComplianceError::UnknownProfile { name: text(), shipped: text(), by_path: true, nearest: None },
            ComplianceError::NoChecks { name: text() },
            ComplianceError::UnknownCheck { selector: text(), nearest: None },
            ComplianceError::UnknownNumber { selector: text(), nearest: None, check: text(), known: text() },
            ComplianceError::PreflightCheck { selector: text() },
            ComplianceError::OtherSource { checks: text() },
            ComplianceError::UnknownParameter { name: text(), nearest: None },
            ComplianceError::ParameterValue { name: text(), reason: text() },
            ComplianceError::AttemptConflict { attempt: "a".into() },
            ComplianceError::Canonical(number.unwrap_err()),
            ComplianceError::NodeReport { node: text(), file: text(), reason: text() },
            ComplianceError::ScanReport { file: text(), reason: text() },
            ComplianceError::ScanDigest { file: text(), instead: "" },
            ComplianceError::Earlier { message: text() },
        ];
        for error in errors {
            assert!(explain_code(error.code().0).is_some(), "{} is not in the table", error.code());
        }
    }
}
