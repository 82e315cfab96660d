//! The contract of checks: a check is pure, says what it needs, and judges what it was given.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Attempt, Outcome, Profile, Snapshot, Subject, Untrusted};

/// A check judges; it does no IO. Survey and compliance speak this language.
pub trait Check: Send + Sync {
    /// What the check is.
    fn spec(&self) -> &CheckSpec<'_>;
    /// What it must be given. The world tells what there is to check: hosts, namespaces.
    fn needs(&self, profile: &Profile, world: &World) -> Vec<Need>;
    /// Judges; at least one finding, and never `Pass` for what was not given.
    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding>;
}

/// What a check is, for lists, reports, and `airlock explain`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckSpec<'a> {
    /// `NET-010`
    pub id: &'a str,
    /// One line: what is true when it passes.
    pub title: &'a str,
    /// How bad it is when it fails.
    pub severity: Severity,
    /// Promises of DESIGN.md §2 that it stands for: `P3`.
    pub promises: &'a [&'a str],
    /// What is looked at or tried, and what counts as what.
    pub explanation: &'a str,
    /// What to do when it fails.
    pub remedy: &'a str,
}

/// What there is to check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct World {
    /// The base domain.
    pub base_domain: String,
    /// The platform namespace.
    pub platform: String,
    /// The namespace of probe pods.
    pub probes: String,
    /// All namespaces of the installation.
    pub namespaces: Vec<String>,
    /// Served hosts, each with the address to connect to from the workstation, when known.
    pub hosts: BTreeMap<String, Option<String>>,
    /// Port of the edge.
    pub edge_port: u16,
    /// Certificate of the authority that signed for the base domain, PEM; none: the system's roots.
    pub authority: Option<String>,
    /// SHA-256 of the leaf in the Secret that the edge serves.
    pub certificate: Option<crate::Digest>,
    /// Host of the bundled registry.
    pub registry: Option<String>,
    /// User of the bundled registry and where the password is.
    pub registry_credentials: Option<crate::Credentials>,
    /// `NAMESPACE/NAME` of the `ServiceAccount`s that a component asks rights in the Kubernetes API for.
    pub accounts_with_rights: Vec<String>,
    /// The `ServiceAccount`s that pods of the installation run as, as rendered.
    #[serde(default)]
    pub accounts: Vec<crate::ObjectRef>,
    /// The Secrets that the plan of the platform and of each deployment makes, by name.
    #[serde(default)]
    pub secrets: Vec<crate::ObjectRef>,
    /// The roles and bindings of RBAC that the plan of the platform and of each deployment declares, as rendered. What its accounts
    /// may do beyond them nobody declared.
    #[serde(default)]
    pub declared_rights: Vec<crate::Object>,
    /// What making those plans anew asks the API server for, as comparing the installation with them does.
    #[serde(default)]
    pub plan_reads: std::collections::BTreeSet<crate::Right>,
    /// Where alerts go; none: there is no monitoring of ours.
    pub receiver: Option<crate::answers::Receiver>,
    /// The company's Prometheus watches the platform, and tells alerts by routes of its own.
    #[serde(default)]
    pub is_watched_by_others: bool,
    /// Host of the database server, and the authority that its certificate is verified against, PEM; none: there is none, or it is not known.
    #[serde(default)]
    pub database: Option<WorldDatabase>,
    /// Airflow deployments, by name; their namespaces and hosts are among those above.
    #[serde(default)]
    pub deployments: Vec<WorldDeployment>,
    /// Servers inside the cluster that present a certificate to whoever connects, as the renewer reaches them.
    #[serde(default)]
    pub servers: Vec<WorldServer>,
    /// Certificate of the authority that signs for servers inside the cluster, PEM; none: it is not known.
    #[serde(default)]
    pub internal_authority: Option<String>,
    /// The nodes, or why they could not be read; none: nobody looked.
    #[serde(default)]
    pub nodes: Option<Result<Vec<WorldNode>, String>>,
    /// The Services in the platform's namespace, or why they could not be read; none: nobody looked.
    #[serde(default)]
    pub services: Option<Result<Vec<WorldService>, String>>,
    /// Host and port of the API server that the kubeconfig names; none: it is not known.
    #[serde(default)]
    pub api_server: Option<(String, u16)>,
}

/// A Service as pods meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorldService {
    /// Its name.
    pub name: String,
    /// Its TCP ports; none: it is a name alone.
    pub ports: Vec<u16>,
}

/// A node as pods and strangers meet it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorldNode {
    /// Its name.
    pub name: String,
    /// Its addresses inside the cluster's network (`InternalIP`).
    pub addresses: Vec<String>,
    /// Its addresses for those outside (`ExternalIP`).
    #[serde(default)]
    pub external_addresses: Vec<String>,
    /// Its pool, and the labels of the nodes there; none: it takes no pods.
    #[serde(default)]
    pub pool: Option<(String, BTreeMap<String, String>)>,
}

/// A server inside the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorldServer {
    /// Where it presents its certificate.
    pub at: crate::ServedAt,
    /// The Secret with the certificate.
    pub secret: crate::ObjectRef,
    /// SHA-256 of the leaf in the Secret, or why it is not known.
    pub certificate: Result<crate::Digest, String>,
}

/// The database server of all Airflow deployments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorldDatabase {
    /// Its name inside the cluster.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Certificate of the authority that signed for it, PEM; none: the system's roots.
    pub authority: Option<String>,
    /// SHA-256 of the leaf in the Secret that it serves, or why it is not known.
    pub certificate: Result<crate::Digest, String>,
    /// The customer runs it, and what else is on it is the customer's.
    #[serde(default)]
    pub existing: bool,
}

/// An Airflow deployment as checks meet it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorldDeployment {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its host.
    pub host: String,
    /// The first login, and where its password is.
    pub login: crate::Credentials,
    /// Its role at the database server, which bears the name of its database, and where the password is.
    pub role: crate::Credentials,
}

/// Something a check must be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Need {
    /// All objects of a kind in the installation's namespaces.
    Objects {
        /// `v1`, `apps/v1`.
        api_version: String,
        /// `Pod`.
        kind: String,
    },
    /// Facts of the survey.
    Facts,
    /// Whether values of the installation's Secrets stand where they must not; told by names alone.
    SecretLeaks,
    /// Whether values of the installation's Secrets stand in logs or events; told by names alone.
    LoggedSecrets,
    /// Whether namespaces of the installation hold the same secret value; told by names alone.
    SharedSecrets,
    /// Whether credentials in the installation's Secrets can be guessed; told by names alone.
    SecretStrength,
    /// Whether the Fernet key of each Airflow deployment is one; told by names alone.
    FernetKeys,
    /// Whether the certificate that is stored for the base domain will do, with its key; told without the key.
    StoredCertificate,
    /// A part of the control plane.
    ControlPlane(crate::ControlPlanePart),
    /// The nodes of the world, by their addresses.
    Nodes,
    /// The Services of the platform's namespace.
    Services,
    /// By what, where, and for whom the run judges, and whether it may.
    Run,
    /// What the recorded answers and documents would make otherwise than it is.
    Drift,
    /// Which plans were carried out in the installation's namespaces.
    PlanRuns,
    /// The certificates that servers inside the cluster are to serve ([`WorldServer`]): what the world is told of them is read from their Secrets.
    ServerCertificates,
    /// The outcome of an attempt.
    Attempt(Box<Attempt>),
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To be known.
    Low,
    /// To be planned.
    Medium,
    /// To be mended.
    High,
    /// To be mended now.
    Critical,
}

/// What a check says of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which check.
    pub check: String,
    /// Numbers of the benchmark that it speaks of, where the check judges them one by one; none: it speaks of all of them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub numbers: Vec<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it does not apply, when it does not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// How bad it is.
    pub severity: Severity,
    /// What was judged.
    pub subject: Subject,
    /// The field, as Kubernetes writes paths: `spec.containers[0].image`; none: no field alone decides.
    pub path: Option<Untrusted<String>>,
    /// What was seen.
    pub observed: Untrusted<String>,
    /// What should have been seen.
    pub expected: String,
    /// What follows from it.
    pub why: String,
    /// What to do.
    pub fix: Vec<Remedy>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// How long it took, in milliseconds.
    pub took_millis: u64,
}

/// What to do about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// In words.
    pub text: String,
    /// The exact command, where there is one.
    pub command: Option<String>,
}

/// What a finding rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Evidence {
    /// A live object and the field in it.
    Field {
        /// Which object.
        object: crate::ObjectRef,
        /// JSON pointer.
        path: String,
        /// Its value; never of a Secret.
        value: serde_json::Value,
    },
    /// An attempt that was made.
    Attempted(Box<Outcome>),
    /// A fact of the survey.
    Fact(String),
    /// A place in the text of a file.
    Line {
        /// Path of the file, as it was given.
        file: Untrusted<String>,
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
    },
}

/// The verdict on one subject, or on all. Ordered by how much it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It does not apply; the finding says for which [`Reason`].
    NotApplicable,
    /// It is as it should be, and that was seen.
    Pass,
    /// Somebody answers for it with a signature.
    Attested,
    /// It fails and an exception covers it.
    Excepted,
    /// To be looked at; it does not fail the gate.
    Warn,
    /// It could not be found out: a 403, a timeout, an absent API, a control that failed.
    Unverified,
    /// The check itself went wrong.
    Error,
    /// It is not as it should be.
    Fail,
}

impl Verdict {
    /// All of them, by how much they weigh.
    pub const ALL: [Self; 8] = [Self::NotApplicable, Self::Pass, Self::Attested, Self::Excepted, Self::Warn, Self::Unverified, Self::Error, Self::Fail];

    /// The mark before a line, readable without colour.
    pub const fn mark(self) -> char {
        match self {
            Self::Pass | Self::Attested => '✓',
            Self::Warn | Self::Excepted => '!',
            Self::Fail | Self::Error => '✗',
            Self::Unverified => '?',
            Self::NotApplicable => '-',
        }
    }

    /// The word beside the mark.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unverified => "unverified",
            Self::NotApplicable => "not applicable",
            Self::Excepted => "excepted",
            Self::Attested => "attested",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a check does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The answers leave the component out.
    ComponentOff,
    /// The component is the customer's own.
    ComponentExisting,
    /// The kind of object does not occur.
    NoSubject,
    /// The parameters do not ask for it: a lower level, an older version, an empty list.
    NotAsked,
    /// The source shows nothing of it: only a running cluster does, or only files do.
    OtherSource,
    /// A provider runs it, shows nothing of it, and answers for it.
    Managed,
}

impl Reason {
    /// It may be well or not: what was judged does not show it, and somebody can still answer for it.
    pub const fn is_unseen(self) -> bool {
        matches!(self, Self::OtherSource | Self::Managed)
    }

    /// Nothing was looked at: it is not shown here, or nobody asked for it.
    pub const fn shows_nothing(self) -> bool {
        self.is_unseen() || matches!(self, Self::NotAsked)
    }
}
