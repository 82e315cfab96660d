//! Keys of Ed25519 in files: private ones as `openssl genpkey` writes them (PKCS#8, RFC 8410), public ones that are trusted.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use airlock_compliance::{KeyError, PublicKey};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::disk::bounded;
use super::error::EvidenceError;

/// Bytes of a file with a key that are read; one of Ed25519 has about 120.
const LARGEST: u16 = 16 << 10;
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Who may read a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Its owner.
    Owner,
    /// Its group too: a kubelet gives the files of a Secret to root and to the group of the pod.
    Group,
}

impl Readers {
    /// What nobody else may do with the file.
    const fn refused(self) -> u32 {
        match self {
            Self::Owner => 0o077,
            Self::Group => 0o037,
        }
    }
}

/// Reads a private key that nobody but these may read.
pub(super) fn private(path: &Path, readers: Readers) -> Result<Ed25519KeyPair, EvidenceError> {
    let unusable = |reason: String| EvidenceError::KeyUnusable { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| unusable(error.to_string()))?;
    let mode = file.metadata().map_err(|error| unusable(error.to_string()))?.mode() & 0o777;
    if mode & readers.refused() != 0 {
        return Err(EvidenceError::KeyOpen { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(Vec::with_capacity(LARGEST.into()));
    file.take(LARGEST.into()).read_to_end(&mut text).map_err(|error| unusable(error.to_string()))?;
    parse(&text).map_err(|reason| unusable(reason.to_owned()))
}

fn parse(text: &[u8]) -> Result<Ed25519KeyPair, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not PEM")?.trim();
    if text.contains("ENCRYPTED") {
        return Err("it is encrypted; Airlock asks for no password");
    }
    let body = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or("it is not one private key in PKCS#8, as PEM")?;
    let body: Zeroizing<Vec<u8>> = Zeroizing::new(body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    let der = Zeroizing::new(STANDARD.decode(&*body).map_err(|_| "it is not base64 between its lines")?);
    Ed25519KeyPair::from_pkcs8(&der).map_err(|_| "it is no key of Ed25519")
}

/// Reads public keys whose signatures count.
pub fn trusted(paths: &[PathBuf]) -> Result<Vec<PublicKey>, EvidenceError> {
    let read = |path: &PathBuf| {
        let bytes = bounded(path, LARGEST.into()).map_err(|source| EvidenceError::Folder { what: "read", path: path.clone(), source })?;
        let text = std::str::from_utf8(&bytes).map_err(|_| KeyError);
        text.and_then(PublicKey::from_pem).map_err(|source| EvidenceError::Trust { path: path.clone(), source })
    };
    paths.iter().map(read).collect()
}
