//! When the certificates end that servers present: measured by a handshake with each whenever Prometheus asks.
//!
//! What is presented counts, not what lies in a Secret: a server that has not read its new certificate still ends with the old. That it
//! has not is told by another series, for the servers whose stored certificate is mounted beside.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Digest, Outcome, Target, TlsVersion, Trust, Vantage};

use crate::measurements::Door;
use crate::{MeasureError, NoPasswords, carry_out_all};

const NOT_AFTER: &str = "airlock_certificate_not_after_seconds";
const PRESENTED: &str = "airlock_certificate_presented";
const STORED: &str = "airlock_certificate_stored";

/// A server that presents a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateServer {
    /// Name or address to connect to.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The name that is asked for.
    pub server_name: String,
    /// A file with what it should present, leaf first; none: nobody compares.
    pub stored: Option<PathBuf>,
}

/// Answers with measurements until the process is told to end (SIGTERM): over TLS and by password where `web_config` says so.
pub async fn measure_certificates(listen: SocketAddr, web_config: Option<&Path>, servers: &[CertificateServer]) -> Result<(), MeasureError> {
    let attempts: Vec<Attempt> = servers.iter().map(attempt).collect();
    Door::new(listen, web_config)?.serve(|| async { Ok(measurements(&carry_out_all(&attempts, &NoPasswords).await, servers)) }).await
}

/// What a server should present; none where nothing that can be read lies there, which is no reason to say that it presents another.
fn stored(server: &CertificateServer) -> Option<Digest> {
    let chain = std::fs::read(server.stored.as_ref()?).ok()?;
    airlock_tls::certificates_from_pem(&chain).ok()?.first().map(|leaf| Digest::of(leaf))
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
fn measurements(outcomes: &[Outcome], servers: &[CertificateServer]) -> String {
    let mut text = format!("# TYPE {NOT_AFTER} gauge\n# TYPE {PRESENTED} gauge\n# TYPE {STORED} gauge\n");
    for outcome in outcomes {
        let presented = match &outcome.result {
            AttemptResult::Handshaken(presented) => Some(presented),
            _ => None,
        };
        let server = &outcome.attempt;
        if let Some(presented) = presented {
            let _ = writeln!(text, "{NOT_AFTER}{{server=\"{server}\"}} {}", presented.not_after.as_second());
            let stored = servers.iter().find(|asked| asked.server_name == server.0).and_then(stored);
            if let Some(stored) = stored {
                let _ = writeln!(text, "{STORED}{{server=\"{server}\"}} {}", u8::from(stored == presented.fingerprint));
            }
        }
        let _ = writeln!(text, "{PRESENTED}{{server=\"{server}\"}} {}", u8::from(presented.is_some()));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use airlock_model::{Presented, Untrusted};
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_certificate_has_an_end_and_what_presents_none_or_another_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let made = airlock_tls::Authority::generate("a", &["a.test".to_owned()], Duration::from_hours(1), Timestamp::now()).unwrap();
        let leaf = airlock_tls::certificates_from_pem(made.certificate_pem().as_bytes()).unwrap().remove(0);
        let file = folder.path().join("tls.crt");
        std::fs::write(&file, made.certificate_pem()).unwrap();
        let outcome = |server: &str, result| Outcome { attempt: server.into(), result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 0 };
        let presented = |fingerprint: Digest| {
            AttemptResult::Handshaken(Presented {
                version: TlsVersion::Tls13,
                fingerprint,
                names: Vec::new(),
                issuer: Untrusted::from("ca"),
                not_before: Timestamp::UNIX_EPOCH,
                not_after: Timestamp::from_second(1_800_000_000).unwrap(),
                chain_length: 1,
            })
        };
        let server = |name: &str, stored: Option<PathBuf>| CertificateServer { host: name.to_owned(), port: 443, server_name: name.to_owned(), stored };
        let servers = [server("a.test", Some(file.clone())), server("b.test", Some(file)), server("c.test", Some(folder.path().join("none"))), server("d.test", None)];
        let other = || presented(Digest::of(b"another"));
        let outcomes = [outcome("a.test", presented(Digest::of(&leaf))), outcome("b.test", other()), outcome("c.test", other()), outcome("d.test", AttemptResult::TimedOut)];
        let text = measurements(&outcomes, &servers);
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                "airlock_certificate_not_after_seconds{server=\"a.test\"} 1800000000",
                "airlock_certificate_stored{server=\"a.test\"} 1",
                "airlock_certificate_presented{server=\"a.test\"} 1",
                "airlock_certificate_not_after_seconds{server=\"b.test\"} 1800000000",
                "airlock_certificate_stored{server=\"b.test\"} 0",
                "airlock_certificate_presented{server=\"b.test\"} 1",
                "airlock_certificate_not_after_seconds{server=\"c.test\"} 1800000000",
                "airlock_certificate_presented{server=\"c.test\"} 1",
                "airlock_certificate_presented{server=\"d.test\"} 0",
            ]
        );
    }
}
