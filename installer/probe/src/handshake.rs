//! TLS 1.2 and 1.3 with a verifier that takes notes: what was presented is kept even when it is not believed.
//!
//! The handshake itself always proves that the server holds the key of what it presents; whether the chain is believed is
//! decided by `airlock_tls::verify_served`, and nothing is sent over a connection whose chain is not.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use airlock_model::{AttemptResult, Presented, SecretKeyRef, TlsVersion, Trust, with_causes};
use airlock_tls::{Authorities, served_facts, verify_served};
use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, ProtocolVersion, SignatureScheme, SupportedProtocolVersion, version};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::passwords::mounted_at;

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
static UP_TO_12: &[&SupportedProtocolVersion] = &[&version::TLS12];
static UP_TO_13: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// What a chain is verified against, loaded. `Unverified` is the absence of authorities.
pub(crate) struct Believed(Option<Authorities>);

impl Believed {
    /// Takes every chain as it comes; who asked decides.
    pub(crate) const fn nobody() -> Self {
        Self(None)
    }

    /// Believes these alone.
    pub(crate) const fn these(authorities: Authorities) -> Self {
        Self(Some(authorities))
    }

    /// Loads the authorities before anything is sent; without them nothing is tried.
    pub(crate) async fn load(trust: &Trust) -> Result<Self, AttemptResult> {
        let loaded = match trust {
            Trust::Unverified => return Ok(Self(None)),
            Trust::Authorities(pem) => Authorities::from_pem(pem),
            Trust::Mounted(at) => Authorities::from_pem(&mounted(at).await?),
            // Reads files.
            Trust::System => tokio::task::spawn_blocking(Authorities::system).await.map_err(|e| AttemptResult::NotCarriedOut(e.to_string().into()))?,
        };
        loaded.map(|authorities| Self(Some(authorities))).map_err(|e| AttemptResult::NotCarriedOut(format!("the authorities to verify against cannot be read: {}", with_causes(&e)).into()))
    }
}

/// What a database server is verified against, PEM; none: the system's roots. `unverified` says why nothing goes to one that is not verified.
pub(crate) async fn authorities(trust: &Trust, unverified: &str) -> Result<Option<String>, AttemptResult> {
    match trust {
        Trust::Authorities(pem) => Ok(Some(pem.clone())),
        Trust::Mounted(at) => mounted(at).await.map(Some),
        Trust::System => Ok(None),
        Trust::Unverified => Err(AttemptResult::NotCarriedOut(unverified.to_owned().into())),
    }
}

/// The certificates that a Secret of the pod's namespace holds, PEM.
async fn mounted(at: &SecretKeyRef) -> Result<String, AttemptResult> {
    let file = mounted_at(at);
    tokio::fs::read_to_string(&file).await.map_err(|error| AttemptResult::NotCarriedOut(format!("{} cannot be read: {error}", file.display()).into()))
}

/// A connection over TLS.
pub(crate) struct Secured {
    pub(crate) stream: TlsStream<TcpStream>,
    pub(crate) presented: Presented,
    pub(crate) chain: Vec<CertificateDer<'static>>,
}

/// Shakes hands. Every way in which that can end but well is a result.
pub(crate) async fn handshake(stream: TcpStream, server_name: &str, newest: TlsVersion, believed: Believed) -> Result<Secured, AttemptResult> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let notes = Arc::new(Notes { believed, name: server_name.to_owned(), provider: Arc::clone(&provider), seen: Mutex::default() });
    let not_tried = |reason: String| AttemptResult::NotCarriedOut(reason.into());
    let name = ServerName::try_from(server_name.to_owned()).map_err(|_| not_tried(format!("`{server_name}` is neither a DNS name nor an address")))?;
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions(newest)).map_err(|e| not_tried(e.to_string()))?;
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::<Notes>::clone(&notes)).with_no_client_auth();
    config.resumption = Resumption::disabled();

    let stream = match timeout(HANDSHAKE_TIMEOUT, TlsConnector::from(Arc::new(config)).connect(name, stream)).await {
        Err(_) => return Err(AttemptResult::TimedOut),
        Ok(Err(error)) => return Err(ended(&error, &notes)),
        Ok(Ok(stream)) => stream,
    };
    let version = match stream.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
        _ => TlsVersion::Tls12,
    };
    let seen = notes.take().ok_or_else(|| not_tried("the server presented no certificate".to_owned()))?;
    match (seen.presented(version), seen.distrust) {
        (Ok(presented), None) => Ok(Secured { stream, presented, chain: seen.chain }),
        (presented, Some(reason)) => Err(AttemptResult::Untrusted { reason: reason.into(), presented: presented.ok() }),
        (Err(reason), None) => Err(AttemptResult::Untrusted { reason: reason.into(), presented: None }),
    }
}

fn versions(newest: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    if newest == TlsVersion::Tls13 { UP_TO_13 } else { UP_TO_12 }
}

/// Sorts what ended a handshake: the server's word, our disbelief, or bytes that are not TLS.
fn ended(error: &io::Error, notes: &Notes) -> AttemptResult {
    let Some(reason) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => AttemptResult::TlsRefused { alert: None },
            io::ErrorKind::TimedOut => AttemptResult::TimedOut,
            _ => AttemptResult::NotCarriedOut(format!("the TLS handshake ended: {error}").into()),
        };
    };
    match reason {
        rustls::Error::AlertReceived(alert) => AttemptResult::TlsRefused { alert: Some(u8::from(*alert)) },
        // The server answers in TLS, but with nothing of what was offered.
        rustls::Error::PeerIncompatible(_) => AttemptResult::TlsRefused { alert: None },
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            let presented = notes.take().and_then(|seen| seen.presented(TlsVersion::Tls12).ok());
            AttemptResult::Untrusted { reason: reason.to_string().into(), presented }
        }
        other => AttemptResult::NotCarriedOut(format!("what answers does not speak TLS as it should: {other}").into()),
    }
}

/// Says what a server presented.
pub(crate) fn presented(chain: &[CertificateDer<'_>], version: TlsVersion) -> Result<Presented, String> {
    let facts = served_facts(chain).map_err(|e| with_causes(&e))?;
    Ok(Presented { version, fingerprint: facts.fingerprint, names: facts.names, issuer: facts.issuer, not_before: facts.not_before, not_after: facts.not_after, chain_length: facts.chain_length })
}

struct Notes {
    believed: Believed,
    name: String,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Seen>>,
}

struct Seen {
    chain: Vec<CertificateDer<'static>>,
    distrust: Option<String>,
}

impl Notes {
    fn take(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Seen {
    fn presented(&self, version: TlsVersion) -> Result<Presented, String> {
        presented(&self.chain, version)
    }
}

impl std::fmt::Debug for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notes").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Notes {
    /// Lets the handshake go on in any case: who asked decides by the notes.
    fn verify_server_cert(&self, leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>], _: &ServerName<'_>, _: &[u8], _: UnixTime) -> Result<ServerCertVerified, rustls::Error> {
        let chain: Vec<CertificateDer<'static>> = std::iter::once(leaf).chain(others).map(|der| der.clone().into_owned()).collect();
        let judged = self.believed.0.as_ref().map_or(Ok(()), |authorities| verify_served(&chain, &self.name, authorities, Timestamp::now()));
        let distrust = judged.err().map(|e| with_causes(&e));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { chain, distrust });
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(&self, message: &[u8], leaf: &CertificateDer<'_>, signature: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(&self, message: &[u8], leaf: &CertificateDer<'_>, signature: &DigitallySignedStruct) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
