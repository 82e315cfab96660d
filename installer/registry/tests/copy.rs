//! Images from one real registry to another.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use airlock_model::Digest;
use airlock_registry::{Copied, Progress, RegistryClient, RegistryError, copy};
use world::{Login, PASSWORD, Server, Trust, USER, push};

const KIB: usize = 1024;
const ME: Option<(&str, &str)> = Some((USER, PASSWORD));

async fn quiet(from: &RegistryClient, source: &Server, to: &RegistryClient, target: &Server) -> Result<Copied, RegistryError> {
    copy(from, &source.image("demo/app:1.0"), to, &target.image("airlock/app:1.0"), &mut |_| {}).await
}

#[tokio::test]
async fn an_image_arrives_with_all_platforms_and_its_digest() {
    let (source, target) = (Server::start(&Login::Nobody), Server::start(&Login::Password));
    let (from, to) = (source.client(None), target.client(ME));
    let pushed = push(&from, "demo/app", "1.0", 1, 300 * KIB).await;

    let mut seen: Vec<Progress> = Vec::new();
    let copied = copy(&from, &source.image("demo/app:1.0"), &to, &target.image("airlock/app:1.0"), &mut |progress| seen.push(progress)).await.unwrap();
    assert_eq!((copied.digest.clone(), copied.blobs_sent, copied.blobs_found, copied.manifests_sent), (pushed.digest.clone(), 5, 0, 3));
    assert!(copied.bytes_sent > 900 * KIB as u64);
    let last = seen.last().unwrap();
    assert_eq!((last.done, last.total), (copied.bytes_sent, copied.bytes_sent));

    assert_eq!(to.resolve(&target.image("airlock/app:1.0")).await.unwrap(), pushed.digest);
    assert_eq!(to.manifest(&target.image("airlock/app:1.0")).await.unwrap(), from.manifest(&source.image("demo/app:1.0")).await.unwrap());
    for layer in &pushed.layers {
        assert_eq!(to.blob("airlock/app", layer, 400 * KIB).await.unwrap().len(), 300 * KIB);
    }

    let again = quiet(&from, &source, &to, &target).await.unwrap();
    assert_eq!((again.blobs_sent, again.bytes_sent, again.blobs_found, again.manifests_sent), (0, 0, 5, 0), "nothing is sent twice");
}

#[tokio::test]
async fn the_digest_that_was_approved_is_the_one_that_is_copied() {
    let (source, target) = (Server::start(&Login::Nobody), Server::start(&Login::Nobody));
    let (from, to) = (source.client(None), target.client(None));
    let first = push(&from, "demo/app", "1.0", 1, KIB).await;
    push(&from, "demo/app", "1.0", 100, KIB).await;

    let pinned = target.image("airlock/app:1.0").at(&first.digest);
    let refused = copy(&from, &source.image("demo/app:1.0"), &to, &pinned, &mut |_| {}).await;
    assert!(matches!(&refused, Err(RegistryError::DigestMismatch { expected, .. }) if *expected == first.digest), "{refused:?}");

    let copied = copy(&from, &source.image("demo/app:1.0").at(&first.digest), &to, &pinned, &mut |_| {}).await.unwrap();
    assert_eq!(copied.digest, first.digest, "the tag has moved on, the digest has not");
    assert!(matches!(to.resolve(&target.image("airlock/app:1.0")).await, Err(RegistryError::NotFound { .. })), "no tag was asked for");
}

#[tokio::test]
async fn a_registry_that_is_killed_in_the_middle_is_continued() {
    let trust = Trust::new();
    let source = Server::start(&Login::Nobody);
    let from = source.client(None);
    let pushed = push(&from, "demo/app", "1.0", 1, 24 * KIB * KIB).await;

    let mut target = Server::start_in(tempfile::tempdir().unwrap(), &trust, &Login::Password);
    let (to, image) = (target.client(ME), target.image("airlock/app:1.0"));
    let mut is_killed = false;
    let interrupted = copy(&from, &source.image("demo/app:1.0"), &to, &image, &mut |progress| {
        if !is_killed && progress.done > progress.total / 4 {
            is_killed = true;
            target.stop();
        }
    })
    .await;
    assert!(matches!(interrupted, Err(RegistryError::Unreachable { .. } | RegistryError::Cut { .. } | RegistryError::StorageFull { .. })), "{interrupted:?}");
    // Whatever was on its way by then: the end was not reached.
    assert!(is_killed);

    let target = Server::start_in(target.kill(), &trust, &Login::Password);
    let to = target.client(ME);
    assert!(matches!(to.resolve(&target.image("airlock/app:1.0")).await, Err(RegistryError::NotFound { .. })), "the tag comes last");
    let copied = quiet(&from, &source, &to, &target).await.unwrap();
    assert_eq!((copied.digest, copied.blobs_sent + copied.blobs_found), (pushed.digest, 5));
    for layer in &pushed.layers {
        assert!(to.blob("airlock/app", layer, 25 * KIB * KIB).await.is_ok());
    }
}

#[tokio::test]
async fn a_blob_that_rotted_is_noticed_and_not_stored() {
    let (source, target) = (Server::start(&Login::Nobody), Server::start(&Login::Nobody));
    let (from, to) = (source.client(None), target.client(None));
    let pushed = push(&from, "demo/app", "1.0", 1, 300 * KIB).await;
    let file = source.blob_file(&pushed.layers[1]);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[150 * KIB] ^= 1;
    std::fs::write(&file, &bytes).unwrap();

    let refused = quiet(&from, &source, &to, &target).await;
    assert!(
        matches!(&refused, Err(RegistryError::DigestMismatch { host, expected, found, .. }) if *host == source.host && *expected == pushed.layers[1] && *found == Digest::of(&bytes)),
        "{refused:?}"
    );
    assert_eq!(to.has_blob("airlock/app", &pushed.layers[1]).await.unwrap(), None);
    assert_eq!(to.has_blob("airlock/app", &Digest::of(&bytes)).await.unwrap(), None);
    assert!(matches!(from.blob("demo/app", &pushed.layers[1], 400 * KIB).await, Err(RegistryError::DigestMismatch { .. })));
}

#[tokio::test]
async fn a_blob_that_is_cut_short_is_noticed() {
    let (source, target) = (Server::start(&Login::Nobody), Server::start(&Login::Nobody));
    let (from, to) = (source.client(None), target.client(None));
    let pushed = push(&from, "demo/app", "1.0", 1, 300 * KIB).await;
    let file = source.blob_file(&pushed.layers[0]);
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..299 * KIB]).unwrap();

    let refused = quiet(&from, &source, &to, &target).await;
    let (expected, found) = (300 * KIB as u64, 299 * KIB as u64);
    assert!(matches!(&refused, Err(RegistryError::SizeMismatch { expected: e, found: f, .. }) if (*e, *f) == (expected, found)), "{refused:?}");
    assert_eq!(to.has_blob("airlock/app", &pushed.layers[0]).await.unwrap(), None);
}
