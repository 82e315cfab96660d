//! A root that stays with its administrator: its key lies in a file, encrypted, and is asked for only to vouch for the authority in
//! the cluster.

use airlock_model::Secret;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2;
use zeroize::Zeroizing;

use crate::finding::{TlsFinding, Way};
use crate::pem::{armoured, private_key};
use crate::reading::{Bundle, Content, key_of};
use crate::{Authority, AuthorityError};

/// Rounds of PBKDF2 with HMAC-SHA-256 (OWASP Password Storage Cheat Sheet).
const ROUNDS: u32 = 600_000;
const SALT_BYTES: usize = 16;
const IV_BYTES: usize = 16;

/// A root as it lies in files: its certificate, and its key without encryption; both PEM.
pub struct RootPair {
    /// The certificate.
    pub certificate_pem: String,
    /// PKCS#8 PEM.
    pub key_pem: Secret<String>,
}

/// Reads the certificate of a root, PEM; its key may be elsewhere.
pub fn root_certificate(certificate: &Content, password: Option<&Secret<String>>) -> Result<String, TlsFinding> {
    let mut bundle = Bundle::default();
    bundle.add(certificate, password, &mut Vec::new())?;
    match bundle.certificates.as_slice() {
        [root] => Ok(armoured("CERTIFICATE", root)),
        others => {
            let why = format!("{} holds {} certificates, and which one is the root cannot be known", certificate.name, others.len());
            Err(TlsFinding::error("tls.unused-left-out", why, Way::GiveFile, "leave the root alone in it"))
        }
    }
}

/// Reads a root from files as people have them; the key may be encrypted.
pub fn root_pair(certificate: &Content, key: &Content, password: Option<&Secret<String>>) -> Result<RootPair, TlsFinding> {
    let certificate_pem = root_certificate(certificate, password)?;
    let key = key_of(key, password, &mut Vec::new())?;
    let plain =
        key.pkcs8().ok_or_else(|| TlsFinding::error("tls.key-unusable", "the key of the root cannot be written as PKCS#8", Way::NewKey, "make a root with a key on P-256: airlock tls root"))?;
    Ok(RootPair { certificate_pem, key_pem: Secret::new(armoured("PRIVATE KEY", plain.as_slice())) })
}

/// The key of an authority as a file that opens with this password alone (PKCS#8 with PBES2, RFC 8018).
pub fn encrypted_key(authority: &Authority, password: &Secret<String>) -> Result<String, AuthorityError> {
    let key = private_key(authority.key_pem().expose().as_bytes())?;
    let mut random = Zeroizing::new([0; SALT_BYTES + IV_BYTES]);
    aws_lc_rs::rand::fill(random.as_mut()).map_err(|_| AuthorityError::NoRandom)?;
    let (salt, iv) = random.split_at(SALT_BYTES);
    let encrypted = || {
        let iv: [u8; IV_BYTES] = iv.try_into().ok()?;
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, salt, iv).ok()?;
        let document = PrivateKeyInfoRef::try_from(key.secret_der()).ok()?.encrypt_with_params(parameters, password.expose()).ok()?;
        Some(armoured("ENCRYPTED PRIVATE KEY", document.as_bytes()))
    };
    encrypted().ok_or(AuthorityError::NotEncrypted)
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;

    #[test]
    fn openssl_opens_the_key_with_its_password_and_verifies_what_the_root_vouches_for() {
        let names = ["platform.example.com".to_owned()];
        let now = jiff::Timestamp::now();
        let root = Authority::root("Example root", &names, Duration::from_hours(24 * 3650), now).unwrap();
        let password = Secret::new("correct horse".to_owned());
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("root.crt", root.certificate_pem());
        write("root.key", &encrypted_key(&root, &password).unwrap());
        let openssl = |arguments: &[&str]| Command::new("openssl").args(arguments).current_dir(folder.path()).output().unwrap();
        let opened = openssl(&["pkey", "-in", "root.key", "-passin", "pass:correct horse", "-noout", "-text"]);
        assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
        assert!(!openssl(&["pkey", "-in", "root.key", "-passin", "pass:wrong", "-noout"]).status.success());

        let read = |password: Option<&Secret<String>>| root_pair(&Content::of_file(&folder.path().join("root.crt")), &Content::of_file(&folder.path().join("root.key")), password);
        let refused = |password: Option<&Secret<String>>| read(password).map(|_| ()).unwrap_err().code.0;
        assert_eq!(refused(None), "tls.password-missing");
        assert_eq!(refused(Some(&Secret::new("wrong".to_owned()))), "tls.password-wrong");
        let pair = read(Some(&password)).unwrap();
        let root = Authority::from_pem(pair.certificate_pem.as_bytes(), pair.key_pem.expose().as_bytes()).unwrap();
        let authority = root.subordinate("Airlock", &names, Duration::from_hours(24 * 825), now).unwrap();
        let issued = authority.issue(&["a.platform.example.com".to_owned()], Duration::from_hours(24 * 90), now).unwrap();
        write("chain.pem", &issued.chain_pem);
        let verified = openssl(&["verify", "-x509_strict", "-CAfile", "root.crt", "-untrusted", "chain.pem", "chain.pem"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        assert!(matches!(root.subordinate("Airlock", &["other.example.com".to_owned()], Duration::from_hours(1), now), Err(AuthorityError::Outside { .. })));
    }
}
