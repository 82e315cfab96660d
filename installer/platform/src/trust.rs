//! What makes nodes and people's machines believe the certificate of the base domain.

use std::collections::{BTreeMap, BTreeSet};

use airlock_cluster::Cluster;
use airlock_model::{Fact, Untrusted, with_causes};
use airlock_tls::{ChainCertificate, MACHINES, MachineTrust, NodeKind};
use serde::Serialize;

use crate::{PlatformError, certificate, desired, requirements, verify};

/// What has to be believed, where, and how.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trust {
    /// The registry's host, which nodes pull from.
    pub registry: String,
    /// The authorities; none: one that every system knows, and there is nothing to do.
    pub authorities: Vec<ChainCertificate>,
    /// The same, as a file holds them.
    pub pem: Option<String>,
    /// Pools of nodes by kind; why not, where nodes could not be read.
    pub nodes: Fact<Vec<NodeTrust>>,
    /// Whether a node of each pool has pulled from the registry when it was last installed.
    pub pulled: bool,
    /// People's machines.
    pub machines: &'static [MachineTrust],
}

/// What the nodes of some pools need.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeTrust {
    /// Their kind.
    pub kind: NodeKind,
    /// The pools.
    pub pools: BTreeSet<Untrusted<String>>,
    /// Their container runtimes, `containerd://2.4.2`.
    pub runtimes: BTreeSet<Untrusted<String>>,
    /// Ready to paste; none: nothing is to be done.
    pub steps: Option<String>,
}

/// Reads the installation of a namespace and the cluster's nodes; nothing is written.
pub async fn trust(cluster: &Cluster, namespace: &str) -> Result<Trust, PlatformError> {
    let (record, answers) = verify::recorded(cluster, namespace).await?;
    let missing = |what, why: String| PlatformError::FactMissing { what, why: Untrusted::new(why) };
    let hosts = requirements::hosts(&answers)?;
    let registry = hosts.get("registry").and_then(|hosts| hosts.first()).ok_or_else(|| missing("the registry's host", "this installation has none".into()))?.to_string();
    let pem = certificate::authority(cluster, &answers).await?;
    if pem.is_none() && desired::authority(&answers).is_some() {
        return Err(missing("the authority of the base domain", "its Secret is not there yet; let `airlock install` go as far as it can".into()));
    }
    let nodes = match cluster.surveyed_nodes().await? {
        Fact::Unverified(why) => Fact::Unverified(why),
        Fact::Known(nodes) => {
            let mut kinds: BTreeMap<NodeKind, NodeTrust> = BTreeMap::new();
            for node in nodes {
                let kind = NodeKind::of(&node.runtime, node.pool_label.as_deref());
                let steps = || pem.as_deref().map(|pem| kind.steps(&registry, pem));
                let of_kind = kinds.entry(kind).or_insert_with(|| NodeTrust { kind, pools: BTreeSet::new(), runtimes: BTreeSet::new(), steps: steps() });
                of_kind.pools.insert(Untrusted::new(node.pool));
                of_kind.runtimes.insert(Untrusted::new(node.runtime));
            }
            Fact::Known(kinds.into_values().collect())
        }
    };
    let authorities = pem.as_deref().map(ChainCertificate::all_of).transpose().map_err(|error| missing("the authority of the base domain", with_causes(&error)))?.unwrap_or_default();
    Ok(Trust { registry, authorities, pem, nodes, pulled: record.gates.contains_key("node-pull"), machines: &MACHINES })
}
