//! May this object be written? Only when it is as the plan saw it; what already is as the plan makes it needs no write.

use airlock_model::{Change, LiveObject, Object, Operation, names};
use serde_json::Value;

use crate::{ApplyError, owned};

/// What to do with one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Write it.
    Write,
    /// It is right already.
    Leave,
}

/// Decides by what the plan saw and what is there now.
pub(crate) fn decide(change: &Change, desired: &Object, live: Option<&LiveObject>) -> Result<Decision, ApplyError> {
    let mismatch = |why| Err(ApplyError::PlanMismatch { object: desired.reference().clone(), why });
    let Some(live) = live else {
        return match change.operation {
            Operation::Create => Ok(Decision::Write),
            Operation::Update | Operation::Await | Operation::Delete => mismatch("no longer exists"),
        };
    };
    if owned::is_as_desired(desired.manifest(), &live.manifest) {
        return Ok(Decision::Leave);
    }
    match &change.seen {
        // A run that was ended between the two writes of a namespace left it with the label of its installation alone.
        None if is_begun(desired, live) => Ok(Decision::Write),
        None => mismatch("exists already and is not as the plan makes it"),
        Some(seen) => {
            let found = owned::owned_digest(desired.manifest(), &live.manifest).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })?;
            if found != *seen {
                mismatch("was changed since the plan was made")
            } else if change.operation == Operation::Await {
                Ok(Decision::Leave)
            } else {
                Ok(Decision::Write)
            }
        }
    }
}

/// The namespace was made by a run of this very installation.
fn is_begun(desired: &Object, live: &LiveObject) -> bool {
    desired.reference().kind == "Namespace" && installation(desired.manifest()).is_some_and(|id| installation(&live.manifest) == Some(id))
}

/// The id in the label of the installation.
pub(crate) fn installation(manifest: &Value) -> Option<&str> {
    manifest.get("metadata")?.get("labels")?.get(names::LABEL_INSTALLATION)?.as_str()
}

#[cfg(test)]
mod tests {
    use airlock_model::{Coded as _, ObjectRef};
    use serde_json::json;

    use super::*;

    fn config(value: &str) -> Object {
        Object::new(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}, "data": {"k": value}})).unwrap()
    }

    fn live(object: &Object) -> LiveObject {
        LiveObject { object: object.reference().clone(), manifest: object.manifest().clone(), ready: true }
    }

    fn change(operation: Operation, seen: Option<&Object>) -> Change {
        let seen = seen.map(|seen| owned::owned_digest(config("new").manifest(), seen.manifest()).unwrap());
        Change { object: config("new").reference().clone(), operation, seen, fields: Vec::new() }
    }

    fn code(decision: Result<Decision, ApplyError>) -> &'static str {
        decision.unwrap_err().code().0
    }

    #[test]
    fn what_is_absent_is_created_and_what_is_as_planned_is_left() {
        assert_eq!(decide(&change(Operation::Create, None), &config("new"), None).unwrap(), Decision::Write);
        assert_eq!(decide(&change(Operation::Create, None), &config("new"), Some(&live(&config("new")))).unwrap(), Decision::Leave);
        assert_eq!(decide(&change(Operation::Update, Some(&config("old"))), &config("new"), Some(&live(&config("new")))).unwrap(), Decision::Leave);
    }

    #[test]
    fn what_is_as_the_plan_saw_it_is_written() {
        assert_eq!(decide(&change(Operation::Update, Some(&config("old"))), &config("new"), Some(&live(&config("old")))).unwrap(), Decision::Write);
    }

    #[test]
    fn what_is_neither_as_seen_nor_as_planned_is_refused() {
        let other = config("other");
        assert_eq!(code(decide(&change(Operation::Update, Some(&config("old"))), &config("new"), Some(&live(&other)))), "engine.plan-mismatch");
        assert_eq!(code(decide(&change(Operation::Create, None), &config("new"), Some(&live(&other)))), "engine.plan-mismatch");
        assert_eq!(code(decide(&change(Operation::Update, Some(&config("old"))), &config("new"), None)), "engine.plan-mismatch");
    }

    #[test]
    fn a_namespace_that_this_installation_began_is_finished() {
        let namespace = |labels: Value| Object::new(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "airlock", "labels": labels}})).unwrap();
        let desired = namespace(json!({"airlock-platform.io/installation": "abc", "pod-security.kubernetes.io/enforce": "restricted"}));
        let create = Change { object: ObjectRef::cluster("v1", "Namespace", "airlock"), operation: Operation::Create, seen: None, fields: Vec::new() };
        let ours = namespace(json!({"airlock-platform.io/installation": "abc"}));
        let others = namespace(json!({"airlock-platform.io/installation": "xyz"}));
        assert_eq!(decide(&create, &desired, Some(&live(&ours))).unwrap(), Decision::Write);
        assert_eq!(code(decide(&create, &desired, Some(&live(&others)))), "engine.plan-mismatch");
    }
}
