//! Which keys and signatures are strong enough for a server (NIST SP 800-57: at least 112 bits; SP 800-131A: no SHA-1).

use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_SIG_ED25519;

use crate::finding::{TlsFinding, Way, told};
use crate::strength::weakness;

const SIGNATURES: [(Oid<'static>, &str); 6] = [
    (oid!(1.2.840.113549.1.1.2), "MD2"),
    (oid!(1.2.840.113549.1.1.4), "MD5"),
    (oid!(1.2.840.113549.1.1.5), "SHA-1"),
    (oid!(1.3.14.3.2.29), "SHA-1"),
    (oid!(1.2.840.10045.4.1), "SHA-1"),
    (oid!(1.2.840.10040.4.3), "SHA-1"),
];

/// Whether the signature on a certificate rests on a hash that can be forged.
pub(crate) fn signature(certificate: &X509Certificate<'_>) -> Option<TlsFinding> {
    let algorithm = &certificate.signature_algorithm.algorithm;
    let (_, hash) = SIGNATURES.into_iter().find(|(weak, _)| weak == algorithm)?;
    let why = format!("the certificate {} is signed with {hash}, which can be forged; clients refuse it", told(certificate));
    Some(TlsFinding::error("tls.weak-signature", why, Way::Reissue, "have it issued anew with SHA-256 or better").about(certificate))
}

/// Whether the key of a certificate is too weak.
pub(crate) fn key(certificate: &X509Certificate<'_>) -> Option<TlsFinding> {
    let reason = weakness(certificate)?;
    let why = format!("the key of the certificate {} is too weak: {reason}", told(certificate));
    Some(TlsFinding::error("tls.weak-key", why, Way::NewKey, "make a key of one of these kinds and have a certificate issued for it").about(certificate))
}

/// Ed25519 is strong, and browsers do not speak it.
pub(crate) fn unusual(leaf: &X509Certificate<'_>) -> Option<TlsFinding> {
    (leaf.public_key().algorithm.algorithm == OID_SIG_ED25519).then(|| {
        let why = format!("the key of the certificate {} is Ed25519; programs accept it, browsers do not", told(leaf));
        TlsFinding::warn("tls.key-unusual", why, Way::NewKey, "take a P-256 key where people with browsers come").about(leaf)
    })
}
