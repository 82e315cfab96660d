//! The rules of alerts, judged by Prometheus' own tool over measurements of tests/rules; no cluster is needed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use airlock_bed::Bed;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(here(folder)).expect(folder).map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    found.sort();
    found
}

/// What stands behind a key in those files, in lines and in flow style alike.
fn values(paths: &[PathBuf], key: &str) -> BTreeSet<String> {
    let texts: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).expect("a text")).collect();
    let word = |rest: &str| rest.trim().split([',', '\n', ' ']).next().unwrap_or_default().to_owned();
    texts.iter().flat_map(|text| text.split(key).skip(1).map(word).collect::<Vec<_>>()).collect()
}

#[test]
fn every_alert_comes_when_it_should_and_not_before() {
    let (rules, tests) = (files("templates/monitoring", ".rules"), files("tests/rules", ".test.yml"));
    let tried = values(&tests, "alertname:");
    assert!(tried.len() >= 10, "{tried:?}");
    assert_eq!(values(&rules, "alert:"), tried, "every alert is tried");

    let bed = Bed::from_environment();
    let built = Command::new(here("tests/cluster/images/monitoring")).arg("promtool").env("AIRLOCK_BED", bed.folder()).status().expect("images/monitoring");
    assert!(built.success(), "promtool is not built");
    let output = Command::new(bed.folder().join("bin/promtool")).args(["test", "rules"]).args(&tests).output().expect("promtool");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.matches("SUCCESS").count() == tests.len(), "{said}");
}
