//! Nodes, their pools, and what is free on them.

use std::collections::BTreeMap;

use airlock_model::{Amount, LiveObject, Node};
use k8s_openapi::api::core::v1::Node as LiveNode;

use super::requests::{PodRequests, amount};
use crate::read::Selection;
use crate::{Cluster, ClusterError};

/// Labels that tell a node's pool, the more specific ones first.
const POOL_LABELS: [&str; 12] = [
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "karpenter.sh/nodepool",
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "doks.digitalocean.com/node-pool",
    "oci.oraclecloud.com/node.pool.name",
    "ibm-cloud.kubernetes.io/worker-pool-name",
    "node.cluster.x-k8s.io/deployment-name",
    "machine.openshift.io/cluster-api-machineset",
    "node-pool",
    "pool",
];

/// What [`Node::usable_pool`] says of a live node; none also for what is no node.
pub fn usable_pool(node: &LiveObject) -> Option<(String, BTreeMap<String, String>)> {
    facts(&serde_json::from_value(node.manifest.clone()).ok()?, &BTreeMap::new()).usable_pool()
}

impl Cluster {
    pub(super) async fn nodes(&self) -> Result<Vec<Node>, ClusterError> {
        let (nodes, pods) = (self.resource("v1", "Node").await?, self.resource("v1", "Pod").await?);
        let running = Selection { fields: Some("status.phase!=Succeeded,status.phase!=Failed"), ..Selection::default() };
        let (nodes, pods) = tokio::join!(self.list_as::<LiveNode>(&nodes, Selection::default()), self.list_as::<PodRequests>(&pods, running));
        Ok(with_requests(&nodes?, &pods?))
    }
}

fn with_requests(nodes: &[LiveNode], pods: &[PodRequests]) -> Vec<Node> {
    let mut used: BTreeMap<&str, (Amount, u32)> = BTreeMap::new();
    for pod in pods {
        if let Some(node) = pod.node() {
            let (sum, count) = used.entry(node).or_default();
            *sum += pod.total();
            *count += 1;
        }
    }
    let mut found: Vec<Node> = nodes.iter().map(|node| facts(node, &used)).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn facts(node: &LiveNode, used: &BTreeMap<&str, (Amount, u32)>) -> Node {
    let name = node.metadata.name.clone().unwrap_or_default();
    let labels = node.metadata.labels.clone().unwrap_or_default();
    let pool_label = POOL_LABELS.into_iter().find(|label| labels.contains_key(*label));
    let status = node.status.clone().unwrap_or_default();
    let info = status.node_info.unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let is_true = |kind: &str| conditions.iter().any(|condition| condition.type_ == kind && condition.status == "True");
    let allocatable: BTreeMap<String, String> = status.allocatable.unwrap_or_default().into_iter().map(|(resource, quantity)| (resource, quantity.0)).collect();
    let spec = node.spec.clone().unwrap_or_default();
    let tainted = spec.taints.iter().flatten().any(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"));
    let (requested, pods) = used.get(name.as_str()).copied().unwrap_or_default();
    Node {
        pool: pool_label.and_then(|label| labels.get(label)).cloned().unwrap_or_else(|| "default".to_owned()),
        pool_label: pool_label.map(str::to_owned),
        architecture: info.architecture,
        runtime: info.container_runtime_version,
        kubelet: info.kubelet_version,
        ready: is_true("Ready"),
        schedulable: !spec.unschedulable.unwrap_or(false) && !tainted,
        pressures: ["MemoryPressure", "DiskPressure", "PIDPressure"].into_iter().filter(|kind| is_true(kind)).map(str::to_owned).collect(),
        allocatable: amount(&allocatable),
        requested,
        pods,
        max_pods: allocatable.get("pods").and_then(|text| airlock_model::quantity(text)).and_then(|pods| u32::try_from(pods).ok()).unwrap_or(0),
        name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(labels: &serde_json::Value, spec: &serde_json::Value) -> LiveNode {
        serde_json::from_value(json!({"metadata": {"name": "n1", "labels": labels}, "spec": spec, "status": {
            "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}],
            "nodeInfo": {"architecture": "amd64", "containerRuntimeVersion": "containerd://2.4.2", "kubeletVersion": "v1.37.2", "bootID": "", "kernelVersion": "",
                "kubeProxyVersion": "", "machineID": "", "operatingSystem": "linux", "osImage": "", "systemUUID": ""}}}))
        .unwrap()
    }

    #[test]
    fn free_is_allocatable_minus_what_running_pods_request() {
        let pods: Vec<PodRequests> = serde_json::from_value(json!([
            {"spec": {"nodeName": "n1", "containers": [{"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}]}, "status": {"phase": "Running"}},
            {"spec": {"nodeName": "n1", "containers": [{}]}, "status": {"phase": "Pending"}},
            {"spec": {"nodeName": "n1", "containers": [{"resources": {"requests": {"cpu": "1"}}}]}, "status": {"phase": "Succeeded"}},
            {"spec": {"containers": [{"resources": {"requests": {"cpu": "1"}}}]}, "status": {"phase": "Pending"}},
        ]))
        .unwrap();
        let found = with_requests(&[node(&json!({}), &json!({}))], &pods);
        assert_eq!(found[0].free(), Amount { cpu_millis: 1500, memory_bytes: 3 << 30 });
        assert_eq!((found[0].pods, found[0].max_pods, found[0].ready, found[0].schedulable), (2, 110, true, true));
        assert_eq!((found[0].pressures.clone(), found[0].pool.as_str(), found[0].pool_label.clone()), (vec!["DiskPressure".to_owned()], "default", None));
    }

    #[test]
    fn a_pool_is_told_by_its_label_and_a_taint_or_cordon_keeps_pods_away() {
        let found = with_requests(&[node(&json!({"pool": "big"}), &json!({"taints": [{"key": "a", "effect": "NoSchedule"}]}))], &[]);
        assert_eq!((found[0].pool.as_str(), found[0].pool_label.as_deref(), found[0].schedulable), ("big", Some("pool"), false));
        assert!(!with_requests(&[node(&json!({}), &json!({"unschedulable": true}))], &[])[0].schedulable);
    }
}
