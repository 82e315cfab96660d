//! Labels and annotations of every object: Airlock's own (DESIGN.md §8) and the answers' (`metadata`).

use std::collections::BTreeMap;

use airlock_model::answers::Metadata;
use airlock_model::names;
use serde_json::{Map, Value};

use crate::RenderError;
use crate::component::ComponentSpec;

/// Who the objects of one render belong to.
#[derive(Clone, Debug)]
pub(crate) struct Belonging<'a> {
    pub version: String,
    pub installation: &'a str,
    /// The Airflow deployment, where one is rendered.
    pub tenant: Option<&'a str>,
    pub metadata: &'a Metadata,
}

impl<'a> Belonging<'a> {
    pub(crate) fn new(version: &str, installation: &'a str, tenant: Option<&'a str>, metadata: &'a Metadata) -> Result<Self, RenderError> {
        let reserved = metadata.labels.keys().chain(metadata.annotations.keys()).find(|key| names::is_reserved(key));
        // Labels cannot hold the plus of a version's build.
        let version = version.replace('+', "_");
        reserved.map_or(Ok(Self { version, installation, tenant, metadata }), |key| Err(RenderError::ReservedMetadata { key: key.clone() }))
    }

    /// Labels of an object of a component.
    pub(crate) fn labels(&self, spec: &ComponentSpec) -> BTreeMap<String, String> {
        let mut labels = self.pod_labels(spec);
        labels.insert(names::LABEL_VERSION.into(), self.version.clone());
        labels.insert(names::LABEL_RELEASE.into(), self.version.clone());
        labels
    }

    /// Labels of a component's pods: without the release, so that an upgrade restarts only what it changes.
    pub(crate) fn pod_labels(&self, spec: &ComponentSpec) -> BTreeMap<String, String> {
        let mut labels = self.metadata.labels.clone();
        labels.extend(selector(&spec.name));
        labels.insert(names::LABEL_COMPONENT.into(), spec.behind.as_ref().unwrap_or(&spec.folder).clone());
        labels.extend(self.tenant.map(|tenant| (names::LABEL_TENANT.to_owned(), tenant.to_owned())));
        labels.insert(names::LABEL_MANAGED_BY.into(), names::PRODUCT.into());
        labels.insert(names::LABEL_INSTALLATION.into(), self.installation.into());
        labels
    }

    /// Adds labels and annotations to `metadata`; what stands there already stays.
    pub(crate) fn complete(&self, metadata: &mut Map<String, Value>, labels: BTreeMap<String, String>) {
        add(metadata, "labels", labels);
        add(metadata, "annotations", self.metadata.annotations.clone());
    }
}

/// The labels that select a component's pods; they never change, since selectors cannot.
pub(crate) fn selector(component: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(names::LABEL_NAME.into(), component.into()), (names::LABEL_PART_OF.into(), names::PRODUCT.into())])
}

/// The labels that select the pods of a component of all Airflow deployments, or those of a component and of the ones behind it.
pub(crate) fn each_selector(folder: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(names::LABEL_COMPONENT.into(), folder.into()), (names::LABEL_PART_OF.into(), names::PRODUCT.into())])
}

fn add(metadata: &mut Map<String, Value>, key: &str, entries: BTreeMap<String, String>) {
    if entries.is_empty() {
        return;
    }
    let present = metadata.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(present) = present {
        for (name, value) in entries {
            present.entry(name).or_insert(Value::String(value));
        }
    }
}
