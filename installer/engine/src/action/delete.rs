//! Deletes objects and waits until they are gone. What is absent already is no error.

use airlock_model::{Event, ObjectRef, Operation, PlannedStep, Untrusted};
use futures::{StreamExt, stream};

use crate::ApplyError;
use crate::run::{AT_ONCE, Run};

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, objects: &[ObjectRef]) -> Result<(), ApplyError> {
    let deleted: Vec<Result<(), ApplyError>> = stream::iter(objects).map(|object| delete_one(run, step, object)).buffer_unordered(AT_ONCE).collect().await;
    deleted.into_iter().collect::<Result<(), _>>()?;
    let told = |object: &ObjectRef, cause: &str| run.events.send(Event::Waiting { step: step.id.clone(), object: object.clone(), cause: Untrusted::new(cause.to_owned()) });
    run.halt.while_leased(run.cluster.wait_gone(objects, &run.waiting(), told)).await?.map_err(ApplyError::of)
}

async fn delete_one(run: &Run<'_>, step: &PlannedStep, object: &ObjectRef) -> Result<(), ApplyError> {
    run.halt.checkpoint()?;
    let existed = run.cluster.delete(object).await.map_err(ApplyError::of)?;
    run.events.send(Event::ObjectSettled { step: step.id.clone(), object: object.clone(), operation: existed.then_some(Operation::Delete) });
    Ok(())
}
