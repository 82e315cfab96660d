//! What a certificate says, as facts that can be compared.

use airlock_model::{CertificateFacts, Digest, Untrusted};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::time::ASN1Time;

use crate::pem::{certificates_from_pem, parse};
use crate::{CertificateError, PrivateKey};

/// What a server presented, without a judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// SHA-256 of the leaf's DER.
    pub fingerprint: Digest,
    /// Subject alternative names.
    pub names: Vec<Untrusted<String>>,
    /// Issuer.
    pub issuer: Untrusted<String>,
    /// Begin of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Certificates that were sent.
    pub chain_length: usize,
}

/// Says what a stored chain (leaf first) and its key hold. Each certificate must have signed the one before it.
pub fn certificate_facts(chain_pem: &[u8], key_pem: &[u8]) -> Result<CertificateFacts, CertificateError> {
    let chain = certificates_from_pem(chain_pem)?;
    let parsed = chain.iter().enumerate().map(|(index, der)| parse(der, index + 1)).collect::<Result<Vec<_>, _>>()?;
    for (index, pair) in parsed.windows(2).enumerate() {
        pair[0].verify_signature(Some(pair[1].public_key())).map_err(|_| CertificateError::NotItsIssuer { position: index + 2 })?;
    }
    let Some(leaf) = parsed.first() else { return Err(CertificateError::NoCertificate) };
    let issuer = match parsed.get(1) {
        Some(issuer) => Some(issuer),
        None => leaf.verify_signature(None).is_ok().then_some(leaf),
    };
    Ok(CertificateFacts {
        fingerprint: Digest::of(&chain[0]),
        names: names(leaf),
        permitted: permitted(leaf),
        authority: leaf.is_ca(),
        issuer: Untrusted::new(leaf.issuer().to_string()),
        key_fingerprint: Digest::of(leaf.public_key().raw),
        issuer_fingerprint: issuer.map(|certificate| Digest::of(certificate.public_key().raw)),
        not_before: timestamp(leaf.validity().not_before),
        not_after: timestamp(leaf.validity().not_after),
        key_matches: PrivateKey::from_pem(key_pem)?.belongs_to(leaf),
    })
}

/// Says what a server presented, leaf first. Only the leaf has to be readable.
pub fn served_facts(chain: &[CertificateDer<'_>]) -> Result<Served, CertificateError> {
    let leaf = parse(chain.first().ok_or(CertificateError::NoCertificate)?, 1)?;
    Ok(Served {
        fingerprint: Digest::of(&chain[0]),
        names: names(&leaf).into_iter().map(Untrusted::new).collect(),
        issuer: Untrusted::new(leaf.issuer().to_string()),
        not_before: timestamp(leaf.validity().not_before),
        not_after: timestamp(leaf.validity().not_after),
        chain_length: chain.len(),
    })
}

/// Subject alternative names; other kinds than DNS names and addresses keep their kind before a colon.
pub(crate) fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().map(name).collect()
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => address(bytes),
        other => other.to_string(),
    }
}

fn address(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return std::net::Ipv4Addr::from(four).to_string();
    }
    if let Ok(sixteen) = <[u8; 16]>::try_from(bytes) {
        return std::net::Ipv6Addr::from(sixteen).to_string();
    }
    format!("address of {} bytes", bytes.len())
}

/// DNS names that an authority may sign below.
pub(crate) fn permitted(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.name_constraints() else { return Vec::new() };
    let subtrees = extension.value.permitted_subtrees.iter().flatten();
    subtrees.filter_map(|subtree| if let GeneralName::DNSName(name) = subtree.base { Some(name.to_owned()) } else { None }).collect()
}

/// "No well-defined expiry" (99991231235959Z, RFC 5280 §4.1.2.5) lies beyond what a `Timestamp` can hold.
pub(crate) fn timestamp(time: ASN1Time) -> Timestamp {
    let seconds = time.timestamp();
    Timestamp::from_second(seconds).unwrap_or(if seconds > 0 { Timestamp::MAX } else { Timestamp::MIN })
}
