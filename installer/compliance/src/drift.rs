//! EVD-002: what was installed is as it was installed: a plan from the recorded answers and documents changes no object.

use airlock_model::{Change, Check, CheckSpec, Drifted, Fact, FieldChange, Finding, Need, Operation, Profile, Severity, Snapshot, Subject, World, field_path};

use crate::described::Described;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "EVD-002",
        title: "nothing that was installed has been changed since",
        severity: Severity::Medium,
        promises: &["P2", "P14"],
        explanation: "The plan that the recorded answers of the platform and the recorded document of each Airflow deployment would make, with the recorded images: an object that it would make, change, or delete is no longer as it was installed, and the finding names its fields. Only fields that Airlock sets count; of rules that open something (NetworkPolicies, Roles, their bindings) what somebody added counts as well. An object that is only not ready yet, and a certificate that is to be renewed, are no change (TLS-001, TLS-010). Where the last run did not come to its end, or another release installed it, it is unverified: the difference may be the release's.",
        remedy: "`airlock plan` and `airlock deployment apply` with the recorded documents show each field before they put it back; `airlock install` puts the platform's back. A change that is meant belongs into the answers.",
    },
    expected: "as it was installed",
    why: "what runs is not what was approved, and the next install takes it back",
};

/// How many fields of an object a finding names.
const NAMED: usize = 4;

pub(crate) const CHECK: &dyn Check = &Drift;

/// The check.
struct Drift;

impl Check for Drift {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::Drift]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        const ALL: &str = "the installation";
        match &given.drift {
            None => vec![TEXTS.unverified(ALL, "it was not compared with what was installed")],
            Some(Err(reason)) => vec![TEXTS.unverified(ALL, reason.as_str())],
            Some(Ok(parts)) if parts.is_empty() => vec![TEXTS.unverified(ALL, "nothing was compared")],
            Some(Ok(parts)) => parts.iter().flat_map(of_part).collect(),
        }
    }
}

fn of_part(part: &Drifted) -> Vec<Finding> {
    let subject = part.what.as_str();
    match &part.changes {
        Fact::Unverified(why) => vec![TEXTS.unverified(subject, why.as_str())],
        Fact::Known(changes) => {
            let failed: Vec<Finding> = changes.iter().filter_map(of_object).collect();
            if failed.is_empty() { vec![TEXTS.pass(subject, "every object is as it was installed")] } else { failed }
        }
    }
}

fn of_object(change: &Change) -> Option<Finding> {
    let observed = match change.operation {
        Operation::Await => return None,
        Operation::Create => "it is gone".to_owned(),
        Operation::Delete => "it is there, and nothing that is installed asks for it".to_owned(),
        Operation::Update => format!("changed: {}", fields(&change.fields)),
    };
    let mut finding = TEXTS.fail(Subject::from(&change.object), observed);
    finding.path = change.fields.first().map(|field| field_path(&field.path).into());
    Some(finding)
}

/// Paths alone: values may be anybody's.
fn fields(changed: &[FieldChange]) -> String {
    let named = changed.iter().take(NAMED).map(|field| field_path(&field.path)).collect::<Vec<_>>().join(", ");
    match changed.len().saturating_sub(NAMED) {
        0 if named.is_empty() => "what it holds".to_owned(),
        0 => named,
        more => format!("{named}, and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{ObjectRef, Verdict};

    use super::*;
    use crate::profile::unprofiled;

    fn change(operation: Operation, paths: &[&str]) -> Change {
        let fields = paths.iter().map(|path| FieldChange { path: (*path).to_owned(), before: Some("hunter2".into()), after: None }).collect();
        Change { object: ObjectRef::namespaced("apps/v1", "Deployment", "airlock", "edge"), operation, seen: None, fields }
    }

    fn said(drift: Option<Result<Vec<Drifted>, String>>) -> Vec<Finding> {
        Drift.evaluate(&unprofiled(), &Snapshot { drift, ..Snapshot::default() })
    }

    fn platform(changes: Fact<Vec<Change>>) -> Vec<Drifted> {
        let alpha = Drifted { what: "deployment alpha".into(), namespace: "airlock-alpha".into(), changes: Fact::Known(Vec::new()) };
        vec![Drifted { what: "the platform".into(), namespace: "airlock".into(), changes }, alpha]
    }

    fn verdicts(findings: &[Finding]) -> Vec<Verdict> {
        findings.iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn what_is_as_it_was_installed_passes_also_while_it_is_not_ready() {
        assert_eq!(verdicts(&said(Some(Ok(platform(Fact::Known(Vec::new())))))), [Verdict::Pass, Verdict::Pass]);
        assert_eq!(verdicts(&said(Some(Ok(platform(Fact::Known(vec![change(Operation::Await, &[])])))))), [Verdict::Pass, Verdict::Pass]);
    }

    #[test]
    fn each_object_that_differs_fails_with_its_fields_and_no_value() {
        for (change, observed) in [
            (change(Operation::Update, &["/spec/replicas"]), "changed: spec.replicas"),
            (change(Operation::Update, &["/a", "/b", "/c", "/d", "/e"]), "changed: a, b, c, d, and 1 more"),
            (change(Operation::Create, &[]), "it is gone"),
            (change(Operation::Delete, &[]), "it is there, and nothing that is installed asks for it"),
        ] {
            let findings = said(Some(Ok(platform(Fact::Known(vec![change])))));
            assert_eq!(verdicts(&findings), [Verdict::Fail, Verdict::Pass]);
            assert_eq!((findings[0].observed.raw(), findings[0].subject.name.raw()), (observed, "edge"));
            assert!(!serde_json::to_string(&findings).unwrap().contains("hunter2"));
        }
    }

    #[test]
    fn what_was_not_compared_is_unverified() {
        for drift in [None, Some(Err("403".to_owned())), Some(Ok(Vec::new()))] {
            assert_eq!(verdicts(&said(drift)), [Verdict::Unverified]);
        }
        assert_eq!(verdicts(&said(Some(Ok(platform(Fact::Unverified("another release".into())))))), [Verdict::Unverified, Verdict::Pass]);
    }
}
