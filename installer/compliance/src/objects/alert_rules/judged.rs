//! Whether the platform's Prometheus has loaded rules, and judges them.

use std::collections::BTreeSet;

use airlock_model::{AttemptResult, Finding, LoadedRule, Need, RuleHealth, Snapshot, World};

use super::TEXTS;
use crate::attempts::{outcome, prometheus, words};
use crate::described::Resting;

const LOADED: &str = "rules of Prometheus";

/// None: no Prometheus of ours could be asked.
pub(super) fn need(world: &World) -> Option<Need> {
    world.receiver.map(|_| Need::Attempt(Box::new(prometheus::rules(world))))
}

/// What it says of each rule, and which of these alerts it has no rule for.
pub(super) fn judge(given: &Snapshot, alerts: &BTreeSet<&str>) -> Vec<Finding> {
    if given.world.receiver.is_none() {
        return Vec::new();
    }
    let outcome = match outcome(given, &prometheus::rules_id()) {
        Ok(outcome) => outcome,
        Err(reason) => return vec![TEXTS.unverified(LOADED, reason)],
    };
    let AttemptResult::Rules(rules) = &outcome.result else { return vec![TEXTS.unverified(LOADED, words(&outcome.result)).tried([outcome])] };
    told(rules, alerts).into_iter().map(|finding| finding.tried([outcome])).collect()
}

fn told(rules: &[LoadedRule], alerts: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = rules.iter().filter_map(of_rule).collect();
    let given: BTreeSet<&str> = rules.iter().filter(|rule| rule.is_alert).map(|rule| rule.name.raw()).collect();
    findings.extend(alerts.difference(&given).map(|alert| TEXTS.fail(*alert, "Prometheus has loaded no rule that gives it")));
    if findings.is_empty() {
        let all = format!("all {} are judged without an error, and give {} alerts", rules.len(), given.len());
        findings.push(if given.is_empty() { TEXTS.fail(LOADED, "Prometheus has loaded none that gives an alert") } else { TEXTS.pass(LOADED, all) });
    }
    findings
}

/// None: it was judged without an error.
fn of_rule(rule: &LoadedRule) -> Option<Finding> {
    let subject = format!("{} {}", rule.group.raw(), rule.name.raw());
    match rule.health {
        RuleHealth::Ok => None,
        RuleHealth::Err => {
            let why = rule.error.as_ref().map_or("it does not say why", |error| error.raw());
            Some(TEXTS.fail(subject, format!("Prometheus could not judge it: {why}")))
        }
        RuleHealth::Unknown => Some(TEXTS.unverified(subject, "Prometheus has not judged it so far")),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::answers::Receiver;
    use airlock_model::{Check, Object, Outcome, SnapshotObject, Untrusted, Verdict, names};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::profile::unprofiled;

    fn rule(name: &str, health: RuleHealth) -> LoadedRule {
        let error = (health == RuleHealth::Err).then(|| Untrusted::from("found duplicate series"));
        LoadedRule { group: "platform".into(), name: name.into(), is_alert: name != "a:b", health, error }
    }

    /// What is written for Prometheus gives the alerts Down and Full; another `ConfigMap` gives Late.
    fn given(receiver: Option<Receiver>, result: Option<AttemptResult>) -> Snapshot {
        let map = |namespace: &str, name: &str, alerts: &[&str]| {
            let rules: Vec<_> = alerts.iter().map(|alert| json!({ "alert": alert, "expr": "up" })).collect();
            let text = json!({ "groups": [{ "name": "platform", "rules": rules }] }).to_string();
            let manifest = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name, "namespace": namespace }, "data": { "a.rules": text } });
            SnapshotObject::from(&Object::new(manifest).unwrap())
        };
        let maps = vec![map("airlock", names::PROMETHEUS_CONFIG, &["Down", "Full"]), map("airlock", "others", &["Late"]), map("airlock-alpha", names::PROMETHEUS_CONFIG, &["Late"])];
        let id = prometheus::rules_id();
        let outcome = result.map(|result| (id.clone(), Outcome { attempt: id, result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 7 }));
        let namespaces = vec!["airlock".to_owned(), "airlock-alpha".to_owned()];
        Snapshot {
            world: World { base_domain: "platform.test".into(), platform: "airlock".into(), namespaces, receiver, ..World::default() },
            objects: [("ConfigMap".to_owned(), Ok(maps))].into(),
            outcomes: outcome.into_iter().collect(),
            ..Snapshot::default()
        }
    }

    fn said(given: &Snapshot, asked: &[&str]) -> Vec<(String, Verdict, String)> {
        let mut profile = unprofiled();
        if !asked.is_empty() {
            profile.parameters.insert(super::super::ASKED.to_owned(), json!(asked));
        }
        let findings = super::super::AlertRules.evaluate(&profile, given);
        let beside = findings.into_iter().filter(|finding| finding.subject.name.raw() != super::super::RULES);
        beside.map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict, finding.observed.raw().to_owned())).collect()
    }

    fn of(rules: &[(&str, RuleHealth)]) -> Snapshot {
        given(Some(Receiver::None), Some(AttemptResult::Rules(rules.iter().map(|(name, health)| rule(name, *health)).collect())))
    }

    fn one(subject: &str, verdict: Verdict, observed: &str) -> [(String, Verdict, String); 1] {
        [(subject.to_owned(), verdict, observed.to_owned())]
    }

    const GOOD: [(&str, RuleHealth); 3] = [("Down", RuleHealth::Ok), ("Full", RuleHealth::Ok), ("a:b", RuleHealth::Ok)];

    #[test]
    fn every_rule_is_loaded_and_judged_without_an_error() {
        assert_eq!(said(&of(&GOOD), &[]), one(LOADED, Verdict::Pass, "all 3 are judged without an error, and give 2 alerts"));
        let failing = |at: usize| {
            let mut rules = GOOD;
            rules[at].1 = RuleHealth::Err;
            said(&of(&rules), &[])
        };
        assert_eq!(failing(0), one("platform Down", Verdict::Fail, "Prometheus could not judge it: found duplicate series"));
        assert_eq!(failing(2), one("platform a:b", Verdict::Fail, "Prometheus could not judge it: found duplicate series"), "alerts may look at it");
        assert_eq!(said(&of(&[GOOD[0], GOOD[1], ("a:b", RuleHealth::Unknown)]), &[]), one("platform a:b", Verdict::Unverified, "Prometheus has not judged it so far"));
    }

    #[test]
    fn what_is_written_for_prometheus_or_asked_for_is_loaded() {
        let missing = |alert: &str| one(alert, Verdict::Fail, "Prometheus has loaded no rule that gives it");
        assert_eq!(said(&of(&GOOD[1..]), &[]), missing("Down"));
        assert_eq!(said(&of(&[("Down", RuleHealth::Ok), ("Full", RuleHealth::Ok)]), &["Late"]), missing("Late"), "a rule that is written, and not for this Prometheus");
        assert_eq!(said(&of(&GOOD), &["Down"])[0].1, Verdict::Pass);
        assert_eq!(said(&of(&GOOD), &["Never"])[0].1, Verdict::Pass, "that nothing gives it is told of what is written");
        let mut without = of(&[]);
        without.objects.insert("ConfigMap".to_owned(), Ok(Vec::new()));
        assert_eq!(said(&without, &[]), one(LOADED, Verdict::Fail, "Prometheus has loaded none that gives an alert"));
    }

    #[test]
    fn prometheus_is_held_against_what_is_asked_for_where_what_is_written_was_not_read() {
        let mut unread = of(&GOOD);
        unread.objects.insert("ConfigMap".to_owned(), Err("403".to_owned()));
        assert_eq!(said(&unread, &["Late"]), one("Late", Verdict::Fail, "Prometheus has loaded no rule that gives it"));
    }

    #[test]
    fn without_an_answer_nothing_is_vouched_for() {
        let verdicts = |result| said(&given(Some(Receiver::Webhook), result), &[]).into_iter().map(|(_, verdict, _)| verdict).collect::<Vec<_>>();
        assert_eq!(verdicts(None), [Verdict::Unverified]);
        assert_eq!(verdicts(Some(AttemptResult::NotCarriedOut("403".into()))), [Verdict::Unverified]);
        assert_eq!(verdicts(Some(AttemptResult::TimedOut)), [Verdict::Unverified]);
    }

    #[test]
    fn where_no_prometheus_of_ours_is_there_is_nobody_to_ask() {
        let without = given(None, None);
        assert_eq!(said(&without, &[]), []);
        let asks = |world: &World| super::super::AlertRules.needs(&unprofiled(), world).into_iter().filter(|need| matches!(need, Need::Attempt(_))).count();
        assert_eq!((asks(&without.world), asks(&World { is_watched_by_others: true, ..without.world.clone() }), asks(&of(&GOOD).world)), (0, 0, 1));
    }
}
