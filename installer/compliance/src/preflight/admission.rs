//! ADM-001: the API server admits every object of the plan in a dry run.

use airlock_model::{CheckSpec, Finding, Object, Reason, Remedy, Severity, Snapshot};

use super::{Judged, Preflight, either, planned};
use crate::described::Described;

pub(super) static ADMITTED: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "ADM-001",
            title: "the API server admits every object of the plan",
            severity: Severity::High,
            promises: &["P2"],
            explanation: "A server-side dry run of each object: schema, admission policies, and webhooks that support dry runs. What a webhook that does not would say, and what a namespace that does not exist yet would admit, is unverified. A binding to a Role of the same plan is judged by the caller's rights.",
            remedy: "The API server's words name the policy or webhook. Ask its owner for an exception, or change the object with `patches` in the answers.",
        },
        expected: "admitted in a dry run",
        why: "the run would stop in the middle with this refusal",
    },
    judge: |check, given| either(admitted(check, given)),
};

/// Before a first install this is the rule, so it says what comes of it.
fn not_yet(check: &Described, objects: usize, read: bool) -> Finding {
    if !read {
        return check.unverified("objects of the plan", format!("{objects} objects: namespaces could not be read, so nobody knows whether a dry run can be made there"));
    }
    Finding {
        why: "a dry run can only be made in a namespace that exists; a refusal would be heard when the object is written, and the run would end there".to_owned(),
        fix: vec![Remedy { text: "Nothing has to be done. To hear it before, make the namespaces, empty, and run this again.".to_owned(), command: None }],
        ..check.unverified("objects of the plan", format!("objects whose namespaces the plan makes first: {objects}"))
    }
}

fn admitted(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let plan = planned(check, given)?;
    if plan.objects.is_empty() && plan.refused.is_empty() {
        return Ok(vec![check.not_applicable("objects of the plan", Reason::NoSubject, "the plan has no object")]);
    }
    let mut findings: Vec<Finding> = plan.refused.iter().map(|(object, words)| check.fail(object, words.raw())).collect();
    let namespaces = given.facts.as_ref().and_then(|facts| facts.namespaces.known());
    // A namespace that the plan makes is not there to be asked in.
    let is_there = |object: &&Object| object.reference().namespace.as_ref().is_none_or(|name| namespaces.is_some_and(|found| found.contains_key(name)));
    let asked = plan.objects.iter().filter(is_there).filter(|object| !object.binds_one_of(&plan.objects)).count();
    let unasked = plan.objects.iter().filter(|object| !is_there(object)).count();
    if unasked > 0 {
        findings.push(not_yet(check, unasked, namespaces.is_some()));
    }
    // Without the list of webhooks, the dry run itself still says what it saw.
    let admission = given.facts.as_ref().and_then(|facts| facts.admission.known()).map_or(&[][..], Vec::as_slice);
    let silent: Vec<String> = admission.iter().filter(|webhook| !webhook.dry_run).map(|webhook| format!("{} {}", webhook.kind, webhook.name)).collect();
    if !silent.is_empty() {
        findings.push(check.unverified("webhooks without dry run", silent.join(", ")));
    }
    if plan.refused.is_empty() && asked > 0 {
        findings.insert(0, check.pass("objects of the plan", format!("{asked} objects, none refused")));
    }
    Ok(findings)
}
