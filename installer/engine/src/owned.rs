//! The parts of a live object that Airlock owns, as a digest.
//!
//! A desired object is a subset of the live one: the API server adds defaults and other managers add fields. What counts
//! is what stands at the places that the desired object names, and what Airlock set once and no longer names. Fields that
//! open something count whole. The same reading serves three questions: is the object as the plan saw it, is it as the plan
//! makes it, and what does the plan write down as seen.

use airlock_model::{Digest, quantity_millis};
use serde_json::{Map, Value};

use crate::difference::{Reading, is_nothing};
use crate::{difference, surplus};

/// Digest of the live values at the places that `desired` names, or that it would take away.
///
/// Quantities count by their amount, since the API server rewrites them (`1024Mi` comes back as `1Gi`). Empty maps and
/// lists count as absent, since the API server drops them. Lists are read element by element while both have the same
/// length, otherwise as a whole.
pub fn owned_digest(desired: &Value, live: &Value) -> Result<Digest, serde_json::Error> {
    Digest::of_canonical(&(project(desired, Some(live), Reading::of(desired)), surplus::of(desired, live)))
}

/// Whether the live object is already as `desired` wants it.
pub fn is_as_desired(desired: &Value, live: &Value) -> bool {
    difference(desired, live).is_empty()
}

fn project(desired: &Value, live: Option<&Value>, reading: Reading<'_>) -> Value {
    match (desired, live) {
        (_, Some(found)) if reading == Reading::Exact && !is_nothing(found) => whole(found),
        // Nothing is wanted of the map, so whatever the API server put into it is right.
        (Value::Object(wanted), found) if wanted.is_empty() && found.is_none_or(|found| found.is_object() || found.is_null()) => Value::Null,
        // A list that is wanted empty is one that is wanted without elements.
        (Value::Array(wanted), Some(found)) if wanted.is_empty() && is_nothing(found) => Value::Null,
        (_, None) => Value::Null,
        (Value::Object(wanted), Some(Value::Object(found))) => {
            let fields: Map<String, Value> = wanted.iter().map(|(key, value)| (key.clone(), project(value, found.get(key), reading.of_field(key)))).collect();
            Value::Object(fields)
        }
        (Value::Array(wanted), Some(Value::Array(found))) if wanted.len() == found.len() => wanted.iter().zip(found).map(|(wanted, found)| project(wanted, Some(found), reading)).collect(),
        (_, Some(found)) => scalar(found),
    }
}

/// All of a value, without what the API server treats as absent.
fn whole(value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.iter().filter(|(_, value)| !is_nothing(value)).map(|(key, value)| (key.clone(), whole(value))).collect()),
        Value::Array(items) => items.iter().map(whole).collect(),
        other => scalar(other),
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

    #[test]
    fn of_what_opens_something_every_field_counts_and_an_absent_list_is_an_empty_one() {
        let policy = |spec: Value| json!({"kind": "NetworkPolicy", "spec": spec});
        let desired = policy(json!({"podSelector": {}, "ingress": [], "egress": [{"ports": [{"port": 53}]}]}));
        let stored = policy(json!({"podSelector": {}, "egress": [{"ports": [{"port": 53}]}]}));
        assert!(is_as_desired(&desired, &stored));
        assert!(same(&desired, &stored, &policy(json!({"podSelector": {}, "ingress": [], "egress": [{"ports": [{"port": 53}], "to": []}]}))));
        for opened in [json!({"podSelector": {}, "egress": [{"ports": [{"port": 53, "endPort": 99}]}]}), json!({"podSelector": {}, "ingress": [{}], "egress": [{"ports": [{"port": 53}]}]})] {
            assert!(!is_as_desired(&desired, &policy(opened.clone())));
            assert!(!same(&desired, &stored, &policy(opened)));
        }
    }

    #[test]
    fn what_airlock_no_longer_names_counts_until_it_is_gone() {
        let live = |value: Option<&str>| {
            let annotations = value.map_or_else(|| json!({}), |value| json!({ "internal": value }));
            json!({"metadata": {"annotations": annotations, "managedFields": [{"fieldsV1": {"f:metadata": {"f:annotations": {"f:internal": {}}}}}]}})
        };
        let desired = json!({"metadata": {}});
        assert!(!is_as_desired(&desired, &live(Some("true"))) && is_as_desired(&desired, &live(None)));
        assert!(!same(&desired, &live(Some("true")), &live(Some("false"))));
    }
}
