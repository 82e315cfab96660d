//! A rule that Prometheus loads and cannot judge, and a Prometheus that is not there.

use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::Site;
use serde_json::{Value, json};

use super::query;
use crate::walls::verdicts;

/// Two series without a label in common: neither side says which one is meant, whatever is measured (Prometheus, "Many-to-one vector matches").
const MANY_TO_MANY: &str = r#"(vector(1) or label_replace(vector(1), "a", "b", "", "")) + on() (vector(1) or label_replace(vector(1), "a", "b", "", ""))"#;

/// The pod starts, and Prometheus answers.
const STARTED_WITHIN: Duration = Duration::from_mins(4);

/// MON-002 alone tells of it, by Prometheus' own words.
pub(super) fn a_rule_that_cannot_be_judged_is_told(site: &Site) {
    let config = || -> Value { serde_json::from_str(&site.kubectl(&["get", "configmap", "prometheus-config", "-o", "json"])).expect("a ConfigMap") };
    let before = config()["data"].clone();
    let rules = json!({ "groups": [{ "name": "company", "rules": [{ "alert": "NeverJudged", "expr": MANY_TO_MANY }] }] });
    loads(site, &json!({ "company.rules": rules.to_string() }));
    let told = ["MON-001", "MON-002", "MON-003"].map(|check| site.told(check, &[], if check == "MON-002" { 7 } else { 0 }));
    loads(site, &json!({ "company.rules": null }));
    assert_eq!(config()["data"], before, "it is as it was");
    let [targets, rules, receiver] = told;
    assert!([&targets, &receiver].into_iter().flatten().all(|told| told.verdict == "pass"), "nothing else is told: {targets:?} {receiver:?}");
    let failed: Vec<_> = rules.iter().filter(|told| told.verdict != "pass").collect();
    assert!(
        matches!(failed[..], [told] if told.subject == "company NeverJudged" && told.verdict == "fail" && told.observed.contains("many-to-many")),
        "just the rule that cannot be judged: {rules:?}"
    );
    let judged = site.told("MON-002", &[], 0);
    assert!(judged.len() == 2 && judged.iter().all(|told| told.verdict == "pass"), "what is written, and what Prometheus says of it: {judged:?}");
}

/// What it would say is not known: not what it measures, not what it judges, not what it saw of messages.
pub(super) fn what_only_prometheus_knows_is_unverified_without_it(site: &Site) {
    const ASKED: [&str; 3] = ["MON-001", "MON-002", "MON-003"];
    let judge = || site.run(&["compliance-check", "--no-profile", "--checks", &ASKED.join(","), "--namespace", &site.name, "--yes", "--all", "-o", "json"]);
    let all = |verdict: &str| ASKED.map(|check| (check.to_owned(), verdict.to_owned())).into();
    site.kubectl(&["scale", "statefulset/monitoring", "--replicas=0"]);
    site.kubectl(&["wait", "--for=delete", "pod/monitoring-0", "--timeout=120s"]);
    let gone = judge();
    site.kubectl(&["scale", "statefulset/monitoring", "--replicas=1"]);
    starts(site);
    assert_eq!(verdicts(&gone.expect(7).json()), all("unverified"));
    assert_eq!(verdicts(&judge().expect(0).json()), all("pass"));
}

/// Prometheus reads its rules when it starts.
fn loads(site: &Site, data: &Value) {
    site.kubectl(&["patch", "configmap", "prometheus-config", "--type=merge", "--patch", &json!({ "data": data }).to_string()]);
    site.kubectl(&["delete", "pod", "monitoring-0"]);
    starts(site);
}

fn starts(site: &Site) {
    let answers = || {
        let ready = site.kubectl(&["get", "pods", "-l", "app.kubernetes.io/name=monitoring", "-o", "jsonpath={.items[*].status.containerStatuses[*].ready}"]);
        if ready.is_empty() || ready.contains("false") { Err(ready) } else { Ok(()) }
    };
    eventually("Prometheus has started again", STARTED_WITHIN, answers).unwrap_or_else(|error| panic!("{error}"));
    assert!(query(site, "vector(1)").contains("=> 1 @"), "it answers");
}
