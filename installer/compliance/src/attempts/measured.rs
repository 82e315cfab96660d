//! What the platform's Prometheus is asked.

use airlock_model::{Attempt, AttemptAction, AttemptId, ObjectRef, Target, Vantage, World};

/// The pod of the bundled Prometheus, the only one of its `StatefulSet`.
const POD: &str = "monitoring-0";

pub(crate) fn id() -> AttemptId {
    AttemptId::from("monitoring.targets")
}

pub(crate) fn attempt(world: &World) -> Attempt {
    Attempt {
        id: id(),
        from: Vantage::Workstation,
        target: Target::KubernetesApi,
        action: AttemptAction::AskPrometheus { pod: ObjectRef::namespaced("v1", "Pod", &world.platform, POD), deployments: world.deployments.iter().map(|of| of.name.clone()).collect() },
        control: None,
        purpose: format!("a question to the Prometheus of {}, by way of the Kubernetes API, for what it measures", world.platform),
    }
}
