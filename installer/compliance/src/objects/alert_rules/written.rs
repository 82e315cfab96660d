//! Rules as somebody wrote them (Prometheus documentation, "Alerting rules", "Recording rules").

use airlock_model::SnapshotObject;
use serde_json::Value;

use super::promql;

/// A rule of a group of a file.
pub(super) struct WrittenRule {
    /// The entry of the `ConfigMap` that holds it, by whose name Prometheus finds it.
    pub(super) file: String,
    pub(super) group: String,
    /// The alert that it gives, or the series that it writes.
    pub(super) name: String,
    pub(super) is_alert: bool,
    pub(super) expression: String,
    /// How long its expression holds before it gives its alert; none: no such time is written.
    pub(super) for_millis: Option<u64>,
}

/// The rules of each field of an object that holds some, or why they cannot be read.
pub(super) fn rules(object: &SnapshotObject) -> Vec<(String, Result<Vec<WrittenRule>, String>)> {
    if object.object.kind == "PrometheusRule" {
        return vec![("/spec".to_owned(), of_groups("", object.manifest.get("spec").unwrap_or(&Value::Null)))];
    }
    let data = object.manifest.get("data").and_then(Value::as_object).into_iter().flatten();
    let files = data.filter(|(key, _)| key.rsplit_once('.').is_some_and(|(_, form)| form == "rules")).filter_map(|(key, text)| Some((key, text.as_str()?)));
    files.map(|(key, text)| (format!("/data/{key}"), of_text(key, text))).collect()
}

fn of_text(file: &str, text: &str) -> Result<Vec<WrittenRule>, String> {
    let written: Value = serde_yaml::from_str(text).map_err(|error| format!("{file} cannot be read: {error}"))?;
    of_groups(file, &written)
}

fn of_groups(file: &str, written: &Value) -> Result<Vec<WrittenRule>, String> {
    let groups = written.get("groups").and_then(Value::as_array).ok_or("it has no groups of rules")?;
    let of_group = |group: &Value| {
        let name = scalar(group, "name").unwrap_or_default();
        let rules = group.get("rules").and_then(Value::as_array).into_iter().flatten();
        rules.filter_map(|rule| of_rule(file, &name, rule)).collect::<Vec<_>>()
    };
    Ok(groups.iter().flat_map(of_group).collect())
}

/// None: it is neither an alert nor a series.
fn of_rule(file: &str, group: &str, rule: &Value) -> Option<WrittenRule> {
    let alert = scalar(rule, "alert");
    let is_alert = alert.is_some();
    let for_millis = is_alert.then(|| scalar(rule, "for").map_or(Some(0), |text| promql::millis(&text))).flatten();
    let name = alert.or_else(|| scalar(rule, "record"))?;
    Some(WrittenRule { file: file.to_owned(), group: group.to_owned(), name, is_alert, expression: scalar(rule, "expr").unwrap_or_default(), for_millis })
}

/// A text, or a number, which is a text as well to Prometheus.
fn scalar(value: &Value, field: &str) -> Option<String> {
    match value.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
