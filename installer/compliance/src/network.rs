//! Who may connect to whom: `NetworkPolicy`, the network-policy-api's admin policies, and Cilium's, by their full
//! semantics, and the checks that rest on the answer.
//!
//! Objects become a [`cluster::Cluster`]: `workloads` reads pods and what makes them, `service` what an ingress
//! controller leads to, and `network_policy`, `admin_policy`, `cluster_policy`, and `cilium_policy` bring each kind into the one form of
//! `policy`. `reach` then answers what two ends may do, as sets of `ports`; `connections` lists the answers. `everybody` says whether rules
//! together mean all. What could not be read is kept beside them, and with it nothing passes. The checks: `default_deny`, `selected`, `crossing` (by
//! `tenancy` and what is `declared`, by a profile or by `component_flows`, also with what is `outside`), `forbidden`, `dangling`, and `exposed`.

mod address;
mod admin_policy;
mod cilium_policy;
mod cilium_selector;
mod cluster;
mod cluster_policy;
mod component_flows;
mod connections;
mod crossing;
mod dangling;
mod declared;
mod default_deny;
mod everybody;
mod exposed;
mod forbidden;
mod network_policy;
mod outside;
mod policy;
mod ports;
mod reach;
mod selected;
mod service;
mod sources;
mod tenancy;
mod workloads;

pub use connections::{CONNECTIONS_SCHEMA, Connection, Connections, UnverifiedObject, connections};
pub use ports::{PortRange, PortSet, Protocol};

pub(crate) use airlock_model::selector::{self, Labels, Selector, WrittenSelector};
pub(crate) use declared::{ALLOW as CROSSING_ALLOW, OUTSIDE as CROSSING_OUTSIDE, PLATFORM as CROSSING_PLATFORM};
pub(crate) use default_deny::{EGRESS, INGRESS};
pub(crate) use exposed::{EXPOSED_ALLOW, MUST_BE_PRIVATE};
pub(crate) use tenancy::{PLATFORM_NAMESPACES, TENANT_NAMESPACES, TENANT_SELECTOR, Tenancy};

use airlock_model::Check;

/// The checks but [`INGRESS`] and [`EGRESS`], which a cluster needs least for, in their order.
pub(crate) fn checks() -> [&'static dyn Check; 6] {
    [&selected::Selected, &crossing::Crossing, &forbidden::Forbidden, &dangling::Dangling, &exposed::Exposed, &exposed::Internal]
}

#[cfg(test)]
pub(crate) mod tests;
