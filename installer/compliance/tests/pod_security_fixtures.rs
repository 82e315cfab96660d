//! The fixtures of Pod Security admission judge our evaluator: 4,537 pods, the folder is the verdict, the file name the control.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use airlock_compliance::{Control, Judging, PodSecurityLevel, PodSecurityVersion, Violation, judge, manifests, pod_security, setting, unprofiled, with_checks};
use airlock_model::{Object, Profile, Verdict};
use serde_json::{Value, json};

use crate::makers::MAKERS;

mod makers;

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

/// All of them, read once for all tests.
static ALL: LazyLock<Vec<Fixture>> = LazyLock::new(fixtures);

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
    let fixtures = &*ALL;
    assert_eq!(fixtures.len(), FIXTURES);
    let mut wrong = Vec::new();
    for fixture in fixtures {
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
    for fixture in ALL.iter() {
        let of_pod = judged(&fixture.pod, fixture);
        for workload in wrapped(&fixture.pod) {
            assert_eq!(judged(&workload, fixture), of_pod, "{} as {}", fixture.name, workload["kind"]);
        }
    }
}

#[test]
fn every_violation_points_at_its_value() {
    for fixture in ALL.iter().filter(|fixture| !fixture.is_good) {
        for (_, violation) in judged(&fixture.pod, fixture) {
            let there = fixture.pod.pointer(&violation.path).cloned().unwrap_or(Value::Null);
            assert_eq!(there, violation.value, "{} {}", fixture.name, violation.path);
        }
    }
}

/// The check that stands for a control.
fn check(control: &str) -> &'static str {
    match control {
        "privileged" => "PSS-001",
        "hostnamespaces" => "PSS-002",
        "hostpathvolumes" => "PSS-003",
        "hostports" => "PSS-004",
        "capabilities_baseline" => "PSS-005",
        "capabilities_restricted" => "PSS-006",
        "allowprivilegeescalation" => "PSS-007",
        "runasnonroot" => "PSS-008",
        "runasuser" => "PSS-009",
        "seccompprofile_baseline" | "seccompprofile_restricted" => "PSS-010",
        "apparmorprofile" => "PSS-011",
        "selinuxoptions" => "PSS-012",
        "sysctls" => "PSS-013",
        "procmount" | "procmount_restricted" => "PSS-014",
        "restrictedvolumes" => "PSS-015",
        "windowshostprocess" => "PSS-016",
        "hostprobesandhostlifecycle" => "PSS-017",
        other => panic!("no check stands for {other}"),
    }
}

/// The pod itself, and as each kind of workload holds it.
fn wrapped(pod: &Value) -> Vec<Value> {
    let as_maker = |(api, kind, at): (&str, &str, &str)| {
        let template = json!({ "metadata": pod["metadata"], "spec": pod["spec"] });
        let mut workload = at.rsplit('/').filter(|field| !field.is_empty()).fold(template, |inner, field| json!({ field: inner }));
        workload.as_object_mut().unwrap().extend([("apiVersion".to_owned(), json!(api)), ("kind".to_owned(), json!(kind)), ("metadata".to_owned(), json!({ "name": "fixture" }))]);
        workload
    };
    std::iter::once(pod.clone()).chain(MAKERS.map(as_maker)).collect()
}

fn asked(level: &str, version: PodSecurityVersion) -> Profile {
    let mut profile = with_checks(unprofiled(), "PSS-00*,PSS-010,PSS-011,PSS-012,PSS-013,PSS-014,PSS-015,PSS-016,PSS-017").unwrap();
    profile.parameters.extend([format!("PSS.level={level}"), format!("PSS.version={version}")].iter().map(|text| setting(text, &unprofiled()).unwrap()));
    profile
}

/// What is asked together.
type Group = (PodSecurityLevel, PodSecurityVersion);

/// Files by the text of their pod: most versions have the same ones, which are read once.
type Read = BTreeMap<String, Vec<manifests::FileObjects>>;

fn file(pod: &str, kind: &str) -> String {
    format!("{pod} as {kind}")
}

fn read(pod: &Value) -> Vec<manifests::FileObjects> {
    let name = pod.to_string();
    wrapped(pod).iter().map(|object| manifests::read(&file(&name, object["kind"].as_str().unwrap()), object.to_string().as_bytes())).collect()
}

/// As `airlock compliance-check --manifests … --checks 'PSS-*' --set PSS.level=… --set PSS.version=…` does it.
#[test]
fn files_get_the_verdict_of_their_folder_by_the_check_of_their_name_in_every_kind_of_workload() {
    assert_eq!(ALL.len(), FIXTURES);
    let mut groups: BTreeMap<Group, Vec<&Fixture>> = BTreeMap::new();
    let mut files = Read::new();
    for fixture in ALL.iter() {
        files.entry(fixture.pod.to_string()).or_insert_with(|| read(&fixture.pod));
        groups.entry((fixture.level, fixture.version)).or_default().push(fixture);
    }
    // A snapshot is made by one thread, so that groups are judged beside each other.
    let (first, second): (Vec<_>, Vec<_>) = groups.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
    let wrong_of = |groups: Vec<(usize, (Group, Vec<&Fixture>))>| groups.into_iter().flat_map(|(_, (group, fixtures))| wrong(group, &fixtures, &files)).collect::<Vec<_>>();
    let wrong = std::thread::scope(|scope| {
        let beside = scope.spawn(|| wrong_of(second));
        let mut wrong = wrong_of(first);
        wrong.extend(beside.join().unwrap());
        wrong
    });
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

/// The fixtures of a group that are judged otherwise than their folders say, in any kind of workload.
fn wrong((level, version): Group, fixtures: &[&Fixture], files: &Read) -> Vec<String> {
    let given = manifests::snapshot(fixtures.iter().flat_map(|fixture| files[&fixture.pod.to_string()].clone()));
    let report = judge(&asked(level.name(), version), &given, Judging { passes: false, workers: 1 }).unwrap();
    let mut fired: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.verdict != Verdict::NotApplicable) {
        assert_eq!(finding.verdict, Verdict::Fail, "{finding:#?}");
        fired.entry(finding.subject.file.as_ref().unwrap().raw()).or_default().insert(&finding.check);
    }
    let mut wrong = Vec::new();
    for fixture in fixtures {
        let pod = fixture.pod.to_string();
        for kind in std::iter::once("Pod").chain(MAKERS.map(|(_, kind, _)| kind)) {
            let fired = fired.get(file(&pod, kind).as_str()).cloned().unwrap_or_default();
            let is_right = if fixture.is_good { fired.is_empty() } else { [fixture.control.as_str(), overrider(&fixture.control)].iter().any(|control| fired.contains(check(control))) };
            if !is_right {
                wrong.push(format!("{} as {kind}: {fired:?}", fixture.name));
            }
        }
    }
    wrong
}
