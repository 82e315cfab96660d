use serde_json::{Value, json};

use super::*;
use crate::selector::WrittenSelector;

fn asked() -> Asked {
    let labels = [(names::LABEL_PART_OF, "airlock"), ("team", "data")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Asked { named: None, platform: "airlock".into(), labels }
}

fn selector(written: &Value) -> Option<Selector> {
    serde_json::from_value::<Option<WrittenSelector>>(written.clone()).unwrap().map(|written| written.read().unwrap())
}

fn selection(objects: &Value, namespaces: &Value) -> Selection {
    Selection { objects: selector(objects), namespaces: selector(namespaces) }
}

fn one(service_monitors: Selection, pod_monitors: Selection, rules: Selection) -> Prometheus {
    Prometheus { namespace: "monitoring".into(), name: "k8s".into(), service_monitors, pod_monitors, rules }
}

fn all() -> Selection {
    selection(&json!({}), &json!({}))
}

fn labels(value: Value) -> Labels {
    serde_json::from_value(value).unwrap()
}

#[test]
fn an_empty_selector_takes_everything_as_it_is() {
    let joining = asked().join(&[one(all(), all(), all())]).unwrap();
    assert_eq!((joining.monitor_kind, joining.monitor_labels, joining.rule_labels, joining.namespace_labels), (MonitorKind::ServiceMonitor, Labels::new(), Labels::new(), Labels::new()));
}

#[test]
fn labels_that_are_asked_for_are_borne_and_those_that_are_borne_are_not_added() {
    let monitors = selection(&json!({ "matchLabels": { "release": "stack", "team": "data" } }), &json!({ "matchLabels": { "watched": "yes", "kubernetes.io/metadata.name": "airlock" } }));
    let rules = selection(
        &json!({ "matchExpressions": [{ "key": "role", "operator": "In", "values": ["a", "b"] }, { "key": "role", "operator": "NotIn", "values": ["a"] }] }),
        &json!({ "matchExpressions": [{ "key": "rules", "operator": "Exists" }] }),
    );
    let joining = asked().join(&[one(monitors.clone(), Selection::default(), rules.clone())]).unwrap();
    assert_eq!(joining.monitor_labels, labels(json!({ "release": "stack" })));
    assert_eq!(joining.rule_labels, labels(json!({ "role": "b" })));
    assert_eq!(joining.namespace_labels, labels(json!({ "watched": "yes", "rules": "true" })));
    let with = |mut borne: Labels, added: &Labels| {
        borne.extend(added.clone());
        borne
    };
    assert!(monitors.objects.unwrap().matches(&with(asked().labels, &joining.monitor_labels)));
    assert!(rules.objects.unwrap().matches(&with(asked().labels, &joining.rule_labels)));
    assert!(monitors.namespaces.unwrap().matches(&with(asked().namespace_labels(), &joining.namespace_labels)));
}

#[test]
fn pods_are_named_where_services_are_not_taken() {
    let joining = asked().join(&[one(Selection::default(), selection(&json!({ "matchLabels": { "a": "b" } }), &json!({})), all())]).unwrap();
    assert_eq!((joining.monitor_kind, joining.monitor_labels), (MonitorKind::PodMonitor, labels(json!({ "a": "b" }))));
}

#[test]
fn what_can_take_nothing_of_ours_says_why() {
    let untaken = |prometheus: Prometheus| match asked().join(&[prometheus]) {
        Err(Unjoined::Untaken { kind, why, .. }) => (kind, why),
        other => panic!("{other:?}"),
    };
    let (monitor, rule) = ("ServiceMonitor or PodMonitor", "PrometheusRule");
    let none = Selection::default();
    assert_eq!(untaken(one(none.clone(), none.clone(), all())), (monitor, NO_OBJECT));
    assert_eq!(untaken(one(all(), none.clone(), none.clone())), (rule, NO_OBJECT));
    assert_eq!(untaken(one(selection(&json!({}), &json!(null)), none.clone(), all())), (monitor, OWN_NAMESPACE));
    assert_eq!(untaken(one(selection(&json!({ "matchLabels": { (names::LABEL_PART_OF): "stack" } }), &json!({})), none.clone(), all())), (monitor, OTHER_LABELS));
    let without_us = json!({ "matchExpressions": [{ "key": "team", "operator": "NotIn", "values": ["data"] }] });
    assert_eq!(untaken(one(all(), none.clone(), selection(&without_us, &json!({})))), (rule, OTHER_LABELS));
    // Each of the two could be had, not both.
    let namespaces = |value: &str| selection(&json!({}), &json!({ "matchLabels": { "watched": value } }));
    assert_eq!(untaken(one(namespaces("a"), none, namespaces("b"))), (rule, OTHER_LABELS));
}

#[test]
fn one_of_several_is_named() {
    let other = Prometheus { name: "other".into(), ..one(all(), all(), all()) };
    let both = [one(all(), all(), all()), other];
    assert_eq!(asked().join(&both), Err(Unjoined::Several(vec!["monitoring/k8s".into(), "monitoring/other".into()])));
    let named = |name: &str| Asked { named: Some(name.into()), ..asked() };
    assert_eq!(named("monitoring/other").join(&both).unwrap().name, "other");
    assert_eq!(named("a/b").join(&both).unwrap_err().to_string(), "there is no a/b; there is monitoring/k8s, monitoring/other");
    assert_eq!(asked().join(&[]), Err(Unjoined::Absent));
}
