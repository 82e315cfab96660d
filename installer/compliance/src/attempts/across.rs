//! What pages of other hosts are let read of an Airflow deployment.

use airlock_model::{Attempt, AttemptAction, AttemptId, Vantage, World, WorldDeployment};

use super::{address, trust};

/// What answers whoever asks, so that an answer is a control of its own.
const PATH: &str = "/api/v2/version";

/// A page that asks.
pub(crate) struct Page {
    /// Whose it is.
    name: String,
    host: String,
}

impl Page {
    /// The pages of each other deployment, and of a host of the base domain that nobody has.
    pub(crate) fn others(world: &World, of: &WorldDeployment) -> Vec<Self> {
        let others = world.deployments.iter().filter(|other| other.name != of.name).map(|other| Self { name: other.name.clone(), host: other.host.clone() });
        let nobodys = Self { name: "nobody".to_owned(), host: format!("nobody.{}", world.base_domain) };
        others.chain([nobodys]).collect()
    }

    /// As a browser writes it.
    pub(crate) fn origin(&self) -> String {
        format!("https://{}", self.host)
    }

    pub(crate) fn id(&self, of: &WorldDeployment) -> AttemptId {
        AttemptId(format!("airflow.across.{}.{}", of.name, self.name))
    }

    pub(crate) fn attempt(&self, world: &World, of: &WorldDeployment) -> Attempt {
        Attempt {
            id: self.id(of),
            from: Vantage::Workstation,
            target: address(world, &of.host),
            action: AttemptAction::AskAcross { path: PATH.to_owned(), server_name: of.host.clone(), trust: trust(world), origin: self.origin() },
            control: None,
            purpose: format!("a request to {} as for a page of {}, which must not be let read the answer", of.host, self.host),
        }
    }
}
