//! What checks of the database server have in common.

use airlock_model::{AttemptResult, Finding, Severity, Snapshot, Verdict, WorldDeployment};

use crate::attempts::{Inquiry, outcome};
use crate::described::{Described, Resting};

/// Judges what the server told the role of a deployment.
pub(super) fn asked(texts: &Described, given: &Snapshot, (inquiry, of): (Inquiry, &WorldDeployment), subject: String, judge: impl FnOnce(String, &AttemptResult) -> Finding) -> Finding {
    match outcome(given, &inquiry.id(of)) {
        Ok(asked) => judge(subject, &asked.result).tried([asked]),
        Err(reason) => texts.unverified(subject, reason),
    }
}

/// Whether the customer runs the server, and others may use it too.
pub(super) fn is_theirs(given: &Snapshot) -> bool {
    given.world.database.as_ref().is_some_and(|server| server.existing)
}

/// What fails on a server of the customer's and is the customer's to say is a warning there.
pub(super) fn theirs_to_say(given: &Snapshot, finding: Finding) -> Finding {
    if finding.verdict != Verdict::Fail || !is_theirs(given) {
        return finding;
    }
    let observed = format!("{}; the server is the customer's own", finding.observed.raw());
    Finding { verdict: Verdict::Warn, severity: Severity::Medium, observed: observed.into(), ..finding }
}

/// Lines as one.
pub(super) fn listed(lines: &str) -> String {
    lines.lines().collect::<Vec<_>>().join(", ")
}
