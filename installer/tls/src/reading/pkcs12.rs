//! PKCS#12 files (RFC 7292): certificates and keys below one password.

use p12_keystore::error::Error;
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
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
    let given = password.map_or("", |password| password.expose());
    let mut opened = Opened { certificates: Vec::new(), keys: Vec::new() };
    // Strict leaves out what is not linked to a key, and relaxed loses of two entries with the same name the first.
    for policy in [Pkcs12ImportPolicy::Strict, Pkcs12ImportPolicy::Relaxed] {
        let store = KeyStore::from_pkcs12(bytes, given, policy).map_err(|error| unopened(name, &error, password))?;
        for (_, entry) in store.entries() {
            match entry {
                KeyStoreEntry::PrivateKeyChain(chain) => {
                    opened.take_key(name, chain.key().as_der())?;
                    chain.certs().iter().for_each(|certificate| opened.take_certificate(certificate.as_der()));
                }
                KeyStoreEntry::Certificate(certificate) => opened.take_certificate(certificate.as_der()),
                KeyStoreEntry::Secret(_) => {}
            }
        }
    }
    findings
        .push(TlsFinding::fixed("tls.converted", format!("{name} is PKCS#12; {} and {} were taken out of it", counted(opened.certificates.len(), "certificate"), counted(opened.keys.len(), "key"))));
    Ok(opened)
}

impl Opened {
    fn take_key(&mut self, name: &str, der: &[u8]) -> Result<(), TlsFinding> {
        let key = PrivateKey::new(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.to_vec()))).map_err(|unusable| refused(name, &unusable))?;
        if !self.keys.iter().any(|before| before.fingerprint() == key.fingerprint()) {
            self.keys.push(key);
        }
        Ok(())
    }

    fn take_certificate(&mut self, der: &[u8]) {
        if !self.certificates.iter().any(|before| before == der) {
            self.certificates.push(der.to_vec());
        }
    }
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
