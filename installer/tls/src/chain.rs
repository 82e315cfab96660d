//! Whether a chain, as a server sent it, may be believed for a name (RFC 5280 §6, RFC 9525).
//!
//! webpki finds the path and checks signatures, names, and constraints. It does not look at the strength of the leaf's own
//! key, at the leaf's right to sign others, or at the dates of the trusted authorities; this file does.

use std::time::Duration;

use airlock_model::{Code, Coded, Untrusted};
use jiff::Timestamp;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::certificate::X509Certificate;

use crate::facts::{names, timestamp};
use crate::pem::{certificates_from_pem, parse};
use crate::{CertificateError, strength};

/// The authorities that are believed.
#[derive(Clone, Debug)]
pub struct Authorities {
    certificates: Vec<CertificateDer<'static>>,
}

/// Why a chain is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The system holds no authorities.
    #[error("this system holds no certificate authorities that can be read")]
    NoRoots,
    /// The authorities or the leaf cannot be read.
    #[error("cannot read a certificate")]
    Unreadable(#[from] CertificateError),
    /// The name to verify is none.
    #[error("`{0}` is neither a DNS name nor an address")]
    NotAName(Untrusted<String>),
    /// A certificate of the chain has expired.
    #[error("the certificate of {subject} expired on {not_after}")]
    Expired {
        /// Whose.
        subject: Untrusted<String>,
        /// When.
        not_after: Timestamp,
    },
    /// A certificate of the chain is not valid yet.
    #[error("the certificate of {subject} is not valid before {not_before}")]
    NotYetValid {
        /// Whose.
        subject: Untrusted<String>,
        /// From when.
        not_before: Timestamp,
    },
    /// The leaf does not cover the name.
    #[error("the certificate covers {covered}, not {name}")]
    NameNotCovered {
        /// The name that was asked for.
        name: String,
        /// What it covers.
        covered: Untrusted<String>,
    },
    /// The path does not end at a trusted authority.
    #[error("no trusted authority signed it; the issuer {issuer} is neither trusted nor was its certificate sent")]
    UnknownIssuer {
        /// The issuer that is missing.
        issuer: Untrusted<String>,
    },
    /// A signature does not verify.
    #[error("a signature in the chain does not verify")]
    WrongSignature,
    /// The leaf is not for servers.
    #[error("the certificate of {subject} is not for TLS servers (extended key usage serverAuth)")]
    NotForServers {
        /// Whose.
        subject: Untrusted<String>,
    },
    /// A name of the leaf lies outside of what an authority of the chain may sign.
    #[error("an authority of the chain may not sign for the names {covered}")]
    OutsideAuthority {
        /// What the leaf covers.
        covered: Untrusted<String>,
    },
    /// The leaf is an authority.
    #[error("the certificate of {subject} is one of an authority, not of a server")]
    IsAuthority {
        /// Whose.
        subject: Untrusted<String>,
    },
    /// A key is too weak.
    #[error("the certificate of {subject} is too weak: {reason}")]
    Weak {
        /// Whose.
        subject: Untrusted<String>,
        /// What is weak about it.
        reason: String,
    },
    /// Any other rule of path validation.
    #[error("the chain breaks a rule of X.509")]
    Path(#[source] webpki::Error),
}

impl Coded for ChainError {
    fn code(&self) -> Code {
        Code(match self {
            Self::NoRoots => "tls.no-roots",
            Self::Unreadable(source) => return source.code(),
            Self::NotAName(_) => "tls.name-invalid",
            Self::Expired { .. } => "tls.expired",
            Self::NotYetValid { .. } => "tls.not-yet-valid",
            Self::NameNotCovered { .. } => "tls.name-not-covered",
            Self::UnknownIssuer { .. } => "tls.unknown-issuer",
            Self::WrongSignature | Self::Path(_) => "tls.chain-broken",
            Self::NotForServers { .. } | Self::IsAuthority { .. } => "tls.not-for-servers",
            Self::OutsideAuthority { .. } => "tls.outside-authority",
            Self::Weak { .. } => "tls.weak-key",
        })
    }
}

impl Authorities {
    /// The authorities of this system, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where set.
    pub fn system() -> Result<Self, ChainError> {
        let certificates = rustls_native_certs::load_native_certs().certs;
        if certificates.is_empty() { Err(ChainError::NoRoots) } else { Ok(Self { certificates }) }
    }

    /// These certificates and no others.
    pub fn from_pem(pem: &str) -> Result<Self, ChainError> {
        Ok(Self { certificates: certificates_from_pem(pem.as_bytes())? })
    }

    /// Those whose own validity holds: an expired root vouches for nobody, though webpki would let it.
    fn anchors(&self, now: Timestamp) -> Vec<TrustAnchor<'_>> {
        let valid = self.certificates.iter().filter(|der| parse(der, 1).is_ok_and(|root| is_valid(&root, now)));
        valid.filter_map(|der| webpki::anchor_from_trusted_cert(der).ok()).collect()
    }

    fn expired_issuer(&self, issuer: &[u8], now: Timestamp) -> Option<ChainError> {
        let roots = self.certificates.iter().filter_map(|der| parse(der, 1).ok());
        roots.filter(|root| root.subject().as_raw() == issuer).find_map(|root| outside_validity(&root, now))
    }
}

/// Verifies a chain as a server sent it, leaf first, for a DNS name or address at a time.
pub fn verify_served(chain: &[CertificateDer<'_>], name: &str, authorities: &Authorities, now: Timestamp) -> Result<(), ChainError> {
    let der = chain.first().ok_or(CertificateError::NoCertificate)?;
    let leaf = parse(der, 1)?;
    let server_name = ServerName::try_from(name).map_err(|_| ChainError::NotAName(name.to_owned().into()))?;
    let explain = |error: webpki::Error| explain(error, &Presented { chain, leaf: &leaf, name, authorities, now });

    let end_entity = EndEntityCert::try_from(der).map_err(explain)?;
    let anchors = authorities.anchors(now);
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    let path = end_entity.verify_for_usage(algorithms, &anchors, &chain[1..], unix(now), KeyUsage::server_auth(), None, None).map_err(explain)?;
    end_entity.verify_is_valid_for_subject_name(&server_name).map_err(explain)?;

    if leaf.key_usage().is_ok_and(|usage| usage.is_some_and(|usage| usage.value.key_cert_sign())) {
        return Err(ChainError::IsAuthority { subject: subject(&leaf) });
    }
    let intermediates = path.intermediate_certificates().map(webpki::Cert::der).collect::<Vec<_>>();
    for der in std::iter::once(der.as_ref()).chain(intermediates.iter().map(AsRef::as_ref)) {
        let certificate = parse(der, 1)?;
        if let Some(reason) = strength::weakness(&certificate) {
            return Err(ChainError::Weak { subject: subject(&certificate), reason });
        }
    }
    Ok(())
}

struct Presented<'a> {
    chain: &'a [CertificateDer<'a>],
    leaf: &'a X509Certificate<'a>,
    name: &'a str,
    authorities: &'a Authorities,
    now: Timestamp,
}

/// webpki says what failed but not whose certificate it was; a person needs both.
fn explain(error: webpki::Error, presented: &Presented<'_>) -> ChainError {
    use webpki::Error as E;
    let leaf = presented.leaf;
    match error {
        E::CertExpired { .. } | E::CertNotValidYet { .. } => {
            let certificates = presented.chain.iter().filter_map(|der| parse(der, 1).ok());
            certificates.into_iter().find_map(|certificate| outside_validity(&certificate, presented.now)).unwrap_or(ChainError::Path(error))
        }
        E::CertNotValidForName(_) => ChainError::NameNotCovered { name: presented.name.to_owned(), covered: covered(leaf) },
        E::UnknownIssuer => unknown_issuer(presented),
        E::InvalidSignatureForPublicKey => ChainError::WrongSignature,
        E::RequiredEkuNotFoundContext(_) => ChainError::NotForServers { subject: subject(leaf) },
        E::NameConstraintViolation => ChainError::OutsideAuthority { covered: covered(leaf) },
        E::CaUsedAsEndEntity => ChainError::IsAuthority { subject: subject(leaf) },
        other => ChainError::Path(other),
    }
}

/// Walks from the leaf upwards through what was sent and names the first issuer that is missing.
fn unknown_issuer(presented: &Presented<'_>) -> ChainError {
    let sent: Vec<_> = presented.chain.iter().filter_map(|der| parse(der, 1).ok()).collect();
    let mut top = presented.leaf;
    // A circle of issuers is as long as the chain at most.
    for _ in 0..sent.len() {
        match sent.iter().find(|candidate| candidate.subject().as_raw() == top.issuer().as_raw() && candidate.tbs_certificate.as_ref() != top.tbs_certificate.as_ref()) {
            Some(issuer) => top = issuer,
            None => break,
        }
    }
    if let Some(expired) = presented.authorities.expired_issuer(top.issuer().as_raw(), presented.now) {
        return expired;
    }
    ChainError::UnknownIssuer { issuer: top.issuer().to_string().into() }
}

fn outside_validity(certificate: &X509Certificate<'_>, now: Timestamp) -> Option<ChainError> {
    let (not_before, not_after) = (timestamp(certificate.validity().not_before), timestamp(certificate.validity().not_after));
    if now < not_before {
        return Some(ChainError::NotYetValid { subject: subject(certificate), not_before });
    }
    // Validity includes its last second.
    (now.as_second() > not_after.as_second()).then(|| ChainError::Expired { subject: subject(certificate), not_after })
}

fn is_valid(certificate: &X509Certificate<'_>, now: Timestamp) -> bool {
    outside_validity(certificate, now).is_none()
}

/// A server's subject is empty as a rule; its names say whose it is.
fn subject(certificate: &X509Certificate<'_>) -> Untrusted<String> {
    let subject = certificate.subject().to_string();
    if subject.is_empty() { covered(certificate) } else { subject.into() }
}

fn covered(certificate: &X509Certificate<'_>) -> Untrusted<String> {
    let names = names(certificate);
    if names.is_empty() { "no name".to_owned().into() } else { names.join(", ").into() }
}

fn unix(now: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(now.as_second().try_into().unwrap_or(0)))
}
