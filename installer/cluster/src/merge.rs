//! Single fields of objects that exist, beside what was applied: a JSON merge patch (RFC 7396).

use airlock_model::{ObjectRef, names};
use http::Method;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::call::Call;
use crate::{Cluster, ClusterError};

impl Cluster {
    /// Merges fields into an object that must exist. They belong to this component afterwards, so that whoever applies the object
    /// neither owns them nor takes them away.
    pub async fn merge(&self, component: &str, object: &ObjectRef, fields: &Value) -> Result<(), ClusterError> {
        let resource = self.resource_of(object).await?;
        let namespace = object.namespace.as_deref();
        let path = format!("{}?fieldManager={}-{}&fieldValidation=Strict", resource.object(namespace, &object.name), names::FIELD_MANAGER, component);
        let body = Zeroizing::new(fields.to_string().into_bytes());
        let call = Call { method: Method::PATCH, content_type: "application/merge-patch+json", body, ..Call::get(path) }.about(object).needs(resource.right("patch", namespace));
        self.call(&call).await.map(|_| ())
    }
}
