//! The authorities that are believed.

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use x509_parser::certificate::X509Certificate;

use crate::chain::ChainError;
use crate::pem::{certificates_from_pem, parse};
use crate::rules::dates::Validity;

/// The authorities that are believed.
#[derive(Clone, Debug)]
pub struct Authorities {
    believed: Vec<Believed>,
}

/// The certificates that this system believes, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where set.
pub fn system_certificates() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

#[derive(Clone, Debug)]
struct Believed {
    der: CertificateDer<'static>,
    /// Read once: a system has some 150 of them. None where the certificate cannot be read; it then vouches for nobody.
    validity: Option<Validity>,
}

impl Authorities {
    /// The authorities of this system, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where set.
    pub fn system() -> Result<Self, ChainError> {
        let certificates = system_certificates();
        if certificates.is_empty() { Err(ChainError::NoRoots) } else { Ok(Self::of(certificates)) }
    }

    /// These certificates and no others.
    pub fn from_pem(pem: &str) -> Result<Self, ChainError> {
        Ok(Self::of(certificates_from_pem(pem.as_bytes())?))
    }

    /// Those of PEM texts, and those of this system where it says so.
    pub fn joined<'a>(pems: impl IntoIterator<Item = &'a str>, and_system: bool) -> Result<Self, ChainError> {
        let mut certificates = if and_system { system_certificates() } else { Vec::new() };
        for pem in pems {
            certificates.extend(certificates_from_pem(pem.as_bytes())?);
        }
        if certificates.is_empty() { Err(ChainError::NoRoots) } else { Ok(Self::of(certificates)) }
    }

    pub(crate) fn of(certificates: Vec<CertificateDer<'static>>) -> Self {
        let believed = |der: CertificateDer<'static>| Believed { validity: parse(&der, 1).ok().map(|root| Validity::of(&root)), der };
        Self { believed: certificates.into_iter().map(believed).collect() }
    }

    /// Those whose own validity holds, with their certificates: an expired root vouches for nobody, though webpki would let it.
    pub(crate) fn anchors(&self, at: Timestamp) -> Vec<(TrustAnchor<'_>, &CertificateDer<'static>)> {
        let valid = self.believed.iter().filter(|authority| authority.validity.is_some_and(|validity| validity.contains(at)));
        valid.filter_map(|authority| Some((webpki::anchor_from_trusted_cert(&authority.der).ok()?, &authority.der))).collect()
    }

    /// Those of this name (DER of a distinguished name), valid or not.
    pub(crate) fn named(&self, subject: &[u8]) -> Vec<X509Certificate<'_>> {
        // Cheap before dear: a name that does not stand in the bytes is not its subject.
        let holds = |der: &CertificateDer<'_>| der.windows(subject.len().max(1)).any(|window| window == subject);
        let candidates = self.believed.iter().filter(|authority| holds(&authority.der)).filter_map(|authority| parse(&authority.der, 1).ok());
        candidates.filter(|root| root.subject().as_raw() == subject).collect()
    }
}
