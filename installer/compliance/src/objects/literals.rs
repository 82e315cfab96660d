//! Secrets that are written out where they do not belong: in variables, commands, the data of a `ConfigMap`, and annotations.
//!
//! Two things give one away: the name of the field beside a value that was typed in, and the form of the value itself,
//! such as a URL with a password or a private key. A reference to a Secret is what should be there and is never told.
//! The value itself leaves this file in no form.

mod form;
mod name;
mod setting;

use airlock_model::SnapshotObject;
use serde_json::Value;

use crate::live::PodOf;
use crate::pod_security::Violation;

pub(crate) use form::{is_reference, is_secret, is_value};
pub(crate) use name::is_named_like_a_secret;
pub(crate) use setting::{is_comment, written_out_in};

/// A secret at a place where it must not stand.
pub(crate) struct Literal {
    /// JSON pointer of the value.
    pub(crate) path: String,
    /// What gives it away, without the value.
    pub(crate) detail: String,
}

impl From<Literal> for Violation {
    fn from(literal: Literal) -> Self {
        Self { path: literal.path, value: Value::Null, detail: literal.detail }
    }
}

/// Those in the containers of a pod, by pointers from the pod's root.
pub(crate) fn in_pod(pod: &PodOf<'_>) -> Option<Vec<Literal>> {
    let mut found = Vec::new();
    for container in pod.pod()?.containers() {
        let variables = container.value.get("env").and_then(Value::as_array).into_iter().flatten().enumerate();
        for (index, variable) in variables {
            let name = variable.get("name").and_then(Value::as_str).unwrap_or_default();
            let Some(value) = variable.get("value").and_then(Value::as_str).filter(|value| !is_reference(value) && !is_in_a_mount(container.value, value)) else { continue };
            let path = || format!("{}/env/{index}/value", container.path);
            if is_named_like_a_secret(name) && form::is_typed_in(value) {
                found.push(Literal { path: path(), detail: format!("{name} of container {} is written out", container.name()) });
            } else if let Some(form) = is_secret(value) {
                found.push(Literal { path: path(), detail: format!("{name} of container {} holds {form}", container.name()) });
            }
        }
        for list in ["command", "args"] {
            let words: Vec<&str> = container.value.get(list).and_then(Value::as_array).into_iter().flatten().map(|word| word.as_str().unwrap_or_default()).collect();
            found.extend(in_words(&words).map(|(index, what)| Literal { path: format!("{}/{list}/{index}", container.path), detail: format!("{list} of container {} hold {what}", container.name()) }));
        }
    }
    Some(found)
}

/// `--password=x`, `--password x`, `PASSWORD=x` in front of a command, also in a script, and values whose form gives them away.
fn in_words<'a>(words: &'a [&'a str]) -> impl Iterator<Item = (usize, String)> + 'a {
    let option = |word: &'a str| word.strip_prefix('-').map(|name| name.trim_start_matches('-'));
    words.iter().enumerate().filter_map(move |(index, word)| {
        let (name, value) = match option(word).and_then(|option| option.split_once('=')) {
            Some((name, value)) => (name, value),
            None => (index.checked_sub(1).and_then(|before| option(words[before])).unwrap_or_default(), *word),
        };
        if is_reference(value) {
            return None;
        }
        if is_named_like_a_secret(name) && form::is_typed_in(value) && option(value).is_none() {
            return Some((index, format!("the value of {name}")));
        }
        let in_script = || word.lines().filter(|line| !is_comment(line)).find_map(|line| setting::in_command(line).or_else(|| setting::in_sql(line))).map(|(name, _)| format!("the value of {name}"));
        is_secret(word).map(str::to_owned).or_else(in_script).map(|what| (index, what))
    })
}

/// Those in the data of a `ConfigMap`, or in the annotations of any object but a Secret.
pub(crate) fn in_object(object: &SnapshotObject) -> Vec<Literal> {
    let mut found = Vec::new();
    let texts = |pointer: &str| object.manifest.pointer(pointer).and_then(Value::as_object).into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect::<Vec<_>>();
    let at = |pointer: &str, key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    if object.object.kind != "Secret" {
        // Names of annotations speak of Secrets all the time; only the form of a value is told.
        let odd = texts("/metadata/annotations").into_iter().filter_map(|(key, value)| Some((key, is_secret(value)?)));
        found.extend(odd.map(|(key, form)| Literal { path: at("/metadata/annotations", key), detail: format!("the annotation {key} holds {form}") }));
    }
    if object.object.kind == "ConfigMap" {
        for (key, value) in texts("/data") {
            found.extend(in_data(key, value).map(|detail| Literal { path: at("/data", key), detail }));
        }
    }
    found
}

/// Documents of Airlock's own, in which a field of this name names a Secret.
const OWN: [&str; 2] = ["record.json", "renewals.json"];
const NAMES_ONE: &str = "secret";

/// What of an entry gives a secret away: the entry as a whole, or lines of a file in it.
fn in_data(key: &str, value: &str) -> Option<String> {
    let lines: Vec<&str> = value.lines().collect();
    if let [only] = lines[..]
        && is_named_like_a_secret(key)
        && form::is_typed_in(only)
        && !is_reference(only)
    {
        return Some(format!("the entry {key} is written out"));
    }
    if form::is_private_key(value) {
        return Some(format!("the entry {key} holds a private key"));
    }
    // In files with many lines, certificates and checksums look random too.
    if lines.len() == 1
        && let Some(form) = is_secret(value)
    {
        return Some(format!("the entry {key} holds {form}"));
    }
    let names_one = |name: &str| name == NAMES_ONE && OWN.contains(&key);
    let in_line = |index: usize| match written_out_in(&lines, index) {
        Some((name, _)) if !names_one(name) => Some(format!("{name} in line {} of {key} is written out", index + 1)),
        _ if is_comment(lines[index]) => None,
        _ => form::known(lines[index]).map(|form| format!("line {} of {key} holds {form}", index + 1)),
    };
    (0..lines.len()).find_map(in_line).or_else(|| {
        // A document of JSON may stand on one line.
        let document: Value = serde_json::from_str(value).ok()?;
        let mut texts = Vec::new();
        setting::texts("", &document, &mut texts);
        texts.into_iter().find(|(name, value)| !names_one(name) && setting::is_written_out(name, value)).map(|(name, _)| format!("{name} in {key} is written out"))
    })
}

/// Where a file is, below a volume of the container: what it holds is not written out.
fn is_in_a_mount(container: &Value, value: &str) -> bool {
    let mounts = container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten().filter_map(|mount| mount.get("mountPath")?.as_str());
    mounts.map(|path| path.trim_end_matches('/')).any(|path| value.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
}
