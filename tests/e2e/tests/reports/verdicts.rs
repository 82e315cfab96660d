//! Each verdict that there is, in the forms of others: what somebody answers for, what warns, and what is not known are told apart from
//! passes and failures where the form has words for it, and bear their own word besides.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use airlock_e2e::program;
use serde_json::{Value, json};

use super::readers::understood;

const MANIFESTS: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { hostNetwork: true, containers: [{ name: web, image: web, securityContext: { privileged: true } }] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reader }
rules: [{ apiGroups: [""], resources: [secrets], verbs: [get] }]
"#;
/// `PUBLIC`: a key.
const PROFILE: &str = "apiVersion: airlock/v1
kind: SecurityPolicyProfile
metadata: { name: company, version: '1', owner: security }
checks: [PSS-001, PSS-002, PSS-003, PSS-004, RBC-003, NET-010, NET-011, DBS-001]
rules: [{ checks: [NET-011], mustProbe: true }]
custom:
  - id: ACME-001
    title: something is there
    severity: high
    why: w
    fix: f
    match: { apiVersion: apps/v1, kinds: [Deployment] }
    validations: [{ expression: object.spec.nothing.is == 1, message: m }]
keys: [{ name: officer, publicKey: 'PUBLIC' }]
";
const EXCEPTIONS: &str = "apiVersion: airlock/v1
kind: Exceptions
exceptions: [{ id: E-1, checks: ['PSS-00?'], match: { path: '*hostNetwork*' }, reason: r, approvedBy: Jane Approver, ticket: SEC-4711, expires: 2099-01-31, compensating: c }]
";
const ATTESTATIONS: &str = "apiVersion: airlock/v1
kind: Attestations
attestations: [{ check: NET-010, statement: s, evidence: 'sha256:0000000000000000000000000000000000000000000000000000000000000000', attestedBy: Joe Attestor, expires: 2099-01-31 }]
";

#[test]
fn each_verdict_is_told_to_programs_of_others() {
    let folder = tempfile::tempdir().expect("a folder");
    decided(folder.path());
    for format in super::readers::FORMATS {
        let mut command = Command::new(program());
        command.current_dir(folder.path()).args(["compliance-check", "--manifests", "manifests.yaml", "--profile", "./profile.yaml"]);
        let output = command.args(["--exceptions", "exceptions.yaml", "--attestations", "attestations.yaml", "--all", "-o", format]).stdin(Stdio::null()).output().expect("airlock starts");
        assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(folder.path().join(format!("report.{format}")), output.stdout).expect("the folder is ours");
    }
    let report: Value = serde_json::from_slice(&fs::read(folder.path().join("report.json")).expect("it was written")).expect("JSON");
    let count = |verdict: &str| report["summary"][verdict].as_u64().unwrap_or_default();
    for verdict in ["pass", "fail", "warn", "unverified", "error", "excepted", "attested", "not-applicable"] {
        assert!(count(verdict) > 0, "{verdict}: {}", report["summary"]);
    }
    let (unknown, shown) = (count("unverified") + count("error"), count("pass") + count("attested"));
    let found = understood(folder.path());
    let kinds = json!({ "fail": count("fail") + count("excepted"), "pass": shown, "notApplicable": count("not-applicable"), "review": count("warn"), "open": unknown });
    assert_eq!(found["sarif"]["kinds"], kinds);
    assert_eq!((&found["junit"]["failures"], &found["junit"]["errors"], &found["junit"]["skipped"]), (&json!(count("fail")), &json!(unknown), &json!(count("not-applicable"))));
    let words = ["pass", "fail", "warn", "unverified", "error", "excepted", "attested"].map(|verdict| (verdict.to_owned(), json!(count(verdict))));
    let words = Value::Object(words.into_iter().chain([("not applicable".to_owned(), json!(count("not-applicable")))]).collect());
    assert_eq!((&found["csv"]["verdicts"], &found["oscal"]["observations"]), (&words, &words));
    let results = json!({ "fail": count("fail"), "pass": shown, "skip": count("not-applicable"), "warn": count("warn") + count("excepted"), "error": unknown });
    for form in ["policyreport", "openreports"] {
        assert_eq!(found[form]["results"], results, "{form}");
    }
    let of_checks = |meant: &[&str]| report["checks"].as_array().into_iter().flatten().filter(|check| check["verdict"].as_str().is_some_and(|verdict| meant.contains(&verdict))).count();
    let (satisfied, open, approved) = (of_checks(&["pass", "attested"]), of_checks(&["fail", "warn", "unverified", "error"]), of_checks(&["excepted"]));
    assert!(satisfied > 0 && open > 0 && approved > 0, "{satisfied} {open} {approved}");
    assert_eq!(found["oscal"]["states"], json!({ "satisfied": satisfied, "not-satisfied": open + approved }));
    assert_eq!(found["oscal"]["risks"], json!({ "open": open, "deviation-approved": approved }));
    let proved = [
        ("✓ proved", "pass"),
        ("✗ failed", "fail"),
        ("! warned", "warn"),
        ("? could not be looked at", "unverified"),
        ("✗ went wrong", "error"),
        ("! excepted", "excepted"),
        ("✓ attested", "attested"),
    ];
    let headed = proved.map(|(heading, verdict)| (heading.to_owned(), json!(count(verdict)))).into_iter().collect();
    assert_eq!(found["html"]["findings"], Value::Object(headed));
    let mut cells = serde_json::Map::new();
    for row in found["markdown"]["tables"][1]["rows"].as_array().expect("rows") {
        let (_, word) = row[0].as_str().and_then(|cell| cell.split_once(' ')).expect("a mark and a word");
        let seen = cells.get(word).and_then(Value::as_u64).unwrap_or_default();
        cells.insert(word.to_owned(), json!(seen + 1));
    }
    assert_eq!(Value::Object(cells), words);
    for (form, words) in [("sarif", "\"verdict\": \"attested\""), ("sarif", "\"suppressions\""), ("junit", "attested: "), ("policyreport", "attested"), ("openreports", "attested")] {
        let text = fs::read_to_string(folder.path().join(format!("report.{form}"))).expect("it was written");
        assert!(text.contains(words), "{words} stands in no {form}");
    }
}

/// Also on a screen, without more words.
#[test]
fn who_approved_and_who_attested_stands_in_each_form() {
    let folder = tempfile::tempdir().expect("a folder");
    decided(folder.path());
    for format in super::readers::FORMATS.into_iter().chain(["text"]) {
        let mut command = Command::new(program());
        command.current_dir(folder.path()).args(["compliance-check", "--manifests", "manifests.yaml", "--profile", "./profile.yaml"]);
        let output = command.args(["--exceptions", "exceptions.yaml", "--attestations", "attestations.yaml", "--all", "-o", format]).stdin(Stdio::null()).output().expect("airlock starts");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        // EXC-001 names both, which is not the finding that they decided about.
        let said = text.replace("it counts until 2099-01-31, approved by Jane Approver", "").replace("it counts until 2099-01-31, attested by Joe Attestor", "");
        for words in ["Jane Approver", "SEC-4711", "Joe Attestor", "2099-01-31"] {
            assert!(said.contains(words), "{words} stands in no {format}");
        }
        if format == "json" {
            let report: Value = serde_json::from_str(&text).expect("JSON");
            let exception = &report["exceptions"][0];
            assert_eq!((&exception["id"], &exception["approvedBy"], &exception["used"]), (&json!("E-1"), &json!("Jane Approver"), &json!(true)));
        }
        if format == "sarif" {
            let report: Value = serde_json::from_str(&text).expect("JSON");
            let results = report["runs"][0]["results"].as_array().expect("results");
            let justified: Vec<&Value> = results.iter().filter_map(|result| result["suppressions"].get(0)).map(|suppression| &suppression["justification"]).collect();
            assert!(!justified.is_empty() && justified.iter().all(|words| words.as_str().is_some_and(|words| words.contains("approved by Jane Approver, SEC-4711"))), "{justified:?}");
        }
    }
}

/// What is judged, by which profile, and what was decided about it, signed.
fn decided(folder: &Path) {
    let openssl = |arguments: &[&str]| {
        let ended = Command::new("openssl").current_dir(folder).args(arguments).output().expect("openssl");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8_lossy(&ended.stdout).into_owned()
    };
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", "officer.pem"]);
    let public = openssl(&["pkey", "-in", "officer.pem", "-pubout"]).trim().replace('\n', " ");
    let written =
        [("manifests.yaml", MANIFESTS.to_owned()), ("profile.yaml", PROFILE.replace("PUBLIC", &public)), ("exceptions.yaml", EXCEPTIONS.to_owned()), ("attestations.yaml", ATTESTATIONS.to_owned())];
    for (name, text) in written {
        fs::write(folder.join(name), text).expect("the folder is ours");
    }
    for name in ["exceptions.yaml", "attestations.yaml"] {
        openssl(&["pkeyutl", "-sign", "-rawin", "-inkey", "officer.pem", "-in", name, "-out", &format!("{name}.sig")]);
    }
}
