//! Text becomes answers: strict, with line, column, and the nearest key, and all that is wrong said at once.

use serde_json::Value;

use super::document::{self, Kind};
use super::fault::{AnswersError, AnswersFault};
use super::{Answers, Looking};
use crate::Untrusted;

/// The most bytes that are read.
pub const LARGEST: usize = 1024 * 1024;
/// What `apiVersion` and `kind` must be.
const KIND: Kind = ("airlock/v1", "Answers");

impl Answers {
    /// Reads one document: its shape, then its values, then whether this release can do what they ask for.
    pub fn from_yaml(text: &str) -> Result<Self, AnswersError> {
        Self::from_yaml_where(text, &|_| Ok(()))
    }

    /// The same where somebody can look whether what is referred to exists.
    pub fn from_yaml_where(text: &str, look: &Looking<'_>) -> Result<Self, AnswersError> {
        let (answers, tree) = document::shaped::<Self>(text, &Self::schema(), KIND)?;
        let problems = document::located(answers.validate().into_iter().chain(answers.absent(look)).collect(), &tree, text);
        let unbuilt = answers.not_built().into_iter().map(|unbuilt| {
            // A proxy's address or a misplaced reference may hold a password.
            let at = tree.locate(&unbuilt.key).place_without_text();
            AnswersFault::NotBuilt { path: unbuilt.key, value: Untrusted::from(unbuilt.value), instead: unbuilt.instead, at }
        });
        AnswersError::from_faults(problems.chain(unbuilt).collect()).map_or(Ok(answers), Err)
    }

    /// Answers that take every default, for commands that run without a file.
    pub fn of_domain(base_domain: &str) -> Result<Self, AnswersError> {
        let value = serde_json::json!({ "apiVersion": KIND.0, "kind": KIND.1, "baseDomain": base_domain });
        Self::from_yaml(&value.to_string())
    }

    /// The JSON Schema of the document, as `airlock schema` prints it.
    pub fn schema() -> Value {
        document::schema::<Self>("Answers of Airlock", KIND)
    }
}
