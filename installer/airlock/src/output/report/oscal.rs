//! A report for a system of governance, risk, and compliance, as OSCAL assessment results (NIST OSCAL 1.2.1): an observation a
//! finding, a finding a check that applied, a risk where one is not satisfied.
//!
//! Identifiers are UUIDs of version 5 made of what they stand for, so that the same input gives the same document but for times.

mod parts;

use std::collections::BTreeMap;

use airlock_model::{Finding, Subject, Verdict};
use airlock_platform::{CheckSummary, Report};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Circumstances, Judged};
use parts::{finding, observation, property, risk};

/// The version whose rules the document keeps.
const OSCAL: &str = "1.2.1";

/// The whole document.
pub(crate) fn oscal(report: &Report, circumstances: &Circumstances) -> Value {
    let scope = Scope::of(report, circumstances);
    let mut occurrences: BTreeMap<String, usize> = BTreeMap::new();
    let mut items: BTreeMap<Uuid, Value> = BTreeMap::new();
    let mut observed: BTreeMap<&str, Vec<Seen<'_>>> = BTreeMap::new();
    let mut observations = Vec::new();
    for found in &report.findings {
        let subject = scope.uuid(&["subject", &key(found)]);
        let path = found.path.as_ref().map_or("", |path| path.raw());
        let named = format!("{}\n{}\n{path}", found.check, key(found));
        // The same check may say two things of one field.
        let occurrence = occurrences.entry(named.clone()).and_modify(|times| *times += 1).or_insert(0);
        let uuid = scope.uuid(&["observation", &named, &occurrence.to_string()]);
        items.entry(subject).or_insert_with(|| json!({ "uuid": subject, "description": parts::markup(&found.subject.to_string()), "props": parts::subject(found) }));
        observations.push(observation(found, uuid, subject, circumstances));
        observed.entry(&found.check).or_default().push(Seen { finding: found, uuid });
    }
    let (mut findings, mut risks) = (Vec::new(), Vec::new());
    for check in report.checks.iter().filter(|check| check.verdict != Verdict::NotApplicable) {
        let seen = observed.get(check.id.as_str()).map_or(&[][..], Vec::as_slice);
        let at_risk = (!is_satisfied(check.verdict)).then(|| scope.uuid(&["risk", &check.id]));
        findings.push(finding(check, scope.uuid(&["finding", &check.id]), at_risk, seen));
        risks.extend(at_risk.map(|uuid| risk(check, uuid, scope.uuid(&["response", &check.id]), seen)));
    }
    let plan = scope.uuid(&["plan"]);
    let mut result = json!({
        "uuid": scope.uuid(&["result"]),
        "title": "airlock compliance-check",
        "description": parts::markup(&circumstances.named().into_iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("; ")),
        "start": circumstances.at,
        "props": properties(report),
        "reviewed-controls": reviewed(report),
    });
    for (name, list) in [("observations", observations), ("risks", risks), ("findings", findings)] {
        // OSCAL has no empty lists.
        if !list.is_empty() {
            result[name] = list.into();
        }
    }
    if !items.is_empty() {
        result["local-definitions"] = json!({ "inventory-items": items.into_values().collect::<Vec<_>>() });
    }
    json!({ "assessment-results": {
        "uuid": scope.uuid(&["document"]),
        "metadata": { "title": parts::markup(&format!("Compliance check by Airlock, profile {}", report.profile.name)), "last-modified": circumstances.at, "version": env!("CARGO_PKG_VERSION"), "oscal-version": OSCAL },
        "import-ap": { "href": format!("#{plan}") },
        "results": [result],
        "back-matter": { "resources": [{ "uuid": plan, "title": "No assessment plan", "description": "Airlock checks by a profile and has no plan in OSCAL's sense; the profile's name and digest stand with the result." }] },
    } })
}

/// A finding with the observation that tells it.
struct Seen<'a> {
    finding: &'a Finding,
    uuid: Uuid,
}

/// What identifiers are made in: the same profile on the same installation, or files.
struct Scope(Uuid);

impl Scope {
    fn of(report: &Report, circumstances: &Circumstances) -> Self {
        let judged = match &circumstances.judged {
            Judged::Files(paths) => paths.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>().join("\n"),
            Judged::Installation { id, .. } => id.clone(),
        };
        let space = Uuid::new_v5(&Uuid::NAMESPACE_URL, parts::NAMESPACE.as_bytes());
        Self(Uuid::new_v5(&space, format!("{}\n{judged}", report.digest).as_bytes()))
    }

    fn uuid(&self, of: &[&str]) -> Uuid {
        Uuid::new_v5(&self.0, of.join("\n").as_bytes())
    }
}

/// A subject by all that tells it from others, as it came. A line does not: what others write above it moves it.
fn key(finding: &Finding) -> String {
    serde_json::to_string(&Subject { line: None, ..finding.subject.clone() }).unwrap_or_else(|_| finding.subject.to_string())
}

/// Somebody's word that is not looked into by a machine satisfies, and says so by its property; an exception does not.
const fn is_satisfied(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Pass | Verdict::Attested)
}

fn properties(report: &Report) -> Vec<Value> {
    let gate = if report.summary.gate_failed { "fails" } else { "passes" };
    let mut properties = vec![property("gate", gate), property("profile", &report.profile.name), property("profile-digest", &report.digest.to_string())];
    properties.extend((!report.profile.version.is_empty()).then(|| property("profile-version", &report.profile.version)));
    properties.extend(report.summary.score.map(|score| property("score", &score.words())));
    properties
}

/// Checks are the controls; those of frameworks that ask for them stand with each finding.
fn reviewed(report: &Report) -> Value {
    let with = |applies: bool| move |check: &&CheckSummary| (check.verdict != Verdict::NotApplicable) == applies;
    let listed = |applies: bool| report.checks.iter().filter(with(applies)).map(|check| json!({ "control-id": check.id })).collect::<Vec<_>>();
    let unapplied: Vec<&str> = report.checks.iter().filter(with(false)).map(|check| check.id.as_str()).collect();
    let mut selections = Vec::new();
    if !listed(true).is_empty() {
        selections.push(json!({ "description": "Checks of Airlock that applied.", "include-controls": listed(true) }));
    }
    if !unapplied.is_empty() {
        selections.push(json!({ "description": "Checks of Airlock that were asked for and did not apply; there is no finding of them.", "include-controls": listed(false) }));
    }
    json!({ "control-selections": selections })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::samples;
    use super::*;

    fn circumstances(at: jiff::Timestamp) -> Circumstances {
        Circumstances { at, judged: Judged::Files(vec!["manifests".into()]) }
    }

    #[test]
    fn a_system_of_governance_gets_observations_findings_and_risks() {
        let mut report = samples::report();
        report.findings[1].observed = "*bold* \u{202e}exe\n# heading".to_owned().into();
        let written = oscal(&report, &circumstances(samples::noon()));
        insta::assert_snapshot!(format!("{written:#}").replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"VERSION\""));
    }

    #[test]
    fn identifiers_are_those_of_what_they_stand_for_at_any_time() {
        let mut report = samples::report();
        // An attempt has a time of its own.
        report.findings[0].evidence.clear();
        report.findings.push(report.findings[1].clone());
        let later = samples::noon() + jiff::SignedDuration::from_hours(1);
        let written = |at| oscal(&report, &circumstances(at)).to_string().replace(&at.to_string(), "TIME");
        assert_eq!(written(samples::noon()), written(later));
        let document = oscal(&report, &circumstances(later));
        let uuids: Vec<&str> = document.pointer("/assessment-results/results/0/observations").unwrap().as_array().unwrap().iter().filter_map(|one| one["uuid"].as_str()).collect();
        let distinct: std::collections::BTreeSet<&str> = uuids.iter().copied().collect();
        assert_eq!((uuids.len(), distinct.len()), (4, 4), "two findings of one field are two observations");
        // What is written above it moves a document, and makes nothing else of it.
        report.findings.iter_mut().for_each(|finding| finding.subject.line = Some(7));
        assert_eq!(oscal(&report, &circumstances(later)), document);
    }
}
