//! Reports read by programs of others (tests/readers): each finds what the JSON says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

pub(crate) const FORMATS: [&str; 9] = ["json", "sarif", "junit", "csv", "html", "oscal", "markdown", "policyreport", "openreports"];

/// The schema of OASIS, as the crate that knows SARIF bears it; Cargo.lock pins it.
fn schema() -> PathBuf {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version=1", "--locked", "--offline"]).output().expect("cargo");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let manifest = packages.filter(|package| package["name"] == json!("serde-sarif")).find_map(|package| package["manifest_path"].as_str());
    Path::new(manifest.expect("serde-sarif is among the dependencies")).with_file_name("src").join("schema.json")
}

fn read(folder: &Path) -> Output {
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../readers/read")).arg(folder).arg(schema()).output().expect("tests/readers/read")
}

pub(crate) fn understood(folder: &Path) -> Value {
    let output = read(folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn programs_of_others_read_what_the_report_says() {
    let folder = tempfile::tempdir().expect("a folder");
    for format in FORMATS {
        super::report(folder.path(), format, &["--all"]);
    }
    let report: Value = serde_json::from_slice(&fs::read(super::report(folder.path(), "json", &["--all"])).expect("it was written")).expect("JSON");
    let count = |verdict: &str| report["summary"][verdict].as_u64().unwrap_or_default();
    let checks = report["checks"].as_array().map_or(0, Vec::len);
    let applied = report["checks"].as_array().into_iter().flatten().filter(|check| check["verdict"] != json!("not-applicable")).count();
    let findings = report["findings"].as_array().map_or(0, Vec::len);
    let verdicts = json!({ "fail": count("fail"), "pass": count("pass"), "not applicable": count("not-applicable") });
    let found = understood(folder.path());
    assert!(count("fail") > 20 && count("pass") > 20 && count("not-applicable") > 5, "{}", report["summary"]);

    assert_eq!(found["json"]["findings"], json!(findings));
    assert_eq!(found["sarif"]["rules"], json!(checks));
    assert_eq!(found["sarif"]["kinds"], json!({ "fail": count("fail"), "pass": count("pass"), "notApplicable": count("not-applicable") }));
    assert_eq!(found["csv"]["verdicts"], verdicts);
    assert_eq!(found["junit"]["suites"], json!(checks));
    assert_eq!(found["junit"]["failures"], json!(count("fail")));
    assert_eq!(found["junit"]["skipped"], json!(count("not-applicable")));
    assert_eq!((&found["html"]["checks"], &found["html"]["scripts"]), (&json!(applied), &json!(0)));
    // A check that applies has only findings that do.
    assert_eq!(found["html"]["findings"], json!({ "✗ failed": count("fail"), "✓ proved": count("pass") }));
    let failing = report["checks"].as_array().into_iter().flatten().filter(|check| check["verdict"] == json!("fail")).count();
    assert_eq!(found["oscal"], json!({ "observations": verdicts, "risks": { "open": failing }, "states": { "satisfied": applied - failing, "not-satisfied": failing } }));
    let results = json!({ "fail": count("fail"), "pass": count("pass"), "skip": count("not-applicable") });
    assert_eq!(found["policyreport"], json!({ "kinds": ["ClusterPolicyReport", "PolicyReport"], "results": results }));
    assert_eq!(found["openreports"], json!({ "kinds": ["ClusterReport", "Report"], "results": results }));
    let names = found["csv"]["names"].as_array().expect("names");
    for name in ["<script>alert('name')</script>", "photo\\u{202e}gpj.exe", "'=HYPERLINK(1)", "a;'=HYPERLINK(2)", "'＝HYPERLINK(3)", "two\\nlines"] {
        assert!(names.contains(&json!(name)), "{name}: {names:?}");
    }
}

/// GitHub's own parser gives back each text of others letter by letter, in a cell of its own.
#[test]
fn github_shows_names_of_others_as_they_are_in_a_table_of_as_many_rows_as_findings() {
    let folder = tempfile::tempdir().expect("a folder");
    super::report(folder.path(), "markdown", &["--all"]);
    let report: Value = serde_json::from_slice(&fs::read(super::report(folder.path(), "json", &["--all"])).expect("it was written")).expect("JSON");
    let found = understood(folder.path());
    let rows = |table: usize| found["markdown"]["tables"][table]["rows"].as_array().expect("rows").clone();
    assert_eq!(found["markdown"]["tables"][1]["heading"], json!(["", "check", "about", "seen", "expected", "what to do"]));
    assert_eq!((found["markdown"]["tables"].as_array().map(Vec::len), rows(0).len()), (Some(2), report["checks"].as_array().map_or(0, Vec::len)));
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(rows(1).len(), findings.len());
    for (row, finding) in rows(1).iter().zip(findings) {
        let shown = |text: &Value| super::shown(text.as_str().unwrap_or_default());
        assert_eq!((&row[1], row[3].as_str()), (&finding["check"], Some(shown(&finding["observed"]).as_str())), "{finding}");
        assert!(row[2].as_str().is_some_and(|about| about.contains(&shown(&finding["subject"]["name"]))), "{row}: {finding}");
    }
    for name in super::names() {
        assert!(findings.iter().any(|finding| finding["subject"]["name"] == json!(name)), "{name}");
    }
}

/// A reader that takes everything would prove nothing.
#[test]
fn programs_of_others_refuse_what_is_broken() {
    let whole = tempfile::tempdir().expect("a folder");
    for format in FORMATS {
        super::report(whole.path(), format, &[]);
    }
    assert_eq!(understood(whole.path()).as_object().map(serde_json::Map::len), Some(FORMATS.len()));
    for (format, right, wrong) in [
        ("json", "\"verdict\": \"fail\"", "\"verdict\": \"failed\""),
        ("sarif", "\"version\": \"2.1.0\"", "\"version\": \"2.0.0\""),
        ("sarif", "\"startLine\"", "\"startColumn\""),
        ("junit", " failures=\"", " failures=\"1"),
        ("csv", ",fail,", ",fail,surplus,"),
        ("csv", ",'=", ",="),
        ("csv", ";'=", ";="),
        ("csv", "'＝", "＝"),
        ("html", "</dl>", "</p>"),
        ("oscal", "\"collected\"", "\"collectd\""),
        ("markdown", "&lt;", "<"),
        ("markdown", "https\\://", "https://"),
        ("policyreport", "\"result\": \"fail\"", "\"result\": \"failed\""),
        ("openreports", "\"scored\"", "\"scorde\""),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let name = format!("report.{format}");
        let text = fs::read_to_string(whole.path().join(&name)).expect("it was written");
        let broken = text.replace(right, wrong);
        assert_ne!(text, broken, "{format}");
        fs::write(folder.path().join(&name), broken).expect("the folder is ours");
        let output = read(folder.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(&format!("{name}: ")), "{format}: {said}");
    }
}
