//! Signed documents become decisions. What is not signed is not even read; what is signed and cannot be meant is an error with
//! its place.

use std::collections::BTreeSet;

use airlock_model::{Attestation, Attestations, Digest, Exception, Exceptions, Profile, Subject};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::{Counted, Decisions, TEXTS};
use crate::catalogue::selectable;
use crate::error::ComplianceError;
use crate::profile::{Faults, ProfileFaults, check_of, is_attestable, is_held, matched_of_part, nearest};

/// Which kind of document is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionKind {
    /// `kind: Exceptions`
    Exceptions,
    /// `kind: Attestations`
    Attestations,
}

/// What is known of who signed a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// The key of the profile that made it for this very text, by its name.
    By(String),
    /// There is none beside it, or it cannot be read: why.
    Missing(String),
    /// No key of the profile made it for this text.
    Wrong,
}

/// A document as it was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedDocument {
    /// How its file is called.
    pub file: String,
    /// What it should be.
    pub kind: DecisionKind,
    /// Its text.
    pub text: String,
    /// Who signed it.
    pub signature: Signature,
}

/// Reads what was decided, as of a day in UTC.
pub fn decisions(profile: &Profile, documents: &[SignedDocument], today: Date) -> Result<Decisions, ComplianceError> {
    let mut decisions = Decisions { asked: !documents.is_empty(), ..Decisions::default() };
    for document in documents {
        let subject = || Subject { file: Some(document.file.as_str().into()), ..Subject::of("File", document.file.as_str()) };
        match &document.signature {
            Signature::Missing(why) => decisions.faults.push(TEXTS.fail(subject(), format!("it is ignored: it has no signature ({why})"))),
            Signature::Wrong if profile.keys.is_empty() => decisions.faults.push(TEXTS.fail(subject(), "it is ignored: the profile names no key that may sign it")),
            Signature::Wrong => decisions.faults.push(TEXTS.fail(subject(), "it is ignored: no key of the profile signed this text; it was edited since, or signed by somebody else")),
            Signature::By(signer) => {
                let mut reading = Reading { profile, document, signer, today, decisions: &mut decisions };
                let read = match document.kind {
                    DecisionKind::Exceptions => reading.exceptions(),
                    DecisionKind::Attestations => reading.attestations(),
                };
                read.map_err(|error| match error {
                    ComplianceError::Faults(faults) => faults.of_decisions().into(),
                    error => ComplianceError::Decision { message: error.to_string() },
                })?;
            }
        }
    }
    Ok(decisions)
}

struct Reading<'a> {
    profile: &'a Profile,
    document: &'a SignedDocument,
    signer: &'a str,
    today: Date,
    decisions: &'a mut Decisions,
}

impl Reading<'_> {
    fn exceptions(&mut self) -> Result<(), ComplianceError> {
        let file = self.document.file.as_str();
        let (read, places) = Exceptions::from_yaml(&self.document.text).map_err(|error| ProfileFaults::of_shape(file, &error))?;
        let mut faults = Faults::new(file, &places);
        let mut ids = BTreeSet::new();
        for (index, exception) in read.exceptions.into_iter().enumerate() {
            let path = format!("exceptions[{index}]");
            if !ids.insert(exception.id.clone()) {
                faults.value(&format!("{path}.id"), format!("the exception {} stands twice; reports name each by its id", exception.id));
            }
            let Exception { id, reason, approved_by, ticket, compensating, .. } = &exception;
            for (key, text) in [("id", id), ("reason", reason), ("approvedBy", approved_by), ("ticket", ticket), ("compensating", compensating)] {
                if text.trim().is_empty() {
                    faults.value(&format!("{path}.{key}"), "is empty");
                }
            }
            let mut about = BTreeSet::new();
            for (number, selector) in exception.checks.iter().enumerate() {
                match matched_of_part(selector, &self.profile.custom) {
                    Ok(names) => about.extend(names),
                    Err(error) => faults.add(&format!("{path}.checks[{number}]"), error),
                }
            }
            if exception.checks.is_empty() {
                faults.value(&format!("{path}.checks"), "name at least one check");
            }
            match day(&exception.expires) {
                None => faults.value(&format!("{path}.expires"), format!("`{}` is no day, as in 2027-01-31", exception.expires)),
                Some(expires) => self.exception(exception, about, expires),
            }
        }
        faults.end()
    }

    fn exception(&mut self, exception: Exception, mut about: BTreeSet<String>, expires: Date) {
        let subject = || Subject { file: Some(self.document.file.as_str().into()), ..Subject::scope(format!("the exception {}", exception.id)) };
        if let Some(days) = self.profile.exceptions.max_days
            && self.today.checked_add(i64::from(days).days()).is_ok_and(|last| expires > last)
        {
            self.decisions.faults.push(TEXTS.fail(subject(), format!("it is ignored: its last day is {expires}, and the profile allows {days} days ahead")));
            return;
        }
        if !self.profile.exceptions.locked_checks {
            let held: Vec<String> = about.iter().filter(|name| is_held(self.profile, check_of(name))).cloned().collect();
            if !held.is_empty() {
                let why = "the profile locks what it is for, or has only an attempt decide it";
                self.decisions.faults.push(TEXTS.fail(subject(), format!("it is ignored for {}: {why}", held.join(", "))));
                about.retain(|name| !held.contains(name));
            }
            if about.is_empty() {
                return;
            }
        }
        let counted = Counted { about, expires, is_over: expires < self.today, signer: self.signer.to_owned(), file: self.document.file.clone(), decision: exception };
        self.decisions.exceptions.push(counted);
    }

    fn attestations(&mut self) -> Result<(), ComplianceError> {
        let file = self.document.file.as_str();
        let (read, places) = Attestations::from_yaml(&self.document.text).map_err(|error| ProfileFaults::of_shape(file, &error))?;
        let mut faults = Faults::new(file, &places);
        for (index, attestation) in read.attestations.into_iter().enumerate() {
            let path = format!("attestations[{index}]");
            let Attestation { check, statement, evidence, attested_by, expires } = &attestation;
            for (key, text) in [("statement", statement), ("attestedBy", attested_by)] {
                if text.trim().is_empty() {
                    faults.value(&format!("{path}.{key}"), "is empty");
                }
            }
            if let Err(error) = evidence.parse::<Digest>() {
                faults.value(&format!("{path}.evidence"), error.to_string());
            }
            let about = self.attested(check).unwrap_or_else(|error| {
                faults.add(&format!("{path}.check"), error);
                BTreeSet::new()
            });
            match day(expires) {
                None => faults.value(&format!("{path}.expires"), format!("`{expires}` is no day, as in 2027-01-31")),
                Some(expires) => {
                    self.decisions.attestations.push(Counted {
                        about,
                        expires,
                        is_over: expires < self.today,
                        signer: self.signer.to_owned(),
                        file: self.document.file.clone(),
                        decision: attestation,
                    });
                }
            }
        }
        faults.end()
    }

    /// The check that an attestation is for; none: it is for a control.
    fn attested(&self, id: &str) -> Result<BTreeSet<String>, ComplianceError> {
        let controls = || self.profile.controls.iter().map(|control| control.id.as_str());
        if controls().any(|control| control == id) {
            return Ok(BTreeSet::new());
        }
        if is_attestable(id, &self.profile.custom)? {
            return Ok(BTreeSet::from([id.to_owned()]));
        }
        let checks = selectable().map(|check| check.spec().id).chain(self.profile.custom.iter().map(|check| check.id.as_str()));
        let meant = nearest(id, controls().chain(checks)).map(|id| format!("; did you mean `{id}`?")).unwrap_or_default();
        Err(ComplianceError::Decision { message: format!("`{id}` is the id of no check, and of no control of the profile {}{meant}", self.profile.metadata.name) })
    }
}

/// A day as it would be written back. The parser takes one without hyphens too (ISO 8601, basic format), and lets a time of day go.
fn day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}
