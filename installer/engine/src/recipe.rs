//! Secret values from their recipes: from the system's random source, 256 bits each, or composed of other values.
//!
//! Values exist only in this process, as [`Secret`], and in the Secret that they are written to.

pub(crate) mod referred;
mod scram;
mod template;

use airlock_model::{Recipe, Secret, SecretEntry, SecretKeyRef, SecretSpec};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

pub(crate) use template::Template;
pub use template::TemplateError;

use crate::ApplyError;
use crate::action::obtain;

/// Length of random values: 256 bits.
const RANDOM_BYTES: usize = 32;
/// Length of long random values: 512 bits.
const LONG_RANDOM_BYTES: usize = 64;

/// A value of a Secret's key.
pub(crate) type Value = Secret<Vec<u8>>;

/// Makes the value of an entry that is not composed.
fn generate(recipe: &Recipe) -> Result<Option<Value>, ApplyError> {
    Ok(match recipe {
        Recipe::Random => Some(Secret::new(URL_SAFE_NO_PAD.encode(random::<RANDOM_BYTES>()?).into_bytes())),
        Recipe::LongRandom => Some(Secret::new(URL_SAFE_NO_PAD.encode(random::<LONG_RANDOM_BYTES>()?).into_bytes())),
        Recipe::Fernet => Some(Secret::new(URL_SAFE.encode(random::<RANDOM_BYTES>()?).into_bytes())),
        Recipe::EcP256 => Some(Secret::new(key()?.expose().clone().into_bytes())),
        Recipe::Referred { reference } => Some(referred::read(reference)?),
        Recipe::Authorities { references } => Some(Secret::new(obtain::authorities(references)?.into_bytes())),
        Recipe::Compose { .. } | Recipe::Request { .. } | Recipe::AcmeAccount(_) => None,
    })
}

/// A P-256 private key, PKCS#8 PEM.
pub(crate) fn key() -> Result<Secret<String>, ApplyError> {
    Ok(Secret::new(rcgen::KeyPair::generate().map_err(|error| ApplyError::Random { reason: error.to_string() })?.serialize_pem()))
}

fn random<const BYTES: usize>() -> Result<Zeroizing<[u8; BYTES]>, ApplyError> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(bytes.as_mut()).map_err(|error| ApplyError::Random { reason: error.to_string() })?;
    Ok(bytes)
}

/// Finds values of other Secrets that a template is composed of.
pub(crate) trait Values {
    /// The value at that place.
    fn value(&self, at: &SecretKeyRef) -> Result<Value, ApplyError>;
}

/// Makes the value of an entry.
pub(crate) fn make(entry: &SecretEntry, values: &impl Values) -> Result<Value, ApplyError> {
    match &entry.recipe {
        Recipe::Compose { template, from } => {
            let template = Template::read(template, from)?;
            Ok(template.fill(|at| values.value(at))?)
        }
        Recipe::Request { key, names } => {
            let key = values.value(key)?;
            let key = std::str::from_utf8(key.expose()).map_err(|_| ApplyError::PlanMalformed { reason: format!("the key of {} is no text", entry.key) })?;
            Ok(Secret::new(airlock_tls::signing_request(key, names)?.into_bytes()))
        }
        // Whoever makes the Secret has opened it.
        Recipe::AcmeAccount(acme) => values.value(&acme.account),
        recipe => generate(recipe)?.ok_or_else(|| ApplyError::PlanMalformed { reason: format!("no value for key {}", entry.key) }),
    }
}

/// Whether a value is what its recipe makes of the values of today. Values that are generated always are, and one that answers refer
/// to is kept where it cannot be read: another person may run the program on another workstation.
pub(crate) fn is_current(entry: &SecretEntry, value: &Value, values: &impl Values) -> Result<bool, ApplyError> {
    match &entry.recipe {
        Recipe::Compose { template, from } => Template::read(template, from)?.matches(value, |at| values.value(at)),
        Recipe::Referred { reference } => Ok(referred::read(reference).map_or(true, |read| read.expose() == value.expose())),
        Recipe::Authorities { references } => Ok(obtain::authorities(references).map_or(true, |read| read.as_bytes() == value.expose().as_slice())),
        Recipe::AcmeAccount(acme) => Ok(airlock_tls::acme::is_account_at(value.expose(), &acme.directory)),
        Recipe::Request { key, .. } => Ok(airlock_tls::requests_for(value.expose(), values.value(key)?.expose())),
        Recipe::Random | Recipe::LongRandom | Recipe::EcP256 | Recipe::Fernet => Ok(true),
    }
}

/// The places outside this Secret that its values are composed of, each once.
pub(crate) fn sources(spec: &SecretSpec) -> Vec<SecretKeyRef> {
    let mut sources: Vec<SecretKeyRef> = spec
        .entries
        .iter()
        .flat_map(|entry| match &entry.recipe {
            Recipe::Compose { from, .. } => from.values().cloned().collect(),
            Recipe::Request { key, .. } => vec![key.clone()],
            Recipe::Random | Recipe::LongRandom | Recipe::EcP256 | Recipe::Fernet | Recipe::Referred { .. } | Recipe::Authorities { .. } | Recipe::AcmeAccount(_) => Vec::new(),
        })
        .filter(|at| at.namespace != spec.namespace || at.name != spec.name)
        .collect();
    sources.sort();
    sources.dedup();
    sources
}

#[cfg(test)]
mod tests;
