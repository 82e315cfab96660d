//! Checks of a profile's own, as a person uses them: linted, explained, and judged by beside those that ship.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::run;
use crate::run::Ended;

const PROFILE: &str = include_str!("../../../../tests/fixtures/profiles/acme.yaml");

/// What the three checks are about, good and bad.
const OBJECTS: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata: { name: good, namespace: shop, labels: { acme.example/cost-centre: "4711" } }
spec: { template: { spec: { containers: [{ name: a, image: "registry.acme.example/a:1", resources: { requests: { cpu: 1, memory: 1Gi }, limits: { cpu: 1, memory: 1Gi } } }] } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: bad, namespace: shop }
spec: { template: { spec: { initContainers: [{ name: b, image: "docker.io/b" }], containers: [{ name: a, image: "registry.acme.example/a:1" }] } } }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Service
metadata: { name: open, namespace: shop }
spec: { type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8, 0.0.0.0/0] }
"#;

fn folder(profile: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("acme.yaml"), profile).unwrap();
    fs::write(folder.path().join("objects.yaml"), OBJECTS).unwrap();
    folder
}

fn airlock(folder: &TempDir, line: &str) -> Ended {
    run::airlock(folder.path(), line, &[])
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr))
}

#[test]
fn objects_are_judged_by_checks_of_a_profiles_own() {
    let folder = folder(PROFILE);
    let ended = airlock(&folder, "compliance-check --manifests objects.yaml --profile ./acme.yaml --checks ACME-* -o json --all");
    let report = json(&ended);
    let said: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["check"] != "SRC-001")
        .map(|finding| {
            format!(
                "{} {} {} {}: {}",
                finding["check"].as_str().unwrap(),
                finding["verdict"].as_str().unwrap(),
                finding["severity"].as_str().unwrap(),
                finding["subject"]["name"].as_str().unwrap(),
                finding["observed"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "ACME-003 fail critical open: it lacks the annotation acme.example/internal",
            "ACME-003 fail critical open: the namespace shop is not meant for it",
            "ACME-003 fail critical open: others than the company's network may connect",
            "ACME-002 fail high bad: from elsewhere: docker.io/b",
            "ACME-001 fail medium bad: the label is \"\"",
            "ACME-002 pass high good: images come from a registry of the company",
            "ACME-001 pass medium good: every Deployment names its cost centre",
        ]
    );
    assert_eq!(ended.exit, 7);
    let controls: Vec<(&str, &str)> = report["controls"].as_array().unwrap().iter().map(|control| (control["id"].as_str().unwrap(), control["verdict"].as_str().unwrap())).collect();
    assert_eq!(controls, [("A-7", "failed"), ("A-9", "failed")]);
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["id"] == "ACME-001").unwrap();
    assert_eq!(check["remedy"], "set the label acme.example/cost-centre to four digits");
    // A parameter by hand.
    let set = json(&airlock(&folder, "compliance-check --manifests objects.yaml --profile ./acme.yaml --checks ACME-002 --set ACME-002.registries=registry.acme.example,docker.io -o json"));
    assert_eq!((&set["summary"]["fail"], &set["summary"]["pass"]), (&Value::from(0), &Value::from(3)), "{set}");
}

#[test]
fn every_form_of_a_report_has_them() {
    let folder = folder(PROFILE);
    for form in ["text", "json", "sarif", "junit", "markdown", "csv", "html", "oscal", "policyreport", "openreports"] {
        let ended = airlock(&folder, &format!("compliance-check --manifests objects.yaml --profile ./acme.yaml -o {form}"));
        assert!(ended.exit == 7 && ended.stdout.contains("ACME-003") && ended.stdout.contains("is not meant for it"), "{form}: {}{}", ended.stdout, ended.stderr);
    }
    let sarif = json(&airlock(&folder, "compliance-check --manifests objects.yaml --profile ./acme.yaml -o sarif"));
    let rule = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "ACME-001").unwrap();
    assert_eq!(rule["help"]["text"], "set the label acme.example/cost-centre to four digits");
    assert!(rule["fullDescription"]["text"].as_str().unwrap().starts_with("Each Deployment of apps/v1 as `object`."), "{rule}");
}

#[test]
fn they_are_explained_shown_and_compared() {
    let folder = folder(PROFILE);
    let explained = airlock(&folder, "explain acme-001 --profile ./acme.yaml");
    insta::assert_snapshot!("explained", explained.stdout);
    assert!(airlock(&folder, "explain --profile ./acme.yaml").stdout.contains("ACME-003"));
    assert_eq!(airlock(&folder, "explain ACME-001").exit, 2, "of which profile is not known");
    let shown = airlock(&folder, "profile show ./acme.yaml --effective");
    fs::write(folder.path().join("kept.yaml"), &shown.stdout).unwrap();
    let linted = json(&airlock(&folder, "profile lint acme.yaml kept.yaml -o json"));
    assert_eq!(linted[0]["profile"]["digest"], linted[1]["profile"]["digest"], "{linted}");
    fs::write(folder.path().join("other.yaml"), PROFILE.replace("{4}", "{5}").replace("ACME-003", "ACME-004")).unwrap();
    let compared = airlock(&folder, "profile diff ./acme.yaml ./other.yaml").stdout;
    for line in ["~ check of its own ACME-001: it is another one", "- check of its own ACME-003", "+ check of its own ACME-004", "- check ACME-003", "+ check ACME-004"] {
        assert!(compared.lines().any(|told| told == line), "{line}:\n{compared}");
    }
    // An exception about one can be drafted without the profile.
    assert_eq!(airlock(&folder, "exception request ACME-001 --expires 2027-01-31").exit, 0);
}

#[test]
fn what_is_wrong_is_told_with_file_line_and_column_and_a_test_that_fails_is_wrong() {
    let good = airlock(&folder(PROFILE), "profile lint acme.yaml");
    assert!(good.exit == 0 && good.stdout.starts_with("acme.yaml: good: acme 2026.3, 4 checks"), "{}{}", good.stdout, good.stderr);
    let broken = PROFILE
        .replace("variables.centre.matches", "variables.center.matches")
        .replace("variables.foreign == []", "variables.foreign ==")
        .replace(".filter(i, !params", ".filtre(i, !params")
        .replace("containsCIDR(r)", "containsCidr(r)");
    let tests = PROFILE.replace("{4}", "{3}");
    let untested = format!("{}\ncontrols: []\n", PROFILE.split("    tests:").next().unwrap());
    let screens = [broken, tests, untested].map(|profile| {
        let ended = airlock(&folder(&profile), "profile lint acme.yaml");
        format!("{}exit {}\n", ended.stdout, ended.exit)
    });
    insta::assert_snapshot!("linted", screens.join("\n"));
}
