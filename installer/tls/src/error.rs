//! Why a certificate or key could not be read.

use airlock_model::{Code, Coded, Untrusted};

/// Why a certificate or key could not be read. What could not be read is never taken for absent.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The text holds no certificate.
    #[error("there is no certificate in it; one begins with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// A PEM block is damaged: a marker is missing or the base64 is none.
    #[error("certificate {position} is damaged: {reason}")]
    Damaged {
        /// Which, from 1.
        position: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The bytes are not an X.509 version 3 certificate.
    #[error("certificate {position} is not X.509 version 3: {reason}")]
    NotX509 {
        /// Which, from 1.
        position: usize,
        /// What the parser says.
        reason: Untrusted<String>,
    },
    /// A certificate is followed by one that did not sign it.
    #[error("certificate {position} did not sign the one before it")]
    NotItsIssuer {
        /// Which, from 1.
        position: usize,
    },
    /// The text holds no private key, or more than one.
    #[error("it holds {0} private keys; one is needed, as PKCS#8 or SEC1 in PEM")]
    KeyCount(usize),
    /// The key is damaged or of a kind that is not used.
    #[error("the private key cannot be used: {0}")]
    Key(String),
}

impl Coded for CertificateError {
    fn code(&self) -> Code {
        Code(match self {
            Self::NoCertificate => "tls.no-certificate",
            Self::Damaged { .. } | Self::NotX509 { .. } => "tls.certificate-unreadable",
            Self::NotItsIssuer { .. } => "tls.chain-broken",
            Self::KeyCount(_) | Self::Key(_) => "tls.key-unreadable",
        })
    }
}
