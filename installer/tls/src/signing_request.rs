//! Requests for certificates (PKCS#10, RFC 2986) that somebody else answers.

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer as _;

use crate::{AuthorityError, PrivateKey};

/// The longest common name (RFC 5280, appendix A.1, `ub-common-name`).
const COMMON_NAME: usize = 64;

/// A request in PEM for a server with these names, by this key (PKCS#8 PEM).
///
/// The first name is the common name as well, where it fits: some authorities answer no request without a subject.
pub fn signing_request(key_pem: &str, names: &[String]) -> Result<String, AuthorityError> {
    let key = KeyPair::from_pem(key_pem)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let Some(first) = names.first() else { return Err(AuthorityError::NoName) };
    if first.len() <= COMMON_NAME {
        params.distinguished_name.push(DnType::CommonName, first.as_str());
    }
    params.subject_alt_names = names.iter().map(|name| Ok(SanType::DnsName(name.as_str().try_into()?))).collect::<Result<_, rcgen::Error>>()?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params.serialize_request(&key)?.pem()?)
}

/// Whether a request in PEM asks for a certificate for this key (PEM).
pub fn requests_for(request_pem: &[u8], key_pem: &[u8]) -> bool {
    let Ok((_, block)) = parse_x509_pem(request_pem) else { return false };
    let Ok((_, request)) = X509CertificationRequest::from_der(&block.contents) else { return false };
    PrivateKey::from_pem(key_pem).is_ok_and(|key| key.is_half_of(request.certification_request_info.subject_pki.raw))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn openssl_reads_what_is_asked_for_and_finds_the_signature_right() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        let request = signing_request(&key, &names(&["platform.example.com", "*.platform.example.com"])).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csr"), &request).unwrap();
        let output = Command::new("openssl").args(["req", "-in", "a.csr", "-noout", "-text", "-verify"]).current_dir(folder.path()).output().unwrap();
        let (text, talk) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && talk.contains("verify OK"), "{talk}");
        for part in ["CN = platform.example.com", "DNS:platform.example.com, DNS:*.platform.example.com", "TLS Web Server Authentication", "ecdsa-with-SHA256"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_name_that_is_too_long_for_a_common_name_is_a_subject_alternative_name_alone() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        let long = format!("{}.example.com", "a".repeat(60));
        let request = signing_request(&key, &names(&[&long])).unwrap();
        let (_, block) = parse_x509_pem(request.as_bytes()).unwrap();
        let (_, request) = X509CertificationRequest::from_der(&block.contents).unwrap();
        assert!(request.certification_request_info.subject.iter().next().is_none());
        assert!(matches!(signing_request(&key, &[]), Err(AuthorityError::NoName)));
    }

    #[test]
    fn a_request_is_for_its_own_key_alone() {
        let (key, other) = (KeyPair::generate().unwrap().serialize_pem(), KeyPair::generate().unwrap().serialize_pem());
        let request = signing_request(&key, &names(&["a.example.com"])).unwrap();
        assert!(requests_for(request.as_bytes(), key.as_bytes()));
        assert!(!requests_for(request.as_bytes(), other.as_bytes()));
        assert!(!requests_for(b"", key.as_bytes()));
    }
}
