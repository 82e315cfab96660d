//! Whether a chain, as a server sent it, may be believed for a name (RFC 5280 §6, RFC 9525).

use airlock_model::{Code, Coded};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use crate::finding::TlsFinding;
use crate::validate::{Expected, Form, Purpose, validate_served};
use crate::{Authorities, CertificateError, Host};

/// Why a chain is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The system holds no authorities.
    #[error("this system holds no certificate authorities that can be read")]
    NoRoots,
    /// The authorities cannot be read.
    #[error("cannot read a certificate")]
    Unreadable(#[from] CertificateError),
    /// The chain breaks a rule.
    #[error("{}", .0.why)]
    Refused(Box<TlsFinding>),
}

impl Coded for ChainError {
    fn code(&self) -> Code {
        match self {
            Self::NoRoots => Code("tls.no-roots"),
            Self::Unreadable(source) => source.code(),
            Self::Refused(finding) => finding.code,
        }
    }
}

/// Verifies a chain as a server sent it, leaf first, for a DNS name or address at a time. Warnings do not count.
pub fn verify_served(chain: &[CertificateDer<'_>], name: &str, authorities: &Authorities, now: Timestamp) -> Result<(), ChainError> {
    let host = Host::served(name).map_err(|finding| ChainError::Refused(Box::new(finding)))?;
    let expected = Expected { hosts: &[host], authorities, at: now, purpose: Purpose::Private, form: Form::AsClients, ending: true, longest: None };
    match validate_served(chain, &expected).error() {
        Some(finding) => Err(ChainError::Refused(Box::new(finding.clone()))),
        None => Ok(()),
    }
}
