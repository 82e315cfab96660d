//! Only one run holds the lease.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use airlock_cluster::ClusterError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::{Outcome, Place, connect};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_deleted_during_a_heartbeat_is_lost_and_not_made_anew() -> Outcome {
    let place = Place::new("lease").await?;
    // Between the answer to the heartbeat's read and its write the lease is deleted from nearby.
    let folder = tempfile::tempdir()?;
    let distant = connect(from_afar(&place, folder.path(), Duration::from_millis(500)).await?, None).await?;
    let mut held = distant.lease_acquire(place.name(), "airlock", "first", LONG).await?;
    let log = place.bed.audit()?;
    let lease = place.reference("coordination.k8s.io/v1", "Lease", "airlock");
    let beating = tokio::spawn(async move { distant.lease_renew(&mut held).await });
    let of_the_lease = |verb: &str| Ok::<_, airlock_bed::BedError>(log.entries()?.into_iter().find(|entry| entry.verb == verb && entry.resource == "leases" && entry.namespace == place.name()));
    tokio::task::block_in_place(|| {
        airlock_bed::eventually("the heartbeat has read the lease", Duration::from_secs(30), || match of_the_lease("get") {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("not yet".to_owned()),
            Err(error) => Err(error.to_string()),
        })
    })?;
    assert!(place.cluster.delete(&lease).await?, "it was there");
    let renewed = beating.await?;
    assert!(matches!(&renewed, Err(ClusterError::LeaseLost { .. })), "{renewed:?}");
    assert_eq!(of_the_lease("update")?.map(|write| write.code), Some(409), "its write came after the deletion");
    assert!(place.cluster.get(&lease).await?.is_none(), "it stays deleted");
    Ok(())
}

/// A kubeconfig with a way to the server on which bytes arrive so much later, in each direction.
async fn from_afar(place: &Place, folder: &Path, late: Duration) -> Result<PathBuf, Box<dyn Error>> {
    let near = std::fs::read_to_string(place.bed.host_kubeconfig())?;
    let server = near.split_once("https://").and_then(|(_, rest)| rest.split('"').next()).ok_or("no server")?.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let file = folder.join("afar.kubeconfig");
    std::fs::write(&file, near.replace(&server, &listener.local_addr()?.to_string()))?;
    tokio::spawn(async move {
        while let Ok((outer, _)) = listener.accept().await {
            let Ok(inner) = TcpStream::connect(&server).await else { continue };
            let ((questions, asker), (answers, server)) = (outer.into_split(), inner.into_split());
            tokio::spawn(carry(questions, server, late));
            tokio::spawn(carry(answers, asker, late));
        }
    });
    Ok(file)
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, late: Duration) -> std::io::Result<()> {
    let mut bytes = [0; 16 * 1024];
    loop {
        let read = from.read(&mut bytes).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        tokio::time::sleep(late).await;
        to.write_all(&bytes[..read]).await?;
    }
}
