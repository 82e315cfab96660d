//! The objects of a file, the way a run brings them to the cluster.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use airlock_cluster::{Cluster, ClusterOptions, Stop};
use airlock_model::{LiveObject, Object, ObjectRef};
use airlock_platform::difference;
use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize as _;
use serde_json::Value;

/// Secrets that are read at the same time, as the platform does it: lists carry no values.
const SECRETS_AT_ONCE: usize = 16;

/// Writes what is not yet as the file says; returns how many objects that were.
pub(crate) async fn apply(kubeconfig: PathBuf, namespace: &str, file: &Path) -> anyhow::Result<usize> {
    let cluster = Cluster::connect(&ClusterOptions { kubeconfig: Some(kubeconfig), context: None }).await?;
    let objects = read(file, namespace)?;
    let differing = differing(&cluster, objects).await?;
    let mut written = 0;
    cluster.apply_all(&differing, &Stop::never(), |_, _| written += 1).await?;
    Ok(written)
}

fn read(file: &Path, namespace: &str) -> anyhow::Result<Vec<Object>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_yaml::Deserializer::from_str(&text)
        .map(|document| {
            let mut manifest = Value::deserialize(document)?;
            manifest["metadata"]["namespace"] = namespace.into();
            Ok(Object::new(manifest)?)
        })
        .collect()
}

async fn differing(cluster: &Cluster, objects: Vec<Object>) -> anyhow::Result<Vec<Object>> {
    let (secrets, others): (Vec<Object>, Vec<Object>) = objects.into_iter().partition(|object| object.reference().kind == "Secret");
    let listed: Vec<ObjectRef> = others.iter().map(|object| object.reference().clone()).collect();
    let (live, secrets) = futures::try_join!(async { Ok(cluster.live_by_listing(&listed).await?) }, differing_secrets(cluster, secrets))?;
    let live: BTreeMap<ObjectRef, LiveObject> = live.into_iter().map(|live| (live.object.clone(), live)).collect();
    let others = others.into_iter().filter(|object| live.get(object.reference()).is_none_or(|live| !difference(object.manifest(), &live.manifest).is_empty()));
    Ok(others.chain(secrets).collect())
}

async fn differing_secrets(cluster: &Cluster, secrets: Vec<Object>) -> anyhow::Result<Vec<Object>> {
    let read = stream::iter(secrets).map(|object| async move {
        let reference = object.reference();
        let live = cluster.secret(reference.namespace.as_deref().unwrap_or_default(), &reference.name).await?;
        let same = live.is_some_and(|live| {
            holds(object.manifest(), "/data", |key, value| live.data.get(key).is_some_and(|found| BASE64_STANDARD.encode(found.expose()) == value))
                && holds(object.manifest(), "/metadata/labels", |key, value| live.labels.get(key).is_some_and(|found| found == value))
        });
        anyhow::Ok(if same { None } else { Some(object) })
    });
    let found: Vec<Option<Object>> = read.buffer_unordered(SECRETS_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Whether each entry of a map of texts is found.
fn holds(manifest: &Value, pointer: &str, found: impl Fn(&str, &str) -> bool) -> bool {
    let entries = manifest.pointer(pointer).and_then(Value::as_object);
    entries.into_iter().flatten().all(|(key, value)| value.as_str().is_some_and(|value| found(key, value)))
}
