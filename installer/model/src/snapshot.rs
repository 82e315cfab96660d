//! What was collected for checks: objects, facts, outcomes, and what was seen of secret values, by names alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Amount, AttemptId, Caller, Change, Digest, Fact, Facts, ImageLock, LiveObject, NodeReport, Object, ObjectRef, Outcome, Place, Right, ScanReport, Subject, Untrusted, World};

/// Everything that was collected for checks. Of a cluster it holds no secret value; of files it holds what they hold, and no
/// finding repeats it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// What there is to check.
    pub world: World,
    /// Where the objects come from.
    #[serde(default)]
    pub source: Source,
    /// When it was collected; none: nobody said. No check asks another clock.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Facts, when the survey ran.
    pub facts: Option<Facts>,
    /// Objects by kind, or why they could not be read. A kind of the customer's own API group stands as `Kind.group`.
    pub objects: BTreeMap<String, Result<Vec<SnapshotObject>, String>>,
    /// What made the pods; none: nobody looked. It says what was asked for before admission, and is not judged.
    #[serde(default)]
    pub templates: Option<Templates>,
    /// What of the files could not be read.
    #[serde(default)]
    pub unread: Vec<Unread>,
    /// Outcomes of attempts. What is missing here was not carried out.
    pub outcomes: BTreeMap<AttemptId, Outcome>,
    /// Where secret values were found in `ConfigMap`s and environments, or why it could not be looked at.
    pub leaks: Option<Result<Vec<SecretLeak>, String>>,
    /// What became of the search for secret values in logs and events, or why it could not be made.
    #[serde(default)]
    pub logged: Option<Result<SearchedLogs, String>>,
    /// Secrets of different namespaces that hold the same value, or why it could not be looked at.
    #[serde(default)]
    pub shared: Option<Result<Vec<SharedSecret>, String>>,
    /// Credentials by how hard they are to guess, or why it could not be looked at.
    #[serde(default)]
    pub strength: Option<Result<Vec<JudgedSecret>, String>>,
    /// The Secret with the Fernet key of each Airflow deployment, or why it could not be looked at.
    #[serde(default)]
    pub fernet_keys: Option<Result<Vec<JudgedSecret>, String>>,
    /// What is stored for the base domain, or in TLS Secrets of files; or why it could not be looked at.
    #[serde(default)]
    pub stored_certificates: Option<Result<Vec<StoredCertificate>, String>>,
    /// What was read of the control plane.
    #[serde(default)]
    pub control_plane: Option<crate::ControlPlane>,
    /// By what, where, and for whom the run judges.
    #[serde(default)]
    pub run: Option<JudgingRun>,
    /// What was changed since it was installed, or why it could not be told.
    #[serde(default)]
    pub drift: Option<Result<Vec<Drifted>, String>>,
    /// Which plans were carried out, by namespace.
    #[serde(default)]
    pub plan_runs: Option<Fact<BTreeMap<String, Fact<Vec<crate::PlanRun>>>>>,
    /// What was handed over that another tool saw on nodes.
    #[serde(default)]
    pub node_reports: Vec<NodeReport>,
    /// What was handed over that scanners wrote of images.
    #[serde(default)]
    pub scan_reports: Vec<ScanReport>,
    /// What the plan asks of the cluster; preflight checks judge it.
    pub planned: Option<Planned>,
    /// What a database server of the customer's was found to be.
    #[serde(default)]
    pub database: Option<crate::DatabaseExamination>,
    /// What became of trials to pull an image, one for each pool.
    #[serde(default)]
    pub pulls: Vec<crate::PoolPull>,
}

/// Workloads with the templates that pods are made from: by namespace, then by kind, or why they could not be read.
pub type Templates = BTreeMap<String, BTreeMap<String, Result<Vec<SnapshotObject>, String>>>;

/// A run that judges: what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JudgingRun {
    /// SHA-256 of the program.
    pub program: Fact<Digest>,
    /// The identity of the cluster: UID of the namespace `kube-system`.
    pub cluster_uid: Fact<String>,
    /// Who asks, as the API server knows the caller.
    pub caller: Fact<Caller>,
    /// Every right that the run asks for.
    pub rights: Fact<Vec<Permission>>,
}

impl JudgingRun {
    /// Of which nothing is known, for one reason.
    pub fn unknown(reason: &str) -> Self {
        let why = || reason.to_owned();
        Self { program: Fact::Unverified(why()), cluster_uid: Fact::Unverified(why()), caller: Fact::Unverified(why()), rights: Fact::Unverified(why()) }
    }
}

/// One right that judging asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// Which.
    pub right: Right,
    /// The checks that are unverified without it. None: without it nothing is judged, unless [`Self::shows`] says otherwise.
    pub checks: BTreeSet<String>,
    /// What a report does not say without it, where no verdict rests on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<String>,
    /// Whether the caller has it, or why the API server did not say.
    pub granted: Fact<bool>,
}

/// One thing that has a record of its own, the platform or an Airflow deployment, as it is beside what was installed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drifted {
    /// `the platform`, `deployment alpha`.
    pub what: String,
    /// Its namespace.
    pub namespace: String,
    /// Objects that are no longer as they were installed, with the fields that differ; or why it could not be told.
    pub changes: Fact<Vec<Change>>,
}

/// Where objects come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The API server of a cluster.
    #[default]
    Cluster,
    /// Files: all that is in them is judged, whatever its namespace.
    Files,
}

/// An object as checks are given it, from a cluster or from a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotObject {
    /// Which.
    pub object: ObjectRef,
    /// The manifest.
    pub manifest: serde_json::Value,
    /// Where it was read; none: from a cluster.
    pub place: Option<Place>,
}

impl From<LiveObject> for SnapshotObject {
    fn from(live: LiveObject) -> Self {
        Self { object: live.object, manifest: live.manifest, place: None }
    }
}

/// A rendered object, to be read as if it stood there.
impl From<&Object> for SnapshotObject {
    fn from(rendered: &Object) -> Self {
        Self { object: rendered.reference().clone(), manifest: rendered.manifest().clone(), place: None }
    }
}

impl From<&SnapshotObject> for Subject {
    fn from(given: &SnapshotObject) -> Self {
        Self::object(&given.object, given.place.as_ref())
    }
}

/// A file, or a document of one, that could not be read as objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// Path of the file, as it was given.
    pub file: Untrusted<String>,
    /// Which document of the file, from 0; none: the file as a whole.
    pub document: Option<u32>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is wrong there.
    pub message: Untrusted<String>,
    /// What kind of fault it is.
    pub fault: ReadFault,
}

/// Why something in a file was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadFault {
    /// It cannot be read at all, or is not read because of its size or depth.
    Broken,
    /// It holds no object.
    Empty,
    /// It is of a kind that a group of Kubernetes does not have, or makes pods in a way that is not known.
    UnknownKind,
    /// It is of a kind of somebody's own, and makes no pods.
    CustomKind,
}

/// A secret value at a place where it must not stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretLeak {
    /// Which Secret and key: `Secret airlock/registry-credentials, key password`.
    pub secret: String,
    /// Where its value stands: `ConfigMap airlock/x, key y`.
    pub place: String,
}

/// Logs and events that were searched for secret values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchedLogs {
    /// How many values were looked for.
    pub values: usize,
    /// How many logs were read; that of a container before its last restart is one of its own.
    pub logs: usize,
    /// How many events were read.
    pub events: usize,
    /// What was found.
    pub leaks: Vec<SecretLeak>,
    /// Logs that could not be read. One that is gone is not among them: nobody reads it any more.
    pub unread: Vec<UnreadLog>,
}

/// A log that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnreadLog {
    /// Whose: `Pod airlock/x, container y, its log`.
    pub place: String,
    /// Why.
    pub why: String,
}

/// One value in Secrets of several namespaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedSecret {
    /// Where it stands, in their order: `Secret airlock/a, key b`.
    pub secrets: Vec<String>,
}

/// A certificate in its Secret, as it was judged together with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredCertificate {
    /// Which Secret.
    pub secret: ObjectRef,
    /// Where it was read; none: from a cluster.
    pub place: Option<Place>,
    /// What it is: issuer, key, end.
    pub seen: Untrusted<String>,
    /// Why clients refuse it.
    pub faults: Vec<Untrusted<String>>,
    /// What somebody should know of it.
    pub warnings: Vec<Untrusted<String>>,
    /// What could not be judged of it, and why.
    pub unknown: Option<Untrusted<String>>,
}

/// A Secret, and what is wrong with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JudgedSecret {
    /// Which Secret.
    pub secret: ObjectRef,
    /// Keys of values that will not do, each with the reason.
    pub weak: BTreeMap<String, String>,
}

/// What a plan asks of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// Sum of all requests that are not met yet.
    pub requests: Amount,
    /// Requests of the largest pod.
    pub largest_pod: Amount,
    /// Number of pods.
    pub pods: u32,
    /// Storage classes that claims name; the empty text stands for the default class.
    pub storage_classes: Vec<String>,
    /// Namespaces that it uses.
    pub namespaces: Vec<String>,
    /// Rights it needs, each with the answer of a `SelfSubjectAccessReview` or why none came.
    pub rights: Vec<(Right, Result<bool, String>)>,
    /// Objects that a server-side dry run refused, with the API server's words.
    pub refused: Vec<(crate::ObjectRef, Untrusted<String>)>,
    /// Images of the lock and those that could not be resolved, with the reason.
    pub images: ImageLock,
    /// Images that could not be resolved, by reference.
    pub missing_images: BTreeMap<String, Untrusted<String>>,
    /// The rendered objects.
    pub objects: Vec<Object>,
    /// The company's Prometheus that is to watch them, where the answers ask for one.
    pub prometheus: Option<crate::prometheus::Asked>,
    /// The issuer of cert-manager that is to issue the certificate of the base domain, where the answers ask for one.
    pub issuer: Option<crate::IssuerReference>,
}
