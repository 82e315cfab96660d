//! Templates of composed values: text with `{name}` or `{name|filter|…}`. Every other brace is text, so that JSON can be
//! written as it is.
//!
//! Filters: `url` percent-encodes all but the unreserved characters of RFC 3986; `base64` is the standard alphabet with
//! padding (RFC 4648 §4); `json` escapes for the inside of a JSON string, the quotes stand in the template; `bcrypt` is
//! the hash that htpasswd files hold; `scram` is the verifier that PostgreSQL keeps of a password (RFC 5803);
//! `thumbprint` is that of the key of an ACME account (RFC 7638). They are applied from left to right.

use std::collections::BTreeMap;

use airlock_model::{Secret, SecretKeyRef};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Value, scram};
use crate::ApplyError;

/// Rounds of bcrypt as a power of two. The passwords have 256 bits, so that stretching adds nothing to their strength,
/// and a registry computes the hash again with every request.
const BCRYPT_COST: u32 = 6;
/// Length of a bcrypt hash in its usual notation.
const BCRYPT_LENGTH: usize = 60;

/// A template that was read: text and places.
#[derive(Debug)]
pub(crate) struct Template<'a> {
    parts: Vec<Part<'a>>,
}

#[derive(Debug)]
enum Part<'a> {
    Text(&'a str),
    Place { at: &'a SecretKeyRef, filters: Vec<Filter> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter {
    Url,
    Base64,
    Bcrypt,
    Json,
    Scram,
    Thumbprint,
}

/// What is wrong with a template.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that stands for nothing.
    #[error("the template names `{0}`, which stands for no value")]
    Name(String),
    /// A filter that does not exist.
    #[error("the template names the filter `{0}`; there are url, base64, bcrypt, json, scram, thumbprint")]
    Filter(String),
    /// A value that `json` cannot escape.
    #[error("a value is no text, and `json` needs text")]
    NotText,
    /// Longer than bcrypt reads.
    #[error("a value is longer than the 72 bytes that bcrypt reads")]
    TooLong,
    /// bcrypt failed.
    #[error("bcrypt failed: {0}")]
    Bcrypt(String),
    /// A value that `thumbprint` cannot read.
    #[error("a value is no ACME account, and `thumbprint` needs one")]
    NoAccount,
    /// The system's random source failed.
    #[error("no random bytes for a salt: {0}")]
    Salt(String),
}

impl<'a> Template<'a> {
    pub(crate) fn read(template: &'a str, from: &'a BTreeMap<String, SecretKeyRef>) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = template;
        let mut text = 0;
        while let Some(open) = rest[text..].find('{').map(|at| at + text) {
            let Some((inside, after)) = place(&rest[open..]) else {
                text = open + 1;
                continue;
            };
            parts.push(Part::Text(&rest[..open]));
            let mut words = inside.split('|');
            let name = words.next().unwrap_or_default();
            let at = from.get(name).ok_or_else(|| TemplateError::Name(name.to_owned()))?;
            parts.push(Part::Place { at, filters: words.map(Filter::named).collect::<Result<_, _>>()? });
            rest = after;
            text = 0;
        }
        parts.push(Part::Text(rest));
        Ok(Self { parts })
    }

    /// The text with every place filled.
    pub(crate) fn fill(&self, value: impl Fn(&SecretKeyRef) -> Result<Value, ApplyError>) -> Result<Value, ApplyError> {
        let mut filled = Zeroizing::new(Vec::new());
        for part in &self.parts {
            match part {
                Part::Text(text) => append(&mut filled, text.as_bytes()),
                Part::Place { at, filters } => append(&mut filled, filtered(value(at)?.expose(), filters)?.as_slice()),
            }
        }
        Ok(Secret::new(std::mem::take(&mut *filled)))
    }

    /// Whether `made` is what filling would give. Hashes are verified, since each is another one.
    pub(crate) fn matches(&self, made: &Value, value: impl Fn(&SecretKeyRef) -> Result<Value, ApplyError>) -> Result<bool, ApplyError> {
        let mut rest = made.expose().as_slice();
        for part in &self.parts {
            let matched = match part {
                Part::Text(text) => rest.strip_prefix(text.as_bytes()),
                Part::Place { at, filters } => match filters.split_last() {
                    Some((Filter::Bcrypt, before)) => strip_hash(rest, &filtered(value(at)?.expose(), before)?),
                    Some((Filter::Scram, before)) => scram::strip(rest, &filtered(value(at)?.expose(), before)?),
                    _ => rest.strip_prefix(filtered(value(at)?.expose(), filters)?.as_slice()),
                },
            };
            let Some(after) = matched else { return Ok(false) };
            rest = after;
        }
        Ok(rest.is_empty())
    }
}

/// The inside of `{name|filter}` at the beginning of `text`, and what comes after it; none when the brace is text.
fn place(text: &str) -> Option<(&str, &str)> {
    let (inside, after) = text.strip_prefix('{')?.split_once('}')?;
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    inside.split('|').all(is_word).then_some((inside, after))
}

/// Appends without leaving a copy behind when the buffer grows.
fn append(filled: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    if filled.capacity() < filled.len() + more.len() {
        let mut larger = Zeroizing::new(Vec::with_capacity((filled.len() + more.len()) * 2));
        larger.extend_from_slice(filled);
        std::mem::swap(filled, &mut larger);
    }
    filled.extend_from_slice(more);
}

fn filtered(value: &[u8], filters: &[Filter]) -> Result<Zeroizing<Vec<u8>>, TemplateError> {
    let mut value = Zeroizing::new(value.to_vec());
    for filter in filters {
        value = Zeroizing::new(filter.apply(&value)?);
    }
    Ok(value)
}

fn strip_hash<'b>(made: &'b [u8], value: &[u8]) -> Option<&'b [u8]> {
    let (hash, rest) = made.split_at_checked(BCRYPT_LENGTH)?;
    let hash = std::str::from_utf8(hash).ok()?;
    bcrypt::verify(value, hash).is_ok_and(|same| same).then_some(rest)
}

impl Filter {
    fn named(name: &str) -> Result<Self, TemplateError> {
        match name {
            "url" => Ok(Self::Url),
            "base64" => Ok(Self::Base64),
            "bcrypt" => Ok(Self::Bcrypt),
            "json" => Ok(Self::Json),
            "scram" => Ok(Self::Scram),
            "thumbprint" => Ok(Self::Thumbprint),
            _ => Err(TemplateError::Filter(name.to_owned())),
        }
    }

    fn apply(self, value: &[u8]) -> Result<Vec<u8>, TemplateError> {
        match self {
            Self::Url => Ok(percent_encoded(value)),
            Self::Base64 => Ok(STANDARD.encode(value).into_bytes()),
            Self::Json => {
                let text = std::str::from_utf8(value).map_err(|_| TemplateError::NotText)?;
                let quoted = Zeroizing::new(serde_json::to_string(text).map_err(|_| TemplateError::NotText)?);
                Ok(quoted.as_bytes()[1..quoted.len() - 1].to_vec())
            }
            Self::Scram => scram::verifier(value),
            Self::Thumbprint => airlock_tls::acme::thumbprint(value).map(String::into_bytes).map_err(|_| TemplateError::NoAccount),
            Self::Bcrypt if value.len() > 72 => Err(TemplateError::TooLong),
            Self::Bcrypt => bcrypt::hash(value, BCRYPT_COST).map(String::into_bytes).map_err(|error| TemplateError::Bcrypt(error.to_string())),
        }
    }
}

fn percent_encoded(value: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    value
        .iter()
        .flat_map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => vec![byte],
            _ => vec![b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> BTreeMap<String, SecretKeyRef> {
        [("password", "p"), ("user", "u")].into_iter().map(|(name, key)| (name.to_owned(), SecretKeyRef { namespace: "n".into(), name: "s".into(), key: key.into() })).collect()
    }

    fn look_up(at: &SecretKeyRef) -> Result<Value, ApplyError> {
        match at.key.as_str() {
            "p" => Ok(Secret::new(b"p/w\"d\xc3\xa4".to_vec())),
            "u" => Ok(Secret::new(b"airlock".to_vec())),
            _ => Err(ApplyError::SecretMissing { at: at.clone() }),
        }
    }

    fn filled(template: &str) -> String {
        let from = from();
        let value = Template::read(template, &from).unwrap().fill(look_up).map_err(|error| error.to_string()).unwrap();
        String::from_utf8(value.expose().clone()).unwrap()
    }

    #[test]
    fn places_are_filled_and_other_braces_are_text() {
        assert_eq!(filled(r#"{"auths":{"h":{"username":"{user}","password":"{password|json}"}}}"#), r#"{"auths":{"h":{"username":"airlock","password":"p/w\"dä"}}}"#);
        assert_eq!(filled("{}{ user}{user"), "{}{ user}{user");
    }

    #[test]
    fn each_filter_writes_its_notation() {
        assert_eq!(filled("postgresql://{user}:{password|url}@h/d"), "postgresql://airlock:p%2Fw%22d%C3%A4@h/d");
        assert_eq!(filled("{user|base64}"), "YWlybG9jaw==");
        assert_eq!(filled("{user|base64|url}"), "YWlybG9jaw%3D%3D");
    }

    #[test]
    fn a_hash_is_recognised_although_it_is_another_one_each_time() {
        let from = from();
        let template = Template::read("airlock:{password|bcrypt}\n", &from).unwrap();
        let made = filled("airlock:{password|bcrypt}\n");
        assert_ne!(made, filled("airlock:{password|bcrypt}\n"));
        let matches = |text: &str| template.matches(&Secret::new(text.as_bytes().to_vec()), look_up).map_err(|error| error.to_string()).unwrap();
        assert!(matches(&made));
        assert!(!matches(&filled("airlock:{user|bcrypt}\n")));
        assert!(!matches("airlock:\n"));
        assert!(!matches(&format!("{made}more")));
    }

    #[test]
    fn unknown_names_and_filters_are_refused() {
        let from = from();
        assert_eq!(Template::read("{nobody}", &from).unwrap_err(), TemplateError::Name("nobody".into()));
        assert_eq!(Template::read("{user|rot13}", &from).unwrap_err(), TemplateError::Filter("rot13".into()));
    }

    #[test]
    fn bcrypt_refuses_what_it_would_cut_off() {
        assert_eq!(Filter::Bcrypt.apply(&[b'x'; 73]).unwrap_err(), TemplateError::TooLong);
    }
}
