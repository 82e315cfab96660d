//! Carries out attempts where they stand: on the workstation, or in pods with Airlock's own image.
//!
//! Listeners start first, since their addresses are the targets; then one pod a vantage makes all its attempts and says
//! what came out in its log. Pods are removed in any case. What could not be carried out says so, and is no refusal.

mod api;
mod prometheus;
mod pull;
mod report;
mod scan;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use airlock_cluster::{Cluster, PodTimes, Stop};
use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Event, Events, ImageRef, Object, ObjectRef, Outcome, Secret, SecretKeyRef, StepId, Target, Untrusted, Vantage};
use futures::{StreamExt, future, stream};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::pod::{self, PodSpec};
use crate::run::AT_ONCE;
use crate::{ApplyError, Halt, identity};

/// How attempts in pods are carried out.
#[derive(Clone, Debug)]
pub struct ProbeSite {
    /// Airlock's own image, by digest.
    pub image: ImageRef,
    /// For a pod to start, and again for its attempts.
    pub deadline: Duration,
}

/// Where a listener is asked to be.
type Place = (String, BTreeMap<String, String>, u16);

/// Where a pod stands that makes attempts.
#[derive(Clone, Copy)]
struct Room<'a> {
    namespace: &'a str,
    labels: &'a BTreeMap<String, String>,
    account: Option<&'a str>,
    /// What its attempts take beyond the time that all have.
    longer: Duration,
}

/// What ends attempts in the middle says nothing about their targets.
const STOPPED: &str = "the run was asked to stop";

/// Carries out attempts; the outcomes stand in their order, one for each.
///
/// When the run has to end before, its pods are removed and the reason is the error: half of the outcomes would be no basis
/// for a verdict.
pub async fn carry_out(cluster: &Cluster, attempts: &[Attempt], site: &ProbeSite, halt: &Halt, events: &dyn Events) -> Result<Vec<Outcome>, ApplyError> {
    halt.checkpoint()?;
    let (wish, stop) = Stop::pair();
    let work = attempt_all(cluster, attempts, site, &stop, events);
    tokio::pin!(work);
    let ended = match halt.or(&mut work).await {
        Ok(outcomes) => return Ok(outcomes),
        Err(ended) => ended,
    };
    wish.raise();
    drop(work.await);
    Err(ended)
}

/// All attempts, ended early by a wish to stop: what is left then was not carried out.
async fn attempt_all(cluster: &Cluster, attempts: &[Attempt], site: &ProbeSite, stop: &Stop, events: &dyn Events) -> Vec<Outcome> {
    let run = match identity::fresh() {
        Ok(run) => run,
        Err(error) => return attempts.iter().map(|attempt| not_carried_out(attempt, &error.to_string())).collect(),
    };
    let mut namespaces: Vec<&str> = attempts.iter().flat_map(Attempt::pod_namespaces).collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let found = namespaces.iter().map(|&namespace| async move { Some((namespace.to_owned(), pod::installation_of(cluster, namespace).await?)) });
    let installations = stream::iter(found).buffer_unordered(AT_ONCE).filter_map(future::ready).collect().await;
    let party = Party { cluster, site, stop, events, run, installations, scans: Mutex::new(()) };
    let swept = stream::iter(namespaces).for_each_concurrent(AT_ONCE, |namespace| pod::sweep(cluster, namespace));
    let (outcomes, ()) = future::join(party.attempt(attempts), swept).await;
    attempts.iter().map(|attempt| outcomes.get(&attempt.id).cloned().unwrap_or_else(|| not_carried_out(attempt, "its pod said nothing about it"))).collect()
}

/// All pods of one call.
struct Party<'a> {
    cluster: &'a Cluster,
    site: &'a ProbeSite,
    stop: &'a Stop,
    events: &'a dyn Events,
    run: String,
    /// Whose the namespaces are.
    installations: BTreeMap<String, String>,
    /// Who scans.
    scans: Mutex<()>,
}

impl Party<'_> {
    async fn attempt(&self, attempts: &[Attempt]) -> BTreeMap<AttemptId, Outcome> {
        let mut places: Vec<Place> = attempts.iter().filter_map(place).collect();
        places.sort();
        places.dedup();
        let listeners = self.start_listeners(places).await;
        let mut vantages: BTreeMap<&Vantage, Vec<&Attempt>> = BTreeMap::new();
        for attempt in attempts {
            vantages.entry(&attempt.from).or_default().push(attempt);
        }
        let parties = vantages.into_iter().enumerate().map(|(number, (vantage, attempts))| self.at(number, vantage, attempts, &listeners));
        let outcomes: Vec<Vec<Outcome>> = stream::iter(parties).buffer_unordered(AT_ONCE).collect().await;
        stream::iter(self.listener_pods(&listeners)).for_each_concurrent(AT_ONCE, |pod| async move { pod::remove(self.cluster, &pod).await }).await;
        outcomes.into_iter().flatten().map(|outcome| (outcome.attempt.clone(), outcome)).collect()
    }

    async fn start_listeners(&self, places: Vec<Place>) -> BTreeMap<Place, Result<IpAddr, String>> {
        let starts = places.into_iter().enumerate().map(|(number, place)| async move {
            let started = self.listen(number, &place).await;
            (place, started)
        });
        stream::iter(starts).buffer_unordered(AT_ONCE).collect().await
    }

    async fn listen(&self, number: usize, (namespace, labels, port): &Place) -> Result<IpAddr, String> {
        if self.stop.is_asked() {
            return Err(STOPPED.to_owned());
        }
        let name = self.listener(number);
        let pod = self.pod(namespace, name, labels, vec!["probe".to_owned(), "--listen".to_owned(), port.to_string()]).object().map_err(|error| error.to_string())?;
        self.cluster.start_pod(&pod, &self.times()).await.map(|started| started.address).map_err(|error| format!("no pod listens: {error}"))
    }

    fn listener(&self, number: usize) -> String {
        format!("listener-{}-{number}", self.run)
    }

    /// The pods of the listeners, also of those that did not start. They stand in the order of their places.
    fn listener_pods(&self, listeners: &BTreeMap<Place, Result<IpAddr, String>>) -> Vec<ObjectRef> {
        listeners.keys().enumerate().map(|(number, (namespace, _, _))| ObjectRef::namespaced("v1", "Pod", namespace, &self.listener(number))).collect()
    }

    async fn at(&self, number: usize, vantage: &Vantage, attempts: Vec<&Attempt>, listeners: &BTreeMap<Place, Result<IpAddr, String>>) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut aimed = Vec::new();
        for attempt in attempts {
            match self.found(aim(attempt, listeners)).await {
                Ok(attempt) => aimed.push(attempt),
                Err(reason) => outcomes.push(not_carried_out(attempt, &reason)),
            }
        }
        outcomes.extend(match vantage {
            Vantage::Workstation => self.here(aimed).await,
            Vantage::Node { namespace, labels, .. } => self.on_node(namespace, labels, &aimed).await,
            Vantage::LetIn { namespace } => self.scan(number, namespace, aimed).await,
            Vantage::Pod { namespace, labels, account } => {
                let longer = aimed.iter().map(scan::time).sum();
                self.in_pod(number, Room { namespace, labels, account: account.as_deref(), longer }, aimed).await
            }
        });
        outcomes
    }

    /// The attempt with the pods that are to be reached.
    async fn found(&self, aimed: Result<Attempt, String>) -> Result<Attempt, String> {
        let attempt = aimed?;
        let (AttemptAction::Reach { .. }, Target::Pods { namespace, .. }) = (&attempt.action, &attempt.target) else { return Ok(attempt) };
        Ok(Attempt { target: Target::Pods { namespace: namespace.clone(), found: self.pods(namespace).await? }, ..attempt })
    }

    async fn here(&self, attempts: Vec<Attempt>) -> Vec<Outcome> {
        let passwords = self.passwords(&attempts).await;
        let tried = attempts.iter().map(|attempt| async {
            tokio::select! {
                biased;
                () = self.stop.asked(airlock_cluster::Urgency::Soon) => not_carried_out(attempt, STOPPED),
                outcome = self.make(attempt, &passwords) => outcome,
            }
        });
        stream::iter(tried).buffered(AT_ONCE).collect().await
    }

    async fn make(&self, attempt: &Attempt, passwords: &Passwords) -> Outcome {
        match attempt.target {
            Target::KubernetesApi => api::carry_out(self.cluster, attempt, &self.site.image.to_string()).await,
            Target::Address { .. } | Target::Postgres { .. } | Target::Listener { .. } | Target::Pods { .. } => airlock_probe::carry_out(attempt, passwords).await,
        }
    }

    /// Looks the passwords up before, so that an attempt itself waits for its target alone.
    async fn passwords(&self, attempts: &[Attempt]) -> Passwords {
        let mut found = BTreeMap::new();
        for at in attempts.iter().filter_map(Attempt::password) {
            if found.contains_key(at) {
                continue;
            }
            let value = self.cluster.secret(&at.namespace, &at.name).await.ok().flatten().and_then(|mut secret| secret.data.remove(&at.key));
            if let Some(text) = value.and_then(|value| String::from_utf8(value.expose().clone()).ok()) {
                found.insert(at.clone(), Secret::new(text));
            }
        }
        Passwords(found)
    }

    async fn in_pod(&self, number: usize, room: Room<'_>, attempts: Vec<Attempt>) -> Vec<Outcome> {
        // A pod mounts what its own namespace holds; a password of elsewhere would have to be written where others read it.
        let (elsewhere, attempts): (Vec<Attempt>, Vec<Attempt>) = attempts.into_iter().partition(|attempt| attempt.mounted().any(|at| at.namespace != room.namespace));
        let mut outcomes: Vec<Outcome> = elsewhere.iter().map(|attempt| not_carried_out(attempt, "what it mounts is in another namespace than its pod")).collect();
        if attempts.is_empty() {
            return outcomes;
        }
        let log = match self.pod_for(number, room, &attempts) {
            Ok(_) if self.stop.is_asked() => Err(STOPPED.to_owned()),
            Ok(pod) => {
                self.events.send(Event::Waiting {
                    step: StepId::from("attempts"),
                    object: pod.reference().clone(),
                    cause: Untrusted::from(match attempts.len() {
                        1 => "it makes an attempt".to_owned(),
                        several => format!("it makes {several} attempts"),
                    }),
                });
                self.cluster.run_pod(&pod, &PodTimes { run: self.site.deadline + room.longer, ..self.times() }).await.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        outcomes.extend(match log.and_then(|log| report::read(&log)) {
            Ok(said) => said,
            Err(reason) => attempts.iter().map(|attempt| not_carried_out(attempt, &reason)).collect(),
        });
        outcomes
    }

    fn pod_for(&self, number: usize, room: Room<'_>, attempts: &[Attempt]) -> Result<Object, ApplyError> {
        let list = serde_json::to_string(attempts).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
        let spec = self.pod(room.namespace, format!("probe-{}-{number}", self.run), room.labels, vec!["probe".to_owned(), "--attempts".to_owned(), list]);
        let secrets = attempts.iter().flat_map(Attempt::mounted).map(|at| at.name.clone()).collect();
        PodSpec { secrets, account: room.account.map(str::to_owned), lifetime: spec.lifetime + room.longer, ..spec }.object()
    }

    fn pod(&self, namespace: &str, name: String, labels: &BTreeMap<String, String>, arguments: Vec<String>) -> PodSpec {
        PodSpec {
            namespace: namespace.to_owned(),
            name,
            component: "probe",
            labels: labels.clone(),
            image: self.site.image.to_string(),
            arguments,
            installation: self.installations.get(namespace).cloned(),
            run: self.run.clone(),
            lifetime: self.site.deadline * 3,
            ..PodSpec::default()
        }
    }

    fn times(&self) -> PodTimes {
        PodTimes { start: self.site.deadline, run: self.site.deadline, stop: self.stop.clone() }
    }
}

/// Passwords that were looked up for attempts on the workstation.
struct Passwords(BTreeMap<SecretKeyRef, Secret<String>>);

impl airlock_probe::Passwords for Passwords {
    fn password(&self, at: &SecretKeyRef) -> Option<Secret<String>> {
        self.0.get(at).cloned()
    }
}

fn place(attempt: &Attempt) -> Option<Place> {
    match &attempt.target {
        Target::Listener { namespace, labels, port } => Some((namespace.clone(), labels.clone(), *port)),
        Target::Address { .. } | Target::Postgres { .. } | Target::KubernetesApi | Target::Pods { .. } => None,
    }
}

/// The attempt with the address of its listener in place of the listener.
fn aim(attempt: &Attempt, listeners: &BTreeMap<Place, Result<IpAddr, String>>) -> Result<Attempt, String> {
    let Some(place) = place(attempt) else { return Ok(attempt.clone()) };
    match listeners.get(&place) {
        Some(Ok(address)) => Ok(Attempt { target: Target::Address { host: address.to_string(), port: place.2 }, ..attempt.clone() }),
        Some(Err(reason)) => Err(reason.clone()),
        None => Err("no pod listens".to_owned()),
    }
}

fn not_carried_out(attempt: &Attempt, reason: &str) -> Outcome {
    Outcome { attempt: attempt.id.clone(), result: AttemptResult::NotCarriedOut(Untrusted::from(reason)), source: None, destination: None, started: Timestamp::now(), took_millis: 0 }
}

#[cfg(test)]
mod tests;
