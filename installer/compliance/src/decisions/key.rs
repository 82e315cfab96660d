//! The public half of a key that signs decisions: Ed25519 as PEM (RFC 8410), as `openssl pkey -pubout` writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands before the 32 bytes of a key in its `SubjectPublicKeyInfo` (RFC 8410 §4).
const BEFORE: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// A text that is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no public key of Ed25519 in PEM; `openssl pkey -in KEY.pem -pubout` writes one")]
pub struct KeyError;

/// The 32 bytes of a public key.
pub fn public_key(pem: &str) -> Result<[u8; 32], KeyError> {
    let body = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(KeyError)?;
    let body: String = body.split_whitespace().collect();
    let der = STANDARD.decode(body).map_err(|_| KeyError)?;
    der.strip_prefix(&BEFORE).and_then(|key| key.try_into().ok()).ok_or(KeyError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_kind_is_none() {
        let good = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        assert_eq!(public_key(good).map(|key| (key[0], key[31])), Ok((0x19, 0xe1)));
        for wrong in ["", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", &good.replace("MCow", "MFkw"), &good.replace("ZuE=", ""), &good.replace("PUBLIC", "PRIVATE")] {
            assert_eq!(public_key(wrong), Err(KeyError), "{wrong}");
        }
    }
}
