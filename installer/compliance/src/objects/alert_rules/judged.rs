//! Whether the platform's Prometheus has loaded rules, and judges them.

use std::collections::BTreeSet;
use std::time::Duration;

use airlock_model::{AttemptResult, Finding, LoadedRule, Need, Outcome, RuleHealth, Snapshot, Untrusted, World};

use super::written::WrittenRule;
use super::{TEXTS, promql};
use crate::attempts::{outcome, prometheus, words};
use crate::described::Resting;

const LOADED: &str = "rules of Prometheus";

/// None: no Prometheus of ours could be asked.
pub(super) fn need(world: &World) -> Option<Need> {
    world.receiver.map(|_| Need::Attempt(Box::new(prometheus::rules(world))))
}

/// What it answered, if it did.
pub(super) fn answer(given: &Snapshot) -> Option<&Outcome> {
    given.world.receiver?;
    outcome(given, &prometheus::rules_id()).ok().filter(|outcome| matches!(outcome.result, AttemptResult::Rules(_)))
}

/// What it says of each rule, which of these alerts it has no rule for, and which of these rules it has not as they are written.
pub(super) fn judge(given: &Snapshot, alerts: &BTreeSet<&str>, due: &[WrittenRule]) -> Vec<Finding> {
    if given.world.receiver.is_none() {
        return Vec::new();
    }
    let outcome = match outcome(given, &prometheus::rules_id()) {
        Ok(outcome) => outcome,
        Err(reason) => return vec![TEXTS.unverified(LOADED, reason)],
    };
    let AttemptResult::Rules(rules) = &outcome.result else { return vec![TEXTS.unverified(LOADED, words(&outcome.result)).tried([outcome])] };
    told(rules, alerts, due).into_iter().map(|finding| finding.tried([outcome])).collect()
}

fn told(rules: &[LoadedRule], alerts: &BTreeSet<&str>, due: &[WrittenRule]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = rules.iter().filter_map(of_rule).collect();
    let given: BTreeSet<&str> = rules.iter().filter(|rule| rule.is_alert).map(|rule| rule.name.raw()).collect();
    let wanted: BTreeSet<&str> = alerts.iter().copied().chain(due.iter().filter(|rule| rule.is_alert).map(|rule| rule.name.as_str())).collect();
    findings.extend(wanted.difference(&given).map(|alert| TEXTS.fail(*alert, "Prometheus has loaded no rule that gives it")));
    // Of an alert that no rule gives all was said just now.
    let told = |rule: &WrittenRule| rule.is_alert && !given.contains(rule.name.as_str());
    findings.extend(unlike(rules, due).into_iter().filter(|(rule, _)| !told(rule)).map(|(rule, why)| TEXTS.fail(format!("{} {}", rule.group, rule.name), why)));
    if findings.is_empty() {
        let all = format!("all {} are judged without an error, and give {} alerts", rules.len(), given.len());
        findings.push(if given.is_empty() { TEXTS.fail(LOADED, "Prometheus has loaded none that gives an alert") } else { TEXTS.pass(LOADED, all) });
    }
    findings
}

/// What is written and not loaded so, and what is loaded instead.
fn unlike<'w>(rules: &[LoadedRule], due: &'w [WrittenRule]) -> Vec<(&'w WrittenRule, String)> {
    let mut left: Vec<&LoadedRule> = rules.iter().collect();
    let mut take = |is_it: &dyn Fn(&LoadedRule) -> bool| left.iter().position(|rule| is_it(rule)).map(|at| left.swap_remove(at));
    // One of a name may be loaded as another one of that name is written.
    let others: Vec<&WrittenRule> = due.iter().filter(|rule| take(&|loaded| is_same(rule, loaded) && difference(rule, loaded).is_none()).is_none()).collect();
    let mut why = |rule: &WrittenRule| match take(&|loaded| is_same(rule, loaded)) {
        Some(loaded) => difference(rule, loaded).unwrap_or_default(),
        None => format!("Prometheus has not loaded it from {}", rule.file),
    };
    others.into_iter().map(|rule| (rule, why(rule))).collect()
}

/// Whether they are of one name in one group of one file.
fn is_same(written: &WrittenRule, loaded: &LoadedRule) -> bool {
    let is_there = loaded.file.as_ref().is_none_or(|file| file.raw().rsplit('/').next() == Some(written.file.as_str()));
    is_there && (written.is_alert, written.group.as_str(), written.name.as_str()) == (loaded.is_alert, loaded.group.raw(), loaded.name.raw())
}

/// What cannot be read is not compared: Prometheus says itself what it cannot judge.
fn difference(written: &WrittenRule, loaded: &LoadedRule) -> Option<String> {
    let query = loaded.query.as_ref().map(Untrusted::raw);
    if let (Some(query), Some((ours, theirs))) = (query, promql::parts(&written.expression).zip(query.and_then(promql::parts)))
        && ours != theirs
    {
        return Some(format!("Prometheus judges another expression than what is written: {query}"));
    }
    let (ours, theirs) = written.for_millis.zip(loaded.for_millis).filter(|(ours, theirs)| ours != theirs)?;
    Some(format!("Prometheus gives it after {:?}, and what is written says {:?}", Duration::from_millis(theirs), Duration::from_millis(ours)))
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
    use airlock_model::{Check, Object, SnapshotObject, Verdict, names};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::profile::unprofiled;

    fn rule(name: &str, health: RuleHealth) -> LoadedRule {
        let error = (health == RuleHealth::Err).then(|| Untrusted::from("found duplicate series"));
        LoadedRule { group: "platform".into(), name: name.into(), is_alert: name != "a:b", file: None, query: None, for_millis: None, health, error }
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

    /// A rule of `a.rules` as it is loaded: name, expression, and how many milliseconds it waits.
    fn loaded(name: &str, query: &str, for_millis: u64) -> LoadedRule {
        let (file, is_alert) = (Some("/etc/airlock/prometheus/a.rules".into()), name != "a:b");
        LoadedRule { file, query: Some(query.into()), for_millis: is_alert.then_some(for_millis), ..rule(name, RuleHealth::Ok) }
    }

    /// What is told where these rules are written for Prometheus, and those loaded.
    fn told_of(written: &serde_json::Value, loaded: Vec<LoadedRule>) -> Vec<(String, Verdict, String)> {
        let mut given = given(Some(Receiver::None), Some(AttemptResult::Rules(loaded)));
        let text = json!({ "groups": [{ "name": "platform", "rules": written }] }).to_string();
        let manifest = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": names::PROMETHEUS_CONFIG, "namespace": "airlock" }, "data": { "a.rules": text } });
        given.objects.insert("ConfigMap".to_owned(), Ok(vec![SnapshotObject::from(&Object::new(manifest).unwrap())]));
        said(&given, &[])
    }

    #[test]
    fn what_is_loaded_is_what_is_written() {
        let written = json!([{ "alert": "Down", "expr": "up{job='a'} == 0 # of a", "for": "1h30m" }, { "alert": "Full", "expr": "free < 1e3" }, { "record": "a:b", "expr": "sum(up) by (job)" }]);
        let down = || loaded("Down", "up{job=\"a\"} == 0", 5_400_000);
        let (full, series) = (|| loaded("Full", "free < 1000", 0), || loaded("a:b", "sum by (job) (up)", 0));
        assert_eq!(told_of(&written, vec![down(), full(), series()])[0].1, Verdict::Pass);
        assert_eq!(told_of(&written, vec![down(), full()]), one("platform a:b", Verdict::Fail, "Prometheus has not loaded it from a.rules"));
        assert_eq!(
            told_of(&written, vec![down(), full(), loaded("a:b", "sum by (pod) (up)", 0)]),
            one("platform a:b", Verdict::Fail, "Prometheus judges another expression than what is written: sum by (pod) (up)")
        );
        assert_eq!(
            told_of(&written, vec![loaded("Down", "up{job=\"a\"} == 0", 60_000), full(), series()]),
            one("platform Down", Verdict::Fail, "Prometheus gives it after 60s, and what is written says 5400s")
        );
        assert_eq!(
            told_of(&written, vec![down(), loaded("Full", "free < 100", 0), series()]),
            one("platform Full", Verdict::Fail, "Prometheus judges another expression than what is written: free < 100")
        );
        for elsewhere in [LoadedRule { group: "other".into(), ..down() }, LoadedRule { file: Some("/etc/b.rules".into()), ..down() }] {
            assert_eq!(told_of(&written, vec![elsewhere, full(), series()]), one("platform Down", Verdict::Fail, "Prometheus has not loaded it from a.rules"));
        }
        assert_eq!(told_of(&written, vec![full(), series()]), one("Down", Verdict::Fail, "Prometheus has loaded no rule that gives it"), "once");
    }

    #[test]
    fn each_of_two_rules_of_one_name_is_loaded() {
        let written = json!([{ "alert": "Down", "expr": "a", "for": "1m" }, { "alert": "Down", "expr": "b", "for": "5m" }]);
        let (a, b) = (|| loaded("Down", "a", 60_000), || loaded("Down", "b", 300_000));
        assert_eq!(told_of(&written, vec![b(), a()])[0].1, Verdict::Pass);
        assert_eq!(told_of(&written, vec![b()]), one("platform Down", Verdict::Fail, "Prometheus has not loaded it from a.rules"));
        assert_eq!(told_of(&written, vec![b(), b()]), one("platform Down", Verdict::Fail, "Prometheus judges another expression than what is written: b"));
    }

    #[test]
    fn what_cannot_be_compared_is_no_fault() {
        let written = json!([{ "alert": "Down", "expr": "up == \"", "for": "soon" }, { "alert": "Full", "expr": 1 }]);
        assert_eq!(told_of(&written, vec![loaded("Down", "up", 60_000), loaded("Full", "1", 0)])[0].1, Verdict::Pass);
        // An older run did not ask for them.
        let written = json!([{ "alert": "Down", "expr": "a", "for": "1m" }]);
        assert_eq!(told_of(&written, vec![rule("Down", RuleHealth::Ok)])[0].1, Verdict::Pass);
    }

    /// What is written stands in objects, and yet the check is one that was tried.
    #[test]
    fn where_only_an_attempt_decides_what_prometheus_answers_is_one() {
        let mut profile = crate::profile::with_checks(unprofiled(), "MON-002").unwrap();
        profile.must_probe.insert("MON-002".to_owned());
        let verdict = |given: &Snapshot| crate::report::judge(&profile, given, crate::report::Judging { passes: true, workers: 1 }).unwrap().checks[0].verdict;
        assert_eq!(verdict(&of(&GOOD)), Verdict::Pass);
        assert_eq!(verdict(&of(&GOOD[1..])), Verdict::Fail);
        assert_eq!(verdict(&given(Some(Receiver::None), Some(AttemptResult::TimedOut))), Verdict::Unverified);
        assert_eq!(verdict(&given(Some(Receiver::None), None)), Verdict::Unverified);
        assert_eq!(verdict(&given(None, None)), Verdict::Unverified, "nobody was asked");
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
