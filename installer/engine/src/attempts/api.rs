//! Attempts at the API server itself: what it tells strangers and accounts, and which pods it would admit.

use std::collections::BTreeMap;
use std::time::Instant;

use airlock_cluster::{Cluster, ClusterError};
use airlock_model::{ApiCaller, Attempt, AttemptAction, AttemptResult, Object, ObjectRef, Outcome, PathStatus, with_causes};
use jiff::Timestamp;
use serde_json::Value;

use super::prometheus;

/// Carries one out. `image`: Airlock's own, as nodes pull it.
pub(super) async fn carry_out(cluster: &Cluster, attempt: &Attempt, image: &str) -> Outcome {
    let (started, clock) = (Timestamp::now(), Instant::now());
    let result = match &attempt.action {
        AttemptAction::AskApi { path, caller } => ask(cluster, path, caller).await,
        AttemptAction::Identify { account } => identify(cluster, account).await,
        AttemptAction::ReadSecrets { account, of } => read_secrets(cluster, account, of).await.map_or_else(|error| not_carried_out(&with_causes(&error)), AttemptResult::Statuses),
        AttemptAction::AskPrometheus { pod, question } => prometheus::ask(cluster, pod, question).await,
        AttemptAction::Admit { manifest } => admit(cluster, manifest, image).await,
        _ => not_carried_out("the API server is asked, shown pods, and leads to Prometheus, and nothing else"),
    };
    let took_millis = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
    Outcome { attempt: attempt.id.clone(), result, source: None, destination: None, started, took_millis }
}

async fn ask(cluster: &Cluster, path: &str, caller: &ApiCaller) -> AttemptResult {
    let answered = match caller {
        ApiCaller::User => cluster.status_at(path).await,
        ApiCaller::Stranger => match cluster.as_stranger() {
            Ok(stranger) => stranger.status_at(path).await,
            Err(error) => Err(error),
        },
    };
    answered.map_or_else(|error| not_carried_out(&with_causes(&error)), status)
}

async fn identify(cluster: &Cluster, account: &ObjectRef) -> AttemptResult {
    let bearer = match cluster.as_account(account).await {
        Ok(bearer) => bearer,
        // No token is made for an account that is not there.
        Err(ClusterError::NotFound { .. }) => return status(404),
        Err(error) => return not_carried_out(&with_causes(&error)),
    };
    match bearer.caller().await {
        Ok(caller) => AttemptResult::KnownAs(caller.user.into()),
        Err(ClusterError::Unauthorized { .. }) => status(401),
        Err(error) => not_carried_out(&with_causes(&error)),
    }
}

const fn status(status: u16) -> AttemptResult {
    AttemptResult::Answered { status, challenge: None, location: None, transport_security: None, allowed_origin: None }
}

/// What is answered to the account: the status of each answer, and nothing else of it.
async fn read_secrets(cluster: &Cluster, account: &ObjectRef, of: &BTreeMap<String, Vec<String>>) -> Result<Vec<PathStatus>, ClusterError> {
    let account = cluster.as_account(account).await?;
    let mut answered = Vec::new();
    for (namespace, names) in of {
        let all = format!("/api/v1/namespaces/{namespace}/secrets");
        let path = format!("{all}?limit=1");
        answered.push(PathStatus { status: account.status_at(&path).await?, path });
        for name in names {
            let path = format!("{all}/{name}");
            answered.push(PathStatus { status: account.status_of_object_at(&path).await?, path });
        }
    }
    Ok(answered)
}

async fn admit(cluster: &Cluster, manifest: &Value, image: &str) -> AttemptResult {
    let mut manifest = manifest.clone();
    for container in manifest.pointer_mut("/spec/containers").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
        container.entry("image").or_insert_with(|| image.into());
    }
    let pod = match Object::new(manifest) {
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
