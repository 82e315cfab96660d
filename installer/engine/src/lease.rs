//! The lease of a run: taken before the first write but that of the namespace, kept warm, given back.
//!
//! A holder that was killed keeps its lease until it expires. So a run that finds it held watches it for as long: a
//! heartbeat meanwhile means that the holder lives and this run ends; silence means that it is dead and this run takes over.

use std::time::Duration;

use airlock_cluster::{Cluster, ClusterError, HeldLease};
use airlock_model::{Event, Events, ObjectRef, Silence, StepId, Untrusted, names};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{ApplyError, Halt, identity};

/// How long a lease holds without a heartbeat.
const DURATION: Duration = Duration::from_secs(15);
/// A heartbeat; three may fail in a row before the lease expires.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How often a lease that is held by another is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Giving it back is a courtesy to the next run; it is not waited for longer.
const RELEASE_WITHIN: Duration = Duration::from_secs(5);

/// Takes the lease. While a silent holder's lease expires, the run says so.
pub(crate) async fn take(cluster: &Cluster, namespace: &str, holder: &str, halt: &Halt, events: &dyn Events) -> Result<HeldLease, ApplyError> {
    let mut first: Option<Timestamp> = None;
    loop {
        let held = halt.or(cluster.lease_acquire(namespace, names::LEASE, holder, DURATION)).await?;
        match held {
            Ok(lease) => return Ok(lease),
            Err(ClusterError::LeaseHeld { object, holder, since, renewed }) => {
                match first {
                    Some(first) if first != renewed => return Err(ApplyError::LeaseHeld { holder, since }),
                    Some(_) => {}
                    None => tell(&object, &holder, events),
                }
                first = Some(renewed);
                halt.or(sleep(LOOK_EVERY)).await?;
            }
            Err(error) => return Err(ApplyError::of(error)),
        }
    }
}

fn tell(object: &ObjectRef, holder: &Untrusted<String>, events: &dyn Events) {
    let cause = format!("{} held it and may be dead; without a heartbeat it passes on within {} s", holder.raw(), DURATION.as_secs());
    events.send(Event::Waiting { step: StepId::from("lease"), object: object.clone(), cause: Untrusted::new(cause) });
}

/// Whether a run is at work.
#[derive(Debug)]
pub(crate) enum Occupancy {
    /// No run has taken the lease yet: who has just made the namespace is about to.
    Never,
    /// The last holder gave it back or is silent for longer than it holds, or it cannot be read.
    Free,
    /// The error that says who holds it.
    Held(ApplyError),
}

/// Whether a run is at work right now.
pub(crate) async fn occupancy(cluster: &Cluster, namespace: &str) -> Occupancy {
    match cluster.get(&ObjectRef::namespaced("coordination.k8s.io/v1", "Lease", namespace, names::LEASE)).await {
        Ok(Some(lease)) => at_work(&lease.manifest, Timestamp::now()).map_or(Occupancy::Free, Occupancy::Held),
        Ok(None) => Occupancy::Never,
        Err(_) => Occupancy::Free,
    }
}

fn at_work(lease: &Value, now: Timestamp) -> Option<ApplyError> {
    let text = |field: &str| lease.get("spec")?.get(field)?.as_str();
    let time = |field: &str| text(field)?.parse::<Timestamp>().ok();
    let holder = text("holderIdentity").filter(|holder| !holder.is_empty())?;
    let renewed = time("renewTime")?;
    let silent = now.duration_since(renewed).unsigned_abs();
    (silent <= DURATION).then(|| ApplyError::LeaseHeld { holder: Untrusted::new(holder.to_owned()), since: time("acquireTime").unwrap_or(renewed) })
}

/// Keeps the lease warm; comes back only when it is lost, with the reason.
pub(crate) async fn keep(cluster: &Cluster, lease: &mut HeldLease) -> String {
    let mut kept = Instant::now();
    loop {
        sleep(HEARTBEAT).await;
        match tokio::time::timeout(HEARTBEAT, cluster.lease_renew(lease)).await {
            Ok(Ok(())) => kept = Instant::now(),
            Ok(Err(error @ ClusterError::LeaseLost { .. })) => return error.to_string(),
            // Another run may take it as soon as it expires; that must not be in the middle of our next write.
            Ok(Err(error)) if kept.elapsed() + HEARTBEAT >= DURATION => return format!("the heartbeat failed: {error}"),
            Err(_) if kept.elapsed() + HEARTBEAT >= DURATION => return "the heartbeat got no answer".to_owned(),
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

/// Carries out work with the heartbeat beside it. When that ends, the work hears of it before its next write.
pub(crate) async fn beside<T>(heartbeat: impl Future<Output = String>, halt: &Halt, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    let reason = tokio::select! {
        biased;
        done = &mut work => return done,
        reason = heartbeat => reason,
    };
    halt.lease_lost(reason);
    work.await
}

/// Carries out work that is no plan while no run is at work on the installation, and none begins. `work` asks `halt` before it writes.
pub async fn while_held<T, E: From<ApplyError>>(cluster: &Cluster, namespace: &str, by: &str, halt: &Halt, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let holder = format!("{by} run {}", identity::fresh()?);
    let mut lease = take(cluster, namespace, &holder, halt, &Silence).await?;
    let outcome = beside(keep(cluster, &mut lease), halt, work).await;
    release(cluster, lease).await;
    outcome
}

/// Gives it back. What fails here only lets the next run wait for the expiry.
pub(crate) async fn release(cluster: &Cluster, lease: HeldLease) {
    match tokio::time::timeout(RELEASE_WITHIN, cluster.lease_release(lease)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the lease was not given back"),
        Err(_) => tracing::debug!("the lease was not given back in time"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_holder_is_at_work_while_its_heartbeat_is_young() {
        let now: Timestamp = "2026-11-24T04:00:10Z".parse().unwrap();
        let lease = |holder: &str, renewed: &str| json!({"spec": {"holderIdentity": holder, "acquireTime": "2026-11-24T03:00:00.000000Z", "renewTime": renewed}});
        let Some(ApplyError::LeaseHeld { holder, since }) = at_work(&lease("a", "2026-11-24T04:00:00.000000Z"), now) else { panic!("nobody is at work") };
        assert_eq!((holder.raw(), since.to_string().as_str()), ("a", "2026-11-24T03:00:00Z"));
        assert!(at_work(&lease("a", "2026-11-24T03:59:00Z"), now).is_none());
        assert!(at_work(&lease("", "2026-11-24T04:00:00Z"), now).is_none());
        assert!(at_work(&json!({"spec": {}}), now).is_none());
    }
}
