//! Checks that a profile defines itself: expressions in CEL over objects, with what is said when they do not hold.
//!
//! This is what a file says of them. Whether an expression can be understood is not known here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Severity;

/// A check of a profile's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomCheck {
    /// Four to sixteen capitals and digits, a hyphen, three digits: `ACME-001`. Checks that ship have three letters.
    pub id: String,
    /// One line: what is true when it passes.
    pub title: String,
    /// How bad it is when it fails.
    pub severity: Severity,
    /// What follows when it fails.
    pub why: String,
    /// What to do when it fails.
    pub fix: String,
    /// Controls of frameworks that ask for it: their ids by the framework's name, as in `iso-27001: ["8.9"]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub frameworks: BTreeMap<String, Vec<String>>,
    /// The objects that are judged one by one, each as `object`. Without it the inputs are judged together.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<ObjectMatch>,
    /// Lists of other objects that expressions may look at, by the names that they have there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, ObjectMatch>,
    /// Values that expressions see as `params.NAME`: a text, a list of texts, a whole number, `true` or `false`. The key
    /// `parameters` of the profile and `--set` change them by `<check>.<name>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// Values that expressions below see as `variables.NAME`; each sees those above it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<CustomVariable>,
    /// What must hold, each by itself.
    pub validations: Vec<CustomValidation>,
    /// Objects and the verdict that they must get; `airlock profile lint` tries them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<CustomTest>,
}

/// Which objects are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectMatch {
    /// `apps/v1`. Files are matched by its group, whatever their version.
    pub api_version: String,
    /// `Deployment`; `Secret` is not among those that expressions see.
    pub kinds: Vec<String>,
    /// Their namespaces, with `*` and `?`; none: all that are judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
}

/// A value that expressions share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomVariable {
    /// Its name: letters, digits, `_`.
    pub name: String,
    /// What it is, in CEL.
    pub expression: String,
}

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomValidation {
    /// True when it holds, in CEL.
    pub expression: String,
    /// What is said when it does not; none: that the expression does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The same in CEL; where it cannot be evaluated `message` is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_expression: Option<String>,
}

/// Objects and the verdict that they must get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomTest {
    /// All objects that there are, as manifests.
    pub objects: Vec<Value>,
    /// Parameters that differ from those of the check.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// What the check must say in all.
    pub expect: ExpectedVerdict,
}

/// What a check can say of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedVerdict {
    /// Everything holds.
    Pass,
    /// Something does not.
    Fail,
    /// Something cannot be evaluated.
    Error,
    /// There is nothing to judge.
    NotApplicable,
}
