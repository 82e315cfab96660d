//! The image lock: digests come from the installed record as long as the release names the same image, else from where the image is published.

use std::collections::BTreeMap;

use airlock_engine::ApplyError;
use airlock_model::answers::Answers;
use airlock_model::{Digest, Facts, ImageLock, ImageRef, LockedImage, Record, Release, Untrusted, with_causes};
use airlock_registry::{RegistryClient, RegistryError};
use airlock_render::RenderError;
use futures::{StreamExt, stream};

use crate::PlatformError;

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

/// Locks the images of a release. The recorded lock holds until an upgrade. That the proxy refuses the login is one fault, not one of each image.
pub(crate) async fn resolve(release: &Release, record: Option<&Record>, answers: &Answers) -> Result<Resolved, PlatformError> {
    let recorded = |name: &str| record.and_then(|record| record.images.get(name));
    let asked: Vec<_> = stream::iter(release.images.iter().map(|(name, image)| async move {
        let reference = image.reference.clone();
        let digest = match recorded(name).filter(|locked| locked.reference == reference) {
            Some(locked) => Ok(Ok(locked.digest.clone())),
            None => ask(&reference, answers).await,
        };
        (name.clone(), reference, digest)
    }))
    .buffer_unordered(AT_ONCE)
    .collect()
    .await;
    let mut resolved = Resolved::default();
    for (name, reference, digest) in asked {
        match digest? {
            Ok(digest) => {
                resolved.lock.0.insert(name.clone(), LockedImage { name, reference, digest });
            }
            Err(reason) => {
                resolved.missing.insert(reference.to_string(), reason);
            }
        }
    }
    Ok(resolved)
}

/// Asks where an image is published for its digest; what its registry said, where it has none.
pub(crate) async fn ask(reference: &ImageRef, answers: &Answers) -> Result<Result<Digest, Untrusted<String>>, PlatformError> {
    let client = RegistryClient::new(&reference.host, airlock_engine::registries(answers)?);
    let found = match client {
        Ok(client) => client.resolve(reference).await,
        Err(error) => Err(error),
    };
    match found {
        Err(refused @ RegistryError::ProxyRefused { .. }) => Err(ApplyError::from(refused).into()),
        found => Ok(found.map_err(|error| Untrusted::new(with_causes(&error)))),
    }
}
