//! SEC-005 and SEC-007: Secrets in files, by how hard their values are to guess and by what they are for.
//!
//! Values are looked at here and leave this file in no form, not even by their length.

mod strength;

use airlock_model::{CheckSpec, Severity, SnapshotObject};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::OfObjects;
use super::literals::{is_named_like_a_secret, is_reference};
use crate::described::Described;
use crate::pod_security::Violation;
use strength::weakness;

/// SEC-005
pub(super) static STRENGTH: OfObjects = OfObjects {
    described: Described {
        spec: CheckSpec {
            id: "SEC-005",
            title: "no credential can be guessed or looked up",
            severity: Severity::Critical,
            promises: &["P9"],
            explanation: "Entries of each Secret in the files, `data` and `stringData`, that are named like a password, token, or key, and the passwords of URLs in the others: no default or common word (admin, changeme, postgres, airflow, also with digits behind it), not the user's name, and at least 128 bits by the letters that occur and their number. Certificates, private keys, and values that only stand for others (${NAME}) are left out. Values are never printed.",
            remedy: "Make a new one and change it where it is used: `openssl rand -base64 32`. Take the old one out of the file's history too, or count it as known.",
        },
        expected: "a random value of at least 128 bits",
        why: "whoever reaches the service tries the common ones first, and then all short ones",
    },
    kinds: &[("v1", "Secret")],
    judge: |secret| entries(secret).into_iter().filter_map(|entry| Some(Violation::new(entry.path, None, format!("the entry {} {}", entry.key, entry.weakness?)))).collect(),
};

/// SEC-007
pub(super) static TOKENS: OfObjects = OfObjects {
    described: Described {
        spec: CheckSpec {
            id: "SEC-007",
            title: "no Secret holds a token of the Kubernetes API that never ends",
            severity: Severity::Medium,
            promises: &["P9"],
            explanation: "type of each Secret in the files: kubernetes.io/service-account-token asks the cluster for a token without end.",
            remedy: "Let pods have short-lived tokens by a projected volume, and people by `kubectl create token`.",
        },
        expected: "no Secret of type kubernetes.io/service-account-token",
        why: "who reads it once acts as the ServiceAccount from anywhere until somebody deletes the Secret",
    },
    kinds: &[("v1", "Secret")],
    judge: |secret| {
        let kind = secret.manifest.get("type").filter(|kind| *kind == "kubernetes.io/service-account-token");
        kind.map(|kind| Violation::new("/type", Some(kind), "it is a token without end")).into_iter().collect()
    },
};

struct Entry<'a> {
    key: &'a str,
    path: String,
    weakness: Option<&'static str>,
}

/// The entries that are credentials.
fn entries(secret: &SnapshotObject) -> Vec<Entry<'_>> {
    let user = text(secret, "username").unwrap_or_default();
    let mut found = Vec::new();
    for list in ["data", "stringData"] {
        for (key, value) in secret.manifest.get(list).and_then(Value::as_object).into_iter().flatten() {
            let Some(text) = value.as_str() else { continue };
            let path = format!("/{list}/{}", key.replace('~', "~0").replace('/', "~1"));
            match if list == "data" { decoded(text) } else { Some(text.to_owned()) } {
                Some(value) => found.push(Entry { key, path, weakness: credential(key, &value).and_then(|password| weakness(password, &user)) }),
                None => found.push(Entry { key, path, weakness: Some("is no base64, which the API server refuses") }),
            }
        }
    }
    found
}

/// The part of a value that must be hard to guess.
fn credential<'a>(key: &str, value: &'a str) -> Option<&'a str> {
    let value = value.trim_end_matches(['\n', '\r']);
    if value.is_empty() || is_reference(value) || value.contains("-----BEGIN ") || value.trim_start().starts_with('{') {
        return None;
    }
    let of_url = || {
        let (_, rest) = value.split_once("://")?;
        let (user, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
        user.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty() && !is_reference(password))
    };
    if value.contains("://") { of_url() } else { Some(value).filter(|_| is_named_like_a_secret(key)) }
}

/// Bytes that are no text are judged by the letters they would have in ISO 8859-1.
fn decoded(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text.split_whitespace().collect::<String>()).ok()?;
    Some(String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().iter().map(|byte| char::from(*byte)).collect()))
}

fn text(secret: &SnapshotObject, key: &str) -> Option<String> {
    let of = |list: &str| secret.manifest.get(list)?.get(key)?.as_str();
    of("stringData").map(str::to_owned).or_else(|| decoded(of("data")?))
}
