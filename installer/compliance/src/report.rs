//! A profile and what was collected become a report: findings, a verdict a check, and whether the gate fails.

use std::collections::BTreeMap;

use airlock_model::{Attempt, AttemptId, Check, Digest, Finding, Need, Profile, ProfileGate, ProfileMetadata, Severity, Snapshot, Verdict, World};
use serde::{Deserialize, Serialize};

use crate::error::ComplianceError;
use crate::profile::{digest, selected, validate};
use crate::promises::{PromiseSummary, promises};

/// The schema of reports; a reader of an older one may not know all of this one.
pub const REPORT_SCHEMA: u32 = 1;

/// What a profile says of an installation. The same input gives the same report, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`REPORT_SCHEMA`]
    pub schema: u32,
    /// Name, version, owner of the profile.
    pub profile: ProfileMetadata,
    /// Digest of the profile.
    pub digest: Digest,
    /// What failed the gate was judged by.
    pub gate: ProfileGate,
    /// The verdict that weighs most.
    pub verdict: Verdict,
    /// Whether the gate fails; `airlock compliance-check` then ends with exit code 7.
    pub gate_failed: bool,
    /// One line a check, in the order of the catalogue.
    pub checks: Vec<CheckSummary>,
    /// One line a promise, in their order.
    #[serde(default)]
    pub promises: Vec<PromiseSummary>,
    /// Number of findings by the word of their verdict.
    pub counts: BTreeMap<String, usize>,
    /// Every finding: what weighs most first, then by severity, check, and subject.
    pub findings: Vec<Finding>,
}

/// What one check said in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckSummary {
    /// Its id.
    pub id: String,
    /// What is true when it passes.
    pub title: String,
    /// How bad it is when it fails.
    pub severity: Severity,
    /// The promises it stands for.
    pub promises: Vec<String>,
    /// Of its findings, the verdict that weighs most.
    pub verdict: Verdict,
    /// How many subjects it judged.
    pub findings: usize,
    /// Whether it fails the gate.
    pub gate_failed: bool,
}

/// What must be collected for a profile: each object kind and attempt once, a control before what it controls.
pub fn needs(profile: &Profile, world: &World) -> Result<Vec<Need>, ComplianceError> {
    validate(profile)?;
    let mut needs: Vec<Need> = Vec::new();
    let mut attempts: BTreeMap<AttemptId, Attempt> = BTreeMap::new();
    for need in selected(profile)?.into_iter().flat_map(|check| check.needs(profile, world)) {
        if let Need::Attempt(attempt) = &need {
            match attempts.get(&attempt.id) {
                Some(known) if known == attempt.as_ref() => continue,
                Some(_) => return Err(ComplianceError::AttemptConflict { attempt: attempt.id.clone() }),
                None => drop(attempts.insert(attempt.id.clone(), attempt.as_ref().clone())),
            }
        }
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    Ok(needs)
}

/// Judges what was collected by the checks that the profile selects.
pub fn judge(profile: &Profile, given: &Snapshot) -> Result<Report, ComplianceError> {
    validate(profile)?;
    let mut checks = Vec::new();
    let mut findings = Vec::new();
    for check in selected(profile)? {
        let said = evaluate(check, profile, given);
        checks.push(summary(check, &said, profile.gate));
        findings.extend(said);
    }
    findings.sort_by(|a, b| {
        let weight = |finding: &Finding| (std::cmp::Reverse(finding.verdict), std::cmp::Reverse(finding.severity));
        weight(a).cmp(&weight(b)).then_with(|| a.check.cmp(&b.check)).then_with(|| a.subject.cmp(&b.subject))
    });
    let mut counts = BTreeMap::new();
    for finding in &findings {
        *counts.entry(finding.verdict.word().to_owned()).or_insert(0) += 1;
    }
    Ok(Report {
        schema: REPORT_SCHEMA,
        profile: profile.metadata.clone(),
        digest: digest(profile)?,
        gate: profile.gate,
        verdict: heaviest(&findings),
        gate_failed: findings.iter().any(|finding| profile.gate.refuses(finding)),
        promises: promises(&checks),
        checks,
        counts,
        findings,
    })
}

/// A check that says nothing is a bug in it, and a bug is not a pass.
pub(crate) fn evaluate(check: &dyn Check, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
    let said = check.evaluate(profile, given);
    if !said.is_empty() {
        return said;
    }
    let spec = check.spec();
    vec![Finding {
        check: spec.id.to_owned(),
        subject: "the check itself".to_owned().into(),
        verdict: Verdict::Error,
        severity: spec.severity,
        observed: "it said nothing".to_owned().into(),
        expected: "at least one finding".to_owned(),
        why: "nothing is known of what it should have judged".to_owned(),
        fix: Vec::new(),
        evidence: Vec::new(),
        took_millis: 0,
    }]
}

/// Without findings nothing is known.
fn heaviest(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Unverified)
}

fn summary(check: &dyn Check, said: &[Finding], gate: ProfileGate) -> CheckSummary {
    let spec = check.spec();
    CheckSummary {
        id: spec.id.to_owned(),
        title: spec.title.to_owned(),
        severity: spec.severity,
        promises: spec.promises.iter().map(|promise| (*promise).to_owned()).collect(),
        verdict: heaviest(said),
        findings: said.len(),
        gate_failed: said.iter().any(|finding| gate.refuses(finding)),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{AttemptResult, LiveObject, ObjectRef, Outcome};
    use serde_json::json;

    use super::*;
    use crate::profile::{from_yaml, shipped};

    fn profile(gate: &str) -> Profile {
        let text = format!("apiVersion: airlock/v1\nkind: SecurityPolicyProfile\nmetadata: {{ name: t, version: \"1\", owner: t }}\nchecks: [ PSS-004, PSS-001, NET-010 ]\ngate: {gate}\n");
        from_yaml(&text).unwrap()
    }

    fn tried(id: &str, result: AttemptResult) -> (AttemptId, Outcome) {
        (id.into(), Outcome { attempt: id.into(), result, source: None, destination: None, started: "2026-11-24T03:00:00Z".parse().unwrap(), took_millis: 5 })
    }

    /// A pod that takes a port of its node (medium), and policies that were not tried.
    fn given() -> Snapshot {
        let spec = json!({ "containers": [ { "name": "a", "ports": [ { "hostPort": 80 } ] } ] });
        let pod = |name: &str, spec: &serde_json::Value| Ok::<_, String>(LiveObject { object: ObjectRef::namespaced("v1", "Pod", "airlock", name), manifest: json!({ "spec": spec }), ready: true });
        let pods = ["b", "a"].map(|name| pod(name, &spec)).into_iter().collect();
        Snapshot { world: World { namespaces: vec!["airlock".into()], probes: "airlock-probes".into(), ..World::default() }, objects: BTreeMap::from([("Pod".into(), pods)]), ..Snapshot::default() }
    }

    #[test]
    fn findings_come_by_weight_then_severity_then_name() {
        let report = judge(&profile("{ failOn: low, unverifiedFails: true }"), &given()).unwrap();
        let order: Vec<(String, &str, &str)> = report.findings.iter().map(|finding| (finding.check.clone(), finding.verdict.word(), finding.subject.raw())).collect();
        let expected = [
            ("PSS-004", "fail", "Pod airlock/a"),
            ("PSS-004", "fail", "Pod airlock/b"),
            ("NET-010", "unverified", "connections into a pod"),
            ("NET-010", "unverified", "connections out of a pod"),
            ("PSS-001", "pass", "Pod airlock/a"),
            ("PSS-001", "pass", "Pod airlock/b"),
        ];
        assert_eq!(order, expected.map(|(check, word, subject)| (check.to_owned(), word, subject)));
        assert_eq!(report.counts, BTreeMap::from([("fail".into(), 2), ("pass".into(), 2), ("unverified".into(), 2)]));
        assert_eq!(report.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["PSS-001", "PSS-004", "NET-010"]);
    }

    #[test]
    fn the_gate_fails_by_severity_and_by_what_was_not_seen() {
        let fails = |gate: &str, given: &Snapshot| judge(&profile(gate), given).unwrap().gate_failed;
        let mut seen = given();
        seen.outcomes = BTreeMap::from([tried("policy.allowed", AttemptResult::Connected), tried("policy.blocked", AttemptResult::TimedOut), tried("policy.confined", AttemptResult::TimedOut)]);
        assert!(fails("{ failOn: medium, unverifiedFails: false }", &seen));
        assert!(!fails("{ failOn: high, unverifiedFails: true }", &seen));
        assert!(fails("{ failOn: high, unverifiedFails: true }", &given()));
        assert!(!fails("{ failOn: high, unverifiedFails: false }", &given()));
    }

    #[test]
    fn the_same_input_gives_the_same_bytes_and_they_can_be_read_again() {
        let report = judge(&shipped("baseline").unwrap(), &given()).unwrap();
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::to_string(&judge(&shipped("baseline").unwrap(), &given()).unwrap()).unwrap(), text);
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn a_profile_that_was_not_read_from_text_is_held_to_the_same_rules() {
        let mut profile = shipped("baseline").unwrap();
        profile.checks.push("XYZ-001".into());
        assert!(matches!(judge(&profile, &given()), Err(ComplianceError::UnknownCheck { .. })));
        assert!(matches!(needs(&profile, &World::default()), Err(ComplianceError::UnknownCheck { .. })));
    }

    #[test]
    fn each_need_stands_once() {
        let world = World { hosts: BTreeMap::from([("a.platform.test".into(), None)]), probes: "airlock-probes".into(), ..World::default() };
        let needs = needs(&shipped("baseline").unwrap(), &world).unwrap();
        assert!(needs.iter().enumerate().all(|(index, need)| !needs[..index].contains(need)));
        assert!(needs.contains(&Need::SecretLeaks));
    }
}
