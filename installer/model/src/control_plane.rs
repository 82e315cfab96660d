//! What was read of the control plane and of the nodes' own programs: effective settings, and what the API server says it does.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Fact, SnapshotObject};

/// A part of the control plane that a check is given. Each needs other rights, some of them great.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlPlanePart {
    /// Pods of the namespace `kube-system` that mirror static manifests.
    StaticPods,
    /// Effective settings of every kubelet, and those of kube-proxy.
    Nodes,
    /// What the API server does to Secrets before it stores them.
    Storage,
}

/// What was read of it. A part that nobody asked for is `Unverified`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlane {
    /// Who runs it in the customer's place; none: no provider is recognised.
    pub provider: Fact<Option<Provider>>,
    /// Pods that mirror static manifests.
    pub static_pods: Fact<Vec<SnapshotObject>>,
    /// Effective settings (`configz`) by node.
    pub kubelets: Fact<BTreeMap<String, Fact<Value>>>,
    /// `KubeProxyConfiguration` as its `ConfigMap` has it; none: there is no such `ConfigMap`.
    pub kube_proxy: Fact<Option<String>>,
    /// What was done to Secrets since the API server that answered was started.
    pub transformations: Fact<Vec<Transformation>>,
}

impl ControlPlane {
    /// Of which nothing was read, for one reason.
    pub fn unread(reason: &str) -> Self {
        let unread = || reason.to_owned();
        Self {
            provider: Fact::Unverified(unread()),
            static_pods: Fact::Unverified(unread()),
            kubelets: Fact::Unverified(unread()),
            kube_proxy: Fact::Unverified(unread()),
            transformations: Fact::Unverified(unread()),
        }
    }
}

/// A provider that runs the control plane and shows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Amazon EKS.
    Eks,
    /// Google Kubernetes Engine.
    Gke,
    /// Azure Kubernetes Service.
    Aks,
    /// Red Hat `OpenShift`, whose operators set its control plane up in namespaces of their own.
    OpenShift,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Eks => "Amazon EKS",
            Self::Gke => "Google Kubernetes Engine",
            Self::Aks => "Azure Kubernetes Service",
            Self::OpenShift => "OpenShift",
        })
    }
}

/// What an API server did to Secrets between memory and storage (`apiserver_storage_transformation_operations_total`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transformation {
    /// On the way to storage; else from it.
    pub to_storage: bool,
    /// Of the provider that did it: `k8s:enc:aescbc:v1:`; none: it was, or is, stored as it is.
    pub prefix: Option<String>,
    /// It went well.
    pub succeeded: bool,
}
