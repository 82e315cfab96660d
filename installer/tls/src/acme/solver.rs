//! How control over a name is proved, and who does it.

use std::pin::Pin;

use instant_acme::ChallengeType;
use serde::{Deserialize, Serialize};

use super::error::AcmeError;

/// How control over a name is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChallengeKind {
    /// A file under `/.well-known/acme-challenge/` at port 80 (RFC 8555 §8.3).
    #[serde(rename = "http-01")]
    Http01,
    /// A TXT record below `_acme-challenge` (RFC 8555 §8.4).
    #[serde(rename = "dns-01")]
    Dns01,
}

/// What the authority will look for. None of it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A TXT record. A name can need several values at once: a domain and its wildcard share one.
    Record(TxtRecord),
    /// A file.
    File(ProofFile),
}

/// A TXT record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxtRecord {
    /// Its name, without a dot at the end.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A file under `/.well-known/acme-challenge/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofFile {
    /// The host that serves it.
    pub host: String,
    /// Its name: letters, digits, `-`, and `_`.
    pub token: String,
    /// Its content.
    pub content: String,
}

/// Work that takes time.
pub type Doing<'a> = Pin<Box<dyn Future<Output = Result<(), AcmeError>> + Send + 'a>>;

/// Who puts proofs where the authority looks for them.
pub trait Solver: Send + Sync {
    /// What it can prove.
    fn kind(&self) -> ChallengeKind;

    /// Puts all of them in place, beside whatever is there.
    fn present<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a>;

    /// Waits until the authority would see all of them.
    fn seen<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a>;

    /// Takes away these and nothing else. It is called after success and after failure, also where only some were put in place.
    fn clean_up<'a>(&'a self, proofs: &'a [Proof]) -> Doing<'a>;
}

impl ChallengeKind {
    /// Its name in RFC 8555.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::Dns01 => "dns-01",
        }
    }

    pub(super) const fn of_library(self) -> ChallengeType {
        match self {
            Self::Http01 => ChallengeType::Http01,
            Self::Dns01 => ChallengeType::Dns01,
        }
    }
}

/// The TXT records among proofs.
pub(super) fn records(proofs: &[Proof]) -> Vec<TxtRecord> {
    let record = |proof: &Proof| match proof {
        Proof::Record(record) => Some(record.clone()),
        Proof::File(_) => None,
    };
    proofs.iter().filter_map(record).collect()
}
