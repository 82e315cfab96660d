//! Label selectors, by the rules of `metav1.LabelSelector`: all requirements must hold; none at all selects everything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// What must hold of one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// What must hold of its value.
    pub holds: Holds,
}

/// The operators of match expressions. `NotIn` holds too where the label is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Holds {
    /// It is one of these.
    In(Vec<String>),
    /// It is none of these.
    NotIn(Vec<String>),
    /// There is one.
    Exists,
    /// There is none.
    DoesNotExist,
}

impl Holds {
    /// Whether it holds of a label's value; none: the label is absent.
    pub fn of(&self, value: Option<&String>) -> bool {
        match self {
            Self::In(values) => value.is_some_and(|value| values.contains(value)),
            Self::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Self::Exists => value.is_some(),
            Self::DoesNotExist => value.is_none(),
        }
    }
}

/// Requirements that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector(pub Vec<Requirement>);

impl Selector {
    /// Whether it selects what bears these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| requirement.holds.of(labels.get(&requirement.key)))
    }

    /// Whether it selects everything.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A selector as manifests write it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WrittenSelector {
    match_labels: Option<Labels>,
    match_expressions: Option<Vec<WrittenExpression>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenExpression {
    key: String,
    operator: String,
    values: Option<Vec<String>>,
}

impl WrittenSelector {
    /// An error says what the API server would refuse.
    pub fn read(self) -> Result<Selector, String> {
        let equal = self.match_labels.unwrap_or_default().into_iter().map(|(key, value)| Ok(Requirement { key, holds: Holds::In(vec![value]) }));
        equal.chain(self.match_expressions.unwrap_or_default().into_iter().map(WrittenExpression::read)).collect::<Result<_, _>>().map(Selector)
    }
}

/// A selector that may be absent or null: like `{}` it selects everything.
pub fn or_everything(written: Option<WrittenSelector>) -> Result<Selector, String> {
    written.map_or_else(|| Ok(Selector::default()), WrittenSelector::read)
}

impl WrittenExpression {
    fn read(self) -> Result<Requirement, String> {
        let values = self.values.unwrap_or_default();
        let holds = match (self.operator.as_str(), values.is_empty()) {
            ("In", false) => Holds::In(values),
            ("NotIn", false) => Holds::NotIn(values),
            ("Exists", true) => Holds::Exists,
            ("DoesNotExist", true) => Holds::DoesNotExist,
            ("In" | "NotIn", true) => return Err(format!("the expression on {} has no values", self.key)),
            ("Exists" | "DoesNotExist", false) => return Err(format!("the expression on {} has values that {} does not take", self.key, self.operator)),
            (other, _) => return Err(format!("{other} is no operator of match expressions")),
        };
        Ok(Requirement { key: self.key, holds })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn selector(written: Value) -> Result<Selector, String> {
        serde_json::from_value::<WrittenSelector>(written).map_err(|error| error.to_string())?.read()
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_operator_holds_where_it_should() {
        let expression = |operator: &str, values: Value| json!({ "matchExpressions": [ { "key": "app", "operator": operator, "values": values } ] });
        // selector, and whether it selects app=a, app=b, no label at all
        let cases = [
            (json!({}), [true, true, true]),
            (json!({ "matchLabels": null, "matchExpressions": null }), [true, true, true]),
            (json!({ "matchLabels": { "app": "a" } }), [true, false, false]),
            (json!({ "matchLabels": { "app": "a", "tier": "x" } }), [false, false, false]),
            (expression("In", json!(["a", "c"])), [true, false, false]),
            (expression("NotIn", json!(["a", "c"])), [false, true, true]),
            (expression("Exists", json!(null)), [true, true, false]),
            (expression("Exists", json!([])), [true, true, false]),
            (expression("DoesNotExist", json!(null)), [false, false, true]),
            (json!({ "matchLabels": { "app": "a" }, "matchExpressions": [ { "key": "app", "operator": "NotIn", "values": ["a"] } ] }), [false, false, false]),
        ];
        for (written, expected) in cases {
            let read = selector(written.clone()).unwrap();
            let seen = [labels(&[("app", "a")]), labels(&[("app", "b")]), labels(&[])].map(|labels| read.matches(&labels));
            assert_eq!(seen, expected, "{written}");
        }
    }

    #[test]
    fn what_the_api_server_would_refuse_is_not_guessed_at() {
        for written in [
            json!({ "matchlabels": { "app": "a" } }),
            json!({ "matchLabels": { "app": 1 } }),
            json!({ "matchExpressions": [ { "key": "app", "operator": "in", "values": ["a"] } ] }),
            json!({ "matchExpressions": [ { "key": "app", "operator": "In", "values": [] } ] }),
            json!({ "matchExpressions": [ { "key": "app", "operator": "Exists", "values": ["a"] } ] }),
        ] {
            assert!(selector(written.clone()).is_err(), "{written}");
        }
    }
}
