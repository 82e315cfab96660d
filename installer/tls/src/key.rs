//! A private key in custody, and the question whether it belongs to a certificate.

use airlock_model::{Digest, Secret};
use pkcs8::der::Encode as _;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::PrivateKeyDer;
use x509_parser::asn1_rs::{Any, Oid, Tag, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_DSA, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_RSASSAPSS, OID_SIG_ED25519};
use zeroize::Zeroizing;

use crate::CertificateError;
use crate::pem::private_key;
use crate::reading::der::{element, sequence};
use crate::strength::{SMALLEST_RSA_BITS, USABLE, bits};

/// Curves that are read by programs but that no server uses, by the names that OpenSSL gives them.
const OTHER_CURVES: [(Oid<'static>, &str); 3] = [(oid!(1.3.132.0.33), "P-224"), (oid!(1.3.132.0.10), "secp256k1"), (oid!(1.2.840.10045.3.1.1), "P-192")];

/// `rsaEncryption` (RFC 8017 §A.1) and `id-ecPublicKey` (RFC 5480 §2.1.1), as PKCS#8 names the kind of a key.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A private key that servers can use. It cannot be shown.
pub struct PrivateKey {
    der: Secret<PrivateKeyDer<'static>>,
    public: Vec<u8>,
}

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It does not name its curve but describes it; certificates name theirs (RFC 5480 §2.1.1).
    ExplicitParameters,
    /// It is of a kind or size that servers do not use.
    Kind(String),
    /// It cannot be understood.
    Damaged,
}

impl PrivateKey {
    /// Takes a key into custody, if it can be used.
    pub(crate) fn new(der: PrivateKeyDer<'static>) -> Result<Self, Unusable> {
        let der = Secret::new(der);
        inspect(der.expose())?;
        let loaded = aws_lc_rs::default_provider().key_provider.load_private_key(der.expose().clone_key()).map_err(|_| Unusable::Damaged)?;
        let public = loaded.public_key().ok_or(Unusable::Damaged)?.as_ref().to_vec();
        Ok(Self { der, public })
    }

    /// Reads the one private key of a PEM text as Airlock writes it, without encryption.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        Self::new(private_key(pem)?).map_err(|unusable| CertificateError::Key(unusable.told()))
    }

    /// Whether the certificate was issued for this key.
    pub fn belongs_to(&self, certificate: &X509Certificate<'_>) -> bool {
        self.is_half_of(certificate.public_key().raw)
    }

    /// Whether this `SubjectPublicKeyInfo` is its public half.
    pub(crate) fn is_half_of(&self, public: &[u8]) -> bool {
        self.public == public
    }

    /// The key in PKCS#8, whatever form it came in.
    pub(crate) fn pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        let (algorithm, parameters, key) = match self.der.expose() {
            PrivateKeyDer::Pkcs8(key) => return Some(Zeroizing::new(key.secret_pkcs8_der().to_vec())),
            PrivateKeyDer::Pkcs1(key) => (RSA_ENCRYPTION, AnyRef::NULL, key.secret_pkcs1_der()),
            PrivateKeyDer::Sec1(key) => (EC_PUBLIC_KEY, AnyRef::try_from(named_curve(key.secret_sec1_der())?).ok()?, key.secret_sec1_der()),
            _ => return None,
        };
        let algorithm = AlgorithmIdentifierRef { oid: algorithm, parameters: Some(parameters) };
        PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key).ok()?).to_der().ok().map(Zeroizing::new)
    }

    /// SHA-256 of its public half (`SubjectPublicKeyInfo`), which may be shown.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.public)
    }

    /// The key itself, for whoever stores it.
    pub const fn der(&self) -> &Secret<PrivateKeyDer<'static>> {
        &self.der
    }
}

/// Says why a key is not used by servers, before a library only says that it cannot be loaded.
fn inspect(der: &PrivateKeyDer<'_>) -> Result<(), Unusable> {
    match der {
        PrivateKeyDer::Pkcs8(key) => pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => pkcs1(key.secret_pkcs1_der()),
        PrivateKeyDer::Sec1(key) => sec1(key.secret_sec1_der()),
        _ => Err(Unusable::Damaged),
    }
}

/// `SEQUENCE { version, SEQUENCE { algorithm, parameters }, OCTET STRING, … }` (RFC 5958 §2).
fn pkcs8(der: &[u8]) -> Result<(), Unusable> {
    let parts = sequence(der).ok_or(Unusable::Damaged)?;
    let [_, (_, algorithm), (key, _), ..] = parts.as_slice() else { return Err(Unusable::Damaged) };
    let algorithm = sequence(algorithm).ok_or(Unusable::Damaged)?;
    let (kind, _) = algorithm.first().ok_or(Unusable::Damaged)?;
    let kind = kind.clone().oid().map_err(|_| Unusable::Damaged)?;
    if kind == OID_SIG_ED25519 {
        Ok(())
    } else if kind == OID_PKCS1_RSAENCRYPTION {
        pkcs1(key.data)
    } else if kind == OID_KEY_TYPE_EC_PUBLIC_KEY {
        curve(algorithm.get(1).map(|(parameters, _)| parameters))
    } else if kind == OID_PKCS1_RSASSAPSS {
        Err(Unusable::Kind("it is an RSA key for PSS alone (id-RSASSA-PSS)".to_owned()))
    } else if kind == OID_KEY_TYPE_DSA {
        Err(Unusable::Kind("it is a DSA key".to_owned()))
    } else {
        Err(Unusable::Kind(format!("it is a key of the kind {kind}")))
    }
}

/// `SEQUENCE { version, modulus, … }` (RFC 8017 §A.1.2).
fn pkcs1(der: &[u8]) -> Result<(), Unusable> {
    let parts = sequence(der).ok_or(Unusable::Damaged)?;
    let (modulus, _) = parts.get(1).ok_or(Unusable::Damaged)?;
    let bits = bits(modulus.data);
    if bits < SMALLEST_RSA_BITS { Err(Unusable::Kind(format!("it is an RSA key of {bits} bits"))) } else { Ok(()) }
}

/// `SEQUENCE { version, OCTET STRING, [0] parameters OPTIONAL, … }` (RFC 5915 §3).
fn sec1(der: &[u8]) -> Result<(), Unusable> {
    let parameters = named_curve(der).ok_or(Unusable::Damaged)?;
    curve(element(parameters).as_ref().map(|(parameters, _)| parameters))
}

/// The parameters of a SEC1 key, which name its curve.
fn named_curve(der: &[u8]) -> Option<&[u8]> {
    let parts = sequence(der)?;
    parts.iter().find(|(any, _)| any.tag() == Tag(0)).map(|(any, _)| any.data)
}

fn curve(parameters: Option<&Any<'_>>) -> Result<(), Unusable> {
    let parameters = parameters.ok_or(Unusable::Damaged)?;
    if parameters.tag() != Tag::Oid {
        return Err(Unusable::ExplicitParameters);
    }
    let curve = parameters.clone().oid().map_err(|_| Unusable::Damaged)?;
    if [OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521].contains(&curve) {
        return Ok(());
    }
    let name = OTHER_CURVES.iter().find(|(known, _)| *known == curve).map_or_else(|| curve.to_string(), |(_, name)| (*name).to_owned());
    Err(Unusable::Kind(format!("it is a key on the curve {name}")))
}

impl Unusable {
    /// The reason in words.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::ExplicitParameters => "it describes its elliptic curve instead of naming it, and no certificate is for such a key".to_owned(),
            Self::Kind(kind) => format!("{kind}, which servers do not use; {USABLE}"),
            Self::Damaged => "it cannot be understood".to_owned(),
        }
    }
}
