//! What a pod requests of its node, by the scheduler's rule.

use airlock_model::{Amount, quantity, quantity_millis};
use serde::Deserialize;
use std::collections::BTreeMap;

/// As much of a pod as the sum needs; a cluster has thousands of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PodRequests {
    spec: Spec,
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    node_name: Option<String>,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
    overhead: BTreeMap<String, String>,
    resources: Resources,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    restart_policy: Option<String>,
    resources: Resources,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Resources {
    requests: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: String,
}

/// CPU and memory of a list of quantities; what is not named is nothing.
pub(super) fn amount(quantities: &BTreeMap<String, String>) -> Amount {
    Amount {
        cpu_millis: quantities.get("cpu").and_then(|text| quantity_millis(text)).and_then(|millis| u64::try_from(millis).ok()).unwrap_or(0),
        memory_bytes: quantities.get("memory").and_then(|text| quantity(text)).unwrap_or(0),
    }
}

fn larger(a: Amount, b: Amount) -> Amount {
    Amount { cpu_millis: a.cpu_millis.max(b.cpu_millis), memory_bytes: a.memory_bytes.max(b.memory_bytes) }
}

impl PodRequests {
    /// The node it is on, unless it has ended.
    pub(super) fn node(&self) -> Option<&str> {
        self.spec.node_name.as_deref().filter(|_| !matches!(self.status.phase.as_str(), "Succeeded" | "Failed"))
    }

    /// Containers run together with the init containers that keep running; the other init containers run one by one,
    /// each beside those that keep running and began before it. The larger of both counts, plus the runtime's overhead.
    ///
    /// Source: Kubernetes, KEP-753 "Sidecar containers", and KEP-2837 "Pod level resources", which win where they stand.
    pub(super) fn total(&self) -> Amount {
        let mut beside = Amount::default();
        let mut initial = Amount::default();
        for container in &self.spec.init_containers {
            let requests = amount(&container.resources.requests);
            if container.restart_policy.as_deref() == Some("Always") {
                beside += requests;
                initial = larger(initial, beside);
            } else {
                initial = larger(initial, beside + requests);
            }
        }
        let running: Amount = self.spec.containers.iter().map(|container| amount(&container.resources.requests)).sum::<Amount>() + beside;
        let mut total = larger(running, initial);
        let pod = amount(&self.spec.resources.requests);
        if self.spec.resources.requests.contains_key("cpu") {
            total.cpu_millis = pod.cpu_millis;
        }
        if self.spec.resources.requests.contains_key("memory") {
            total.memory_bytes = pod.memory_bytes;
        }
        total + amount(&self.spec.overhead)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(spec: &serde_json::Value) -> PodRequests {
        serde_json::from_value(json!({"spec": spec, "status": {"phase": "Running"}})).unwrap()
    }

    fn of(cpu: &str) -> serde_json::Value {
        json!({"resources": {"requests": {"cpu": cpu, "memory": "1Mi"}}})
    }

    #[test]
    fn containers_add_up_and_the_largest_init_container_counts_when_it_is_larger() {
        let sum = pod(&json!({"containers": [of("100m"), of("200m")], "initContainers": [of("250m")]}));
        assert_eq!(sum.total(), Amount { cpu_millis: 300, memory_bytes: 2 << 20 });
        assert_eq!(pod(&json!({"containers": [of("100m")], "initContainers": [of("1"), of("2")]})).total().cpu_millis, 2000);
    }

    #[test]
    fn a_sidecar_counts_beside_containers_and_beside_later_init_containers() {
        let mut sidecar = of("100m");
        sidecar["restartPolicy"] = "Always".into();
        assert_eq!(pod(&json!({"containers": [of("200m")], "initContainers": [sidecar.clone(), of("250m")]})).total().cpu_millis, 350);
        assert_eq!(pod(&json!({"containers": [of("200m")], "initContainers": [of("250m"), sidecar]})).total().cpu_millis, 300);
    }

    #[test]
    fn overhead_is_added_and_pod_level_requests_win() {
        let sum = pod(&json!({"containers": [of("100m")], "overhead": {"cpu": "50m", "memory": "1Mi"}, "resources": {"requests": {"cpu": "1"}}}));
        assert_eq!(sum.total(), Amount { cpu_millis: 1050, memory_bytes: 2 << 20 });
    }

    #[test]
    fn an_ended_pod_is_on_no_node() {
        let ended: PodRequests = serde_json::from_value(json!({"spec": {"nodeName": "n1"}, "status": {"phase": "Succeeded"}})).unwrap();
        assert_eq!(ended.node(), None);
    }
}
