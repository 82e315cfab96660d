//! Templates that nobody rendered, told from those that an object keeps for other programs.
//!
//! Kubernetes reads no templates: one that stands in a field of its own was to be rendered before. A `ConfigMap` with the
//! templates of Alertmanager, a rule whose annotations name `{{ $labels.pod }}`, and a resource of somebody else hold
//! theirs as content.

use serde_json::Value;

use super::kinds;

/// What is said of one.
pub(super) const UNRENDERED: &str = "a template was not rendered; give the output of `helm template`";

/// What Helm alone gives to templates (Helm documentation, "Built-in Objects" and "Named Templates").
const HELM: [&str; 5] = [".Values.", ".Release.", ".Chart.", ".Capabilities.", "include \""];
/// Fields that hold a name, of which no letter is a brace, beside those that end in `Name`.
const NAMES: [&str; 8] = ["apiVersion", "host", "image", "kind", "labels", "matchLabels", "name", "namespace"];

/// The text of an object that was to be rendered, if there is one.
pub(super) fn text<'v>(api_version: &str, kind: &str, manifest: &'v Value) -> Option<&'v str> {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    // The definition of a resource describes its fields in words, with examples.
    let is_read_by_kubernetes = kinds::is_group_of_kubernetes(group) && kind != "CustomResourceDefinition";
    manifest.as_object()?.iter().find_map(|(key, value)| {
        let is_kept = matches!((kind, key.as_str()), ("ConfigMap", "data") | ("Secret", "stringData"));
        let is_read = matches!(key.as_str(), "apiVersion" | "kind" | "metadata") || (is_read_by_kubernetes && !is_kept);
        let place = if is_read { Place::of(key) } else { Place::Content };
        place.search(value)
    })
}

/// What stands somewhere.
#[derive(Clone, Copy)]
enum Place {
    /// A name.
    Name,
    /// Something else that Kubernetes reads.
    Field,
    /// A word that a program is started with, which may be a template of that program's.
    Word,
    /// What is kept for others.
    Content,
}

impl Place {
    fn of(key: &str) -> Self {
        match key {
            "annotations" => Self::Content,
            "args" | "command" | "value" => Self::Word,
            _ if NAMES.contains(&key) || key.ends_with("Name") => Self::Name,
            _ => Self::Field,
        }
    }

    fn search(self, value: &Value) -> Option<&str> {
        match value {
            Value::String(text) => self.is_unrendered(text).then_some(text),
            Value::Array(items) => items.iter().find_map(|item| self.search(item)),
            Value::Object(fields) => fields.iter().find_map(|(key, value)| self.of_key().is_unrendered(key).then_some(key.as_str()).or_else(|| self.below(key).search(value))),
            _ => None,
        }
    }

    /// Keys are names, but for those that others read.
    const fn of_key(self) -> Self {
        if matches!(self, Self::Content) { Self::Content } else { Self::Name }
    }

    fn below(self, key: &str) -> Self {
        if matches!(self, Self::Field) { Self::of(key) } else { self }
    }

    fn is_unrendered(self, text: &str) -> bool {
        match self {
            Self::Name => text.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")),
            Self::Word => names_helm(text),
            Self::Field => is_one_action(text) || names_helm(text),
            // Files of many lines may be for somebody who calls his values as Helm does, as Istio's injector does.
            Self::Content => !has_lines(text) && names_helm(text),
        }
    }
}

/// The whole text is one `{{ … }}`.
fn is_one_action(text: &str) -> bool {
    text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).is_some_and(|inside| !inside.contains("}}"))
}

fn names_helm(text: &str) -> bool {
    text.split("{{").skip(1).any(|inside| {
        let inside = inside.split("}}").next().unwrap_or_default();
        HELM.iter().any(|word| inside.contains(word))
    })
}

/// Of an object as JSON, which `kubectl apply` keeps in an annotation, the lines are in its texts.
fn has_lines(text: &str) -> bool {
    text.trim_end().contains('\n') || text.starts_with("{\"")
}
