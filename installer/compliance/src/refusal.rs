//! What must be refused, judged beside what must be accepted: a refused attempt alone proves nothing.

use airlock_model::{AttemptId, AttemptResult, Finding, Snapshot};

use crate::attempts::{outcome, words};
use crate::described::{Described, Resting};

/// How results are read.
pub(crate) struct Reading {
    /// What the control is called.
    pub(crate) control: &'static str,
    /// Of the control: it was accepted.
    pub(crate) is_accepted: fn(&AttemptResult) -> bool,
    /// Somebody came in who must not.
    pub(crate) is_let_in: fn(&AttemptResult) -> bool,
    /// The server itself said no.
    pub(crate) is_refused: fn(&AttemptResult) -> bool,
}

impl Reading {
    /// Of requests that are refused with 401 or 403 (RFC 9110 §15.5).
    pub(crate) const fn of_requests(control: &'static str, is_accepted: fn(&AttemptResult) -> bool) -> Self {
        Self { control, is_accepted, is_let_in: is_success, is_refused: |result| matches!(result, AttemptResult::Answered { status: 401 | 403, .. }) }
    }

    /// Of logins at a database server.
    pub(crate) const fn of_logins(control: &'static str, is_refused: fn(&AttemptResult) -> bool) -> Self {
        Self { control, is_accepted: is_told, is_let_in: is_told, is_refused }
    }
}

/// Passes when the first attempt was refused while the second, its control, was accepted.
pub(crate) fn refused_beside(check: &Described, given: &Snapshot, (tried, control): (&AttemptId, &AttemptId), reading: &Reading, subject: String) -> Finding {
    let tried = match outcome(given, tried) {
        Ok(tried) => tried,
        Err(reason) => return check.unverified(subject, reason),
    };
    // Getting in is a proof in itself, whatever became of the control.
    if (reading.is_let_in)(&tried.result) {
        return check.fail(subject, words(&tried.result)).tried([tried]);
    }
    let control = match outcome(given, control) {
        Ok(control) => control,
        Err(reason) => return check.unverified(subject, reason).tried([tried]),
    };
    let observed = format!("{}; {}: {}", words(&tried.result), reading.control, words(&control.result));
    let is_proved = (reading.is_refused)(&tried.result) && (reading.is_accepted)(&control.result);
    let finding = if is_proved { check.pass(subject, observed) } else { check.unverified(subject, observed) };
    finding.tried([tried, control])
}

/// Successful (RFC 9110 §15.3).
pub(crate) fn is_success(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Answered { status: 200..300, .. })
}

/// A database server let in and answered.
pub(crate) const fn is_told(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Told(_))
}

/// SQLSTATE of a refusal.
pub(crate) fn state(result: &AttemptResult) -> Option<&str> {
    match result {
        AttemptResult::SqlRefused { state, .. } => Some(state),
        _ => None,
    }
}
