//! Secrets: read with their values, written from values that are wiped afterwards.

use std::collections::BTreeMap;

use airlock_model::{ObjectRef, Secret};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::apply::Applied;
use crate::call::Call;
use crate::read::Selection;
use crate::{Cluster, ClusterError};

/// A Secret as it is in the cluster. It has no `Debug`, since it holds the values.
#[derive(Clone)]
pub struct SecretData {
    /// The values by key.
    pub data: BTreeMap<String, Secret<Vec<u8>>>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// `Opaque`, `kubernetes.io/tls`.
    pub secret_type: String,
}

/// A Secret to be written. It has no `Debug`, since it holds the values.
#[derive(Clone)]
pub struct SecretObject {
    /// Where.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `Opaque`, `kubernetes.io/tls`.
    pub secret_type: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// The values by key.
    pub data: BTreeMap<String, Secret<Vec<u8>>>,
}

impl SecretObject {
    /// Which object it is.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef::namespaced("v1", "Secret", &self.namespace, &self.name)
    }

    fn manifest(&self) -> Result<Zeroizing<Vec<u8>>, ClusterError> {
        let mut wire = Wire {
            api_version: "v1",
            kind: "Secret",
            metadata: WireMetadata { name: &self.name, namespace: &self.namespace, labels: self.labels.clone(), annotations: self.annotations.clone() },
            secret_type: self.secret_type.clone(),
            data: self.data.iter().map(|(key, value)| (key.clone(), BASE64_STANDARD.encode(value.expose()))).collect(),
        };
        let body = serde_json::to_vec(&wire).map(Zeroizing::new).map_err(|error| ClusterError::Unreadable { what: self.reference().to_string(), reason: error.to_string() });
        wire.data.values_mut().for_each(Zeroize::zeroize);
        body
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: WireMetadata<'a>,
    #[serde(rename = "type")]
    secret_type: String,
    data: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct WireMetadata<'a> {
    name: &'a str,
    namespace: &'a str,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    #[serde(default)]
    metadata: StoredMetadata,
    #[serde(rename = "type", default)]
    secret_type: String,
    #[serde(default)]
    data: BTreeMap<String, String>,
}

impl Stored {
    fn decoded(self, object: &ObjectRef) -> Result<SecretData, ClusterError> {
        let mut data = BTreeMap::new();
        for (key, mut encoded) in self.data {
            let decoded = BASE64_STANDARD.decode(&encoded);
            encoded.zeroize();
            let value = decoded.map_err(|_| ClusterError::Unreadable { what: object.to_string(), reason: format!("key {key} is not base64") })?;
            data.insert(key, Secret::new(value));
        }
        Ok(SecretData { data, labels: self.metadata.labels, annotations: self.metadata.annotations, secret_type: self.secret_type })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StoredMetadata {
    name: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

impl Cluster {
    /// Reads a Secret with its values; none when there is none.
    pub async fn secret(&self, namespace: &str, name: &str) -> Result<Option<SecretData>, ClusterError> {
        let object = ObjectRef::namespaced("v1", "Secret", namespace, name);
        let resource = self.resource_of(&object).await?;
        let call = Call::get(resource.object(Some(namespace), name)).about(&object).needs(resource.right("get", Some(namespace)));
        let reply = match self.call(&call).await {
            Err(ClusterError::NotFound { .. }) => return Ok(None),
            reply => reply?,
        };
        let stored = serde_json::from_slice::<Stored>(&reply.body);
        // The parser's own words could quote a value.
        let stored = stored.map_err(|_| ClusterError::Unreadable { what: object.to_string(), reason: "not a Secret".to_owned() })?;
        Ok(Some(stored.decoded(&object)?))
    }

    /// All Secrets of a namespace with their values, by name.
    pub async fn secrets(&self, namespace: &str) -> Result<Vec<(ObjectRef, SecretData)>, ClusterError> {
        let resource = self.resource("v1", "Secret").await?;
        let listed = self.list_as::<Stored>(&resource, Selection { namespace: Some(namespace), ..Selection::default() }).await;
        // The parser's own words could quote a value.
        let listed = listed.map_err(|error| match error {
            ClusterError::Unreadable { what, .. } => ClusterError::Unreadable { what, reason: "not a list of Secrets".to_owned() },
            other => other,
        })?;
        let decoded = listed.into_iter().map(|stored| {
            let object = ObjectRef::namespaced("v1", "Secret", namespace, &stored.metadata.name);
            let data = stored.decoded(&object)?;
            Ok((object, data))
        });
        decoded.collect()
    }

    /// Applies a Secret; fields that others own are an error.
    pub async fn apply_secret(&self, secret: &SecretObject) -> Result<Applied, ClusterError> {
        self.write(&secret.reference(), secret.manifest()?).await
    }

    /// Makes a Secret that must not exist yet; `false` when it does, and then nothing was changed.
    pub async fn create_secret(&self, secret: &SecretObject) -> Result<bool, ClusterError> {
        self.post(&secret.reference(), secret.manifest()?).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_with_its_type_and_encoded_values() {
        let secret = SecretObject {
            namespace: "airlock".into(),
            name: "registry-http".into(),
            secret_type: "Opaque".into(),
            labels: BTreeMap::from([("a".into(), "b".into())]),
            annotations: BTreeMap::new(),
            data: BTreeMap::from([("value".into(), Secret::new(b"abc".to_vec()))]),
        };
        let wire: serde_json::Value = serde_json::from_slice(&secret.manifest().unwrap()).unwrap();
        assert_eq!(wire["data"]["value"], "YWJj");
        assert_eq!((&wire["type"], &wire["kind"], &wire["metadata"]["labels"]["a"]), (&"Opaque".into(), &"Secret".into(), &"b".into()));
    }
}
