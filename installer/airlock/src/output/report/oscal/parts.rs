//! Observations, findings, risks, and the texts in them.

use airlock_model::{Evidence, Finding, Untrusted, Verdict};
use airlock_platform::{CheckSummary, standing};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::super::{explanation, findings};
use super::super::markdown::plain;
use super::{Circumstances, Seen, is_satisfied};

/// Where the properties of Airlock's own are named. It is a name and leads nowhere.
pub(super) const NAMESPACE: &str = "https://airlock-platform.io/ns/oscal";

/// One finding as an observation.
pub(super) fn observation(finding: &Finding, uuid: Uuid, subject: Uuid, circumstances: &Circumstances) -> Value {
    let was_tried = finding.evidence.iter().any(|evidence| matches!(evidence, Evidence::Attempted(_)));
    let mut properties = vec![property("verdict", finding.verdict.word()), property("severity", explanation::severity(finding.severity)), property("check", &finding.check)];
    properties.extend(finding.path.as_ref().map(|path| property("path", &path.to_string())));
    let mut observation = json!({
        "uuid": uuid,
        "title": markup(&format!("{}: {}", finding.check, finding.subject)),
        "description": markup(&format!("Seen: {}. Expected: {}.", finding.observed, finding.expected)),
        "props": properties,
        "methods": [if was_tried { "TEST" } else { "EXAMINE" }],
        "types": ["finding"],
        "subjects": [{ "subject-uuid": subject, "type": "inventory-item" }],
        "collected": circumstances.at,
    });
    if !finding.evidence.is_empty() {
        observation["relevant-evidence"] = finding.evidence.iter().map(|evidence| json!({ "description": markup(&findings::rests_on(evidence)) })).collect();
    }
    observation
}

/// One check, with what was seen of it.
pub(super) fn finding(check: &CheckSummary, uuid: Uuid, risk: Option<Uuid>, seen: &[Seen<'_>]) -> Value {
    let state = if is_satisfied(check.verdict) { "satisfied" } else { "not-satisfied" };
    let reason = match check.verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        _ => "other",
    };
    let references = check.references.iter().map(|reference| property("reference", &format!("{} {} {}", reference.framework, reference.version, reference.id)));
    let promises = check.promises.iter().map(|promise| property("promise", promise));
    let known = [property("verdict", check.verdict.word()), property("severity", explanation::severity(check.severity)), property("findings", &check.findings.to_string())];
    let mut finding = json!({
        "uuid": uuid,
        "title": markup(&format!("{}: {}", check.id, check.title)),
        "description": markup(looks_at(check)),
        "props": known.into_iter().chain(promises).chain(references).collect::<Vec<_>>(),
        "target": { "type": "objective-id", "target-id": check.id, "status": { "state": state, "reason": reason } },
    });
    if !seen.is_empty() {
        finding["related-observations"] = related(seen.iter());
    }
    if let Some(risk) = risk {
        finding["related-risks"] = json!([{ "risk-uuid": risk }]);
    }
    finding
}

/// What follows from a check that is not satisfied.
pub(super) fn risk(check: &CheckSummary, uuid: Uuid, response: Uuid, seen: &[Seen<'_>]) -> Value {
    let open = || seen.iter().filter(|seen| !is_satisfied(seen.finding.verdict) && seen.finding.verdict != Verdict::NotApplicable);
    let mut told: Vec<String> = open().map(|seen| findings::remedies(seen.finding)).filter(|text| !text.is_empty()).collect();
    told.sort();
    told.dedup();
    let remedy = check.remedy().unwrap_or_default();
    let told = if told.is_empty() { remedy.to_owned() } else { told.join(" ") };
    let statement = open().map(|seen| seen.finding.why.as_str()).find(|why| !why.is_empty()).unwrap_or(standing(&check.id).because);
    let mut risk = json!({
        "uuid": uuid,
        "title": markup(&format!("{} is not shown: {}", check.id, check.title)),
        "description": markup(looks_at(check)),
        "statement": markup(statement),
        "props": [property("severity", explanation::severity(check.severity)), property("severity-reason", standing(&check.id).because)],
        "status": if check.verdict == Verdict::Excepted { "deviation-approved" } else { "open" },
    });
    if !told.is_empty() {
        risk["remediations"] = json!([{ "uuid": response, "lifecycle": "recommendation", "title": "What to do", "description": markup(&told) }]);
    }
    if open().next().is_some() {
        risk["related-observations"] = related(open());
    }
    risk
}

fn related<'a>(seen: impl Iterator<Item = &'a Seen<'a>>) -> Value {
    seen.map(|seen| json!({ "observation-uuid": seen.uuid })).collect()
}

/// What a subject is, by its parts.
pub(super) fn subject(finding: &Finding) -> Vec<Value> {
    let subject = &finding.subject;
    let known = [("api-version", subject.api_version.as_ref()), ("namespace", subject.namespace.as_ref()), ("file", subject.file.as_ref())];
    let named = [("kind", subject.kind.to_string()), ("name", subject.name.to_string())].into_iter();
    let all = named.chain(known.into_iter().filter_map(|(name, value)| value.map(|value| (name, value.to_string()))));
    all.filter(|(_, value)| !value.trim().is_empty()).map(|(name, value)| property(name, &value)).collect()
}

fn looks_at(check: &CheckSummary) -> &str {
    check.explanation().unwrap_or(&check.title)
}

/// A property of Airlock's own. Its value is one line without spaces around it, as OSCAL has strings.
pub(super) fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NAMESPACE, "value": Untrusted::from(value).to_string().trim() })
}

/// Text in a place where OSCAL has Markdown: nothing of it is mark-up, and it is one line.
pub(super) fn markup(text: &str) -> String {
    plain(&Untrusted::from(text).to_string())
}
