//! Certificates and keys in PEM (RFC 7468). The library that reads them drops what it does not understand; here a dropped block is an error.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;
use zeroize::Zeroizing;

use crate::CertificateError;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Reads every certificate of a PEM text, in its order. A block that cannot be read fails the whole text.
pub fn certificates_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    // A byte order mark would make the first block, the leaf, vanish.
    let pem = pem.strip_prefix(BYTE_ORDER_MARK).unwrap_or(pem);
    let announced = pem.windows(BEGIN_CERTIFICATE.len()).filter(|window| *window == BEGIN_CERTIFICATE).count();
    let mut certificates = Vec::with_capacity(announced);
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let position = certificates.len() + 1;
        certificates.push(certificate.map_err(|e| CertificateError::Damaged { position, reason: e.to_string() })?);
    }
    if announced == 0 {
        return Err(CertificateError::NoCertificate);
    }
    if certificates.len() != announced {
        return Err(CertificateError::Damaged { position: certificates.len() + 1, reason: format!("{announced} blocks begin, {} can be read", certificates.len()) });
    }
    for (index, certificate) in certificates.iter().enumerate() {
        parse(certificate, index + 1)?;
    }
    Ok(certificates)
}

/// Parses one certificate; nothing may follow it.
pub(crate) fn parse(der: &[u8], position: usize) -> Result<X509Certificate<'_>, CertificateError> {
    let refused = |reason: String| CertificateError::NotX509 { position, reason: reason.into() };
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|e| refused(e.to_string()))?;
    if !rest.is_empty() {
        return Err(refused(format!("{} bytes follow it", rest.len())));
    }
    if certificate.version() != X509Version::V3 {
        return Err(refused(format!("it is version {}", certificate.version().0 + 1)));
    }
    Ok(certificate)
}

/// Reads the one private key of a PEM text.
pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let keys: Vec<_> = PrivateKeyDer::pem_slice_iter(pem.strip_prefix(BYTE_ORDER_MARK).unwrap_or(pem)).collect();
    let count = keys.len();
    match keys.into_iter().next() {
        Some(Ok(key)) if count == 1 => Ok(key),
        // The parser's words do not quote the key: it names the kind of damage and a byte at most.
        Some(Err(_)) => Err(CertificateError::Key("its PEM is damaged".to_owned())),
        _ => Err(CertificateError::KeyCount(count)),
    }
}

/// Each certificate of a PEM text by itself, written in the same way whoever wrote it, so that texts can be compared.
pub fn each_certificate(pem: &[u8]) -> Result<Vec<String>, CertificateError> {
    Ok(certificates_from_pem(pem)?.iter().map(|certificate| armoured("CERTIFICATE", certificate)).collect())
}

/// DER as PEM, 64 characters a line (RFC 7468 §2).
pub(crate) fn armoured(label: &str, der: &[u8]) -> String {
    let text = Zeroizing::new(BASE64_STANDARD.encode(der));
    // Room for all of it: text that grows leaves copies behind, and it can be a key.
    let mut pem = String::with_capacity(text.len() + text.len() / 64 + 2 * label.len() + 40);
    pem.extend(["-----BEGIN ", label, "-----\n"]);
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem.extend(["-----END ", label, "-----\n"]);
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(vec!["a.example.com".to_owned()]).unwrap().self_signed(&key).unwrap().pem()
    }

    #[test]
    fn a_byte_order_mark_does_not_swallow_the_leaf() {
        let text = format!("\u{feff}{}{}", pem(), pem());
        assert_eq!(certificates_from_pem(text.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn a_lost_end_line_is_an_error_not_one_certificate_less() {
        let text = format!("{}{}", pem().replace("-----END CERTIFICATE-----", ""), pem());
        assert!(matches!(certificates_from_pem(text.as_bytes()), Err(CertificateError::Damaged { .. })));
    }

    #[test]
    fn indented_text_is_an_error_not_nothing() {
        let text = pem().replace('\n', "\n  ");
        let text = format!("  {text}");
        assert!(matches!(certificates_from_pem(text.as_bytes()), Err(CertificateError::Damaged { .. })), "{text}");
    }

    #[test]
    fn text_without_certificate_says_so() {
        assert!(matches!(certificates_from_pem(b"<html>"), Err(CertificateError::NoCertificate)));
        assert!(matches!(certificates_from_pem(b""), Err(CertificateError::NoCertificate)));
    }

    #[test]
    fn base64_of_something_else_is_not_a_certificate() {
        let text = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        assert!(matches!(certificates_from_pem(text.as_bytes()), Err(CertificateError::NotX509 { position: 1, .. })));
    }

    #[test]
    fn keys_are_counted_and_their_errors_quote_nothing() {
        let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
        assert!(private_key(key.as_bytes()).is_ok());
        assert!(matches!(private_key(format!("{key}{key}").as_bytes()), Err(CertificateError::KeyCount(2))));
        assert!(matches!(private_key(b""), Err(CertificateError::KeyCount(0))));
        let damaged = private_key(key.replace("MI", "!!").as_bytes()).unwrap_err().to_string();
        assert_eq!(damaged, "the private key cannot be used: its PEM is damaged");
    }

    proptest::proptest! {
        #[test]
        fn a_changed_byte_is_an_error_or_changes_the_bytes(at in 0usize..2000, to in proptest::prelude::any::<u8>()) {
            let text = pem().into_bytes();
            let mut changed = text.clone();
            let at = at % changed.len();
            changed[at] = to;
            let same = certificates_from_pem(&text).unwrap();
            // Line ends and the padding of base64 may be written in more than one way; the certificate may not.
            if let Ok(read) = certificates_from_pem(&changed) {
                proptest::prop_assert_eq!(read.len(), same.len());
            }
        }
    }
}
