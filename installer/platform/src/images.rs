//! The image lock: digests come from the installed record as long as the release names the same image, else from where the image is published.

use std::collections::BTreeMap;

use airlock_model::answers::Answers;
use airlock_model::{Facts, ImageLock, LockedImage, Record, Release, Untrusted, with_causes};
use airlock_registry::{RegistryClient, RegistryOptions};
use airlock_render::RenderError;
use futures::{StreamExt, stream};

/// Registries that are asked at the same time.
const AT_ONCE: usize = 4;

/// Every image that could be locked, and why the others could not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    /// Name, reference, digest.
    pub lock: ImageLock,
    /// By reference: what its registry said.
    pub missing: BTreeMap<String, Untrusted<String>>,
}

/// The release with just those images that these answers need.
pub(crate) fn of(release: &Release, answers: &Answers, facts: Option<&Facts>) -> Result<Release, RenderError> {
    let used = airlock_render::used_images(answers, facts)?;
    Ok(Release { version: release.version.clone(), images: release.images.iter().filter(|(name, _)| used.contains(*name)).map(|(name, image)| (name.clone(), image.clone())).collect() })
}

/// Locks the images of a release. The recorded lock holds until an upgrade.
pub(crate) async fn resolve(release: &Release, record: Option<&Record>) -> Resolved {
    let recorded = |name: &str| record.and_then(|record| record.images.get(name));
    let answers: Vec<_> = stream::iter(release.images.iter().map(|(name, image)| async move {
        let reference = image.reference.clone();
        let digest = match recorded(name).filter(|locked| locked.reference == reference) {
            Some(locked) => Ok(locked.digest.clone()),
            None => ask(&reference).await,
        };
        (name.clone(), reference, digest)
    }))
    .buffer_unordered(AT_ONCE)
    .collect()
    .await;
    let mut resolved = Resolved::default();
    for (name, reference, digest) in answers {
        match digest {
            Ok(digest) => {
                resolved.lock.0.insert(name.clone(), LockedImage { name, reference, digest });
            }
            Err(reason) => {
                resolved.missing.insert(reference.to_string(), reason);
            }
        }
    }
    resolved
}

pub(crate) async fn ask(reference: &airlock_model::ImageRef) -> Result<airlock_model::Digest, Untrusted<String>> {
    let client = RegistryClient::new(&reference.host, RegistryOptions::default()).map_err(|error| Untrusted::new(with_causes(&error)))?;
    client.resolve(reference).await.map_err(|error| Untrusted::new(with_causes(&error)))
}
