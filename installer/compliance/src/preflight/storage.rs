//! STO-001: the storage classes that claims name exist.

use airlock_model::{CheckSpec, Finding, Reason, Severity, Snapshot, StorageClass};

use super::{Judged, Preflight, either, facts, known, planned};
use crate::described::Described;

pub(super) static CLASS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "STO-001",
            title: "the storage classes exist",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "Each storage class that the plan's volume claims name; for claims that name none, a class that is marked as the cluster's default.",
            remedy: "Name a class that exists with `components.<name>.storage.class` in the answers (`kubectl get storageclass` lists them), or have one made.",
        },
        expected: "the named class, or a default class",
        why: "the volume claim, and with it the pod, would stay Pending",
    },
    judge: |check, given| either(class(check, given)),
};

fn class(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let mut wanted = planned(check, given)?.storage_classes.clone();
    wanted.sort();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(vec![check.not_applicable("storage classes", Reason::NoSubject, "the plan adds no volume claim")]);
    }
    let classes = known(check, "storage classes", &facts(check, given)?.storage_classes)?;
    Ok(wanted.iter().map(|name| judge(check, name, classes)).collect())
}

fn judge(check: &Described, name: &str, classes: &[StorageClass]) -> Finding {
    let there = || if classes.is_empty() { "none".to_owned() } else { classes.iter().map(|class| class.name.as_str()).collect::<Vec<_>>().join(", ") };
    let seen = |class: &StorageClass| format!("{} by {}, {}", class.name, class.provisioner, class.binding_mode);
    if name.is_empty() {
        let subject = "default storage class";
        return match classes.iter().find(|class| class.default) {
            Some(class) => check.pass(subject, seen(class)),
            None => check.fail(subject, format!("no class is marked as default; there is: {}", there())),
        };
    }
    let subject = format!("StorageClass {name}");
    match classes.iter().find(|class| class.name == name) {
        Some(class) => check.pass(subject, seen(class)),
        None => check.fail(subject, format!("it does not exist; there is: {}", there())),
    }
}
