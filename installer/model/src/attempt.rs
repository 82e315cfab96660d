//! One attempt: from where, at what, with which control beside it. What came out is an outcome; only checks judge it.

pub mod bounds;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ObjectRef, PodPorts, PortRange, SecretKeyRef};

/// The name of an attempt within one plan or compliance run: `netpol.blocked`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AttemptId(pub String);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for AttemptId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// Something that is tried, declared before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Its name.
    pub id: AttemptId,
    /// From where.
    pub from: Vantage,
    /// At what.
    pub target: Target,
    /// What is done there.
    pub action: AttemptAction,
    /// The attempt that must succeed for a refusal of this one to mean anything.
    pub control: Option<AttemptId>,
    /// One line for the list that is shown before anything runs.
    pub purpose: String,
}

/// Where an attempt is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Vantage {
    /// Where `airlock` runs.
    Workstation,
    /// A pod with Airlock's own image.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its labels; policies see them.
        labels: BTreeMap<String, String>,
        /// The `ServiceAccount` whose token it is given; none: it has no token.
        #[serde(default)]
        account: Option<String>,
    },
    /// The kubelet of one node of a pool: what it does for a pod of its own there.
    Node {
        /// The pool.
        pool: String,
        /// Labels that its nodes have.
        labels: BTreeMap<String, String>,
        /// The namespace of the pod.
        namespace: String,
    },
    /// A pod with Airlock's own image that policies of the run let to all ports of the pods beside it, and that are taken away with it.
    LetIn {
        /// Its namespace.
        namespace: String,
    },
}

/// What an attempt is aimed at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// A name or address and a port.
    Address {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// A PostgreSQL server, which is asked for TLS before anything else (PostgreSQL, message formats, `SSLRequest`).
    Postgres {
        /// Name or address.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// A pod with Airlock's own image that listens for this run alone.
    Listener {
        /// Its namespace.
        namespace: String,
        /// Its labels.
        labels: BTreeMap<String, String>,
        /// TCP port.
        port: u16,
    },
    /// The API server that the kubeconfig leads to, by its way and with its authority.
    KubernetesApi,
    /// The pods that run in a namespace, but for those on a node's network and those that run to an end.
    Pods {
        /// The namespace.
        namespace: String,
        /// Which these are, by their names: looked up when the attempt runs.
        #[serde(default)]
        found: BTreeMap<String, PodPorts>,
    },
}

/// What is done at the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttemptAction {
    /// A TCP connection is opened and closed.
    Connect,
    /// A TLS handshake; what was presented is recorded.
    Handshake {
        /// Server name indication and the name that is verified.
        server_name: String,
        /// Newest version that is offered. TLS 1.0 and 1.1 are offered by a hand-written client hello (RFC 4346), since no kept library speaks them.
        newest: TlsVersion,
        /// What the chain is verified against.
        trust: Trust,
    },
    /// A hello of TLS 1.2 that offers nothing but suites which do not protect (RFC 9325 §4.1), and the server's first answer.
    OfferWeakSuites {
        /// Server name indication.
        server_name: String,
    },
    /// An HTTPS request.
    Request {
        /// `GET`, `HEAD`, `POST`, …
        method: String,
        /// Path and query.
        path: String,
        /// Server name.
        server_name: String,
        /// What the chain is verified against.
        trust: Trust,
        /// The password is looked up when the attempt runs.
        credentials: Option<Credentials>,
    },
    /// A GET as a browser makes it for a page of another host (Fetch standard, "CORS protocol"): without credentials, and with who asks.
    AskAcross {
        /// Path and query.
        path: String,
        /// Server name.
        server_name: String,
        /// What the chain is verified against.
        trust: Trust,
        /// The page's `https://HOST`.
        origin: String,
    },
    /// A GET over HTTP without TLS.
    PlainRequest {
        /// Path and query.
        path: String,
        /// The host that is named.
        host: String,
    },
    /// A login at a PostgreSQL server over TLS that is verified, and one question there.
    Sql {
        /// Database.
        database: String,
        /// The role, and where its password is.
        credentials: Credentials,
        /// What the chain is verified against.
        trust: Trust,
        /// A question that one value answers: never a value of a user, only what is counted.
        question: String,
    },
    /// A login at a PostgreSQL server by whoever knows none of its passwords.
    SqlGuess {
        /// Database.
        database: String,
        /// The role.
        username: String,
        /// What is tried as its password: nobody's secret.
        guess: String,
        /// What the chain is verified against; none: without TLS.
        trust: Option<Trust>,
    },
    /// A GET at the Kubernetes API as the `ServiceAccount` of the pod: token and authority are those that the kubelet mounts.
    AsAccount {
        /// Path and query.
        path: String,
    },
    /// A GET at the Kubernetes API; of objects their metadata alone is asked for.
    AskApi {
        /// Path and query.
        path: String,
        /// By whom.
        caller: ApiCaller,
    },
    /// A question to the Kubernetes API who is asking, with a token that is made for a `ServiceAccount` (`SelfSubjectReview`).
    Identify {
        /// The `ServiceAccount`.
        account: ObjectRef,
    },
    /// GETs at the Kubernetes API for Secrets of each of these namespaces, their list and some by name, with a token that is made for a
    /// `ServiceAccount`. Metadata alone is asked for, so that no value is sent, and of each answer the status alone is kept.
    ReadSecrets {
        /// The `ServiceAccount`.
        account: ObjectRef,
        /// By namespace, which are asked for by name.
        of: BTreeMap<String, Vec<String>>,
    },
    /// A pod is created in a dry run (Kubernetes API concepts, "Dry-run"): admission says what it thinks of it, nothing is stored.
    Admit {
        /// The pod; a container that names no image gets Airlock's own.
        manifest: serde_json::Value,
    },
    /// The platform's Prometheus is asked about itself, by way of the API server (`pods/portforward`).
    AskPrometheus {
        /// Its pod.
        pod: ObjectRef,
        /// What it is asked.
        question: PrometheusQuestion,
    },
    /// A GET at a server that answers with the address from which it was asked.
    AskOwnAddress {
        /// Path and query.
        path: String,
        /// The host that is named.
        host: String,
        /// What the chain is verified against; none: without TLS.
        trust: Option<Trust>,
    },
    /// A node pulls Airlock's own image from the target, also where it has it: the registry is asked in any case.
    Pull {
        /// The repository.
        repository: String,
        /// The pull secret in the pod's namespace.
        pull_secret: String,
    },
    /// TCP connections to each of these ports of each pod are opened and closed, at a bounded rate.
    Scan {
        /// Which ports.
        ports: Vec<PortRange>,
    },
    /// TCP connections to what each pod declares, and to each of these ports of each, all to be blocked.
    Reach {
        /// Which ports beside those that are declared.
        ports: Vec<u16>,
    },
    /// A name is resolved.
    Resolve {
        /// The name.
        name: String,
    },
}

/// What Prometheus is asked about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PrometheusQuestion {
    /// What it measures.
    Targets {
        /// Airflow deployments that must be among its targets; one that has just come is waited for.
        deployments: Vec<String>,
    },
    /// Which rules it judges, and how that went; one that it has just loaded is waited for.
    Rules,
    /// What became of the messages that Alertmanager sent in the last twelve hours.
    Deliveries,
}

/// Who asks the Kubernetes API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ApiCaller {
    /// Whom the kubeconfig says.
    User,
    /// Somebody without any credentials.
    Stranger,
}

/// TLS versions by their numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TlsVersion {
    /// RFC 2246.
    Tls10,
    /// RFC 4346.
    Tls11,
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// What a chain is verified against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// The system's roots.
    System,
    /// These certificates alone, PEM.
    Authorities(String),
    /// The certificates in a Secret of the pod's own namespace, mounted as programs there have it.
    Mounted(SecretKeyRef),
    /// Nothing is verified: the attempt asks what is presented, not whether it is good.
    Unverified,
}

/// Credentials by reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Where the password is; none: a random one, which must be refused.
    pub password: Option<SecretKeyRef>,
    /// How they are sent.
    #[serde(default)]
    pub form: CredentialsForm,
}

/// How credentials are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CredentialsForm {
    /// `Authorization: Basic` (RFC 7617).
    #[default]
    Basic,
    /// A JSON object with `username` and `password` as the body, as Airflow's login wants it.
    Json,
    /// Filled into the form of the page, as a browser does: with the fields that it hides, the cookies, and the redirects after it.
    Page,
}

impl Target {
    /// Where it is reached; none for what has no address yet, and for what is reached by a kubeconfig.
    pub fn address(&self) -> Option<(&str, u16)> {
        match self {
            Self::Address { host, port } | Self::Postgres { host, port } => Some((host, *port)),
            Self::Listener { .. } | Self::KubernetesApi | Self::Pods { .. } => None,
        }
    }
}

impl Attempt {
    /// Where the password is that it needs.
    pub fn password(&self) -> Option<&SecretKeyRef> {
        match &self.action {
            AttemptAction::Request { credentials, .. } => credentials.as_ref()?.password.as_ref(),
            AttemptAction::Sql { credentials, .. } => credentials.password.as_ref(),
            AttemptAction::Connect
            | AttemptAction::Handshake { .. }
            | AttemptAction::OfferWeakSuites { .. }
            | AttemptAction::AskAcross { .. }
            | AttemptAction::PlainRequest { .. }
            | AttemptAction::SqlGuess { .. }
            | AttemptAction::AsAccount { .. }
            | AttemptAction::AskApi { .. }
            | AttemptAction::Identify { .. }
            | AttemptAction::ReadSecrets { .. }
            | AttemptAction::Admit { .. }
            | AttemptAction::AskPrometheus { .. }
            | AttemptAction::AskOwnAddress { .. }
            | AttemptAction::Pull { .. }
            | AttemptAction::Scan { .. }
            | AttemptAction::Reach { .. }
            | AttemptAction::Resolve { .. } => None,
        }
    }

    /// What its pod mounts: its password, and the authorities that are tried as they are mounted.
    pub fn mounted(&self) -> impl Iterator<Item = &SecretKeyRef> {
        let trust = match &self.action {
            AttemptAction::Handshake { trust, .. } | AttemptAction::Request { trust, .. } | AttemptAction::AskAcross { trust, .. } | AttemptAction::Sql { trust, .. } => Some(trust),
            AttemptAction::SqlGuess { trust, .. } | AttemptAction::AskOwnAddress { trust, .. } => trust.as_ref(),
            _ => None,
        };
        let authorities = trust.and_then(|trust| if let Trust::Mounted(at) = trust { Some(at) } else { None });
        self.password().into_iter().chain(authorities)
    }

    /// The `ServiceAccount` that a token is made for.
    pub fn token_of(&self) -> Option<&ObjectRef> {
        match &self.action {
            AttemptAction::Identify { account } | AttemptAction::ReadSecrets { account, .. } => Some(account),
            _ => None,
        }
    }

    /// The namespaces in which pods are needed for it.
    pub fn pod_namespaces(&self) -> impl Iterator<Item = &str> {
        let from = match &self.from {
            Vantage::Pod { namespace, .. } | Vantage::Node { namespace, .. } | Vantage::LetIn { namespace } => Some(namespace.as_str()),
            Vantage::Workstation => None,
        };
        let at = match &self.target {
            Target::Listener { namespace, .. } => Some(namespace.as_str()),
            Target::Address { .. } | Target::Postgres { .. } | Target::KubernetesApi | Target::Pods { .. } => None,
        };
        from.into_iter().chain(at)
    }
}
