//! Carries out attempts as a step. Those without a control must succeed; those with one are there to be refused, and
//! whether they were is for a check to judge.

use std::time::Duration;

use airlock_model::{Attempt, AttemptResult, Outcome, PlannedStep, Untrusted, names};

use crate::ApplyError;
use crate::attempts::{self, ProbeSite};
use crate::run::Run;

/// For all attempts of a step.
const DEADLINE: Duration = Duration::from_mins(2);

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, attempts: &[Attempt]) -> Result<(), ApplyError> {
    let image = run.plan.images.get(names::OWN_IMAGE).ok_or_else(|| ApplyError::PlanMalformed { reason: "the plan has no image for attempts".to_owned() })?;
    let site = ProbeSite { image: image.pinned(), deadline: DEADLINE };
    let outcomes = attempts::carry_out(run.cluster, attempts, &site, &run.halt, run.events).await?;
    for attempt in attempts.iter().filter(|attempt| attempt.control.is_none()) {
        let outcome = outcomes.iter().find(|outcome| outcome.attempt == attempt.id);
        if !outcome.is_some_and(has_succeeded) {
            let seen = outcome.map_or_else(|| "it was not carried out".to_owned(), |outcome| words(&outcome.result));
            return Err(ApplyError::ProbeFailed { step: step.id.clone(), attempt: attempt.id.to_string(), seen: Untrusted::new(seen) });
        }
    }
    Ok(())
}

fn has_succeeded(outcome: &Outcome) -> bool {
    match &outcome.result {
        AttemptResult::Connected
        | AttemptResult::Handshaken(_)
        | AttemptResult::Resolved(_)
        | AttemptResult::LoggedIn(_)
        | AttemptResult::Told(_)
        | AttemptResult::Admitted
        | AttemptResult::Measured(_)
        | AttemptResult::Rules(_)
        | AttemptResult::Deliveries(_)
        | AttemptResult::KnownAs(_)
        | AttemptResult::Statuses(_)
        | AttemptResult::SeenFrom(_)
        | AttemptResult::Pulled
        | AttemptResult::Scanned(_) => true,
        AttemptResult::Answered { status, .. } => *status < 400,
        _ => false,
    }
}

/// What was seen, in words.
pub(crate) fn words(result: &AttemptResult) -> String {
    match result {
        AttemptResult::Answered { status, .. } => format!("HTTP status {status}"),
        AttemptResult::Unanswered(how) => format!("the server did not answer: {}", how.raw()),
        AttemptResult::NoSuchName => "the name does not exist".to_owned(),
        AttemptResult::Refused => "the connection was refused".to_owned(),
        AttemptResult::TimedOut => "nothing came back in time".to_owned(),
        AttemptResult::TlsRefused { alert } => alert.map_or_else(|| "the TLS handshake was ended".to_owned(), |alert| format!("the TLS handshake was ended with alert {alert}")),
        AttemptResult::Untrusted { reason, .. } => format!("the certificate does not verify: {}", reason.raw()),
        AttemptResult::NotCarriedOut(reason) => reason.raw().to_owned(),
        other => format!("{other:?}"),
    }
}
