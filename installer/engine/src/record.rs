//! What an installation remembers in its platform namespace: record, inventory, journals. All are `ConfigMap`s without
//! secrets, so that an auditor without rights to Secrets can read them. They are a memory, never the truth: a run looks
//! at the objects themselves, and a run that was killed leaves nothing here that the next one could stumble over.

mod inventory;
mod journal;

use std::collections::BTreeMap;

use airlock_cluster::Cluster;
use airlock_model::{Digest, Object, ObjectRef, Record, Verdict, names};
use serde_json::{Value, json};

pub use inventory::read as read_inventory;
pub(crate) use inventory::{remove as remove_inventory, union, without, write as write_inventory};
pub use journal::read as read_plan_runs;
pub(crate) use journal::{Journal, Opening, prune as prune_journals};

use crate::ApplyError;

/// Key of the record in its `ConfigMap`.
const RECORD_KEY: &str = "record.json";

/// Reads the record; none when there is no installation.
pub async fn read(cluster: &Cluster, namespace: &str) -> Result<Option<Record>, ApplyError> {
    match document(cluster, namespace, names::RECORD, RECORD_KEY).await? {
        Some(document) => parse(names::RECORD, document).map(Some),
        None => Ok(None),
    }
}

/// Writes what a verification came to into the record, the profile that it went by, and the answers: they may name another profile
/// than those of the last plan. Without a record there is nothing to verify, and nothing happens.
pub async fn write_verdict(cluster: &Cluster, namespace: &str, verdict: Verdict, profile: &Digest, answers: Value) -> Result<(), ApplyError> {
    let Some(record) = read(cluster, namespace).await? else { return Ok(()) };
    let verified = Record { verdict: Some(verdict), profile: Some(profile.clone()), answers, ..record.clone() };
    if verified == record { Ok(()) } else { write(cluster, namespace, &verified).await }
}

/// Writes the record.
pub(crate) async fn write(cluster: &Cluster, namespace: &str, record: &Record) -> Result<(), ApplyError> {
    let text = serde_json::to_string_pretty(record).map_err(|error| malformed(&error))?;
    let object = config_map(namespace, names::RECORD, "record", &record.installation, RECORD_KEY, text)?;
    cluster.apply(&object).await.map_err(ApplyError::of)?;
    Ok(())
}

/// Which object the record is.
pub(crate) fn object(namespace: &str) -> ObjectRef {
    ObjectRef::namespaced("v1", "ConfigMap", namespace, names::RECORD)
}

/// The JSON under `key`; none when the `ConfigMap` does not exist. A newer schema is refused before anything in it is read.
async fn document(cluster: &Cluster, namespace: &str, name: &str, key: &str) -> Result<Option<Value>, ApplyError> {
    let Some(live) = cluster.get(&ObjectRef::namespaced("v1", "ConfigMap", namespace, name)).await.map_err(ApplyError::of)? else { return Ok(None) };
    document_in(&live.manifest, name, key).map(Some)
}

fn document_in(manifest: &Value, name: &str, key: &str) -> Result<Value, ApplyError> {
    let text = manifest.get("data").and_then(|data| data.get(key)).and_then(Value::as_str).ok_or_else(|| unreadable(name, format!("it has no key {key}")))?;
    let document: Value = serde_json::from_str(text).map_err(|error| unreadable(name, error.to_string()))?;
    accept_schema(name, &document)?;
    Ok(document)
}

fn accept_schema(name: &str, document: &Value) -> Result<(), ApplyError> {
    let found = document.get("schema").and_then(Value::as_u64).ok_or_else(|| unreadable(name, "it names no schema".into()))?;
    if found > u64::from(names::RECORD_SCHEMA) {
        return Err(ApplyError::RecordNewer { name: name.to_owned(), found, known: names::RECORD_SCHEMA });
    }
    Ok(())
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, document: Value) -> Result<T, ApplyError> {
    serde_json::from_value(document).map_err(|error| unreadable(name, error.to_string()))
}

fn unreadable(name: &str, reason: String) -> ApplyError {
    ApplyError::RecordUnreadable { name: name.to_owned(), reason }
}

fn malformed(error: &serde_json::Error) -> ApplyError {
    ApplyError::PlanMalformed { reason: error.to_string() }
}

/// The labels of what the engine itself writes.
pub(crate) fn labels(component: &str, installation: &str) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> =
        [(names::LABEL_NAME, names::PRODUCT), (names::LABEL_COMPONENT, component), (names::LABEL_PART_OF, names::PRODUCT), (names::LABEL_MANAGED_BY, names::PRODUCT)]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
    if !installation.is_empty() {
        labels.insert(names::LABEL_INSTALLATION.to_owned(), installation.to_owned());
    }
    labels
}

fn config_map(namespace: &str, name: &str, component: &str, installation: &str, key: &str, text: String) -> Result<Object, ApplyError> {
    let labels = labels(component, installation);
    let mut data = serde_json::Map::new();
    data.insert(key.to_owned(), Value::String(text));
    let manifest = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": namespace, "labels": labels }, "data": data });
    Object::new(manifest).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use airlock_model::Coded as _;

    use super::*;

    #[test]
    fn a_newer_schema_is_refused_before_the_rest_is_read() {
        let error = accept_schema("airlock-record", &json!({"schema": 2, "shape": "unknown"})).unwrap_err();
        assert_eq!(error.code().0, "engine.record-newer");
        assert_eq!(error.to_string(), "the ConfigMap airlock-record has schema 2, this program knows schemas up to 1");
        assert!(accept_schema("airlock-record", &json!({"schema": 1})).is_ok());
    }

    #[test]
    fn a_damaged_record_is_an_error_and_not_an_absent_one() {
        assert_eq!(accept_schema("airlock-record", &json!({})).unwrap_err().code().0, "engine.record-unreadable");
        assert_eq!(parse::<Record>("airlock-record", json!({"schema": 1})).unwrap_err().code().0, "engine.record-unreadable");
    }

    #[test]
    fn a_record_bears_the_labels_of_its_installation() {
        let object = config_map("airlock", names::RECORD, "record", "abc", RECORD_KEY, "{}".into()).unwrap();
        assert_eq!(object.manifest().pointer("/metadata/labels/airlock-platform.io~1installation"), Some(&json!("abc")));
        assert_eq!(object.manifest().pointer("/data/record.json"), Some(&json!("{}")));
    }
}
