//! Kubernetes objects as data, and how they are named.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which object is meant. Ordered, so that lists of objects read the same in every run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    /// `v1`, `apps/v1`.
    pub api_version: String,
    /// `Secret`, `Deployment`.
    pub kind: String,
    /// Absent for cluster-scoped kinds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
}

impl ObjectRef {
    /// A namespaced object.
    pub fn namespaced(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self { api_version: api_version.into(), kind: kind.into(), namespace: Some(namespace.into()), name: name.into() }
    }

    /// A cluster-scoped object.
    pub fn cluster(api_version: &str, kind: &str, name: &str) -> Self {
        Self { api_version: api_version.into(), kind: kind.into(), namespace: None, name: name.into() }
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// A rendered object: the whole manifest as JSON, with `apiVersion`, `kind`, and `metadata.name`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Object {
    reference: ObjectRef,
    manifest: Value,
}

/// What a manifest lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the manifest has no {missing}: {excerpt}")]
pub struct ObjectError {
    /// The field.
    pub missing: &'static str,
    /// The beginning of the manifest.
    pub excerpt: String,
}

impl Object {
    /// Whether it is a `RoleBinding` to a Role among these objects. The API server holds it against the Role's rules, so before the
    /// Role is there it cannot be tried by whoever is no administrator of all.
    pub fn binds_one_of(&self, objects: &[Self]) -> bool {
        let role = &self.manifest["roleRef"];
        self.reference.kind == "RoleBinding"
            && objects.iter().any(|object| object.reference.kind == "Role" && object.reference.namespace == self.reference.namespace && role["name"] == object.reference.name.as_str())
    }

    /// Takes a manifest.
    pub fn new(manifest: Value) -> Result<Self, ObjectError> {
        let text = |pointer: &str, missing: &'static str| {
            manifest.pointer(pointer).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| ObjectError { missing, excerpt: manifest.to_string().chars().take(120).collect() })
        };
        let reference = ObjectRef {
            api_version: text("/apiVersion", "apiVersion")?,
            kind: text("/kind", "kind")?,
            namespace: text("/metadata/namespace", "namespace").ok(),
            name: text("/metadata/name", "metadata.name")?,
        };
        Ok(Self { reference, manifest })
    }

    /// Which object it is.
    pub const fn reference(&self) -> &ObjectRef {
        &self.reference
    }

    /// The manifest.
    pub const fn manifest(&self) -> &Value {
        &self.manifest
    }

    /// The manifest, given away.
    pub fn into_manifest(self) -> Value {
        self.manifest
    }

    /// The pod template or pod spec holder: `(metadata, spec)` of the pods that this object makes, if it makes any.
    pub fn pod(&self) -> Option<(&Value, &Value)> {
        let at = match self.reference.kind.as_str() {
            "Pod" => "",
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => "/spec/template",
            "PodTemplate" => "/template",
            "CronJob" => "/spec/jobTemplate/spec/template",
            _ => return None,
        };
        let template = self.manifest.pointer(at)?;
        Some((template.get("metadata").unwrap_or(&Value::Null), template.get("spec")?))
    }
}

impl TryFrom<Value> for Object {
    type Error = ObjectError;
    fn try_from(manifest: Value) -> Result<Self, ObjectError> {
        Self::new(manifest)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        object.manifest
    }
}
