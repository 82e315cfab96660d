//! What a container's environment comes to: what stands in `env` over what `envFrom` gives, and of sources the later one over those
//! before it (Kubernetes API, `Container`).
//!
//! Values of Secrets are not read, also where files hold them: a cluster does not show them, and both are judged alike.

use airlock_model::{Snapshot, SnapshotObject};
use serde_json::Value;

use crate::live::{self, PodOf};
use crate::pod_security::Container;

/// The `ConfigMap`s of a source, or why they could not be read.
pub(super) struct ConfigMaps<'a>(Result<Vec<&'a SnapshotObject>, String>);

/// What gives a variable.
pub(super) enum Given<'a> {
    /// The container itself, at this field of the pod.
    Written { value: &'a str, path: String },
    /// An entry of a `ConfigMap`.
    Entry { map: &'a SnapshotObject, key: &'a str, value: &'a str },
    /// What was not read.
    Unread(Unread),
}

/// Where a value stands that was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    /// In a `ConfigMap` that is not there, or could not be read.
    ConfigMap,
    /// In a Secret.
    Secret,
    /// In another field of the pod, or in what becomes of it.
    Pod,
}

/// A source that was not read, and gives a variable or may give it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unread {
    /// The field of the pod that names it.
    pub(super) path: String,
    /// Where its values stand.
    pub(super) holder: Holder,
    /// Why it was not read.
    pub(super) why: String,
}

/// What a variable is.
#[derive(Default)]
pub(super) struct Variable<'a> {
    /// None: nothing that was read gives it.
    pub(super) given: Option<Given<'a>>,
    /// What may give it in place of that.
    pub(super) unread: Vec<Unread>,
}

/// The environment of one container.
pub(super) struct Environment<'a> {
    maps: &'a ConfigMaps<'a>,
    namespace: &'a str,
    /// JSON pointer of the container in its pod.
    at: String,
    env: &'a [Value],
    sources: &'a [Value],
}

impl<'a> ConfigMaps<'a> {
    /// Those of the installation, or of the files.
    pub(super) fn of(given: &'a Snapshot) -> Self {
        Self(live::objects(given, "ConfigMap"))
    }

    /// All of them.
    pub(super) fn all(&self) -> Result<&[&'a SnapshotObject], &str> {
        self.0.as_deref().map_err(String::as_str)
    }

    /// An error says why nothing is known of it.
    fn named(&self, namespace: &str, name: &str) -> Result<Option<&'a SnapshotObject>, String> {
        let all = self.0.as_ref().map_err(Clone::clone)?;
        Ok(all.iter().copied().rfind(|map| map.object.name == name && live::namespace(map) == namespace))
    }
}

impl<'a> Environment<'a> {
    /// That of a container of a pod, or of a template.
    pub(super) fn of(pod: &PodOf<'a>, container: &Container<'a>, maps: &'a ConfigMaps<'a>) -> Self {
        let list = |field: &str| container.value.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        Self { maps, namespace: live::namespace(pod.object), at: container.path.clone(), env: list("env"), sources: list("envFrom") }
    }

    /// Where its own variables stand in the pod.
    pub(super) fn path(&self) -> String {
        format!("{}/env", self.at)
    }

    /// What a variable comes to.
    pub(super) fn variable(&self, name: &str) -> Variable<'a> {
        self.before(name, self.env.len())
    }

    /// The names that it is known to have.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let written = self.env.iter().filter_map(|entry| entry.get("name")?.as_str().map(str::to_owned));
        let of_source = |source: &'a Value| {
            let map = source.get("configMapRef").and_then(|reference| self.maps.named(self.namespace, text(reference, "name")).ok().flatten());
            map.into_iter().flat_map(entries).map(|(key, _)| format!("{}{key}", text(source, "prefix")))
        };
        written.chain(self.sources.iter().flat_map(of_source))
    }

    /// The `ConfigMap`s that are given to it as a whole.
    pub(super) fn taken(&self) -> impl Iterator<Item = &'a SnapshotObject> {
        self.sources.iter().filter_map(|source| self.maps.named(self.namespace, text(source.get("configMapRef")?, "name")).ok().flatten())
    }

    /// What a variable comes to by the sources and by so many entries of `env`.
    fn before(&self, name: &str, entries: usize) -> Variable<'a> {
        let mut unread = Vec::new();
        let of_env = self.env[..entries].iter().enumerate().rev().filter(|(_, entry)| text(entry, "name") == name).map(|(index, entry)| self.entry(index, entry));
        let of_sources = self.sources.iter().enumerate().rev().map(|(index, source)| self.source(index, source, name));
        for found in of_env.chain(of_sources) {
            unread.extend(found.unread);
            if found.given.is_some() {
                return Variable { given: found.given, unread };
            }
        }
        Variable { given: None, unread }
    }

    /// What an entry of `env` gives.
    fn entry(&self, index: usize, entry: &'a Value) -> Variable<'a> {
        let at = format!("{}/env/{index}", self.at);
        let Some(from) = entry.get("valueFrom").filter(|from| !from.is_null()) else { return self.written(index, text(entry, "value"), &at) };
        if let Some(reference) = from.get("configMapKeyRef") {
            return self.entry_of_map(reference, format!("{at}/valueFrom/configMapKeyRef"));
        }
        match from.get("secretKeyRef") {
            Some(reference) => unless_optional(reference, of_secret(reference, format!("{at}/valueFrom/secretKeyRef"))),
            None => Unread { path: format!("{at}/valueFrom"), holder: Holder::Pod, why: "the value stands elsewhere in the pod".to_owned() }.into(),
        }
    }

    /// `$(NAME)` is what a variable before it comes to, if there is one; else it stays as it is. What is put together with something that
    /// was not read was not read either.
    fn written(&self, index: usize, value: &'a str, at: &str) -> Variable<'a> {
        let path = format!("{at}/value");
        let mut unread = Vec::new();
        for name in references(value) {
            let meant = self.before(name, index);
            match meant.given {
                Some(given) if value.len() == name.len() + "$()".len() => return Variable { given: Some(given), unread: meant.unread },
                Some(Given::Unread(first)) => unread.push(first),
                _ => {}
            }
            unread.extend(meant.unread);
        }
        if unread.is_empty() { Given::Written { value, path }.into() } else { Variable { given: Some(Given::Unread(unread.remove(0))), unread } }
    }

    fn entry_of_map(&self, reference: &'a Value, path: String) -> Variable<'a> {
        let (name, key) = (text(reference, "name"), text(reference, "key"));
        let missing = |why: String| Unread { path, holder: Holder::ConfigMap, why };
        match self.maps.named(self.namespace, name) {
            Err(why) => unless_optional(reference, missing(why)),
            Ok(Some(map)) if let Some((key, value)) = entries(map).find(|(known, _)| *known == key) => Given::Entry { map, key, value }.into(),
            Ok(_) if is_optional(reference) => Variable::default(),
            Ok(Some(_)) => missing(format!("the ConfigMap {name} has no {key}")).into(),
            Ok(None) => missing(absent(name)).into(),
        }
    }

    /// What a source of `envFrom` gives of a variable.
    fn source(&self, index: usize, source: &'a Value, name: &str) -> Variable<'a> {
        let Some(wanted) = name.strip_prefix(text(source, "prefix")).filter(|key| !key.is_empty()) else { return Variable::default() };
        let at = format!("{}/envFrom/{index}", self.at);
        if let Some(reference) = source.get("secretRef") {
            return Variable { given: None, unread: vec![of_secret(reference, format!("{at}/secretRef"))] };
        }
        let Some(reference) = source.get("configMapRef") else { return Variable::default() };
        let missing = |why: String| Variable { given: None, unread: vec![Unread { path: format!("{at}/configMapRef"), holder: Holder::ConfigMap, why }] };
        match self.maps.named(self.namespace, text(reference, "name")) {
            Err(why) => missing(why),
            Ok(Some(map)) => entries(map).find(|(key, _)| *key == wanted).map(|(key, value)| Given::Entry { map, key, value }.into()).unwrap_or_default(),
            Ok(None) if is_optional(reference) => Variable::default(),
            Ok(None) => missing(absent(text(reference, "name"))),
        }
    }
}

impl<'a> From<Given<'a>> for Variable<'a> {
    fn from(given: Given<'a>) -> Self {
        Self { given: Some(given), unread: Vec::new() }
    }
}

impl From<Unread> for Variable<'_> {
    fn from(unread: Unread) -> Self {
        Given::Unread(unread).into()
    }
}

/// The names in `$(NAME)`; `$$` is a dollar sign that begins none (Kubernetes documentation, "Define Dependent Environment Variables").
fn references(value: &str) -> Vec<&str> {
    let (mut names, mut rest) = (Vec::new(), value);
    while let Some((_, after)) = rest.split_once('$') {
        rest = after.strip_prefix('$').unwrap_or(after);
        if let Some((name, behind)) = after.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
            names.push(name);
            rest = behind;
        }
    }
    names
}

/// What a `ConfigMap` holds as text.
pub(super) fn entries(map: &SnapshotObject) -> impl Iterator<Item = (&str, &str)> {
    map.manifest.get("data").and_then(Value::as_object).into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// What is optional may not be there, and then what stands below it counts.
fn unless_optional<'a>(reference: &Value, unread: Unread) -> Variable<'a> {
    if is_optional(reference) { Variable { given: None, unread: vec![unread] } } else { unread.into() }
}

fn is_optional(reference: &Value) -> bool {
    reference.get("optional") == Some(&Value::Bool(true))
}

fn of_secret(reference: &Value, path: String) -> Unread {
    Unread { path, holder: Holder::Secret, why: format!("values of the Secret {} are not read", text(reference, "name")) }
}

fn absent(name: &str) -> String {
    format!("there is no ConfigMap {name}")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
