//! An ACME authority that issues the certificate of the base domain, as the engine asks it.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SecretKeyRef, WayOut};

/// An ACME authority (RFC 8555), as the engine asks it. What is secret lies in Secrets of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcmeSource {
    /// URL of its directory.
    pub directory: String,
    /// Mail addresses that it may write to.
    pub contact: Vec<String>,
    /// Somebody agrees to its terms of service.
    pub terms_of_service_agreed: bool,
    /// The authorities that its own server is verified by, PEM; none: those of the system.
    pub roots: Option<SecretKeyRef>,
    /// Further authorities that are believed, beside those.
    pub trust: Option<SecretKeyRef>,
    /// The way to it; none: directly, or as the environment says.
    pub way_out: Option<WayOut>,
    /// One of its profiles.
    pub profile: Option<String>,
    /// Common name of the issuer at the top of the chain.
    pub preferred_chain: Option<String>,
    /// Identifier and key of the account at its customer service.
    pub external_account: Option<(String, SecretKeyRef)>,
    /// Where the account is kept.
    pub account: SecretKeyRef,
    /// How control of the names is shown.
    pub challenge: Challenge,
}

/// Who shows control of the names: three ways of setting the records of dns-01 (RFC 8555 §8.4), or http-01 (§8.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Challenge {
    /// Dynamic updates, from workstation and renewer alike.
    Update(DnsUpdate),
    /// A program of the workstation.
    Program(DnsProgram),
    /// People, whom a ticket asks. The order is kept meanwhile, in this key of a Secret.
    ByHand(SecretKeyRef),
    /// The edge, at port 80: it answers for the account, whatever is ordered with it.
    Edge,
}

impl Challenge {
    /// Where an order is kept while people set its records.
    pub const fn order(&self) -> Option<&SecretKeyRef> {
        match self {
            Self::ByHand(order) => Some(order),
            Self::Update(_) | Self::Program(_) | Self::Edge => None,
        }
    }
}

/// A program of the workstation that sets records. It is never run in the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DnsProgram {
    /// Its absolute path, or its name on the search path.
    pub program: String,
    /// How long one run of it may take.
    pub run_limit: Duration,
    /// Variables of the environment that it is not given: answers refer to them, for others than it.
    pub withheld: BTreeSet<String>,
}

/// Dynamic updates (RFC 2136), signed by TSIG (RFC 8945).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DnsUpdate {
    /// The primary server, `host:port`.
    pub server: String,
    /// Name of the key.
    pub key_name: String,
    /// Its algorithm.
    pub algorithm: TsigAlgorithm,
    /// Its secret, base64.
    pub secret: SecretKeyRef,
}

/// How updates are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TsigAlgorithm {
    /// HMAC with SHA-256.
    #[default]
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
}
