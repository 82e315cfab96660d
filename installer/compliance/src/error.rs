//! What can be wrong with a profile, each with a stable code.

use airlock_model::{AttemptId, Code, Coded};

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ComplianceError {
    /// It is not YAML, or not of a profile's shape.
    #[error("the profile cannot be read: {message}")]
    Shape {
        /// What is wrong, with line and column.
        message: String,
    },
    /// It is another kind of document.
    #[error("the document is {kind} of {api_version}, not SecurityPolicyProfile of airlock/v1")]
    Kind {
        /// Its `apiVersion`.
        api_version: String,
        /// Its `kind`.
        kind: String,
    },
    /// No profile of that name ships.
    #[error("no profile `{name}` ships with Airlock; there is: {shipped}")]
    UnknownProfile {
        /// What was asked for.
        name: String,
        /// The ones there are.
        shipped: String,
    },
    /// It selects no check at all.
    #[error("the profile {name} selects no check")]
    NoChecks {
        /// Its name.
        name: String,
    },
    /// A selector matches no check.
    #[error("`{selector}` matches no check{}", meant(.nearest.as_deref()))]
    UnknownCheck {
        /// As the profile has it.
        selector: String,
        /// The check that was probably meant.
        nearest: Option<String>,
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

impl Coded for ComplianceError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Shape { .. } => "compliance.profile-shape",
            Self::Kind { .. } => "compliance.profile-kind",
            Self::UnknownProfile { .. } => "compliance.unknown-profile",
            Self::NoChecks { .. } => "compliance.no-checks",
            Self::UnknownCheck { .. } => "compliance.unknown-check",
            Self::PreflightCheck { .. } => "compliance.preflight-check",
            Self::OtherSource { .. } => "compliance.other-source",
            Self::UnknownParameter { .. } => "compliance.unknown-parameter",
            Self::ParameterValue { .. } => "compliance.parameter-value",
            Self::AttemptConflict { .. } => "compliance.attempt-conflict",
            Self::Canonical(_) => "compliance.canonical",
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
            ComplianceError::Kind { api_version: text(), kind: text() },
            ComplianceError::UnknownProfile { name: text(), shipped: text() },
            ComplianceError::NoChecks { name: text() },
            ComplianceError::UnknownCheck { selector: text(), nearest: None },
            ComplianceError::PreflightCheck { selector: text() },
            ComplianceError::OtherSource { checks: text() },
            ComplianceError::UnknownParameter { name: text(), nearest: None },
            ComplianceError::ParameterValue { name: text(), reason: text() },
            ComplianceError::AttemptConflict { attempt: "a".into() },
            ComplianceError::Canonical(number.unwrap_err()),
            ComplianceError::Earlier { message: text() },
        ];
        for error in errors {
            assert!(explain_code(error.code().0).is_some(), "{} is not in the table", error.code());
        }
    }
}
