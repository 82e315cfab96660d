//! The report of a compliance check: what is about to be tried, then a line a check, then what is not as it should be.

mod circumstances;
mod csv;
mod html;
mod junit;
mod markdown;
mod oscal;
mod policy_report;
mod sarif;

use std::cmp::Reverse;
use std::fmt::Write as _;

use airlock_model::bounds::{ROUNDS, TRIES};
use airlock_model::{Attempt, Finding, Reason, Target, Vantage, Verdict};
use airlock_platform::{CheckSummary, PromiseSummary, Report};

pub(crate) use circumstances::{Circumstances, Judged};
pub(crate) use csv::csv;
pub(crate) use html::html;
pub(crate) use junit::junit;
pub(crate) use markdown::{markdown, plain};
pub(crate) use oscal::oscal;
pub(crate) use policy_report::{PolicyApi, policy_reports};
pub(crate) use sarif::sarif;

use super::admitted::admitted;
use super::controls::controls;
use super::counted;
use super::findings;
use super::style::{Ink, Style};

/// The attempts before they are made, so that nobody is surprised by what appears in a log.
pub(crate) fn intended(attempts: &[Attempt]) -> String {
    if attempts.is_empty() {
        return "no attempts: everything is judged by what is read\n".into();
    }
    let scans = attempts.iter().any(|attempt| matches!(attempt.from, Vantage::LetIn { .. }));
    let made = if scans { "pods for them, and policies that let scans in," } else { "pods for them" };
    let mut text = format!("{} will be made; {made} are removed afterwards\n", counted(attempts.len(), "attempt", "attempts"));
    let _ = writeln!(text, "each opens {TRIES} connections to an address and port at most, or {} from a pod, where it is repeated until its answer is steady", TRIES * ROUNDS);
    text += "nothing is written at a target but where a line says so:\n";
    for attempt in attempts {
        let _ = writeln!(text, "  {}: from {} to {}, {}{}", attempt.id.0, from(&attempt.from), to(&attempt.target), attempt.purpose, extent(attempt));
    }
    text
}

/// What of an attempt is not as of most.
fn extent(attempt: &Attempt) -> String {
    let of_most = if attempt.from == Vantage::Workstation { TRIES } else { TRIES * ROUNDS };
    let connections = match attempt.count() {
        None => "; as often as the kubelet pulls".to_owned(),
        Some(0) => "; no connection".to_owned(),
        Some(count) if attempt.target == Target::KubernetesApi => format!("; {count} requests at most"),
        Some(count) if count == of_most => String::new(),
        Some(count) => format!("; {count} connections at most"),
    };
    connections + &attempt.writes().map(|written| format!("; writes {written}")).unwrap_or_default()
}

fn from(vantage: &Vantage) -> String {
    match vantage {
        Vantage::Workstation => "here".into(),
        Vantage::Pod { namespace, .. } | Vantage::LetIn { namespace } => format!("a pod in {namespace}"),
        Vantage::Node { pool, .. } => format!("a node of pool {pool}"),
    }
}

fn to(target: &Target) -> String {
    match target {
        Target::Address { host, port } | Target::Postgres { host, port } => format!("{host}:{port}"),
        Target::Listener { namespace, port, .. } => format!("a listening pod in {namespace}, port {port}"),
        Target::KubernetesApi => "the Kubernetes API".into(),
        Target::Pods { namespace, .. } => format!("the pods of {namespace}"),
    }
}

/// The whole report.
pub(crate) fn report(report: &Report, style: Style, verbose: bool) -> String {
    let mut text = match report.profile.version.as_str() {
        "" => format!("{}\n\n", style.heading("Every check with its defaults, unless flags say otherwise")),
        version => format!("{}\n  {}\n\n", style.heading(&format!("Profile {} {version} of {}", report.profile.name, report.profile.owner)), report.digest),
    };
    if let Some(installed) = &report.installed {
        let _ = writeln!(text, "{} this is not the profile of the installation, which is\n  {installed}\n", style.paint(Ink::Yellow, "!"));
    }
    let is_shown = |check: &&CheckSummary| verbose || check.reason != Some(Reason::OtherSource);
    for check in report.checks.iter().filter(is_shown) {
        let subjects = if check.findings > 1 { style.paint(Ink::Faint, &format!(" ({})", counted(check.findings, "finding", "findings"))) } else { String::new() };
        let _ = writeln!(text, "{} {:<8} {}{subjects}", style.verdict(check.verdict), check.id, check.title);
    }
    let hidden = report.checks.len() - report.checks.iter().filter(is_shown).count();
    if hidden > 0 {
        let _ = writeln!(text, "{} {} that this source shows nothing of", style.paint(Ink::Faint, "–"), counted(hidden, "check", "checks"));
    }
    text.push_str(&controls(&report.controls, style));
    text.push_str(&promises(report, style));
    let has_passes = report.findings.iter().any(|finding| finding.verdict == Verdict::Pass);
    let shown: Vec<Finding> = report.findings.iter().filter(|finding| verbose || finding.verdict != Verdict::NotApplicable).cloned().collect();
    if !shown.is_empty() {
        let _ = writeln!(text, "\n{}", style.heading(if verbose || has_passes { "All findings" } else { "What is not as it should be, or not shown" }));
        text.push_str(&findings::findings(&shown, style, verbose));
    }
    text.push_str(&admitted(report.admitted.as_ref(), style, verbose));
    let gate = if report.summary.gate_failed { style.paint(Ink::Red, "✗ the gate fails") } else { style.paint(Ink::Green, "✓ the gate passes") };
    let tally = findings::tally(|verdict| report.summary.counts.get(&verdict).copied().unwrap_or_default());
    let score = report.summary.score.map_or_else(String::new, |score| format!("{}\n", score.words()));
    let _ = writeln!(text, "\n{tally}\n{score}{gate}");
    text
}

/// What is promised and how far it was shown, what fails first; what nothing was tried for stands in a line of its own.
fn promises(report: &Report, style: Style) -> String {
    let mut text = format!("\n{}\n", style.heading("By promise, as far as checks look (docs/security.md says where they do not)"));
    let mut uncovered = Vec::new();
    let mut promises: Vec<&PromiseSummary> = report.promises.iter().collect();
    promises.sort_by_key(|promise| Reverse(promise.verdict));
    for promise in promises {
        match promise.verdict {
            Some(verdict) => {
                let checks = style.paint(Ink::Faint, &format!(" ({})", counted(promise.checks, "check", "checks")));
                let _ = writeln!(text, "{} {:<8} {}{checks}", style.verdict(verdict), promise.id, promise.title);
            }
            None => uncovered.push(promise.id.as_str()),
        }
    }
    if !uncovered.is_empty() {
        let _ = writeln!(text, "{} no check of this profile stands for {}", style.paint(Ink::Faint, "–"), uncovered.join(", "));
    }
    text
}

/// Why the gate fails, in one line: the heaviest of what it refuses.
pub(crate) fn refusal(report: &Report) -> String {
    let refused = || report.checks.iter().filter(|check| check.gate_failed);
    let gate = if report.profile.version.is_empty() { "the gate".to_owned() } else { format!("the gate of the profile {}", report.profile.name) };
    if let Some(score) = report.summary.score.filter(|score| score.fails() && refused().next().is_none()) {
        return format!("{} fails {gate}", score.words());
    }
    // Findings stand by their weight.
    let heaviest = report.findings.iter().find(|finding| refused().any(|check| check.id == finding.check));
    let named = heaviest.map_or_else(|| "a check".to_owned(), |finding| format!("{} ({})", finding.check, finding.subject));
    let others = match refused().count().saturating_sub(1) {
        0 => " fails".to_owned(),
        others => format!(" and {} fail", counted(others, "more check", "more checks")),
    };
    format!("{named}{others} {gate}")
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples;
    use super::*;

    #[test]
    fn attempts_are_listed_before_they_are_made() {
        insta::assert_snapshot!(intended(&samples::attempts()));
        assert!(intended(&[]).starts_with("no attempts"));
    }

    #[test]
    fn a_gate_that_fails_names_the_heaviest_of_what_it_refuses() {
        let mut judged = samples::report();
        assert_eq!(refusal(&judged), "CAP-001 (the cluster) and 1 more check fail the gate of the profile baseline");
        judged.checks[1].gate_failed = false;
        assert_eq!(refusal(&judged), "QTA-001 (namespace airlock) fails the gate of the profile baseline");
    }

    #[test]
    fn promises_that_fail_stand_first() {
        let mut judged = samples::report();
        for (promise, verdict) in judged.promises.iter_mut().zip([Some(Verdict::Pass), None, Some(Verdict::Fail), Some(Verdict::Unverified), Some(Verdict::Fail)]) {
            promise.verdict = verdict;
        }
        let screen = promises(&judged, Style::default());
        let ids: Vec<&str> = screen.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('P') && word.len() == 2)).collect();
        assert_eq!(ids, ["P3", "P5", "P4", "P1"], "{screen}");
    }

    #[test]
    fn a_report_gives_a_line_a_check_and_the_reasons() {
        insta::assert_snapshot!(report(&samples::report(), Style::default(), false));
    }
}
