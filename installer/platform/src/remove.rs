//! Objects go away in an order: what runs first, then what it used, then the namespaces.

use airlock_model::{Action, Change, ObjectRef, Operation, PlannedStep, Risk, StepId, Undo};

use crate::rights;

/// Steps by what they take away: id and title.
const PHASES: [(&str, &str); 3] = [("remove.workloads", "stop and remove the workloads"), ("remove.objects", "remove what they used"), ("remove.namespaces", "remove the namespaces")];

/// The steps that take these objects away, after those that are named. `delete_data`: what holds data is among them on purpose.
pub(crate) fn steps(objects: &[ObjectRef], delete_data: bool, after: &[StepId]) -> Vec<PlannedStep> {
    let mut steps: Vec<PlannedStep> = Vec::new();
    for (number, (id, title)) in PHASES.into_iter().enumerate() {
        let mut objects: Vec<ObjectRef> = objects.iter().filter(|object| phase(object) == number).cloned().collect();
        objects.sort();
        if objects.is_empty() {
            continue;
        }
        let changes = objects.iter().map(|object| Change { object: object.clone(), operation: Operation::Delete, seen: None, fields: Vec::new() }).collect();
        let loses = delete_data && objects.iter().any(|object| matches!(object.kind.as_str(), "PersistentVolumeClaim" | "Secret" | "Namespace"));
        let action = Action::Delete(objects);
        steps.push(PlannedStep {
            id: StepId(id.to_owned()),
            title: title.to_owned(),
            after: steps.last().map_or_else(|| after.to_vec(), |step| vec![step.id.clone()]),
            rights: rights::of_action(&action),
            action,
            changes,
            risk: if loses { Risk::DataLoss } else { Risk::Restart },
            undo: Undo::Impossible(if loses { "deleted data does not come back" } else { "`airlock install` makes it anew" }.to_owned()),
        });
    }
    steps
}

/// The place of an object's step in [`PHASES`].
fn phase(object: &ObjectRef) -> usize {
    match object.kind.as_str() {
        // cert-manager makes the Secret of a Certificate anew as long as that is there.
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" | "Certificate" => 0,
        "Namespace" => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_goes_before_the_secret_that_is_made_by_it() {
        let [certificate, secret] = ["Certificate", "Secret"].map(|kind| phase(&ObjectRef::namespaced("v1", kind, "airlock", "base-domain-issued")));
        assert!(certificate < secret);
    }

    #[test]
    fn what_runs_goes_before_what_it_uses_and_namespaces_go_last() {
        let object = |api_version: &str, kind: &str| ObjectRef::namespaced(api_version, kind, "airlock", "a");
        let all = [ObjectRef::cluster("v1", "Namespace", "airlock"), object("v1", "Secret"), object("apps/v1", "Deployment"), object("v1", "ConfigMap")];
        let steps = steps(&all, true, &["verify".into()]);
        let read: Vec<(&str, &str, usize, Risk)> = steps.iter().map(|step| (step.id.0.as_str(), step.after[0].0.as_str(), step.changes.len(), step.risk)).collect();
        assert_eq!(read, [("remove.workloads", "verify", 1, Risk::Restart), ("remove.objects", "remove.workloads", 2, Risk::DataLoss), ("remove.namespaces", "remove.objects", 1, Risk::DataLoss)]);
        let rights: Vec<String> = steps[0].rights.iter().map(ToString::to_string).collect();
        assert_eq!(rights, ["delete deployments.apps in namespace airlock", "get deployments.apps in namespace airlock"]);
    }
}
