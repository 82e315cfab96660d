//! An image from one registry to another, with all its platforms and unchanged digests.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_model::{Digest, ImageRef};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::blob::Counter;
use crate::manifest::{Descriptor, Manifest, ManifestContent};
use crate::{RegistryClient, RegistryError, patience};

/// More than the registry has processors gains nothing: it hashes each blob on one.
const BLOBS_AT_A_TIME: usize = 2;
/// An index of indexes exists; deeper is an attack or a mistake.
const DEEPEST: usize = 3;
const MOST_MANIFESTS: usize = 256;
const TICK: Duration = Duration::from_millis(200);

/// How far a copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of blobs that are there, found or sent.
    pub done: u64,
    /// Bytes of all blobs.
    pub total: u64,
}

/// What a copy did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Digest of the image, the same on both sides.
    pub digest: Digest,
    /// Blobs that were sent.
    pub blobs_sent: usize,
    /// Blobs that were there.
    pub blobs_found: usize,
    /// Bytes that were sent.
    pub bytes_sent: u64,
    /// Manifests that were sent.
    pub manifests_sent: usize,
}

/// Everything that an image consists of.
struct Contents {
    root: Manifest,
    /// Without the root, in the order in which a registry takes them.
    children: Vec<Manifest>,
    blobs: BTreeMap<Digest, Descriptor>,
}

/// Copies an image. What is there already is not sent again; the tag of `destination`, if it has one, is set last.
/// A second call after one that failed or was dropped goes on where that one ended, blob by blob.
pub async fn copy(from: &RegistryClient, image: &ImageRef, to: &RegistryClient, destination: &ImageRef, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Copied, RegistryError> {
    let contents = Contents::read(from, image).await?;
    if let Some(expected) = destination.digest.as_ref().filter(|expected| **expected != contents.root.digest) {
        return Err(from.mismatch(image.to_string(), expected, &contents.root.digest));
    }
    let total = contents.blobs.values().map(|blob| blob.size).sum();
    let (found, sent) = (Counter::default(), Counter::default());
    let now = || Progress { done: (found.all() + sent.all()).min(total), total };

    let blobs: Vec<&Descriptor> = contents.blobs.values().collect();
    let transfers = stream::iter(blobs.into_iter().map(|blob| move_blob(from, &image.repository, to, &destination.repository, blob, &found, &sent)));
    let transfers = transfers.buffer_unordered(BLOBS_AT_A_TIME).try_collect::<Vec<bool>>();
    tokio::pin!(transfers);
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let moved = loop {
        tokio::select! {
            moved = &mut transfers => break moved?,
            _ = tick.tick() => progress(now()),
        }
    };
    progress(Progress { done: total, total });

    let mut manifests_sent = 0;
    for child in &contents.children {
        manifests_sent += usize::from(settle_manifest(to, &destination.repository, child.digest.as_str(), child).await?);
    }
    let reference = destination.tag.as_deref().unwrap_or(contents.root.digest.as_str());
    manifests_sent += usize::from(settle_manifest(to, &destination.repository, reference, &contents.root).await?);
    let blobs_sent = moved.iter().filter(|sent| **sent).count();
    Ok(Copied { digest: contents.root.digest, blobs_sent, blobs_found: moved.len() - blobs_sent, bytes_sent: sent.all(), manifests_sent })
}

impl Contents {
    async fn read(from: &RegistryClient, image: &ImageRef) -> Result<Self, RegistryError> {
        let root = from.manifest(image).await?;
        let mut blobs = BTreeMap::new();
        let mut children: Vec<Manifest> = Vec::new();
        let mut level = refer(from, &root, &mut blobs)?;
        for _ in 0..DEEPEST {
            let mut next = Vec::new();
            for descriptor in std::mem::take(&mut level) {
                if descriptor.digest == root.digest || children.iter().any(|known| known.digest == descriptor.digest) {
                    continue;
                }
                if children.len() >= MOST_MANIFESTS {
                    return Err(unusable(from, &root, format!("it refers to more than {MOST_MANIFESTS} manifests")));
                }
                let child = from.manifest(&image.at(&descriptor.digest)).await?;
                if child.bytes.len() as u64 != descriptor.size {
                    let (expected, found) = (descriptor.size, child.bytes.len() as u64);
                    return Err(RegistryError::SizeMismatch { host: from.host().to_owned(), what: format!("manifest {}", descriptor.digest.short()), expected, found });
                }
                next.extend(refer(from, &child, &mut blobs)?);
                children.push(child);
            }
            level = next;
        }
        if !level.is_empty() {
            return Err(unusable(from, &root, format!("its indexes are nested more than {DEEPEST} deep")));
        }
        // A registry takes an index only when it has what the index refers to.
        children.reverse();
        children.sort_by_key(|child| matches!(child.content(), Ok(ManifestContent::Index(_))));
        Ok(Self { root, children, blobs })
    }
}

/// Notes the blobs that a manifest refers to and returns the manifests.
fn refer(from: &RegistryClient, manifest: &Manifest, blobs: &mut BTreeMap<Digest, Descriptor>) -> Result<Vec<Descriptor>, RegistryError> {
    match manifest.content().map_err(|reason| unusable(from, manifest, reason))? {
        ManifestContent::Index(manifests) => Ok(manifests),
        ManifestContent::Image(referred) => {
            for blob in referred.into_iter().filter(Descriptor::is_distributable) {
                let size = blob.size;
                let known = blobs.entry(blob.digest.clone()).or_insert(blob);
                if known.size != size {
                    return Err(unusable(from, manifest, format!("the blob {} has two sizes", known.digest)));
                }
            }
            Ok(Vec::new())
        }
    }
}

fn unusable(from: &RegistryClient, manifest: &Manifest, reason: String) -> RegistryError {
    RegistryError::Manifest { host: from.host().to_owned(), what: manifest.digest.to_string(), reason: reason.into() }
}

/// Moves one blob if it is not there; says whether it was sent.
async fn move_blob(from: &RegistryClient, source: &str, to: &RegistryClient, repository: &str, blob: &Descriptor, found: &Counter, sent: &Counter) -> Result<bool, RegistryError> {
    let mut failed = 0;
    loop {
        if to.has_blob(repository, &blob.digest).await?.is_some() {
            found.add(blob.size);
            return Ok(false);
        }
        let bytes = from.blob_stream(source, &blob.digest).await?;
        let counter = sent.for_a_try();
        let error = match to.put_stream(repository, &blob.digest, blob.size, bytes, from.host(), &counter).await {
            Ok(()) => return Ok(true),
            Err(error) if error.is_passing() => error,
            Err(error) => return Err(error),
        };
        counter.take_back();
        failed += 1;
        if failed >= patience::TRIES {
            return Err(match error {
                RegistryError::Cut { host, what, .. } if host == to.host() => RegistryError::StorageFull { host, what, size: blob.size },
                other => other,
            });
        }
        tracing::debug!(%error, failed, blob = %blob.digest, "a blob is sent again");
        sleep(patience::pause(failed, None)).await;
    }
}

/// Stores a manifest where another or none stands; says whether it was sent.
async fn settle_manifest(to: &RegistryClient, repository: &str, reference: &str, manifest: &Manifest) -> Result<bool, RegistryError> {
    if to.has_manifest(repository, reference, &manifest.digest).await? {
        return Ok(false);
    }
    to.put_manifest(repository, reference, manifest).await?;
    Ok(true)
}
