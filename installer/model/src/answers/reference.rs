//! References to secrets: answers never hold a secret itself.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::SecretKeyRef;

/// Where a secret is: `env:NAME`, `file:PATH`, or `secret:namespace/name#key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    /// A variable of the environment, taken out of it before any child is started.
    Environment(String),
    /// A file.
    File(PathBuf),
    /// A key of a Secret in the cluster.
    Key(SecretKeyRef),
}

/// Why a text is not a reference. The text is not repeated: it could be the secret itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// No scheme, or an unknown one.
    #[error("is not a reference; secrets stand elsewhere and are referred to as env:NAME, file:PATH, or secret:namespace/name#key")]
    Scheme,
    /// `exec:` or `external:`.
    #[error("uses a kind of reference that is not built yet; possible are env:NAME, file:PATH, and secret:namespace/name#key")]
    NotBuilt,
    /// A name that no variable has.
    #[error("names no variable after `env:`; letters, digits, and `_` are allowed, not beginning with a digit")]
    Variable,
    /// Nothing after `file:`.
    #[error("has no path after `file:`")]
    Path,
    /// Not `namespace/name#key`.
    #[error("is not of the form secret:namespace/name#key")]
    Key,
}

impl FromStr for SecretReference {
    type Err = ReferenceError;
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        match text.split_once(':') {
            Some(("env", name)) => {
                let valid = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if valid { Ok(Self::Environment(name.to_owned())) } else { Err(ReferenceError::Variable) }
            }
            Some(("file", "")) => Err(ReferenceError::Path),
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(("secret", key)) => secret_key(key).map(Self::Key).ok_or(ReferenceError::Key),
            Some(("exec" | "external", _)) => Err(ReferenceError::NotBuilt),
            _ => Err(ReferenceError::Scheme),
        }
    }
}

fn secret_key(text: &str) -> Option<SecretKeyRef> {
    let (namespace, rest) = text.split_once('/')?;
    let (name, key) = rest.split_once('#')?;
    let valid_key = !key.is_empty() && key.len() <= 253 && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let valid = super::validity::is_label(namespace) && super::validity::is_subdomain(name) && valid_key;
    valid.then(|| SecretKeyRef { namespace: namespace.to_owned(), name: name.to_owned(), key: key.to_owned() })
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Key(key) => write!(f, "secret:{}/{}#{}", key.namespace, key.name, key.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_read_and_written_alike() {
        for text in ["env:DATABASE_PASSWORD", "file:certs/tls.key", "secret:airlock/db#password"] {
            assert_eq!(text.parse::<SecretReference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_without_being_repeated() {
        for (text, error) in [
            ("hunter2", ReferenceError::Scheme),
            ("https://vault", ReferenceError::Scheme),
            ("exec:vault read", ReferenceError::NotBuilt),
            ("env:", ReferenceError::Variable),
            ("env:2FA", ReferenceError::Variable),
            ("file:", ReferenceError::Path),
            ("secret:airlock/db", ReferenceError::Key),
            ("secret:Airlock/db#key", ReferenceError::Key),
            ("secret:a/b#c/d", ReferenceError::Key),
        ] {
            assert_eq!(text.parse::<SecretReference>().unwrap_err(), error, "{text}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
