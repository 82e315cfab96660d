//! The components: ours, the customer's, or none, and what each asks of the cluster.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DatabaseServer;

/// The components, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Components {
    /// nginx before everything.
    pub edge: Component,
    /// The private image registry.
    pub registry: Component,
    /// Postgres, one server for all Airflow deployments.
    pub database: Component,
    /// Prometheus, Alertmanager, and what they ask; absent: none, since somebody has to say where alerts go.
    pub monitoring: Option<Component>,
    /// What judges the installation by schedule, inside the cluster; absent: nothing, since somebody has to say where its reports are kept.
    pub auditor: Option<Component>,
}

/// How one component is installed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Component {
    /// Ours, the customer's, or none.
    pub mode: Mode,
    /// Pods; the component's own number when absent.
    pub replicas: Option<u32>,
    /// Requests and limits; the sizing's when absent.
    pub resources: Option<Resources>,
    /// Volume.
    pub storage: Storage,
    /// Node labels that its pods need.
    pub node_selector: BTreeMap<String, String>,
    /// Taints that its pods tolerate, as Kubernetes writes them.
    pub tolerations: Vec<BTreeMap<String, String>>,
    /// Priority class of its pods.
    pub priority_class: Option<String>,
    /// `database` with `mode: existing`: the server that stands in for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<DatabaseServer>,
}

/// Ours, the customer's, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Airlock installs it.
    #[default]
    Bundled,
    /// The customer runs it.
    Existing,
    /// It is left out.
    Off,
}

/// Requests and limits of a component's main container, as Kubernetes quantities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// What is asked for.
    pub requests: ResourcePair,
    /// What is not exceeded.
    pub limits: ResourcePair,
}

/// CPU and memory as Kubernetes quantities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourcePair {
    /// CPU: `100m`.
    pub cpu: String,
    /// Memory: `128Mi`.
    pub memory: String,
}

/// The volume of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// Storage class; the cluster's default when absent.
    pub class: Option<String>,
    /// Size as a Kubernetes quantity; the component's own when absent.
    pub size: Option<String>,
}
