//! Deleting objects and waiting until they are gone.

use airlock_model::ObjectRef;
use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use crate::call::Call;
use crate::wait::{WaitOptions, pause};
use crate::{Cluster, ClusterError};

impl Cluster {
    /// Deletes an object; it is gone when all that it made is gone (foreground cascading). `false` when there was none.
    pub async fn delete(&self, object: &ObjectRef) -> Result<bool, ClusterError> {
        self.remove_by(object, "propagationPolicy=Foreground").await
    }

    /// Ends a pod at once.
    pub(crate) async fn end_pod(&self, pod: &ObjectRef) -> Result<bool, ClusterError> {
        self.remove_by(pod, "propagationPolicy=Background&gracePeriodSeconds=0").await
    }

    async fn remove_by(&self, object: &ObjectRef, query: &str) -> Result<bool, ClusterError> {
        let resource = match self.resource_of(object).await {
            Err(ClusterError::KindUnknown { .. }) => return Ok(false),
            found => found?,
        };
        let namespace = object.namespace.as_deref();
        let path = format!("{}?{query}", resource.object(namespace, &object.name));
        let call = Call { method: Method::DELETE, ..Call::get(path) }.about(object).needs(resource.right("delete", namespace));
        match self.call(&call).await {
            Ok(_) => Ok(true),
            Err(ClusterError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits until all are gone. What still holds one back is told whenever it changes.
    pub async fn wait_gone(&self, objects: &[ObjectRef], options: &WaitOptions, mut on_cause: impl FnMut(&ObjectRef, &str)) -> Result<(), ClusterError> {
        let mut told = String::new();
        let began = Instant::now();
        let mut progress = began;
        let mut left = objects.to_vec();
        loop {
            let found = self.live_by_listing(&left).await?;
            if found.len() < left.len() {
                progress = Instant::now();
            }
            left = found.iter().map(|live| live.object.clone()).collect();
            let Some(first) = found.first() else { return Ok(()) };
            let cause = holds_back(&first.manifest);
            if told != cause {
                on_cause(&first.object, &cause);
                told.clone_from(&cause);
            }
            if options.is_over(progress, Instant::now()) {
                return Err(ClusterError::NotReady { object: first.object.clone(), cause: cause.into() });
            }
            pause(began, &options.stop).await?;
        }
    }
}

/// Why a deleted object still exists, in one sentence.
fn holds_back(manifest: &Value) -> String {
    if manifest.pointer("/metadata/deletionTimestamp").is_none() {
        return "it still exists and nobody deletes it".to_owned();
    }
    let mut finalizers: Vec<&str> = Vec::new();
    for pointer in ["/metadata/finalizers", "/spec/finalizers"] {
        finalizers.extend(manifest.pointer(pointer).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str));
    }
    let left = manifest.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten().find(|condition| {
        condition["status"] == "True" && matches!(condition["type"].as_str(), Some("NamespaceContentRemaining" | "NamespaceFinalizersRemaining" | "NamespaceDeletionContentFailure"))
    });
    match (left.and_then(|condition| condition["message"].as_str()), finalizers.is_empty()) {
        (Some(message), _) => message.to_owned(),
        (None, true) => "it is ending".to_owned(),
        (None, false) => format!("it is ending; held by {}", finalizers.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_which_finalizer_holds_an_object() {
        let claim = json!({"metadata": {"deletionTimestamp": "2026-11-24T00:00:00Z", "finalizers": ["kubernetes.io/pvc-protection"]}});
        assert_eq!(holds_back(&claim), "it is ending; held by kubernetes.io/pvc-protection");
    }

    #[test]
    fn says_what_is_left_in_a_namespace() {
        let namespace = json!({"metadata": {"deletionTimestamp": "2026-11-24T00:00:00Z"}, "spec": {"finalizers": ["kubernetes"]},
            "status": {"conditions": [{"type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: pods. has 2 resource instances"}]}});
        assert!(holds_back(&namespace).contains("pods. has 2"));
    }
}
