//! Text becomes answers: strict, with line, column, and the nearest key, and all that is wrong said at once.

use schemars::schema_for;
use serde_json::Value;

use super::fault::{AnswersError, AnswersFault};
use super::outline::{self, Content, Node};
use super::shape::Shape;
use super::{Answers, Flaw, Looking};
use crate::Untrusted;

/// The most bytes that are read.
pub const LARGEST: usize = 1024 * 1024;
/// What `apiVersion` must be.
const API_VERSION: &str = "airlock/v1";
/// What `kind` must be.
const KIND: &str = "Answers";

impl Answers {
    /// Reads one document: its shape, then its values, then whether this release can do what they ask for.
    pub fn from_yaml(text: &str) -> Result<Self, AnswersError> {
        Self::from_yaml_where(text, &|_| Ok(()))
    }

    /// The same where somebody can look whether what is referred to exists.
    pub fn from_yaml_where(text: &str, look: &Looking<'_>) -> Result<Self, AnswersError> {
        if text.len() > LARGEST {
            return Err(AnswersFault::TooLarge { bytes: text.len(), largest: LARGEST }.into());
        }
        let tree = outline::read(text)?;
        check_kind(&tree, text)?;
        let schema = Self::schema();
        let mut shape = Shape::new(text, &schema);
        let value = shape.read(&tree, &schema, "");
        if let Some(error) = AnswersError::from_faults(shape.faults) {
            return Err(error);
        }
        let answers: Self = serde_json::from_value(value).map_err(|error| AnswersFault::Mismatch { message: error.to_string().into() })?;
        AnswersError::from_faults(answers.faults(&tree, text, look)).map_or(Ok(answers), Err)
    }

    /// Answers that take every default, for commands that run without a file.
    pub fn of_domain(base_domain: &str) -> Result<Self, AnswersError> {
        let value = serde_json::json!({ "apiVersion": API_VERSION, "kind": KIND, "baseDomain": base_domain });
        Self::from_yaml(&value.to_string())
    }

    /// The JSON Schema of the document, as `airlock schema` prints it.
    pub fn schema() -> Value {
        let mut schema = schema_for!(Self).to_value();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("title".into(), "Answers of Airlock".into());
        }
        for (key, word) in [("apiVersion", API_VERSION), ("kind", KIND)] {
            if let Some(property) = schema.pointer_mut(&format!("/properties/{key}")).and_then(Value::as_object_mut) {
                property.insert("const".into(), word.into());
            }
        }
        schema
    }

    fn faults(&self, tree: &Node, text: &str, look: &Looking<'_>) -> Vec<AnswersFault> {
        let problems = self.validate().into_iter().chain(self.absent(look)).map(|problem| {
            let at = tree.locate(&problem.path);
            match problem.flaw {
                Flaw::Value(flaw) => AnswersFault::Value { path: problem.path, text: flaw.into(), at: at.place(text) },
                Flaw::Reference(flaw) => AnswersFault::Reference { path: problem.path, text: flaw, at: at.place_without_text() },
            }
        });
        let unbuilt = self.not_built().into_iter().map(|unbuilt| {
            // A proxy's address or a misplaced reference may hold a password.
            let at = tree.locate(&unbuilt.key).place_without_text();
            AnswersFault::NotBuilt { path: unbuilt.key, value: Untrusted::from(unbuilt.value), instead: unbuilt.instead, at }
        });
        problems.chain(unbuilt).collect()
    }
}

/// Another kind of document has other keys; to name each of them would hide what is wrong.
fn check_kind(tree: &Node, text: &str) -> Result<(), AnswersFault> {
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        if let Some(entry) = tree.entry(key)
            && let Content::Scalar { text: found, .. } = &entry.value.value
            && !entry.value.is_null()
            && found != expected
        {
            return Err(AnswersFault::Kind { key, found: Untrusted::from(found.as_str()), expected, at: entry.value.at.place(text) });
        }
    }
    Ok(())
}
