//! A security policy profile selects checks, sets parameters, says what fails the gate, and carries the customer's controls.
//!
//! A [`ProfileDocument`] is what a file says, with the profiles it extends; [`Profile`] is what it comes to once those were
//! joined, and what checks are asked by. Which checks there are is not known here.

mod control;
mod custom;
mod document;
mod setting;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Finding, Severity, Verdict};

pub use control::{Control, ControlCoverage};
pub use custom::{CustomCheck, CustomTest, CustomValidation, CustomVariable, ExpectedVerdict, ObjectMatch};
pub use document::{CheckRule, ExceptionRule, GateRule, LeftOut, ProfileDocument};
pub use setting::{ParameterSetting, ReasonedValue};

/// A profile with all that it extends. Its canonical form is what its digest is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// `airlock/v1`
    pub api_version: String,
    /// `SecurityPolicyProfile`
    pub kind: String,
    /// Name, version, owner.
    pub metadata: ProfileMetadata,
    /// Selectors of checks; once joined, their ids.
    pub checks: Vec<String>,
    /// Where it may be used.
    #[serde(default, skip_serializing_if = "Requirement::is_default")]
    pub requires: Requirement,
    /// Checks of its own, in the order of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<CustomCheck>,
    /// What fails the gate.
    #[serde(default)]
    pub gate: ProfileGate,
    /// Parameters of checks by `<check>.<name>`.
    #[serde(default)]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Why parameters are what they are, by the same names, as far as the profile says it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameter_reasons: BTreeMap<String, String>,
    /// Severities that differ from those of the checks, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub severities: BTreeMap<String, Severity>,
    /// Checks that only an attempt may decide, by id.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub must_probe: BTreeSet<String>,
    /// What a profile that extends this one cannot weaken.
    #[serde(default, skip_serializing_if = "Locked::is_empty")]
    pub locked: Locked,
    /// The control list that reports begin with; its checks are ids, some with a number: `CPL-001/1.2.5`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// Keys that sign exceptions and attestations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<ProfileKey>,
    /// How far exceptions may go.
    #[serde(default, skip_serializing_if = "ExceptionPolicy::is_default")]
    pub exceptions: ExceptionPolicy,
}

/// Where a profile may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// Versions of Kubernetes that it was written for: `>=1.30 <1.37`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// It comes to so many checks at least: one that a catalogue or a profile above no longer selects is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_checks: Option<u32>,
}

impl Requirement {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A key that signs exceptions and attestations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileKey {
    /// Whose it is, as reports name it.
    pub name: String,
    /// Its public half: Ed25519 in PEM, as `openssl pkey -pubout` writes it.
    pub public_key: String,
}

/// How far exceptions may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExceptionPolicy {
    /// Their last day is at most so many days ahead; none: no end is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_days: Option<u32>,
    /// Whether they may be about locked checks.
    #[serde(default)]
    pub locked_checks: bool,
}

impl ExceptionPolicy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a profile that extends another one cannot weaken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Locked {
    /// Checks by id: neither left out nor lowered, nor judged by less.
    pub checks: BTreeSet<String>,
    /// Parameters by name: never set to something looser.
    pub parameters: BTreeSet<String>,
}

impl Locked {
    /// Whether nothing is locked.
    pub fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.parameters.is_empty()
    }
}

/// Name, version, owner of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileMetadata {
    /// Its name: `baseline`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who answers for it.
    pub owner: String,
    /// What it is for, and what its list of controls covers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What fails the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileGate {
    /// Failures of this severity and above.
    pub fail_on: Severity,
    /// Whether `unverified` and `error` fail it too.
    pub unverified_fails: bool,
    /// What a report must score beside that; none: it has no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<ScoreRule>,
}

/// What a report must score, beside all else that the gate asks and never instead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScoreRule {
    /// In hundredths of what could be scored, 0 to 100. With 0 the score is told, and fails nothing.
    #[schemars(range(max = 100))]
    pub min: u8,
}

impl Default for ProfileGate {
    fn default() -> Self {
        Self { fail_on: Severity::Low, unverified_fails: true, score: None }
    }
}

impl ProfileGate {
    /// Whether a finding fails the gate.
    pub fn refuses(&self, finding: &Finding) -> bool {
        match finding.verdict {
            Verdict::Fail => finding.severity >= self.fail_on,
            Verdict::Unverified | Verdict::Error => self.unverified_fails,
            Verdict::Pass | Verdict::Warn | Verdict::NotApplicable | Verdict::Excepted | Verdict::Attested => false,
        }
    }

    /// The gate that refuses what either of the two refuses.
    #[must_use]
    pub fn strictest(self, other: Self) -> Self {
        Self { fail_on: self.fail_on.min(other.fail_on), unverified_fails: self.unverified_fails || other.unverified_fails, score: self.score.max(other.score) }
    }
}
