//! Whether a live object is already as a desired one wants it.
//!
//! A desired object is a subset: the API server adds defaults, other managers add fields. So every leaf of the desired
//! object must stand in the live one with an equal value. Lists are compared element by element, in order, because
//! server-side apply keeps the applied order of keyed and atomic lists. Quantities are compared by their amount, since
//! the API server writes them in canonical form (`1024Mi` comes back as `1Gi`).

use airlock_model::{FieldChange, quantity_millis};
use serde_json::Value;

/// The leaves of `desired` that the live object lacks or has otherwise; empty when nothing would change.
pub fn difference(desired: &Value, live: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(desired, Some(live), &mut String::new(), &mut changes);
    changes
}

fn compare(desired: &Value, live: Option<&Value>, path: &mut String, changes: &mut Vec<FieldChange>) {
    match (desired, live) {
        (Value::Object(wanted), Some(Value::Object(found))) => {
            for (key, value) in wanted {
                descend(path, key, |path| compare(value, found.get(key), path, changes));
            }
        }
        (Value::Array(wanted), Some(Value::Array(found))) if wanted.len() == found.len() => {
            for (index, (value, found)) in wanted.iter().zip(found).enumerate() {
                descend(path, &index.to_string(), |path| compare(value, Some(found), path, changes));
            }
        }
        // The API server drops empty maps and lists, and treats them as absent.
        (Value::Object(wanted), None) if wanted.is_empty() => {}
        (Value::Array(wanted), None) if wanted.is_empty() => {}
        (wanted, Some(found)) if same_scalar(wanted, found) => {}
        (wanted, found) => changes.push(FieldChange { path: path.clone(), before: found.cloned(), after: Some(wanted.clone()) }),
    }
}

fn descend(path: &mut String, key: &str, step: impl FnOnce(&mut String)) {
    let length = path.len();
    path.push('/');
    path.push_str(&key.replace('~', "~0").replace('/', "~1"));
    step(path);
    path.truncate(length);
}

fn same_scalar(wanted: &Value, found: &Value) -> bool {
    if wanted == found {
        return true;
    }
    let amount = |value: &Value| match value {
        Value::String(text) => quantity_millis(text),
        Value::Number(number) => number.as_u64().map(|n| u128::from(n) * 1000),
        _ => None,
    };
    matches!((amount(wanted), amount(found)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_that_the_server_added_are_no_difference() {
        let desired = json!({"spec": {"ports": [{"port": 443}]}});
        let live = json!({"spec": {"ports": [{"port": 443, "protocol": "TCP"}], "clusterIP": "10.0.0.1"}});
        assert_eq!(difference(&desired, &live), []);
    }

    #[test]
    fn quantities_are_compared_by_amount() {
        assert_eq!(difference(&json!({"cpu": "1000m", "memory": "1024Mi"}), &json!({"cpu": "1", "memory": "1Gi"})), []);
        assert_eq!(difference(&json!({"cpu": "100m"}), &json!({"cpu": "200m"})).len(), 1);
    }

    #[test]
    fn a_changed_a_missing_and_a_longer_value_are_each_named_by_pointer() {
        let desired = json!({"metadata": {"labels": {"a/b": "x"}}, "data": {"k": "v"}, "list": [1, 2]});
        let live = json!({"metadata": {"labels": {"a/b": "y"}}, "list": [1, 2, 3]});
        let paths: Vec<String> = difference(&desired, &live).into_iter().map(|change| change.path).collect();
        assert_eq!(paths, ["/metadata/labels/a~1b", "/data", "/list"]);
    }

    #[test]
    fn empty_maps_and_absent_ones_are_the_same() {
        assert_eq!(difference(&json!({"emptyDir": {}, "ingress": []}), &json!({})), []);
    }
}
