//! Taking away: what the plan names goes, and with the last of it every trace.

use super::*;

fn remove(id: &str, objects: Vec<ObjectRef>) -> PlannedStep {
    let changes = objects.iter().map(|object| Change { object: object.clone(), operation: Operation::Delete, seen: None, fields: Vec::new() }).collect();
    step(id, Action::Delete(objects), changes)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_stays_in_the_inventory() -> Outcome {
    let place = Place::new("keeps").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("goes", "1")?, place.config("stays", "1")?])])?).await?;
    let gone = place.reference("v1", "ConfigMap", "goes");
    // One that is absent already is no error.
    let plan = place.bare_plan(Purpose::Uninstall, Some("abc"), vec![remove("remove", vec![gone.clone(), place.reference("v1", "Secret", "absent")])])?;
    assert_eq!(place.run(&plan).await?, RunOutcome::Done);
    assert!(place.cluster.get(&gone).await?.is_none());
    let inventory = airlock_engine::record::read_inventory(&place.cluster, &place.name).await?;
    assert_eq!(inventory.objects, [place.reference("v1", "ConfigMap", "stays"), ObjectRef::cluster("v1", "Namespace", &place.name)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_namespace_can_go_with_lease_and_records() -> Outcome {
    let place = Place::new("leaves").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?).await?;
    let namespace = ObjectRef::cluster("v1", "Namespace", &place.name);
    let plan = place.bare_plan(Purpose::Uninstall, Some("abc"), vec![remove("remove", vec![namespace.clone()])])?;
    assert_eq!(place.run(&plan).await?, RunOutcome::Done);
    assert!(place.cluster.get(&namespace).await?.is_none());
    Ok(())
}
