//! A certificate of a chain, described for people and scripts.

use airlock_model::{Digest, Untrusted};
use jiff::Timestamp;
use serde::Serialize;
use x509_parser::certificate::X509Certificate;

use crate::error::CertificateError;
use crate::facts::names;
use crate::finding::serial;
use crate::pem::{armoured, certificates_from_pem, parse};
use crate::rules::dates::Validity;
use crate::strength::kind;

/// A certificate of a chain.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainCertificate {
    /// Its subject; empty for most servers.
    pub subject: Untrusted<String>,
    /// Who issued it.
    pub issuer: Untrusted<String>,
    /// Its serial number in hexadecimal, octets separated by colons.
    pub serial: String,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// Subject alternative names.
    pub names: Vec<Untrusted<String>>,
    /// Kind and size of its key.
    pub key: String,
    /// SHA-256 of its DER.
    pub fingerprint: Digest,
    /// Itself (RFC 7468).
    pub pem: String,
}

impl ChainCertificate {
    /// Every certificate of a PEM text, in its order.
    pub fn all_of(pem: &str) -> Result<Vec<Self>, CertificateError> {
        let certificates = certificates_from_pem(pem.as_bytes())?;
        certificates.iter().enumerate().map(|(index, der)| Ok(Self::of(&parse(der, index + 1)?))).collect()
    }

    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Self {
        let validity = Validity::of(certificate);
        Self {
            subject: certificate.subject().to_string().into(),
            issuer: certificate.issuer().to_string().into(),
            serial: serial(certificate),
            not_before: validity.not_before,
            not_after: validity.not_after,
            names: names(certificate).into_iter().map(Untrusted::new).collect(),
            key: kind(certificate),
            fingerprint: Digest::of(certificate.as_raw()),
            pem: armoured("CERTIFICATE", certificate.as_raw()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_told_as_openssl_tells_it() {
        for (number, told) in [(vec![0xf9, 0x71], "f9:71"), (vec![0x79, 0x00], "79:00"), (vec![0x05], "05")] {
            let mut parameters = rcgen::CertificateParams::new(vec!["platform.test".to_owned()]).unwrap();
            parameters.serial_number = Some(number.into());
            let pem = parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem();
            assert_eq!(ChainCertificate::all_of(&pem).unwrap()[0].serial, told);
        }
    }
}
