//! A profile and what was collected become a report: findings, a verdict a check, and whether the gate fails.

mod controls;
mod evaluation;
mod numbers;
mod score;

use std::collections::BTreeMap;

use airlock_model::{Attempt, AttemptId, Check, Digest, Finding, Need, Profile, ProfileGate, ProfileMetadata, Reason, Severity, Snapshot, Source, Verdict, World};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use crate::admitted::{Admitted, admitted};
use crate::catalogue::check;
use crate::custom::CustomChecks;
use crate::decisions::{self, Decisions, ExceptionInForce, Used};
use crate::error::ComplianceError;
use crate::objects;
use crate::profile::{digest, selected, selected_custom, validate};
use crate::promises::{PromiseSummary, promises};
use crate::references::{Reference, standing};

pub use controls::{ControlCheck, ControlSummary, ControlVerdict};
pub(crate) use evaluation::evaluate;
use evaluation::{Said, all};
pub use score::Score;
use score::Tally;

/// The schema of reports; a reader of an older one may not know all of this one.
pub const REPORT_SCHEMA: u32 = 2;

/// What a profile says of an installation, or of files. The same input gives the same report, byte for byte.
///
/// Its JSON is a contract for scripts: `schema`, `summary`, and `findings` with `check`, `verdict`, `severity`, `subject`,
/// `path`, `observed`, `expected`, `why`, `fix`, and `evidence`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The number of its schema, [`REPORT_SCHEMA`].
    pub schema: u32,
    /// All in all.
    pub summary: Summary,
    /// Name, version, owner of the profile.
    pub profile: ProfileMetadata,
    /// Digest of the profile.
    pub digest: Digest,
    /// Digest of the installed profile, where this is another, or the same with other checks or parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed: Option<Digest>,
    /// What failed the gate was judged by.
    pub gate: ProfileGate,
    /// One line a check, in the order of the catalogue, then of the profile's own.
    pub checks: Vec<CheckSummary>,
    /// One line a control of the profile's list, in its order; empty when it has none.
    pub controls: Vec<ControlSummary>,
    /// One line a promise, in their order.
    pub promises: Vec<PromiseSummary>,
    /// Findings: what weighs most first, then by severity, check, and subject. What passes is only among them when that
    /// was asked for; the summary counts it always.
    pub findings: Vec<Finding>,
    /// The exceptions that counted, those among them that covered nothing too; not there without one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionInForce>,
    /// What admission made of pods; not there for files, and where no check asked for pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admitted: Option<Admitted>,
}

impl Report {
    /// Its JSON Schema, in draft 7, which validators of all languages know. Keys may be added under the same number of the schema.
    pub fn schema() -> Value {
        let mut schema = SchemaSettings::draft07().for_serialize().into_generator().into_root_schema_for::<Self>().to_value();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("title".into(), "Report of airlock compliance-check".into());
        }
        if let Some(number) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
            number.insert("const".into(), REPORT_SCHEMA.into());
        }
        schema
    }
}

/// All in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The verdict that weighs most.
    pub verdict: Verdict,
    /// Whether the gate fails; `airlock compliance-check` then ends with exit code 7.
    pub gate_failed: bool,
    /// How many checks were asked for.
    pub checks: usize,
    /// How many objects were given.
    pub objects: usize,
    /// What it scores; not there where the profile asks for no score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// Number of findings by verdict, every verdict named.
    #[serde(flatten)]
    pub counts: BTreeMap<Verdict, usize>,
}

impl Summary {
    /// How many findings there are in all.
    pub fn findings(&self) -> usize {
        self.counts.values().sum()
    }
}

/// What one check said in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckSummary {
    /// Its id.
    pub id: String,
    /// What is true when it passes.
    pub title: String,
    /// How bad it is when it fails.
    pub severity: Severity,
    /// The promises it stands for.
    pub promises: Vec<String>,
    /// The controls of frameworks that ask for it.
    pub references: Vec<Reference>,
    /// Of its findings, the verdict that weighs most.
    pub verdict: Verdict,
    /// Why it does not apply, when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// How many findings it has.
    pub findings: usize,
    /// Whether it fails the gate.
    pub gate_failed: bool,
    /// What a check of the profile's own is; none: the catalogue says it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub texts: Option<CheckTexts>,
}

/// What a check of a profile's own is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckTexts {
    /// What is looked at, and what must hold.
    pub explanation: String,
    /// What to do when it fails.
    pub remedy: String,
}

impl CheckSummary {
    /// What is looked at, and what counts as what; none: nobody knows the check.
    pub fn explanation(&self) -> Option<&str> {
        self.texts.as_ref().map(|texts| texts.explanation.as_str()).or_else(|| check(&self.id).map(|known| known.spec().explanation))
    }

    /// What to do when it fails; none: nobody knows the check.
    pub fn remedy(&self) -> Option<&str> {
        self.texts.as_ref().map(|texts| texts.remedy.as_str()).or_else(|| check(&self.id).map(|known| known.spec().remedy))
    }
}

/// How a report is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judging {
    /// Whether what passes stands among the findings.
    pub passes: bool,
    /// How many threads evaluate checks.
    pub workers: usize,
}

/// What must be collected for a profile: each object kind and attempt once, a control before what it controls.
pub fn needs(profile: &Profile, world: &World) -> Result<Vec<Need>, ComplianceError> {
    let mut needs: Vec<Need> = Vec::new();
    let mut attempts: BTreeMap<AttemptId, Attempt> = BTreeMap::new();
    for need in needs_by_check(profile, world)?.into_iter().flat_map(|(_, needs)| needs) {
        if let Need::Attempt(attempt) = &need {
            match attempts.get(&attempt.id) {
                Some(known) if known == attempt.as_ref() => continue,
                Some(_) => return Err(ComplianceError::AttemptConflict { attempt: attempt.id.clone() }),
                None => drop(attempts.insert(attempt.id.clone(), attempt.as_ref().clone())),
            }
        }
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    Ok(needs)
}

/// What each check that the profile selects asks of a cluster, by its id.
pub fn needs_by_check(profile: &Profile, world: &World) -> Result<Vec<(String, Vec<Need>)>, ComplianceError> {
    validate(profile)?;
    let custom = CustomChecks::compile(selected_custom(profile)?)?;
    let custom = custom.checks();
    let chosen = selected(profile)?.into_iter().map(|check| -> &dyn Check { check }).chain(custom.iter().map(|check| -> &dyn Check { check }));
    let of_cluster = chosen.filter(|check| standing(check.spec().id).reads.read(Source::Cluster));
    Ok(of_cluster.map(|check| (check.spec().id.to_string(), check.needs(profile, world))).collect())
}

/// Judges what was collected by the checks that the profile selects. Files are always asked whether they could be read.
pub fn judge(profile: &Profile, given: &Snapshot, how: Judging) -> Result<Report, ComplianceError> {
    judge_decided(profile, given, &Decisions::default(), how)
}

/// The same where people have decided about findings: exceptions and attestations.
pub fn judge_decided(profile: &Profile, given: &Snapshot, decisions: &Decisions, how: Judging) -> Result<Report, ComplianceError> {
    validate(profile)?;
    let custom = CustomChecks::compile(selected_custom(profile)?)?;
    let custom = custom.checks();
    let mut chosen: Vec<&dyn Check> = selected(profile)?.into_iter().map(|check| -> &dyn Check { check }).collect();
    chosen.extend(custom.iter().map(|check| -> &dyn Check { check }));
    if !chosen.iter().any(|check| standing(check.spec().id).reads.read(given.source)) {
        return Err(ComplianceError::OtherSource { checks: chosen.iter().map(|check| check.spec().id).collect::<Vec<_>>().join(", ") });
    }
    if given.source == Source::Files && !chosen.iter().any(|check| check.spec().id == objects::MANIFESTS_READ.spec().id) {
        chosen.push(objects::MANIFESTS_READ);
    }
    let said = all(&chosen, profile, given, decisions, how);
    let mut counts: BTreeMap<Verdict, usize> = Verdict::ALL.map(|verdict| (verdict, 0)).into();
    let (mut checks, mut findings) = (Vec::new(), Vec::new());
    let (mut used, mut tally) = (Used::default(), Tally::default());
    let mut add = |said: Said, checks: &mut Vec<CheckSummary>| {
        tally.add(said.summary.severity, &said.counted, said.summary.reason.is_some_and(Reason::is_unseen));
        for (verdict, count) in said.counted {
            *counts.entry(verdict).or_default() += count;
        }
        checks.push(said.summary);
        findings.extend(said.kept);
        said.used
    };
    let mut numbers = BTreeMap::new();
    for mut said in said {
        numbers.insert(said.summary.id.clone(), std::mem::take(&mut said.numbers));
        used.extend(add(said, &mut checks));
    }
    let mut controls = controls::controls(&profile.controls, &checks, &numbers);
    decisions.attest_controls(&mut controls, profile, &mut used);
    let of_decisions = decisions.findings(&used);
    if !of_decisions.is_empty() {
        add(evaluation::said(decisions::CHECK, of_decisions, profile, how), &mut checks);
    }
    findings.sort_by(|a, b| {
        let weight = |finding: &Finding| (std::cmp::Reverse(finding.verdict), std::cmp::Reverse(finding.severity));
        weight(a).cmp(&weight(b)).then_with(|| a.check.cmp(&b.check)).then_with(|| a.subject.cmp(&b.subject)).then_with(|| a.path.cmp(&b.path))
    });
    let admitted = admitted(given);
    if let Some(admitted) = &admitted {
        admitted.explain(&mut findings);
    }
    // Without findings nothing is known.
    let verdict = checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Unverified);
    let objects = given.objects.values().flatten().map(Vec::len).sum();
    let score = profile.gate.score.map(|rule| tally.score(rule));
    let gate_failed = checks.iter().any(|check| check.gate_failed) || score.is_some_and(|score| score.fails());
    Ok(Report {
        schema: REPORT_SCHEMA,
        summary: Summary { verdict, gate_failed, checks: checks.len(), objects, score, counts },
        profile: profile.metadata.clone(),
        digest: digest(profile)?,
        installed: None,
        gate: profile.gate,
        controls,
        promises: promises(&checks),
        checks,
        findings,
        exceptions: decisions.in_force(&used),
        admitted,
    })
}

#[cfg(test)]
mod tests;
