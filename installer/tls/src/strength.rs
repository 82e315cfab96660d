//! Which public keys are strong enough for a server (NIST SP 800-57: at least 112 bits; the CA/Browser Forum's list of kinds).

use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519};
use x509_parser::public_key::PublicKey;

/// The keys that are accepted, for messages.
pub(crate) const USABLE: &str = "accepted are P-256, P-384, P-521, Ed25519, and RSA from 2048 bits";

/// The shortest modulus, in bits.
pub(crate) const SMALLEST_RSA_BITS: usize = 2048;

/// Says what is wrong with the public key, if anything is.
pub(crate) fn weakness(certificate: &X509Certificate<'_>) -> Option<String> {
    let key = certificate.public_key();
    let kind = &key.algorithm.algorithm;
    if *kind == OID_SIG_ED25519 {
        return None;
    }
    if *kind == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        let known = curve.is_some_and(|curve| [OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521].contains(&curve));
        return (!known).then(|| format!("its elliptic curve is none of those that servers use; {USABLE}"));
    }
    if *kind == OID_PKCS1_RSAENCRYPTION {
        let Ok(PublicKey::RSA(rsa)) = key.parsed() else { return Some("its RSA key cannot be read".to_owned()) };
        let bits = bits(rsa.modulus);
        return (bits < SMALLEST_RSA_BITS || !bits.is_multiple_of(8)).then(|| format!("its RSA key has {bits} bits; {USABLE}"));
    }
    Some(format!("its key is of the kind {kind}; {USABLE}"))
}

/// Kind and size of a key, for people.
pub(crate) fn kind(certificate: &X509Certificate<'_>) -> String {
    let key = certificate.public_key();
    let kind = &key.algorithm.algorithm;
    if *kind == OID_SIG_ED25519 {
        return "Ed25519".to_owned();
    }
    if *kind == OID_PKCS1_RSAENCRYPTION
        && let Ok(PublicKey::RSA(rsa)) = key.parsed()
    {
        return format!("RSA {}", bits(rsa.modulus));
    }
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let named = [(OID_EC_P256, "P-256"), (OID_NIST_EC_P384, "P-384"), (OID_NIST_EC_P521, "P-521")];
    match named.into_iter().find(|(oid, _)| curve.as_ref() == Some(oid)) {
        Some((_, name)) => name.to_owned(),
        None => kind.to_string(),
    }
}

/// Bits of a number as DER writes it.
pub(crate) fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let significant = &number[zeros..];
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::bits;

    #[test]
    fn bits_are_counted_without_leading_zeros() {
        assert_eq!(bits(&[0, 0x80, 0]), 16);
        assert_eq!(bits(&[0x01, 0xff]), 9);
        assert_eq!(bits(&[0]), 0);
    }
}
