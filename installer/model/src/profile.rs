//! A security policy profile selects checks, sets parameters, and says what fails the gate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Finding, Severity, Verdict};

/// A profile, as its file says it. Unknown keys are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    /// `airlock/v1`
    pub api_version: String,
    /// `SecurityPolicyProfile`
    pub kind: String,
    /// Name, version, owner.
    pub metadata: ProfileMetadata,
    /// Ids of checks, or a group as in `NET-*`. One that matches nothing is an error.
    pub checks: Vec<String>,
    /// What fails the gate.
    #[serde(default)]
    pub gate: ProfileGate,
    /// Parameters of checks by `<check>.<name>`.
    #[serde(default)]
    pub parameters: BTreeMap<String, serde_json::Value>,
}

/// Name, version, owner of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileMetadata {
    /// Its name: `baseline`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who answers for it.
    pub owner: String,
}

/// What fails the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProfileGate {
    /// Failures of this severity and above.
    pub fail_on: Severity,
    /// Whether `unverified` and `error` fail it too.
    pub unverified_fails: bool,
}

impl Default for ProfileGate {
    fn default() -> Self {
        Self { fail_on: Severity::Low, unverified_fails: true }
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
}
