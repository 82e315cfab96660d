//! Whether a key of Ed25519 made a signature (RFC 8032): of a document that decides, or of evidence.

use airlock_compliance::PublicKey;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

/// Whether a key made a signature for these bytes.
pub(crate) fn is_signed_by(key: PublicKey, bytes: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, key.as_bytes()).verify(bytes, signature).is_ok()
}
