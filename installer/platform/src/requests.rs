//! What the pods of an object ask of the scheduler.

use airlock_model::{Amount, Object, quantity, quantity_millis};
use serde_json::Value;

/// The pods of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PodRequests {
    /// Requests of one pod.
    pub each: Amount,
    /// How many pods.
    pub count: u32,
}

/// The pods that an object makes, if it makes any. A pod counts as its containers together, or as its largest
/// init container where that is more (Kubernetes: resource sharing within containers).
pub(crate) fn of_object(object: &Object) -> Option<PodRequests> {
    let (_, spec) = object.pod()?;
    let of = |key: &str| spec.get(key).and_then(Value::as_array).map(|containers| containers.iter().map(container).collect::<Vec<_>>()).unwrap_or_default();
    let sum: Amount = of("containers").into_iter().sum();
    let each = of("initContainers").into_iter().fold(sum, |a, b| Amount { cpu_millis: a.cpu_millis.max(b.cpu_millis), memory_bytes: a.memory_bytes.max(b.memory_bytes) });
    let count = object.manifest().pointer("/spec/replicas").and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    Some(PodRequests { each, count })
}

fn container(container: &Value) -> Amount {
    let request = |resource: &str| container.pointer(&format!("/resources/requests/{resource}")).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    Amount {
        cpu_millis: request("cpu").and_then(|text| quantity_millis(&text)).and_then(|millis| u64::try_from(millis).ok()).unwrap_or_default(),
        memory_bytes: request("memory").and_then(|text| quantity(&text)).unwrap_or_default(),
    }
}

/// Storage classes that the claims of an object name; the empty text stands for the default class.
pub(crate) fn storage_classes(object: &Object) -> Vec<String> {
    let class = |claim: &Value| claim.pointer("/spec/storageClassName").and_then(Value::as_str).unwrap_or_default().to_owned();
    match object.reference().kind.as_str() {
        "PersistentVolumeClaim" => vec![class(object.manifest())],
        "StatefulSet" => object.manifest().pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).map(|claims| claims.iter().map(class).collect()).unwrap_or_default(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_init_container_counts_only_where_it_is_the_largest() {
        let container = |cpu: &str, memory: &str| json!({"resources": {"requests": {"cpu": cpu, "memory": memory}}});
        let object = Object::new(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}, "spec": {"replicas": 2, "template": {"spec": {
            "initContainers": [container("1", "32Mi")], "containers": [container("100m", "64Mi"), container("50m", "64Mi")]}}}}))
        .unwrap();
        assert_eq!(of_object(&object), Some(PodRequests { each: Amount { cpu_millis: 1000, memory_bytes: 128 << 20 }, count: 2 }));
    }
}
