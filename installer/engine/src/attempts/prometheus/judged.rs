//! Which rules Prometheus has loaded, and how each went when it was last judged.

use std::time::Duration;

use airlock_model::{LoadedRule, RuleHealth, Untrusted};
use serde::Deserialize;

/// All rules, without the alerts that each gives now (Prometheus, "HTTP API", rules).
pub(super) const PATH: &str = "/api/v1/rules?exclude_alerts=true";

/// Whether each was judged without an error. One that was just loaded is not judged so far, and what it looks at may be missing for a moment.
pub(super) fn is_whole(rules: &[LoadedRule]) -> bool {
    rules.iter().all(|rule| rule.health == RuleHealth::Ok)
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    file: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    query: String,
    /// Seconds; of alerts alone.
    duration: Option<f64>,
    health: RuleHealth,
    #[serde(default)]
    last_error: String,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Alerting,
    Recording,
}

pub(super) fn read(body: &[u8]) -> Result<Vec<LoadedRule>, String> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| format!("what Prometheus answered cannot be read: {error}"))?;
    let of_group = |group: Group| {
        let (name, file) = (group.name, group.file);
        group.rules.into_iter().map(move |rule| LoadedRule {
            group: Untrusted::new(name.clone()),
            name: Untrusted::new(rule.name),
            is_alert: rule.kind == Kind::Alerting,
            file: Some(Untrusted::new(file.clone())),
            query: Some(Untrusted::new(rule.query)),
            for_millis: rule.duration.and_then(millis),
            health: rule.health,
            error: (!rule.last_error.is_empty()).then(|| Untrusted::new(rule.last_error)),
        })
    };
    let mut rules: Vec<LoadedRule> = answer.data.groups.into_iter().flat_map(of_group).collect();
    rules.sort();
    Ok(rules)
}

/// None: it is no time that a rule can wait.
fn millis(seconds: f64) -> Option<u64> {
    Duration::try_from_secs_f64(seconds).ok().and_then(|held| u64::try_from(held.as_millis()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(rules: &str) -> String {
        format!(r#"{{"status":"success","data":{{"groups":[{{"name":"platform","file":"/etc/a.rules","interval":15,"rules":[{rules}]}},{{"name":"empty","file":"/etc/b.rules","rules":[]}}]}}}}"#)
    }

    #[test]
    fn rules_are_told_in_order_with_what_went_wrong_and_anything_else_is_no_answer() {
        let alert = r#"{"state":"unknown","name":"Down","query":"up == 0","duration":60,"alerts":[],"health":"err","lastError":"found duplicate series","type":"alerting"}"#;
        let record = r#"{"name":"a:b","query":"up","health":"unknown","evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"}"#;
        let told = read(answer(&[record, alert].join(",")).as_bytes()).unwrap();
        let told: Vec<_> = told.iter().map(|rule| (rule.group.raw(), rule.name.raw(), rule.is_alert, rule.health, rule.error.as_ref().map(Untrusted::raw))).collect();
        assert_eq!(told, [("platform", "Down", true, RuleHealth::Err, Some("found duplicate series")), ("platform", "a:b", false, RuleHealth::Unknown, None)]);
        let loaded = read(answer(&[record, alert].join(",")).as_bytes()).unwrap();
        let loaded: Vec<_> = loaded.iter().map(|rule| (rule.file.as_ref().map(Untrusted::raw), rule.query.as_ref().map(Untrusted::raw), rule.for_millis)).collect();
        assert_eq!(loaded, [(Some("/etc/a.rules"), Some("up == 0"), Some(60_000)), (Some("/etc/a.rules"), Some("up"), None)]);
        let odd = alert.replace("60,", "-1,");
        assert_eq!(read(answer(&odd).as_bytes()).unwrap()[0].for_millis, None);
        assert_eq!(read(answer("").as_bytes()), Ok(Vec::new()));
        for odd in ["", "{}", r#"{"status":"error","errorType":"bad_data","error":"x"}"#, &answer(&record.replace("\"unknown\"", "\"well\"")), &answer(&record.replace("recording", "other"))] {
            assert!(read(odd.as_bytes()).is_err(), "{odd}");
        }
    }

    #[test]
    fn what_was_not_judged_so_far_or_failed_is_asked_for_again() {
        let of = |health: &[RuleHealth]| {
            let rule = |health: &RuleHealth| LoadedRule { group: "g".into(), name: "n".into(), is_alert: true, file: None, query: None, for_millis: None, health: *health, error: None };
            is_whole(&health.iter().map(rule).collect::<Vec<_>>())
        };
        assert!(of(&[RuleHealth::Ok, RuleHealth::Ok]) && of(&[]));
        assert!(!of(&[RuleHealth::Ok, RuleHealth::Unknown]) && !of(&[RuleHealth::Err, RuleHealth::Ok]));
    }
}
