use airlock_model::{AttemptResult, ObjectRef, Outcome, SnapshotObject};
use serde_json::json;

use super::*;
use crate::manifests::{read, snapshot};
use crate::profile::{from_text, shipped, unprofiled, with_checks};

const ALL: Judging = Judging { passes: true, workers: 1 };

fn profile(gate: &str) -> Profile {
    let text = format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: t, version: \"1\", owner: t }}\nchecks: [ PSS-004, PSS-001, NET-010 ]\ngate: {gate}\n");
    from_text("t.yaml", &text, &|_| Err(String::new())).unwrap()
}

fn tried(id: &str, result: AttemptResult) -> (AttemptId, Outcome) {
    (id.into(), Outcome { attempt: id.into(), result, source: None, destination: None, started: "2026-11-24T03:00:00Z".parse().unwrap(), took_millis: 5 })
}

/// A pod that takes a port of its node (medium), and policies that were not tried.
fn given() -> Snapshot {
    let spec = json!({ "containers": [ { "name": "a", "ports": [ { "hostPort": 80 } ] } ] });
    let pod = |name: &str, spec: &serde_json::Value| Ok::<_, String>(SnapshotObject { object: ObjectRef::namespaced("v1", "Pod", "airlock", name), manifest: json!({ "spec": spec }), place: None });
    let pods = ["b", "a"].map(|name| pod(name, &spec)).into_iter().collect();
    Snapshot { world: World { namespaces: vec!["airlock".into()], probes: "airlock-probes".into(), ..World::default() }, objects: BTreeMap::from([("Pod".into(), pods)]), ..Snapshot::default() }
}

#[test]
fn findings_come_by_weight_then_severity_then_name() {
    let report = judge(&profile("{ failOn: low, unverifiedFails: true }"), &given(), ALL).unwrap();
    let order: Vec<(&str, &str, String)> = report.findings.iter().map(|finding| (finding.check.as_str(), finding.verdict.word(), finding.subject.to_string())).collect();
    let expected = [
        ("PSS-004", "fail", "Pod airlock/a"),
        ("PSS-004", "fail", "Pod airlock/b"),
        ("NET-010", "unverified", "connections into a pod"),
        ("NET-010", "unverified", "connections out of a pod"),
        ("PSS-001", "pass", "Pod airlock/a"),
        ("PSS-001", "pass", "Pod airlock/b"),
    ];
    assert_eq!(order, expected.map(|(check, word, subject)| (check, word, subject.to_owned())));
    let counted: Vec<(Verdict, usize)> = report.summary.counts.into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [(Verdict::Pass, 2), (Verdict::Unverified, 2), (Verdict::Fail, 2)]);
    assert_eq!(report.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["PSS-001", "PSS-004", "NET-010"]);
}

#[test]
fn the_gate_fails_by_severity_and_by_what_was_not_seen() {
    let fails = |gate: &str, given: &Snapshot| judge(&profile(gate), given, ALL).unwrap().summary.gate_failed;
    let mut seen = given();
    seen.outcomes = ["policy.allowed", "policy.blocked.own", "policy.confined.own"].map(|id| tried(id, AttemptResult::Connected)).into();
    seen.outcomes.extend(["policy.blocked", "policy.confined"].map(|id| tried(id, AttemptResult::TimedOut)));
    assert!(fails("{ failOn: medium, unverifiedFails: false }", &seen));
    assert!(!fails("{ failOn: high, unverifiedFails: true }", &seen));
    assert!(fails("{ failOn: high, unverifiedFails: true }", &given()));
    assert!(!fails("{ failOn: high, unverifiedFails: false }", &given()));
}

#[test]
fn the_gate_fails_by_the_score_as_well_and_never_passes_by_it() {
    let judged = |gate: &str| judge(&profile(gate), &given(), ALL).unwrap().summary;
    let scored = judged("{ failOn: high, unverifiedFails: false, score: { min: 100 } }");
    let score = scored.score.unwrap();
    assert!(scored.gate_failed && score.value.is_some_and(|value| value < 100), "{score:?}");
    assert_eq!((score.min, score.evaluated, score.selected), (100, 2, 3));
    let passes = judged("{ failOn: high, unverifiedFails: false, score: { min: 1 } }");
    assert_eq!((passes.gate_failed, passes.score.unwrap().value), (false, score.value));
    assert!(judged("{ failOn: medium, unverifiedFails: false, score: { min: 1 } }").gate_failed, "a failure is one whatever the score");
    assert_eq!(judged("{ failOn: high, unverifiedFails: false }").score, None);
}

#[test]
fn the_same_input_gives_the_same_bytes_on_any_number_of_threads() {
    let text = |workers| serde_json::to_string(&judge(&shipped("baseline").unwrap(), &given(), Judging { passes: true, workers }).unwrap()).unwrap();
    assert_eq!(text(1), text(1));
    assert_eq!(text(1), text(4));
}

#[test]
fn the_keys_of_the_contract_are_there() {
    let report = serde_json::to_value(judge(&profile("{ failOn: low, unverifiedFails: true }"), &given(), ALL).unwrap()).unwrap();
    assert_eq!(report["schema"], REPORT_SCHEMA);
    let summary =
        json!({ "verdict": "fail", "gateFailed": true, "checks": 3, "objects": 2, "not-applicable": 0, "pass": 2, "attested": 0, "excepted": 0, "warn": 0, "unverified": 2, "error": 0, "fail": 2 });
    assert_eq!(report["summary"], summary);
    let finding = report["findings"][0].as_object().unwrap();
    let keys: Vec<&str> = finding.keys().map(String::as_str).collect();
    assert_eq!(keys, ["check", "verdict", "severity", "subject", "path", "observed", "expected", "why", "fix", "evidence", "tookMillis"]);
    assert_eq!(finding["subject"], json!({ "apiVersion": "v1", "kind": "Pod", "namespace": "airlock", "name": "a", "file": null, "document": null, "line": null }));
    assert_eq!((finding["check"].as_str(), finding["path"].as_str()), (Some("PSS-004"), Some("spec.containers[0].ports[0].hostPort")));
}

#[test]
fn what_passes_is_counted_and_only_shown_when_asked_for() {
    let with = |passes| judge(&profile("{ failOn: low, unverifiedFails: true }"), &given(), Judging { passes, workers: 2 }).unwrap();
    let (all, some) = (with(true), with(false));
    assert_eq!(all.summary, some.summary);
    assert_eq!(all.checks, some.checks);
    assert_eq!(some.findings, all.findings.into_iter().filter(|finding| finding.verdict != Verdict::Pass).collect::<Vec<_>>());
}

#[test]
fn of_files_only_what_they_show_is_judged_and_whether_they_were_read() {
    let files = |text: &str| snapshot([read("a.yaml", text.as_bytes())]);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [ { name: a, image: b } ] }\n";
    let report = judge(&profile("{ failOn: low, unverifiedFails: true }"), &files(pod), ALL).unwrap();
    let of = |id: &str| report.checks.iter().find(|check| check.id == id).map(|check| (check.verdict, check.reason));
    assert_eq!(of("NET-010"), Some((Verdict::NotApplicable, Some(airlock_model::Reason::OtherSource))));
    assert_eq!((of("PSS-001"), of("SRC-001")), (Some((Verdict::Pass, None)), Some((Verdict::Pass, None))));
    assert!(!report.summary.gate_failed);
    let broken = judge(&with_checks(unprofiled(), "PSS-001").unwrap(), &files("a: ["), ALL).unwrap();
    assert!(broken.summary.gate_failed, "an empty selection is no pass: {broken:#?}");
    let only_live = with_checks(unprofiled(), "NET-010").unwrap();
    assert!(matches!(judge(&only_live, &files(pod), ALL), Err(ComplianceError::OtherSource { .. })));
}

/// What its parameters do not ask for was not tried either.
#[test]
fn where_only_an_attempt_decides_what_was_not_asked_for_is_unverified() {
    let said = |rules: &str| {
        let text = format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: t, version: \"1\", owner: t }}\nchecks: [NET-020]\n{rules}");
        let report = judge(&from_text("t.yaml", &text, &|_| Err(String::new())).unwrap(), &given(), ALL).unwrap();
        (report.checks[0].verdict, report.checks[0].reason, report.summary.gate_failed)
    };
    assert_eq!(said(""), (Verdict::NotApplicable, Some(airlock_model::Reason::NotAsked), false));
    assert_eq!(said("rules: [{ checks: [NET-020], mustProbe: true }]\n"), (Verdict::Unverified, None, true));
}

#[test]
fn a_profile_that_was_not_read_from_text_is_held_to_the_same_rules() {
    let mut profile = shipped("baseline").unwrap();
    profile.checks.push("XYZ-001".into());
    assert!(matches!(judge(&profile, &given(), ALL), Err(ComplianceError::UnknownCheck { .. })));
    assert!(matches!(needs(&profile, &World::default()), Err(ComplianceError::UnknownCheck { .. })));
}

#[test]
fn each_need_stands_once() {
    let world = World { hosts: BTreeMap::from([("a.platform.test".into(), None)]), probes: "airlock-probes".into(), ..World::default() };
    let needs = needs(&shipped("baseline").unwrap(), &world).unwrap();
    assert!(needs.iter().enumerate().all(|(index, need)| !needs[..index].contains(need)));
    assert!(needs.contains(&Need::SecretLeaks));
}
