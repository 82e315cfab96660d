//! What an installation remembers in the cluster, readable without Secret rights.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Digest, ImageLock, ObjectRef, Purpose, Untrusted, Verdict};

/// The record of an installation: key `record.json` of the `ConfigMap` `airlock-record`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// [`crate::names::RECORD_SCHEMA`]; a newer one is refused.
    pub schema: u32,
    /// The release that was installed last.
    pub release: String,
    /// The random id of the installation.
    pub installation: String,
    /// Digest of the last plan that was carried out.
    pub plan: Digest,
    /// What that plan was for.
    pub purpose: Purpose,
    /// Whether that plan was carried out to its end.
    pub complete: bool,
    /// The answers, secrets only as references.
    pub answers: serde_json::Value,
    /// The images it runs.
    pub images: ImageLock,
    /// Gates that have passed, by name, with the digest of what they asked.
    pub gates: BTreeMap<String, Digest>,
    /// The verdict of the last verification.
    pub verdict: Option<Verdict>,
    /// Digest of the profile that the last verification of an install went by: the installed one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub profile: Option<Digest>,
    /// Who ran it and when.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Everything that was applied: keys `inventory.json` of the `ConfigMap`s `airlock-inventory-N`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// The objects, sorted, each once.
    pub objects: Vec<ObjectRef>,
}

/// What exists of an installation before a plan is made. It holds no secret value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Installed {
    /// The record, when there is one.
    pub record: Option<Record>,
    /// What was applied before.
    pub inventory: Inventory,
    /// Live objects that the plan would apply, whole; Secrets are not among them.
    pub objects: Vec<LiveObject>,
    /// Live Secrets that the plan would make.
    pub secrets: Vec<LiveSecret>,
    /// What stands in the inventory, still exists, and is no longer asked for; of Secrets, the shape alone.
    pub unwanted: Vec<LiveObject>,
}

/// A live object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveObject {
    /// Which.
    pub object: ObjectRef,
    /// The manifest as the API server gave it; of `managedFields`, only what Airlock's own applies have set.
    pub manifest: serde_json::Value,
    /// Workloads, claims, services of type `LoadBalancer`: ready. Others: true.
    pub ready: bool,
}

/// A live Secret: its shape, never its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LiveSecret {
    /// Which.
    pub object: ObjectRef,
    /// Keys in `data`.
    pub keys: Vec<String>,
    /// The annotation [`crate::names::ANNOTATION_SPEC`].
    pub spec: Option<Digest>,
    /// Derived values are what their sources make of them today; of other classes: true.
    pub current: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// For `kubernetes.io/tls`: what the certificate says.
    pub certificate: Option<CertificateFacts>,
}

/// What a certificate says, without its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateFacts {
    /// SHA-256 of the leaf's DER.
    pub fingerprint: Digest,
    /// Subject alternative names.
    pub names: Vec<String>,
    /// Names that a certificate authority may sign below.
    pub permitted: Vec<String>,
    /// Whether it is an authority.
    pub authority: bool,
    /// Its issuer's distinguished name (RFC 4514).
    pub issuer: Untrusted<String>,
    /// SHA-256 of its own public key.
    pub key_fingerprint: Digest,
    /// SHA-256 of the issuer's public key (authority key identifier is not trusted for this): the chain's next certificate, or the leaf itself when self-signed; none when the chain has only a leaf.
    pub issuer_fingerprint: Option<Digest>,
    /// Begin of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Key in `tls.key` belongs to it.
    pub key_matches: bool,
}
