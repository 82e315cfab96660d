//! What a pod template asks for and is held to, as the scheduler, quotas, and limit ranges count it.

use airlock_model::{Amount, quantity, quantity_millis};
use serde_json::Value;

/// What the scheduler and quotas count of a pod: all main containers and sidecars together, or the largest init container.
pub(super) fn pod_amount(spec: &Value, part: &str) -> Amount {
    let list = |name: &str| spec.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_sidecar = |container: &&Value| container.get("restartPolicy").and_then(Value::as_str) == Some("Always");
    let together: Amount = list("containers").iter().chain(list("initContainers").iter().filter(is_sidecar)).map(|container| container_amount(container, part)).sum();
    list("initContainers")
        .iter()
        .filter(|container| !is_sidecar(container))
        .map(|container| container_amount(container, part))
        .fold(together, |most, one| Amount { cpu_millis: most.cpu_millis.max(one.cpu_millis), memory_bytes: most.memory_bytes.max(one.memory_bytes) })
}

pub(super) fn container_amount(container: &Value, part: &str) -> Amount {
    let text = |name: &str| container.pointer(&format!("/resources/{part}/{name}")).and_then(Value::as_str);
    let cpu = text("cpu").and_then(quantity_millis).and_then(|millis| u64::try_from(millis).ok());
    Amount { cpu_millis: cpu.unwrap_or(0), memory_bytes: text("memory").and_then(quantity).unwrap_or(0) }
}
