//! What the platform's Prometheus is asked.

use airlock_model::{Attempt, AttemptAction, AttemptId, ObjectRef, PrometheusQuestion, Target, Vantage, World};

/// The pod of the bundled Prometheus, the only one of its `StatefulSet`.
const POD: &str = "monitoring-0";

/// The name of [`targets`].
pub(crate) fn targets_id() -> AttemptId {
    AttemptId::from("monitoring.targets")
}

/// Which targets it measures, those of each Airflow deployment among them.
pub(crate) fn targets(world: &World) -> Attempt {
    let deployments = world.deployments.iter().map(|of| of.name.clone()).collect();
    asked(world, targets_id(), PrometheusQuestion::Targets { deployments }, "what it measures")
}

/// The name of [`rules`].
pub(crate) fn rules_id() -> AttemptId {
    AttemptId::from("monitoring.rules")
}

/// Which rules it judges.
pub(crate) fn rules(world: &World) -> Attempt {
    asked(world, rules_id(), PrometheusQuestion::Rules, "the rules that it judges")
}

/// The name of [`deliveries`].
pub(crate) fn deliveries_id() -> AttemptId {
    AttemptId::from("monitoring.deliveries")
}

/// What became of the messages that Alertmanager sent last.
pub(crate) fn deliveries(world: &World) -> Attempt {
    asked(world, deliveries_id(), PrometheusQuestion::Deliveries, "what became of the last messages of Alertmanager")
}

fn asked(world: &World, id: AttemptId, question: PrometheusQuestion, what: &str) -> Attempt {
    Attempt {
        id,
        from: Vantage::Workstation,
        target: Target::KubernetesApi,
        action: AttemptAction::AskPrometheus { pod: ObjectRef::namespaced("v1", "Pod", &world.platform, POD), question },
        control: None,
        purpose: format!("a question to the Prometheus of {}, by way of the Kubernetes API, for {what}", world.platform),
    }
}
