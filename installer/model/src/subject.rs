//! What a finding is about: an object, by the names that Kubernetes gives it and the place it was read from, or a thing
//! that is no object, such as a host.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ObjectRef, Untrusted};

/// What was judged. Every key is always there in JSON, so that scripts need not ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// `apps/v1`; none: it is no object of Kubernetes.
    pub api_version: Option<Untrusted<String>>,
    /// `Deployment`; of what is no object: `Host`, `File`, or `Scope` for a whole that is named in words.
    pub kind: Untrusted<String>,
    /// None: it has no namespace, or its file names none.
    pub namespace: Option<Untrusted<String>>,
    /// `metadata.name`, or what else it is called.
    pub name: Untrusted<String>,
    /// Path of the file it was read from, as it was given; none: it was read from a cluster.
    pub file: Option<Untrusted<String>>,
    /// Which document of the file, from 0, empty ones counted.
    pub document: Option<u32>,
    /// The line at which that document begins, from 1; of what could not be read, the line that is wrong.
    pub line: Option<u32>,
}

/// Where an object was read from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Path of the file, as it was given; `-` is standard input, `ARCHIVE:PATH` a file in a tar archive.
    pub file: Untrusted<String>,
    /// Which document of the file, from 0, empty ones counted.
    pub document: u32,
    /// The line at which it begins, from 1; none: the file is a plan, of which a document is a step.
    pub line: Option<u32>,
}

impl Subject {
    /// A whole that is named in words: `pods of the installation`.
    pub fn scope(words: impl Into<String>) -> Self {
        Self::of("Scope", words)
    }

    /// A thing of a kind that Kubernetes does not have.
    pub fn of(kind: &str, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into().into(), ..Self::default() }
    }

    /// An object, and the place it was read from.
    pub fn object(object: &ObjectRef, place: Option<&Place>) -> Self {
        Self {
            api_version: Some(object.api_version.as_str().into()),
            kind: object.kind.as_str().into(),
            namespace: object.namespace.as_deref().map(Into::into),
            name: object.name.as_str().into(),
            ..Self::default()
        }
        .at(place)
    }

    /// The same, read from a place.
    #[must_use]
    pub fn at(mut self, place: Option<&Place>) -> Self {
        self.file = place.map(|place| place.file.clone());
        self.document = place.map(|place| place.document);
        self.line = place.and_then(|place| place.line);
        self
    }
}

/// Words alone name a whole.
impl From<&str> for Subject {
    fn from(words: &str) -> Self {
        Self::scope(words)
    }
}

impl From<String> for Subject {
    fn from(words: String) -> Self {
        Self::scope(words)
    }
}

impl From<&ObjectRef> for Subject {
    fn from(object: &ObjectRef) -> Self {
        Self::object(object, None)
    }
}

/// `Pod airlock/edge-0`, `platform.test:443`; from a file with its place: `Pod shop/cart (shop.yaml#2)`.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.api_version.is_some() {
            write!(f, "{} ", self.kind)?;
        }
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}", self.name)?;
        match (&self.file, self.document) {
            (Some(file), Some(document)) if self.api_version.is_some() => write!(f, " ({file}#{document})"),
            _ => Ok(()),
        }
    }
}

/// A JSON pointer as Kubernetes writes the path of a field: `spec.containers[0].image`,
/// `metadata.annotations[example.com/a]`.
pub fn field_path(pointer: &str) -> String {
    let mut path = String::with_capacity(pointer.len());
    for segment in pointer.split('/').skip(1) {
        let key = segment.replace("~1", "/").replace("~0", "~");
        if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) && key.bytes().any(|byte| !byte.is_ascii_digit()) {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&key);
        } else {
            path.push('[');
            path.push_str(&key);
            path.push(']');
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_reads_as_people_name_it() {
        let pod = ObjectRef::namespaced("v1", "Pod", "shop", "cart");
        assert_eq!(Subject::from(&pod).to_string(), "Pod shop/cart");
        let place = Place { file: "a/b.yaml".into(), document: 2, line: Some(9) };
        assert_eq!(Subject::object(&pod, Some(&place)).to_string(), "Pod shop/cart (a/b.yaml#2)");
        assert_eq!(Subject::of("Host", "platform.test:443").to_string(), "platform.test:443");
        assert_eq!(Subject::of("File", "b\u{1b}.yaml").at(Some(&place)).to_string(), "b\\u{1b}.yaml");
    }

    #[test]
    fn every_key_of_a_subject_is_always_there() {
        let written = serde_json::to_value(Subject::scope("all")).unwrap();
        assert_eq!(written, serde_json::json!({ "apiVersion": null, "kind": "Scope", "namespace": null, "name": "all", "file": null, "document": null, "line": null }));
    }

    #[test]
    fn paths_are_written_as_kubernetes_writes_them() {
        assert_eq!(field_path("/spec/containers/0/securityContext/privileged"), "spec.containers[0].securityContext.privileged");
        assert_eq!(field_path("/metadata/labels/app.kubernetes.io~1name"), "metadata.labels[app.kubernetes.io/name]");
        assert_eq!(field_path(""), "");
    }
}
