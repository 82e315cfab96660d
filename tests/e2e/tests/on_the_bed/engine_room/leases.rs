//! Only one run writes: a living holder is respected, a dead one is not waited for longer than its lease.

use std::time::Duration;

use airlock_model::Coded as _;
use tokio::time::Instant;

use super::*;

const HELD_BY_ANOTHER: &str = "somebody@elsewhere";

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_one_goes_on_and_the_other_names_it() -> Outcome {
    let place = Place::new("race").await?;
    // A workload that never starts keeps the winner busy until it is told to stop.
    let busy = |id| place.plan(id, vec![create("config", vec![place.config("one", id)?]), create("busy", vec![place.deployment("busy", PAUSE, &json!({"cpu": "900"}))?])]);
    let (plans, seen) = ([busy("aaa")?, busy("bbb")?], Seen::default());
    let (signal, stop) = Stop::pair();
    let settings = ApplyOptions { stalled_after: Duration::from_mins(10), ..options() };
    let (first, second) = (apply(&place.cluster, &plans[0], &settings, &stop, &seen), apply(&place.cluster, &plans[1], &settings, &stop, &seen));
    tokio::pin!(first, second);
    let (loser, winner, kept) = tokio::select! {
        loser = &mut first => { signal.raise(); (loser, second.await, "bbb") }
        loser = &mut second => { signal.raise(); (loser, first.await, "aaa") }
    };
    let loser = loser.expect_err("another run is at work");
    assert_eq!(loser.code().0, "engine.lease-held", "{loser}");
    assert!(loser.to_string().starts_with("test@bed run "), "{loser}");
    let winner = winner.expect_err("it was told to stop, or sees that its pod fits nowhere");
    assert!(matches!(winner, ApplyError::Interrupted | ApplyError::NotReady { .. }), "{winner}");
    let live = place.live(&ObjectRef::cluster("v1", "Namespace", &place.name)).await?;
    assert_eq!(live["metadata"]["labels"][names::LABEL_INSTALLATION], kept);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_holder_is_respected_and_a_dead_one_is_succeeded() -> Outcome {
    let place = Place::new("holder").await?;
    let plan = place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?;
    place.run(&plan).await?;

    let mut held = place.cluster.lease_acquire(&place.name, names::LEASE, HELD_BY_ANOTHER, Duration::from_secs(6)).await?;
    let heartbeat = async {
        loop {
            tokio::time::timeout(Duration::from_secs(2), std::future::pending::<()>()).await.unwrap_or_default();
            place.cluster.lease_renew(&mut held).await.unwrap_or_default();
        }
    };
    let error = tokio::select! {
        outcome = place.run(&plan) => outcome.expect_err("it is held"),
        () = heartbeat => unreachable!("the heartbeat does not end"),
    };
    assert!(error.to_string().starts_with(HELD_BY_ANOTHER), "{error}");

    let seen = Seen::default();
    let began = Instant::now();
    assert_eq!(apply(&place.cluster, &plan, &options(), &Stop::never(), &seen).await?, RunOutcome::Done);
    assert!(began.elapsed() < Duration::from_secs(15), "it took {:?}", began.elapsed());
    assert!(seen.causes().iter().any(|cause| cause.contains(HELD_BY_ANOTHER)), "{:?}", seen.causes());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lease_stops_before_the_next_write() -> Outcome {
    let place = Place::new("lost").await?;
    place.run(&place.plan("abc", vec![create("config", vec![place.config("one", "1")?])])?).await?;
    // The workload cannot start, so that the run waits when its lease is taken.
    let after = PlannedStep { after: vec!["busy".into()], ..create("after", vec![place.config("two", "2")?]) };
    let plan = place.bare_plan(Purpose::Install, Some("abc"), vec![create("busy", vec![place.deployment("busy", PAUSE, &json!({"cpu": "900"}))?]), after])?;
    let lease = place.reference("coordination.k8s.io/v1", "Lease", names::LEASE);
    let settings = ApplyOptions { stalled_after: Duration::from_mins(10), ..options() };
    let (stop, seen) = (Stop::never(), Seen::default());
    let taken = async {
        seen.until_settled("busy").await;
        place.cluster.delete(&lease).await
    };
    let (outcome, taken) = tokio::join!(apply(&place.cluster, &plan, &settings, &stop, &seen), taken);
    assert!(taken?);
    let error = outcome.expect_err("the lease is lost");
    assert!(matches!(error, ApplyError::LeaseLost { .. }), "{error}");
    assert!(place.cluster.get(&place.reference("v1", "ConfigMap", "two")).await?.is_none());
    Ok(())
}
