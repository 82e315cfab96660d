//! One authority takes the place of another, a step at a time, while everybody goes on. [`authority`](crate::authority) says what
//! the steps are; here they are written, and those who verify in the cluster are given what they have to believe.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_cluster::{Cluster, SecretData, SecretObject};
use airlock_model::{CertificateSpec, CertificateSubject, LiveObject, ObjectRef, Secret, SecretKeyRef, names};
use jiff::Timestamp;

use crate::authority::{Held, RotationPhase};
use crate::certificate::{self, KEY};
use crate::{ApplyError, Halt, owned};

/// What a kubelet takes to bring a changed file to its pods is a minute and a half, and a minute more where it keeps what it has read.
pub const BELIEVED_AFTER: Duration = Duration::from_mins(3);

/// An authority that another one takes the place of.
pub struct Rotation<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// What the authority must be.
    pub spec: &'a CertificateSpec,
    /// Namespaces that have a copy of what is believed.
    pub copies: &'a [String],
    /// What ends it early.
    pub halt: &'a Halt,
}

impl Rotation<'_> {
    /// Where it stands.
    pub async fn phase(&self) -> Result<RotationPhase, ApplyError> {
        Ok(Held::of(&self.read().await?)?.phase())
    }

    /// Makes the next one and its key. Nothing is signed by it, and a second call makes none.
    pub async fn announce(&self) -> Result<(), ApplyError> {
        let live = self.read().await?;
        let held = Held::of(&live)?;
        if held.phase() == RotationPhase::Alone {
            let next = certificate::make(self.spec, None, Timestamp::now())?;
            self.store(&held.announced(&next)?, &live, None).await?;
        }
        Ok(())
    }

    /// Gives all that verify in the cluster what they have to believe, and says since when they have it: now, if anything had to be
    /// written. None: nobody has to be told, as the next one is vouched for by whom everybody believes.
    pub async fn publish(&self) -> Result<Option<Timestamp>, ApplyError> {
        let live = self.read().await?;
        let held = Held::of(&live)?;
        let mut written = self.publish_here(&held).await?;
        for namespace in self.copies {
            written |= self.copy(namespace, &held.believed()).await?;
        }
        if !held.is_believed_anew() {
            return Ok(None);
        }
        let since = live.annotations.get(names::ANNOTATION_BELIEVED_SINCE).and_then(|text| text.parse().ok());
        match since {
            Some(since) if !written => Ok(Some(since)),
            _ => {
                let now = Timestamp::now();
                self.store(&held, &live, Some(now)).await?;
                Ok(Some(now))
            }
        }
    }

    /// Pods that run to an end and started before that time: they have read what they believe, and do not read it again.
    pub async fn still_running(&self, since: Timestamp) -> Result<Vec<ObjectRef>, ApplyError> {
        let mut found = Vec::new();
        for namespace in std::iter::once(&self.spec.namespace).chain(self.copies) {
            let pods = self.cluster.list("v1", "Pod", Some(namespace), None).await.map_err(ApplyError::of)?;
            found.extend(pods.into_iter().filter(|pod| read_it_before(pod, &self.spec.name, since)).map(|pod| pod.object));
        }
        Ok(found)
    }

    /// Lets the next one sign. A second call changes nothing.
    pub async fn take_over(&self) -> Result<(), ApplyError> {
        let live = self.read().await?;
        let held = Held::of(&live)?;
        if held.phase() == RotationPhase::Announced {
            self.store(&held.taken_over(), &live, None).await?;
            self.publish().await?;
        }
        Ok(())
    }

    /// Has nobody believe the former one any more. A second call changes nothing.
    pub async fn drop_former(&self) -> Result<(), ApplyError> {
        let live = self.read().await?;
        let held = Held::of(&live)?;
        if held.phase() == RotationPhase::TakenOver {
            self.store(&held.without_former(), &live, None).await?;
        }
        self.publish().await.map(|_| ())
    }

    async fn read(&self) -> Result<SecretData, ApplyError> {
        let missing = || ApplyError::SecretMissing { at: SecretKeyRef { namespace: self.spec.namespace.clone(), name: self.spec.name.clone(), key: KEY.to_owned() } };
        certificate::read(self.cluster, &self.spec.namespace, &self.spec.name).await?.ok_or_else(missing)
    }

    /// In the place of what was read.
    async fn store(&self, held: &Held, live: &SecretData, since: Option<Timestamp>) -> Result<(), ApplyError> {
        let annotations = since.map(|since| (names::ANNOTATION_BELIEVED_SINCE.to_owned(), since.to_string()));
        let mut secret = held.secret(self.spec, annotations.into_iter().collect());
        certificate::keep_generation(&mut secret, Some(live));
        self.halt.checkpoint()?;
        self.cluster.apply_secret(&secret).await.map_err(ApplyError::of).map(|_| ())
    }

    async fn publish_here(&self, held: &Held) -> Result<bool, ApplyError> {
        let CertificateSubject::Authority { publish: Some(name), .. } = &self.spec.subject else { return Ok(false) };
        let object = certificate::published(self.spec, name, &held.believed())?;
        let live = self.cluster.get(object.reference()).await.map_err(ApplyError::of)?;
        if live.is_some_and(|live| owned::is_as_desired(object.manifest(), &live.manifest)) {
            return Ok(false);
        }
        self.halt.checkpoint()?;
        self.cluster.apply(&object).await.map_err(ApplyError::of)?;
        Ok(true)
    }

    /// Whether the copy had to be written. Its generation stays: whoever reads it reads it again.
    async fn copy(&self, namespace: &str, believed: &str) -> Result<bool, ApplyError> {
        let Some(SecretData { data, labels, annotations, secret_type }) = self.cluster.secret(namespace, &self.spec.name).await.map_err(ApplyError::of)? else { return Ok(false) };
        if data.get(names::BELIEVED_COPY).is_some_and(|value| value.expose() == believed.as_bytes()) {
            return Ok(false);
        }
        let data = BTreeMap::from([(names::BELIEVED_COPY.to_owned(), Secret::new(believed.as_bytes().to_vec()))]);
        self.halt.checkpoint()?;
        let secret = SecretObject { namespace: namespace.to_owned(), name: self.spec.name.clone(), secret_type, labels, annotations, data };
        self.cluster.apply_secret(&secret).await.map_err(ApplyError::of)?;
        Ok(true)
    }
}

/// Whether a pod, which runs to an end, mounts what is published under this name and started before that time.
fn read_it_before(pod: &LiveObject, name: &str, since: Timestamp) -> bool {
    let text = |pointer: &str| pod.manifest.pointer(pointer).and_then(|value| value.as_str());
    let ended = text("/status/phase").is_some_and(|phase| ["Succeeded", "Failed"].contains(&phase));
    if ended || text("/spec/restartPolicy").is_none_or(|policy| policy == "Always") {
        return false;
    }
    let mounts = pod.manifest["spec"]["volumes"].as_array().into_iter().flatten().any(|volume| volume["configMap"]["name"] == name || volume["secret"]["secretName"] == name);
    // One that has not started yet reads it when it does.
    mounts && text("/status/startTime").and_then(|text| text.parse::<Timestamp>().ok()).is_some_and(|started| started < since)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_runs_to_an_end_and_began_before_is_waited_for() {
        let since: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let waits = |policy: &str, volume: Value, status: Value| {
            let manifest = json!({ "spec": { "restartPolicy": policy, "volumes": [volume] }, "status": status });
            read_it_before(&LiveObject { object: ObjectRef::namespaced("v1", "Pod", "a", "b"), manifest, ready: true }, "internal-ca", since)
        };
        let (copy, published) = (json!({ "secret": { "secretName": "internal-ca" } }), json!({ "configMap": { "name": "internal-ca" } }));
        let before = json!({ "phase": "Running", "startTime": "2026-11-24T11:59:59Z" });
        assert!(waits("Never", copy.clone(), before.clone()), "a task");
        assert!(waits("OnFailure", published.clone(), before.clone()), "a Job");
        assert!(!waits("Always", copy.clone(), before.clone()), "a server reads it again");
        assert!(!waits("Never", json!({ "secret": { "secretName": "other" } }), before));
        assert!(!waits("Never", copy.clone(), json!({ "phase": "Running", "startTime": "2026-11-24T12:00:00Z" })));
        assert!(!waits("Never", copy.clone(), json!({ "phase": "Succeeded", "startTime": "2026-11-24T11:00:00Z" })));
        assert!(!waits("Never", copy, json!({ "phase": "Pending" })));
    }
}
