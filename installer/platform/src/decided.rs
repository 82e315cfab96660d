//! Documents of exceptions and attestations, as files with a signature beside them: whose key made the signature is found here,
//! what they decide by `compliance`.

use airlock_compliance::{DecisionKind, Decisions, PublicKey, Signature, SignedDocument, decisions};
use airlock_model::Profile;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;

use crate::PlatformError;
use crate::signature::is_signed_by;

/// Bytes of a signature of Ed25519 (RFC 8032).
const SIGNATURE: usize = 64;

/// A document as it was found.
pub struct Handed {
    /// How its file is called.
    pub file: String,
    /// What it should be.
    pub kind: DecisionKind,
    /// Its bytes, over which the signature is made.
    pub text: String,
    /// What stands in the file beside it, or why that cannot be read.
    pub signature: Result<Vec<u8>, String>,
}

/// What documents decide, as of a day in UTC. One that no key of the profile signed decides nothing, and the report says so.
pub fn decided(profile: &Profile, handed: Vec<Handed>, today: Date) -> Result<Decisions, PlatformError> {
    let documents: Vec<SignedDocument> = handed
        .into_iter()
        .map(|Handed { file, kind, text, signature }| {
            let signature = signature.map_or_else(Signature::Missing, |signature| signer(profile, text.as_bytes(), &signature));
            SignedDocument { file, kind, text, signature }
        })
        .collect();
    Ok(decisions(profile, &documents, today)?)
}

fn signer(profile: &Profile, text: &[u8], signature: &[u8]) -> Signature {
    // As openssl writes it, or as base64 of that, which goes through mail and tickets.
    let decoded = if signature.len() == SIGNATURE { Some(signature.to_vec()) } else { STANDARD.decode(signature.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>()).ok() };
    let Some(signature) = decoded else { return Signature::Wrong };
    let made = |pem: &str| PublicKey::from_pem(pem).is_ok_and(|key| is_signed_by(key, text, &signature));
    profile.keys.iter().find(|key| made(&key.public_key)).map_or(Signature::Wrong, |key| Signature::By(key.name.clone()))
}
