//! Two reports of the same thing, compared: what got worse, what got better, and what is not looked at any more.
//!
//! Findings are compared, not checks: a check that failed before hides no new fault. What can no longer be looked at is never
//! better.

mod worsened;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use airlock_model::{Digest, Finding, Reason, Severity, Subject, Untrusted, Verdict};
use serde::{Deserialize, Serialize};

use crate::error::ComplianceError;
use crate::report::{REPORT_SCHEMA, Report};

pub use worsened::worsened;

/// The schema of comparisons; a reader of an older one may not know all of this one.
pub const COMPARISON_SCHEMA: u32 = 1;

/// What a comparison needs of an earlier report.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Earlier {
    digest: Digest,
    checks: Vec<EarlierCheck>,
    findings: Vec<EarlierFinding>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct EarlierCheck {
    id: String,
    verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct EarlierFinding {
    check: String,
    verdict: Verdict,
    severity: Severity,
    subject: Subject,
    path: Option<Untrusted<String>>,
}

/// What changed between two reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// [`COMPARISON_SCHEMA`]
    pub schema: u32,
    /// Whether the later report fails its gate, which the exit code follows.
    pub gate_failed: bool,
    /// Whether both were judged by the same profile with the same parameters; else a change may be one of the rules.
    pub same_profile: bool,
    /// Faults that are new or heavier.
    pub worse: Vec<Difference>,
    /// Faults that are gone or lighter.
    pub better: Vec<Difference>,
    /// What was judged before, and is not now.
    pub unseen: Vec<Difference>,
    /// How many faults are as they were.
    pub unchanged: usize,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Which check.
    pub check: Untrusted<String>,
    /// What was judged; none: the check as a whole.
    pub subject: Option<Subject>,
    /// The field, where one alone decides.
    pub path: Option<Untrusted<String>>,
    /// How bad it is, or was.
    pub severity: Option<Severity>,
    /// The verdict before; none: nothing was told.
    pub before: Option<Verdict>,
    /// The verdict now; none: nothing is told.
    pub after: Option<Verdict>,
    /// Whether nothing is told of it now because it was mended: what it is about is still judged.
    pub mended: bool,
}

impl Earlier {
    /// Reads what `-o json` wrote.
    pub fn read(text: &[u8]) -> Result<Self, ComplianceError> {
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
        }
        let unreadable = |error: serde_json::Error| ComplianceError::Earlier { message: error.to_string() };
        let head: Head = serde_json::from_slice(text).map_err(unreadable)?;
        if head.schema != REPORT_SCHEMA {
            return Err(ComplianceError::Earlier { message: format!("it is of schema {}, and this version compares {REPORT_SCHEMA} alone", head.schema) });
        }
        serde_json::from_slice(text).map_err(unreadable)
    }
}

/// A fault by what tells it from others. Where a document stands in its file does not matter: others may be put before it.
type Key = (String, Subject, Option<Untrusted<String>>);
type Weight = (Verdict, Severity);

fn key(check: &str, subject: &Subject, path: Option<&Untrusted<String>>) -> Key {
    (check.to_owned(), in_file(subject), path.cloned())
}

fn in_file(subject: &Subject) -> Subject {
    Subject { document: None, line: None, ..subject.clone() }
}

/// What is not as it should be, each once, by the heavier of its verdicts.
fn faults(findings: impl Iterator<Item = (Key, Weight)>) -> BTreeMap<Key, Weight> {
    let mut faults = BTreeMap::new();
    for (key, weight) in findings.filter(|(_, (verdict, _))| !matches!(verdict, Verdict::Pass | Verdict::Attested | Verdict::NotApplicable)) {
        faults.entry(key).and_modify(|known: &mut Weight| *known = weight.max(*known)).or_insert(weight);
    }
    faults
}

/// Files are renamed, and a folder has many names: an object of which nothing is told in its file now, and in the other one nothing was,
/// bears its faults along. One of which something is told in both is compared with itself: a fault that is mended in one file and comes in
/// another is a new one.
fn follow(before: &mut BTreeMap<Key, Weight>, after: &BTreeMap<Key, Weight>, earlier: &BTreeSet<Subject>, now: &BTreeSet<Subject>) {
    let bare = |(check, subject, path): &Key| (check.clone(), Subject { file: None, ..subject.clone() }, path.clone());
    let mut left: BTreeMap<Key, VecDeque<Key>> = BTreeMap::new();
    for key in before.keys().filter(|(_, subject, _)| subject.api_version.is_some() && !now.contains(subject)) {
        left.entry(bare(key)).or_default().push_back(key.clone());
    }
    for key in after.keys().filter(|(_, subject, _)| !earlier.contains(subject)) {
        if let Some(weight) = left.get_mut(&bare(key)).and_then(VecDeque::pop_front).and_then(|former| before.remove(&former)) {
            before.insert(key.clone(), weight);
        }
    }
}

/// Compares a report with an earlier one. With what passes among its findings it is known of each object whether it still stands.
pub fn compare(earlier: &Earlier, report: &Report) -> Comparison {
    let mut before = faults(earlier.findings.iter().map(|found| (key(&found.check, &found.subject, found.path.as_ref()), (found.verdict, found.severity))));
    let after = faults(report.findings.iter().map(|found| (key(&found.check, &found.subject, found.path.as_ref()), (found.verdict, found.severity))));
    let told = |subjects: &mut dyn Iterator<Item = &Subject>| subjects.map(in_file).collect();
    follow(&mut before, &after, &told(&mut earlier.findings.iter().map(|found| &found.subject)), &told(&mut report.findings.iter().map(|found| &found.subject)));
    let mut comparison = Comparison {
        schema: COMPARISON_SCHEMA,
        gate_failed: report.summary.gate_failed,
        same_profile: earlier.digest == report.digest,
        worse: Vec::new(),
        better: Vec::new(),
        unseen: unseen_checks(earlier, report),
        unchanged: 0,
    };
    for (key, now) in &after {
        let then = before.get(key);
        let list = match then {
            Some(then) if then == now => {
                comparison.unchanged += 1;
                continue;
            }
            Some((Verdict::Fail, _)) if is_open(now.0) => &mut comparison.unseen,
            Some(then) if then > now => &mut comparison.better,
            _ => &mut comparison.worse,
        };
        list.push(difference(key, then, Some(now)));
    }
    for (key, then) in before.iter().filter(|(key, _)| !after.contains_key(*key)) {
        if can_tell(report, &key.0) {
            comparison.better.push(Difference { mended: stands(report, &key.0, &key.1), ..difference(key, Some(then), None) });
        } else {
            comparison.unseen.push(difference(key, Some(then), None));
        }
    }
    for list in [&mut comparison.worse, &mut comparison.better, &mut comparison.unseen] {
        // What weighs most is read first.
        let weight = |one: &Difference| std::cmp::Reverse((one.after.max(one.before), one.severity));
        list.sort_by(|a, b| weight(a).cmp(&weight(b)).then_with(|| a.check.cmp(&b.check)).then_with(|| a.subject.cmp(&b.subject)).then_with(|| a.path.cmp(&b.path)));
    }
    comparison
}

const fn is_open(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Unverified | Verdict::Error)
}

/// Whether silence of a check about a fault means that it is gone.
fn can_tell(report: &Report, id: &str) -> bool {
    report.checks.iter().find(|check| check.id == id).is_some_and(|check| !is_open(check.verdict) && !check.reason.is_some_and(Reason::is_unseen))
}

/// Whether something is judged in a report: the object by any check, or, of what is no object, by the same check or that as a whole.
fn stands(report: &Report, check: &str, subject: &Subject) -> bool {
    let is_object = subject.api_version.is_some();
    let bare = |subject: &Subject| Subject { document: None, line: None, file: subject.file.clone().filter(|_| !is_object), ..subject.clone() };
    let is_same = |found: &Finding| (is_object || found.check == check) && bare(&found.subject) == bare(subject);
    let is_shown = || report.checks.iter().any(|found| found.id == check && matches!(found.verdict, Verdict::Pass | Verdict::Attested));
    report.findings.iter().any(is_same) || !is_object && is_shown()
}

/// Checks that proved something and are not made, or have nothing to judge, now.
fn unseen_checks(earlier: &Earlier, report: &Report) -> Vec<Difference> {
    let now = |id: &str| report.checks.iter().find(|check| check.id == id).map(|check| check.verdict);
    let proved = earlier.checks.iter().filter(|check| matches!(check.verdict, Verdict::Pass | Verdict::Attested));
    let lost = proved.filter(|check| matches!(now(&check.id), None | Some(Verdict::NotApplicable)));
    let whole = |check: &EarlierCheck| Difference { check: check.id.clone().into(), subject: None, path: None, severity: None, before: Some(check.verdict), after: now(&check.id), mended: false };
    lost.map(whole).collect()
}

fn difference((check, subject, path): &Key, before: Option<&Weight>, after: Option<&Weight>) -> Difference {
    Difference {
        check: check.clone().into(),
        subject: Some(subject.clone()),
        path: path.clone(),
        severity: after.or(before).map(|(_, severity)| *severity),
        before: before.map(|(verdict, _)| *verdict),
        after: after.map(|(verdict, _)| *verdict),
        mended: false,
    }
}

#[cfg(test)]
mod tests;
