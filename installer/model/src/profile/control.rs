//! A control of the customer's own list, or of a framework: what a report begins with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A control and the checks that stand for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Control {
    /// Its id in the list: `ACME-7.2`, `5.2.2`.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// Selectors of the checks that stand for it, of a check also a number that it judges (`CPL-001/1.2.5`); none: no check does,
    /// and the report says so.
    #[serde(default)]
    pub checks: Vec<String>,
    /// How much of it the checks can show.
    #[serde(default)]
    pub coverage: ControlCoverage,
    /// What somebody has to answer for, beside what the checks show: it is not shown before an attestation for its id stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attest: Option<String>,
}

/// How much of a control its checks can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ControlCoverage {
    /// All of it: when every check passes, it is proved.
    #[default]
    Full,
    /// A part of it: when every check passes, it is partly proved.
    Partial,
    /// Nothing that a program sees: people and papers.
    Organisational,
}
