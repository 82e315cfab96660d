//! Who answers Prometheus: every question is the same one, and is answered with what is measured then.
//!
//! Inside its pod it speaks plain HTTP. Where others could reach it, it speaks TLS and asks for a password, both by the file that
//! Prometheus' own exporters read (`web.yml` of prometheus/exporter-toolkit), which holds a verifier and not the password.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use airlock_model::{Code, Coded};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::ListenError;

/// For a handshake, for a question to arrive, and for its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);
const LARGEST_QUESTION: usize = 8 * 1024;
const MOST_CONNECTIONS: usize = 16;

/// Why nothing is measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The file that says how to listen, or one that it names.
    #[error("cannot listen as {} says: {reason}", path.display())]
    WebConfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Coded for MeasureError {
    fn code(&self) -> Code {
        match self {
            Self::Listen(error) => error.code(),
            Self::WebConfig { .. } => Code("probe.web-config"),
        }
    }
}

/// Where to listen, and who is answered.
pub(crate) struct Door {
    listen: SocketAddr,
    guard: Option<Guard>,
}

/// TLS, and users with the bcrypt hashes of their passwords.
struct Guard {
    acceptor: TlsAcceptor,
    users: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebConfig {
    tls_server_config: TlsServerConfig,
    basic_auth_users: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct TlsServerConfig {
    cert_file: PathBuf,
    key_file: PathBuf,
}

impl Door {
    /// Without a file everybody is answered in plain HTTP: for an address that only the own pod reaches.
    pub(crate) fn new(listen: SocketAddr, web_config: Option<&Path>) -> Result<Self, MeasureError> {
        let refuse = |path: &Path, reason: String| MeasureError::WebConfig { path: path.to_owned(), reason };
        let guard = web_config.map(|path| Guard::read(path).map_err(|reason| refuse(path, reason))).transpose()?;
        Ok(Self { listen, guard })
    }

    /// Answers until the process is told to end (SIGTERM). What cannot be measured is answered with 503 and its reason, so that
    /// Prometheus counts the question as failed.
    pub(crate) async fn serve<F: Future<Output = Result<String, String>>>(&self, measure: impl Fn() -> F) -> Result<(), MeasureError> {
        let mut terminate = signal(SignalKind::terminate()).map_err(ListenError::Signals)?;
        let listener = TcpListener::bind(self.listen).await.map_err(|source| ListenError::Bind { port: self.listen.port(), source })?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            never = self.answer_all(&listener, &measure) => never,
        }
    }

    async fn answer_all<F: Future<Output = Result<String, String>>>(&self, listener: &TcpListener, measure: &impl Fn() -> F) -> Result<(), MeasureError> {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                // What the other side hangs up on is its own business.
                accepted = listener.accept(), if open.len() < MOST_CONNECTIONS => if let Ok((stream, _)) = accepted { open.push(self.answer(stream, measure)) },
                Some(_) = open.next() => {}
            }
        }
    }

    async fn answer<F: Future<Output = Result<String, String>>>(&self, stream: TcpStream, measure: &impl Fn() -> F) -> io::Result<()> {
        match &self.guard {
            None => respond(stream, None, measure).await,
            Some(guard) => respond(timeout(PATIENCE, guard.acceptor.accept(stream)).await??, Some(guard), measure).await,
        }
    }
}

impl Guard {
    fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let WebConfig { tls_server_config: TlsServerConfig { cert_file, key_file }, basic_auth_users: users } = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
        if users.is_empty() {
            return Err("nobody has a password".to_owned());
        }
        let named = |path: &Path, error: &dyn std::error::Error| format!("{}: {error}", path.display());
        let chain = CertificateDer::pem_file_iter(&cert_file).and_then(Iterator::collect).map_err(|error| named(&cert_file, &error))?;
        let key = PrivateKeyDer::from_pem_file(&key_file).map_err(|error| named(&key_file, &error))?;
        let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider())).with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        let config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(|error| named(&cert_file, &error))?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), users })
    }

    /// Whether a question bears the password of a user (RFC 7617).
    fn admits(&self, question: &str) -> bool {
        let headers = question.lines().filter_map(|line| line.split_once(':'));
        let Some((_, value)) = headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")) else { return false };
        let encoded = value.trim().split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let decoded = encoded.and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok()).and_then(|bytes| String::from_utf8(bytes).ok());
        let credentials = decoded.as_deref().and_then(|text| text.split_once(':'));
        credentials.is_some_and(|(user, password)| self.users.get(user).is_some_and(|hash| bcrypt::verify(password, hash).is_ok_and(|same| same)))
    }
}

async fn respond<F: Future<Output = Result<String, String>>>(mut stream: impl AsyncRead + AsyncWrite + Unpin, guard: Option<&Guard>, measure: &impl Fn() -> F) -> io::Result<()> {
    let question = timeout(PATIENCE, question(&mut stream)).await??;
    let (status, body) = match guard {
        Some(guard) if !guard.admits(&question) => ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"measurements\"", "a user with a password is due\n".to_owned()),
        _ => match measure().await {
            Ok(measured) => ("200 OK", measured),
            Err(reason) => ("503 Service Unavailable", format!("{reason}\n")),
        },
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let answer = async {
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        stream.shutdown().await
    };
    timeout(PATIENCE, answer).await?
}

/// A question to its end; which page it asks for makes no difference.
async fn question(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        if read.len() > LARGEST_QUESTION || stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    String::from_utf8(read).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests;
