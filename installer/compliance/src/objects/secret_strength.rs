//! SEC-005 and SEC-007: Secrets, by how hard their values are to guess and by what they are for.
//!
//! Values are looked at here and leave this file in no form, not even by their length. Those of a cluster are handed in by
//! whoever reads them, one Secret at a time, and only what is said of them goes into a snapshot.

mod strength;

use std::collections::BTreeMap;

use airlock_model::{Check, CheckSpec, Finding, JudgedSecret, Need, ObjectRef, Profile, Severity, Snapshot, SnapshotObject, Source, Subject, World, field_path};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::OfObjects;
use super::literals::{is_named_like_a_secret, is_reference};
use crate::described::Described;
use crate::live::{self, Unseen};
use crate::pod_security::Violation;
use strength::weakness;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SEC-005",
        title: "no credential can be guessed or looked up",
        severity: Severity::Critical,
        promises: &["P9"],
        explanation: "Entries of each Secret of the installation, or of each in the files, `data` and `stringData`, that are named like a password, token, or key (also an entry `value` of a Secret that is named so), and the passwords of URLs in the others: no default or common word (admin, changeme, postgres, airflow, also with digits behind it), not the user's name, and at least 128 bits by the letters that occur and their number. Certificates, private keys, and values that only stand for others (${NAME}) are left out. Values are never printed; of an installation they stay in the memory of the program that makes the check.",
        remedy: "Make a new one and change it where it is used: `openssl rand -base64 32`. Take the old one out of the file's history too, or count it as known.",
    },
    expected: "a random value of at least 128 bits",
    why: "whoever reaches the service tries the common ones first, and then all short ones",
};

/// SEC-005
pub(crate) struct Strength;

impl Check for Strength {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::SecretStrength]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        if given.source == Source::Files {
            let judge =
                |secret: &SnapshotObject| entries(secret).into_iter().filter_map(|entry| Some(Violation::new(entry.path, None, format!("the entry {} {}", entry.key, entry.weakness?)))).collect();
            return TEXTS.each_object(given, &[("v1", "Secret")], judge);
        }
        match &given.strength {
            None => vec![TEXTS.unverified(live::ALL, "values of Secrets were not looked at")],
            Some(Err(reason)) => vec![TEXTS.unverified(live::ALL, format!("values of Secrets could not be looked at: {reason}"))],
            Some(Ok(judged)) if judged.is_empty() => TEXTS.unseen(live::ALL, Unseen::Nothing("there is no Secret".to_owned())),
            Some(Ok(judged)) => judged.iter().flat_map(judge_live).collect(),
        }
    }
}

fn judge_live(judged: &JudgedSecret) -> Vec<Finding> {
    let subject = || Subject::object(&judged.secret, None);
    if judged.weak.is_empty() {
        return vec![TEXTS.pass(subject(), TEXTS.expected)];
    }
    judged.weak.iter().map(|(key, why)| Finding { path: Some(field_path(&pointer("data", key)).into()), ..TEXTS.fail(subject(), format!("the entry {key} {why}")) }).collect()
}

/// Judges the values of a Secret that was read: the keys of those that can be guessed, each with the reason.
pub fn judge_secret<'a>(secret: &ObjectRef, values: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> JudgedSecret {
    let values: BTreeMap<&str, Zeroizing<String>> = values.into_iter().map(|(key, value)| (key, Zeroizing::new(letters(value)))).collect();
    let user = values.get("username").map(|user| user.as_str()).unwrap_or_default();
    let weak = values.iter().filter_map(|(key, value)| Some(((*key).to_owned(), weakness(credential(&secret.name, key, value)?, user)?.to_owned()))).collect();
    JudgedSecret { secret: secret.clone(), weak }
}

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

/// The name of the entry where a Secret holds one value, which its own name then tells about.
const ONLY: &str = "value";

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
            let path = pointer(list, key);
            match if list == "data" { decoded(text) } else { Some(text.to_owned()) } {
                Some(value) => found.push(Entry { key, path, weakness: credential(&secret.object.name, key, &value).and_then(|password| weakness(password, &user)) }),
                None => found.push(Entry { key, path, weakness: Some("is no base64, which the API server refuses") }),
            }
        }
    }
    found
}

/// JSON pointer (RFC 6901) of an entry.
fn pointer(list: &str, key: &str) -> String {
    format!("/{list}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The part of a value that must be hard to guess.
fn credential<'a>(secret: &str, key: &str, value: &'a str) -> Option<&'a str> {
    let value = value.trim_end_matches(['\n', '\r']);
    if value.is_empty() || is_reference(value) || value.contains("-----BEGIN ") || value.trim_start().starts_with('{') {
        return None;
    }
    let of_url = || {
        let (_, rest) = value.split_once("://")?;
        let (user, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
        user.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty() && !is_reference(password))
    };
    if value.contains("://") { of_url() } else { Some(value).filter(|_| is_named_like_a_secret(key) || (key == ONLY && is_named_like_a_secret(secret))) }
}

fn decoded(text: &str) -> Option<String> {
    STANDARD.decode(text.split_whitespace().collect::<String>()).ok().map(|bytes| letters(&bytes))
}

/// Bytes that are no text are judged by the letters they would have in ISO 8859-1.
fn letters(bytes: &[u8]) -> String {
    str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

fn text(secret: &SnapshotObject, key: &str) -> Option<String> {
    let of = |list: &str| secret.manifest.get(list)?.get(key)?.as_str();
    of("stringData").map(str::to_owned).or_else(|| decoded(of("data")?))
}
