//! The parts of a live object that Airlock owns, as a digest.
//!
//! A desired object is a subset of the live one: the API server adds defaults and other managers add fields. What counts
//! is what stands at the places that the desired object names. The same reading serves three questions: is the object as
//! the plan saw it, is it as the plan makes it, and what does the plan write down as seen.

use airlock_model::{Digest, quantity_millis};
use serde_json::{Map, Value};

use crate::difference;

/// Digest of the live values at the places that `desired` names.
///
/// Quantities count by their amount, since the API server rewrites them (`1024Mi` comes back as `1Gi`). Empty maps and
/// lists count as absent, since the API server drops them. Lists are read element by element while both have the same
/// length, otherwise as a whole.
pub fn owned_digest(desired: &Value, live: &Value) -> Result<Digest, serde_json::Error> {
    Digest::of_canonical(&project(desired, Some(live)))
}

/// Whether the live object is already as `desired` wants it.
pub fn is_as_desired(desired: &Value, live: &Value) -> bool {
    difference(desired, live).is_empty()
}

fn project(desired: &Value, live: Option<&Value>) -> Value {
    match (desired, live) {
        // Nothing is wanted of the map, so whatever the API server put into it is right.
        (Value::Object(wanted), found) if wanted.is_empty() && found.is_none_or(|found| found.is_object() || found.is_null()) => Value::Null,
        // A list that is wanted empty is one that is wanted without elements.
        (Value::Array(wanted), found) if wanted.is_empty() && found.is_none_or(is_empty) => Value::Null,
        (_, None) => Value::Null,
        (Value::Object(wanted), Some(Value::Object(found))) => {
            let fields: Map<String, Value> = wanted.iter().map(|(key, value)| (key.clone(), project(value, found.get(key)))).collect();
            Value::Object(fields)
        }
        (Value::Array(wanted), Some(Value::Array(found))) if wanted.len() == found.len() => wanted.iter().zip(found).map(|(wanted, found)| project(wanted, Some(found))).collect(),
        (_, Some(found)) => scalar(found),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Null => true,
        Value::Object(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Quantities by their amount; everything else as it is.
fn scalar(value: &Value) -> Value {
    let millis = match value {
        Value::String(text) => quantity_millis(text),
        Value::Number(number) => number.as_u64().map(|n| u128::from(n) * 1000),
        _ => None,
    };
    millis.map_or_else(|| value.clone(), |millis| Value::String(format!("{millis}m")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(desired: &Value, a: &Value, b: &Value) -> bool {
        owned_digest(desired, a).unwrap() == owned_digest(desired, b).unwrap()
    }

    #[test]
    fn what_others_add_does_not_count() {
        let desired = json!({"spec": {"replicas": 1}, "metadata": {"labels": {"a": "b"}}});
        let bare = json!({"spec": {"replicas": 1}, "metadata": {"labels": {"a": "b"}}});
        let grown = json!({"spec": {"replicas": 1, "paused": false}, "metadata": {"labels": {"a": "b", "team": "x"}, "uid": "1"}, "status": {}});
        assert!(same(&desired, &bare, &grown));
        assert!(is_as_desired(&desired, &grown));
    }

    #[test]
    fn a_changed_owned_field_counts() {
        let desired = json!({"spec": {"replicas": 1}});
        assert!(!same(&desired, &json!({"spec": {"replicas": 1}}), &json!({"spec": {"replicas": 2}})));
        assert!(!same(&desired, &json!({"spec": {"replicas": 1}}), &json!({"spec": {}})));
        assert!(!is_as_desired(&desired, &json!({"spec": {"replicas": 2}})));
    }

    #[test]
    fn quantities_count_by_amount_and_empty_maps_as_absent() {
        let desired = json!({"cpu": "1000m", "memory": "1024Mi", "emptyDir": {}, "ingress": []});
        assert!(is_as_desired(&desired, &json!({"cpu": "1", "memory": "1Gi"})));
        assert!(is_as_desired(&desired, &json!({"cpu": "1", "memory": "1Gi", "emptyDir": {}})));
        assert!(!is_as_desired(&desired, &json!({"cpu": "2", "memory": "1Gi"})));
    }

    #[test]
    fn a_longer_list_is_read_as_a_whole() {
        let desired = json!({"ports": [{"port": 1}]});
        assert!(is_as_desired(&desired, &json!({"ports": [{"port": 1, "protocol": "TCP"}]})));
        assert!(!is_as_desired(&desired, &json!({"ports": [{"port": 1}, {"port": 2}]})));
        assert!(!same(&desired, &json!({"ports": [{"port": 1}, {"port": 2}]}), &json!({"ports": [{"port": 1}, {"port": 3}]})));
    }

    #[test]
    fn what_the_server_puts_into_an_empty_map_is_right_and_into_an_empty_list_is_not() {
        assert!(is_as_desired(&json!({"strategy": {}}), &json!({"strategy": {"type": "RollingUpdate"}})));
        assert!(!is_as_desired(&json!({"ingress": []}), &json!({"ingress": [{"from": []}]})));
    }
}
