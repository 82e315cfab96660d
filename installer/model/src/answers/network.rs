//! The network as the customer knows it: proxy, peers, further ways out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Proxy;

/// Proxy, peers, and allowed ways out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Network {
    /// The way out.
    pub proxy: Proxy,
    /// Peers that the survey would find; these win over it.
    pub peers: Peers,
    /// Further ways out.
    pub egress: Vec<Egress>,
}

/// Peers that the survey would find.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Peers {
    /// Cluster DNS.
    pub dns: Option<DnsPeer>,
    /// Addresses of the API server, `address:port`.
    pub api_server: Vec<String>,
    /// Networks that users come from as the edge's pods see them (CIDR).
    pub ingress: Vec<String>,
    /// With `components.monitoring.mode: existing`, the Prometheus that watches the platform, `namespace/name`; the only one when absent.
    pub prometheus: Option<String>,
}

/// Cluster DNS as policies must name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DnsPeer {
    /// Namespace of its pods.
    pub namespace: String,
    /// Labels of its pods.
    pub selector: BTreeMap<String, String>,
    /// Ports its pods listen on.
    pub ports: Vec<u16>,
}

/// A further way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Egress {
    /// The component that needs it.
    pub component: String,
    /// Network (CIDR).
    pub to: String,
    /// TCP port.
    pub port: u16,
    /// Why.
    pub reason: String,
}
