//! Classes of storage, ingresses, and gateways, and the operators that a cluster has.

use std::collections::BTreeMap;

use airlock_model::StorageClass;
use k8s_openapi::api::networking::v1::IngressClass;
use k8s_openapi::api::storage::v1::StorageClass as LiveClass;
use serde_json::Value;

use super::absent_is_empty;
use crate::read::Selection;
use crate::{Cluster, ClusterError};

/// API groups of operators and platforms that decide how Airlock installs something, or what stands in its way.
const OPERATORS: [&str; 24] = [
    "argoproj.io",
    "autoscaling.k8s.io",
    "cert-manager.io",
    "cilium.io",
    "config.openshift.io",
    "crd.projectcalico.org",
    "external-secrets.io",
    "externaldns.k8s.io",
    "gateway.networking.k8s.io",
    "keda.sh",
    "kyverno.io",
    "linkerd.io",
    "metrics.k8s.io",
    "monitoring.coreos.com",
    "networking.istio.io",
    "opensearch.org",
    "policy.networking.k8s.io",
    "postgresql.cnpg.io",
    "route.openshift.io",
    "secrets-store.csi.x-k8s.io",
    "security.openshift.io",
    "templates.gatekeeper.sh",
    "toolkit.fluxcd.io",
    "velero.io",
];

const DEFAULT: [&str; 2] = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

impl Cluster {
    pub(super) async fn storage_classes(&self) -> Result<Vec<StorageClass>, ClusterError> {
        let resource = self.resource("storage.k8s.io/v1", "StorageClass").await?;
        let classes: Vec<LiveClass> = self.list_as(&resource, Selection::default()).await?;
        let mut found: Vec<StorageClass> = classes.into_iter().map(storage_class).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    pub(super) async fn ingress_classes(&self) -> Result<BTreeMap<String, String>, ClusterError> {
        let resource = self.resource("networking.k8s.io/v1", "IngressClass").await?;
        let classes: Vec<IngressClass> = self.list_as(&resource, Selection::default()).await?;
        Ok(classes.into_iter().map(|class| (class.metadata.name.unwrap_or_default(), class.spec.and_then(|spec| spec.controller).unwrap_or_default())).collect())
    }

    pub(super) async fn gateway_classes(&self) -> Result<BTreeMap<String, String>, ClusterError> {
        let resource = self.resource("gateway.networking.k8s.io/v1", "GatewayClass").await?;
        let classes: Vec<Value> = absent_is_empty(self.list_as(&resource, Selection::default()).await)?;
        let text = |class: &Value, pointer: &str| class.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(classes.iter().map(|class| (text(class, "/metadata/name"), text(class, "/spec/controllerName"))).collect())
    }

    pub(super) async fn operators(&self) -> Result<Vec<String>, ClusterError> {
        let groups: Value = self.read_json("/apis").await?.unwrap_or_default();
        Ok(known_operators(&groups))
    }
}

fn storage_class(class: LiveClass) -> StorageClass {
    let annotations = class.metadata.annotations.unwrap_or_default();
    StorageClass {
        name: class.metadata.name.unwrap_or_default(),
        provisioner: class.provisioner,
        default: DEFAULT.into_iter().any(|key| annotations.get(key).is_some_and(|value| value == "true")),
        binding_mode: class.volume_binding_mode.unwrap_or_else(|| "Immediate".to_owned()),
        expandable: class.allow_volume_expansion.unwrap_or(false),
    }
}

fn known_operators(groups: &Value) -> Vec<String> {
    let names = groups["groups"].as_array().into_iter().flatten().filter_map(|group| group["name"].as_str());
    let known = |name: &str| OPERATORS.iter().any(|operator| name == *operator || name.strip_suffix(operator).is_some_and(|before| before.ends_with('.')));
    let mut found: Vec<String> = names.filter(|name| known(name)).map(str::to_owned).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_default_class_is_the_annotated_one() {
        let class = serde_json::from_value(json!({"metadata": {"name": "fast", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "x"})).unwrap();
        let class = storage_class(class);
        assert_eq!((class.default, class.binding_mode.as_str(), class.expandable), (true, "Immediate", false));
    }

    #[test]
    fn an_operator_is_known_by_its_group_and_the_groups_below() {
        let groups = json!({"groups": [{"name": "apps"}, {"name": "cert-manager.io"}, {"name": "source.toolkit.fluxcd.io"}, {"name": "notcert-manager.io"}]});
        assert_eq!(known_operators(&groups), ["cert-manager.io", "source.toolkit.fluxcd.io"]);
    }
}
