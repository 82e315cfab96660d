//! RGT-001: the caller has every right that the plan needs.

use airlock_model::{CheckSpec, Fact, Finding, Reason, Right, Severity, Snapshot};

use super::{Judged, Preflight, either, planned};
use crate::described::Described;

pub(super) static RIGHTS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "RGT-001",
            title: "the caller has every right that the plan needs",
            severity: Severity::High,
            promises: &["P2"],
            explanation: "A SelfSubjectAccessReview for each verb on each kind of object in each namespace of the plan. One that is denied fails; one that got no answer is unverified.",
            remedy: "Hand the list on to who gives rights in this cluster: by namespace, resources with their API groups and the verbs on them, as a Role words them.",
        },
        expected: "every right allowed",
        why: "the run would stop in the middle with 403",
    },
    judge: |check, given| either(rights(check, given)),
};

fn rights(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let wanted = &planned(check, given)?.rights;
    let caller = match given.facts.as_ref().map(|facts| &facts.caller) {
        Some(Fact::Known(caller)) => format!("rights of {}", caller.user),
        _ => "rights of the caller".to_owned(),
    };
    if wanted.is_empty() {
        return Ok(vec![check.not_applicable(caller, Reason::NoSubject, "the plan needs no right")]);
    }
    let missing: Vec<&Right> = wanted.iter().filter(|(_, answer)| *answer == Ok(false)).map(|(right, _)| right).collect();
    let unanswered: Vec<String> = wanted.iter().filter_map(|(right, answer)| answer.as_ref().err().map(|why| format!("{right} ({why})"))).collect();
    let mut findings = Vec::new();
    if !missing.is_empty() {
        findings.push(check.fail(caller.clone(), format!("missing {} of {}: {}", missing.len(), wanted.len(), Right::told(missing))));
    }
    if !unanswered.is_empty() {
        findings.push(check.unverified(caller.clone(), format!("no answer for {} of {}: {}", unanswered.len(), wanted.len(), unanswered.join("; "))));
    }
    if findings.is_empty() {
        findings.push(check.pass(caller, format!("{} rights allowed", wanted.len())));
    }
    Ok(findings)
}
