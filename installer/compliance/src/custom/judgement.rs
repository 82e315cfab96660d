//! Objects judged by the expressions of a check.

use airlock_model::{CustomValidation, Finding, Profile, Reason, Snapshot, Subject};

use super::definition::{Compiled, OBJECT, in_a_line, parameters};
use super::selection::objects;
use crate::described::{Resting, Texts, remedy};
use crate::expression::{Bindings, Expression, Seen, with_room};
use crate::live;

/// Steps that evaluating may take.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    /// For one object.
    pub(super) object: u64,
    /// For all that a check judges.
    pub(super) check: u64,
}

/// Some tenths of a second for an object, some seconds for a check.
const STEPS: Steps = Steps { object: 1_000_000, check: 20_000_000 };
/// Letters of a message that are told.
const LONGEST_MESSAGE: usize = 1000;

/// What a check says of what was given.
pub(super) fn findings(texts: &Texts<'_>, compiled: &Compiled<'_>, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
    with_room(|| judged(texts, compiled, profile, given, STEPS)).unwrap_or_else(|why| vec![texts.error(live::ALL, why)])
}

/// The same within other bounds.
pub(super) fn judged(texts: &Texts<'_>, compiled: &Compiled<'_>, profile: &Profile, given: &Snapshot, steps: Steps) -> Vec<Finding> {
    let mut inputs = Vec::new();
    for (name, selection) in &compiled.check.inputs {
        match objects(given, selection) {
            Ok(found) => inputs.push((name, found)),
            Err(reason) => return vec![texts.unverified(format!("the input {name}"), reason)],
        }
    }
    let seen: Vec<(&str, Seen)> = inputs.iter().map(|(name, found)| (name.as_str(), Seen::list(found.iter().map(|object| Seen::of(&object.manifest))))).collect();
    let parameters: Vec<(String, Seen)> = parameters(compiled, profile).into_iter().map(|(name, value)| (name, Seen::of(value))).collect();
    let bind = |most| {
        let mut bindings = Bindings::new(most);
        let named = seen.iter().map(|(name, value)| (*name, value)).chain(parameters.iter().map(|(name, value)| (name.as_str(), value)));
        for (name, value) in named {
            bindings.bind(name, value);
        }
        bindings
    };
    let Some(selection) = &compiled.check.matching else {
        let named = compiled.matches().flat_map(|selection| &selection.kinds).map(String::as_str).collect::<Vec<_>>().join(", ");
        let subject = Subject::scope(format!("all objects of {named}"));
        if inputs.iter().all(|(_, found)| found.is_empty()) {
            return vec![texts.not_applicable(subject, Reason::NoSubject, format!("there is none of {named}"))];
        }
        return judge(texts, compiled, &mut bind(steps.check), &subject);
    };
    let subjects = match objects(given, selection) {
        Ok(subjects) => subjects,
        Err(reason) => return vec![texts.unverified(live::ALL, reason)],
    };
    if subjects.is_empty() {
        return vec![texts.not_applicable(live::ALL, Reason::NoSubject, format!("there is none of {}", selection.kinds.join(", ")))];
    }
    let mut left = steps.check;
    let mut findings = Vec::new();
    for object in subjects {
        let most = left.min(steps.object);
        let mut bindings = bind(most);
        bindings.bind(OBJECT, &Seen::of(&object.manifest));
        findings.extend(judge(texts, compiled, &mut bindings, &object.into()).into_iter().map(|finding| finding.seen(object, &[])));
        left -= most - bindings.left();
    }
    findings
}

fn judge(texts: &Texts<'_>, compiled: &Compiled<'_>, bindings: &mut Bindings, subject: &Subject) -> Vec<Finding> {
    for (name, expression) in &compiled.variables {
        bindings.define(name, expression);
    }
    let mut findings = Vec::new();
    for (validation, (expression, message)) in compiled.check.validations.iter().zip(&compiled.validations) {
        match bindings.holds(expression) {
            Ok(true) => {}
            Ok(false) => findings.push(texts.fail(subject.clone(), said(bindings, validation, message.as_ref()))),
            Err(why) => findings.push(Finding {
                why: "an expression that cannot be evaluated shows nothing".to_owned(),
                fix: vec![remedy("Mend the expression in the profile, or the object that it reads. It is no proof of a fault.")],
                ..texts.error(subject.clone(), shortened(&format!("`{}` cannot be evaluated: {why}", in_a_line(&validation.expression))))
            }),
        }
    }
    if findings.is_empty() {
        findings.push(texts.pass(subject.clone(), texts.expected));
    }
    findings
}

/// What is said where something does not hold.
fn said(bindings: &mut Bindings, validation: &CustomValidation, message: Option<&Expression>) -> String {
    let plain = || validation.message.clone().unwrap_or_else(|| format!("`{}` does not hold", in_a_line(&validation.expression)));
    let words = match message.map(|message| bindings.text(message)) {
        None => plain(),
        Some(Ok(words)) if !words.trim().is_empty() => words,
        Some(Ok(_)) => format!("{} (its messageExpression comes to an empty text)", plain()),
        Some(Err(why)) => format!("{} (its messageExpression cannot be evaluated: {why})", plain()),
    };
    shortened(&words)
}

fn shortened(words: &str) -> String {
    match words.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}
