//! Attempts at the API server itself: what it tells strangers, and which pods it would admit.

use std::time::Instant;

use airlock_cluster::{Cluster, ClusterError};
use airlock_model::{ApiCaller, Attempt, AttemptAction, AttemptResult, Object, Outcome, with_causes};
use jiff::Timestamp;

/// Carries one out.
pub(super) async fn carry_out(cluster: &Cluster, attempt: &Attempt) -> Outcome {
    let (started, clock) = (Timestamp::now(), Instant::now());
    let result = match &attempt.action {
        AttemptAction::AskApi { path, caller } => ask(cluster, path, *caller).await,
        AttemptAction::Admit { manifest } => admit(cluster, manifest).await,
        _ => not_carried_out("the API server is asked and shown pods, and nothing else"),
    };
    let took_millis = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    Outcome { attempt: attempt.id.clone(), result, source: None, destination: None, started, took_millis }
}

async fn ask(cluster: &Cluster, path: &str, caller: ApiCaller) -> AttemptResult {
    let answered = match caller {
        ApiCaller::User => cluster.status_at(path).await,
        ApiCaller::Stranger => match cluster.as_stranger() {
            Ok(stranger) => stranger.status_at(path).await,
            Err(error) => Err(error),
        },
    };
    match answered {
        Ok(status) => AttemptResult::Answered { status, challenge: None, location: None, transport_security: None },
        Err(error) => not_carried_out(&with_causes(&error)),
    }
}

async fn admit(cluster: &Cluster, manifest: &serde_json::Value) -> AttemptResult {
    let pod = match Object::new(manifest.clone()) {
        Ok(pod) => pod,
        Err(error) => return not_carried_out(&with_causes(&error)),
    };
    match cluster.rehearse_creation(&pod).await {
        Ok(()) => AttemptResult::Admitted,
        Err(ClusterError::Refused { message, .. }) => AttemptResult::NotAdmitted { message },
        Err(error) => not_carried_out(&with_causes(&error)),
    }
}

fn not_carried_out(reason: &str) -> AttemptResult {
    AttemptResult::NotCarriedOut(reason.to_owned().into())
}
