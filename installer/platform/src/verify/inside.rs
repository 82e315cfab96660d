//! The same installation, judged from inside by an account that reads no Secret and makes no pod (DESIGN.md §8).
//!
//! What a check is given here it is given as from a workstation, so that it says the same. What needs the password of a deployment's
//! database role is tried by schedule in the deployment's namespace, and collected. What needs another attempt or a secret's value is
//! `unverified`, with the reason and the command that makes it.

use airlock_cluster::Cluster;
use airlock_compliance::{Decisions, Judging, Report};
use airlock_model::answers::{Answers, Mode};
use airlock_model::{Attempt, AttemptId, AttemptResult, ControlPlane, Fact, ImageLock, JudgingRun, Outcome, Planned, Profile, Record, Snapshot, World, WorldDatabase, WorldDeployment, WorldServer};
use jiff::Timestamp;

use super::{Intended, THEIRS, attempts_in, bundled_database, deployments, held_against, images, objects, world_of};
use crate::audit::attempts;
use crate::deployment::Platform;
use crate::{PlatformError, judged_by};

/// Why no attempt is made.
const NO_ATTEMPTS: &str = "the auditor in the cluster makes no attempts; `airlock compliance-check` makes them";
/// Why no secret is looked at.
const NO_SECRETS: &str = "the auditor in the cluster reads no Secrets; `airlock compliance-check` reads them with your rights";
/// Why nothing is read of the control plane.
const NO_CONTROL_PLANE: &str = "the auditor in the cluster holds no right in all of it; `airlock compliance-check` reads the control plane with your rights";
/// Why nodes are not looked at.
const NO_NODES: &str = "the auditor in the cluster may not list nodes; `airlock compliance-check` lists them with your rights";
/// Why nothing is said of the run as such, and nothing compared with what was installed.
const NO_RUN: &str = "the auditor in the cluster asks about no rights but its own; `airlock compliance-check` asks about those of the run, and compares with what was installed";
/// What is said where the API server refuses.
const NO_RIGHT: &str = "what the auditor in the cluster may not read, `airlock compliance-check` reads with your rights";

/// Judges what can be judged with the auditor's rights.
pub(crate) async fn judge(cluster: &Cluster, record: &Record, answers: &Answers, profile: &Profile) -> Result<Report, PlatformError> {
    judged_by::fits_here(cluster, profile).await?;
    let world = world(answers, deployments(cluster, answers).await?)?;
    let needs = airlock_compliance::needs(profile, &world)?;
    let intended = Intended { profile: profile.clone(), world, attempts: attempts_in(&needs), decisions: Decisions::default(), node_reports: Vec::new(), scan_reports: Vec::new(), needs };
    let collected = async {
        let every = answers.audit_every().map_err(|reason| PlatformError::FactMissing { what: "from one audit to the next", why: reason.into() })?;
        Ok::<_, PlatformError>(attempts::collected(cluster, &intended.world, &Platform { record: record.clone(), answers: answers.clone() }, every).await)
    };
    let (mut objects, images, collected) = futures::join!(objects(cluster, &intended), images(cluster, record, &intended.world), collected);
    for reason in objects.values_mut().filter_map(|found| found.as_mut().err()) {
        *reason = format!("{reason}; {NO_RIGHT}");
    }
    // A deployment whose record is hidden has pods that are hidden too; a check without the lock is unverified.
    let mut templates = super::templates::templates(cluster, &objects).await;
    for reason in templates.iter_mut().flatten().flat_map(|(_, kinds)| kinds.values_mut()).filter_map(|found| found.as_mut().err()) {
        *reason = format!("{reason}; {NO_RIGHT}");
    }
    let mut given = Snapshot { objects, templates, ..unseen(&intended, images.ok(), Timestamp::now()) };
    let asked = |(attempt, _): &(AttemptId, Outcome)| intended.attempts.iter().any(|intended| intended.id == *attempt);
    given.outcomes.extend(collected?.into_iter().filter(asked));
    let report = airlock_compliance::judge_decided(profile, &given, &intended.decisions, Judging { passes: false, workers: 1 })?;
    Ok(held_against(report, record))
}

/// What can be known without a Secret. Authorities decide about attempts alone, which are not made.
fn world(answers: &Answers, deployments: Vec<WorldDeployment>) -> Result<World, PlatformError> {
    let platform = &answers.namespaces.platform;
    let database = match (answers.database_server(), answers.components.database.mode) {
        (Some(theirs), _) => Some(WorldDatabase { host: theirs.host.clone(), port: theirs.port, authority: None, certificate: Err(THEIRS.to_owned()), existing: true }),
        (None, Mode::Bundled) => Some(WorldDatabase { certificate: Err(NO_SECRETS.to_owned()), ..bundled_database(platform) }),
        (None, _) => None,
    };
    let known = world_of(answers, deployments)?;
    let servers = known.servers.into_iter().map(|server| WorldServer { certificate: Err(NO_SECRETS.to_owned()), ..server }).collect();
    Ok(World { database, nodes: Some(Err(NO_NODES.to_owned())), services: Some(Err(NO_ATTEMPTS.to_owned())), servers, ..known })
}

/// Everything but the objects: why it is not there.
fn unseen(intended: &Intended, images: Option<ImageLock>, now: Timestamp) -> Snapshot {
    let outcome =
        |attempt: &Attempt| Outcome { attempt: attempt.id.clone(), result: AttemptResult::NotCarriedOut(NO_ATTEMPTS.to_owned().into()), source: None, destination: None, started: now, took_millis: 0 };
    Snapshot {
        world: intended.world.clone(),
        at: Some(now),
        outcomes: intended.attempts.iter().map(|attempt| (attempt.id.clone(), outcome(attempt))).collect(),
        leaks: Some(Err(NO_SECRETS.to_owned())),
        logged: Some(Err(NO_SECRETS.to_owned())),
        shared: Some(Err(NO_SECRETS.to_owned())),
        strength: Some(Err(NO_SECRETS.to_owned())),
        fernet_keys: Some(Err(NO_SECRETS.to_owned())),
        stored_certificates: Some(Err(NO_SECRETS.to_owned())),
        control_plane: Some(ControlPlane::unread(NO_CONTROL_PLANE)),
        run: Some(JudgingRun::unknown(NO_RUN)),
        drift: Some(Err(NO_RUN.to_owned())),
        plan_runs: Some(Fact::Unverified(NO_RUN.to_owned())),
        planned: images.map(|images| Planned { images, ..Planned::default() }),
        ..Snapshot::default()
    }
}

#[cfg(test)]
mod tests;
