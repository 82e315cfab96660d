//! What needs the password of an Airflow deployment's database role, tried by schedule in the deployment's own namespace (DESIGN.md §8).
//!
//! A `CronJob` there mounts that password and nothing else of the deployment's ([`attempt()`]); what came out stands in the termination
//! message of its pod, which is part of the pod's status. The auditor, which may list pods, collects it ([`collected()`]): it reads no
//! Secret and no log for it, and the pod needs no account.

mod message;

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_compliance::database_attempts;
use airlock_model::{Attempt, AttemptId, AttemptResult, DeploymentName, Outcome, Secret, SecretKeyRef, World, WorldDatabase, WorldDeployment, names, with_causes};
use airlock_probe::{Passwords, PostgresLogin};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::database::{self, DatabaseError};
use crate::observe::AT_ONCE;
use crate::verify;

/// An audit and the attempts begin at the same minute: those that are still at it are waited for.
const WITHIN: Duration = Duration::from_mins(2);
const AGAIN: Duration = Duration::from_secs(2);
/// What came out counts for two audits: where one Job fails, that of the time before still says something.
const PERIODS: u32 = 2;
/// What every reason ends with.
const BY_HAND: &str = "`airlock compliance-check` asks itself";

/// A deployment's own way into its database.
pub struct OwnDatabase {
    /// The deployment.
    pub name: DeploymentName,
    /// As its role, with that role's password.
    pub login: PostgresLogin,
    /// The installation whose roles are looked for, where others use the server too.
    pub mark: Option<String>,
}

impl Passwords for OwnDatabase {
    fn password(&self, _: &SecretKeyRef) -> Option<Secret<String>> {
        self.login.password.clone()
    }
}

/// Makes the attempts, and gives what came out as a termination message: no value of a user, and never more than the kubelet keeps.
///
/// Which other deployments there are the server tells by their roles.
pub async fn attempt(own: &OwnDatabase) -> Result<String, DatabaseError> {
    let OwnDatabase { name, login, mark } = own;
    let others = database::roles_beside(login, mark.as_deref()).await?;
    let of = deployment(name);
    let server = WorldDatabase { host: login.host.clone(), port: login.port, authority: login.authorities.clone(), certificate: Err("it was not read".to_owned()), existing: mark.is_some() };
    let deployments = others.iter().filter_map(|role| DeploymentName::of_role(role)).map(|name| deployment(&name));
    let world = World { deployments: deployments.collect(), database: Some(server), ..World::default() };
    let attempts = database_attempts(&world, &of);
    Ok(message::written(airlock_probe::carry_out_settled(&attempts, own).await))
}

/// A deployment as far as the attempts at its database go.
fn deployment(name: &DeploymentName) -> WorldDeployment {
    verify::deployment(name, String::new(), String::new())
}

/// What the pods of the deployments said of their attempts, by the image that they were to run and from one audit to the next; for each
/// attempt that they did not speak of, why.
pub(crate) async fn collected(cluster: &Cluster, world: &World, image: &str, every: Duration) -> BTreeMap<AttemptId, Outcome> {
    let end = Instant::now() + WITHIN;
    let of = world.deployments.iter().map(|of| async move {
        let said = loop {
            match said(cluster, of, image, every).await {
                Err(Unsaid::NotYet) if Instant::now() < end => sleep(AGAIN).await,
                ended => break ended,
            }
        };
        told(&database_attempts(world, of), said)
    });
    stream::iter(of).buffer_unordered(AT_ONCE).flat_map(stream::iter).map(|outcome| (outcome.attempt.clone(), outcome)).collect().await
}

/// An outcome for each attempt.
fn told(attempts: &[Attempt], said: Result<Vec<Outcome>, Unsaid>) -> Vec<Outcome> {
    let (mut said, reason): (BTreeMap<AttemptId, Outcome>, String) = match said {
        Ok(outcomes) => (outcomes.into_iter().map(|outcome| (outcome.attempt.clone(), outcome)).collect(), "the pod that tries it by schedule said nothing about it".to_owned()),
        Err(unsaid) => (BTreeMap::new(), unsaid.to_string()),
    };
    let unsaid = |attempt: &Attempt| Outcome {
        attempt: attempt.id.clone(),
        result: AttemptResult::NotCarriedOut(format!("{reason}; {BY_HAND}").into()),
        source: None,
        destination: None,
        started: Timestamp::now(),
        took_millis: 0,
    };
    attempts.iter().map(|attempt| said.remove(&attempt.id).unwrap_or_else(|| unsaid(attempt))).collect()
}

/// Why nothing is known of what a deployment's pod tried.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unsaid {
    #[error("pods of {namespace} cannot be listed: {reason}")]
    Unlisted { namespace: String, reason: String },
    #[error("the CronJob {} of {namespace} has made no pod so far; where it is not there, `airlock deployment apply FILE` makes it", names::ATTEMPTS)]
    Never { namespace: String },
    #[error("the pod that tries it by schedule is still at it")]
    NotYet,
    #[error("the pod {pod} that tries it by schedule failed: {reason}")]
    Failed { pod: String, reason: String },
    #[error("the pod {pod} tried it last at {at:.0}, more than two audits ago")]
    Old { pod: String, at: Timestamp },
    #[error("the pod {pod} ran {image}, which is not the image that Airlock was installed with")]
    Foreign { pod: String, image: String },
    #[error("what the pod {pod} said of it cannot be read: {reason}")]
    Unreadable { pod: String, reason: String },
}

async fn said(cluster: &Cluster, of: &WorldDeployment, image: &str, every: Duration) -> Result<Vec<Outcome>, Unsaid> {
    let selector = format!("{}={}", names::LABEL_COMPONENT, names::ATTEMPTS);
    let listed = cluster.list("v1", "Pod", Some(&of.namespace), Some(&selector)).await;
    let listed = listed.map_err(|error| Unsaid::Unlisted { namespace: of.namespace.clone(), reason: with_causes(&error) })?;
    let pods = listed.into_iter().map(|live| Pod::deserialize(live.manifest).map_err(|error| Unsaid::Unreadable { pod: live.object.name, reason: error.to_string() }));
    let pods: Vec<Pod> = pods.collect::<Result<_, _>>()?;
    last(pods, of, image, Timestamp::now() - every * PERIODS)
}

/// What the pod that ended last said.
fn last(pods: Vec<Pod>, of: &WorldDeployment, image: &str, since: Timestamp) -> Result<Vec<Outcome>, Unsaid> {
    if pods.iter().any(|pod| pod.end().is_none()) {
        return Err(Unsaid::NotYet);
    }
    let ended = pods.into_iter().filter_map(|pod| Some((pod.end()?.clone(), pod))).max_by_key(|(end, _)| end.finished_at);
    let Some((end, pod)) = ended else { return Err(Unsaid::Never { namespace: of.namespace.clone() }) };
    let name = format!("{}/{}", of.namespace, pod.metadata.name);
    if let Some(other) = pod.spec.containers.iter().find(|container| container.image != image) {
        return Err(Unsaid::Foreign { pod: name, image: other.image.clone() });
    }
    if end.exit_code != 0 {
        let reason = end.message.filter(|message| !message.is_empty()).unwrap_or_else(|| format!("exit code {}", end.exit_code));
        return Err(Unsaid::Failed { pod: name, reason });
    }
    if end.finished_at < since {
        return Err(Unsaid::Old { pod: name, at: end.finished_at });
    }
    message::read(&end.message.unwrap_or_default()).map_err(|reason| Unsaid::Unreadable { pod: name, reason })
}

/// A pod, as far as it tells how it ended (Kubernetes API reference, `Pod`).
#[derive(Deserialize)]
struct Pod {
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

impl Pod {
    /// Of its one container; none: it has not ended.
    fn end(&self) -> Option<&Terminated> {
        self.status.container_statuses.first()?.state.terminated.as_ref()
    }
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
struct Spec {
    containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    #[serde(default)]
    image: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Deserialize)]
struct ContainerStatus {
    #[serde(default)]
    state: State,
}

#[derive(Default, Deserialize)]
struct State {
    terminated: Option<Terminated>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminated {
    exit_code: i32,
    message: Option<String>,
    finished_at: Timestamp,
}

#[cfg(test)]
mod tests;
