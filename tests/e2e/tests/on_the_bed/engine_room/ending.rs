//! A run can be ended at any moment, and the same plan goes on.

use std::time::Duration;

use airlock_model::Coded as _;

use super::*;

fn three_steps(place: &Place) -> Result<ApprovedPlan, Box<dyn Error>> {
    let after = |step: PlannedStep, before: &str| PlannedStep { after: vec![before.into()], ..step };
    place.plan(
        "abc",
        vec![create("first", vec![place.config("one", "1")?]), after(create("second", vec![place.config("two", "2")?]), "first"), after(create("third", vec![place.config("three", "3")?]), "second")],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_between_writes_gives_the_lease_back_and_the_same_plan_goes_on() -> Outcome {
    let place = Place::new("interrupt").await?;
    let plan = three_steps(&place)?;
    let (signal, stop) = Stop::pair();
    let seen = Seen::stopping(signal, |event| matches!(event, Event::ObjectSettled { object, .. } if object.name == "two"));
    let error = apply(&place.cluster, &plan, &options(), &stop, &seen).await.expect_err("it was interrupted");
    assert_eq!(error.code().0, "engine.interrupted");
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "two")).await?.is_some(), "a write that began is ended");
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "three")).await?.is_none(), "no new one begins");
    let record = airlock_engine::record::read(&place.cluster, &place.name).await?.ok_or("no record")?;
    assert!(!record.complete);
    let lease = place.live(&place.reference("coordination.k8s.io/v1", "Lease", names::LEASE)).await?;
    assert_eq!(lease["spec"].get("holderIdentity").and_then(Value::as_str).unwrap_or_default(), "", "the lease was given back");

    assert_eq!(place.run(&plan).await?, RunOutcome::Done);
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "three")).await?.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_before_the_first_write_writes_nothing() -> Outcome {
    let place = Place::new("early").await?;
    let (signal, stop) = Stop::pair();
    signal.raise();
    let error = apply(&place.cluster, &three_steps(&place)?, &options(), &stop, &Seen::default()).await.expect_err("it was interrupted");
    assert_eq!(error.code().0, "engine.interrupted");
    assert!(place.cluster.get(&ObjectRef::cluster("v1", "Namespace", &place.name)).await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_killed_after_any_event_is_ended_by_the_next_one() -> Outcome {
    let full = {
        let place = Place::new("whole").await?;
        let seen = Seen::default();
        apply(&place.cluster, &three_steps(&place)?, &options(), &Stop::never(), &seen).await?;
        seen.all().len()
    };
    for events in 1..full {
        let place = Place::new("killed").await?;
        let plan = three_steps(&place)?;
        let seen = Seen::default();
        let enough = async {
            while seen.all().len() < events {
                tokio::task::yield_now().await;
            }
        };
        let (stop, settings) = (Stop::never(), options());
        tokio::select! {
            biased;
            () = enough => {}
            outcome = apply(&place.cluster, &plan, &settings, &stop, &seen) => drop(outcome?),
        }
        place.expire_lease().await?;
        assert_eq!(place.run(&plan).await?, RunOutcome::Done, "killed after {events} of {full} events");
        let record = airlock_engine::record::read(&place.cluster, &place.name).await?.ok_or("no record")?;
        assert!(record.complete, "killed after {events} of {full} events");
        assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "three")).await?.is_some());
    }
    Ok(())
}

#[cfg(feature = "long")]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_in_the_middle_of_requests_again_and_again_gets_done() -> Outcome {
    let place = Place::new("again").await?;
    let plan = three_steps(&place)?;
    let (stop, settings, seen) = (Stop::never(), options(), Seen::default());
    let mut kills = 0;
    // Each run may go a little longer than the one before, so that the end meets another request each time.
    let outcome = loop {
        let allowed = Duration::from_millis(5 * (kills + 1));
        match tokio::time::timeout(allowed, apply(&place.cluster, &plan, &settings, &stop, &seen)).await {
            Ok(outcome) => break outcome?,
            Err(_) => kills += 1,
        }
        if place.cluster.get(&ObjectRef::cluster("v1", "Namespace", &place.name)).await?.is_some() {
            place.expire_lease().await?;
        }
    };
    assert_eq!(outcome, RunOutcome::Done);
    assert!(kills > 3, "it was killed {kills} times only");
    let record = airlock_engine::record::read(&place.cluster, &place.name).await?.ok_or("no record")?;
    assert!(record.complete);
    let inventory = airlock_engine::record::read_inventory(&place.cluster, &place.name).await?;
    assert_eq!(inventory.objects.len(), 4);
    let journals = place.cluster.list("v1", "ConfigMap", Some(&place.name), Some("app.kubernetes.io/component=journal")).await?;
    assert!(journals.len() <= names::JOURNALS_KEPT, "{} journals are kept", journals.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_ends_a_wait_and_the_record_says_that_it_is_not_complete() -> Outcome {
    let place = Place::new("deadline").await?;
    let plan = place.plan(
        "abc",
        vec![create(
            "never",
            vec![place.object(
                "v1",
                "PersistentVolumeClaim",
                "never",
                &json!({"spec": {"storageClassName": "never", "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
            )?],
        )],
    )?;
    let settings = ApplyOptions { deadline: Some(Duration::from_secs(4)), ..options() };
    let error = apply(&place.cluster, &plan, &settings, &Stop::never(), &Seen::default()).await.expect_err("the time is over");
    assert!(matches!(error, ApplyError::Deadline | ApplyError::NotReady { .. }), "{error}");
    assert!(!airlock_engine::record::read(&place.cluster, &place.name).await?.ok_or("no record")?.complete);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_after_the_step_that_was_asked_for() -> Outcome {
    let place = Place::new("until").await?;
    let settings = ApplyOptions { until: Some("second".into()), ..options() };
    assert_eq!(apply(&place.cluster, &three_steps(&place)?, &settings, &Stop::never(), &Seen::default()).await?, RunOutcome::Done);
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "two")).await?.is_some());
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "three")).await?.is_none());
    assert!(!airlock_engine::record::read(&place.cluster, &place.name).await?.ok_or("no record")?.complete);
    Ok(())
}
