//! What stands on the page, as the template takes it: every text is safe to look at, none is mark-up.

mod admitted;
mod check;

use airlock_model::{Reason, Verdict};
use airlock_platform::{ControlCheck, ControlSummary, ControlVerdict, Report, checks, standing};
use serde::Serialize;

use super::super::super::controls::attest;
use super::super::super::{counted, explanation, findings};
use super::super::Circumstances;
use admitted::AdmittedPart;
use check::CheckPart;

/// The page.
#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    version: &'static str,
    time: String,
    gate: Gate,
    facts: Vec<Fact>,
    /// The profile's own list, which is read first where there is one.
    controls: Vec<PromiseRow>,
    tally: Vec<String>,
    promises: Vec<PromiseRow>,
    checks: Vec<CheckPart>,
    /// None: nothing was changed, and nothing kept from being compared.
    admitted: Option<AdmittedPart>,
    inapplicable: Vec<Row>,
    uncovered: Vec<Row>,
}

#[derive(Serialize)]
struct Gate {
    class: &'static str,
    words: &'static str,
    by: String,
}

#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// A line of the first page: a promise, or a control of the profile's list.
#[derive(Serialize)]
struct PromiseRow {
    id: String,
    title: String,
    result: Mark,
    checks: Vec<Link>,
    /// How many more stand for it and do not apply.
    inapplicable: usize,
    /// How many more stand for it and were not made.
    unmade: usize,
}

#[derive(Serialize)]
struct Link {
    /// Of the check that it leads to.
    id: String,
    name: String,
    result: Mark,
}

#[derive(Serialize)]
struct Row {
    id: String,
    title: String,
    text: String,
}

/// What became of something: a mark and words, so that nothing is told by colour alone.
#[derive(Clone, Copy, Serialize)]
struct Mark {
    class: &'static str,
    sign: char,
    words: &'static str,
}

impl Mark {
    const fn of(verdict: Option<Verdict>) -> Self {
        let (class, words) = match verdict {
            Some(Verdict::Fail) => ("bad", "failed"),
            Some(Verdict::Unverified) => ("open", "could not be looked at"),
            Some(Verdict::Error) => ("open", "went wrong"),
            Some(Verdict::Warn) => ("open", "warned"),
            Some(Verdict::Excepted) => ("open", "excepted"),
            Some(Verdict::Attested) => ("good", "attested"),
            Some(Verdict::Pass) => ("good", "proved"),
            Some(Verdict::NotApplicable) => ("none", "not applicable"),
            None => ("none", "not covered"),
        };
        Self { class, sign: if let Some(verdict) = verdict { verdict.mark() } else { '–' }, words }
    }
}

impl Mark {
    fn of_control(verdict: ControlVerdict) -> Self {
        match verdict {
            ControlVerdict::Proved => Self::of(Some(Verdict::Pass)),
            ControlVerdict::Attested => Self::of(Some(Verdict::Attested)),
            ControlVerdict::Excepted => Self::of(Some(Verdict::Excepted)),
            ControlVerdict::Partly => Self { words: "partly proved", ..Self::of(Some(Verdict::Warn)) },
            ControlVerdict::Unverified => Self::of(Some(Verdict::Unverified)),
            ControlVerdict::Failed => Self::of(Some(Verdict::Fail)),
            ControlVerdict::NotApplicable => Self::of(Some(Verdict::NotApplicable)),
            ControlVerdict::NotCovered => Self::of(None),
        }
    }
}

impl Page {
    pub(super) fn of(report: &Report, circumstances: &Circumstances) -> Self {
        let profile = &report.profile;
        let named = if profile.version.is_empty() { "every check with its defaults".to_owned() } else { format!("profile {} {}", profile.name, profile.version) };
        // What weighs most is read first.
        let mut parts: Vec<_> = report.checks.iter().filter(|check| check.verdict != Verdict::NotApplicable).collect();
        parts.sort_by_key(|check| std::cmp::Reverse((check.verdict, check.severity)));
        Self {
            title: safe(&format!("Compliance report, {named}")),
            version: env!("CARGO_PKG_VERSION"),
            time: circumstances.time(),
            gate: gate(report),
            facts: facts(report, circumstances, &named),
            controls: report.controls.iter().map(control_row).collect(),
            tally: tally(report),
            promises: report.promises.iter().map(|promise| promise_row(report, promise)).collect(),
            checks: parts.into_iter().map(|check| CheckPart::of(report, check)).collect(),
            admitted: report.admitted.as_ref().and_then(AdmittedPart::of),
            inapplicable: inapplicable(report),
            uncovered: uncovered(report),
        }
    }
}

fn gate(report: &Report) -> Gate {
    let refused = report.checks.iter().filter(|check| check.gate_failed).count();
    let open = if report.gate.unverified_fails { "what could not be looked at fails it too" } else { "what could not be looked at does not fail it" };
    let rule = format!("It fails on findings of severity {} and above; {open}.", explanation::severity(report.gate.fail_on));
    let rule = report.summary.score.map_or_else(|| rule.clone(), |score| format!("{rule} It asks for a score as well: {}.", score.words()));
    let of = counted(report.checks.len(), "check", "checks");
    if report.summary.gate_failed {
        Gate { class: "bad", words: "✗ The gate fails", by: format!("{refused} of {of} fail it. {rule}") }
    } else {
        Gate { class: "good", words: "✓ The gate passes", by: format!("None of {of} fails it. {rule}") }
    }
}

fn facts(report: &Report, circumstances: &Circumstances, named: &str) -> Vec<Fact> {
    let mut facts: Vec<Fact> = circumstances.named().into_iter().map(|(name, value)| Fact { name, value }).collect();
    let mut add = |name, value: &str| facts.push(Fact { name, value: safe(value) });
    add("Judged by", named);
    if !report.profile.owner.is_empty() {
        add("Owner of the profile", &report.profile.owner);
    }
    add("Digest of the profile", &report.digest.to_string());
    if let Some(installed) = &report.installed {
        add("Not the installed one, which is", &installed.to_string());
    }
    add("Time", &circumstances.time());
    if report.summary.objects > 0 {
        add("Objects", &report.summary.objects.to_string());
    }
    add("Findings", &findings::tally(|verdict| report.summary.counts.get(&verdict).copied().unwrap_or_default()));
    add("Made by", concat!("Airlock ", env!("CARGO_PKG_VERSION")));
    add("Signature", "none. Keep the file where nobody can change it.");
    facts
}

/// How many promises there are of each result.
fn tally(report: &Report) -> Vec<String> {
    let order = Verdict::ALL.into_iter().rev().map(Some).chain([None]);
    let counted = order.map(|verdict| (report.promises.iter().filter(|promise| promise.verdict == verdict).count(), Mark::of(verdict).words));
    counted.filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect()
}

fn promise_row(report: &Report, promise: &airlock_platform::PromiseSummary) -> PromiseRow {
    let standing = report.checks.iter().filter(|check| check.promises.contains(&promise.id));
    let (inapplicable, judged): (Vec<_>, Vec<_>) = standing.partition(|check| check.verdict == Verdict::NotApplicable);
    PromiseRow {
        id: safe(&promise.id),
        title: safe(&promise.title),
        result: Mark::of(promise.verdict),
        checks: judged.iter().map(|check| Link { id: safe(&check.id), name: safe(&check.id), result: Mark::of(Some(check.verdict)) }).collect(),
        inapplicable: inapplicable.len(),
        unmade: 0,
    }
}

fn control_row(control: &ControlSummary) -> PromiseRow {
    let applies = |named: &&ControlCheck| named.verdict.is_some_and(|verdict| verdict != Verdict::NotApplicable);
    PromiseRow {
        id: safe(&control.id),
        title: safe(&attest(control).map_or_else(|| control.title.clone(), |attest| format!("{}; {attest}", control.title))),
        result: Mark::of_control(control.verdict),
        checks: control.checks.iter().filter(applies).map(|named| Link { id: safe(&named.id), name: safe(&named.name()), result: Mark::of(named.verdict) }).collect(),
        inapplicable: control.checks.iter().filter(|named| named.verdict == Some(Verdict::NotApplicable)).count(),
        unmade: control.checks.iter().filter(|named| named.verdict.is_none()).count(),
    }
}

/// Checks that were asked for and do not apply, with the reason.
fn inapplicable(report: &Report) -> Vec<Row> {
    let checks = report.checks.iter().filter(|check| check.verdict == Verdict::NotApplicable);
    checks
        .map(|check| {
            let seen = report.findings.iter().find(|finding| finding.check == check.id).map(|finding| finding.observed.to_string());
            let reason = match check.reason {
                Some(Reason::ComponentOff) => "the answers leave the component out",
                Some(Reason::ComponentExisting) => "the component is the customer's own",
                Some(Reason::NoSubject) => "nothing of its kind is there",
                Some(Reason::NotAsked) => "the parameters do not ask for it",
                Some(Reason::OtherSource) => "what was judged shows nothing of it",
                Some(Reason::Managed) => "a provider runs it and answers for it",
                None => "no reason was given",
            };
            let text = seen.filter(|seen| !seen.is_empty() && seen != reason).map_or_else(|| reason.to_owned(), |seen| format!("{reason}: {seen}"));
            Row { id: safe(&check.id), title: safe(&check.title), text }
        })
        .collect()
}

/// Checks that Airlock knows and nobody asked for.
fn uncovered(report: &Report) -> Vec<Row> {
    let unasked = |id: &str| !report.checks.iter().any(|check| check.id == id) && standing(id).id == id;
    let specs = checks().iter().map(|check| check.spec()).filter(|spec| unasked(spec.id));
    specs.map(|spec| Row { id: spec.id.into(), title: spec.title.into(), text: standing(spec.id).reads.words().into() }).collect()
}

/// Text as it may be shown: what could move or reorder a line stands there as an escape.
fn safe(text: &str) -> String {
    airlock_model::Untrusted::from(text).to_string()
}
