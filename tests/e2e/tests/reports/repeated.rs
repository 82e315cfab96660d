//! The same input gives the same bytes in every form, but for times; and what changed is told.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use airlock_e2e::program;
use serde_json::{Value, json};

const FORMATS: [&str; 10] = ["text", "json", "csv", "html", "junit", "markdown", "openreports", "oscal", "policyreport", "sarif"];
/// What stands in a line with a time.
const TIMES: [&str; 7] = [" UTC", "\"last-modified\": ", "\"start\": ", "\"collected\": ", "\"seconds\": ", "\"nanos\": ", "\"tookMillis\": "];

/// Digits of lines with a time are all the same.
fn timeless(text: &str) -> String {
    let digit = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let line =
        |line: &str| if TIMES.iter().any(|time| line.contains(time)) { line.chars().map(digit).collect::<String>().trim_end_matches(['0', ',', 'Z', '"', '.']).to_owned() } else { line.to_owned() };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn two_runs_on_the_same_input_are_equal_but_for_times() {
    let folder = tempfile::tempdir().expect("a folder");
    for format in FORMATS {
        let written = || fs::read_to_string(super::report(folder.path(), format, &["--all"])).expect("it was written");
        let (first, second) = (written(), written());
        assert!(first.lines().count() > 20, "{format}: {first}");
        assert_eq!(timeless(&first), timeless(&second), "{format}");
    }
}

/// The exit code and the comparison with a report.
fn compared(manifests: &Path, old: &Path, form: &str) -> (Option<i32>, String) {
    let output = Command::new(program()).args(["compliance-check", "--checks", "PSS-001", "-o", form, "--manifests"]).arg(manifests).arg("--diff").arg(old).stdin(Stdio::null()).output();
    let output = output.expect("airlock starts");
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn what_got_worse_and_better_is_told_and_the_exit_code_is_the_gates() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manifests, old) = (folder.path().join("a.yaml"), folder.path().join("old.json"));
    let pod = |name: &str, privileged: bool| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, namespace: shop }}\nspec: {{ containers: [ {{ name: a, image: b, securityContext: {{ privileged: {privileged} }} }} ] }}\n")
    };
    let give = |pods: &[(&str, bool)]| fs::write(&manifests, pods.iter().map(|(name, privileged)| pod(name, *privileged)).collect::<Vec<_>>().join("---\n")).expect("the folder is ours");
    give(&[("stays", true), ("mended", true), ("breaks", false)]);
    let output = Command::new(program()).args(["compliance-check", "--checks", "PSS-001", "-o", "json", "--manifests"]).arg(&manifests).output().expect("airlock starts");
    fs::write(&old, output.stdout).expect("the folder is ours");

    give(&[("mended", false), ("breaks", true), ("stays", true)]);
    let (code, text) = compared(&manifests, &old, "json");
    let comparison: Value = serde_json::from_str(&text).expect("JSON");
    let names = |list: &str| comparison[list].as_array().into_iter().flatten().map(|one| one["subject"]["name"].clone()).collect::<Vec<_>>();
    assert_eq!((code, names("worse"), names("better"), &comparison["unchanged"]), (Some(7), vec![json!("breaks")], vec![json!("mended")], &json!(1)), "{text}");
    let (_, text) = compared(&manifests, &old, "text");
    assert!(text.contains("breaks") && text.contains("mended") && !text.contains("stays"), "{text}");

    give(&[("stays", false)]);
    assert_eq!(compared(&manifests, &old, "json").0, Some(0), "all is mended");
    fs::write(&old, "{}").expect("the folder is ours");
    assert_eq!(compared(&manifests, &old, "json").0, Some(2));
    assert_eq!(compared(&manifests, Path::new("/nowhere"), "json").0, Some(2));
    assert_eq!(compared(&manifests, &old, "sarif").0, Some(2));
}
