//! The answers file of a guided run: every answer, below a comment that says where it came from.

use std::fmt::Write as _;

use airlock_model::answers::{AnswersError, Looking};
use airlock_model::{Answers, Untrusted};
use serde_json::{Map, Value};

use super::{Former, Guide, PLACEHOLDER, Source, Topic, questions};

/// The key of the base domain, which a run that was left early does not know yet.
const BASE_DOMAIN: &str = "baseDomain";

/// Reads answers that a guided run kept; they may lack the base domain.
pub fn read(text: &str, look: &Looking<'_>) -> Result<Former, AnswersError> {
    let domain_known = text.lines().any(|line| line.starts_with(BASE_DOMAIN));
    let whole = if domain_known { text.to_owned() } else { format!("{}\n{BASE_DOMAIN}: {PLACEHOLDER}\n", text.trim_end()) };
    Ok(Former { answers: Answers::from_yaml_where(&whole, look)?, domain_known, source: Source::Kept })
}

pub(super) fn write(guide: &Guide, path: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut text =
        format!("# Answers for Airlock, written by the guided run of airlock {version}; with each answer stands where it came from.\n# To install by them: airlock install --answers {path}\n");
    let unknown: Vec<Topic> = guide.awaited().iter().map(|question| question.topic).collect();
    let Ok(Value::Object(answers)) = serde_json::to_value(guide.answers()) else { return text };
    for (key, value) in answers {
        for comment in comments(guide, &key) {
            let _ = writeln!(text, "# {comment}");
        }
        let value = pruned(value);
        let unnamed = key == BASE_DOMAIN && unknown.contains(&Topic::Domain);
        if !unnamed && !is_empty(&value) {
            // A map of text and plain values is always YAML.
            text.push_str(&serde_yaml::to_string(&Map::from_iter([(key, value)])).unwrap_or_default());
        }
    }
    text
}

fn comments(guide: &Guide, key: &str) -> Vec<String> {
    if key == "cluster" {
        return vec!["the cluster that these answers are for; on another one they are refused".into()];
    }
    let about: Vec<Topic> = questions().filter(|question| question.keys.contains(&key)).map(|question| question.topic).collect();
    let lines = guide.summary().into_iter().filter(|line| about.contains(&line.topic));
    lines
        .map(|line| {
            let reason = if line.reason.is_empty() || line.open { String::new() } else { format!(": {}", line.reason) };
            Untrusted::from(format!("{}: {} ({}{reason})", line.title, line.value, line.source.word())).to_string()
        })
        .collect()
}

/// Without what says nothing: absent values, empty lists, empty groups.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(entries) => Value::Object(entries.into_iter().map(|(key, value)| (key, pruned(value))).filter(|(_, value)| !is_empty(value)).collect()),
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
