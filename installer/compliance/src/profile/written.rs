//! A profile with all that it extends as one document: it can be kept as a file, and comes to the same when it is read.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{CheckRule, ExceptionPolicy, ExceptionRule, GateRule, LeftOut, ParameterSetting, Profile, ProfileDocument, Requirement, Severity};

use super::wanted;

/// The document that comes to the profile. What is locked, or a check of its own, and was not selected is written as left out.
pub fn written(profile: &Profile) -> ProfileDocument {
    let rule = |checks: Vec<String>| CheckRule { checks, severity: None, locked: false, must_probe: false, reason: String::new() };
    let mut by_severity: BTreeMap<Severity, Vec<String>> = BTreeMap::new();
    for (id, severity) in &profile.severities {
        by_severity.entry(*severity).or_default().push(id.clone());
    }
    let reason = || "as the profiles say that were joined".to_owned();
    let mut rules: Vec<CheckRule> = by_severity.into_iter().map(|(severity, checks)| CheckRule { severity: Some(severity), reason: reason(), ..rule(checks) }).collect();
    if !profile.locked.checks.is_empty() {
        rules.push(CheckRule { locked: true, ..rule(profile.locked.checks.iter().cloned().collect()) });
    }
    if !profile.must_probe.is_empty() {
        rules.push(CheckRule { must_probe: true, ..rule(profile.must_probe.iter().cloned().collect()) });
    }
    let made: BTreeSet<&str> = wanted(profile).unwrap_or_default();
    let known = profile.locked.checks.iter().chain(&profile.must_probe).chain(profile.custom.iter().map(|check| &check.id));
    let left_out: Vec<String> = known.filter(|id| !made.contains(id.as_str())).cloned().collect::<BTreeSet<_>>().into_iter().collect();
    ProfileDocument {
        api_version: profile.api_version.clone(),
        kind: profile.kind.clone(),
        metadata: profile.metadata.clone(),
        requires: (profile.requires != Requirement::default()).then(|| profile.requires.clone()),
        extends: Vec::new(),
        checks: profile.checks.iter().chain(&left_out).cloned().collect(),
        custom: profile.custom.clone(),
        exclude: if left_out.is_empty() { Vec::new() } else { vec![LeftOut { checks: left_out, reason: "left out by one of the profiles that were joined, or by --checks".to_owned() }] },
        rules,
        gate: Some(GateRule { fail_on: Some(profile.gate.fail_on), unverified_fails: Some(profile.gate.unverified_fails), score: profile.gate.score }),
        parameters: profile.parameters.iter().map(|(name, value)| (name.clone(), ParameterSetting::new(value.clone(), profile.parameter_reasons.get(name).cloned()))).collect(),
        locked_parameters: profile.locked.parameters.iter().cloned().collect(),
        controls: profile.controls.clone(),
        keys: profile.keys.clone(),
        exceptions: (profile.exceptions != ExceptionPolicy::default()).then_some(ExceptionRule { max_days: profile.exceptions.max_days, locked_checks: Some(profile.exceptions.locked_checks) }),
    }
}
