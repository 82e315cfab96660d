//! A pod as the controls read it: annotations, the spec, and every container with its JSON pointer.

use serde_json::Value;

/// The parts of a pod or pod template that controls look at.
#[derive(Clone, Copy)]
pub(crate) struct Pod<'a> {
    metadata: &'a Value,
    pub(crate) spec: &'a Value,
}

/// An init, main, or ephemeral container.
pub(crate) struct Container<'a> {
    /// JSON pointer from the pod's root.
    pub(crate) path: String,
    pub(crate) value: &'a Value,
}

impl<'a> Pod<'a> {
    pub(crate) const fn new(metadata: &'a Value, spec: &'a Value) -> Self {
        Self { metadata, spec }
    }

    /// Containers in the order in which Pod Security admission visits them.
    pub(crate) fn containers(self) -> impl Iterator<Item = Container<'a>> {
        ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(move |list| {
            let containers = self.spec.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            containers.iter().enumerate().map(move |(index, value)| Container { path: format!("/spec/{list}/{index}"), value })
        })
    }

    /// Annotations whose value is text; the API has no others.
    pub(super) fn annotations(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let annotations = self.metadata.get("annotations").and_then(Value::as_object);
        annotations.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// A field of the pod's security context that is set.
    pub(super) fn security(self, field: &str) -> Option<&'a Value> {
        set(set(self.spec, "securityContext")?, field)
    }

    pub(super) fn is_windows(self) -> bool {
        self.spec.pointer("/os/name").and_then(Value::as_str) == Some("windows")
    }

    /// The pod has a user namespace of its own (KEP-127).
    pub(super) fn has_own_users(self) -> bool {
        set(self.spec, "hostUsers") == Some(&Value::Bool(false))
    }
}

impl<'a> Container<'a> {
    pub(crate) fn name(&self) -> &'a str {
        self.value.get("name").and_then(Value::as_str).unwrap_or("(unnamed)")
    }

    /// A field of the container's security context that is set.
    pub(crate) fn security(&self, field: &str) -> Option<&'a Value> {
        set(set(self.value, "securityContext")?, field)
    }

    /// The pointer of a field of its security context.
    pub(crate) fn security_path(&self, field: &str) -> String {
        format!("{}/securityContext/{field}", self.path)
    }
}

/// A field that is there and not null: in Go's types, a pointer that is not nil.
pub(crate) fn set<'a>(value: &'a Value, field: &str) -> Option<&'a Value> {
    value.get(field).filter(|found| !found.is_null())
}

/// The texts of a list; what is no text counts as the empty one, which no list of allowed values holds.
pub(crate) fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().map(|item| item.as_str().unwrap_or(""))
}
