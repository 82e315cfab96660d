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
use super::literals::{is_comment, is_named_like_a_secret, is_reference, is_value, written_out_in};
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
        explanation: "Entries of each Secret of the installation, or of each in the files, `data` and `stringData`, that are named like a password, token, or key (also an entry `value` of a Secret that is named so), and in the others the passwords of URLs, the settings of files that are named so, and those of JSON, logins at registries (.dockerconfigjson) included: no default or common word (admin, changeme, postgres, airflow, also with digits behind it), not the user's name, and at least 128 bits by the letters that occur and their number. Certificates, private keys, and values that only stand for others (${NAME}) are left out. Values are never printed; of an installation they stay in the memory of the program that makes the check.",
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
    let weak = values.iter().filter_map(|(key, value)| Some(((*key).to_owned(), guessed(&secret.name, key, value, user)?))).collect();
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
    weakness: Option<String>,
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
                Some(value) => found.push(Entry { key, path, weakness: guessed(&secret.object.name, key, &value, &user) }),
                None => found.push(Entry { key, path, weakness: Some("is no base64, which the API server refuses".to_owned()) }),
            }
        }
    }
    found
}

/// JSON pointer (RFC 6901) of an entry.
fn pointer(list: &str, key: &str) -> String {
    format!("/{list}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Why a credential that an entry is or holds can be guessed, if one can.
fn guessed(secret: &str, key: &str, value: &str, user: &str) -> Option<String> {
    let value = value.trim_end_matches(['\n', '\r']);
    if value.is_empty() || (!value.contains('\n') && is_reference(value)) {
        return None;
    }
    let lines = outside_pem(value);
    let texts: Vec<&str> = lines.iter().map(|(_, line)| *line).collect();
    let outside = texts.join("\n");
    let outside = outside.trim();
    if let Some(document) = Some(value).filter(|value| value.trim_start().starts_with(['{', '['])).and_then(|value| serde_json::from_str(value).ok()) {
        return of_json("", &document, "").map(|why| format!("holds a credential that {why}"));
    }
    let is_named = is_named_like_a_secret(key) || (key == ONLY && is_named_like_a_secret(secret));
    // An address ends with its line.
    let url = Some(outside).filter(|outside| !outside.contains('\n')).and_then(password_of_url);
    let whole = url.or_else(|| Some(outside).filter(|outside| is_named && !outside.is_empty() && !outside.contains("://")));
    if let Some(why) = whole.and_then(|password| weakness(password, user)) {
        return Some(why.to_owned());
    }
    lines.iter().enumerate().find_map(|(index, (number, _))| Some(format!("holds a credential in line {number} that {}", weakness(of_line(&texts, index)?, "")?)))
}

/// The lines of a text with their numbers, but for those of certificates and keys (RFC 7468).
fn outside_pem(text: &str) -> Vec<(usize, &str)> {
    let mut is_inside = false;
    let is_outside = |(_, line): &(usize, &str)| {
        let begins = line.contains("-----BEGIN ");
        let is_outside = !is_inside && !begins;
        is_inside = (is_inside || begins) && !line.contains("-----END ");
        is_outside
    };
    (1..).zip(text.lines()).filter(is_outside).collect()
}

/// The password in `scheme://user:password@host`.
fn password_of_url(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (user, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty() && !is_reference(password))
}

/// The credential in a line of a file.
fn of_line<'t>(lines: &[&'t str], index: usize) -> Option<&'t str> {
    let line = lines[index];
    if is_comment(line) {
        return None;
    }
    let mut words = line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';'));
    words.find_map(password_of_url).or_else(|| written_out_in(lines, index).map(|(_, value)| value).filter(|value| !value.contains("://")))
}

/// Why one of the credentials in a document can be guessed, by the name of the field in which a value stands, alone or in a list, and the
/// user beside it.
fn of_json(name: &str, value: &Value, user: &str) -> Option<&'static str> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| of_json(name, item, user)),
        Value::Object(fields) => {
            let user = ["username", "user"].into_iter().find_map(|key| fields.get(key)?.as_str()).unwrap_or_default();
            fields.iter().find_map(|(name, value)| of_json(name, value, user))
        }
        Value::Number(number) => of_field(name, &number.to_string(), user),
        Value::String(text) => of_field(name, text, user),
        Value::Null | Value::Bool(_) => None,
    }
}

fn of_field(name: &str, value: &str, user: &str) -> Option<&'static str> {
    // A login at a registry: base64 of `user:password`.
    if name == "auth"
        && let Some(login) = decoded(value)
        && let Some((user, password)) = login.split_once(':')
    {
        return weakness(password, user);
    }
    let is_one = is_named_like_a_secret(name) && is_value(value) && !is_reference(value) && !value.contains("://") && !value.contains("-----BEGIN ");
    password_of_url(value).or_else(|| is_one.then_some(value)).and_then(|password| weakness(password, user))
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
