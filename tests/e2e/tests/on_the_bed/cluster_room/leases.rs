//! Only one run holds the lease.

use std::time::Duration;

use airlock_cluster::ClusterError;

use super::{Outcome, Place};

const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_second_run_is_told_who_holds_the_lease_until_it_is_given_back() -> Outcome {
    let place = Place::new("lease").await?;
    let mut held = place.cluster.lease_acquire(place.name(), "airlock", "first", LONG).await?;
    let refused = place.cluster.lease_acquire(place.name(), "airlock", "second", LONG).await;
    let Err(ClusterError::LeaseHeld { holder, .. }) = refused else { return Err(format!("{refused:?}").into()) };
    assert_eq!(holder.raw(), "first");
    place.cluster.lease_renew(&mut held).await?;
    place.cluster.lease_release(held).await?;
    let second = place.cluster.lease_acquire(place.name(), "airlock", "second", LONG).await?;
    assert_eq!((second.holder(), second.taken_over_from.as_ref()), ("second", None));
    Ok(())
}

#[tokio::test]
async fn a_lease_whose_heartbeat_stopped_is_taken_over_and_the_first_holder_hears_of_it() -> Outcome {
    let place = Place::new("lease").await?;
    let mut first = place.cluster.lease_acquire(place.name(), "airlock", "first", Duration::from_secs(1)).await?;
    let mut second = None;
    for _ in 0..50 {
        match place.cluster.lease_acquire(place.name(), "airlock", "second", LONG).await {
            Ok(held) => {
                second = Some(held);
                break;
            }
            Err(ClusterError::LeaseHeld { .. }) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(error) => return Err(error.into()),
        }
    }
    let second = second.ok_or("it never expired")?;
    assert_eq!(second.taken_over_from.map(|before| before.raw().to_owned()).as_deref(), Some("first"));
    let lost = place.cluster.lease_renew(&mut first).await;
    assert!(matches!(&lost, Err(ClusterError::LeaseLost { holder, .. }) if holder.raw() == "second"), "{lost:?}");
    place.cluster.lease_release(first).await?;
    let live = place.cluster.get(&place.reference("coordination.k8s.io/v1", "Lease", "airlock")).await?.ok_or("gone")?;
    assert_eq!(live.manifest["spec"]["holderIdentity"], "second");
    Ok(())
}

#[tokio::test]
async fn of_two_runs_at_the_same_moment_one_gets_the_lease() -> Outcome {
    let place = Place::new("lease").await?;
    let (one, two) = tokio::join!(place.cluster.lease_acquire(place.name(), "airlock", "one", LONG), place.cluster.lease_acquire(place.name(), "airlock", "two", LONG));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    Ok(())
}
