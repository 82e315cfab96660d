//! What a profile's file says of a parameter: its value alone, or with why it is so.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A parameter as a file has it. No parameter is a group of keys, so that a group is always the second form.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ParameterSetting {
    /// With why it is so.
    Reasoned(ReasonedValue),
    /// Alone.
    Plain(Value),
}

/// A parameter's value and why it is so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReasonedValue {
    /// What the parameter is.
    pub value: Value,
    /// Why; due where a profile above sets another value.
    pub reason: String,
}

impl ParameterSetting {
    /// With its reason, where there is one.
    pub fn new(value: Value, reason: Option<String>) -> Self {
        match reason {
            Some(reason) => Self::Reasoned(ReasonedValue { value, reason }),
            None => Self::Plain(value),
        }
    }

    /// What the parameter is.
    pub fn value(&self) -> &Value {
        match self {
            Self::Reasoned(reasoned) => &reasoned.value,
            Self::Plain(value) => value,
        }
    }

    /// Why, as far as it is said.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Reasoned(reasoned) => Some(&reasoned.reason),
            Self::Plain(_) => None,
        }
    }
}

/// Not derived: a list would be taken for the keys of the second form in their order.
impl<'de> Deserialize<'de> for ParameterSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            group @ Value::Object(_) => serde_json::from_value(group).map(Self::Reasoned).map_err(D::Error::custom),
            value => Ok(Self::Plain(value)),
        }
    }
}

impl JsonSchema for ParameterSetting {
    fn schema_name() -> Cow<'static, str> {
        "ParameterSetting".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let reasoned = generator.subschema_for::<ReasonedValue>();
        json_schema!({ "description": "A parameter's value, alone or with why it is so.", "anyOf": [reasoned, { "not": { "type": "object" } }] })
    }
}

#[cfg(test)]
mod tests {
    use crate::ProfileDocument;

    const BEGIN: &str = "apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: { name: a, version: 1, owner: b }\nparameters:\n  TLS-002.failDays: ";

    #[test]
    fn a_parameter_is_a_value_alone_or_with_why() {
        let read = |text: &str| ProfileDocument::from_yaml(&format!("{BEGIN}{text}\n")).map(|(document, _)| document.parameters["TLS-002.failDays"].clone());
        let (plain, reasoned) = (read("[a, b]").unwrap(), read("{ value: 21, reason: they are renewed at 60 }").unwrap());
        assert_eq!((plain.value(), plain.reason()), (&serde_json::json!(["a", "b"]), None));
        assert_eq!((reasoned.value(), reasoned.reason()), (&serde_json::json!(21), Some("they are renewed at 60")));
        assert_eq!(serde_json::to_value(&reasoned).unwrap(), serde_json::json!({ "value": 21, "reason": "they are renewed at 60" }));
        assert_eq!(serde_json::to_value(&plain).unwrap(), serde_json::json!(["a", "b"]));
    }

    #[test]
    fn a_group_that_is_no_value_with_a_reason_is_told_with_its_place() {
        for (text, words) in [
            ("{ value: 21, reson: r }", "5:34 unknown key `parameters.TLS-002.failDays.reson`; did you mean `reason`?"),
            ("{ reason: r }", "5:21 `parameters.TLS-002.failDays.value` is missing"),
            ("{ value: 21, reason: [r] }", "5:42 `parameters.TLS-002.failDays.reason`"),
        ] {
            let error = ProfileDocument::from_yaml(&format!("{BEGIN}{text}\n")).unwrap_err();
            let said: Vec<String> = error.faults().map(|fault| format!("{} {fault}", fault.at().unwrap())).collect();
            assert!(said.iter().any(|said| said.contains(words)), "{said:?}");
        }
    }
}
