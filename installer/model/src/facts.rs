//! What the survey found out about a cluster, and what it could not read.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::prometheus::Prometheus;
use crate::{Amount, Issuer};

/// Something that was read, or the reason why it could not be. Absence and emptiness are different values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fact<T> {
    /// It was read.
    Known(T),
    /// It was not; the text names the missing right or the failure.
    Unverified(String),
}

impl<T> Fact<T> {
    /// The value, if it was read.
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unverified(_) => None,
        }
    }

    /// Why it was not read, if so.
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unverified(why) => Some(why),
        }
    }
}

/// All facts of one survey. It holds no secret value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The address that the kubeconfig names.
    pub server: String,
    /// UID of the namespace `kube-system`: the identity of the cluster.
    pub cluster_uid: Fact<String>,
    /// What `/version` answers.
    pub version: Fact<ServerVersion>,
    /// API server's clock minus ours, in milliseconds, from the `Date` header (whole seconds there).
    pub clock_difference_millis: Fact<i64>,
    /// Who we are to the API server (`SelfSubjectReview`).
    pub caller: Fact<Caller>,
    /// The nodes.
    pub nodes: Fact<Vec<Node>>,
    /// Storage classes.
    pub storage_classes: Fact<Vec<StorageClass>>,
    /// Ingress classes with their controllers.
    pub ingress_classes: Fact<BTreeMap<String, String>>,
    /// Gateway classes with their controllers; empty where the API is not installed.
    pub gateway_classes: Fact<BTreeMap<String, String>>,
    /// Operators known by their API groups: `cert-manager.io`, `monitoring.coreos.com`, `route.openshift.io`.
    pub operators: Fact<Vec<String>>,
    /// What a Prometheus Operator runs; empty where there is none.
    pub prometheuses: Fact<Vec<Prometheus>>,
    /// Issuers of cert-manager for the whole cluster; empty where it is not installed.
    pub cluster_issuers: Fact<Vec<Issuer>>,
    /// Issuers of cert-manager in the namespaces that Airlock would use.
    pub issuers: Fact<Vec<Issuer>>,
    /// Cluster DNS as pods reach it.
    pub dns: Fact<ClusterDns>,
    /// The API server as pods reach it.
    pub api_server: Fact<ApiServer>,
    /// The namespaces that Airlock would use, by name; absent ones are missing from the map.
    pub namespaces: Fact<BTreeMap<String, Namespace>>,
    /// Namespaces of platforms that bear the label of an Airlock installation, each with its id: this one's and others'. Those of
    /// Airflow deployments are not among them.
    pub installations: Fact<BTreeMap<String, String>>,
    /// Admission webhooks and policies.
    pub admission: Fact<Vec<Admission>>,
    /// Quotas and limits in the namespaces that Airlock would use.
    pub quotas: Fact<Vec<Quota>>,
}

/// What `/version` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// `1`
    pub major: u32,
    /// `37`
    pub minor: u32,
    /// `v1.37.2`
    pub git: String,
}

/// Who we are to the API server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// User name.
    pub user: String,
    /// Groups.
    pub groups: Vec<String>,
}

/// A node as the scheduler sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its pool: the value of the first known pool label (`pool`, `cloud.google.com/gke-nodepool`, `eks.amazonaws.com/nodegroup`, `kubernetes.azure.com/agentpool`, …), else `default`.
    pub pool: String,
    /// The label that told the pool; none for `default`.
    pub pool_label: Option<String>,
    /// `amd64`
    pub architecture: String,
    /// `containerd://2.4.2`
    pub runtime: String,
    /// `v1.37.2`
    pub kubelet: String,
    /// Condition Ready is True.
    pub ready: bool,
    /// Neither cordoned nor tainted `NoSchedule` or `NoExecute`.
    pub schedulable: bool,
    /// Pressure conditions that are True.
    pub pressures: Vec<String>,
    /// What pods may use.
    pub allocatable: Amount,
    /// What the pods there request, finished ones not counted.
    pub requested: Amount,
    /// Pods that run there.
    pub pods: u32,
    /// Pods that may run there.
    pub max_pods: u32,
}

impl Node {
    /// Its pool and the labels by which nodes of that pool are found; none: no pod would start here, since it is not ready, cordoned, or tainted.
    pub fn usable_pool(&self) -> Option<(String, BTreeMap<String, String>)> {
        let labels = self.pool_label.iter().map(|label| (label.clone(), self.pool.clone())).collect();
        (self.ready && self.schedulable).then(|| (self.pool.clone(), labels))
    }

    /// Allocatable minus requested.
    pub const fn free(&self) -> Amount {
        self.allocatable.minus(self.requested)
    }
}

/// A storage class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageClass {
    /// Its name.
    pub name: String,
    /// Who provisions.
    pub provisioner: String,
    /// Annotated as default.
    pub default: bool,
    /// `Immediate` or `WaitForFirstConsumer`.
    pub binding_mode: String,
    /// Volumes can grow.
    pub expandable: bool,
}

/// Cluster DNS as pods reach it. Policies see the pods' port, not the Service's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDns {
    /// Namespace of the Service and its pods.
    pub namespace: String,
    /// Name of the Service.
    pub service: String,
    /// The address in pods' `resolv.conf`.
    pub cluster_ip: IpAddr,
    /// The Service's selector.
    pub selector: BTreeMap<String, String>,
    /// The ports on which the pods listen.
    pub target_ports: Vec<u16>,
    /// Address of a node-local cache, when one runs (a `DaemonSet` named `node-local-dns`).
    pub node_local: Option<IpAddr>,
}

/// The API server as pods reach it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiServer {
    /// Address and port of the Service `kubernetes`.
    pub service: SocketAddr,
    /// The addresses behind it, sorted.
    pub endpoints: Vec<SocketAddr>,
}

/// A namespace that Airlock would use and that exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Namespace {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The installation it belongs to.
    pub installation: Option<String>,
    /// Workloads in it that bear no label of that installation, as `Kind name`, sorted.
    pub foreign: Vec<String>,
}

/// An admission webhook or policy that may see our objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Admission {
    /// `ValidatingWebhookConfiguration`, `MutatingWebhookConfiguration`, `ValidatingAdmissionPolicy`, `MutatingAdmissionPolicy`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// `Fail` or `Ignore`.
    pub failure_policy: String,
    /// Dry run reaches it: side effects are None or `NoneOnDryRun`.
    pub dry_run: bool,
}

/// A quota or limit range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// `ResourceQuota` or `LimitRange`.
    pub kind: String,
    /// Where.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Per resource: the limit and, for quotas, what is used; as Kubernetes quantities.
    pub limits: BTreeMap<String, QuotaLine>,
}

/// One line of a quota.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaLine {
    /// The most that is allowed.
    pub hard: String,
    /// What is used already; none for limit ranges.
    pub used: Option<String>,
}
