//! What came out of an attempt. Only checks judge it.

use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AttemptId, Digest, ScannedPod, TlsVersion, Untrusted};

/// What came out of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Which attempt.
    pub attempt: AttemptId,
    /// What happened.
    pub result: AttemptResult,
    /// Address it came from, where known.
    pub source: Option<String>,
    /// Address it went to, where known.
    pub destination: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub took_millis: u64,
}

/// What happened at the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AttemptResult {
    /// The connection was opened.
    Connected,
    /// The handshake ended well or its failure was not asked about.
    Handshaken(Presented),
    /// The server agreed to what no server should: its words for what it is.
    Agreed(Untrusted<String>),
    /// A response arrived.
    Answered {
        /// HTTP status.
        status: u16,
        /// Value of `WWW-Authenticate`, when present.
        challenge: Option<Untrusted<String>>,
        /// Value of `Location`, when present.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        location: Option<Untrusted<String>>,
        /// Value of `Strict-Transport-Security` (RFC 6797 §6.1), when present.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        transport_security: Option<Untrusted<String>>,
        /// Value of `Access-Control-Allow-Origin` (Fetch standard, "CORS protocol"), when present.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        allowed_origin: Option<Untrusted<String>>,
    },
    /// The API server takes whoever asked for this user.
    KnownAs(Untrusted<String>),
    /// Responses to several requests arrived, in their order.
    Statuses(Vec<PathStatus>),
    /// The server ended the connection instead of an answer, or what it sent is no HTTP: how that was seen.
    Unanswered(Untrusted<String>),
    /// A login by the form of a page was accepted, and these cookies were set on the way, by name.
    LoggedIn(Vec<SetCookie>),
    /// A database server let in and answered: the first column of the first row.
    Told(Option<Untrusted<String>>),
    /// A database server refused the login or the question.
    SqlRefused {
        /// SQLSTATE (PostgreSQL, appendix A).
        state: String,
        /// The server's words.
        message: Untrusted<String>,
    },
    /// The API server would store the object.
    Admitted,
    /// The API server would not store the object.
    NotAdmitted {
        /// Its words.
        message: Untrusted<String>,
    },
    /// The server saw this address.
    SeenFrom(IpAddr),
    /// The node has the image.
    Pulled,
    /// The node could not pull it.
    NotPulled {
        /// The kubelet's words.
        message: Untrusted<String>,
    },
    /// What the ports of each pod said.
    Scanned(Vec<ScannedPod>),
    /// Prometheus told which targets it measures, sorted.
    Measured(Vec<Measured>),
    /// Prometheus told which rules it has loaded, sorted.
    Rules(Vec<LoadedRule>),
    /// Prometheus told what became of the messages that Alertmanager sent last.
    Deliveries(Deliveries),
    /// Addresses were found, sorted.
    Resolved(Vec<String>),
    /// The name does not exist or has no address.
    NoSuchName,
    /// The connection was refused (RST).
    Refused,
    /// Nothing came back in time, three times.
    TimedOut,
    /// The network said that there is no way there (ICMP unreachable, no route, not permitted): the system's words.
    Unreachable(Untrusted<String>),
    /// The server ended the handshake: alert number (RFC 8446 §6) where one came.
    TlsRefused {
        /// Alert number.
        alert: Option<u8>,
    },
    /// The chain did not verify; what was presented is kept.
    Untrusted {
        /// Why.
        reason: Untrusted<String>,
        /// What was presented.
        presented: Option<Presented>,
    },
    /// It could not be carried out: no pod, no image, no credentials, deadline. Says nothing about the target.
    NotCarriedOut(Untrusted<String>),
}

/// What became of the messages that Alertmanager sent in the last twelve hours; times are those of the measurement that saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deliveries {
    /// When the receiver last took one; none: it took none.
    pub delivered: Option<Timestamp>,
    /// When Alertmanager last gave one up; none: it gave up none.
    pub given_up: Option<Timestamp>,
}

/// What was answered to one request of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PathStatus {
    /// Path and query that were asked for.
    pub path: String,
    /// HTTP status.
    pub status: u16,
}

/// A cookie that a server set (RFC 6265 §4.1), without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetCookie {
    /// Its name.
    pub name: Untrusted<String>,
    /// Sent over TLS alone.
    pub secure: bool,
    /// Hidden from scripts.
    pub http_only: bool,
    /// `Strict`, `Lax`, or `None`, when present and one of these.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub same_site: Option<Untrusted<String>>,
    /// `Domain`: sent to all hosts below it. None: to the host that set it alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub domain: Option<Untrusted<String>>,
    /// Seconds from then until the browser drops it (`Max-Age`, `Expires`); none: when it is closed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lasts_seconds: Option<u64>,
    /// Of a value that is a JSON web token: seconds between `iat` and `exp` (RFC 7519 §4.1).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token_seconds: Option<u64>,
}

/// A target that Prometheus measures, or tries to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// The job that it is a target of.
    pub job: Untrusted<String>,
    /// Its name or address, with a port.
    pub instance: Untrusted<String>,
    /// The Airflow deployment that it belongs to, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deployment: Option<Untrusted<String>>,
    /// Whether it answered when it was last measured.
    pub up: bool,
}

/// A rule that Prometheus has loaded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadedRule {
    /// Its group.
    pub group: Untrusted<String>,
    /// The alert that it gives, or the series that it writes.
    pub name: Untrusted<String>,
    /// Whether it gives an alert.
    pub is_alert: bool,
    /// The file that it was loaded from; none: an older run did not ask.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<Untrusted<String>>,
    /// Its expression as Prometheus prints it; none: an older run did not ask.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub query: Option<Untrusted<String>>,
    /// How long its expression holds before it gives its alert, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub for_millis: Option<u64>,
    /// How it went when it was last judged.
    pub health: RuleHealth,
    /// Why it could not be judged: Prometheus' words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<Untrusted<String>>,
}

/// How a rule went when Prometheus last judged it, in Prometheus' words (its `RuleHealth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleHealth {
    /// Without an error.
    Ok,
    /// With one.
    Err,
    /// It was not judged so far.
    Unknown,
}

impl AttemptResult {
    /// What a TLS server presented, believed or not.
    pub const fn presented(&self) -> Option<&Presented> {
        match self {
            Self::Handshaken(presented) | Self::Untrusted { presented: Some(presented), .. } => Some(presented),
            _ => None,
        }
    }
}

/// What a TLS server presented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Presented {
    /// The version that was agreed.
    pub version: TlsVersion,
    /// SHA-256 of the leaf's DER.
    pub fingerprint: Digest,
    /// Subject alternative names.
    pub names: Vec<Untrusted<String>>,
    /// Issuer.
    pub issuer: Untrusted<String>,
    /// Begin of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Certificates that were sent.
    pub chain_length: usize,
}
