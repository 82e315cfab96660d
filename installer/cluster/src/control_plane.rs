//! The control plane as the API shows it: mirrors of static pods, effective settings of kubelets, and the API server's own measurements.
//!
//! A program that is not started by a manifest in a folder of its node leaves no trace in the API; then there is nothing here, and
//! nothing is claimed.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_model::{ControlPlane, ControlPlanePart, Fact, ObjectRef, Provider, Right, SnapshotObject, Transformation};
use futures::{StreamExt, stream};
use serde_json::Value;

use crate::call::Call;
use crate::kinds::escape;
use crate::{Cluster, ClusterError, PARALLEL};

/// Where static pods of the control plane are mirrored, and where kube-proxy's settings are.
const SYSTEM: &str = "kube-system";
/// Borne by what a kubelet mirrors (Kubernetes, "Create static Pods").
const MIRROR: &str = "kubernetes.io/config.mirror";
/// Names of kube-proxy's `ConfigMap` and the key in it: of kubeadm, and of EKS.
const KUBE_PROXY: [(&str, &str); 2] = [("kube-proxy", "config.conf"), ("kube-proxy-config", "config")];
/// Where the API server tells its measurements.
const METRICS: &str = "/metrics";
/// How long a node may take to answer.
const NODE_PATIENCE: Duration = Duration::from_secs(10);

impl Cluster {
    /// Reads the parts that are asked for.
    pub async fn control_plane(&self, parts: &[ControlPlanePart]) -> ControlPlane {
        let is_asked = |part| parts.contains(&part);
        let mut read = ControlPlane::unread("nobody asked for it");
        let nodes = self.list("v1", "Node", None, None).await;
        read.provider = match (&nodes, told(self.provider(nodes.as_ref().map_or(&[], Vec::as_slice)).await)) {
            (Err(error), Fact::Known(None)) => Fact::Unverified(error.to_string()),
            (_, provider) => provider,
        };
        if is_asked(ControlPlanePart::StaticPods) {
            read.static_pods = told(self.static_pods().await);
        }
        if is_asked(ControlPlanePart::Nodes) {
            read.kubelets = match nodes {
                Ok(nodes) => Fact::Known(self.kubelets(nodes.into_iter().map(|node| node.object.name).collect()).await),
                Err(error) => Fact::Unverified(error.to_string()),
            };
            read.kube_proxy = told(self.kube_proxy().await);
        }
        if is_asked(ControlPlanePart::Storage) {
            read.transformations = told(self.transformations().await);
        }
        read
    }

    /// The rights that a part needs.
    pub async fn rights_of_control_plane(&self, part: ControlPlanePart) -> Result<Vec<Right>, ClusterError> {
        let nodes = self.right("v1", "Node", "list", "").await?;
        let needed = match part {
            ControlPlanePart::StaticPods => vec![self.right("v1", "Pod", "list", SYSTEM).await?],
            ControlPlanePart::Nodes => vec![proxying(), self.right("v1", "ConfigMap", "get", SYSTEM).await?],
            ControlPlanePart::Storage => vec![measuring()],
        };
        Ok(std::iter::once(nodes).chain(needed).collect())
    }

    async fn provider(&self, nodes: &[airlock_model::LiveObject]) -> Result<Option<Provider>, ClusterError> {
        let version: Value = self.read_json("/version").await?.unwrap_or_default();
        let groups: Value = self.read_json("/apis").await?.unwrap_or_default();
        let nodes: Vec<&Value> = nodes.iter().map(|node| &node.manifest).collect();
        Ok(provider(version.get("gitVersion").and_then(Value::as_str).unwrap_or_default(), &groups, &nodes))
    }

    async fn static_pods(&self) -> Result<Vec<SnapshotObject>, ClusterError> {
        let pods = self.list("v1", "Pod", Some(SYSTEM), None).await?;
        Ok(pods.into_iter().filter(|pod| pod.manifest.pointer("/metadata/annotations").is_some_and(|annotations| annotations.get(MIRROR).is_some())).map(SnapshotObject::from).collect())
    }

    async fn kubelets(&self, nodes: Vec<String>) -> BTreeMap<String, Fact<Value>> {
        let read = stream::iter(nodes).map(|node| async move {
            let settings = told(self.kubelet(&node).await);
            (node, settings)
        });
        read.buffer_unordered(PARALLEL).collect().await
    }

    async fn kubelet(&self, node: &str) -> Result<Value, ClusterError> {
        let call = Call { patience: NODE_PATIENCE, ..Call::get(format!("/api/v1/nodes/{}/proxy/configz", escape(node))).needs(proxying()) };
        let mut answer: Value = self.call(&call).await?.json("configz")?;
        let settings = answer.get_mut("kubeletconfig").map(Value::take).filter(Value::is_object);
        settings.ok_or_else(|| ClusterError::Unreadable { what: format!("configz of node {node}"), reason: "it has no kubeletconfig".to_owned() })
    }

    async fn kube_proxy(&self) -> Result<Option<String>, ClusterError> {
        for (name, key) in KUBE_PROXY {
            let Some(map) = self.get(&ObjectRef::namespaced("v1", "ConfigMap", SYSTEM, name)).await? else { continue };
            if let Some(settings) = map.manifest.get("data").and_then(|data| data.get(key)).and_then(Value::as_str) {
                return Ok(Some(settings.to_owned()));
            }
        }
        Ok(None)
    }

    async fn transformations(&self) -> Result<Vec<Transformation>, ClusterError> {
        let call = Call { accept: "text/plain", ..Call::get(METRICS).needs(measuring()) };
        Ok(transformations(&String::from_utf8_lossy(&self.call(&call).await?.body)))
    }
}

fn proxying() -> Right {
    getting("nodes/proxy")
}

fn measuring() -> Right {
    getting(METRICS)
}

fn getting(what: &str) -> Right {
    Right { group: String::new(), resource: what.to_owned(), verb: "get".to_owned(), namespace: None }
}

fn told<T>(read: Result<T, ClusterError>) -> Fact<T> {
    read.map_or_else(|error| Fact::Unverified(error.to_string()), Fact::Known)
}

/// Who runs the control plane: EKS and GKE write themselves into the version, `OpenShift` has an API of its own, and AKS marks every
/// node. One node alone proves nothing, since a label is easily given; nor does a version, which distributions for one's own machines
/// have as well (EKS Distro, Google Distributed Cloud), and those are no machines of the provider.
fn provider(version: &str, groups: &Value, nodes: &[&Value]) -> Option<Provider> {
    let has_group = |name: &str| groups.get("groups").and_then(Value::as_array).into_iter().flatten().any(|group| group.get("name").and_then(Value::as_str) == Some(name));
    let are_at = |schemes: &[&str]| {
        let is_at = |node: &&Value| node.pointer("/spec/providerID").and_then(Value::as_str).is_some_and(|id| schemes.iter().any(|scheme| id.starts_with(scheme)));
        !nodes.is_empty() && nodes.iter().all(is_at)
    };
    let is_of_aks = |node: &&Value| node.pointer("/metadata/labels/kubernetes.azure.com~1cluster").is_some();
    if has_group("config.openshift.io") {
        Some(Provider::OpenShift)
    } else if version.contains("-eks-") && are_at(&["aws://", "eks-hybrid://"]) {
        Some(Provider::Eks)
    } else if version.contains("-gke.") && are_at(&["gce://"]) {
        Some(Provider::Gke)
    } else if are_at(&["azure://"]) && nodes.iter().all(is_of_aks) {
        Some(Provider::Aks)
    } else {
        None
    }
}

/// What was done to Secrets, from the text format of Prometheus. A line that counts nothing says nothing.
fn transformations(metrics: &str) -> Vec<Transformation> {
    let lines = metrics.lines().filter_map(|line| line.strip_prefix("apiserver_storage_transformation_operations_total{"));
    let mut found: Vec<Transformation> = lines
        .filter_map(|line| {
            let (labels, count) = line.split_once("} ")?;
            let label = |name: &str| labels.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"'));
            let is_counted = count.split_whitespace().next().and_then(|count| count.parse::<f64>().ok()).is_some_and(|count| count > 0.0);
            let is_of_secrets = label("resource") == Some("secrets");
            // Inside a provider each key counts once more, by its name and a colon.
            let is_of_key = label("transformer_prefix").is_some_and(|prefix| prefix.ends_with(':') && !prefix.starts_with("k8s:enc:"));
            // On the way from storage what is not encrypted is called `identity`; on the way to it the provider has no prefix.
            let prefix = label("transformer_prefix").filter(|prefix| !prefix.is_empty() && *prefix != "identity").map(str::to_owned);
            let to_storage = match label("transformation_type")? {
                "to_storage" => true,
                "from_storage" => false,
                _ => return None,
            };
            (is_counted && is_of_secrets && !is_of_key).then(|| Transformation { to_storage, prefix, succeeded: label("status") == Some("OK") })
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn groups(names: &[&str]) -> Value {
        json!({ "kind": "APIGroupList", "groups": names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>() })
    }

    /// As the providers' clusters answer: `/version`, `/apis`, and their nodes.
    #[test]
    fn a_provider_is_told_by_what_its_clusters_alone_say() {
        let node = |id: &str, labels: Value| json!({ "metadata": { "name": "n", "labels": labels }, "spec": { "providerID": id } });
        let eks = node("aws:///eu-central-1a/i-0a1b2c3d4e5f60718", json!({ "eks.amazonaws.com/nodegroup": "workers", "kubernetes.io/os": "linux" }));
        let gke = node("gce://project/europe-west3-a/gke-a-default-pool-1f2e3d4c-abcd", json!({ "cloud.google.com/gke-nodepool": "default-pool" }));
        let aks = node(
            "azure:///subscriptions/0/resourceGroups/mc_a_b_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-nodepool1-1-vmss/virtualMachines/0",
            json!({ "kubernetes.azure.com/cluster": "MC_a_b_westeurope", "kubernetes.azure.com/agentpool": "nodepool1" }),
        );
        let own = node("", json!({ "kubernetes.azure.com/cluster": "faked" }));
        let plain = groups(&["apps", "batch"]);
        assert_eq!(provider("v1.34.1-eks-3cfe0ce", &plain, &[&eks]), Some(Provider::Eks));
        assert_eq!(provider("v1.33.4-gke.1036000", &plain, &[&gke]), Some(Provider::Gke));
        assert_eq!(provider("v1.33.3", &plain, &[&aks, &aks]), Some(Provider::Aks));
        assert_eq!(provider("v1.32.7", &groups(&["apps", "config.openshift.io", "route.openshift.io"]), &[&own]), Some(Provider::OpenShift));
        let others = [
            ("v1.37.2", vec![&own]),
            ("v1.33.3", vec![&aks, &own]),
            ("v1.33.3", vec![]),
            ("", vec![&eks]),
            ("v1.34.1-eks-1-34-4", vec![&own]),
            ("v1.34.1-eks-3cfe0ce", vec![&eks, &own]),
            ("v1.33.4-gke.1036000", vec![&own]),
            ("v1.33.4-gke.1036000", vec![]),
        ];
        for (version, nodes) in others {
            assert_eq!(provider(version, &plain, &nodes), None, "{version}");
        }
    }

    #[test]
    fn transformations_of_secrets_are_read_and_those_of_others_and_empty_counts_are_not() {
        let read = transformations(
            r#"# TYPE apiserver_storage_transformation_operations_total counter
apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="from_storage",transformer_prefix="identity"} 4
apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix="k8s:enc:kms:v2:vault:"} 1
apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix=""} 2
apiserver_storage_transformation_operations_total{resource="secrets",status="Unknown",transformation_type="from_storage",transformer_prefix="k8s:enc:aescbc:v1:"} 3
apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix="k8s:enc:aescbc:v1:"} 0
apiserver_storage_transformation_operations_total{resource="secrets",status="OK",transformation_type="to_storage",transformer_prefix="k1:"} 5
apiserver_storage_transformation_operations_total{resource="configmaps",status="OK",transformation_type="to_storage",transformer_prefix=""} 9
apiserver_storage_objects{resource="secrets"} 8
"#,
        );
        let made = |to_storage, prefix: Option<&str>, succeeded| Transformation { to_storage, prefix: prefix.map(str::to_owned), succeeded };
        let expected = [made(false, None, true), made(false, Some("k8s:enc:aescbc:v1:"), false), made(true, None, true), made(true, Some("k8s:enc:kms:v2:vault:"), true)];
        assert_eq!(read, expected);
        assert_eq!(transformations("<html>"), Vec::new());
    }
}
