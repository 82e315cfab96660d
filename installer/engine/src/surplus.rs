//! What Airlock set once and no longer names: the API server keeps book of it (`metadata.managedFields`), and a server-side
//! apply by the same manager takes it away.
//!
//! The book is a tree (Kubernetes: "Server-Side Apply", structured-merge-diff `fieldpath`): `f:NAME` is a field, `k:{…}` the
//! element of a keyed list, `v:VALUE` that of a set, `.` the place itself; a leaf is a value that is set as a whole.

use airlock_model::FieldChange;
use serde_json::{Map, Value};

use crate::difference::{descend, is_nothing};

/// What goes away when `desired` is applied. Fields that others added are not among it.
pub(crate) fn of(desired: &Value, live: &Value) -> Vec<FieldChange> {
    let mut found = Vec::new();
    for page in live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten() {
        if let Some(fields) = page.get("fieldsV1").and_then(Value::as_object) {
            walk(fields, Some(desired), live, &mut String::new(), &mut found);
        }
    }
    found
}

fn walk(owned: &Map<String, Value>, desired: Option<&Value>, live: &Value, path: &mut String, found: &mut Vec<FieldChange>) {
    for (entry, below) in owned {
        let Some((key, live)) = step(entry, live) else { continue };
        let desired = desired.and_then(|desired| step(entry, desired)).map(|(_, value)| value);
        let below = below.as_object().filter(|below| below.keys().any(|key| key != "."));
        descend(path, &key, |path| match (below, desired) {
            (Some(below), desired) => walk(below, desired, live, path, found),
            (None, None) if !is_nothing(live) => found.push(FieldChange { path: path.clone(), before: Some(live.clone()), after: None }),
            (None, _) => {}
        });
    }
}

/// Goes down to what an entry of the book speaks of: its key for a JSON pointer, and its value; none where it is not there.
fn step<'a>(entry: &str, value: &'a Value) -> Option<(String, &'a Value)> {
    let (kind, name) = entry.split_once(':')?;
    let element = |is_meant: &dyn Fn(&Value) -> bool| {
        let at = value.as_array()?.iter().position(is_meant)?;
        Some((at.to_string(), value.get(at)?))
    };
    match kind {
        "f" => value.get(name).map(|value| (name.to_owned(), value)),
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(name).ok()?;
            element(&|item| has_keys(item, &keys))
        }
        "v" => {
            let wanted: Value = serde_json::from_str(name).ok()?;
            element(&|item| *item == wanted)
        }
        _ => None,
    }
}

/// A desired element need not name every key: the API server has defaults for some (`protocol: TCP`).
fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    let named: Vec<bool> = keys.iter().filter_map(|(key, value)| item.get(key).map(|found| found == value)).collect();
    !named.is_empty() && named.into_iter().all(|equal| equal)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn surplus(owned: &Value, desired: &Value, mut live: Value) -> Vec<String> {
        live["metadata"]["managedFields"] = json!([{ "fieldsV1": owned }]);
        of(desired, &live).into_iter().map(|change| change.path).collect()
    }

    #[test]
    fn a_field_that_is_still_named_and_one_that_is_gone_already_are_no_surplus() {
        let owned = json!({"f:spec": {"f:a": {}, "f:b": {}, "f:c": {}}});
        assert_eq!(surplus(&owned, &json!({"spec": {"a": 1}}), json!({"spec": {"a": 2, "b": []}})), Vec::<String>::new());
    }

    #[test]
    fn of_a_map_that_is_no_longer_named_only_our_own_entries_go() {
        let owned = json!({"f:metadata": {"f:annotations": {".": {}, "f:example.com/x": {}}}});
        let live = json!({"metadata": {"annotations": {"example.com/x": "1", "theirs": "2"}}});
        assert_eq!(surplus(&owned, &json!({"metadata": {}}), live), ["/metadata/annotations/example.com~1x"]);
    }

    #[test]
    fn elements_of_lists_are_told_apart_by_their_keys_and_by_their_values() {
        let owned = json!({"f:ports": {"k:{\"port\":443,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}, "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}}, "f:set": {"v:\"a\"": {}, "v:\"b\"": {}}});
        let desired = json!({"ports": [{"port": 443}], "set": ["a"]});
        let live = json!({"ports": [{"port": 443, "protocol": "TCP", "name": "https"}, {"port": 80, "protocol": "TCP"}], "set": ["b", "a"]});
        assert_eq!(surplus(&owned, &desired, live), ["/ports/0/name", "/ports/1/port", "/set/0"]);
    }

    #[test]
    fn a_book_that_cannot_be_read_says_nothing() {
        assert_eq!(surplus(&json!({"x": {}, "k:{": {}, "i:0": {}, "f:a": {"k:{}": {}}}), &json!({}), json!({"a": [1]})), Vec::<String>::new());
    }
}
