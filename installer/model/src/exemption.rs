//! What people decide about findings, as documents of their own that are signed: exceptions and attestations.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answers::document::{self, Kind};
use crate::answers::{AnswersError, Places};

const EXCEPTIONS: Kind = ("airlock/v1", "Exceptions");
const ATTESTATIONS: Kind = ("airlock/v1", "Attestations");

/// Failures that somebody takes upon himself for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exceptions {
    /// `airlock/v1`
    pub api_version: String,
    /// `Exceptions`
    pub kind: String,
    /// Each with an id of its own.
    pub exceptions: Vec<Exception>,
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exception {
    /// Its id: `EXC-2026-014`.
    pub id: String,
    /// Selectors of checks.
    pub checks: Vec<String>,
    /// Which of their findings; what is left out is not looked at.
    #[serde(rename = "match")]
    pub matching: ExceptionMatch,
    /// Why the failure is borne.
    pub reason: String,
    /// Who approved it.
    pub approved_by: String,
    /// Where it was talked about.
    pub ticket: String,
    /// The last day on which it counts, in UTC: `2027-01-31`.
    pub expires: String,
    /// What holds the risk meanwhile.
    pub compensating: String,
}

/// Which findings an exception is about: `*` is any number of letters, `?` is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExceptionMatch {
    /// Kind of what is judged: `DaemonSet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels that it has, each with its value: `app.kubernetes.io/name: "vector*"`. What is no object that was read is not meant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The field: `spec.containers[0].securityContext.privileged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What no program sees, and somebody answers for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attestations {
    /// `airlock/v1`
    pub api_version: String,
    /// `Attestations`
    pub kind: String,
    /// Each about one check or control.
    pub attestations: Vec<Attestation>,
}

/// One attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attestation {
    /// Id of a check, or of a control of the profile.
    pub check: String,
    /// What is so.
    pub statement: String,
    /// SHA-256 of the file that shows it: `sha256:…`.
    pub evidence: String,
    /// Who says so.
    pub attested_by: String,
    /// The last day on which it counts, in UTC: `2027-01-31`.
    pub expires: String,
}

impl Exceptions {
    /// Reads one document as far as its shape, and where in the text each of its values stands.
    pub fn from_yaml(text: &str) -> Result<(Self, Places), AnswersError> {
        document::placed(text, &Self::schema(), EXCEPTIONS)
    }

    /// The JSON Schema of the document.
    pub fn schema() -> Value {
        document::schema::<Self>("Exceptions to a security policy profile of Airlock", EXCEPTIONS)
    }
}

impl Attestations {
    /// Reads one document as far as its shape, and where in the text each of its values stands.
    pub fn from_yaml(text: &str) -> Result<(Self, Places), AnswersError> {
        document::placed(text, &Self::schema(), ATTESTATIONS)
    }

    /// The JSON Schema of the document.
    pub fn schema() -> Value {
        document::schema::<Self>("Attestations for a security policy profile of Airlock", ATTESTATIONS)
    }
}
