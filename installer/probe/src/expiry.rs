//! When the certificates end that servers present: measured by a handshake with each whenever Prometheus asks.
//!
//! What is presented counts, not what lies in a Secret: a server that has not read its new certificate still ends with the old.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Outcome, Target, TlsVersion, Trust, Vantage};

use crate::measurements::Door;
use crate::{MeasureError, NoPasswords, carry_out_all};

const NOT_AFTER: &str = "airlock_certificate_not_after_seconds";
const PRESENTED: &str = "airlock_certificate_presented";

/// A server that presents a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateServer {
    /// Name or address to connect to.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The name that is asked for.
    pub server_name: String,
}

/// Answers with measurements until the process is told to end (SIGTERM): over TLS and by password where `web_config` says so.
pub async fn measure_certificates(listen: SocketAddr, web_config: Option<&Path>, servers: &[CertificateServer]) -> Result<(), MeasureError> {
    let attempts: Vec<Attempt> = servers.iter().map(attempt).collect();
    Door::new(listen, web_config)?.serve(|| async { Ok(measurements(&carry_out_all(&attempts, &NoPasswords).await)) }).await
}

fn attempt(server: &CertificateServer) -> Attempt {
    Attempt {
        id: AttemptId(server.server_name.clone()),
        from: Vantage::Workstation,
        target: Target::Address { host: server.host.clone(), port: server.port },
        action: AttemptAction::Handshake { server_name: server.server_name.clone(), newest: TlsVersion::Tls13, trust: Trust::Unverified },
        control: None,
        purpose: String::new(),
    }
}

/// In Prometheus' text format. A server that presents nothing has no end, and is told by the other series.
fn measurements(outcomes: &[Outcome]) -> String {
    let mut text = format!("# TYPE {NOT_AFTER} gauge\n# TYPE {PRESENTED} gauge\n");
    for outcome in outcomes {
        let presented = match &outcome.result {
            AttemptResult::Handshaken(presented) => Some(presented),
            _ => None,
        };
        let server = &outcome.attempt;
        if let Some(presented) = presented {
            let _ = writeln!(text, "{NOT_AFTER}{{server=\"{server}\"}} {}", presented.not_after.as_second());
        }
        let _ = writeln!(text, "{PRESENTED}{{server=\"{server}\"}} {}", u8::from(presented.is_some()));
    }
    text
}

#[cfg(test)]
mod tests {
    use airlock_model::{Digest, Presented, Untrusted};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_certificate_has_an_end_and_what_presents_none_is_told() {
        let outcome = |server: &str, result| Outcome { attempt: server.into(), result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 0 };
        let presented = Presented {
            version: TlsVersion::Tls13,
            fingerprint: Digest::of(b"leaf"),
            names: Vec::new(),
            issuer: Untrusted::from("ca"),
            not_before: Timestamp::UNIX_EPOCH,
            not_after: Timestamp::from_second(1_800_000_000).unwrap(),
            chain_length: 1,
        };
        let text = measurements(&[outcome("a.test", AttemptResult::Handshaken(presented)), outcome("b.test", AttemptResult::TimedOut)]);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            ["airlock_certificate_not_after_seconds{server=\"a.test\"} 1800000000", "airlock_certificate_presented{server=\"a.test\"} 1", "airlock_certificate_presented{server=\"b.test\"} 0"]
        );
    }
}
