//! Whether a live object is already as a desired one wants it.
//!
//! A desired object is a subset: the API server adds defaults, other managers add fields. So every leaf of the desired
//! object must stand in the live one with an equal value. Lists are compared element by element, in order, because
//! server-side apply keeps the applied order of keyed and atomic lists. Quantities are compared by their amount, since
//! the API server writes them in canonical form (`1024Mi` comes back as `1Gi`).
//!
//! Too much is a difference as well: whatever opens something (`opens`) must be just what is desired, and what Airlock set
//! once and no longer names (`surplus`) has to go.

use airlock_model::{FieldChange, quantity_millis};
use serde_json::{Map, Value};

use crate::surplus;

/// What differs between `desired` and the live object: fields that it lacks, has otherwise, or has too much. Empty when
/// nothing would change.
pub fn difference(desired: &Value, live: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare(desired, Some(live), Reading::of(desired), &mut String::new(), &mut changes);
    for more in surplus::of(desired, live) {
        let is_said = changes.iter().any(|change| more.path == change.path || more.path.strip_prefix(change.path.as_str()).is_some_and(|rest| rest.starts_with('/')));
        if !is_said {
            changes.push(more);
        }
    }
    changes
}

/// How a part of an object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading<'a> {
    /// The whole object: the field of this name opens something.
    Whole(Option<&'a str>),
    /// What is desired is a subset.
    Subset,
    /// What is desired is all there may be.
    Exact,
}

impl Reading<'_> {
    /// As the kind of the object wants it.
    pub(crate) fn of(desired: &Value) -> Self {
        Self::Whole(desired.get("kind").and_then(Value::as_str).and_then(opens))
    }

    /// How a field of it is read.
    pub(crate) fn of_field(self, key: &str) -> Self {
        match self {
            Self::Whole(opening) if opening == Some(key) => Self::Exact,
            Self::Whole(_) | Self::Subset => Self::Subset,
            Self::Exact => Self::Exact,
        }
    }
}

/// The field of a kind that lets somebody do something. A subset would not do there: a rule, a port range, or a verb that
/// somebody adds stays open for ever. The templates write these fields whole, so the API server adds nothing to them.
fn opens(kind: &str) -> Option<&'static str> {
    match kind {
        "NetworkPolicy" => Some("spec"),
        "Role" | "ClusterRole" => Some("rules"),
        "RoleBinding" | "ClusterRoleBinding" => Some("subjects"),
        _ => None,
    }
}

fn compare(desired: &Value, live: Option<&Value>, reading: Reading<'_>, path: &mut String, changes: &mut Vec<FieldChange>) {
    match (desired, live) {
        (Value::Object(wanted), Some(Value::Object(found))) => {
            for (key, value) in wanted {
                descend(path, key, |path| compare(value, found.get(key), reading.of_field(key), path, changes));
            }
            if reading == Reading::Exact {
                more(wanted, found, path, changes);
            }
        }
        (Value::Array(wanted), Some(Value::Array(found))) if wanted.len() == found.len() => {
            for (index, (value, found)) in wanted.iter().zip(found).enumerate() {
                descend(path, &index.to_string(), |path| compare(value, Some(found), reading, path, changes));
            }
        }
        // The API server drops empty maps and lists, and treats them as absent.
        (Value::Object(wanted), None) if wanted.is_empty() => {}
        (Value::Array(wanted), None) if wanted.is_empty() => {}
        (wanted, Some(found)) if same_scalar(wanted, found) => {}
        (wanted, found) => changes.push(FieldChange { path: path.clone(), before: found.cloned(), after: Some(wanted.clone()) }),
    }
}

/// Fields beside the wanted ones.
fn more(wanted: &Map<String, Value>, found: &Map<String, Value>, path: &mut String, changes: &mut Vec<FieldChange>) {
    for (key, value) in found.iter().filter(|(key, value)| !wanted.contains_key(*key) && !is_nothing(value)) {
        descend(path, key, |path| changes.push(FieldChange { path: path.clone(), before: Some(value.clone()), after: None }));
    }
}

/// What the API server treats as absent.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Goes a step down a JSON pointer (RFC 6901) and comes back.
pub(crate) fn descend(path: &mut String, key: &str, step: impl FnOnce(&mut String)) {
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

    fn policy(spec: &Value) -> Value {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": spec})
    }

    fn paths(desired: &Value, live: &Value) -> Vec<String> {
        difference(desired, live).into_iter().map(|change| change.path).collect()
    }

    #[test]
    fn a_rule_that_somebody_added_to_a_policy_is_seen_and_an_absent_list_is_an_empty_one() {
        let closed = policy(&json!({"podSelector": {}, "ingress": [], "egress": [], "policyTypes": ["Ingress", "Egress"]}));
        let stored = policy(&json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
        assert_eq!(paths(&closed, &stored), Vec::<String>::new());
        let opened = policy(&json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "egress": [{}]}));
        assert_eq!(paths(&closed, &opened), ["/spec/egress"]);
    }

    #[test]
    fn a_rule_of_a_policy_is_compared_as_a_whole() {
        let rule = |port: Value, more: Value| {
            let mut rule = json!({"ports": [port]});
            rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            policy(&json!({"ingress": [rule]}))
        };
        let desired = rule(json!({"port": 443, "protocol": "TCP"}), json!({}));
        assert_eq!(paths(&desired, &rule(json!({"port": 443, "protocol": "TCP", "endPort": 65535}), json!({}))), ["/spec/ingress/0/ports/0/endPort"]);
        // An answer that named peers was taken away again.
        let narrower = rule(json!({"port": 443, "protocol": "TCP"}), json!({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}));
        assert_eq!(paths(&desired, &narrower), ["/spec/ingress/0/from"]);
        assert_eq!(paths(&narrower, &desired), ["/spec/ingress/0/from"]);
    }

    #[test]
    fn a_verb_and_a_subject_that_somebody_added_are_seen() {
        let role = |verbs: &[&str]| json!({"kind": "Role", "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}]});
        assert_eq!(paths(&role(&["get"]), &role(&["get", "delete"])), ["/rules/0/verbs"]);
        let narrowed = json!({"kind": "Role", "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["a"]}]});
        assert_eq!(paths(&role(&["get"]), &narrowed), ["/rules/0/resourceNames"]);
        let subjects = |names: &[&str]| json!({"kind": "RoleBinding", "subjects": names.iter().map(|name| json!({"kind": "ServiceAccount", "name": name})).collect::<Vec<_>>()});
        assert_eq!(paths(&subjects(&["a"]), &subjects(&["a", "b"])), ["/subjects"]);
    }

    #[test]
    fn what_airlock_set_once_and_no_longer_names_goes() {
        let owned = json!([{"manager": "airlock", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:annotations": {"f:internal": {}}}, "f:spec": {"f:ranges": {}}}}]);
        let live = json!({"metadata": {"annotations": {"internal": "true", "theirs": "x"}, "managedFields": owned}, "spec": {"type": "LoadBalancer", "ranges": ["10.0.0.0/8"]}});
        let changes = difference(&json!({"metadata": {}, "spec": {"type": "LoadBalancer"}}), &live);
        let gone = |path: &str, before: Value| FieldChange { path: path.into(), before: Some(before), after: None };
        assert_eq!(changes, [gone("/metadata/annotations/internal", json!("true")), gone("/spec/ranges", json!(["10.0.0.0/8"]))]);
    }
}
