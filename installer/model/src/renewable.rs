//! A certificate that is renewed while the platform runs: what it must be, who reads it, and where it can be seen served.

use serde::{Deserialize, Serialize};

use crate::{CertificateSpec, ObjectRef};

/// One certificate, as the renewer finds it in the cluster ([`names::RENEWALS`](crate::names::RENEWALS)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewable {
    /// What it must be.
    pub certificate: CertificateSpec,
    /// Workloads whose pods read it once, when they start.
    pub restart: Vec<ObjectRef>,
    /// Components whose pods notice a new one by themselves, as soon as the kubelet has brought it.
    pub nudge: Vec<String>,
    /// Where it is served, as pods of the platform reach it; none: nobody presents it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub served: Option<ServedAt>,
}

/// Where a certificate is presented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedAt {
    /// Name to connect to.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The name that is asked for (RFC 6066 §3).
    pub server_name: String,
}

/// How the last look at a certificate ended; an annotation of its Secret, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RenewalResult {
    /// When.
    pub at: jiff::Timestamp,
    /// What became of it.
    pub outcome: RenewalOutcome,
    /// Why, where it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

/// What became of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenewalOutcome {
    /// A new one is served.
    Renewed,
    /// No new one could be had; the old one stays.
    Failed,
    /// The new one was not served in time; the old pair is back.
    PutBack,
    /// What is served is not what is stored.
    NotServed,
}
