//! The images that pods and templates name, and those that nodes report to run.

use std::collections::BTreeSet;

use airlock_model::{Digest, SnapshotObject};
use serde_json::Value;

use crate::live::PodOf;

/// An image of a pod and where it is named.
pub(crate) struct Image<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: String,
    /// The container that runs it; none: a volume holds it.
    container: Option<&'a str>,
}

impl Image<'_> {
    /// The digest that it is named by, and the one that the node reports where the pod is a live one.
    pub(crate) fn digests(&self, of: &SnapshotObject) -> BTreeSet<Digest> {
        let running = self.container.and_then(|container| reported(of, container));
        [Some(self.name), running].into_iter().flatten().filter_map(digest).collect()
    }
}

/// Images of init, main, and ephemeral containers, and of volumes that are images; none: the pod could not be read.
pub(crate) fn images<'a>(pod: &PodOf<'a>) -> Option<Vec<Image<'a>>> {
    let text = |value: Option<&'a Value>| value.and_then(Value::as_str).unwrap_or_default();
    let read = pod.pod()?;
    let of_containers = read.containers().map(|container| Image { name: text(container.value.get("image")), path: format!("{}/image", container.path), container: Some(container.name()) });
    let mut found: Vec<Image<'a>> = of_containers.collect();
    let volumes = pod.spec()?.get("volumes").and_then(Value::as_array).into_iter().flatten().enumerate();
    found.extend(volumes.filter_map(|(index, volume)| Some(Image { name: text(volume.get("image")?.get("reference")), path: format!("/spec/volumes/{index}/image/reference"), container: None })));
    Some(found)
}

/// The digest behind the `@` of a reference. Without one, a digest would be that of a configuration, which no registry knows it by.
pub(crate) fn digest(reference: &str) -> Option<Digest> {
    reference.rsplit_once('@').and_then(|(_, digest)| digest.parse().ok())
}

/// What the node says that a container of a live pod runs.
pub(crate) fn reported<'a>(live: &'a SnapshotObject, container: &str) -> Option<&'a str> {
    let status = live.manifest.get("status")?;
    let all = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"].into_iter().filter_map(|list| status.get(list)?.as_array()).flatten();
    let named = all.filter(|status| status.get("name").and_then(Value::as_str) == Some(container));
    named.filter_map(|status| status.get("imageID")?.as_str()).find(|id| !id.is_empty())
}
