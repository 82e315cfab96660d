//! What a server sent and what it agreed to, held against the same rules as files.

use airlock_model::{AttemptResult, Digest};
use rustls_pki_types::CertificateDer;

use crate::finding::{TlsFinding, Way};
use crate::validate::{Expected, Judgement, validate_served};

/// Something outdated that a server should refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// TLS 1.0 (RFC 8996).
    Tls10,
    /// TLS 1.1 (RFC 8996).
    Tls11,
    /// TLS 1.2 with suites that do not encrypt, do not authenticate, or do so with RC4, DES, or 3DES (RFC 9325 §4.1).
    WeakSuites,
}

/// What the server did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It refused.
    Refused,
    /// It agreed; to what, in words.
    Agreed(String),
    /// It could not be found out, and why.
    Unknown(String),
}

impl Offered {
    const fn told(self) -> &'static str {
        match self {
            Self::Tls10 => "TLS 1.0",
            Self::Tls11 => "TLS 1.1",
            Self::WeakSuites => "weak cipher suites",
        }
    }
}

/// Judges what a server did when it was asked for a name. `stored` is the fingerprint of the certificate that it should present.
pub fn judge_served(server: &str, chain: Result<&[CertificateDer<'_>], &AttemptResult>, offered: &[(Offered, Seen)], stored: Option<&Digest>, expected: &Expected<'_>) -> Judgement {
    let mut findings = Vec::new();
    let mut described = Vec::new();
    match chain {
        Ok(chain) => {
            let judgement = validate_served(chain, expected);
            findings.extend(judgement.findings);
            described = judgement.chain;
            if let (Some(stored), Some(leaf)) = (stored, chain.first())
                && Digest::of(leaf) != *stored
            {
                let why = format!("{server} presents another certificate (SHA-256 {}) than that of the files (SHA-256 {})", Digest::of(leaf).hex(), stored.hex());
                findings.push(TlsFinding::error("tls.served-differs", why, Way::ConfigureServer, "have the server read its new certificate: reload it, and look where its files come from"));
            }
        }
        Err(result) => {
            let why = format!("{server} presents no certificate over TLS 1.2 or 1.3: {}", told(result));
            findings.push(TlsFinding::error("tls.not-served", why, Way::ConfigureServer, "look whether the server runs there, and whether a firewall or a proxy stands between"));
        }
    }
    findings.extend(offered.iter().filter_map(|(offered, seen)| outdated(server, *offered, seen)));
    Judgement::new(findings, described)
}

fn outdated(server: &str, offered: Offered, seen: &Seen) -> Option<TlsFinding> {
    let (code, what) = match offered {
        Offered::Tls10 | Offered::Tls11 => ("tls.outdated-protocol", "set TLS 1.2 as the lowest version of the server"),
        Offered::WeakSuites => ("tls.weak-suite", "take such suites out of the server's list; `HIGH:!aNULL:!3DES` is one for OpenSSL"),
    };
    match seen {
        Seen::Refused => None,
        Seen::Agreed(to) => Some(TlsFinding::error(code, format!("{server} agrees to {to}, which can be broken"), Way::ConfigureServer, what)),
        Seen::Unknown(reason) => {
            let why = format!("whether {server} refuses {} could not be found out: {reason}", offered.told());
            Some(TlsFinding::warn("tls.not-found-out", why, Way::Nothing, "run the check again from where the server can be reached without anything in between"))
        }
    }
}

fn told(result: &AttemptResult) -> String {
    match result {
        AttemptResult::NoSuchName => "its name does not exist".to_owned(),
        AttemptResult::Refused => "the connection was refused".to_owned(),
        AttemptResult::TimedOut => "nothing came back in time".to_owned(),
        AttemptResult::Unreachable(reason) | AttemptResult::NotCarriedOut(reason) | AttemptResult::Untrusted { reason, .. } => reason.raw().to_owned(),
        AttemptResult::TlsRefused { alert: Some(alert) } => format!("it ended the handshake with alert {alert}"),
        AttemptResult::TlsRefused { alert: None } => "it ended the handshake without a word".to_owned(),
        AttemptResult::Connected
        | AttemptResult::Handshaken(_)
        | AttemptResult::Agreed(_)
        | AttemptResult::Answered { .. }
        | AttemptResult::KnownAs(_)
        | AttemptResult::Statuses(_)
        | AttemptResult::Unanswered(_)
        | AttemptResult::LoggedIn(_)
        | AttemptResult::Told(_)
        | AttemptResult::SqlRefused { .. }
        | AttemptResult::Admitted
        | AttemptResult::Measured(_)
        | AttemptResult::Rules(_)
        | AttemptResult::Deliveries(_)
        | AttemptResult::SeenFrom(_)
        | AttemptResult::Pulled
        | AttemptResult::Scanned(_)
        | AttemptResult::NotPulled { .. }
        | AttemptResult::NotAdmitted { .. }
        | AttemptResult::Resolved(_) => "it presented none".to_owned(),
    }
}
