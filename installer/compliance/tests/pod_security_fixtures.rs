//! The fixtures of Pod Security admission judge our evaluator: 4,537 pods, the folder is the verdict, the file name the control.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use airlock_compliance::{Control, PodSecurityLevel, PodSecurityVersion, Violation, judge, pod_security, shipped};
use airlock_model::{LiveObject, Object, ObjectRef, Snapshot, Verdict, World};
use serde_json::{Value, json};

const LEVELS: [(&str, PodSecurityLevel); 2] = [("baseline", PodSecurityLevel::Baseline), ("restricted", PodSecurityLevel::Restricted)];
/// Fixtures of `k8s.io/pod-security-admission` v0.37.2.
const FIXTURES: usize = 4537;

struct Fixture {
    name: String,
    level: PodSecurityLevel,
    version: PodSecurityVersion,
    is_good: bool,
    /// File name without number, lower case: the control it was made for.
    control: String,
    pod: Value,
}

/// The module lies in Go's cache: the test bed's programs are built with it.
fn folder() -> PathBuf {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cluster/programs");
    let advice = "run `go mod download k8s.io/pod-security-admission` in tests/cluster/programs";
    let listed = Command::new("go").args(["list", "-m", "-f", "{{.Dir}}", "k8s.io/pod-security-admission"]).current_dir(programs).output();
    let listed = listed.unwrap_or_else(|error| panic!("go could not be started ({error}); install it, then {advice}"));
    let folder = PathBuf::from(String::from_utf8_lossy(&listed.stdout).trim()).join("test/testdata");
    assert!(listed.status.success() && folder.is_dir(), "the fixtures are not there ({}); {advice}", String::from_utf8_lossy(&listed.stderr).trim());
    folder
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn text(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn fixtures() -> Vec<Fixture> {
    let folder = folder();
    let mut found = Vec::new();
    for (name, level) in LEVELS {
        for of_version in entries(&folder.join(name)) {
            let version: PodSecurityVersion = of_version.file_name().unwrap().to_string_lossy().parse().unwrap();
            for (verdict, is_good) in [("pass", true), ("fail", false)] {
                for file in entries(&of_version.join(verdict)) {
                    let pod: Value = serde_yaml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
                    let control = text(&file).trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
                    found.push(Fixture { name: format!("{name}/{version}/{verdict}/{}", text(&file)), level, version, is_good, control, pod });
                }
            }
        }
    }
    found
}

fn judged(manifest: &Value, fixture: &Fixture) -> Vec<(Control, Violation)> {
    let mut manifest = manifest.clone();
    manifest["metadata"]["namespace"] = json!("fixtures");
    pod_security(&Object::new(manifest).unwrap(), fixture.level, fixture.version).unwrap()
}

/// The stricter control that takes a weaker one's place at level restricted.
fn overrider(control: &str) -> &str {
    match control {
        "capabilities_baseline" => "capabilities_restricted",
        "seccompprofile_baseline" => "seccompprofile_restricted",
        "hostpathvolumes" => "restrictedvolumes",
        "procmount" => "procmount_restricted",
        other => other,
    }
}

#[test]
fn every_fixture_gets_the_verdict_of_its_folder_by_the_control_of_its_name() {
    let fixtures = fixtures();
    assert_eq!(fixtures.len(), FIXTURES);
    let mut wrong = Vec::new();
    for fixture in &fixtures {
        let fired: Vec<String> = judged(&fixture.pod, fixture).iter().map(|(control, _)| control.name().to_lowercase()).collect();
        let is_right = if fixture.is_good { fired.is_empty() } else { fired.iter().any(|name| *name == fixture.control || name == overrider(&fixture.control)) };
        if !is_right {
            wrong.push(format!("{}: {fired:?}", fixture.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {:#?}", wrong.len(), fixtures.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
fn a_template_is_judged_like_the_pod_made_from_it() {
    for fixture in fixtures() {
        let template = json!({ "metadata": fixture.pod["metadata"], "spec": fixture.pod["spec"] });
        let workload = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "fixture" }, "spec": { "template": template } });
        assert_eq!(judged(&workload, &fixture), judged(&fixture.pod, &fixture), "{}", fixture.name);
    }
}

#[test]
fn every_violation_points_at_its_value() {
    for fixture in fixtures().iter().filter(|fixture| !fixture.is_good) {
        for (_, violation) in judged(&fixture.pod, fixture) {
            let there = fixture.pod.pointer(&violation.path).cloned().unwrap_or(Value::Null);
            assert_eq!(there, violation.value, "{} {}", fixture.name, violation.path);
        }
    }
}

#[test]
fn the_seventeen_checks_together_say_what_level_restricted_says() {
    for minor in 33..=37 {
        let version = PodSecurityVersion::minor(minor);
        let mut profile = shipped("baseline").unwrap();
        profile.checks = vec!["PSS-00*".into(), "PSS-010".into(), "PSS-011".into(), "PSS-012".into(), "PSS-013".into(), "PSS-014".into(), "PSS-015".into(), "PSS-016".into(), "PSS-017".into()];
        profile.parameters.insert("PSS.version".into(), json!(version.to_string()));
        for fixture in fixtures().into_iter().filter(|fixture| fixture.version == version && fixture.level == PodSecurityLevel::Restricted) {
            let live = LiveObject { object: ObjectRef::namespaced("v1", "Pod", "fixtures", "fixture"), manifest: fixture.pod, ready: true };
            let given = Snapshot { world: World { namespaces: vec!["fixtures".into()], ..World::default() }, objects: BTreeMap::from([("Pod".into(), Ok(vec![live]))]), ..Snapshot::default() };
            let report = judge(&profile, &given).unwrap();
            assert_eq!(report.checks.len(), 17);
            assert_eq!(report.verdict, if fixture.is_good { Verdict::Pass } else { Verdict::Fail }, "{}", fixture.name);
        }
    }
}
