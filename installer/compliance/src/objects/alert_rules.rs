//! MON-002: alert rules exist, those that the profile names among them.

use std::collections::BTreeSet;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, SnapshotObject, World};
use serde_json::Value;

use crate::described::Described;
use crate::live;
use crate::parameter;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "MON-002",
        title: "the alert rules that are asked for exist",
        severity: Severity::Medium,
        promises: &["P4"],
        explanation: "Files of rules (keys that end in `.rules`) in ConfigMaps, and PrometheusRule objects: each can be read, and together they give every alert that the parameter MON-002.alerts names. Where it names none, an installation with monitoring must give at least one. Whether an alert reaches somebody is MON-003.",
        remedy: "`airlock install` puts rules of the platform back. Rules of your own belong into a PrometheusRule or a file that your Prometheus loads; `promtool check rules FILE` says what is wrong with one.",
    },
    expected: "every alert of MON-002.alerts has a rule",
    why: "what no rule looks at is noticed by users first",
};

const ASKED: &str = "MON-002.alerts";
const RULES: &str = "alert rules";

/// The check.
pub(super) struct AlertRules;

impl Check for AlertRules {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let mut needs = vec![live::need("v1", "ConfigMap")];
        if world.is_watched_by_others {
            needs.push(live::need("monitoring.coreos.com/v1", "PrometheusRule"));
        }
        needs
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let mut sources = match live::objects(given, "ConfigMap") {
            Ok(maps) => maps,
            Err(reason) => return vec![TEXTS.unverified(RULES, reason)],
        };
        if given.world.is_watched_by_others || given.objects.contains_key("PrometheusRule") {
            match live::objects(given, "PrometheusRule") {
                Ok(rules) => sources.extend(rules),
                Err(reason) => return vec![TEXTS.unverified(RULES, reason)],
            }
        }
        let (mut findings, mut alerts) = (Vec::new(), BTreeSet::new());
        for object in sources {
            for (path, written) in written(object) {
                match written.and_then(|written| named(&written)) {
                    Ok(found) => alerts.extend(found),
                    Err(why) => findings.extend(TEXTS.each(object, vec![Violation::new(path, None, why)], TEXTS.expected)),
                }
            }
        }
        findings.extend(told(given, &parameter::texts(profile, ASKED), &alerts));
        if findings.is_empty() {
            let reason = if given.world.base_domain.is_empty() { Reason::NoSubject } else { Reason::ComponentOff };
            findings.push(TEXTS.not_applicable(RULES, reason, "there are none, and no monitoring that would judge them"));
        }
        findings
    }
}

/// None: no alert is asked for, and none is given.
fn told(given: &Snapshot, asked: &[&str], alerts: &BTreeSet<String>) -> Option<Finding> {
    let missing: Vec<&str> = asked.iter().copied().filter(|asked| !alerts.contains(*asked)).collect();
    if !missing.is_empty() {
        return Some(TEXTS.fail(RULES, format!("no rule gives {}", missing.join(", "))));
    }
    if !alerts.is_empty() {
        return Some(TEXTS.pass(RULES, format!("rules give {} alerts", alerts.len())));
    }
    let has_monitoring = given.world.receiver.is_some() || given.world.is_watched_by_others;
    has_monitoring.then(|| TEXTS.fail(RULES, "no rule gives an alert"))
}

/// The groups of rules that an object holds, with the field of each; an error: it is no YAML.
fn written(object: &SnapshotObject) -> Vec<(String, Result<Value, String>)> {
    if object.object.kind == "PrometheusRule" {
        return vec![("/spec".to_owned(), Ok(object.manifest.get("spec").cloned().unwrap_or(Value::Null)))];
    }
    let data = object.manifest.get("data").and_then(Value::as_object).into_iter().flatten();
    let files = data.filter(|(key, _)| key.rsplit_once('.').is_some_and(|(_, form)| form == "rules")).filter_map(|(key, text)| Some((key, text.as_str()?)));
    files.map(|(key, text)| (format!("/data/{key}"), serde_yaml::from_str(text).map_err(|error| format!("{key} cannot be read: {error}")))).collect()
}

/// The alerts that groups of rules name (Prometheus documentation, "Alerting rules").
fn named(written: &Value) -> Result<Vec<String>, String> {
    let groups = written.get("groups").and_then(Value::as_array).ok_or("it has no groups of rules")?;
    let rules = groups.iter().filter_map(|group| group.get("rules")?.as_array()).flatten();
    Ok(rules.filter_map(|rule| rule.get("alert")?.as_str()).map(str::to_owned).collect())
}
