//! What an evidence folder says about a time: its runs, when there were none, which verdicts changed, which failures somebody bore
//! meanwhile, and which plans were carried out (`plan_runs`).
//!
//! Only runs that are intact, and signed where that was asked for, are read. What is wrong with the others, and with the folder as a whole, stands beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_model::{Digest, Evidence, RunName, Subject, Untrusted, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decisions::{ExceptionInForce, decision};

use super::plan_runs::{CarriedOut, Unaccounted, carried_out, unaccounted};
use super::{EvidenceFinding, Verification, VerifiedRun};

/// The schema of periods; a reader of an older one may not know all of this one.
pub const PERIOD_SCHEMA: u32 = 1;

/// What is read of a run's `report.json`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct KeptReport {
    digest: Digest,
    checks: Vec<KeptCheck>,
    findings: Vec<KeptFinding>,
    #[serde(default)]
    exceptions: Vec<ExceptionInForce>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct KeptCheck {
    id: String,
    verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct KeptFinding {
    check: String,
    verdict: Verdict,
    subject: Subject,
    evidence: Vec<Evidence>,
}

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: Timestamp,
    /// The last one; none that is still to come.
    pub to: Timestamp,
    /// Time between two runs that is no gap.
    pub every: Duration,
}

/// What a folder says about a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Period {
    /// [`PERIOD_SCHEMA`]
    pub schema: u32,
    /// The first moment.
    pub from: Timestamp,
    /// The last one.
    pub to: Timestamp,
    /// Of the whole folder: `pass`; `unverified`: intact, and nobody's signature was asked for; `fail`: something of it is wrong.
    pub verdict: Verdict,
    /// Whether anybody's signature was asked for.
    pub trust_asked: bool,
    /// Whether the folder was held against a head.
    pub head: bool,
    /// The runs of that time.
    pub runs: Vec<VerifiedRun>,
    /// Times without a run that are longer than was allowed.
    pub gaps: Vec<Gap>,
    /// Checks whose verdict is another one than in the run before that was read.
    pub changes: Vec<VerdictChange>,
    /// Failures that an exception covered.
    pub exceptions: Vec<Borne>,
    /// Exceptions that counted when a run was made, whether they covered a failure or not.
    pub in_force: Vec<KeptException>,
    /// Plans that were carried out, each once, by when they were begun.
    pub plan_runs: Vec<CarriedOut>,
    /// Where more of them may have been carried out.
    pub unaccounted: Vec<Unaccounted>,
    /// What is wrong with the folder.
    pub findings: Vec<EvidenceFinding>,
}

/// A time without a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// From a run on, or from the beginning.
    pub from: Timestamp,
    /// To a run, or to the end.
    pub to: Timestamp,
    /// How long it is, in seconds.
    pub seconds: i64,
}

/// A check whose verdict changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictChange {
    /// The run that has the new verdict.
    pub run: RunName,
    /// Which check.
    pub check: Untrusted<String>,
    /// The verdict before; null: it was not made.
    pub before: Option<Verdict>,
    /// The verdict since; null: it is not made any more.
    pub after: Option<Verdict>,
    /// Whether both runs were judged by the same profile; else the change may be one of the rules.
    pub same_profile: bool,
}

/// A failure that an exception covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Borne {
    /// Which check.
    pub check: Untrusted<String>,
    /// Of what.
    pub subject: Subject,
    /// The exception in words: who approved it, until when.
    pub exception: Untrusted<String>,
    /// The first run in which it was so.
    pub first: RunName,
    /// The last one.
    pub last: RunName,
}

/// An exception that counted when runs were made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptException {
    /// The exception; used: in one of the runs.
    #[serde(flatten)]
    pub exception: ExceptionInForce,
    /// The first run in which it counted.
    pub first: RunName,
    /// The last one.
    pub last: RunName,
}

impl Span {
    /// The runs of the time, in their order.
    pub fn runs(self, verification: &Verification) -> impl Iterator<Item = &VerifiedRun> {
        verification.runs.iter().filter(move |run| run.run.as_ref().is_some_and(|name| (self.from..=self.to).contains(&name.at())))
    }
}

/// Tells of a time. `read` is what the reports of runs that are believed hold, by the folders of the runs.
pub fn period(span: Span, verification: &Verification, read: &BTreeMap<String, KeptReport>) -> Period {
    let runs: Vec<&VerifiedRun> = span.runs(verification).collect();
    let reports: Vec<(&RunName, &KeptReport)> = runs.iter().filter(|run| verification.believes(run)).filter_map(|run| Some((run.run.as_ref()?, read.get(run.folder.raw())?))).collect();
    Period {
        schema: PERIOD_SCHEMA,
        from: span.from,
        to: span.to,
        verdict: verification.verdict,
        trust_asked: verification.is_trust_asked(),
        head: verification.head,
        runs: runs.iter().copied().cloned().collect(),
        gaps: gaps(span, reports.iter().map(|(run, _)| run.at())),
        changes: reports.windows(2).flat_map(|pair| changes(pair[0].1, pair[1].0, pair[1].1)).collect(),
        exceptions: borne(&reports),
        in_force: in_force(&reports),
        plan_runs: carried_out(span, verification),
        unaccounted: unaccounted(span, verification),
        findings: verification.findings.clone(),
    }
}

/// A run that is not believed shows nothing, so it ends no gap.
fn gaps(span: Span, runs: impl Iterator<Item = Timestamp>) -> Vec<Gap> {
    let mut times: Vec<Timestamp> = std::iter::once(span.from).chain(runs).chain([span.to]).collect();
    // A clock that was set back makes no gap.
    times.sort();
    let between = times.windows(2).map(|pair| Gap { from: pair[0], to: pair[1], seconds: pair[0].duration_until(pair[1]).as_secs() });
    between.filter(|gap| u64::try_from(gap.seconds).is_ok_and(|seconds| seconds > span.every.as_secs())).collect()
}

fn changes(before: &KeptReport, run: &RunName, after: &KeptReport) -> Vec<VerdictChange> {
    let of = |report: &KeptReport| report.checks.iter().map(|check| (check.id.clone(), check.verdict)).collect::<BTreeMap<_, _>>();
    let (old, new) = (of(before), of(after));
    let mut ids: Vec<&String> = old.keys().chain(new.keys()).collect();
    ids.sort();
    ids.dedup();
    let differs = |id: &&String| old.get(*id) != new.get(*id);
    let told = |id: &String| VerdictChange { run: run.clone(), check: id.as_str().into(), before: old.get(id).copied(), after: new.get(id).copied(), same_profile: before.digest == after.digest };
    ids.into_iter().filter(differs).map(told).collect()
}

fn borne(reports: &[(&RunName, &KeptReport)]) -> Vec<Borne> {
    let mut borne: Vec<Borne> = Vec::new();
    for (run, report) in reports {
        for finding in report.findings.iter().filter(|finding| finding.verdict == Verdict::Excepted) {
            let words = decision(finding.verdict, &finding.evidence).and_then(|evidence| if let Evidence::Fact(words) = evidence { Some(words.clone()) } else { None }).unwrap_or_default();
            let same = |known: &&mut Borne| known.check.raw() == finding.check && known.subject == finding.subject && known.exception.raw() == words;
            match borne.iter_mut().find(same) {
                Some(known) => known.last = (*run).clone(),
                None => borne.push(Borne { check: finding.check.as_str().into(), subject: finding.subject.clone(), exception: words.into(), first: (*run).clone(), last: (*run).clone() }),
            }
        }
    }
    borne
}

/// One that was changed between two runs is another one.
fn in_force(reports: &[(&RunName, &KeptReport)]) -> Vec<KeptException> {
    let mut kept: Vec<KeptException> = Vec::new();
    for (run, exception) in reports.iter().flat_map(|(run, report)| report.exceptions.iter().map(move |exception| (*run, exception))) {
        let same = |known: &&mut KeptException| known.exception == ExceptionInForce { used: known.exception.used, ..exception.clone() };
        match kept.iter_mut().find(same) {
            Some(known) => {
                known.exception.used |= exception.used;
                known.last = run.clone();
            }
            None => kept.push(KeptException { exception: exception.clone(), first: run.clone(), last: run.clone() }),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::SignatureState;
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn run(number: u64, when: &str, intact: bool, signature: SignatureState) -> VerifiedRun {
        let name = RunName::new(number, at(when));
        VerifiedRun {
            folder: name.to_string().into(),
            run: Some(name),
            at: None,
            writer: None,
            gate_failed: None,
            profile: None,
            verdict: None,
            judged: None,
            intact,
            signature,
            key: None,
            chained: Some(true),
        }
    }

    /// A report with checks and one failure that an exception covers.
    fn report(profile: &str, checks: &[(&str, &str)], exception: Option<&str>) -> KeptReport {
        let checks: Vec<_> = checks.iter().map(|(id, verdict)| json!({ "id": id, "verdict": verdict })).collect();
        let subject = Subject::of("Pod", "a");
        let excepted = |words: &str| json!({ "check": "PSS-001", "verdict": "excepted", "subject": subject, "evidence": [{ "fact": "a fact" }, { "fact": words }] });
        let findings: Vec<_> = exception.map(excepted).into_iter().collect();
        serde_json::from_value(json!({ "digest": Digest::of(profile.as_bytes()), "checks": checks, "findings": findings })).unwrap()
    }

    fn told(trusted: bool) -> Period {
        let signed = SignatureState::Trusted;
        let runs = vec![
            run(1, "2026-10-31T12:00:00Z", true, signed),
            run(2, "2026-11-01T12:00:00Z", true, signed),
            run(3, "2026-11-02T12:00:00Z", true, signed),
            run(4, "2026-11-03T12:00:00Z", true, SignatureState::Missing),
            run(5, "2026-11-04T12:00:00Z", false, signed),
            run(6, "2026-11-05T12:00:00Z", true, signed),
        ];
        let verification = Verification { schema: 1, verdict: Verdict::Fail, trusted: if trusted { vec![Digest::of(b"key")] } else { Vec::new() }, head: true, runs, findings: Vec::new() };
        let reports = [
            report("a", &[("PSS-001", "fail")], None),
            report("a", &[("PSS-001", "excepted"), ("NET-001", "pass")], Some("EXC-1")),
            report("a", &[("PSS-001", "excepted"), ("NET-001", "unverified")], Some("EXC-1")),
            report("a", &[("PSS-001", "pass"), ("NET-001", "pass")], None),
            report("a", &[("PSS-001", "pass")], None),
            report("b", &[("PSS-001", "excepted"), ("TLS-002", "pass")], Some("EXC-2")),
        ];
        let read = verification.runs.iter().map(|run| run.folder.raw().to_owned()).zip(reports).collect();
        let span = Span { from: at("2026-11-01T00:00:00Z"), to: at("2026-11-06T23:59:59Z"), every: Duration::from_hours(25) };
        period(span, &verification, &read)
    }

    fn changes(period: &Period) -> Vec<String> {
        let words = |verdict: Option<Verdict>| verdict.map_or("none", Verdict::word);
        period.changes.iter().map(|change| format!("{} {} {} {} {}", change.run.number(), change.check, words(change.before), words(change.after), change.same_profile)).collect()
    }

    #[test]
    fn runs_that_are_not_believed_show_nothing_and_end_no_gap() {
        let period = told(true);
        assert_eq!(period.runs.len(), 5, "the first run was before that time");
        let gaps: Vec<(String, i64)> = period.gaps.iter().map(|gap| (gap.from.to_string(), gap.seconds / 3600)).collect();
        assert_eq!(gaps, [("2026-11-02T12:00:00Z".to_owned(), 72), ("2026-11-05T12:00:00Z".to_owned(), 35)]);
        assert_eq!(changes(&period), ["3 NET-001 pass unverified true", "6 NET-001 unverified none false", "6 TLS-002 none pass false"]);
        let borne: Vec<_> = period.exceptions.iter().map(|one| (one.exception.raw(), one.first.number(), one.last.number())).collect();
        assert_eq!(borne, [("EXC-1", 2, 3), ("EXC-2", 6, 6)]);
    }

    #[test]
    fn an_exception_that_counted_is_told_also_where_it_covered_nothing() {
        let reports = [("2026-11-01T12:00:00Z", false, "SEC-1"), ("2026-11-02T12:00:00Z", true, "SEC-1"), ("2026-11-03T12:00:00Z", false, "SEC-2")].map(|(when, used, ticket)| {
            let exception = ExceptionInForce { id: "EXC-1".into(), checks: vec!["PSS-001".into()], approved_by: "jane".into(), ticket: ticket.into(), expires: "2027-01-31".into(), used };
            (RunName::new(1, at(when)), KeptReport { exceptions: vec![exception], ..report("a", &[], None) })
        });
        let read: Vec<_> = reports.iter().map(|(run, report)| (run, report)).collect();
        let told: Vec<_> = in_force(&read).into_iter().map(|kept| (kept.exception.ticket, kept.exception.used, kept.first.at().to_string(), kept.last.at().to_string())).collect();
        let row = |ticket: &str, used, first: &str, last: &str| (ticket.to_owned(), used, first.to_owned(), last.to_owned());
        assert_eq!(told, [row("SEC-1", true, "2026-11-01T12:00:00Z", "2026-11-02T12:00:00Z"), row("SEC-2", false, "2026-11-03T12:00:00Z", "2026-11-03T12:00:00Z")]);
    }

    #[test]
    fn where_no_signature_was_asked_for_unsigned_runs_are_read() {
        let period = told(false);
        assert!(!period.trust_asked);
        assert_eq!(changes(&period).first().map(String::as_str), Some("3 NET-001 pass unverified true"));
        assert!(changes(&period).contains(&"4 PSS-001 excepted pass true".to_owned()), "{:?}", changes(&period));
    }
}
