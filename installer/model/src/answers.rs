//! The answers: one versioned document from which everything else follows (DESIGN.md §7).
//!
//! Text becomes [`Answers`] through [`Answers::from_yaml`] alone: strict, with line, column, and the nearest key.
//! What this release cannot do yet is refused by name ([`Answers::not_built`]), never ignored.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod acme;
mod alerts;
mod auditing;
mod cidr;
mod components;
mod database;
pub(crate) mod document;
mod fault;
mod hosts;
mod issuer;
mod network;
mod outline;
mod parse;
mod proxy;
mod reference;
mod referred;
mod renewal;
mod shape;
mod sink;
mod tls;
mod unbuilt;
mod validity;
mod visible;

pub use acme::{Acme, Dns01, DynamicUpdate, ExternalAccount, Program};
pub use alerts::{Alerts, Email, Receiver, Webhook, is_address as is_mail_address};
pub use auditing::ComplianceAnswers;
pub use cidr::flaw as network_flaw;
pub use components::{Component, Components, Mode, ResourcePair, Resources, Storage};
pub use database::{DatabaseAdministrator, DatabaseServer};
pub use document::Places;
pub use fault::{AnswersError, AnswersFault, Place};
pub use hosts::{HostPatternError, Hosts};
pub use network::{DnsPeer, Egress, Network, Peers};
pub use parse::LARGEST;
pub use proxy::Proxy;
pub use reference::{ReferenceError, SecretReference};
pub use referred::Looking;
pub use renewal::Renewal;
pub use sink::{EvidenceAnswers, EvidenceSink, HttpsSink, S3Sink, SyslogSink};
pub use tls::{Tls, TlsSource};
pub use unbuilt::NotBuilt;
pub use validity::{AnswersProblem, Flaw, is_label};

/// The whole document. A minimal one has `apiVersion`, `kind`, and `baseDomain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answers {
    /// `airlock/v1`
    pub api_version: String,
    /// `Answers`
    pub kind: String,
    /// Another answers file that this one builds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// The cluster that the answers are for; on another one they are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterIdentity>,
    /// The domain below which every host lies.
    pub base_domain: String,
    /// How hosts are named.
    #[serde(default)]
    pub hosts: Hosts,
    /// How users reach the platform.
    #[serde(default)]
    pub edge: Edge,
    /// Who issues the certificate of the base domain.
    #[serde(default)]
    pub tls: Tls,
    /// Where images come from.
    #[serde(default)]
    pub images: Images,
    /// The components, by name.
    #[serde(default)]
    pub components: Components,
    /// Where alerts go.
    #[serde(default)]
    pub alerts: Alerts,
    /// How much the platform asks of the cluster.
    #[serde(default)]
    pub sizing: Sizing,
    /// Names of namespaces and who makes them.
    #[serde(default)]
    pub namespaces: Namespaces,
    /// Proxy, peers, and allowed ways out.
    #[serde(default)]
    pub network: Network,
    /// Further authorities that are trusted.
    #[serde(default)]
    pub trust: TrustAnswers,
    /// Who makes secrets.
    #[serde(default)]
    pub secrets: SecretsAnswers,
    /// Labels and annotations on every object.
    #[serde(default)]
    pub metadata: Metadata,
    /// Changes to rendered objects.
    #[serde(default)]
    pub patches: Vec<Patch>,
    /// Who applies the objects.
    #[serde(default)]
    pub delivery: Delivery,
    /// The security policy profile.
    #[serde(default)]
    pub profile: ProfileRef,
    /// How the cluster judges its own installation.
    #[serde(default)]
    pub compliance: ComplianceAnswers,
    /// Where evidence goes and who signs it.
    #[serde(default)]
    pub evidence: EvidenceAnswers,
}

/// The cluster that the answers are for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterIdentity {
    /// UID of its namespace `kube-system`.
    pub uid: String,
}

/// How users reach the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Edge {
    /// The kind of way in.
    pub exposure: Exposure,
    /// Ask the provider for an internal address.
    pub internal: bool,
    /// An address that was reserved before.
    pub address: Option<String>,
    /// Networks that may connect (CIDR); empty: all that can route here.
    pub source_ranges: Vec<String>,
    /// Annotations on the edge's Service, as the provider wants them.
    pub annotations: BTreeMap<String, String>,
}

impl Default for Edge {
    fn default() -> Self {
        Self { exposure: Exposure::LoadBalancer, internal: true, address: None, source_ranges: Vec::new(), annotations: BTreeMap::new() }
    }
}

/// The kind of way in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Exposure {
    /// A Service of type `LoadBalancer`.
    #[default]
    LoadBalancer,
    /// A Service of type `NodePort`.
    NodePort,
    /// An Ingress of the customer's controller.
    Ingress,
    /// A Gateway of the customer's controller.
    Gateway,
    /// An `OpenShift` route.
    Route,
}

/// Where images come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Images {
    /// A registry that mirrors all images.
    pub mirror: Option<String>,
    /// A pull secret for the platform's images: `secret:namespace/name`.
    pub pull_secret: Option<String>,
    /// Registries by registries.
    pub map: BTreeMap<String, String>,
    /// Single images by other ones.
    #[serde(rename = "override")]
    pub overrides: Vec<ImageOverride>,
}

/// One image by another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageOverride {
    /// Name in `templates/images.yaml`.
    pub name: String,
    /// The other image with its digest.
    pub reference: String,
    /// Why.
    pub reason: String,
    /// Who agreed.
    pub approved_by: String,
    /// Until when (date).
    pub expires: String,
}

/// How much the platform asks of the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Sizing {
    /// For a look.
    Tiny,
    /// For a team.
    #[default]
    Small,
    /// For a company.
    Production,
}

/// Names of namespaces and who makes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Namespaces {
    /// Airlock makes them; false: others have made all of them, and nothing cluster-scoped is written.
    pub create: bool,
    /// The platform's.
    pub platform: String,
    /// Those of Airflow deployments; `{tenant}` stands for the name.
    pub tenants: String,
    /// The one of probe pods.
    pub probes: String,
}

impl Default for Namespaces {
    fn default() -> Self {
        Self { create: true, platform: "airlock".into(), tenants: "airlock-{tenant}".into(), probes: "airlock-probes".into() }
    }
}

/// Further authorities that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TrustAnswers {
    /// References to PEM files: `file:PATH`.
    pub ca: Vec<String>,
}

/// Who makes secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SecretsAnswers {
    /// The mode.
    pub mode: SecretsMode,
}

/// Who makes secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretsMode {
    /// Airlock, from the system's random source.
    #[default]
    Generate,
    /// The customer; Airlock prints names and shapes.
    External,
}

/// Labels and annotations on every object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Metadata {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

/// A change to rendered objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Patch {
    /// Which objects: `Deployment/edge`.
    pub target: String,
    /// A JSON merge patch (RFC 7396).
    pub patch: serde_json::Value,
    /// Why.
    pub reason: String,
}

/// Who applies the objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Delivery {
    /// Airlock.
    #[default]
    Direct,
    /// A repository and its controller.
    Gitops,
}

/// The security policy profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ProfileRef {
    /// Name of a shipped profile, or `file:PATH` of one of your own: read when the plan is made, and installed with all that it extends.
    #[serde(rename = "ref")]
    pub reference: String,
}

impl ProfileRef {
    /// The path of the file; none: it is the name of a profile that ships.
    pub fn file(&self) -> Option<&str> {
        self.reference.strip_prefix("file:")
    }
}

impl Default for ProfileRef {
    fn default() -> Self {
        Self { reference: "baseline".into() }
    }
}

#[cfg(test)]
mod tests;
