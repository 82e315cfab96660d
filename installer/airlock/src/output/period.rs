//! What an evidence folder says about a time, for a terminal and as Markdown for a ticket.

use std::fmt::Write as _;

use airlock_model::{ApprovedBy, PlanRun, RunName, Untrusted, Verdict};
use airlock_platform::evidence::{CarriedOut, ExceptionInForce, KeptException, Period, Unaccounted, VerifiedRun};
use jiff::Timestamp;

use super::columns::columns;
use super::report::plain;

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Markdown,
}

/// The whole page.
pub(crate) fn period(period: &Period, form: Form) -> String {
    let title = format!("Evidence from {} to {}", time(period.from), time(period.to));
    let mut text = match form {
        Form::Text => format!("{title}\n{}\n", standing(period)),
        Form::Markdown => format!("# {}\n\n**{}**\n", plain(&title), plain(&standing(period))),
    };
    let or_nothing = |verdict: Option<Verdict>| verdict.map_or_else(|| "not made".to_owned(), |verdict| verdict.word().to_owned());
    let runs = period.runs.iter().map(|run| run_row(run, period));
    section(&mut text, form, "Runs", ["RUN", "GATE", "VERDICT", "PROFILE", "SIGNATURE", "CHAIN"], runs.collect(), "there is none");
    let gaps = period.gaps.iter().map(|gap| [time(gap.from), time(gap.to), hours(gap.seconds)]);
    section(&mut text, form, "Times without a run", ["FROM", "TO", "HOURS"], gaps.collect(), "none that is longer than was allowed");
    let changes = period.changes.iter().map(|change| {
        let rules = if change.same_profile { "the same" } else { "another profile or other parameters" };
        [change.run.to_string(), change.check.to_string(), or_nothing(change.before), or_nothing(change.after), rules.to_owned()]
    });
    section(&mut text, form, "Verdicts that changed", ["RUN", "CHECK", "BEFORE", "SINCE", "RULES"], changes.collect(), "none");
    let borne = period.exceptions.iter().map(|one| [one.check.to_string(), one.subject.to_string(), one.first.to_string(), one.last.to_string(), one.exception.to_string()]);
    section(&mut text, form, "Failures that an exception covered", ["CHECK", "OF", "FIRST", "LAST", "EXCEPTION"], borne.collect(), "none");
    section(
        &mut text,
        form,
        "Exceptions that counted",
        ["ID", "CHECKS", "APPROVED BY", "TICKET", "UNTIL", "USED", "FIRST", "LAST"],
        period.in_force.iter().map(exception_row).collect(),
        "none that a run knows of",
    );
    section(
        &mut text,
        form,
        "Changes of the installation",
        ["AT", "NAMESPACE", "PLAN", "RELEASE", "BY", "APPROVED", "ENDED"],
        period.plan_runs.iter().map(plan_row).collect(),
        "none that a run knows of",
    );
    let unaccounted = period.unaccounted.iter().map(unaccounted_row).collect();
    section(&mut text, form, "Times in which more may have been changed", ["NAMESPACE", "AFTER", "BEFORE", "WHY"], unaccounted, "none");
    let findings = period.findings.iter().map(|finding| {
        let places: Vec<String> = [&finding.run, &finding.file].into_iter().flatten().map(Untrusted::to_string).collect();
        [finding.code.to_string(), places.join("/"), finding.observed.to_string()]
    });
    section(&mut text, form, "What is wrong with the folder", ["CODE", "WHERE", "SEEN"], findings.collect(), "nothing");
    text
}

/// What the whole folder is worth. It stands on the first line of every page.
fn standing(period: &Period) -> String {
    let mut text = match period.verdict {
        Verdict::Fail => "✗ the folder is not as it was written; what is wrong stands at the end, and runs that it concerns show nothing",
        Verdict::Unverified => "? unsigned, or nobody's signature was asked for: whoever can write to the folder could have written all of this",
        _ => "✓ every run of the folder is intact, signed by a key that is trusted, and chained",
    }
    .to_owned();
    if !period.head {
        text.push_str("; without a head nothing shows whether the last runs were dropped");
    }
    text
}

fn run_row(run: &VerifiedRun, period: &Period) -> [String; 6] {
    let gate = match run.gate_failed {
        Some(true) => "fails",
        Some(false) => "passes",
        None => "unknown",
    };
    let chain = match run.chained {
        Some(true) => "chained",
        Some(false) => "broken",
        None => "unknown",
    };
    let profile = run.profile.as_ref().map_or_else(|| "unknown".to_owned(), |profile| Untrusted::from(format!("{} {} {}", profile.name, profile.version, profile.digest.short())).to_string());
    let verdict = run.verdict.map_or("unknown", Verdict::word);
    [run.folder.to_string(), gate.to_owned(), verdict.to_owned(), profile, run.signature.word(period.trust_asked).to_owned(), chain.to_owned()]
}

fn exception_row(KeptException { exception, first, last }: &KeptException) -> [String; 8] {
    let ExceptionInForce { id, checks, approved_by, ticket, expires, used } = exception;
    let shown = |text: &str| Untrusted::from(text).to_string();
    let used = if *used { "yes" } else { "no" };
    [shown(id), shown(&checks.join(", ")), shown(approved_by), shown(ticket), shown(expires), used.to_owned(), first.to_string(), last.to_string()]
}

fn plan_row(CarriedOut { namespace, plan_run, .. }: &CarriedOut) -> [String; 7] {
    let approved = match plan_run.approved {
        ApprovedBy::YesFlag => "--yes",
        ApprovedBy::Prompt => "by a person at the prompt",
    };
    [time(plan_run.started), namespace.to_string(), plan_run.plan.short().to_owned(), plan_run.release.to_string(), plan_run.by.to_string(), approved.to_owned(), end(plan_run)]
}

/// What is killed writes no end.
fn end(plan_run: &PlanRun) -> String {
    match (plan_run.ended, &plan_run.outcome) {
        (Some(ended), Some(outcome)) => format!("{}, {outcome}", time(ended)),
        (Some(ended), None) => time(ended),
        (None, _) => "no end was written: it was killed, or went on".to_owned(),
    }
}

fn unaccounted_row(one: &Unaccounted) -> [String; 4] {
    let namespaces: Vec<String> = one.namespaces.iter().map(Untrusted::to_string).collect();
    let namespaces = if namespaces.is_empty() { "any".to_owned() } else { namespaces.join(", ") };
    let run = |run: Option<&RunName>, none: &str| run.map_or_else(|| none.to_owned(), ToString::to_string);
    [namespaces, run(one.after.as_ref(), "the beginning"), run(one.before.as_ref(), "the end"), one.why.to_string()]
}

fn section<const N: usize>(text: &mut String, form: Form, title: &str, headings: [&str; N], rows: Vec<[String; N]>, none: &str) {
    let _ = match form {
        Form::Text => writeln!(text, "\n{title}"),
        Form::Markdown => writeln!(text, "\n## {title}\n"),
    };
    if rows.is_empty() {
        let _ = match form {
            Form::Text => writeln!(text, "  {none}"),
            Form::Markdown => writeln!(text, "{none}"),
        };
        return;
    }
    match form {
        Form::Text => text.push_str(&columns(headings, rows)),
        Form::Markdown => {
            let _ = writeln!(text, "| {} |\n|{}", headings.map(str::to_lowercase).join(" | "), "---|".repeat(N));
            for row in rows {
                let _ = writeln!(text, "| {} |", row.map(|cell| plain(&cell)).join(" | "));
            }
        }
    }
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// To a tenth of an hour, rounded down.
fn hours(seconds: i64) -> String {
    format!("{}.{}", seconds / 3600, seconds % 3600 / 360)
}

#[cfg(test)]
mod tests {
    use airlock_model::{Code, Digest, EvidenceProfile};
    use airlock_platform::evidence::{Borne, EvidenceFinding, Gap, SignatureState, VerdictChange};

    use super::super::tests::samples::noon;
    use super::*;

    fn begun() -> PlanRun {
        PlanRun { run: "4f1c".into(), plan: Digest::of(b"plan"), release: "0.1.0".into(), approved: ApprovedBy::YesFlag, by: "jane@bastion".into(), started: noon(), ended: None, outcome: None }
    }

    fn carried_out(plan_run: PlanRun) -> CarriedOut {
        CarriedOut { namespace: "airlock".into(), plan_run, seen: RunName::new(7, noon()) }
    }

    fn sample() -> Period {
        let name = RunName::new(7, noon());
        let run = VerifiedRun {
            folder: name.to_string().into(),
            run: Some(name.clone()),
            at: Some(noon()),
            writer: Some("jane@bastion".into()),
            gate_failed: Some(true),
            profile: Some(EvidenceProfile { name: "acme|\u{1b}[2J".into(), version: "3".into(), digest: Digest::of(b"profile") }),
            verdict: Some(Verdict::Fail),
            judged: None,
            intact: true,
            signature: SignatureState::Missing,
            key: None,
            chained: None,
        };
        let change = VerdictChange { run: name.clone(), check: "NET-001".into(), before: None, after: Some(Verdict::Unverified), same_profile: false };
        Period {
            schema: 1,
            from: noon(),
            to: noon(),
            verdict: Verdict::Fail,
            trust_asked: true,
            head: false,
            runs: vec![run],
            gaps: vec![Gap { from: noon(), to: noon(), seconds: 95_000 }],
            changes: vec![change],
            exceptions: vec![Borne {
                check: "PSS-001".into(),
                subject: "Pod <b>a".to_owned().into(),
                exception: "it fails, and the exception EXC-1 covers it".into(),
                first: name.clone(),
                last: name.clone(),
            }],
            in_force: vec![KeptException {
                exception: ExceptionInForce {
                    id: "EXC-1|\u{1b}[2J".into(),
                    checks: vec!["CPL-001/1.2.7".into(), "PSS-001".into()],
                    approved_by: "jane <b>".into(),
                    ticket: "SEC-1".into(),
                    expires: "2027-01-31".into(),
                    used: false,
                },
                first: name.clone(),
                last: name.clone(),
            }],
            plan_runs: vec![
                carried_out(PlanRun { ended: Some(noon()), outcome: Some("done".into()), approved: ApprovedBy::Prompt, ..begun() }),
                carried_out(PlanRun { by: "mallory|\u{1b}[2J".into(), ..begun() }),
            ],
            unaccounted: vec![
                Unaccounted {
                    namespaces: vec!["airlock".into(), "airlock-shop".into()],
                    after: Some(RunName::new(6, noon())),
                    before: Some(name),
                    why: "the journals that are kept all began since".into(),
                },
                Unaccounted { namespaces: Vec::new(), after: None, before: None, why: "missing right: <b>\u{202e}".into() },
            ],
            findings: vec![EvidenceFinding { code: Code("evidence.unsigned"), run: Some("000007-20261124T120000Z".into()), file: None, observed: "nobody signed it".into() }],
        }
    }

    #[test]
    fn every_part_of_a_time_has_its_table() {
        insta::assert_snapshot!("period_text", period(&sample(), Form::Text));
        insta::assert_snapshot!("period_markdown", period(&sample(), Form::Markdown));
    }

    #[test]
    fn what_did_not_happen_is_said_too() {
        let nothing = Period {
            verdict: Verdict::Unverified,
            runs: Vec::new(),
            gaps: Vec::new(),
            changes: Vec::new(),
            exceptions: Vec::new(),
            in_force: Vec::new(),
            plan_runs: Vec::new(),
            unaccounted: Vec::new(),
            findings: Vec::new(),
            ..sample()
        };
        insta::assert_snapshot!("period_of_nothing", period(&nothing, Form::Text));
    }
}
