use std::fs;

use airlock_model::{Coded as _, Digest, ImageLock, Purpose};
use serde_json::json;
use tempfile::TempDir;

use super::*;

const GROUP: &str = "apiVersion: airlock/v1
kind: SecurityPolicyProfile
metadata: { name: group, version: '1', owner: security@group.test }
extends: [baseline]
rules: [{ checks: [PSS-001], locked: true }]
";
const ACME: &str = "apiVersion: airlock/v1
kind: SecurityPolicyProfile
metadata: { name: acme, version: '2', owner: security@acme.test }
extends: [group.yaml]
custom:
  - { id: ACME-001, title: no job, severity: low, why: w, fix: f, match: { apiVersion: batch/v1, kinds: [Job] }, validations: [{ expression: \"object.metadata.name != 'x: \\\"y\\\"'\" }] }
";

/// A folder with the company's profile beside the one that it extends.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("group.yaml"), GROUP).unwrap();
    fs::write(folder.path().join("acme.yaml"), ACME).unwrap();
    folder
}

fn answers_naming(reference: &str) -> Answers {
    let mut answers = Answers::of_domain("platform.test").unwrap();
    reference.clone_into(&mut answers.profile.reference);
    answers
}

fn of_file(path: &Path) -> Answers {
    answers_naming(&format!("file:{}", path.display()))
}

fn code<T>(result: Result<T, PlatformError>) -> &'static str {
    result.map_or_else(|error| error.code().0, |_| "")
}

#[test]
fn answers_name_one_that_ships_or_a_file_with_what_stands_beside_it() {
    let folder = folder();
    let profile = named(&of_file(&folder.path().join("acme.yaml"))).unwrap();
    assert_eq!((profile.metadata.name.as_str(), profile.locked.checks.contains("PSS-001")), ("acme", true));
    assert!(profile.checks.iter().any(|check| check == "NET-001"), "what the parent's parent selects is made");
    assert_eq!(named(&answers_naming("baseline")).unwrap().metadata.name, "baseline");
}

#[test]
fn a_file_is_never_taken_for_a_profile_that_ships() {
    assert_eq!(code(named(&answers_naming("file:baseline"))), "compliance.profile-unreadable");
    assert_eq!(code(named(&answers_naming("./acme.yaml"))), "compliance.profile-unreadable", "answers say `file:`");
}

#[test]
fn a_file_that_is_none_is_refused_as_by_the_flag() {
    let folder = folder();
    let path = folder.path().join("acme.yaml");
    assert_eq!(code(named(&of_file(&folder.path().join("gone.yaml")))), "compliance.profile-unreadable");
    fs::write(&path, ACME.replace("custom:", "costum:")).unwrap();
    let error = named(&of_file(&path)).unwrap_err();
    assert!(error.to_string().contains("acme.yaml:5:") && error.exit() == airlock_model::Exit::Usage, "{error}");
    fs::write(&path, ACME.replace("custom:", "exclude: [{ checks: [PSS-001], reason: r }]\ncustom:")).unwrap();
    assert_eq!(code(named(&of_file(&path))), "compliance.locked");
}

#[test]
fn a_copy_comes_to_the_same_without_what_it_extends() {
    let folder = folder();
    let answers = of_file(&folder.path().join("acme.yaml"));
    let profile = named(&answers).unwrap();
    let text = copy(&answers, &profile).unwrap().unwrap();
    drop(folder);
    assert_eq!(copied(&text).unwrap(), profile);
    assert_eq!(copy(&answers, &copied(&text).unwrap()).unwrap().unwrap(), text, "a plan that is made of the copy leaves it as it is");
    assert_eq!(copy(&answers_naming("baseline"), &profile).unwrap(), None);
}

#[test]
fn what_no_config_map_holds_is_refused_before_anything_is_written() {
    let answers = answers_naming("file:acme.yaml");
    let mut profile = shipped("baseline").unwrap();
    profile.metadata.description = "x".repeat(LARGEST - 100_000);
    assert_eq!(code(copy(&answers, &profile)), "");
    profile.metadata.description = "x".repeat(LARGEST);
    assert_eq!(code(copy(&answers, &profile)), "platform.profile-unkept");
}

#[test]
fn what_was_made_of_a_copy_is_said_and_nothing_else_is_taken() {
    let answers = answers_naming("file:acme.yaml");
    let at = place(&answers);
    let good = json!({ "data": { "profile.yaml": copy(&answers, &shipped("restricted").unwrap()).unwrap() } });
    assert_eq!(held(&good, &at).unwrap().metadata.name, "restricted");
    for (made, said) in [
        (json!({ "data": {} }), "cannot be read from ConfigMap airlock/airlock-profile: it has no key profile.yaml"),
        (json!({ "data": { "profile.yaml": "kind: Secret\n" } }), "airlock-profile: profile.yaml"),
        (json!({ "data": { "profile.yaml": ACME } }), "a copy has in it all that it extends"),
    ] {
        let error = held(&made, &at).unwrap_err();
        assert!(error.to_string().contains(said) && error.code().0 == "platform.profile-copy", "{error}");
    }
}

#[test]
fn the_auditor_judges_by_the_copy_that_its_pod_mounts_where_the_answers_say_so() {
    let folder = folder();
    let path = folder.path().join("profile.yaml");
    let answers = of_file(&folder.path().join("acme.yaml"));
    fs::write(&path, copy(&answers, &named(&answers).unwrap()).unwrap().unwrap()).unwrap();
    assert_eq!(mounted(Some(&path), &answers).unwrap().metadata.name, "acme");
    assert_eq!(mounted(Some(&path), &answers_naming("baseline")).unwrap().metadata.name, "baseline");
    assert_eq!(code(mounted(None, &answers)), "platform.profile-copy");
    fs::remove_file(&path).unwrap();
    assert_eq!(code(mounted(Some(&path), &answers)), "platform.profile-copy");
}

#[test]
fn a_file_that_says_something_else_by_now_was_not_verified() {
    let folder = folder();
    let path = folder.path().join("acme.yaml");
    let answers = of_file(&path);
    let profile = named(&answers).unwrap();
    let record = |verified: Option<&Profile>| Record {
        schema: names::RECORD_SCHEMA,
        release: "0.1.0".into(),
        installation: "i".into(),
        plan: Digest::of(b"plan"),
        purpose: Purpose::Install,
        complete: true,
        answers: serde_json::to_value(&answers).unwrap(),
        images: ImageLock::default(),
        gates: [].into(),
        verdict: None,
        profile: verified.map(|profile| digest(profile).unwrap()),
        by: "ada".into(),
        at: "2026-11-24T12:00:00Z".parse().unwrap(),
    };
    assert!(was_verified(&record(Some(&profile)), &answers, &profile));
    fs::write(&path, ACME.replace("severity: low", "severity: high")).unwrap();
    assert!(!was_verified(&record(Some(&profile)), &answers, &named(&answers).unwrap()), "another content");
    assert!(!was_verified(&record(Some(&profile)), &answers_naming("file:other.yaml"), &profile), "another file");
    assert!(!was_verified(&record(None), &answers, &profile), "by nobody knows what");
}

#[test]
fn one_for_other_versions_of_kubernetes_is_refused_before_anything_is_written() {
    let version = |minor| Fact::Known(ServerVersion { major: 1, minor, git: format!("v1.{minor}.0") });
    let mut profile = shipped("baseline").unwrap();
    assert!(fits(&profile, &Fact::Unverified("nobody asked".into())).is_ok());
    profile.requires.kubernetes = Some(">=1.33 <1.36".into());
    assert!(fits(&profile, &version(35)).is_ok());
    assert_eq!(code(fits(&profile, &version(36))), "compliance.kubernetes-version");
    assert_eq!(code(fits(&profile, &Fact::Unverified("forbidden".into()))), "platform.fact-missing");
}
