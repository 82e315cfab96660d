//! Server-side apply of the objects of a step: unchanged ones are not written, changed ones only when they are as the
//! plan saw them; then all of them are waited for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use airlock_cluster::{Cluster, Phase, is_ready};
use airlock_model::{Action, Change, Event, LiveObject, Object, ObjectRef, Operation, Plan, PlannedStep, Untrusted};
use futures::{StreamExt, stream};

use crate::ApplyError;
use crate::decision::{Decision, decide};
use crate::run::{AT_ONCE, Run};

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, objects: &[Object]) -> Result<(), ApplyError> {
    let changes: BTreeMap<&ObjectRef, &Change> = step.changes.iter().map(|change| (&change.object, change)).collect();
    for phase in Phase::ALL {
        let of_phase: Vec<(&Object, &Change)> =
            objects.iter().filter(|object| Phase::of(&object.reference().kind) == phase).filter_map(|object| changes.get(object.reference()).map(|change| (object, *change))).collect();
        write(run, step, &of_phase).await?;
    }
    wait(run, step, objects).await
}

/// Before the first write of a run: is everything that the plan touches as it saw it or as it makes it?
pub(crate) async fn check(cluster: &Cluster, plan: &Plan) -> Result<(), ApplyError> {
    let mut touched: BTreeMap<&ObjectRef, (&Object, &Change)> = BTreeMap::new();
    for step in &plan.steps {
        let Action::Apply(objects) = &step.action else { continue };
        for change in &step.changes {
            if let Some(object) = objects.iter().find(|object| *object.reference() == change.object) {
                touched.insert(&change.object, (object, change));
            }
        }
    }
    let live = observe(cluster, touched.keys().copied()).await?;
    for (reference, (object, change)) in touched {
        decide(change, object, live.get(reference))?;
    }
    Ok(())
}

async fn observe<'a>(cluster: &Cluster, objects: impl Iterator<Item = &'a ObjectRef>) -> Result<BTreeMap<ObjectRef, LiveObject>, ApplyError> {
    let objects: Vec<ObjectRef> = objects.cloned().collect();
    let live = cluster.live_by_listing(&objects).await.map_err(ApplyError::of)?;
    Ok(live.into_iter().map(|live| (live.object.clone(), live)).collect())
}

/// Writes the objects of one phase, some at a time. After a failure no new write begins, and those under way end.
async fn write(run: &Run<'_>, step: &PlannedStep, objects: &[(&Object, &Change)]) -> Result<(), ApplyError> {
    if objects.is_empty() {
        return Ok(());
    }
    let live = run.halt.or(observe(run.cluster, objects.iter().map(|(object, _)| object.reference()))).await??;
    let failed = AtomicBool::new(false);
    let written: Vec<Result<(), ApplyError>> = stream::iter(objects)
        .map(|(object, change)| {
            let (failed, live) = (&failed, live.get(object.reference()));
            async move {
                // What began before the failure ends; what comes after it is left for the next run.
                if failed.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let written = write_one(run, step, object, change, live).await;
                if written.is_err() {
                    failed.store(true, Ordering::Relaxed);
                }
                written
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    written.into_iter().collect()
}

async fn write_one(run: &Run<'_>, step: &PlannedStep, object: &Object, change: &Change, live: Option<&LiveObject>) -> Result<(), ApplyError> {
    let operation = match decide(change, object, live)? {
        Decision::Leave => None,
        Decision::Write => {
            run.halt.checkpoint()?;
            let applied = run.cluster.apply(object).await.map_err(ApplyError::of)?;
            Some(if applied.created { Operation::Create } else { Operation::Update })
        }
    };
    run.events.send(Event::ObjectSettled { step: step.id.clone(), object: object.reference().clone(), operation });
    Ok(())
}

async fn wait(run: &Run<'_>, step: &PlannedStep, objects: &[Object]) -> Result<(), ApplyError> {
    // What is ready by its manifest alone has nothing to become.
    let awaited: Vec<ObjectRef> = objects.iter().filter(|object| !is_ready(&object.reference().kind, object.manifest())).map(|object| object.reference().clone()).collect();
    let told = |object: &ObjectRef, cause: &str| run.events.send(Event::Waiting { step: step.id.clone(), object: object.clone(), cause: Untrusted::new(cause.to_owned()) });
    // Of an earlier run: its cause may be mended by now, and a back-off of minutes would outlast this wait.
    let resumed: Vec<ObjectRef> = step.changes.iter().filter(|change| change.operation == Operation::Await).map(|change| change.object.clone()).collect();
    run.cluster.end_back_off(&resumed).await.map_err(ApplyError::of)?;
    run.halt.while_leased(run.cluster.wait_ready(&awaited, &run.waiting(), told)).await?.map_err(ApplyError::of)
}
