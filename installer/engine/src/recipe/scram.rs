//! The verifier that PostgreSQL keeps of a password instead of the password: `SCRAM-SHA-256$<rounds>:<salt>$<stored key>:<server key>`
//! (RFC 5803, with the keys of RFC 5802 §3). Who holds it can check a login and cannot log in.

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::num::NonZeroU32;
use zeroize::Zeroizing;

use super::TemplateError;

/// What PostgreSQL itself takes (`scram_iterations`). The passwords have 256 bits, so that more would add nothing.
const ROUNDS: NonZeroU32 = NonZeroU32::new(4096).expect("not zero");
const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = digest::SHA256_OUTPUT_LEN;

/// Makes the verifier of a password, with a fresh salt. The password is taken as it is: ASCII needs no SASLprep (RFC 4013).
pub(super) fn verifier(password: &[u8]) -> Result<Vec<u8>, TemplateError> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|error| TemplateError::Salt(error.to_string()))?;
    Ok(written(password, ROUNDS, &salt).into_bytes())
}

/// What comes after the verifier of that password at the beginning of `made`; none when there is another one.
pub(super) fn strip<'b>(made: &'b [u8], password: &[u8]) -> Option<&'b [u8]> {
    let text = std::str::from_utf8(made).ok()?;
    let (rounds, rest) = text.strip_prefix("SCRAM-SHA-256$")?.split_once(':')?;
    let salt = STANDARD.decode(rest.split_once('$')?.0).ok()?;
    made.strip_prefix(written(password, rounds.parse().ok()?, &salt).as_bytes())
}

fn written(password: &[u8], rounds: NonZeroU32, salt: &[u8]) -> String {
    let mut salted = Zeroizing::new([0; KEY_BYTES]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password, salted.as_mut());
    let key = hmac::Key::new(hmac::HMAC_SHA256, salted.as_ref());
    let client = hmac::sign(&key, b"Client Key");
    let stored = digest::digest(&digest::SHA256, client.as_ref());
    let server = hmac::sign(&key, b"Server Key");
    format!("SCRAM-SHA-256${rounds}:{}${}:{}", STANDARD.encode(salt), STANDARD.encode(stored), STANDARD.encode(server))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677 §3: password `pencil`, that salt, 4096 rounds.
    #[test]
    fn the_verifier_is_that_of_the_standard_s_example() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        assert_eq!(written(b"pencil", ROUNDS, &salt), "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
    }

    #[test]
    fn a_verifier_is_recognised_although_it_is_another_one_each_time() {
        let made = verifier(b"a password").unwrap();
        assert_ne!(made, verifier(b"a password").unwrap());
        assert_eq!(strip(&[made.as_slice(), b"\n"].concat(), b"a password"), Some(&b"\n"[..]));
        assert_eq!(strip(&made, b"another"), None);
        assert_eq!(strip(b"SCRAM-SHA-256$0:$:", b""), None);
    }
}
