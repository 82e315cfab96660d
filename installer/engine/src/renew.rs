//! Renews one certificate while its server goes on: see whether it is due, make the next one, replace the pair in one write,
//! let its readers take it, and prove that it is served. One that is not served in time goes, and the old pair is back.
//!
//! What is due follows from the certificate alone, so a renewer that was killed is simply run again: a pair that it stored is
//! good, and who still has to read it is known from the fingerprints at Secret and pods.

mod reissued;
mod suggested;

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_cluster::{Cluster, ClusterError, SecretData, WaitOptions};
use airlock_model::{
    Attempt, AttemptAction, AttemptId, AttemptResult, CertificateFacts, CertificateSpec, CertificateSubject, Digest, ObjectRef, Renewable, RenewalOutcome, RenewalResult, ServedAt, Target, TlsVersion,
    Trust, Vantage, names, with_causes,
};
use airlock_probe::NoPasswords;
use airlock_tls::{RenewalCause, due_at, renewal};
use jiff::Timestamp;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::certificate::{self, CERTIFICATE, Pair};
use crate::{ApplyError, Halt, action};

pub use reissued::next_by_cert_manager;
pub use suggested::suggested;

/// The kubelet hands on a changed Secret within a minute and a half at most; then the server takes it.
const SERVED_WITHIN: Duration = Duration::from_mins(4);
/// Between two looks at what is served.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Behind one name there may be several pods: so many answers in a row have to be right.
const IN_A_ROW: u32 = 5;

/// When a renewal is due.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// Now.
    pub now: Timestamp,
    /// The next look; what would be late by then is due now.
    pub next: Timestamp,
    /// Due in any case.
    pub force: bool,
}

/// What became of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It is good and served; the next one is due at this time.
    NotDue(Timestamp),
    /// A new one is served.
    Done {
        /// Why it was due.
        cause: Option<RenewalCause>,
        /// End of the new one.
        not_after: Timestamp,
        /// From the write of the Secret until it was served everywhere.
        took: Duration,
    },
}

/// Renews one certificate if it is due. Its Secret says afterwards how that ended, also when it failed.
/// An authority is looked at alone: another one takes its place by [`Rotation`](crate::Rotation), which the renewer has no right to.
pub async fn renew(cluster: &Cluster, renewable: &Renewable, due: Due, halt: &Halt) -> Result<Renewed, ApplyError> {
    if let CertificateSubject::Authority { .. } = renewable.certificate.subject {
        return look_at_authority(cluster, &renewable.certificate, due.now).await;
    }
    let renewal = Renewal { cluster, renewable, halt };
    let (outcome, remembered) = match Box::pin(renewal.carry_out(due)).await {
        Ok(Renewed::NotDue(at)) => return Ok(Renewed::NotDue(at)),
        Ok(renewed) => (RenewalOutcome::Renewed, Ok(renewed)),
        Err(Failed { outcome, error }) => (outcome, Err(*error)),
    };
    let why = remembered.as_ref().err().map(|error: &ApplyError| with_causes(error));
    remember(cluster, &renewable.certificate, &RenewalResult { at: Timestamp::now(), outcome, why }).await?;
    remembered
}

/// Whether another authority should take the place of this one.
async fn look_at_authority(cluster: &Cluster, spec: &CertificateSpec, now: Timestamp) -> Result<Renewed, ApplyError> {
    let live = certificate::read(cluster, &spec.namespace, &spec.name).await?;
    let due = live.as_ref().and_then(certificate::facts).map_or(Timestamp::MIN, |facts| due_at(&facts, spec));
    match action::handing(spec) {
        Some(by) if due <= now => Err(ApplyError::CertificateDue { secret: spec.object(), by }),
        _ => Ok(Renewed::NotDue(due)),
    }
}

/// How the last look at a certificate ended, as its Secret says; none when there was none.
pub fn last_result(secret: &SecretData) -> Option<RenewalResult> {
    serde_json::from_str(secret.annotations.get(names::ANNOTATION_RENEWAL)?).ok()
}

/// An error and what became of the certificate by it.
struct Failed {
    outcome: RenewalOutcome,
    error: Box<ApplyError>,
}

fn failed(error: ApplyError) -> Failed {
    Failed { outcome: RenewalOutcome::Failed, error: Box::new(error) }
}

struct Renewal<'a> {
    cluster: &'a Cluster,
    renewable: &'a Renewable,
    halt: &'a Halt,
}

impl Renewal<'_> {
    async fn carry_out(&self, due: Due) -> Result<Renewed, Failed> {
        let spec = &self.renewable.certificate;
        let handing = action::handing(spec);
        let live = certificate::read(self.cluster, &spec.namespace, &spec.name).await.map_err(failed)?;
        let signer = certificate::signer(self.cluster, spec).await.map_err(failed)?;
        let facts = live.as_ref().and_then(certificate::facts);
        if spec.cert_manager().is_some() {
            return self.follow(live.as_ref(), facts.as_ref(), due).await;
        }
        let signer_facts = signer.as_ref().and_then(certificate::facts);
        let (cause, good) = match &facts {
            Some(facts) => (renewal(facts, spec, signer_facts.as_ref(), due.now), due_at(facts, spec)),
            None => (None, Timestamp::MIN),
        };
        let window = match (&live, &facts, cause) {
            (Some(live), Some(facts), None) if !due.force => suggested::ask(self.cluster, spec, live, &facts.fingerprint, due.now).await,
            _ => None,
        };
        let earlier = window.map(|window| window.moment()).filter(|moment| *moment < good);
        let good = earlier.unwrap_or(good);
        if let (Some(live), Some(facts), None) = (&live, &facts, cause)
            && !due.force
            // What waits for people is not due before they can do it.
            && good > if handing.is_some() { due.now } else { due.next }
        {
            self.catch_up(live, facts).await?;
            return Ok(Renewed::NotDue(good));
        }
        if let Some(by) = handing {
            if let Some(facts) = &facts {
                Box::pin(action::ask_for_next(self.cluster, spec, &facts.fingerprint)).await.map_err(failed)?;
            }
            return Err(failed(ApplyError::CertificateDue { secret: spec.object(), by }));
        }
        let made = match &spec.subject {
            CertificateSubject::Supplied { .. } => action::renewed(self.cluster, spec, live.as_ref().map(|live| certificate::text(live, CERTIFICATE))).await,
            CertificateSubject::Authority { .. } | CertificateSubject::Server { .. } => certificate::make(spec, signer.as_ref(), due.now),
        };
        let made = made.map_err(failed)?;
        self.replace(live.as_ref(), made, cause.or(earlier.map(|_| RenewalCause::Suggested))).await
    }

    /// Stores a pair, and sees that it is served; else the one before is back.
    async fn replace(&self, live: Option<&SecretData>, made: Pair, cause: Option<RenewalCause>) -> Result<Renewed, Failed> {
        let new = certificate::facts_of(&made).map_err(failed)?;
        let began = Instant::now();
        self.store(live, made, &new.fingerprint).await.map_err(failed)?;
        if let Err(error) = self.hand_on(&new.fingerprint).await {
            // What cannot be read is no pair to go back to.
            return Err(self.put_back(live.filter(|live| certificate::facts(live).is_some()), error).await);
        }
        Ok(Renewed::Done { cause, not_after: new.not_after, took: began.elapsed() })
    }

    /// What a run that was killed left to do: readers that still have the pair before. What is served is looked at in any case.
    async fn catch_up(&self, live: &SecretData, facts: &CertificateFacts) -> Result<(), Failed> {
        let fingerprint = &facts.fingerprint;
        if live.annotations.get(names::ANNOTATION_RENEWED).map(String::as_str) == Some(fingerprint.as_str()) {
            self.restart(fingerprint).await.map_err(failed)?;
        }
        self.served(fingerprint).await.map_err(|error| Failed { outcome: RenewalOutcome::NotServed, error: Box::new(error) })
    }

    async fn store(&self, live: Option<&SecretData>, pair: Pair, fingerprint: &Digest) -> Result<(), ApplyError> {
        let mut secret = certificate::secret(&self.renewable.certificate, pair, BTreeMap::from([(names::ANNOTATION_RENEWED.to_owned(), fingerprint.to_string())]));
        // What pods read once is restarted below.
        certificate::keep_generation(&mut secret, live);
        self.halt.checkpoint()?;
        self.cluster.apply_secret(&secret).await.map_err(ApplyError::of).map(|_| ())
    }

    /// Lets readers take the pair, and sees that it is served.
    async fn hand_on(&self, fingerprint: &Digest) -> Result<(), ApplyError> {
        self.nudge(fingerprint).await?;
        self.restart(fingerprint).await?;
        self.served(fingerprint).await
    }

    /// A pod that has changed is looked at by its kubelet at once, its files among it; else that would take up to a minute and a half.
    async fn nudge(&self, fingerprint: &Digest) -> Result<(), ApplyError> {
        let namespace = &self.renewable.certificate.namespace;
        for component in &self.renewable.nudge {
            let pods = self.cluster.list("v1", "Pod", Some(namespace), Some(&format!("{}={component}", names::LABEL_NAME))).await.map_err(ApplyError::of)?;
            for pod in pods {
                self.halt.checkpoint()?;
                let patch = json!({ "metadata": { "annotations": { (names::ANNOTATION_RENEWED): fingerprint.short() } } });
                match self.cluster.merge(names::RENEWER, &pod.object, &patch).await {
                    // One that has gone meanwhile needs none.
                    Ok(()) | Err(ClusterError::NotFound { .. }) => {}
                    Err(error) => return Err(ApplyError::of(error)),
                }
            }
        }
        Ok(())
    }

    /// Restarts the workloads that have read another pair.
    async fn restart(&self, fingerprint: &Digest) -> Result<(), ApplyError> {
        let key = format!("{}{}", names::RENEWED_PREFIX, self.renewable.certificate.name);
        let pointer = format!("/spec/template/metadata/annotations/{}", key.replace('/', "~1"));
        let mut restarted: Vec<ObjectRef> = Vec::new();
        for workload in &self.renewable.restart {
            // One that is not installed any more reads nothing.
            let Some(live) = self.cluster.get(workload).await.map_err(ApplyError::of)? else { continue };
            if live.manifest.pointer(&pointer).and_then(|value| value.as_str()) != Some(fingerprint.short()) {
                self.halt.checkpoint()?;
                let patch = json!({ "spec": { "template": { "metadata": { "annotations": { (&key): fingerprint.short() } } } } });
                self.cluster.merge(names::RENEWER, workload, &patch).await.map_err(ApplyError::of)?;
            }
            restarted.push(workload.clone());
        }
        let options = WaitOptions { stop: self.halt.stop().clone(), ..WaitOptions::default() };
        self.cluster.wait_ready(&restarted, &options, |_, _| ()).await.map_err(ApplyError::of)
    }

    /// Waits until the certificate is served wherever it is presented.
    async fn served(&self, fingerprint: &Digest) -> Result<(), ApplyError> {
        for at in &self.renewable.served {
            self.served_at(at, fingerprint).await?;
        }
        Ok(())
    }

    async fn served_at(&self, at: &ServedAt, fingerprint: &Digest) -> Result<(), ApplyError> {
        let attempt = attempt(at);
        let (began, mut right) = (Instant::now(), 0);
        loop {
            let outcome = self.halt.or(Box::pin(airlock_probe::carry_out(&attempt, &NoPasswords))).await?;
            let wrong = complaint(&outcome.result, fingerprint);
            right = if wrong.is_none() { right + 1 } else { 0 };
            match wrong {
                None if right >= IN_A_ROW => return Ok(()),
                Some(seen) if began.elapsed() >= SERVED_WITHIN => {
                    return Err(ApplyError::NotServed { secret: self.renewable.certificate.object().to_string(), at: format!("{}:{}", at.host, at.port), seen: seen.into() });
                }
                None => {}
                Some(_) => self.halt.or(sleep(LOOK_EVERY)).await?,
            }
        }
    }

    /// The new pair is not served: the old one is stored and handed on again.
    async fn put_back(&self, live: Option<&SecretData>, error: ApplyError) -> Failed {
        let Some((live, facts)) = live.and_then(|live| certificate::facts(live).map(|facts| (live, facts))) else { return failed(error) };
        let back = async {
            self.store(Some(live), certificate::pair(live), &facts.fingerprint).await?;
            self.hand_on(&facts.fingerprint).await
        };
        match back.await {
            Ok(()) => Failed { outcome: RenewalOutcome::PutBack, error: Box::new(error) },
            // Both are worth knowing; what can be done follows from the later one.
            Err(second) => Failed { outcome: RenewalOutcome::NotServed, error: Box::new(second) },
        }
    }
}

/// Writes to a certificate's Secret how its renewal ended.
pub(crate) async fn remember(cluster: &Cluster, spec: &CertificateSpec, result: &RenewalResult) -> Result<(), ApplyError> {
    let text = serde_json::to_string(result).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
    let patch = json!({ "metadata": { "annotations": { (names::ANNOTATION_RENEWAL): text } } });
    cluster.merge(names::RENEWER, &spec.object(), &patch).await.map_err(ApplyError::of)
}

/// Whether the chain is believed is for those who connect to say; here it counts which certificate it is.
fn attempt(at: &ServedAt) -> Attempt {
    Attempt {
        id: AttemptId(at.server_name.clone()),
        from: Vantage::Workstation,
        target: Target::Address { host: at.host.clone(), port: at.port },
        action: AttemptAction::Handshake { server_name: at.server_name.clone(), newest: TlsVersion::Tls13, trust: Trust::Unverified },
        control: None,
        purpose: String::new(),
    }
}

/// What is wrong with what was seen, if anything.
fn complaint(result: &AttemptResult, fingerprint: &Digest) -> Option<String> {
    match result {
        AttemptResult::Handshaken(presented) if presented.fingerprint == *fingerprint => None,
        AttemptResult::Handshaken(presented) => Some(format!("another certificate, which ends {}", presented.not_after)),
        other => Some(action::words(other)),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::Presented;

    use super::*;

    #[test]
    fn only_the_certificate_itself_counts_as_served() {
        let presented = |leaf: &[u8]| {
            AttemptResult::Handshaken(Presented {
                version: TlsVersion::Tls13,
                fingerprint: Digest::of(leaf),
                names: Vec::new(),
                issuer: "ca".to_owned().into(),
                not_before: Timestamp::UNIX_EPOCH,
                not_after: Timestamp::UNIX_EPOCH,
                chain_length: 2,
            })
        };
        assert_eq!(complaint(&presented(b"new"), &Digest::of(b"new")), None);
        assert_eq!(complaint(&presented(b"old"), &Digest::of(b"new")).unwrap(), "another certificate, which ends 1970-01-01T00:00:00Z");
        assert!(complaint(&AttemptResult::TimedOut, &Digest::of(b"new")).is_some());
    }
}
