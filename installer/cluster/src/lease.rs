//! The Lease that only one run holds: taken, kept warm, given back. All times are the API server's.

use std::time::Duration;

use airlock_model::{ObjectRef, Untrusted};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};

use crate::call::{Call, Reply};
use crate::{Cluster, ClusterError};

const API: &str = "coordination.k8s.io/v1";

/// A Lease that we hold. It is to be renewed well before its duration ends, and released.
#[derive(Clone, Debug)]
pub struct HeldLease {
    object: ObjectRef,
    holder: String,
    duration: Duration,
    acquired: Timestamp,
    resource_version: Option<String>,
    /// Without it a write would make a Lease anew that was deleted meanwhile: the API server creates Leases on update.
    uid: Option<String>,
    /// Another run had it before and let it expire.
    pub taken_over_from: Option<Untrusted<String>>,
}

impl HeldLease {
    /// Who holds it.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// How long it holds without a heartbeat.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// What the next write has to meet.
    fn has_seen(&mut self, stored: Option<&Lease>) {
        self.resource_version = stored.and_then(|lease| lease.metadata.resource_version.clone());
        self.uid = stored.and_then(|lease| lease.metadata.uid.clone());
    }

    fn lease(&self, holder: Option<&str>, now: Timestamp) -> Lease {
        Lease {
            metadata: ObjectMeta {
                name: Some(self.object.name.clone()),
                namespace: self.object.namespace.clone(),
                resource_version: self.resource_version.clone(),
                uid: self.uid.clone(),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: holder.map(str::to_owned),
                acquire_time: Some(MicroTime(self.acquired)),
                renew_time: Some(MicroTime(now)),
                lease_duration_seconds: i32::try_from(self.duration.as_secs()).ok(),
                ..LeaseSpec::default()
            }),
        }
    }
}

/// What a stored Lease says at a time.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Free,
    Ours,
    Expired(String),
    Held { holder: String, since: Timestamp, renewed: Timestamp },
}

fn standing(lease: &Lease, holder: &str, now: Timestamp) -> Standing {
    let Some(spec) = &lease.spec else { return Standing::Free };
    let Some(by) = spec.holder_identity.as_deref().filter(|by| !by.is_empty()) else { return Standing::Free };
    if by == holder {
        return Standing::Ours;
    }
    let renewed = spec.renew_time.as_ref().or(spec.acquire_time.as_ref()).map_or(Timestamp::UNIX_EPOCH, |time| time.0);
    let since = spec.acquire_time.as_ref().map_or(renewed, |time| time.0);
    let seconds = i64::from(spec.lease_duration_seconds.unwrap_or(0));
    if now.duration_since(renewed) > SignedDuration::from_secs(seconds) { Standing::Expired(by.to_owned()) } else { Standing::Held { holder: by.to_owned(), since, renewed } }
}

impl Cluster {
    /// Takes the Lease, also from a holder whose heartbeat stopped; an error when another run holds it.
    pub async fn lease_acquire(&self, namespace: &str, name: &str, holder: &str, duration: Duration) -> Result<HeldLease, ClusterError> {
        let object = ObjectRef::namespaced(API, "Lease", namespace, name);
        let mut held = HeldLease { object, holder: holder.to_owned(), duration, acquired: Timestamp::UNIX_EPOCH, resource_version: None, uid: None, taken_over_from: None };
        // Two runs may see it free at once. The API server lets one write through; the other one looks again.
        for _ in 0..3 {
            let (stored, now) = self.stored_lease(&held.object).await?;
            held.acquired = now;
            held.taken_over_from = None;
            held.has_seen(stored.as_ref());
            match stored.as_ref().map(|lease| standing(lease, holder, now)) {
                Some(Standing::Held { holder, since, renewed }) => return Err(ClusterError::LeaseHeld { object: Box::new(held.object), holder: holder.into(), since, renewed }),
                Some(Standing::Expired(before)) => held.taken_over_from = Some(before.into()),
                Some(Standing::Free | Standing::Ours) | None => {}
            }
            match self.store_lease(&mut held, Some(holder), now).await {
                Err(ClusterError::Changed { .. } | ClusterError::NotFound { .. }) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(held),
            }
        }
        Err(ClusterError::LeaseHeld { object: Box::new(held.object), holder: "another run that began at the same moment".into(), since: held.acquired, renewed: held.acquired })
    }

    /// The heartbeat. An error when another run has it.
    pub async fn lease_renew(&self, held: &mut HeldLease) -> Result<(), ClusterError> {
        for _ in 0..3 {
            let (stored, now) = self.stored_lease(&held.object).await?;
            let Some(stored) = stored else { return Err(ClusterError::LeaseLost { object: held.object.clone(), holder: "nobody; it was deleted".into() }) };
            match standing(&stored, &held.holder, now) {
                Standing::Ours => {}
                Standing::Free => return Err(ClusterError::LeaseLost { object: held.object.clone(), holder: "nobody".into() }),
                Standing::Held { holder, .. } | Standing::Expired(holder) => return Err(ClusterError::LeaseLost { object: held.object.clone(), holder: holder.into() }),
            }
            held.has_seen(Some(&stored));
            let holder = held.holder.clone();
            match self.store_lease(held, Some(&holder), now).await {
                Err(ClusterError::Changed { .. }) => {}
                outcome => return outcome,
            }
        }
        Err(ClusterError::LeaseLost { object: held.object.clone(), holder: "somebody who writes it all the time".into() })
    }

    /// Gives it back. When another run has it by now, nothing is done.
    pub async fn lease_release(&self, mut held: HeldLease) -> Result<(), ClusterError> {
        let (stored, now) = self.stored_lease(&held.object).await?;
        let Some(stored) = stored.filter(|stored| standing(stored, &held.holder, now) == Standing::Ours) else { return Ok(()) };
        held.has_seen(Some(&stored));
        match self.store_lease(&mut held, None, now).await {
            Err(ClusterError::Changed { .. } | ClusterError::NotFound { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// The Lease as it is, and the API server's time.
    async fn stored_lease(&self, object: &ObjectRef) -> Result<(Option<Lease>, Timestamp), ClusterError> {
        let resource = self.resource_of(object).await?;
        let namespace = object.namespace.as_deref();
        let call = Call::get(resource.object(namespace, &object.name)).about(object).needs(resource.right("get", namespace));
        match self.call(&call).await {
            Ok(reply) => Ok((Some(reply.json(&object.to_string())?), time_of(&reply))),
            Err(ClusterError::NotFound { .. }) => Ok((None, Timestamp::now())),
            Err(error) => Err(error),
        }
    }

    /// Writes it if nobody else did since it was read.
    async fn store_lease(&self, held: &mut HeldLease, holder: Option<&str>, now: Timestamp) -> Result<(), ClusterError> {
        let resource = self.resource_of(&held.object).await?;
        let namespace = held.object.namespace.as_deref();
        let (method, path, verb) = match held.resource_version {
            Some(_) => (Method::PUT, resource.object(namespace, &held.object.name), "update"),
            None => (Method::POST, resource.collection(namespace), "create"),
        };
        let body = serde_json::to_vec(&held.lease(holder, now)).map(Into::into).map_err(|error| ClusterError::Unreadable { what: held.object.to_string(), reason: error.to_string() })?;
        let call = Call { method, body, ..Call::get(path) }.about(&held.object).needs(resource.right(verb, namespace));
        let stored: Lease = self.call(&call).await?.json(&held.object.to_string())?;
        held.has_seen(Some(&stored));
        Ok(())
    }
}

fn time_of(reply: &Reply) -> Timestamp {
    reply.date.unwrap_or_else(Timestamp::now)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(holder: &str, renewed: i64) -> Lease {
        let held = HeldLease {
            object: ObjectRef::namespaced(API, "Lease", "airlock", "airlock"),
            holder: holder.into(),
            duration: Duration::from_mins(1),
            acquired: Timestamp::UNIX_EPOCH,
            resource_version: None,
            uid: None,
            taken_over_from: None,
        };
        held.lease(Some(holder).filter(|holder| !holder.is_empty()), Timestamp::from_second(renewed).unwrap())
    }

    #[test]
    fn a_lease_is_held_until_its_heartbeat_is_older_than_its_duration() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert!(matches!(standing(&lease("a", 1000), "b", at(1060)), Standing::Held { .. }));
        assert_eq!(standing(&lease("a", 1000), "b", at(1061)), Standing::Expired("a".into()));
        assert_eq!(standing(&lease("a", 1000), "a", at(9000)), Standing::Ours);
        assert_eq!(standing(&lease("", 1000), "b", at(1001)), Standing::Free);
    }
}
