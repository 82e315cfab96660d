//! The issuers that cert-manager has (cert-manager.io/v1): of the cluster, and of the namespaces that Airlock would use.

use airlock_model::{CLUSTER_ISSUER, ISSUER, Issuer, Untrusted};
use serde_json::Value;

use super::absent_is_empty;
use crate::read::Selection;
use crate::{Cluster, ClusterError};

const API_VERSION: &str = "cert-manager.io/v1";

impl Cluster {
    pub(super) async fn cluster_issuers(&self) -> Result<Vec<Issuer>, ClusterError> {
        self.issuers_of(CLUSTER_ISSUER, None).await
    }

    pub(super) async fn issuers(&self, namespaces: &[String]) -> Result<Vec<Issuer>, ClusterError> {
        let mut found = Vec::new();
        for namespace in namespaces {
            found.extend(self.issuers_of(ISSUER, Some(namespace)).await?);
        }
        Ok(found)
    }

    async fn issuers_of(&self, kind: &str, namespace: Option<&str>) -> Result<Vec<Issuer>, ClusterError> {
        let listed = match self.resource(API_VERSION, kind).await {
            Ok(resource) => self.list_as(&resource, Selection { namespace, ..Selection::default() }).await,
            Err(error) => Err(error),
        };
        let found: Vec<Value> = absent_is_empty(listed)?;
        let mut found: Vec<Issuer> = found.iter().map(issuer).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

fn issuer(live: &Value) -> Issuer {
    let text = |pointer: &str| live.pointer(pointer).and_then(Value::as_str);
    let ready = live.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten().find(|condition| condition["type"] == "Ready");
    let not_ready = match ready {
        Some(ready) if ready["status"] == "True" => None,
        Some(ready) => Some(Untrusted::from(ready["message"].as_str().filter(|words| !words.is_empty()).unwrap_or("it does not say why"))),
        None => Some(Untrusted::from("it was not looked at yet")),
    };
    Issuer { namespace: text("/metadata/namespace").map(str::to_owned), name: text("/metadata/name").unwrap_or_default().to_owned(), not_ready }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issuer_says_whether_it_is_ready() {
        let of = |status: Value| issuer(&json!({ "metadata": { "name": "company-ca", "namespace": "airlock" }, "status": status }));
        let ready = of(json!({ "conditions": [{ "type": "Ready", "status": "True", "message": "Signing CA verified" }] }));
        assert_eq!((ready.name.as_str(), ready.namespace.as_deref(), ready.not_ready), ("company-ca", Some("airlock"), None));
        let why = |status: Value| of(status).not_ready.unwrap().raw().to_owned();
        assert_eq!(why(json!({ "conditions": [{ "type": "Ready", "status": "False", "message": "secret \"ca\" not found" }] })), "secret \"ca\" not found");
        assert_eq!(why(json!({ "conditions": [{ "type": "Ready", "status": "Unknown" }] })), "it does not say why");
        assert_eq!(why(json!({})), "it was not looked at yet");
    }
}
