//! Findings that end a run, in one line.

use crate::Finding;

/// Names the heaviest of the findings that block, the first of equals: scripts and people read one line.
pub fn blocking_line(findings: &[Finding]) -> String {
    let heaviest = findings.iter().rev().max_by_key(|finding| (finding.severity, finding.verdict));
    let Some(heaviest) = heaviest else { return "the run is blocked".to_owned() };
    let named = format!("{} ({})", heaviest.check, heaviest.subject);
    match findings.len() - 1 {
        0 => format!("{named} blocks the run"),
        1 => format!("{named} and 1 more finding block the run"),
        more => format!("{named} and {more} more findings block the run"),
    }
}
