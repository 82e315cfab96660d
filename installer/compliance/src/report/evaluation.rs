//! Checks are asked one by one, on as many threads as there are; what passes is counted and, unless it was asked for, let go.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use airlock_model::{Check, Evidence, Finding, Profile, Reason, Snapshot, Source, Subject, Verdict};

use super::numbers::Numbers;
use super::{CheckSummary, CheckTexts, Judging};
use crate::decisions::{Decisions, Used};
use crate::references::{is_custom, references, standing};

/// What one check said.
pub(super) struct Said {
    pub(super) summary: CheckSummary,
    /// Of each number of a benchmark, where it judges them one by one.
    pub(super) numbers: Numbers,
    /// What was decided about its findings.
    pub(super) used: Used,
    /// Number of its findings by verdict.
    pub(super) counted: BTreeMap<Verdict, usize>,
    /// Those that stand in the report.
    pub(super) kept: Vec<Finding>,
}

/// Asks every check once; the answers stand in the order of the checks.
pub(super) fn all(checks: &[&dyn Check], profile: &Profile, given: &Snapshot, decisions: &Decisions, how: Judging) -> Vec<Said> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut said = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(check) = checks.get(index) else { return said };
            said.push((index, ask(*check, profile, given, decisions, how)));
        }
    };
    let mut said = thread::scope(|scope| {
        let others: Vec<_> = (1..how.workers.max(1)).map(|_| scope.spawn(work)).collect();
        let mut said = work();
        for other in others {
            said.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        said
    });
    said.sort_by_key(|(index, _)| *index);
    said.into_iter().map(|(_, said)| said).collect()
}

fn ask(check: &dyn Check, profile: &Profile, given: &Snapshot, decisions: &Decisions, how: Judging) -> Said {
    let mut kept = evaluate(check, profile, given);
    let spec = check.spec();
    let severity = profile.severities.get(spec.id).copied();
    for finding in &mut kept {
        finding.severity = severity.unwrap_or(finding.severity);
    }
    if profile.must_probe.contains(spec.id) {
        kept.iter_mut().for_each(only_by_attempt);
    }
    let mut used = Used::default();
    for finding in &mut kept {
        decisions.decide(finding, given, profile, &mut used);
    }
    Said { used, ..said(check, kept, profile, how) }
}

/// What a check's findings come to.
pub(super) fn said(check: &dyn Check, mut kept: Vec<Finding>, profile: &Profile, how: Judging) -> Said {
    let spec = check.spec();
    let mut counted = BTreeMap::new();
    for finding in &kept {
        *counted.entry(finding.verdict).or_insert(0) += 1;
    }
    let heaviest = kept.iter().max_by_key(|finding| finding.verdict);
    let summary = CheckSummary {
        id: spec.id.to_owned(),
        title: spec.title.to_owned(),
        severity: profile.severities.get(spec.id).copied().unwrap_or(spec.severity),
        promises: spec.promises.iter().map(|promise| (*promise).to_owned()).collect(),
        references: references(spec.id, &profile.custom),
        verdict: heaviest.map_or(Verdict::Unverified, |finding| finding.verdict),
        reason: heaviest.and_then(|finding| finding.reason),
        findings: kept.len(),
        gate_failed: kept.iter().any(|finding| profile.gate.refuses(finding)),
        texts: is_custom(spec.id).then(|| CheckTexts { explanation: spec.explanation.to_owned(), remedy: spec.remedy.to_owned() }),
    };
    let numbers = Numbers::of(&kept);
    if !how.passes {
        kept.retain(|finding| finding.verdict != Verdict::Pass);
    }
    Said { summary, numbers, used: Used::default(), counted, kept }
}

/// Where only an attempt may decide, what was merely read, or not looked at, is not shown.
fn only_by_attempt(finding: &mut Finding) {
    let is_tried = finding.evidence.iter().any(|evidence| matches!(evidence, Evidence::Attempted(_)));
    let is_unseen = finding.reason.is_some_and(Reason::shows_nothing);
    if matches!(finding.verdict, Verdict::Pass | Verdict::Warn) && !is_tried || is_unseen {
        "the profile asks for an attempt, and none was made".clone_into(&mut finding.why);
        (finding.verdict, finding.reason) = (Verdict::Unverified, None);
    }
}

/// A check that says nothing is a bug in it, and a bug is not a pass.
pub(crate) fn evaluate(check: &dyn Check, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
    if !standing(check.spec().id).reads.read(given.source) {
        let other = match given.source {
            Source::Files => "only a running cluster shows it",
            Source::Cluster => "only files show it",
        };
        return vec![Finding { reason: Some(Reason::OtherSource), ..itself(check, Verdict::NotApplicable, other) }];
    }
    let said = check.evaluate(profile, given);
    if !said.is_empty() {
        return said;
    }
    let why = "nothing is known of what it should have judged".to_owned();
    vec![Finding { expected: "at least one finding".to_owned(), why, ..itself(check, Verdict::Error, "it said nothing") }]
}

/// A finding about a check as such.
fn itself(check: &dyn Check, verdict: Verdict, observed: &str) -> Finding {
    Finding {
        check: check.spec().id.to_owned(),
        numbers: Vec::new(),
        verdict,
        reason: None,
        severity: check.spec().severity,
        subject: Subject::scope("the check itself"),
        path: None,
        observed: observed.into(),
        expected: check.spec().title.to_owned(),
        why: String::new(),
        fix: Vec::new(),
        evidence: Vec::new(),
        took_millis: 0,
    }
}
