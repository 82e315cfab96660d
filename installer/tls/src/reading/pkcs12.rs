//! PKCS#12 files (RFC 7292): certificates and keys below one password.

use p12_keystore::error::Error;
use p12_keystore::{Pkcs12Archive, PrivateKeyBag};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Password;
use super::keys::{password_missing, password_wrong, refused};
use crate::finding::{TlsFinding, Way};
use crate::key::PrivateKey;

/// What a file holds: the DER of its certificates, and its keys.
pub(super) struct Opened {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) keys: Vec<PrivateKey>,
}

/// Opens a file. Some are written without a password, that is, with an empty one.
pub(super) fn open(name: &str, bytes: &[u8], password: Password<'_>, findings: &mut Vec<TlsFinding>) -> Result<Opened, TlsFinding> {
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.map_or("", |password| password.expose())).map_err(|error| unopened(name, &error, password))?;
    let key = |bag: &PrivateKeyBag| PrivateKey::new(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(bag.key.as_der().to_vec()))).map_err(|unusable| refused(name, &unusable));
    let keys = archive.keys.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    let certificates: Vec<Vec<u8>> = archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect();
    findings.push(TlsFinding::fixed("tls.converted", format!("{name} is PKCS#12; {} and {} were taken out of it", counted(certificates.len(), "certificate"), counted(keys.len(), "key"))));
    Ok(Opened { certificates, keys })
}

fn unopened(name: &str, error: &Error, password: Password<'_>) -> TlsFinding {
    match (error, password) {
        // Without a MAC a wrong password shows only when what was decrypted makes no sense.
        (Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_), None) => password_missing(name, "the PKCS#12 file"),
        (Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_), Some(_)) => password_wrong(name),
        (error, _) => TlsFinding::error("tls.certificate-unreadable", format!("the PKCS#12 file {name} cannot be read: {error}"), Way::ExportAgain, "export it again, or as PEM"),
    }
}

/// How many of something.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
