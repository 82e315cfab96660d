//! A report for a code scanner's dashboard, as SARIF 2.1.0 (OASIS).

use std::fmt::Write as _;

use airlock_model::{Digest, Evidence, Finding, Severity, Verdict};
use airlock_platform::{CheckSummary, Report};
use serde_json::{Map, Value, json};

use crate::output::findings::{decided, remedies};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run: a rule a check, a result a finding. What could not be looked at is `open`, as SARIF calls what is not decided.
pub(crate) fn sarif(report: &Report) -> Value {
    let rules: Vec<Value> = report.checks.iter().map(rule).collect();
    let mut properties = json!({ "profile": report.profile.name, "profileDigest": report.digest.to_string(), "gateFailed": report.summary.gate_failed });
    if let Some(score) = report.summary.score {
        properties["score"] = json!(score);
    }
    let results: Vec<Value> = report.findings.iter().filter_map(|finding| Some(result(finding, report.checks.iter().position(|check| check.id == finding.check)?))).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "airlock", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "automationDetails": { "id": format!("airlock/compliance-check/{}", report.profile.name) },
            "results": results,
            "properties": properties,
        }],
    })
}

fn rule(check: &CheckSummary) -> Value {
    let references: Vec<String> = check.references.iter().map(|reference| format!("{} {} {}", reference.framework, reference.version, reference.id)).collect();
    json!({
        "id": check.id,
        "shortDescription": { "text": check.title },
        "fullDescription": { "text": check.explanation().unwrap_or(&check.title) },
        "help": { "text": check.remedy().unwrap_or_default() },
        "defaultConfiguration": { "level": level(check.severity) },
        "properties": { "tags": check.promises, "security-severity": score(check.severity), "references": references },
    })
}

fn result(finding: &Finding, rule: usize) -> Value {
    // What is not a failure has no level (SARIF §3.27.10).
    let (kind, level) = match finding.verdict {
        Verdict::Pass | Verdict::Attested => ("pass", "none"),
        Verdict::NotApplicable => ("notApplicable", "none"),
        Verdict::Warn => ("review", "none"),
        Verdict::Unverified | Verdict::Error => ("open", "none"),
        Verdict::Fail | Verdict::Excepted => ("fail", level(finding.severity)),
    };
    let mut message = format!("{}: {}; expected: {}", finding.subject, finding.observed, finding.expected);
    let fix = remedies(finding);
    if !fix.is_empty() {
        let _ = write!(message, ". {fix}");
    }
    let mut result = json!({
        "ruleId": finding.check,
        "ruleIndex": rule,
        "kind": kind,
        "level": level,
        "message": { "text": message },
        "locations": [location(finding)],
        "partialFingerprints": { "airlock/v1": fingerprint(finding) },
        "properties": { "verdict": finding.verdict },
    });
    if finding.verdict == Verdict::Excepted {
        // In words, as §3.35.4 has it.
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": decided(finding).unwrap_or_default() }]);
    }
    if let Some(decided) = decided(finding) {
        result["properties"]["decision"] = decided.into();
    }
    result
}

/// The same fault of the same object is the same finding, whatever else was found.
fn fingerprint(finding: &Finding) -> String {
    let path = finding.path.as_ref().map_or("", |path| path.raw());
    Digest::of(format!("{}\n{}\n{path}", finding.check, finding.subject).as_bytes()).to_string()
}

fn location(finding: &Finding) -> Value {
    let mut location = Map::new();
    let path = finding.path.as_ref().map_or_else(String::new, |path| format!(" {path}"));
    location.insert("logicalLocations".into(), json!([{ "fullyQualifiedName": format!("{}{path}", finding.subject), "kind": "resource" }]));
    if let Some(file) = &finding.subject.file {
        // A dashboard that shows code puts what has no line nowhere: what a file has without one stands at its beginning.
        let region = finding
            .evidence
            .iter()
            .find_map(|evidence| match evidence {
                Evidence::Line { line, column, .. } if *line > 0 => Some(json!({ "startLine": line, "startColumn": (*column).max(1) })),
                _ => None,
            })
            .unwrap_or_else(|| json!({ "startLine": finding.subject.line.unwrap_or(1).max(1) }));
        let physical = json!({ "artifactLocation": { "uri": uri(file.raw()) }, "region": region });
        location.insert("physicalLocation".into(), physical);
    }
    Value::Object(location)
}

/// A path as a URI reference (RFC 3986): all but its unreserved letters and the slash in percent signs.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// On the scale of CVSS, by which dashboards sort: the middle of each of its ranges.
const fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::samples;
    use super::*;

    #[test]
    fn a_dashboard_gets_rules_results_and_places() {
        let mut report = samples::report();
        report.findings[0].subject.file = Some("a b/ü.yaml".to_owned().into());
        report.findings[0].evidence.push(Evidence::Line { file: "a b/ü.yaml".to_owned().into(), line: 3, column: 0 });
        let written = sarif(&report);
        insta::assert_snapshot!(format!("{written:#}").replace(env!("CARGO_PKG_VERSION"), "VERSION"));
        let read: serde_sarif::sarif::Sarif = serde_json::from_value(written).unwrap();
        assert_eq!(read.runs[0].results.as_ref().map(Vec::len), Some(report.findings.len()));
    }

    #[test]
    fn who_answers_for_a_finding_is_a_justification() {
        let mut report = samples::report();
        report.findings = samples::decided().into();
        let written = sarif(&report);
        let results = &written["runs"][0]["results"];
        let words = [samples::EXCEPTED, samples::ATTESTED].map(|words| format!("{words}\\u{{1b}}[2J"));
        assert_eq!(results[0]["suppressions"], json!([{ "kind": "external", "status": "accepted", "justification": words[0] }]));
        assert_eq!([&results[0]["properties"]["decision"], &results[1]["properties"]["decision"]], [&words[0], &words[1]]);
        assert_eq!(results[1].get("suppressions"), None, "what passes is not suppressed");
        serde_json::from_value::<serde_sarif::sarif::Sarif>(written).unwrap();
    }

    /// GitHub's documentation of SARIF support asks for `region.startLine` of every place.
    #[test]
    fn every_finding_of_a_file_has_a_line() {
        let mut finding = samples::findings().remove(0);
        finding.subject.file = Some("a.yaml".to_owned().into());
        let region = |finding: &Finding| location(finding)["physicalLocation"]["region"].clone();
        assert_eq!(region(&finding), json!({ "startLine": 1 }));
        finding.subject.line = Some(12);
        assert_eq!(region(&finding), json!({ "startLine": 12 }));
        finding.evidence.push(Evidence::Line { file: "a.yaml".to_owned().into(), line: 14, column: 3 });
        assert_eq!(region(&finding), json!({ "startLine": 14, "startColumn": 3 }));
        finding.subject.file = None;
        assert_eq!(location(&finding).get("physicalLocation"), None);
    }
}
