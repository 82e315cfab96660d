//! What every check of the served hosts does for each of them.

use airlock_model::{Attempt, Finding, Need, Snapshot, World};

use crate::described::Described;

/// Attempts at each host.
pub(super) fn needs<Attempts: IntoIterator<Item = Attempt>>(world: &World, at: impl Fn(&str) -> Attempts) -> Vec<Need> {
    world.hosts.keys().flat_map(|host| at(host)).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
}

/// Findings about each host; that none is known is no pass.
pub(super) fn findings<Findings: IntoIterator<Item = Finding>>(texts: &Described, given: &Snapshot, about: impl Fn(&str) -> Findings) -> Vec<Finding> {
    if given.world.hosts.is_empty() {
        return vec![texts.unverified("hosts of the base domain", "no served host was given")];
    }
    given.world.hosts.keys().flat_map(|host| about(host)).collect()
}
