//! What can be wrong with answers. Each fault has a code, a place in the text, and words; a run shows all of them at once.

use std::fmt;

use crate::{Code, Coded, Untrusted};

/// Where in the text something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The line itself; none where it could hold a secret.
    pub excerpt: Option<Untrusted<String>>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong with answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswersFault {
    /// More than [`super::LARGEST`] bytes.
    #[error("the document has {bytes} bytes; {largest} is the most that is read")]
    TooLarge {
        /// Size of the text.
        bytes: usize,
        /// The most that is read.
        largest: usize,
    },
    /// Nothing but white space and comments.
    #[error("the document is empty")]
    Empty,
    /// A tab where YAML indents with spaces.
    #[error("a tab indents this line; YAML indents with spaces alone")]
    Tab {
        /// The tab.
        at: Place,
    },
    /// A second document.
    #[error("a second document begins here; a file holds one")]
    Documents {
        /// Where it begins.
        at: Place,
    },
    /// Not YAML 1.2.
    #[error("this is not YAML: {message}")]
    Syntax {
        /// Where the parser stopped.
        at: Place,
        /// Its words.
        message: Untrusted<String>,
    },
    /// An anchor, alias, merge key, or tag.
    #[error("{what} is not read here; write the value out")]
    Indirection {
        /// `an anchor`, `an alias`, `a merge key`, `a tag`.
        what: &'static str,
        /// Where it stands.
        at: Place,
    },
    /// Deeper than any answer.
    #[error("this is nested more than {deepest} levels deep; nothing that is read is")]
    Depth {
        /// The deepest level that is read.
        deepest: usize,
        /// Where the next one begins.
        at: Place,
    },
    /// A key stands twice in the same group.
    #[error("`{key}` stands twice; the first one is on line {first}")]
    DuplicateKey {
        /// Path of the key.
        key: Untrusted<String>,
        /// Line of the first one.
        first: u32,
        /// The second one.
        at: Place,
    },
    /// A key that the grammar does not have.
    #[error("unknown key `{key}`{}", suggestion(nearest.as_deref(), known))]
    UnknownKey {
        /// Path of the key.
        key: Untrusted<String>,
        /// The most similar key of that level.
        nearest: Option<Box<str>>,
        /// All keys of that level.
        known: Vec<String>,
        /// Where it stands.
        at: Place,
    },
    /// A list where text is due, and the like.
    #[error("`{path}` must be {expected}, but here is {found}")]
    WrongType {
        /// Path of the key.
        path: String,
        /// What is due.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
        /// Where it stands.
        at: Place,
    },
    /// Nothing, or `null`, where a value is due.
    #[error("`{path}` has no value; give {expected}, or leave the key out")]
    Null {
        /// Path of the key.
        path: String,
        /// What is due.
        expected: &'static str,
        /// Where it stands.
        at: Place,
    },
    /// A word outside of a closed list.
    #[error("`{path}` cannot be `{value}`{}", suggestion(nearest.as_deref(), choices))]
    Choice {
        /// Path of the key.
        path: String,
        /// What stands there.
        value: Untrusted<String>,
        /// The most similar word.
        nearest: Option<Box<str>>,
        /// All words.
        choices: Vec<String>,
        /// Where it stands.
        at: Place,
    },
    /// A key without which there are no answers.
    #[error("`{path}` is missing")]
    Missing {
        /// Path of the key.
        path: String,
        /// The group in which it is missing.
        at: Place,
    },
    /// Another kind of document, or another version of this one.
    #[error("`{key}` is `{found}`, but here it must be `{expected}`")]
    Kind {
        /// `apiVersion` or `kind`.
        key: &'static str,
        /// What stands there.
        found: Untrusted<String>,
        /// What it must be.
        expected: &'static str,
        /// Where it stands.
        at: Place,
    },
    /// A value that can't be meant.
    #[error("`{path}`: {text}")]
    Value {
        /// Path of the key.
        path: String,
        /// What is wrong.
        text: Untrusted<String>,
        /// Where it stands.
        at: Place,
    },
    /// A reference to a secret that is none. Its text is not repeated: it could be the secret itself.
    #[error("`{path}`: {text}")]
    Reference {
        /// Path of the key.
        path: String,
        /// What is wrong.
        text: String,
        /// Where it stands.
        at: Place,
    },
    /// A valid answer that this release cannot carry out.
    #[error("`{path}: {value}` is not built yet; {instead}")]
    NotBuilt {
        /// Path of the key.
        path: String,
        /// What was asked for.
        value: Untrusted<String>,
        /// What is possible.
        instead: String,
        /// Where it stands.
        at: Place,
    },
    /// The schema and the types disagree: a bug.
    #[error("the document fits the schema but not the types: {message}")]
    Mismatch {
        /// The words of the deserialiser.
        message: Untrusted<String>,
    },
}

impl AnswersFault {
    /// Where it stands, if it stands somewhere.
    pub const fn at(&self) -> Option<&Place> {
        match self {
            Self::TooLarge { .. } | Self::Empty | Self::Mismatch { .. } => None,
            Self::Tab { at }
            | Self::Documents { at }
            | Self::Syntax { at, .. }
            | Self::Indirection { at, .. }
            | Self::Depth { at, .. }
            | Self::DuplicateKey { at, .. }
            | Self::UnknownKey { at, .. }
            | Self::WrongType { at, .. }
            | Self::Null { at, .. }
            | Self::Choice { at, .. }
            | Self::Missing { at, .. }
            | Self::Kind { at, .. }
            | Self::Value { at, .. }
            | Self::Reference { at, .. }
            | Self::NotBuilt { at, .. } => Some(at),
        }
    }
}

impl Coded for AnswersFault {
    fn code(&self) -> Code {
        Code(match self {
            Self::TooLarge { .. } => "answers.too-large",
            Self::Empty => "answers.empty",
            Self::Tab { .. } => "answers.tab",
            Self::Documents { .. } => "answers.documents",
            Self::Syntax { .. } => "answers.syntax",
            Self::Indirection { .. } => "answers.indirection",
            Self::Depth { .. } => "answers.depth",
            Self::DuplicateKey { .. } => "answers.duplicate-key",
            Self::UnknownKey { .. } => "answers.unknown-key",
            Self::WrongType { .. } => "answers.wrong-type",
            Self::Null { .. } => "answers.null",
            Self::Choice { .. } => "answers.choice",
            Self::Missing { .. } => "answers.missing",
            Self::Kind { .. } => "answers.kind",
            Self::Value { .. } => "answers.value",
            Self::Reference { .. } => "answers.reference",
            Self::NotBuilt { .. } => "answers.not-built",
            Self::Mismatch { .. } => "answers.mismatch",
        })
    }
}

/// Everything that is wrong with answers, in the order of the text, then what is right and not built; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswersError {
    first: Box<AnswersFault>,
    others: Vec<AnswersFault>,
}

impl AnswersError {
    /// Puts the faults in their order; none if there are none.
    pub(super) fn from_faults(mut faults: Vec<AnswersFault>) -> Option<Self> {
        let place = |fault: &AnswersFault| (matches!(fault, AnswersFault::NotBuilt { .. }), fault.at().cloned());
        faults.sort_by_cached_key(place);
        let mut faults = faults.into_iter();
        faults.next().map(|first| Self { first: Box::new(first), others: faults.collect() })
    }

    /// The faults in their order.
    pub fn faults(&self) -> impl Iterator<Item = &AnswersFault> {
        std::iter::once(&*self.first).chain(&self.others)
    }
}

impl From<AnswersFault> for AnswersError {
    fn from(first: AnswersFault) -> Self {
        Self { first: Box::new(first), others: Vec::new() }
    }
}

impl fmt::Display for AnswersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.first.at() {
            write!(f, "line {}, column {}: ", at.line, at.column)?;
        }
        write!(f, "{}", self.first)?;
        match self.others.len() {
            0 => Ok(()),
            1 => f.write_str(" (and one more fault)"),
            more => write!(f, " (and {more} more faults)"),
        }
    }
}

impl std::error::Error for AnswersError {}

impl Coded for AnswersError {
    fn code(&self) -> Code {
        self.first.code()
    }
}

/// The most similar of the known words, if one is similar enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<Box<str>> {
    let word = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1) + 1;
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate.into())
}

fn suggestion(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{nearest}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; possible here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_word_and_nonsense_finds_none() {
        let known = ["baseDomain", "hosts", "edge", "tls"];
        assert_eq!(nearest("baseDomian", known).as_deref(), Some("baseDomain"));
        assert_eq!(nearest("basedomain", known).as_deref(), Some("baseDomain"));
        assert_eq!(nearest("tsl", known).as_deref(), Some("tls"));
        assert_eq!(nearest("replicas", known), None);
    }

    #[test]
    fn faults_read_in_the_order_of_the_text() {
        let at = |line| Place { line, column: 1, excerpt: None };
        let error = AnswersError::from_faults(vec![AnswersFault::Tab { at: at(7) }, AnswersFault::Documents { at: at(3) }]).unwrap();
        assert_eq!(error.code(), Code("answers.documents"));
        assert_eq!(error.to_string(), "line 3, column 1: a second document begins here; a file holds one (and one more fault)");
    }
}
