//! What every check of Airflow deployments does for each of them.

use airlock_model::{Attempt, Finding, Need, Snapshot, World, WorldDeployment};

use crate::described::Described;
use crate::live;

/// Attempts at each deployment, or from it.
pub(super) fn needs<'a, Attempts: IntoIterator<Item = Attempt>>(world: &'a World, at: impl Fn(&'a WorldDeployment) -> Attempts) -> Vec<Need> {
    world.deployments.iter().flat_map(at).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
}

/// Findings about each deployment. Where there is none nothing applies; where nothing is known of them nothing passes.
pub(super) fn findings<'a, Findings: IntoIterator<Item = Finding>>(texts: &Described, given: &'a Snapshot, about: impl Fn(&'a WorldDeployment) -> Findings) -> Vec<Finding> {
    match live::deployments(given) {
        Ok(deployments) => deployments.iter().flat_map(about).collect(),
        Err(unseen) => texts.unseen(live::DEPLOYMENTS, unseen),
    }
}
