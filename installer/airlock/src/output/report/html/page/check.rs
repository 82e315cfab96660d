//! The part of the page about one check, and about each of its findings.

use airlock_model::{Finding, Verdict};
use airlock_platform::{CheckSummary, Report, standing};
use serde::Serialize;

use super::super::super::super::{counted, explanation, findings};
use super::{Mark, safe};

/// A check.
#[derive(Serialize)]
pub(super) struct CheckPart {
    id: String,
    title: String,
    result: Mark,
    gate: bool,
    severity: String,
    looks_at: String,
    promises: String,
    references: String,
    said: String,
    findings: Vec<FindingPart>,
}

#[derive(Serialize)]
struct FindingPart {
    result: Mark,
    subject: String,
    /// Where it stands: seen, expected, and so on, each only where there is something to tell.
    facts: Vec<(&'static str, String)>,
    fix: Vec<Fix>,
    evidence: Vec<String>,
}

#[derive(Serialize)]
struct Fix {
    text: String,
    command: Option<String>,
}

impl CheckPart {
    pub(super) fn of(report: &Report, check: &CheckSummary) -> Self {
        let standing = standing(&check.id);
        let because = if standing.id == check.id { format!(": {}", standing.because) } else { String::new() };
        let references: Vec<String> = check.references.iter().map(|reference| format!("{} {} {}", reference.framework, reference.version, reference.id)).collect();
        let listed: Vec<FindingPart> = report.findings.iter().filter(|finding| finding.check == check.id).map(FindingPart::of).collect();
        Self {
            id: safe(&check.id),
            title: safe(&check.title),
            result: Mark::of(Some(check.verdict)),
            gate: check.gate_failed,
            severity: format!("{}{because}", explanation::severity(check.severity)),
            looks_at: check.explanation().map_or_else(String::new, safe),
            promises: safe(&check.promises.join(", ")),
            references: safe(&references.join("; ")),
            said: said(check.findings, listed.len()),
            findings: listed,
        }
    }
}

/// Passes are counted, and listed only on demand.
fn said(all: usize, listed: usize) -> String {
    match all.saturating_sub(listed) {
        0 => counted(all, "finding", "findings"),
        unlisted if listed == 0 => format!("{}; what passes is listed with --all", counted(unlisted, "finding, which passes", "findings, which pass")),
        unlisted => format!("{} of {}; the others pass and are listed with --all", listed, counted(listed + unlisted, "finding", "findings")),
    }
}

impl FindingPart {
    fn of(finding: &Finding) -> Self {
        let explained = !matches!(finding.verdict, Verdict::Pass | Verdict::Attested | Verdict::NotApplicable);
        let mut facts = vec![("Seen", finding.observed.to_string())];
        facts.push(("Expected", safe(&finding.expected)));
        facts.extend(finding.path.as_ref().map(|path| ("Field", path.to_string())));
        facts.push(("Why it matters", if explained { safe(&finding.why) } else { String::new() }));
        facts.retain(|(_, text)| !text.is_empty());
        let fixes = finding.fix.iter().filter(|_| explained);
        Self {
            result: Mark::of(Some(finding.verdict)),
            subject: finding.subject.to_string(),
            facts,
            fix: fixes.map(|fix| Fix { text: safe(&fix.text), command: fix.command.as_deref().map(lines) }).collect(),
            evidence: finding.evidence.iter().map(findings::rests_on).collect(),
        }
    }
}

/// A command may have several lines; within one nothing may move or reorder it.
fn lines(text: &str) -> String {
    text.split('\n').map(safe).collect::<Vec<_>>().join("\n")
}
