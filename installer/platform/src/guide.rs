//! The guided run without its screen: which questions there are, what is suggested and why, what the answers are by now.
//!
//! Questions are data (`asked`, `silent`): each reads and writes one part of the [`Answers`] as text, so that whoever asks needs
//! to know none of them. A question that has one possible answer in this release is told, not asked; another option in its
//! form makes it asked. Suggestions follow from facts and answers by pure functions (`detect`).

mod acme;
mod alerts;
mod asked;
mod begin;
mod certificate;
mod database;
mod detect;
mod document;
mod hosts;
mod mail;
mod profile;
mod proxy;
mod question;
mod silent;
mod tickets;
mod trials;
mod word;

use std::collections::BTreeMap;

use airlock_model::answers::{ClusterIdentity, Flaw};
use airlock_model::{Answers, Facts};

pub use begin::{Begun, begin};
pub use document::read;
pub use hosts::{HostState, host_states};
pub use question::{Choice, Form, Further, Meanwhile, NextFurther, Question, Suggestion, Topic, Unknown};
pub use tickets::tickets;
pub use trials::{Trials, trials};

/// Stands for the base domain as long as nobody has named one.
const PLACEHOLDER: &str = "platform.example.com";

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A person gave it in this run.
    Asked,
    /// A flag of the command line gave it.
    Flag,
    /// It follows from what the survey found.
    Detected,
    /// Nothing speaks for another one.
    Default,
    /// This release has no other one.
    Only,
    /// Answers that were kept by an earlier run.
    Kept,
    /// The installation that is there.
    Installed,
}

impl Source {
    /// The word that stands beside the value.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Flag => "given by a flag",
            Self::Detected => "detected",
            Self::Default => "default",
            Self::Only => "the only choice",
            Self::Kept => "kept",
            Self::Installed => "as installed",
        }
    }
}

/// Answers that a guided run goes on from.
#[derive(Clone, Debug, PartialEq)]
pub struct Former {
    /// The answers.
    pub answers: Answers,
    /// Whether their base domain is one that somebody named.
    pub domain_known: bool,
    /// Where they came from.
    pub source: Source,
}

/// Where one answer came from, and why it is so.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    source: Source,
    reason: String,
    /// Nobody knows it yet.
    open: bool,
}

/// One line of the summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub topic: Topic,
    /// `base domain`
    pub title: &'static str,
    /// The value in words.
    pub value: String,
    /// Where it came from.
    pub source: Source,
    /// Why it is so; may be empty.
    pub reason: String,
    /// Whether nobody knows it yet.
    pub open: bool,
}

/// The answers as they become known.
#[derive(Clone, Debug)]
pub struct Guide {
    facts: Facts,
    answers: Answers,
    given: BTreeMap<Topic, Given>,
}

impl Guide {
    /// Begins with what was found, and with former answers where there are some.
    pub fn new(facts: Facts, former: Option<Former>) -> Result<Self, crate::PlatformError> {
        let (answers, domain_known, source) = match former {
            Some(former) => (former.answers, former.domain_known, Some(former.source)),
            None => (Answers::of_domain(PLACEHOLDER)?, false, None),
        };
        let mut guide = Self { facts, answers, given: BTreeMap::new() };
        if let Some(uid) = guide.facts.cluster_uid.known() {
            guide.answers.cluster = Some(ClusterIdentity { uid: uid.clone() });
        }
        for question in questions() {
            let open = question.topic == Topic::Domain && !domain_known;
            guide.given.insert(question.topic, Given { source: source.filter(|_| !open).unwrap_or(Source::Default), reason: String::new(), open });
        }
        guide.suggest();
        Ok(guide)
    }

    /// What the survey found.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The answers by now. With an open question they hold a placeholder, or what stands meanwhile.
    pub const fn answers(&self) -> &Answers {
        &self.answers
    }

    /// The questions that have to be asked, in order.
    pub fn to_ask(&self) -> Vec<&'static Question> {
        questions().filter(|question| question.number.is_some() && !matches!(self.form(question), Form::Only(_)) && self.source(question) != Source::Flag).collect()
    }

    /// The lines of the summary that can be changed.
    pub fn changeable(&self) -> Vec<&'static Question> {
        questions().filter(|question| !matches!(self.form(question), Form::Only(_))).collect()
    }

    /// What can be answered to a question. What a file said and no choice has can be kept.
    pub fn form(&self, question: &Question) -> Form {
        let form = (question.form)(&self.facts);
        let value = (question.get)(&self.answers);
        match (form.place(&value), form) {
            (None, Form::Choice(mut choices)) => {
                choices.push(Choice::new(&value, format!("{value}, as the answers say")));
                Form::Choice(choices)
            }
            (_, form) => form,
        }
    }

    /// The value that is suggested, and why: the one of now, unless nobody gave one.
    pub fn suggestion(&self, question: &Question) -> Suggestion {
        match self.given.get(&question.topic) {
            Some(given) if !given.open => Suggestion { value: Some((question.get)(&self.answers)), source: given.source, reason: given.reason.clone() },
            _ => (question.suggest)(&self.facts, &self.answers),
        }
    }

    /// Takes an answer; one that cannot be meant is refused with the reason.
    pub fn answer(&mut self, question: &Question, value: &str, source: Source) -> Result<(), String> {
        let elsewhere = question.topic == Topic::Namespaces && value != self.answers.namespaces.platform;
        self.put(question, value)?;
        if elsewhere {
            self.forget_installed();
        }
        let given = Given { source, reason: String::new(), open: false };
        self.given.insert(question.topic, given);
        self.suggest();
        Ok(())
    }

    /// Notes that nobody knows it yet.
    pub fn leave_open(&mut self, question: &Question) -> Result<(), String> {
        if let Some(Unknown { meanwhile: Meanwhile::Value(value), .. }) = question.unknown {
            self.put(question, value)?;
        }
        self.given.insert(question.topic, Given { source: Source::Asked, reason: "not yet known".into(), open: true });
        self.suggest();
        Ok(())
    }

    /// What nobody knows yet.
    pub fn open(&self) -> Vec<&'static Question> {
        questions().filter(|question| self.given.get(&question.topic).is_some_and(|given| given.open)).collect()
    }

    /// What has to become known before anything can be installed.
    pub fn awaited(&self) -> Vec<&'static Question> {
        self.open().into_iter().filter(|question| !matches!(question.unknown, Some(Unknown { meanwhile: Meanwhile::Value(_), .. }))).collect()
    }

    /// Whether a person has said anything yet.
    pub fn is_begun(&self) -> bool {
        self.given.values().any(|given| matches!(given.source, Source::Asked | Source::Kept))
    }

    /// Every answer in words, with its source.
    pub fn summary(&self) -> Vec<Line> {
        questions()
            .map(|question| {
                let given = self.given.get(&question.topic);
                let open = given.is_some_and(|given| given.open);
                let (source, reason) = given.map_or((Source::Default, String::new()), |given| (given.source, given.reason.clone()));
                Line { topic: question.topic, title: question.title, value: self.shown(question, open), source, reason, open }
            })
            .collect()
    }

    /// The answers file: every answer with a comment that says where it came from.
    pub fn document(&self, path: &str) -> String {
        document::write(self, path)
    }

    fn shown(&self, question: &Question, open: bool) -> String {
        let value = (question.get)(&self.answers);
        match (open, question.unknown.as_ref().map(|unknown| unknown.meanwhile)) {
            (true, Some(Meanwhile::Value(_))) => return format!("not yet known; meanwhile {}", self.form(question).label(&value)),
            (true, _) => return "not yet known".into(),
            (false, _) => {}
        }
        self.form(question).label(&value)
    }

    fn source(&self, question: &Question) -> Source {
        self.given.get(&question.topic).map_or(Source::Default, |given| given.source)
    }

    fn put(&mut self, question: &Question, value: &str) -> Result<(), String> {
        let mut answers = self.answers.clone();
        (question.put)(&mut answers, value)?;
        if let Some(problem) = answers.validate().into_iter().next() {
            return Err(match problem.flaw {
                Flaw::Value(text) | Flaw::Reference(text) => text,
            });
        }
        if let Some(unbuilt) = answers.not_built().into_iter().next() {
            return Err(format!("{} is not built yet; {}", unbuilt.key, unbuilt.instead));
        }
        self.answers = answers;
        Ok(())
    }

    /// What was suggested as installed belongs to the installation of another namespace.
    fn forget_installed(&mut self) {
        let (cluster, namespaces) = (self.answers.cluster.clone(), self.answers.namespaces.clone());
        let Ok(fresh) = Answers::of_domain(PLACEHOLDER) else { return };
        let former = std::mem::replace(&mut self.answers, Answers { cluster, namespaces, ..fresh });
        for question in questions() {
            let Some(given) = self.given.get_mut(&question.topic) else { continue };
            if given.source == Source::Installed {
                *given = Given { source: Source::Default, reason: String::new(), open: question.topic == Topic::Domain };
            } else if !given.open {
                // It was taken once, and is the same.
                let _ = (question.put)(&mut self.answers, &(question.get)(&former));
            }
        }
    }

    /// What nobody gave follows from facts and answers, and is brought up to date with them.
    fn suggest(&mut self) {
        for question in questions() {
            let stands = self.given.get(&question.topic).is_some_and(|given| given.open || !matches!(given.source, Source::Detected | Source::Default));
            let given = match self.form(question) {
                Form::Only(_) => Given { source: Source::Only, reason: String::new(), open: false },
                Form::Choice(_) | Form::Text { .. } if stands => continue,
                Form::Choice(_) | Form::Text { .. } => {
                    let suggestion = (question.suggest)(&self.facts, &self.answers);
                    // A suggestion that the answers refuse is none.
                    let taken = suggestion.value.as_deref().is_some_and(|value| self.put(question, value).is_ok());
                    Given { source: suggestion.source, reason: suggestion.reason, open: !taken }
                }
            };
            self.given.insert(question.topic, given);
        }
    }
}

/// Every question, in the order of the summary.
pub fn questions() -> impl Iterator<Item = &'static Question> {
    asked::QUESTIONS.iter().chain(silent::QUESTIONS)
}

/// The question about a topic.
pub fn question(topic: Topic) -> Option<&'static Question> {
    questions().find(|question| question.topic == topic)
}

#[cfg(test)]
mod tests;
