//! Results of an analysis (OASIS SARIF 2.1.0), as `trivy image --format sarif` writes them: one run an image.
//!
//! Trivy has the digest among `properties.repoDigests` of a run (aquasecurity/trivy, `pkg/report/sarif.go`) and no time; Grype has neither
//! (anchore/grype, `grype/presenter/sarif/presenter.go`), so that its files are refused. A pipeline may add `invocations` with the time.
//! SARIF has no word for critical, which is an `error` like what is high: Trivy tells it by a tag of the rule, both tell it by
//! `security-severity`, the score that GitHub reads, and by a line of text. A rule stands for all results of one id, and its tag is
//! that of the last; so whatever says critical counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::{Faults, GRYPE, Rated, Told, field};
use crate::pod_images;

/// Scores from which a fault is critical (CVSS 3.1, §5), and the highest that there is.
const CRITICAL_SCORE: f64 = 9.0;
const HIGHEST_SCORE: f64 = 10.0;
const CRITICAL: &str = "critical";
/// Severities below critical, of either scanner.
const LOWER: [&str; 6] = ["high", "medium", "low", "negligible", "unknown", "none"];
/// What Trivy tags the rules of vulnerabilities with, and not those of secrets and settings.
const VULNERABILITY: &str = "vulnerability";

#[derive(Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: Option<Vec<Invocation>>,
    results: Option<Vec<Outcome>>,
    properties: Option<RunProperties>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    name: Option<String>,
    rules: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
struct Rule {
    id: Option<String>,
    help: Option<Message>,
    properties: Option<RuleProperties>,
}

#[derive(Deserialize)]
struct RuleProperties {
    tags: Option<Vec<String>>,
    #[serde(rename = "security-severity")]
    score: Option<Score>,
}

/// Text by GitHub's convention.
#[derive(Deserialize)]
#[serde(untagged)]
enum Score {
    Text(String),
    Number(f64),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: Option<bool>,
    start_time_utc: Option<String>,
    end_time_utc: Option<String>,
}

/// A `result` of SARIF.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: Option<String>,
    rule_index: Option<i64>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunProperties {
    repo_digests: Option<Vec<String>>,
}

pub(super) fn read(bytes: &[u8]) -> serde_json::Result<Vec<Told>> {
    let Log { runs } = serde_json::from_slice(bytes)?;
    Ok(runs.iter().enumerate().map(|(number, run)| told(number, run)).collect())
}

fn told(number: usize, run: &Run) -> Told {
    let path = |rest: &str| format!("runs[{number}].{rest}");
    let by = run.tool.driver.name.clone().unwrap_or_default();
    let references: Vec<&str> = run.properties.iter().filter_map(|properties| properties.repo_digests.as_ref()).flatten().map(String::as_str).collect();
    let mut fields = vec![field(path("properties.repoDigests"), &references.join(", "))];
    fields.extend(time(run).map(|(_, text)| field(path("invocations"), text)));
    let mut has_looked = run.results.is_some() && by.eq_ignore_ascii_case(GRYPE);
    let mut faults = Faults::default();
    let rules = Rules::of(run);
    for result in run.results.iter().flatten() {
        let found = rules.of_result(result);
        has_looked |= found.iter().any(|rule| rule.tags().any(|tag| tag == VULNERABILITY));
        faults.add(result.rule_id.as_deref(), rated(&found, result));
    }
    fields.push(faults.field(path("results")));
    let has_failed = run.invocations.iter().flatten().any(|invocation| invocation.execution_successful == Some(false));
    let failed = has_failed.then(|| "the report says that the scanner did not come to its end".to_owned());
    Told { by, images: references.into_iter().filter_map(pod_images::digest).collect(), at: time(run).map(|(at, _)| at), gap: failed.or_else(|| faults.gap(has_looked)), faults, fields }
}

/// When the first invocation of a run ended, or else began; none: one of them does not say.
fn time(run: &Run) -> Option<(Timestamp, &str)> {
    let times: Option<Vec<(Timestamp, &str)>> = run
        .invocations
        .iter()
        .flatten()
        .map(|invocation| {
            let text = invocation.end_time_utc.as_deref().or(invocation.start_time_utc.as_deref())?;
            Some((text.parse().ok()?, text))
        })
        .collect();
    times?.into_iter().min()
}

/// The rules of a run.
struct Rules<'a> {
    all: &'a [Rule],
    by_id: BTreeMap<&'a str, Vec<&'a Rule>>,
}

impl<'a> Rules<'a> {
    fn of(run: &'a Run) -> Self {
        let all = run.tool.driver.rules.as_deref().unwrap_or_default();
        let mut by_id: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
        for rule in all {
            by_id.entry(rule.id.as_deref().unwrap_or_default()).or_default().push(rule);
        }
        Self { all, by_id }
    }

    /// By its id, which both scanners write, and without one by its place.
    fn of_result(&self, result: &Outcome) -> Vec<&'a Rule> {
        match &result.rule_id {
            Some(id) => self.by_id.get(id.as_str()).cloned().unwrap_or_default(),
            None => result.rule_index.and_then(|index| self.all.get(usize::try_from(index).ok()?)).into_iter().collect(),
        }
    }
}

impl Rule {
    fn tags(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().filter_map(|properties| properties.tags.as_ref()).flatten().map(String::as_str)
    }

    fn score(&self) -> Option<&Score> {
        self.properties.as_ref()?.score.as_ref()
    }
}

impl Score {
    fn rated(&self) -> Rated {
        let score = match self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => Some(*number),
        };
        match score {
            Some(score) if (CRITICAL_SCORE..=HIGHEST_SCORE).contains(&score) => Rated::Critical,
            Some(score) if (0.0..CRITICAL_SCORE).contains(&score) => Rated::Lower,
            _ => Rated::Unclear,
        }
    }
}

impl Message {
    /// The line of the text that says the severity; what follows may be another's description.
    fn severity(&self) -> Option<&str> {
        self.text.as_deref()?.lines().find_map(|line| line.strip_prefix("Severity: "))
    }
}

/// A level alone says nothing: `error` is high or critical.
fn rated(rules: &[&Rule], result: &Outcome) -> Rated {
    let lines = rules.iter().filter_map(|rule| rule.help.as_ref()).chain(&result.message).filter_map(Message::severity);
    let words: Vec<&str> = rules.iter().flat_map(|rule| rule.tags()).chain(lines).collect();
    let scores: Vec<Rated> = rules.iter().filter_map(|rule| rule.score()).map(Score::rated).collect();
    let says = |severity: &str| words.iter().any(|word| word.eq_ignore_ascii_case(severity));
    if says(CRITICAL) || scores.contains(&Rated::Critical) {
        Rated::Critical
    } else if !scores.contains(&Rated::Unclear) && (!scores.is_empty() || LOWER.iter().any(|severity| says(severity))) {
        Rated::Lower
    } else {
        Rated::Unclear
    }
}
