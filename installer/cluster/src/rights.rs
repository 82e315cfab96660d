//! May we? One `SelfSubjectAccessReview` a right, some at a time.

use airlock_model::Right;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{Cluster, PARALLEL};

impl Cluster {
    /// Asks for each right; the answer, or why none came. The order is kept.
    pub async fn may(&self, rights: &[Right]) -> Vec<(Right, Result<bool, String>)> {
        stream::iter(rights).map(|right| async move { (right.clone(), self.may_one(right).await) }).buffered(PARALLEL).collect().await
    }

    async fn may_one(&self, right: &Right) -> Result<bool, String> {
        let answer = self.review("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &question(right)).await.map_err(|error| error.to_string())?;
        answer.pointer("/status/allowed").and_then(Value::as_bool).ok_or_else(|| "the API server gave no answer".to_owned())
    }
}

fn question(right: &Right) -> Value {
    const API: &str = "authorization.k8s.io/v1";
    const KIND: &str = "SelfSubjectAccessReview";
    if right.is_of_path() {
        return json!({ "apiVersion": API, "kind": KIND, "spec": { "nonResourceAttributes": { "path": right.resource, "verb": right.verb } } });
    }
    let (resource, subresource) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
    json!({
        "apiVersion": API,
        "kind": KIND,
        "spec": { "resourceAttributes": { "group": right.group, "resource": resource, "subresource": subresource, "verb": right.verb, "namespace": right.namespace.as_deref().unwrap_or_default() } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_a_path_as_such() {
        let right = Right { group: String::new(), resource: "/metrics".into(), verb: "get".into(), namespace: None };
        assert_eq!(question(&right)["spec"], json!({ "nonResourceAttributes": { "path": "/metrics", "verb": "get" } }));
    }

    #[test]
    fn asks_for_a_subresource_as_such() {
        let right = Right { group: String::new(), resource: "pods/log".into(), verb: "get".into(), namespace: Some("airlock".into()) };
        let attributes = &question(&right)["spec"]["resourceAttributes"];
        assert_eq!((&attributes["resource"], &attributes["subresource"], &attributes["namespace"]), (&"pods".into(), &"log".into(), &"airlock".into()));
    }
}
