//! What the file of a profile says, before the profiles that it extends are joined with it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Control, CustomCheck, ParameterSetting, ProfileKey, ProfileMetadata, Requirement, ScoreRule};
use crate::Severity;
use crate::answers::document::{self, Kind};
use crate::answers::{AnswersError, Places};

const KIND: Kind = ("airlock/v1", "SecurityPolicyProfile");

/// A profile, as its file says it. Unknown keys are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileDocument {
    /// `airlock/v1`
    pub api_version: String,
    /// `SecurityPolicyProfile`
    pub kind: String,
    /// Name, version, owner.
    pub metadata: ProfileMetadata,
    /// Where it may be used, beside what the profiles above say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires: Option<Requirement>,
    /// Profiles that this one builds on: names of shipped ones, or paths beside this file. All that they select is selected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extends: Vec<String>,
    /// Checks beside those of the profiles above: `PSS-001`, `NET-0?0`, `group:NET`, `framework:cis-1.12/5.2.2`, `promise:P3`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// Checks of its own; they are selected. One with an id of the profiles above takes its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<CustomCheck>,
    /// Checks of the profiles above that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<LeftOut>,
    /// What holds for some of the checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<CheckRule>,
    /// What fails the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateRule>,
    /// Parameters of checks by `<check>.<name>`: a value, or `{ value: …, reason: … }`. Where a profile above sets another value the
    /// reason is due.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, ParameterSetting>,
    /// Parameters that a profile that extends this one cannot set to something looser.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locked_parameters: Vec<String>,
    /// The list of controls that reports begin with. One with an id of the profiles above takes its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// Keys that sign exceptions and attestations, beside those of the profiles above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<ProfileKey>,
    /// How far exceptions may go, as far as the profiles above don't say it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exceptions: Option<ExceptionRule>,
}

/// How far exceptions may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExceptionRule {
    /// Their last day is at most so many days ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_days: Option<u32>,
    /// Whether they may be about locked checks: `false` where nobody says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_checks: Option<bool>,
}

/// Checks that are left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeftOut {
    /// Selectors of checks.
    pub checks: Vec<String>,
    /// Why they are left out.
    pub reason: String,
}

/// What holds for some of the selected checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CheckRule {
    /// Selectors of checks.
    pub checks: Vec<String>,
    /// How bad their findings are, instead of what the checks say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// A profile that extends this one can neither leave them out nor lower them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Only an attempt decides them: what was merely read does not pass.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_probe: bool,
    /// Why; due where the severity is another one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What fails the gate, as far as the profiles above don't say it already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GateRule {
    /// Failures of this severity and above: `low` where nobody says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<Severity>,
    /// Whether `unverified` and `error` fail it too: `true` where nobody says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_fails: Option<bool>,
    /// What a report must score beside that: none where nobody says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreRule>,
}

impl ProfileDocument {
    /// Reads one document as far as its shape, and where in the text each of its values stands.
    pub fn from_yaml(text: &str) -> Result<(Self, Places), AnswersError> {
        document::placed(text, &Self::schema(), KIND)
    }

    /// The JSON Schema of the document, as `airlock schema profile` prints it.
    pub fn schema() -> Value {
        document::schema::<Self>("Security policy profile of Airlock", KIND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_places_and_words_are_read_as_text_where_text_is_due() {
        let text = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: a, version: 1.10, owner: b }\nextends: [baseline]\nexclude:\n  - { checks: [NET-010], reason: closed }\n";
        let (read, places) = ProfileDocument::from_yaml(text).unwrap();
        assert_eq!(read.metadata.version, "1.10");
        assert_eq!((places.at("exclude[0].checks[0]").line, places.at("exclude[0].checks[0]").column), (6, 16));
        assert_eq!((read.gate, read.controls.len()), (None, 0));
    }
}
