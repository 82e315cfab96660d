//! A report for a dashboard that reads objects of a cluster: `PolicyReport`s of the Kubernetes policy working group, or `Report`s of
//! openreports.io, in a `List` that `kubectl apply` takes. Findings about a namespace's objects stand in that namespace, all others in
//! the report of the cluster.

use std::collections::BTreeMap;

use airlock_model::{Finding, Severity, Verdict, names};
use airlock_platform::Report;
use serde_json::{Map, Value, json};

use super::{Circumstances, Judged};
use crate::output::explanation;
use crate::output::findings::{decided, remedies};

/// An object is cut into several before it is as large as this, in bytes of JSON: etcd takes 1.5 MiB (`--max-request-bytes`), and
/// `kubectl apply` writes all of it a second time into an annotation of at most 256 KiB.
const LARGEST: usize = 192 * 1024;
/// A message is cut behind as many letters, and says so.
const LONGEST_MESSAGE: usize = 4000;

/// Which kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyApi {
    /// `wgpolicyk8s.io/v1alpha2`
    WorkingGroup,
    /// `openreports.io/v1alpha1`
    OpenReports,
}

impl PolicyApi {
    const fn version(self) -> &'static str {
        match self {
            Self::WorkingGroup => "wgpolicyk8s.io/v1alpha2",
            Self::OpenReports => "openreports.io/v1alpha1",
        }
    }

    const fn kind(self, in_namespace: bool) -> &'static str {
        match (self, in_namespace) {
            (Self::WorkingGroup, true) => "PolicyReport",
            (Self::WorkingGroup, false) => "ClusterPolicyReport",
            (Self::OpenReports, true) => "Report",
            (Self::OpenReports, false) => "ClusterReport",
        }
    }

    /// The working group's first v1alpha2 knows no `critical` and would refuse it; the property `severity` has the word always.
    const fn severity(self, severity: Severity) -> &'static str {
        match (self, severity) {
            (Self::WorkingGroup, Severity::Critical) => "high",
            (_, severity) => explanation::severity(severity),
        }
    }
}

/// The objects, those of namespaces by their names.
pub(crate) fn policy_reports(report: &Report, circumstances: &Circumstances, api: PolicyApi) -> Value {
    let mut places: BTreeMap<Option<&str>, Vec<Value>> = BTreeMap::from([(None, Vec::new())]);
    for finding in &report.findings {
        places.entry(namespace(finding)).or_default().push(result(finding, circumstances, api));
    }
    let name = name(report, circumstances);
    let objects = places.into_iter().flat_map(|(namespace, results)| parts(report, &name, namespace, results, api));
    json!({ "apiVersion": "v1", "kind": "List", "items": objects.collect::<Vec<_>>() })
}

/// A name from a file may be none that a namespace can have (RFC 1123); such a finding is of the cluster.
fn namespace(finding: &Finding) -> Option<&str> {
    let name = finding.subject.namespace.as_ref()?.raw();
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (!name.is_empty() && name.len() <= 63 && name.bytes().all(allowed) && !name.starts_with('-') && !name.ends_with('-')).then_some(name)
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass | Verdict::Attested => "pass",
        Verdict::Fail => "fail",
        Verdict::Warn | Verdict::Excepted => "warn",
        Verdict::Unverified | Verdict::Error => "error",
        Verdict::NotApplicable => "skip",
    }
}

fn result(finding: &Finding, circumstances: &Circumstances, api: PolicyApi) -> Value {
    let subject = &finding.subject;
    let mut message = format!("{}: {}; expected: {}", subject, finding.observed, finding.expected);
    let fix = remedies(finding);
    if !fix.is_empty() {
        message = format!("{message}. {fix}");
    }
    let mut properties: BTreeMap<&str, String> = BTreeMap::from([("verdict", finding.verdict.word().into()), ("severity", explanation::severity(finding.severity).into())]);
    properties.extend(finding.path.as_ref().map(|path| ("path", cut(&path.to_string()))));
    properties.extend(subject.file.as_ref().map(|file| ("file", cut(&file.to_string()))));
    properties.extend(decided(finding).map(|decided| ("decision", cut(&decided))));
    let mut result = json!({
        "source": "airlock",
        "policy": finding.check,
        "category": finding.check.split('-').next().unwrap_or_default(),
        "severity": api.severity(finding.severity),
        // Whole seconds: parts are as large as their text, and would be cut elsewhere where a run's fraction has fewer digits.
        "timestamp": { "seconds": circumstances.at.as_second(), "nanos": 0 },
        "result": word(finding.verdict),
        "scored": !matches!(finding.verdict, Verdict::Warn | Verdict::NotApplicable),
        "message": cut(&message),
        "properties": properties,
    });
    // What is no object has no reference; the message names it.
    if let Some(api_version) = &subject.api_version {
        let mut reference = Map::new();
        reference.insert("apiVersion".into(), cut(&api_version.to_string()).into());
        reference.insert("kind".into(), cut(&subject.kind.to_string()).into());
        reference.insert("name".into(), cut(&subject.name.to_string()).into());
        reference.extend(subject.namespace.as_ref().map(|namespace| ("namespace".to_owned(), cut(&namespace.to_string()).into())));
        result["resources"] = json!([reference]);
    }
    result
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{} … ({} more letters were cut; `-o json` has them)", &text[..end], text[end..].chars().count()),
        None => text.to_owned(),
    }
}

/// One object, or several where one would be too large; each says which of how many it is.
fn parts(report: &Report, name: &str, namespace: Option<&str>, results: Vec<Value>, api: PolicyApi) -> Vec<Value> {
    let mut parts: Vec<Vec<Value>> = vec![Vec::new()];
    let mut size = 0;
    for result in results {
        let bytes = result.to_string().len();
        if size + bytes > LARGEST && size > 0 {
            parts.push(Vec::new());
            size = 0;
        }
        size += bytes;
        if let Some(part) = parts.last_mut() {
            part.push(result);
        }
    }
    let of = parts.len();
    parts.into_iter().enumerate().map(|(index, results)| object(report, name, namespace, results, (index + 1, of), api)).collect()
}

fn object(report: &Report, name: &str, namespace: Option<&str>, results: Vec<Value>, (part, of): (usize, usize), api: PolicyApi) -> Value {
    let count = |word: &str| results.iter().filter(|result| result["result"] == word).count();
    let suffix = if part == 1 { String::new() } else { format!("-{part}") };
    let mut metadata = json!({
        "name": format!("{name}{suffix}"),
        "labels": { names::LABEL_MANAGED_BY: "airlock" },
        "annotations": { "airlock-platform.io/profile-digest": report.digest.to_string(), "airlock-platform.io/part": format!("{part} of {of}") },
    });
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    let mut object = json!({ "apiVersion": api.version(), "kind": api.kind(namespace.is_some()), "metadata": metadata });
    if api == PolicyApi::OpenReports {
        object["source"] = "airlock".into();
    }
    object["summary"] = ["pass", "fail", "warn", "error", "skip"].into_iter().map(|word| (word.to_owned(), Value::from(count(word)))).collect::<Map<_, _>>().into();
    object["results"] = results.into();
    object
}

/// The same for every run of a profile on an installation; several may stand in one cluster.
fn name(report: &Report, circumstances: &Circumstances) -> String {
    let profile = slug(&report.profile.name);
    match &circumstances.judged {
        Judged::Files(_) => format!("airlock-{profile}"),
        Judged::Installation { id, .. } => format!("airlock-{}-{profile}", slug(id)),
    }
}

/// A profile's name as a part of an object's: small letters, digits, and single hyphens, at most 40.
fn slug(name: &str) -> String {
    let letters: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(40).collect();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "profile".into() } else { words.join("-") }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::samples;
    use super::*;

    fn written(report: &Report, api: PolicyApi) -> Value {
        policy_reports(report, &Circumstances { at: samples::noon(), judged: Judged::Files(vec!["-".into()]) }, api)
    }

    fn in_namespaces() -> Report {
        let mut report = samples::report();
        for (finding, namespace) in report.findings.iter_mut().zip(["shop", "<Not> one", "airlock"]) {
            finding.subject.api_version = Some("v1".to_owned().into());
            finding.subject.kind = "Pod".to_owned().into();
            finding.subject.namespace = Some(namespace.to_owned().into());
        }
        report.findings[1].severity = Severity::Critical;
        report
    }

    #[test]
    fn dashboards_get_an_object_a_namespace_and_one_for_the_rest() {
        insta::assert_snapshot!(format!("{:#}\n{:#}", written(&in_namespaces(), PolicyApi::WorkingGroup), written(&samples::report(), PolicyApi::OpenReports)));
    }

    /// No package holds the definitions of these kinds; their rules are written down here once more.
    #[test]
    fn objects_keep_the_rules_of_their_kinds() {
        for api in [PolicyApi::WorkingGroup, PolicyApi::OpenReports] {
            let list = written(&in_namespaces(), api);
            let items = list["items"].as_array().unwrap();
            assert_eq!(items.len(), 3);
            for item in items {
                let results = item["results"].as_array().unwrap();
                let sum: u64 = item["summary"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
                assert_eq!(usize::try_from(sum).unwrap(), results.len());
                assert_eq!(item["kind"].as_str().unwrap().starts_with("Cluster"), item["metadata"]["namespace"].is_null());
                for result in results {
                    let allowed = if api == PolicyApi::WorkingGroup { &["high", "medium", "low"][..] } else { &["critical", "high", "medium", "low", "info"] };
                    assert!(allowed.contains(&result["severity"].as_str().unwrap()), "{result}");
                    assert!(["pass", "fail", "warn", "error", "skip"].contains(&result["result"].as_str().unwrap()));
                    assert!(result["policy"].is_string() && result["message"].is_string() && result["scored"].is_boolean());
                    assert!(result["timestamp"]["seconds"].is_i64() && result["timestamp"]["nanos"].is_i64());
                    assert!(result["properties"].as_object().unwrap().values().all(Value::is_string));
                    let known = ["source", "policy", "category", "severity", "timestamp", "result", "scored", "message", "properties", "resources"];
                    assert!(result.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "the API server would drop a field: {result}");
                }
            }
        }
    }

    #[test]
    fn who_answers_for_a_finding_is_a_property() {
        let mut report = samples::report();
        report.findings = samples::decided().into();
        for api in [PolicyApi::WorkingGroup, PolicyApi::OpenReports] {
            let list = written(&report, api);
            let told: Vec<&str> = list["items"][0]["results"].as_array().unwrap().iter().filter_map(|result| result["properties"]["decision"].as_str()).collect();
            assert_eq!(told, [samples::EXCEPTED, samples::ATTESTED].map(|words| format!("{words}\\u{{1b}}[2J")));
        }
    }

    #[test]
    fn what_is_too_large_is_cut_and_says_so() {
        let mut report = in_namespaces();
        report.findings[0].observed = "ü".repeat(5000).into();
        report.findings = vec![report.findings[0].clone(); 100];
        let list = written(&report, PolicyApi::OpenReports);
        let items = list["items"].as_array().unwrap();
        assert!(items.iter().all(|item| item.to_string().len() < LARGEST + 64 * 1024) && items.len() > 3);
        let parts: std::collections::BTreeSet<&str> = items.iter().filter_map(|item| item["metadata"]["annotations"]["airlock-platform.io/part"].as_str()).collect();
        assert_eq!(parts.len(), items.len(), "{parts:?}");
        let results: Vec<&Value> = items.iter().flat_map(|item| item["results"].as_array().unwrap()).collect();
        assert_eq!(results.len(), 100);
        assert!(results[0]["message"].as_str().unwrap().ends_with("more letters were cut; `-o json` has them)"));
    }

    #[test]
    fn a_profile_of_any_name_gives_a_name_for_objects() {
        let judged = Judged::Installation { namespace: "n".into(), id: "k3v7".into(), release: "r".into(), cluster: "c".into(), server: "s".into() };
        assert_eq!(name(&samples::report(), &Circumstances { at: samples::noon(), judged }), "airlock-k3v7-baseline");
        for (name, expected) in [("cis-1.12", "cis-1-12"), ("Ünser <Profil>", "nser-profil"), ("…", "profile")] {
            assert_eq!(slug(name), expected);
        }
    }
}
