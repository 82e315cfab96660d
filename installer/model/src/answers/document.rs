//! What every document of `airlock/v1` has in common: text is read strictly by the schema of its type, with line, column,
//! and the nearest key, and all that is wrong is said at once.

use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::{AnswersError, AnswersFault, Place};
use super::outline::{self, Content, Node};
use super::parse::LARGEST;
use super::shape::Shape;
use super::{AnswersProblem, Flaw, visible};
use crate::Untrusted;

/// `apiVersion` and `kind`.
pub(crate) type Kind = (&'static str, &'static str);

/// Reads one document: its shape, then its values.
pub(crate) fn read<T: DeserializeOwned>(text: &str, schema: &Value, kind: Kind, problems: impl Fn(&T) -> Vec<AnswersProblem>) -> Result<T, AnswersError> {
    let (document, tree) = shaped(text, schema, kind)?;
    AnswersError::from_faults(located(problems(&document), &tree, text).collect()).map_or(Ok(document), Err)
}

/// Where in the text of a document its values stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    tree: Node,
    text: String,
}

impl Places {
    /// Where a path of the document (`checks[1]`) stands: the value, or the closest thing around it.
    pub fn at(&self, path: &str) -> Place {
        self.tree.locate(path).place(&self.text)
    }

    /// Where a line and a column, both from 1, of the text at a path stand. A text that is written over several lines in
    /// quotation marks, or folded, is located as a whole.
    pub fn within(&self, path: &str, line: u32, column: u32) -> Place {
        self.tree.locate(path).within(&self.text, line, column).place(&self.text)
    }
}

/// Reads one document as far as its shape, and where each of its values stands. Its texts are repeated on screens and in reports, so
/// that one which looks otherwise there than it is written is a fault.
pub(crate) fn placed<T: DeserializeOwned>(text: &str, schema: &Value, kind: Kind) -> Result<(T, Places), AnswersError> {
    let (document, tree) = shaped(text, schema, kind)?;
    match AnswersError::from_faults(visible::faults(&tree, text)) {
        Some(error) => Err(error),
        None => Ok((document, Places { tree, text: text.to_owned() })),
    }
}

/// Reads one document as far as its shape; its values are not looked at.
pub(super) fn shaped<T: DeserializeOwned>(text: &str, schema: &Value, kind: Kind) -> Result<(T, Node), AnswersError> {
    if text.len() > LARGEST {
        return Err(AnswersFault::TooLarge { bytes: text.len(), largest: LARGEST }.into());
    }
    let tree = outline::read(text)?;
    check_kind(&tree, text, kind)?;
    let mut shape = Shape::new(text, schema);
    let value = shape.read(&tree, schema, "");
    if let Some(error) = AnswersError::from_faults(shape.faults) {
        return Err(error);
    }
    let document = serde_json::from_value(value).map_err(|error| AnswersFault::Mismatch { message: error.to_string().into() })?;
    Ok((document, tree))
}

/// Problems with the places of their keys.
pub(super) fn located<'a>(problems: Vec<AnswersProblem>, tree: &'a Node, text: &'a str) -> impl Iterator<Item = AnswersFault> + 'a {
    problems.into_iter().map(move |problem| {
        let at = tree.locate(&problem.path);
        match problem.flaw {
            Flaw::Value(flaw) => AnswersFault::Value { path: problem.path, text: flaw.into(), at: at.place(text) },
            Flaw::Reference(flaw) => AnswersFault::Reference { path: problem.path, text: flaw, at: at.place_without_text() },
        }
    })
}

/// The JSON Schema of a type, with its `apiVersion` and `kind` fixed.
pub(crate) fn schema<T: JsonSchema>(title: &str, (api_version, kind): Kind) -> Value {
    let mut schema = schema_for!(T).to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".into(), title.into());
    }
    for (key, word) in [("apiVersion", api_version), ("kind", kind)] {
        if let Some(property) = schema.pointer_mut(&format!("/properties/{key}")).and_then(Value::as_object_mut) {
            property.insert("const".into(), word.into());
        }
    }
    schema
}

/// Another kind of document has other keys; to name each of them would hide what is wrong.
fn check_kind(tree: &Node, text: &str, (api_version, kind): Kind) -> Result<(), AnswersFault> {
    for (key, expected) in [("apiVersion", api_version), ("kind", kind)] {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_within_a_text_is_found_however_it_is_written() {
        let text = "a: plain text\nb: 'quoted text'\nc: |\n  one\n  two words\nd: >-\n  folded\n  text\ne:\n  - |-\n\n    after a blank line\n";
        let places = Places { tree: outline::read(text).unwrap(), text: text.to_owned() };
        for (path, (line, column), expected) in [("a", (1, 7), (1, 10)), ("b", (1, 8), (2, 12)), ("c", (2, 5), (5, 7)), ("d", (2, 3), (7, 3)), ("e[0]", (2, 7), (12, 11)), ("a", (9, 9), (1, 4))] {
            let at = places.within(path, line, column);
            assert_eq!((at.line, at.column), expected, "{path} {line}:{column}");
        }
    }
}
