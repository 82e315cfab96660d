//! What was changed since it was installed: plans from recorded answers and documents, which write nothing and are not rehearsed.

use airlock_cluster::Cluster;
use airlock_model::answers::Answers;
use airlock_model::{Action, Change, Drifted, Fact, Operation, Plan, Record, World, with_causes};

use crate::deployment::{self, Platform};
use crate::judged_by::Compared;
use crate::{PlatformError, judged_by, prepare};

const UNFINISHED: &str = "the last run did not come to its end";

/// The platform, and each of its Airflow deployments. What kept one from being compared stands with it.
pub(super) async fn drift(cluster: &Cluster, record: &Record, world: &World) -> Result<Vec<Drifted>, String> {
    let answers: Answers = serde_json::from_value(record.answers.clone()).map_err(|error| with_causes(&error))?;
    let changes = match is_comparable(record) {
        Ok(()) => of_platform(cluster, record, &answers).await,
        Err(why) => Fact::Unverified(why),
    };
    let mut compared = vec![Drifted { what: "the platform".to_owned(), namespace: world.platform.clone(), changes }];
    let platform = Platform { record: record.clone(), answers };
    for of in &world.deployments {
        let changes = match Box::pin(deployment::drafted(cluster, &platform, &of.namespace)).await {
            Ok(Some((record, plan))) => is_comparable(&record).map_or_else(Fact::Unverified, |()| Fact::Known(changed(plan))),
            Ok(None) => Fact::Unverified(UNFINISHED.to_owned()),
            Err(error) => Fact::Unverified(with_causes(&error)),
        };
        compared.push(Drifted { what: format!("deployment {}", of.name), namespace: of.namespace.clone(), changes });
    }
    Ok(compared)
}

/// With the copy of the company's own profile, which a plan takes as it stands. Where that is none, nothing else is compared.
async fn of_platform(cluster: &Cluster, record: &Record, answers: &Answers) -> Fact<Vec<Change>> {
    let Compared { profile, change } = match judged_by::compared(cluster, record, answers).await {
        Ok(compared) => compared,
        Err(why) => return Fact::Unverified(why),
    };
    let plan = match profile {
        Ok(profile) => Box::pin(prepare::drafted(cluster, answers, &profile)).await,
        Err(error) => Err(error),
    };
    match (told(plan), change) {
        (Fact::Known(changes), copy) => Fact::Known(changes.into_iter().chain(copy).collect()),
        (Fact::Unverified(_), Some(copy)) => Fact::Known(vec![copy]),
        (unverified, None) => unverified,
    }
}

/// What another release would make otherwise is no change that somebody made.
fn is_comparable(record: &Record) -> Result<(), String> {
    let release = airlock_render::release().map_err(|error| with_causes(&error))?.version.to_string();
    match record {
        Record { complete: false, .. } => Err(UNFINISHED.to_owned()),
        Record { release: installed, .. } if *installed != release => Err(format!("release {installed} installed it, and this program makes plans of {release}")),
        _ => Ok(()),
    }
}

fn told(plan: Result<Plan, PlatformError>) -> Fact<Vec<Change>> {
    plan.map_or_else(|error| Fact::Unverified(with_causes(&error)), |plan| Fact::Known(changed(plan)))
}

/// A certificate that is due is no change either.
fn changed(plan: Plan) -> Vec<Change> {
    let is_of_time = |action: &Action, change: &Change| matches!(action, Action::Issue(_)) && change.operation == Operation::Update;
    plan.steps.into_iter().flat_map(|step| step.changes.into_iter().filter(|change| !is_of_time(&step.action, change)).collect::<Vec<_>>()).collect()
}
