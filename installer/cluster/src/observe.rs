//! What lies around an object that is not ready: pods, claims, events, the last words of what crashed.

use std::collections::BTreeMap;

use airlock_model::ObjectRef;
use k8s_openapi::api::core::v1::{Event, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use serde::de::DeserializeOwned;

use crate::Cluster;
use crate::cause::{self, Crashed};
use crate::log::LogPart;
use crate::read::Selection;

/// How many lines of a crashed container are shown.
const LAST_LINES: u32 = 5;

/// One look at a namespace. What could not be read is empty: a cause in fewer words is better than none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) pods: Vec<Pod>,
    pub(crate) claims: Vec<PersistentVolumeClaim>,
    pub(crate) events: Vec<Event>,
    /// Names of storage classes; none: could not be read.
    pub(crate) classes: Option<Vec<String>>,
    /// Last lines of crashed containers, by pod and container.
    pub(crate) last_words: BTreeMap<(String, String), String>,
}

impl Cluster {
    /// Looks at a namespace.
    pub(crate) async fn surroundings(&self, namespace: &str) -> Surroundings {
        let (pods, claims, events) = tokio::join!(self.all_in::<Pod>("v1", "Pod", namespace), self.all_in("v1", "PersistentVolumeClaim", namespace), self.all_in("v1", "Event", namespace));
        let pending = |claim: &PersistentVolumeClaim| claim.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Pending");
        let mut around = Surroundings { pods, claims, events, ..Surroundings::default() };
        if around.claims.iter().any(pending) {
            around.classes = self.class_names().await;
        }
        for crashed in cause::crashed(&around.pods) {
            let words = self.last_words(namespace, &crashed).await;
            around.last_words.insert((crashed.pod, crashed.container), words);
        }
        around
    }

    /// The log of the life that ended. The kubelet keeps just that one, and moves it as it restarts: the other place is looked at as well.
    async fn last_words(&self, namespace: &str, crashed: &Crashed) -> String {
        let object = ObjectRef::namespaced("v1", "Pod", namespace, &crashed.pod);
        for previous in [crashed.runs_again, !crashed.runs_again] {
            let part = LogPart { container: Some(&crashed.container), last_lines: Some(LAST_LINES), previous, ..LogPart::default() };
            match self.container_log(&object, part).await {
                Ok(Some(words)) if !words.is_empty() => return words,
                _ => {}
            }
        }
        String::new()
    }

    async fn all_in<T: DeserializeOwned>(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<T> {
        let Ok(resource) = self.resource(api_version, kind).await else { return Vec::new() };
        self.list_as(&resource, Selection { namespace: Some(namespace), ..Selection::default() }).await.unwrap_or_default()
    }

    async fn class_names(&self) -> Option<Vec<String>> {
        let resource = self.resource("storage.k8s.io/v1", "StorageClass").await.ok()?;
        let classes: Vec<StorageClass> = self.list_as(&resource, Selection::default()).await.ok()?;
        Some(classes.into_iter().filter_map(|class| class.metadata.name).collect())
    }
}
