//! A request that must be refused, judged beside one that must be accepted: a refused attempt alone proves nothing.

use airlock_model::{AttemptId, AttemptResult, Finding, Outcome, Snapshot};

use crate::attempts::{outcome, words};
use crate::described::{Described, Resting};

/// Passes when the first attempt was answered 401 or 403 while the second, its control, was accepted. The last pair
/// says what the control is called, and by which status it counts as accepted.
pub(crate) fn refused_beside(check: &Described, given: &Snapshot, (tried, control): (&AttemptId, &AttemptId), (name, accepts): (&str, fn(u16) -> bool), subject: String) -> Finding {
    let tried = match outcome(given, tried) {
        Ok(tried) => tried,
        Err(reason) => return check.unverified(subject, reason),
    };
    // Getting in is a proof in itself, whatever became of the control.
    if status(tried).is_some_and(is_success) {
        return check.fail(subject, words(&tried.result)).tried([tried]);
    }
    let control = match outcome(given, control) {
        Ok(control) => control,
        Err(reason) => return check.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; {name}: {}", words(&tried.result), words(&control.result));
    let is_proved = matches!(status(tried), Some(401 | 403)) && status(control).is_some_and(accepts);
    let finding = if is_proved { check.pass(subject, observed) } else { check.unverified(subject, observed) };
    finding.tried([tried, control])
}

/// Successful (RFC 9110 §15.3).
pub(crate) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

const fn status(outcome: &Outcome) -> Option<u16> {
    match &outcome.result {
        AttemptResult::Answered { status, .. } => Some(*status),
        _ => None,
    }
}
