//! A question as data: its words, what can be answered, and which part of the answers it reads and writes.

use airlock_model::{Answers, Facts};

use super::Source;

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Cluster and namespaces.
    Namespaces,
    /// The security profile.
    Profile,
    /// The base domain.
    Domain,
    /// The way in, and from where.
    Reach,
    /// Who issues the certificate.
    Certificate,
    /// Where images come from.
    Images,
    /// The database.
    Database,
    /// The first administrator.
    Administrator,
    /// Where alerts go.
    Alerts,
    /// The storage class.
    Storage,
    /// How much the platform asks for.
    Sizing,
    /// An address of the edge that was reserved.
    Address,
    /// The way out.
    Proxy,
    /// Labels that every object must bear.
    Labels,
}

/// A question.
pub struct Question {
    /// What it is about.
    pub topic: Topic,
    /// Its place among those that are asked; none: it stands in the summary alone.
    pub number: Option<u8>,
    /// Its name in the summary and above its key in the file.
    pub title: &'static str,
    /// The question itself.
    pub asks: &'static str,
    /// What `?` says.
    pub explains: &'static str,
    /// Top-level keys of the answers that it is written to.
    pub keys: &'static [&'static str],
    /// What "not yet known" leads to; none: it has a value in any case.
    pub unknown: Option<Unknown>,
    pub(super) form: fn(&Facts) -> Form,
    pub(super) suggest: fn(&Facts, &Answers) -> Suggestion,
    pub(super) get: fn(&Answers) -> String,
    pub(super) put: fn(&mut Answers, &str) -> Result<(), String>,
}

/// What can be answered.
#[derive(Clone, Debug)]
pub enum Form {
    /// One thing, which is told and not asked.
    Only(String),
    /// One of these.
    Choice(Vec<Choice>),
    /// A text.
    Text {
        /// How it looks: `as in platform.example.com`.
        hint: &'static str,
        /// What an empty one means; none: it must not be empty.
        empty: Option<&'static str>,
    },
}

impl Form {
    /// Which of the choices a value is: its own, else the one that asks for it further.
    pub fn place(&self, value: &str) -> Option<usize> {
        let Self::Choice(choices) = self else { return None };
        let told = || choices.iter().enumerate().filter(|(_, choice)| choice.further.is_some() && value.starts_with(&choice.value));
        choices.iter().position(|choice| choice.value == value).or_else(|| told().max_by_key(|(_, choice)| choice.value.len()).map(|(place, _)| place))
    }

    /// A value in words.
    pub(super) fn label(&self, value: &str) -> String {
        match self {
            Self::Only(text) => text.clone(),
            Self::Choice(choices) => choices.iter().find(|choice| choice.value == value).map_or_else(|| value.to_owned(), |choice| choice.label.clone()),
            Self::Text { empty: Some(empty), .. } if value.is_empty() => (*empty).to_owned(),
            Self::Text { .. } => value.to_owned(),
        }
    }
}

/// What is asked next after these words; none: enough is told.
pub type NextFurther = fn(&[String]) -> Option<&'static Further>;

/// One of several answers.
#[derive(Clone, Debug)]
pub struct Choice {
    /// As it is taken; where it has to be told further, the word before that.
    pub value: String,
    /// In words.
    pub label: String,
    /// It has to be told further, until nothing is asked any more.
    pub further: Option<NextFurther>,
}

/// What is asked about a choice that has to be told further. What is taken stands behind the choice's value, one after the other.
#[derive(Debug)]
pub struct Further {
    /// The question.
    pub asks: &'static str,
    /// How an answer looks.
    pub hint: &'static str,
    /// Takes what was typed, or says why it is no answer.
    pub take: fn(&str) -> Result<String, String>,
}

impl Choice {
    pub(super) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), further: None }
    }

    /// A choice of which more has to be told.
    pub(super) fn told(value: &str, label: impl Into<String>, further: NextFurther) -> Self {
        Self { further: Some(further), ..Self::new(value, label) }
    }
}

/// What is suggested, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The value; none: nothing can be known from here.
    pub value: Option<String>,
    /// Detected or default.
    pub source: Source,
    /// Why.
    pub reason: String,
}

impl Suggestion {
    pub(super) fn detected(value: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { value: Some(value.into()), source: Source::Detected, reason: reason.into() }
    }

    pub(super) fn default(value: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { value: Some(value.into()), source: Source::Default, reason: reason.into() }
    }

    pub(super) fn none(reason: impl Into<String>) -> Self {
        Self { value: None, source: Source::Default, reason: reason.into() }
    }
}

/// What "not yet known" leads to: a ticket for whoever can say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What happens until then.
    pub meanwhile: Meanwhile,
    /// Who can say it.
    pub who: &'static str,
    /// What is to be said, in one line.
    pub what: &'static str,
    /// What they need to know for it.
    pub paste: &'static str,
}

/// What happens until it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// Nothing is installed.
    Wait,
    /// The installation goes on with this value, which can be changed later.
    Value(&'static str),
}
