//! When the certificates end that servers present: measured by a handshake with each whenever Prometheus asks.
//!
//! What is presented counts, not what lies in a Secret: a server that has not read its new certificate still ends with the old.
//! It listens inside its pod only, where Prometheus is, so it speaks plain HTTP.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Outcome, Target, TlsVersion, Trust, Vantage};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::{ListenError, NoPasswords, carry_out_all};

/// For a question to arrive and for its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);
const LARGEST_QUESTION: usize = 8 * 1024;
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

/// Answers with measurements until the process is told to end (SIGTERM).
pub async fn measure_certificates(listen: SocketAddr, servers: &[CertificateServer]) -> Result<(), ListenError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ListenError::Signals)?;
    let listener = TcpListener::bind(listen).await.map_err(|source| ListenError::Bind { port: listen.port(), source })?;
    let attempts: Vec<Attempt> = servers.iter().map(attempt).collect();
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            // One asks, every few seconds; what it hangs up on is its own business.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted { drop(answer(stream, &attempts).await) },
        }
    }
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

/// Every question is the same one, so it is read to its end and not looked at.
async fn answer(mut stream: TcpStream, attempts: &[Attempt]) -> io::Result<()> {
    timeout(PATIENCE, question(&mut stream)).await.map_err(io::Error::from)??;
    let body = measurements(&carry_out_all(attempts, &NoPasswords).await);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    timeout(PATIENCE, stream.write_all(format!("{head}{body}").as_bytes())).await.map_err(io::Error::from)?
}

async fn question(stream: &mut TcpStream) -> io::Result<()> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        if read.len() > LARGEST_QUESTION || stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(())
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
