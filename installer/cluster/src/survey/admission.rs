//! Admission webhooks and policies that may change or refuse what is applied.

use airlock_model::Admission;
use serde_json::Value;

use super::absent_is_empty;
use crate::read::Selection;
use crate::{Cluster, ClusterError};

const API: &str = "admissionregistration.k8s.io/v1";
/// Where clusters before 1.36 have what is newer than the rest.
const BETA: &str = "admissionregistration.k8s.io/v1beta1";
const KINDS: [&str; 4] = ["MutatingAdmissionPolicy", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingWebhookConfiguration"];

impl Cluster {
    pub(super) async fn admission(&self) -> Result<Vec<Admission>, ClusterError> {
        let mut found = Vec::new();
        for kind in KINDS {
            let listed = match self.configurations(API, kind).await {
                Err(ClusterError::KindUnknown { .. }) => absent_is_empty(self.configurations(BETA, kind).await)?,
                listed => listed?,
            };
            found.extend(listed.iter().map(|configuration| admission(kind, configuration)));
        }
        Ok(found)
    }

    async fn configurations(&self, api_version: &str, kind: &str) -> Result<Vec<Value>, ClusterError> {
        let resource = self.resource(api_version, kind).await?;
        self.list_as(&resource, Selection::default()).await
    }
}

/// The strictest of a configuration's webhooks speaks for all of them.
fn admission(kind: &str, configuration: &Value) -> Admission {
    let webhooks: Vec<&Value> = configuration["webhooks"].as_array().into_iter().flatten().collect();
    let policies = webhooks.iter().map(|webhook| &webhook["failurePolicy"]).chain([&configuration["spec"]["failurePolicy"]]);
    let said: Vec<&str> = policies.filter_map(Value::as_str).collect();
    // `Fail` is the API's default.
    let fails = said.is_empty() || said.contains(&"Fail");
    Admission {
        kind: kind.to_owned(),
        name: configuration.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        failure_policy: if fails && !(kind.ends_with("Configuration") && webhooks.is_empty()) { "Fail" } else { "Ignore" }.to_owned(),
        dry_run: webhooks.iter().all(|webhook| matches!(webhook["sideEffects"].as_str(), Some("None" | "NoneOnDryRun"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_strictest_webhook_speaks_for_its_configuration() {
        let configuration = json!({"metadata": {"name": "c"}, "webhooks": [{"failurePolicy": "Ignore", "sideEffects": "None"}, {"failurePolicy": "Fail", "sideEffects": "Unknown"}]});
        let found = admission("ValidatingWebhookConfiguration", &configuration);
        assert_eq!((found.failure_policy.as_str(), found.dry_run), ("Fail", false));
    }

    #[test]
    fn a_policy_is_always_reached_by_a_dry_run() {
        for kind in ["MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"] {
            let found = admission(kind, &json!({"metadata": {"name": "p"}, "spec": {}}));
            assert_eq!((found.failure_policy.as_str(), found.dry_run), ("Fail", true));
        }
    }
}
