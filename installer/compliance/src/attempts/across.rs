//! What pages of other hosts are let read of an Airflow deployment.

use airlock_model::{Attempt, AttemptAction, AttemptId, Vantage, World, WorldDeployment};

use super::{address, trust};

/// What answers whoever asks, so that an answer is a control of its own.
const PATH: &str = "/api/v2/version";

/// A host as a browser writes it when it asks for a page there (RFC 6454 §6.2).
pub(crate) fn origin_of(host: &str) -> String {
    format!("https://{host}")
}

/// A page that asks, of this host.
pub(crate) struct Page(String);

impl Page {
    /// The pages of each other deployment, and of a host of the base domain that nobody has.
    pub(crate) fn others(world: &World, of: &WorldDeployment) -> Vec<Self> {
        let nobodys = format!("nobody.{}", world.base_domain);
        let taken = world.deployments.iter().any(|other| other.host == nobodys);
        let others = world.deployments.iter().filter(|other| other.name != of.name).map(|other| other.host.clone());
        others.chain((!taken).then_some(nobodys)).map(Self).collect()
    }

    /// As a browser writes it.
    pub(crate) fn origin(&self) -> String {
        origin_of(&self.0)
    }

    pub(crate) fn id(&self, of: &WorldDeployment) -> AttemptId {
        AttemptId(format!("airflow.across.{}.{}", of.name, self.0))
    }

    pub(crate) fn attempt(&self, world: &World, of: &WorldDeployment) -> Attempt {
        Attempt {
            id: self.id(of),
            from: Vantage::Workstation,
            target: address(world, &of.host),
            action: AttemptAction::AskAcross { path: PATH.to_owned(), server_name: of.host.clone(), trust: trust(world), origin: self.origin() },
            control: None,
            purpose: format!("a request to {} as for a page of {}, which must not be let read the answer", of.host, self.0),
        }
    }
}
