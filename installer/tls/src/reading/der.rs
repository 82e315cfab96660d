//! What bytes in DER are: a certificate, a container of some (PKCS#7, PKCS#12), a key, or something else that lies in such folders.

use x509_parser::asn1_rs::{Any, Class, Oid, Tag, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::x509::SubjectPublicKeyInfo;

/// `id-signedData` (RFC 5652 §5.1).
const SIGNED_DATA: Oid<'static> = oid!(1.2.840.113549.1.7.2);
/// The version of every PKCS#12 file (RFC 7292 §4).
const PKCS12_VERSION: &[u8] = &[3];

/// What bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Certificate,
    Pkcs7,
    Pkcs12,
    /// PKCS#8, without encryption.
    Key,
    /// PKCS#8, encrypted.
    EncryptedKey,
    /// PKCS#1.
    RsaKey,
    /// SEC1.
    EcKey,
    Request,
    RevocationList,
    PublicKey,
}

/// One element and what follows it.
pub(crate) fn element(bytes: &[u8]) -> Option<(Any<'_>, &[u8])> {
    let (rest, any) = Any::from_der(bytes).ok()?;
    Some((any, rest))
}

/// Every element of a constructed one, each with its header.
fn elements(mut bytes: &[u8]) -> Option<Vec<(Any<'_>, &[u8])>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (any, rest) = element(bytes)?;
        found.push((any, &bytes[..bytes.len() - rest.len()]));
        bytes = rest;
    }
    Some(found)
}

/// The elements of a sequence that is all there is.
pub(crate) fn sequence(bytes: &[u8]) -> Option<Vec<(Any<'_>, &[u8])>> {
    let (any, rest) = element(bytes)?;
    if any.tag() != Tag::Sequence || !rest.is_empty() {
        return None;
    }
    elements(any.data)
}

/// Says what bytes are, if they are anything that is known.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    let parts = sequence(bytes)?;
    let tags: Vec<Tag> = parts.iter().map(|(any, _)| any.tag()).collect();
    match (parts.as_slice(), tags.as_slice()) {
        ([(first, _), ..], [Tag::Oid, ..]) if first.clone().oid().is_ok_and(|oid| oid == SIGNED_DATA) => Some(Kind::Pkcs7),
        ([(version, _), ..], [Tag::Integer, Tag::Sequence, ..]) if version.data == PKCS12_VERSION => Some(Kind::Pkcs12),
        (_, [Tag::Integer, Tag::Sequence, Tag::OctetString, ..]) => Some(Kind::Key),
        (_, [Tag::Integer, Tag::OctetString, ..]) => Some(Kind::EcKey),
        (_, [Tag::Integer, Tag::Integer, Tag::Integer, ..]) => Some(Kind::RsaKey),
        (_, [Tag::Sequence, Tag::OctetString]) => Some(Kind::EncryptedKey),
        _ => signed_or_public(bytes),
    }
}

fn signed_or_public(bytes: &[u8]) -> Option<Kind> {
    if X509Certificate::from_der(bytes).is_ok() {
        Some(Kind::Certificate)
    } else if X509CertificationRequest::from_der(bytes).is_ok() {
        Some(Kind::Request)
    } else if CertificateRevocationList::from_der(bytes).is_ok() {
        Some(Kind::RevocationList)
    } else if SubjectPublicKeyInfo::from_der(bytes).is_ok() {
        Some(Kind::PublicKey)
    } else {
        None
    }
}

/// The certificates of a PKCS#7 file, their bytes as they stand there: `ContentInfo`, in it `SignedData`, in it
/// `certificates [0] IMPLICIT CertificateSet` (RFC 5652 §5.1). Its other parts are not looked at.
pub(super) fn pkcs7(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let content = sequence(bytes)?.into_iter().nth(1)?.0.data;
    let signed = sequence(content)?;
    let set = signed.iter().find(|(any, _)| any.class() == Class::ContextSpecific && any.tag() == Tag(0))?;
    let certificates = elements(set.0.data)?;
    Some(certificates.into_iter().filter(|(any, _)| any.tag() == Tag::Sequence).map(|(_, whole)| whole.to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_nothing() {
        assert_eq!(kind(b""), None);
        assert_eq!(kind(&[0x30, 0x00]), None);
        assert_eq!(kind(&[0x30, 0x82, 0xff, 0xff, 1]), None);
    }

    #[test]
    fn a_key_and_a_request_are_told_apart() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.example.com".to_owned()]).unwrap();
        assert_eq!(kind(&key.serialize_der()), Some(Kind::Key));
        assert_eq!(kind(params.serialize_request(&key).unwrap().der()), Some(Kind::Request));
        assert_eq!(kind(params.self_signed(&key).unwrap().der()), Some(Kind::Certificate));
        assert_eq!(kind(&rcgen::PublicKeyData::subject_public_key_info(&key)), Some(Kind::PublicKey));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = kind(&bytes);
            let _ = pkcs7(&bytes);
        }
    }
}
