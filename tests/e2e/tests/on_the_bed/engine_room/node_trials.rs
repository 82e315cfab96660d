//! Nodes are tried before anything is installed, and nothing of it is left.

use airlock_engine::{Halt, NodeTrial};
use airlock_model::{PoolPull, Pulled};

use super::*;

/// What became of each pool, once the namespace is gone.
async fn tried(place: &Place, image: &str) -> Result<Vec<PoolPull>, Box<dyn Error>> {
    let pools = ["pool1", "pool2"].map(|pool| (pool.to_owned(), BTreeMap::from([("pool".to_owned(), pool.to_owned())])));
    let labels = BTreeMap::from([("team".to_owned(), "platform".to_owned())]);
    let trial = NodeTrial::new(&labels, &BTreeMap::new(), image.parse()?, pools.into())?;
    let audit = place.bed.audit()?;
    let pulls = trial.carry_out(&place.cluster, &Halt::new(&Stop::never(), None), &Seen::default()).await?;
    assert!(place.cluster.get(&ObjectRef::cluster("v1", "Namespace", trial.namespace())).await?.is_none(), "the namespace is gone");
    let made = audit.entries()?.into_iter().filter(|entry| entry.verb == "create" && entry.namespace == trial.namespace() && entry.resource == "pods").count();
    assert!(made >= 2, "a pod for each pool was made there: {made}");
    Ok(pulls)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_each_pool_pulls_or_says_why_not() -> Outcome {
    let place = Place::new("trial").await?;
    let good = tried(&place, "ghcr.io/airlock-platform/bed-client:1").await?;
    assert_eq!(good.iter().map(|pull| (pull.pool.as_str(), &pull.ended)).collect::<Vec<_>>(), [("pool1", &Pulled::Yes), ("pool2", &Pulled::Yes)]);
    let refused = tried(&place, "registry.nowhere.test/airlock/airlock:1").await?;
    let words: Vec<String> = refused.iter().map(|pull| if let Pulled::No(why) = &pull.ended { why.raw().to_owned() } else { format!("{pull:?}") }).collect();
    assert!(words.len() == 2 && words.iter().all(|why| why.contains("no such host") || why.contains("server misbehaving")), "{words:?}");
    Ok(())
}
