//! A check tried on the tests that stand beside it.

use airlock_model::{Check as _, ExpectedVerdict, Finding, Profile, ReadFault, Verdict};

use super::definition::Compiled;
use super::{CustomFault, OfProfile};
use crate::error::ComplianceError;
use crate::manifests;
use crate::parameter::known;
use crate::profile::unprofiled;

/// Every test that does not come to what it expects, or that cannot be made.
pub(super) fn faults(compiled: &Compiled<'_>) -> Vec<CustomFault> {
    let check = compiled.check;
    let fault = |path: String, message: String| CustomFault { path, within: None, error: ComplianceError::CustomTest { message: format!("{}: {message}", check.id) } };
    let mut faults = Vec::new();
    for (index, test) in check.tests.iter().enumerate() {
        let path = format!("tests[{index}]");
        let before = faults.len();
        let mut profile = unprofiled();
        for (name, value) in &test.parameters {
            let (at, name) = (format!("{path}.parameters.{name}"), compiled.parameter(name).1);
            match known(&name, std::slice::from_ref(check)).map(|parameter| parameter.refuses(value)) {
                Ok(None) => drop(profile.parameters.insert(name, value.clone())),
                Ok(Some(reason)) => faults.push(CustomFault { path: at, within: None, error: ComplianceError::ParameterValue { name, reason } }),
                Err(error) => faults.push(CustomFault { path: at, within: None, error }),
            }
        }
        let files: Vec<_> = test.objects.iter().map(|object| manifests::read("test", object.to_string().as_bytes())).collect();
        for (number, file) in files.iter().enumerate() {
            let unread = file.unread.iter().filter(|unread| matches!(unread.fault, ReadFault::Broken | ReadFault::Empty));
            faults.extend(unread.map(|unread| fault(format!("{path}.objects[{number}]"), unread.message.to_string())));
        }
        if faults.len() > before {
            continue;
        }
        let findings = tried(compiled, &profile, files);
        let heaviest = findings.iter().max_by_key(|finding| finding.verdict);
        let expected = expected(test.expect);
        if let Some(said) = heaviest.filter(|said| said.verdict != expected) {
            faults.push(fault(format!("{path}.expect"), format!("the test expects `{expected}`, and the check says `{}`: {}: {}", said.verdict, said.subject, said.observed)));
        }
    }
    faults
}

fn tried(compiled: &Compiled<'_>, profile: &Profile, files: Vec<manifests::FileObjects>) -> Vec<Finding> {
    OfProfile::of(compiled).evaluate(profile, &manifests::snapshot(files))
}

const fn expected(verdict: ExpectedVerdict) -> Verdict {
    match verdict {
        ExpectedVerdict::Pass => Verdict::Pass,
        ExpectedVerdict::Fail => Verdict::Fail,
        ExpectedVerdict::Error => Verdict::Error,
        ExpectedVerdict::NotApplicable => Verdict::NotApplicable,
    }
}
