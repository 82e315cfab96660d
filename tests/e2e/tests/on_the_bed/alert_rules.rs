//! The rules of alerts, judged by Prometheus' own tool over measurements of tests/rules; no cluster is needed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use airlock_bed::Bed;
use serde_yaml::Value;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(here(folder)).expect(folder).map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    found.sort();
    found
}

fn read(path: &Path) -> Value {
    let mut read: Value = serde_yaml::from_str(&std::fs::read_to_string(path).expect("a text")).expect("YAML");
    read.apply_merge().expect("a document");
    read
}

/// What stands in lists of this name, in lists of that one.
fn members<'a>(document: &'a Value, outer: &str, inner: &str) -> Vec<&'a Value> {
    let list = |value: &'a Value, name: &str| value[name].as_sequence().into_iter().flatten();
    list(document, outer).flat_map(|member| list(member, inner)).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn every_alert_comes_when_it_should_and_not_before() {
    let tests = files("tests/rules", ".test.yml");
    let (rules, cases): (Vec<Value>, Vec<Value>) = (files("templates/monitoring", ".rules").iter().map(|path| read(path)).collect(), tests.iter().map(|path| read(path)).collect());
    let alerts: BTreeSet<String> = rules.iter().flat_map(|rules| members(rules, "groups", "rules")).filter(|rule| !rule["alert"].is_null()).map(|rule| text(&rule["alert"])).collect();
    let tried = |comes: bool| -> BTreeSet<String> {
        let said = cases.iter().flat_map(|cases| members(cases, "tests", "alert_rule_test"));
        said.filter(|case| case["exp_alerts"].as_sequence().is_some_and(|alerts| alerts.is_empty() != comes)).map(|case| text(&case["alertname"])).collect()
    };
    assert!(alerts.len() >= 10, "{alerts:?}");
    assert_eq!(tried(true), alerts, "every alert is seen to come");
    assert_eq!(tried(false), alerts, "and not to come");

    let bed = Bed::from_environment();
    let built = Command::new(here("tests/cluster/images/monitoring")).arg("promtool").env("AIRLOCK_BED", bed.folder()).status().expect("images/monitoring");
    assert!(built.success(), "promtool is not built");
    let output = Command::new(bed.folder().join("bin/promtool")).args(["test", "rules"]).args(&tests).output().expect("promtool");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.matches("SUCCESS").count() == tests.len(), "{said}");
}
