//! The API server as a `ServiceAccount` meets it: with a token that is made for it (Kubernetes API reference, `TokenRequest`).

use airlock_model::{ObjectRef, Right};
use http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::call::Call;
use crate::{Cluster, ClusterError};

/// The shortest that the API server takes.
const LASTS_SECONDS: u32 = 600;

#[derive(Deserialize)]
struct TokenRequest {
    status: Issued,
}

#[derive(Deserialize)]
struct Issued {
    token: String,
}

impl Cluster {
    /// The same API server by the same way, asked with a token of a `ServiceAccount`. It lives in memory alone, and ends by itself.
    ///
    /// The caller needs the right to make one; an account that is not there has none.
    pub async fn as_account(&self, account: &ObjectRef) -> Result<Self, ClusterError> {
        self.bearing(self.call(&asking(account)).await?.json::<TokenRequest>("a TokenRequest")?.status.token)
    }
}

fn asking(account: &ObjectRef) -> Call {
    let namespace = account.namespace.as_deref().unwrap_or_default();
    let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": { "expirationSeconds": LASTS_SECONDS } });
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{}/token", account.name);
    let right = Right { group: String::new(), resource: "serviceaccounts/token".into(), verb: "create".into(), namespace: Some(namespace.to_owned()) };
    Call { method: Method::POST, body: request.to_string().into_bytes().into(), ..Call::get(path) }.about(account).needs(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_asked_for_by_the_account_and_for_no_longer_than_it_must_last() {
        let call = asking(&ObjectRef::namespaced("v1", "ServiceAccount", "airlock-alpha", "airflow-task"));
        assert_eq!((&call.method, call.path.as_str()), (&Method::POST, "/api/v1/namespaces/airlock-alpha/serviceaccounts/airflow-task/token"));
        assert_eq!(call.right.map(|right| right.to_string()).as_deref(), Some("create serviceaccounts/token in namespace airlock-alpha"));
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&call.body).unwrap()["spec"]["expirationSeconds"], json!(600));
    }
}
