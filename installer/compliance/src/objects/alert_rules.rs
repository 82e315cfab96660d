//! MON-002: alert rules exist, those that the profile names among them, and are judged.

mod judged;
mod promql;
mod written;

use std::collections::BTreeSet;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, SnapshotObject, Verdict, World, names};

use crate::described::{Described, Resting as _};
use crate::live;
use crate::parameter;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "MON-002",
        title: "the alert rules that are asked for exist and are judged",
        severity: Severity::Medium,
        promises: &["P4"],
        explanation: "Files of rules (keys that end in `.rules`) in ConfigMaps, and PrometheusRule objects: each can be read, and together they give every alert that the parameter MON-002.alerts names. Where it names none, an installation with monitoring must give at least one. The platform's Prometheus is asked, by way of the API server, for the rules that it has loaded (`/api/v1/rules`): what is written for it in the ConfigMap `prometheus-config`, alerts and series, and every alert of the parameter that a rule gives, must be among them, from the same file and group, with the same `for` and an expression of the same words, numbers, and operators (Prometheus prints expressions in its own form, so that their order and parentheses are not compared; labels and annotations are not either); and each rule must have been judged without an error the last time. A rule that it has just loaded, or that fails for a moment, is waited for, 75 seconds at most; one that it has not judged by then is unverified. What the company's own Prometheus makes of its rules is not asked. Whether an alert reaches somebody is MON-003.",
        remedy: "`airlock install` puts rules of the platform back. Prometheus reads rules when it starts: `kubectl delete pod monitoring-0 -n NAMESPACE` makes it load what is written. Where it cannot judge one, mend its expression; `promtool query instant URL EXPRESSION` shows the error again. Rules of your own belong into a PrometheusRule or a file that your Prometheus loads; `promtool check rules FILE` says what is wrong with one.",
    },
    expected: "every alert of MON-002.alerts has a rule, and every rule is judged without an error",
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
        needs.extend(judged::need(world));
        needs
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let asked = parameter::texts(profile, ASKED);
        let sources = match sources(given) {
            Ok(sources) => sources,
            Err(reason) => return std::iter::once(TEXTS.unverified(RULES, reason)).chain(judged::judge(given, &asked.into_iter().collect(), &[])).collect(),
        };
        let (mut findings, mut alerts, mut due) = (Vec::new(), BTreeSet::new(), Vec::new());
        for object in sources {
            for (path, rules) in written::rules(object) {
                match rules {
                    Ok(rules) => {
                        alerts.extend(rules.iter().filter(|rule| rule.is_alert).map(|rule| rule.name.clone()));
                        if is_loaded(object, &given.world) {
                            due.extend(rules);
                        }
                    }
                    Err(why) => findings.extend(TEXTS.each(object, vec![Violation::new(path, None, why)], TEXTS.expected)),
                }
            }
        }
        // What Prometheus answers shows that there are rules as well as what is written does.
        findings.extend(told(given, &asked, &alerts).map(|finding| match judged::answer(given) {
            Some(outcome) if finding.verdict == Verdict::Pass => finding.tried([outcome]),
            _ => finding,
        }));
        // An alert that nothing gives was told of just now.
        let asked = asked.into_iter().filter(|alert| alerts.contains(*alert)).collect();
        findings.extend(judged::judge(given, &asked, &due));
        if findings.is_empty() {
            let reason = if given.world.base_domain.is_empty() { Reason::NoSubject } else { Reason::ComponentOff };
            findings.push(TEXTS.not_applicable(RULES, reason, "there are none, and no monitoring that would judge them"));
        }
        findings
    }
}

/// What may hold rules.
fn sources(given: &Snapshot) -> Result<Vec<&SnapshotObject>, String> {
    let mut sources = live::objects(given, "ConfigMap")?;
    if given.world.is_watched_by_others || given.objects.contains_key("PrometheusRule") {
        sources.extend(live::objects(given, "PrometheusRule")?);
    }
    Ok(sources)
}

/// Whether the platform's Prometheus loads its rules.
fn is_loaded(object: &SnapshotObject, world: &World) -> bool {
    let of = &object.object;
    (of.kind.as_str(), of.namespace.as_deref(), of.name.as_str()) == ("ConfigMap", Some(world.platform.as_str()), names::PROMETHEUS_CONFIG)
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
