//! The public half of a key that signs decisions or evidence: Ed25519 as PEM (RFC 8410), as `openssl pkey -pubout` writes it.

use airlock_model::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands before the 32 bytes of a key in its `SubjectPublicKeyInfo` (RFC 8410 §4).
const BEFORE: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// A public key of Ed25519.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// A text that is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no public key of Ed25519 in PEM; `openssl pkey -in KEY.pem -pubout` writes one")]
pub struct KeyError;

impl PublicKey {
    /// Takes the 32 bytes of RFC 8032.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads the one key of a text.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let body = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(KeyError)?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| KeyError)?;
        der.strip_prefix(&BEFORE).and_then(|key| key.try_into().ok()).map(Self).ok_or(KeyError)
    }

    /// Writes it as openssl does.
    pub fn to_pem(self) -> String {
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(self.der()))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Digest of its `SubjectPublicKeyInfo`: `openssl pkey -pubin -in KEY.pem -outform DER | sha256sum`.
    pub fn fingerprint(self) -> Digest {
        Digest::of(&self.der())
    }

    fn der(self) -> Vec<u8> {
        [&BEFORE[..], &self.0].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn a_key_of_another_kind_is_none() {
        assert_eq!(PublicKey::from_pem(GOOD).map(|key| (key.as_bytes()[0], key.as_bytes()[31])), Ok((0x19, 0xe1)));
        for wrong in ["", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", &GOOD.replace("MCow", "MFkw"), &GOOD.replace("ZuE=", ""), &GOOD.replace("PUBLIC", "PRIVATE")] {
            assert_eq!(PublicKey::from_pem(wrong), Err(KeyError), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_written_as_it_was_read() {
        assert_eq!(PublicKey::from_pem(GOOD).map(PublicKey::to_pem), Ok(GOOD.to_owned()));
    }
}
