//! One private key from a file or a piece of one.

use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use x509_parser::asn1_rs::{Oid, oid};

use super::der::{Kind, sequence};
use super::pieces::{Piece, What};
use super::{Content, Password, pieces, pkcs12};
use crate::finding::{TlsFinding, Way};
use crate::key::{PrivateKey, Unusable};

/// `id-PBES2` (RFC 8018 §A.4).
const PBES2: Oid<'static> = oid!(1.2.840.113549.1.5.13);
/// Somebody else than the owner may read or write it.
const OTHERS: u32 = 0o077;
const READABLE_BY_ALL: u32 = 0o004;

/// Reads the one private key of a file, and looks at who else could.
pub(crate) fn key_of(file: &Content, password: Password<'_>, findings: &mut Vec<TlsFinding>) -> Result<PrivateKey, TlsFinding> {
    let key = read(file, password, findings)?;
    if let Some(mode) = file.mode.filter(|mode| mode & READABLE_BY_ALL != 0) {
        let name = &file.name;
        findings.push(TlsFinding::warn(
            "tls.key-exposed",
            format!("everybody on this machine can read the private key {name}: its mode is {:04o}", mode & 0o7777),
            Way::GuardKey,
            format!("take the rights of others away: chmod {:o} {name}", mode & 0o777 & !OTHERS),
        ));
    }
    Ok(key)
}

fn read(file: &Content, password: Password<'_>, findings: &mut Vec<TlsFinding>) -> Result<PrivateKey, TlsFinding> {
    let name = &file.name;
    let found = pieces(name, file.bytes()?, findings)?;
    let unreadable = |why: String, fix: &str| Err(TlsFinding::error("tls.key-unreadable", why, Way::GiveKey, fix));
    if let [Piece { what: What::Der(Kind::Pkcs12), bytes }] = found.as_slice() {
        return one(name, pkcs12::open(name, bytes, password, findings)?.keys);
    }
    let keys: Vec<&Piece> = found.iter().filter(|piece| piece.what.is_key() || matches!(&piece.what, What::Damaged { label, .. } if label.ends_with("KEY"))).collect();
    match keys.as_slice() {
        [key] => from_piece(name, key, password),
        [] => match found.iter().find(|piece| piece.what != What::Parameters) {
            Some(other) => {
                unreadable(format!("{name} holds no private key but {}", other.what.told()), "give the private key that was made for the certificate; it begins with -----BEGIN PRIVATE KEY-----")
            }
            None => unreadable(format!("{name} holds no private key"), "give the private key that was made for the certificate; it begins with -----BEGIN PRIVATE KEY-----"),
        },
        many => unreadable(format!("{name} holds {} private keys, and which one is meant cannot be known", many.len()), "leave the one in it that was made for the certificate"),
    }
}

fn one(name: &str, mut keys: Vec<PrivateKey>) -> Result<PrivateKey, TlsFinding> {
    match (keys.pop(), keys.len()) {
        (Some(key), 0) => Ok(key),
        (None, _) => Err(TlsFinding::error("tls.key-unreadable", format!("{name} holds certificates but no private key"), Way::ExportAgain, "export it again together with its private key")),
        (Some(_), others) => Err(TlsFinding::error(
            "tls.key-unreadable",
            format!("{name} holds {} private keys, and which one is meant cannot be known", others + 1),
            Way::ExportAgain,
            "export the one certificate that is meant, with its key",
        )),
    }
}

/// A key out of one piece.
pub(super) fn from_piece(name: &str, piece: &Piece, password: Password<'_>) -> Result<PrivateKey, TlsFinding> {
    let bytes = || piece.bytes.to_vec();
    let der = match &piece.what {
        What::Der(Kind::Key) => PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(bytes())),
        What::Der(Kind::RsaKey) => PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(bytes())),
        What::Der(Kind::EcKey) => PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(bytes())),
        What::Der(Kind::EncryptedKey) => decrypted(name, &piece.bytes, password)?,
        What::OldEncryptedKey => return Err(old_encryption(name)),
        What::DsaKey => return Err(refused(name, &Unusable::Kind("it is a DSA key".to_owned()))),
        What::SshKey => {
            return Err(TlsFinding::error(
                "tls.key-unreadable",
                format!("{name} is an SSH key, not a TLS key"),
                Way::GiveKey,
                "give the private key that was made for the certificate; it begins with -----BEGIN PRIVATE KEY-----",
            ));
        }
        other => return Err(TlsFinding::error("tls.key-unreadable", format!("the private key {name} cannot be read: it is {}", other.told()), Way::ExportAgain, "export the key again, whole")),
    };
    PrivateKey::new(der).map_err(|unusable| refused(name, &unusable))
}

/// Why a key that was read is not used.
pub(super) fn refused(name: &str, unusable: &Unusable) -> TlsFinding {
    let why = format!("the private key {name} cannot be used: {}", unusable.told());
    match unusable {
        Unusable::ExplicitParameters => {
            TlsFinding::error("tls.key-unusable", why, Way::Convert, format!("write it with the name of its curve: openssl pkey -in {name} -ec_param_enc named_curve -out NEW"))
        }
        Unusable::Kind(_) => TlsFinding::error("tls.key-unusable", why, Way::NewKey, "make a key of one of the accepted kinds and have a certificate issued for it"),
        Unusable::Damaged => TlsFinding::error("tls.key-unreadable", why, Way::ExportAgain, "export the key again, whole"),
    }
}

fn decrypted(name: &str, bytes: &[u8], password: Password<'_>) -> Result<PrivateKeyDer<'static>, TlsFinding> {
    if !is_pbes2(bytes) {
        return Err(old_encryption(name));
    }
    let Some(password) = password else { return Err(password_missing(name, "the private key")) };
    let Ok(encrypted) = EncryptedPrivateKeyInfoRef::try_from(bytes) else { return Err(old_encryption(name)) };
    let plain = encrypted.decrypt(password.expose()).map_err(|_| password_wrong(name))?;
    Ok(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(plain.as_bytes().to_vec())))
}

fn is_pbes2(bytes: &[u8]) -> bool {
    let algorithm = sequence(bytes).and_then(|parts| parts.first().map(|(_, whole)| *whole)).and_then(sequence);
    algorithm.is_some_and(|parts| parts.first().is_some_and(|(first, _)| first.clone().oid().is_ok_and(|oid| oid == PBES2)))
}

fn old_encryption(name: &str) -> TlsFinding {
    TlsFinding::error(
        "tls.encryption-old",
        format!("the private key {name} is encrypted in a way that is no longer safe and not read"),
        Way::Convert,
        format!("encrypt it as of today, with its password: openssl pkcs8 -topk8 -v2 aes-256-cbc -in {name} -out NEW"),
    )
}

pub(super) fn password_missing(name: &str, what: &str) -> TlsFinding {
    TlsFinding::error(
        "tls.password-missing",
        format!("{what} {name} is encrypted, and no password was given"),
        Way::GivePassword,
        "name where the password is: --key-password env:NAME or --key-password file:PATH, or `tls.password` in the answers",
    )
}

pub(super) fn password_wrong(name: &str) -> TlsFinding {
    TlsFinding::error("tls.password-wrong", format!("the password for {name} is wrong"), Way::GivePassword, "give the password that the file was written with; a line end behind it is left out")
}
