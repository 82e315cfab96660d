//! Reading live objects: one, many, or all of a kind. Values of Secrets are blotted out on the way.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{LiveObject, ObjectRef, names};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::kinds::{Resource, escape};
use crate::readiness;
use crate::{Cluster, ClusterError, PARALLEL};

/// From how many objects of a kind and namespace on one list is cheaper than single reads.
const LIST_FROM: usize = 6;
const PAGE: usize = 500;
/// Pages that are read of a list: three times the pods of the largest cluster that Kubernetes is made for (150,000).
const MOST_PAGES: usize = 900;

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    #[serde(default = "Vec::new")]
    pub(crate) items: Vec<T>,
    #[serde(default)]
    pub(crate) metadata: PageMetadata,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PageMetadata {
    #[serde(rename = "continue")]
    pub(crate) next: String,
    pub(crate) resource_version: String,
}

/// What is listed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selection<'a> {
    pub(crate) namespace: Option<&'a str>,
    pub(crate) labels: Option<&'a str>,
    pub(crate) fields: Option<&'a str>,
}

impl Cluster {
    /// Reads one object; none when there is none.
    pub async fn get(&self, object: &ObjectRef) -> Result<Option<LiveObject>, ClusterError> {
        let resource = match self.resource_of(object).await {
            Err(ClusterError::KindUnknown { .. }) => return Ok(None),
            found => found?,
        };
        let namespace = object.namespace.as_deref();
        let call = Call::get(resource.object(namespace, &object.name)).about(object).needs(resource.right("get", namespace));
        match self.call(&call).await {
            Ok(reply) => Ok(Some(self.settle(live(object.clone(), reply.json(&object.to_string())?)).await)),
            Err(ClusterError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads many objects, some at a time; those that do not exist are left out. The order is that of the request.
    pub async fn get_all(&self, objects: &[ObjectRef]) -> Result<Vec<LiveObject>, ClusterError> {
        let found: Vec<Option<LiveObject>> = stream::iter(objects).map(|object| self.get(object)).buffered(PARALLEL).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Like [`Cluster::get_all`], with one list instead of many reads where many of a kind lie together.
    pub async fn live_by_listing(&self, objects: &[ObjectRef]) -> Result<Vec<LiveObject>, ClusterError> {
        let mut groups: BTreeMap<(&str, &str, Option<&str>), BTreeSet<&str>> = BTreeMap::new();
        for object in objects {
            groups.entry((&object.api_version, &object.kind, object.namespace.as_deref())).or_default().insert(&object.name);
        }
        let read = stream::iter(groups).map(|((api_version, kind, namespace), names)| async move {
            if names.len() >= LIST_FROM {
                let mut listed = match self.list(api_version, kind, namespace, None).await {
                    // An operator that is gone took its kinds along.
                    Err(ClusterError::KindUnknown { .. }) => Vec::new(),
                    listed => listed?,
                };
                listed.retain(|live| names.contains(live.object.name.as_str()));
                return Ok(listed);
            }
            let refs: Vec<ObjectRef> =
                names.into_iter().map(|name| ObjectRef { api_version: api_version.into(), kind: kind.into(), namespace: namespace.map(str::to_owned), name: name.into() }).collect();
            self.get_all(&refs).await
        });
        let groups: Vec<Vec<LiveObject>> = read.buffered(PARALLEL).try_collect().await?;
        Ok(groups.into_iter().flatten().collect())
    }

    /// All objects of a kind, in one namespace or all, by label selector.
    pub async fn list(&self, api_version: &str, kind: &str, namespace: Option<&str>, label_selector: Option<&str>) -> Result<Vec<LiveObject>, ClusterError> {
        let resource = self.resource(api_version, kind).await?;
        let items: Vec<Map<String, Value>> = self.list_as(&resource, Selection { namespace, labels: label_selector, fields: None }).await?;
        let mut found = Vec::with_capacity(items.len());
        for item in items {
            let text = |pointer: &str| item.get("metadata").and_then(|metadata| metadata.get(pointer)).and_then(Value::as_str).map(str::to_owned);
            let object = ObjectRef { api_version: api_version.to_owned(), kind: kind.to_owned(), namespace: text("namespace"), name: text("name").unwrap_or_default() };
            // Items of a list do not say what they are.
            let mut manifest = Map::with_capacity(item.len() + 2);
            manifest.insert("apiVersion".to_owned(), api_version.into());
            manifest.insert("kind".to_owned(), kind.into());
            manifest.extend(item);
            found.push(self.settle(live(object, Value::Object(manifest))).await);
        }
        Ok(found)
    }

    /// All pages of a list, as a type.
    pub(crate) async fn list_as<T: DeserializeOwned>(&self, resource: &Resource, selection: Selection<'_>) -> Result<Vec<T>, ClusterError> {
        let mut found = Vec::new();
        let mut next = String::new();
        let mut turned = BTreeSet::new();
        let mut begun_again = false;
        loop {
            let mut path = format!("{}?limit={PAGE}", resource.collection(selection.namespace));
            for (key, value) in [("labelSelector", selection.labels), ("fieldSelector", selection.fields), ("continue", Some(next.as_str()))] {
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    path = format!("{path}&{key}={}", escape(value));
                }
            }
            let call = Call::get(path).needs(resource.right("list", selection.namespace));
            let reply = match self.call(&call).await {
                Err(ClusterError::NotFound { .. }) => {
                    return Err(ClusterError::KindUnknown { api_version: resource.api_version.clone(), kind: resource.plural.clone() });
                }
                // The pages after the first are of a moment that the API server has forgotten.
                Err(ClusterError::Changed { .. }) if !next.is_empty() && !begun_again => {
                    begun_again = true;
                    found.clear();
                    turned.clear();
                    next.clear();
                    continue;
                }
                reply => reply?,
            };
            let page: Page<T> = reply.json(&resource.plural)?;
            found.extend(page.items);
            if page.metadata.next.is_empty() {
                return Ok(found);
            }
            next = page.metadata.next;
            // It leads to a page that was read, or on and on.
            if turned.len() == MOST_PAGES || !turned.insert(next.clone()) {
                return Err(ClusterError::Unreadable { what: resource.plural.clone(), reason: format!("its pages do not end, {} were read", turned.len() + 1) });
            }
        }
    }

    /// A claim that waits for its first pod is as ready as it can be.
    pub(crate) async fn settle(&self, mut live: LiveObject) -> LiveObject {
        if !live.ready && live.object.kind == "PersistentVolumeClaim" && readiness::may_wait_for_consumer(&live.manifest) {
            live.ready = self.waits_for_consumer(&live.manifest).await;
        }
        live
    }

    async fn waits_for_consumer(&self, claim: &Value) -> bool {
        let Some(class) = claim.pointer("/spec/storageClassName").and_then(Value::as_str) else { return false };
        let path = format!("/apis/storage.k8s.io/v1/storageclasses/{}", escape(class));
        match self.read_json::<Value>(&path).await {
            Ok(Some(class)) => class.get("volumeBindingMode").and_then(Value::as_str) == Some("WaitForFirstConsumer"),
            Ok(None) => false,
            // Without the right to read classes, the event on the claim says the same.
            Err(_) => self.has_event(claim, "WaitForFirstConsumer").await,
        }
    }

    async fn has_event(&self, object: &Value, reason: &str) -> bool {
        let Some(uid) = object.pointer("/metadata/uid").and_then(Value::as_str) else { return false };
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        let fields = format!("involvedObject.uid={uid},reason={reason}");
        let path = format!("/api/v1/namespaces/{}/events?limit=1&fieldSelector={}", escape(namespace), escape(&fields));
        matches!(self.read_json::<Page<Value>>(&path).await, Ok(Some(page)) if !page.items.is_empty())
    }
}

/// A live object from what the API server sent: with our own page alone of the managers' books, and without values of Secrets.
pub(crate) fn live(object: ObjectRef, mut manifest: Value) -> LiveObject {
    if let Some(metadata) = manifest.get_mut("metadata").and_then(Value::as_object_mut) {
        let books = metadata.remove("managedFields");
        let own: Vec<Value> = books.as_ref().and_then(Value::as_array).into_iter().flatten().filter(|page| is_own(page, &object.api_version)).cloned().collect();
        if !own.is_empty() {
            metadata.insert("managedFields".to_owned(), Value::Array(own));
        }
    }
    if object.kind == "Secret" {
        blot(&mut manifest);
    }
    let ready = readiness::is_ready(&object.kind, &manifest);
    LiveObject { object, manifest, ready }
}

/// What our server-side applies have set, in the version that we write: only there do paths mean the same.
fn is_own(page: &Value, api_version: &str) -> bool {
    page["manager"] == names::FIELD_MANAGER && page["operation"] == "Apply" && page["apiVersion"] == api_version && page.get("subresource").is_none()
}

/// Keeps the keys of a Secret and none of its values, also not those that a client-side apply left in an annotation.
fn blot(manifest: &mut Value) {
    for field in ["data", "stringData"] {
        if let Some(entries) = manifest.get_mut(field).and_then(Value::as_object_mut) {
            entries.values_mut().for_each(|value| *value = Value::Null);
        }
    }
    if let Some(annotations) = manifest.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_the_managers_books_our_own_page_is_kept() {
        let page = |manager: &str, operation: &str, version: &str| json!({"manager": manager, "operation": operation, "apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}});
        let books = [page("airlock", "Apply", "v1"), page("airlock", "Update", "v1"), page("airlock", "Apply", "v2"), page("kubectl", "Apply", "v1")];
        let object = ObjectRef::namespaced("v1", "ConfigMap", "n", "c");
        let kept = live(object, json!({"metadata": {"managedFields": books}})).manifest;
        assert_eq!(kept["metadata"]["managedFields"], json!([page("airlock", "Apply", "v1")]));
    }

    #[test]
    fn a_live_secret_shows_its_keys_and_no_value() {
        let manifest = json!({"kind": "Secret", "metadata": {"name": "s", "managedFields": [{}], "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "aHVudGVyMg=="}},
            "data": {"value": "aHVudGVyMg=="}, "stringData": {"other": "hunter2"}});
        let live = live(ObjectRef::namespaced("v1", "Secret", "n", "s"), manifest);
        let text = live.manifest.to_string();
        assert!(!text.contains("aHVudGVyMg") && !text.contains("hunter2"), "{text}");
        assert!(live.manifest["data"].get("value").is_some() && live.manifest["metadata"].get("managedFields").is_none());
    }
}
