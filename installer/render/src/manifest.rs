//! YAML becomes objects. A key that stands twice is an error: the plain way into JSON would silently keep the last.

use airlock_model::Object;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::RenderError;

/// Reads one declaration of ours: `component.yaml`, `images.yaml`, `sizing.yaml`.
pub(crate) fn declaration<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, RenderError> {
    let refuse = |error: serde_yaml::Error| RenderError::Declaration { file: file.to_owned(), message: error.to_string() };
    // The first reading finds keys that stand twice, the second keeps `1.10` a text where a text is due.
    serde_yaml::from_str::<serde_yaml::Value>(text).map_err(refuse)?;
    serde_yaml::from_str(text).map_err(refuse)
}

/// Reads the documents that a template gave; empty ones are left out.
pub(crate) fn documents(file: &str, text: &str) -> Result<Vec<Value>, RenderError> {
    let refuse = |message: String| RenderError::Yaml { file: file.to_owned(), message };
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let document = serde_yaml::Value::deserialize(document).map_err(|error| refuse(error.to_string()))?;
        let document = serde_json::to_value(document).map_err(|error| refuse(error.to_string()))?;
        if !document.is_null() {
            documents.push(document);
        }
    }
    Ok(documents)
}

/// A finished manifest as an object.
pub(crate) fn object(file: &str, manifest: Value) -> Result<Object, RenderError> {
    Object::new(manifest).map_err(|source| RenderError::Object { file: file.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let error = documents("a/b.yaml", "kind: A\nkind: B\n").unwrap_err();
        assert!(error.to_string().contains("duplicate"), "{error}");
    }

    #[test]
    fn documents_keep_the_order_of_their_keys_and_empty_ones_are_left_out() {
        let read = documents("a.yaml", "---\nb: 1\na: 2\n---\n---\n# nothing\n").unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].to_string(), r#"{"b":1,"a":2}"#);
    }
}
