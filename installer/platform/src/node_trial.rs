//! Nodes are tried before anything is installed: whether one of each pool pulls from where the images are published.

use airlock_cluster::Cluster;
use airlock_engine::{Halt, NodeTrial};
use airlock_model::{Answers, Events, Facts, Finding, LockedImage, names};

use crate::{PlatformError, desired, images};

/// What will be tried, before it is: the image is asked for where it is published.
pub async fn node_trial(answers: &Answers, facts: &Facts) -> Result<NodeTrial, PlatformError> {
    let release = airlock_render::release()?;
    let published = release.images.get(names::OWN_IMAGE).ok_or_else(|| PlatformError::ImageNotLocked { name: names::OWN_IMAGE.into() })?;
    let reference = published.reference.clone();
    let digest = images::ask(&reference, answers).await?.map_err(|why| PlatformError::FactMissing { what: "the image that nodes are to pull", why })?;
    let image = LockedImage { name: names::OWN_IMAGE.into(), reference, digest }.pinned();
    Ok(NodeTrial::new(&answers.metadata.labels, &answers.metadata.annotations, image, desired::pools(Some(facts)))?)
}

/// Carries it out and judges: a finding for each pool. Nothing of it is left in the cluster.
pub async fn try_nodes(cluster: &Cluster, trial: &NodeTrial, halt: &Halt, events: &dyn Events) -> Result<Vec<Finding>, PlatformError> {
    Ok(airlock_compliance::pulled(trial.carry_out(cluster, halt, events).await?))
}

/// The finding where nobody agreed to it: nothing is known of any node.
pub fn untried_nodes() -> Vec<Finding> {
    airlock_compliance::pulled(Vec::new())
}
