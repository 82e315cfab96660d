//! What needs the password of an Airflow deployment's database role, tried by schedule in the deployment's own namespace (DESIGN.md §8).
//!
//! A `CronJob` there mounts that password and nothing else of the deployment's ([`attempt()`]); what came out stands in the termination
//! message of its pod, which is part of the pod's status. The auditor, which may list pods, collects it ([`collected()`]): it reads no
//! Secret and no log for it, and the pod needs no account.

mod made;
mod message;

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_compliance::database_attempts;
use airlock_model::{Attempt, AttemptId, AttemptResult, DeploymentName, Object, ObjectRef, Outcome, Secret, SecretKeyRef, World, WorldDatabase, WorldDeployment, names, with_causes};
use airlock_probe::{Passwords, PostgresLogin};
use airlock_render::Rendered;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::database::{self, DatabaseError};
use crate::deployment::Platform;
use crate::observe::AT_ONCE;
use crate::verify;
use made::Made;

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

/// What the pods of the deployments said of their attempts, from one audit to the next; for each attempt that they did not speak of, why.
pub(crate) async fn collected(cluster: &Cluster, world: &World, platform: &Platform, every: Duration) -> BTreeMap<AttemptId, Outcome> {
    let of = world.deployments.iter().map(|of| async move { told(&database_attempts(world, of), said(cluster, of, platform, every).await) });
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
    #[error("{kind}s of {namespace} cannot be listed: {reason}")]
    Unlisted { kind: &'static str, namespace: String, reason: String },
    #[error("what Airlock makes of the CronJob {} of {namespace} is not known: {reason}", names::ATTEMPTS)]
    Unrendered { namespace: String, reason: String },
    #[error("the CronJob {} of {namespace} is not there; `airlock deployment apply FILE` makes it", names::ATTEMPTS)]
    NoCronJob { namespace: String },
    #[error(
        "the CronJob {cron_job} of {namespace} is not as Airlock makes it ({differs}); `airlock deployment apply FILE` puts it back, after `kubectl delete cronjob {cron_job} --namespace {namespace}` where somebody added to it",
        cron_job = names::ATTEMPTS
    )]
    Changed { namespace: String, differs: String },
    #[error("the CronJob {} of {namespace} has made no pod so far; where it is not there, `airlock deployment apply FILE` makes it", names::ATTEMPTS)]
    Never { namespace: String },
    #[error("the pod that tries it by schedule is still at it")]
    NotYet,
    #[error("the pod {pod} that tries it by schedule failed: {reason}")]
    Failed { pod: String, reason: String },
    #[error("the pod {pod} tried it last at {at:.0}, more than two audits ago; `airlock deployment apply FILE` gives its CronJob the schedule of the auditor")]
    Old { pod: String, at: Timestamp },
    #[error(
        "the pod {pod} tried it last at {at:.0}, more than two audits ago, and its CronJob is suspended; `kubectl patch cronjob {} --namespace {namespace} --patch 'spec: {{ suspend: false }}'` lets it go on",
        names::ATTEMPTS
    )]
    Suspended { namespace: String, pod: String, at: Timestamp },
    #[error("the pod {pod} is not one that the CronJob {cron_job} makes ({differs}), and what it said does not count; `kubectl create job attempts-now --from=cronjob/{cron_job} --namespace {namespace}` tries it anew", cron_job = names::ATTEMPTS)]
    Foreign { namespace: String, pod: String, differs: String },
    #[error("what the pod {pod} said of it cannot be read: {reason}")]
    Unreadable { pod: String, reason: String },
}

/// What a deployment's pod said; those that are at it are waited for.
async fn said(cluster: &Cluster, of: &WorldDeployment, platform: &Platform, every: Duration) -> Result<Vec<Outcome>, Unsaid> {
    let end = Instant::now() + WITHIN;
    let made = loop {
        let made = Made::listed(cluster, &of.namespace).await?;
        if !made.is_at_it() || Instant::now() >= end {
            break made;
        }
        sleep(AGAIN).await;
    };
    let rendered = rendered(cluster, of, platform).await.map_err(|reason| Unsaid::Unrendered { namespace: of.namespace.clone(), reason })?;
    made.said(&rendered, Timestamp::now() - every * PERIODS)
}

/// The `CronJob` as this program makes it.
async fn rendered(cluster: &Cluster, of: &WorldDeployment, platform: &Platform) -> Result<Object, String> {
    let record = airlock_engine::record::read(cluster, &of.namespace).await.map_err(|error| with_causes(&error))?;
    let record = record.ok_or_else(|| "no run of `airlock deployment apply FILE` has come to its end".to_owned())?;
    let rendered = platform.as_recorded(&record).map_err(|error| with_causes(&error))?;
    cron_job(rendered, &of.namespace).ok_or_else(|| "the answers ask for none".to_owned())
}

fn cron_job(rendered: Rendered, namespace: &str) -> Option<Object> {
    let meant = ObjectRef::namespaced("batch/v1", "CronJob", namespace, names::ATTEMPTS);
    rendered.components.into_iter().flat_map(|component| component.objects).find(|object| *object.reference() == meant)
}

#[cfg(test)]
mod tests;
