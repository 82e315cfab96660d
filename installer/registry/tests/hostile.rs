//! Servers that lie, and places where a password must not go.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use airlock_model::{Digest, ImageRef, Secret};
use airlock_registry::{RegistryClient, RegistryError, RegistryOptions, copy};
use world::scripted::{Answer, Asked, Scripted};
use world::{OCI_INDEX, OCI_MANIFEST, Trust};

fn client(trust: &Trust, server: &Scripted) -> RegistryClient {
    let credentials = Some(("user".to_owned(), Secret::new("hunter2".to_owned())));
    RegistryClient::new(&server.host, RegistryOptions { authorities_pem: Some(trust.authority.certificate_pem().to_owned()), credentials, ..RegistryOptions::default() }).unwrap()
}

fn image(server: &Scripted) -> ImageRef {
    format!("{}/demo/app:1", server.host).parse().unwrap()
}

fn manifest(headers: &str, body: impl Into<Vec<u8>>) -> Answer {
    (200, format!("content-type: {OCI_INDEX}\r\n{headers}"), body.into())
}

fn passwords_seen(server: &Scripted) -> usize {
    server.asked.lock().unwrap().iter().filter(|asked| asked.header("authorization").is_some()).count()
}

#[tokio::test]
async fn a_digest_that_is_announced_must_be_that_of_the_bytes() {
    let trust = Trust::new();
    let lie = Digest::of(b"something else");
    let announced = lie.clone();
    let server = Scripted::start(&trust, move |_, _| manifest(&format!("docker-content-digest: {announced}\r\n"), "{}")).await;
    let refused = client(&trust, &server).resolve(&image(&server)).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::DigestMismatch { expected, found, .. } if *expected == lie && *found == Digest::of(b"{}")), "{refused:?}");
    let by_digest = client(&trust, &server).resolve(&image(&server).at(&lie)).await.unwrap_err();
    assert!(matches!(by_digest, RegistryError::DigestMismatch { .. }), "{by_digest:?}");
}

#[tokio::test]
async fn a_manifest_without_end_is_not_read_to_its_end() {
    let trust = Trust::new();
    let server = Scripted::start(&trust, |_, _| manifest("", vec![b' '; 5 * 1024 * 1024])).await;
    let refused = client(&trust, &server).resolve(&image(&server)).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Manifest { reason, .. } if reason.raw().contains("4 MiB")), "{refused:?}");
}

#[tokio::test]
async fn indexes_in_indexes_end_somewhere() {
    let trust = Trust::new();
    // Each path names the depth; each index refers to the next, whose digest is known because it is built from the inside.
    let mut levels = vec![format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[]}}"#)];
    for _ in 0..6 {
        let inner = levels.last().unwrap();
        let (digest, size) = (Digest::of(inner.as_bytes()), inner.len());
        levels.push(format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{{"mediaType":"{OCI_INDEX}","digest":"{digest}","size":{size}}}]}}"#));
    }
    let server = Scripted::start(&trust, move |asked, _| {
        let found = levels.iter().find(|level| asked.path.ends_with(Digest::of(level.as_bytes()).as_str())).unwrap_or(levels.last().unwrap());
        manifest("", found.clone())
    })
    .await;
    let (from, to) = (client(&trust, &server), client(&trust, &server));
    let refused = copy(&from, &image(&server), &to, &image(&server), &mut |_| {}).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Manifest { reason, .. } if reason.raw().contains("nested")), "{refused:?}");
}

#[tokio::test]
async fn an_index_that_refers_to_itself_is_an_error_and_no_circle() {
    let trust = Trust::new();
    let one = Digest::of(b"one");
    let body = format!(r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{OCI_MANIFEST}","digest":"{one}","size":3}}]}}"#);
    let server = Scripted::start(&trust, move |_, _| manifest("", body.clone())).await;
    let (from, to) = (client(&trust, &server), client(&trust, &server));
    let refused = copy(&from, &image(&server), &to, &image(&server), &mut |_| {}).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::DigestMismatch { expected, .. } if *expected == one), "{refused:?}");
}

fn challenge(realm: &str) -> Answer {
    (401, format!("www-authenticate: Bearer realm=\"{realm}\",service=\"r\",scope=\"repository:demo/app:pull\"\r\n"), Vec::new())
}

#[tokio::test]
async fn a_token_service_without_tls_or_of_another_scheme_gets_no_password() {
    let trust = Trust::new();
    for realm in ["http://localhost:1/token", "ftp://localhost/token", "not a url"] {
        let server = Scripted::start(&trust, move |_, _| challenge(realm)).await;
        let refused = client(&trust, &server).resolve(&image(&server)).await.unwrap_err();
        assert!(matches!(&refused, RegistryError::Challenge { .. }), "{realm}: {refused:?}");
        assert_eq!(passwords_seen(&server), 0, "{realm}");
    }
}

#[tokio::test]
async fn a_redirect_takes_no_password_along() {
    let trust = Trust::new();
    let elsewhere = Scripted::start(&trust, |asked, _| if asked.path.starts_with("/token") { (200, String::new(), br#"{"token":"t"}"#.to_vec()) } else { manifest("", "{}") }).await;
    let other = elsewhere.host.clone();
    let server = Scripted::start(&trust, move |asked, own| match asked.header("authorization") {
        _ if asked.path.starts_with("/token") => (307, format!("location: https://{other}/token\r\n"), Vec::new()),
        Some(_) => (307, format!("location: https://{other}/moved\r\n"), Vec::new()),
        None => challenge(&format!("https://{own}/token")),
    })
    .await;
    let refused = client(&trust, &server).resolve(&image(&server)).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Challenge { reason, .. } if reason.raw().contains("307")), "a token service that sends elsewhere is not followed: {refused:?}");
    assert!(elsewhere.asked.lock().unwrap().is_empty());

    // With Basic the registry itself redirects: followed, but without the password.
    let other = elsewhere.host.clone();
    let server = Scripted::start(&trust, move |asked, _| match asked.header("authorization") {
        Some(_) => (307, format!("location: https://{other}/moved\r\n"), Vec::new()),
        None => (401, "www-authenticate: Basic realm=\"r\"\r\n".to_owned(), Vec::new()),
    })
    .await;
    assert_eq!(client(&trust, &server).resolve(&image(&server)).await.unwrap(), Digest::of(b"{}"));
    assert_eq!((passwords_seen(&server), passwords_seen(&elsewhere)), (1, 0));
    assert_eq!(elsewhere.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_redirect_away_from_tls_is_not_followed() {
    let trust = Trust::new();
    let server = Scripted::start(&trust, |_, _| (302, "location: http://localhost:1/v2/\r\n".to_owned(), Vec::new())).await;
    let refused = client(&trust, &server).resolve(&image(&server)).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Challenge { reason, .. } if reason.raw().contains("https")), "{refused:?}");
}

#[tokio::test]
async fn an_upload_that_continues_elsewhere_gets_no_password() {
    let trust = Trust::new();
    let elsewhere = Scripted::start(&trust, |_, _| (201, String::new(), Vec::new())).await;
    let other = elsewhere.host.clone();
    let server = Scripted::start(&trust, move |asked, _| match (asked.method.as_str(), asked.header("authorization")) {
        (_, None) => (401, "www-authenticate: Basic realm=\"r\"\r\n".to_owned(), Vec::new()),
        ("HEAD", _) => (404, String::new(), Vec::new()),
        _ => (202, format!("location: https://{other}/upload?state=x\r\n"), Vec::new()),
    })
    .await;
    client(&trust, &server).put_blob("demo/app", "hello".into()).await.unwrap();
    let asked: Vec<Asked> = elsewhere.asked.lock().unwrap().clone();
    assert_eq!((asked.len(), asked[0].method.as_str(), asked[0].header("authorization")), (1, "PUT", None));
    assert!(asked[0].path.starts_with("/upload?state=x&digest=sha256%3A"), "{}", asked[0].path);
}

#[tokio::test]
async fn an_upload_that_was_forgotten_is_begun_again() {
    let trust = Trust::new();
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let layer = Digest::of(b"hello");
    let blob = format!(r#"{{"mediaType":"a/b","digest":"{layer}","size":5}}"#);
    let body = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{blob},"layers":[{blob}]}}"#);
    let source =
        Scripted::start(
            &trust,
            move |asked, _| {
                if asked.path.contains("/blobs/") { (200, String::new(), b"hello".to_vec()) } else { (200, format!("content-type: {OCI_MANIFEST}\r\n"), body.clone().into()) }
            },
        )
        .await;
    let target = Scripted::start(&trust, move |asked, _| match asked.method.as_str() {
        "HEAD" => (404, String::new(), Vec::new()),
        "POST" => (202, "location: /upload\r\n".to_owned(), Vec::new()),
        _ if asked.path.starts_with("/upload") && tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 => (404, String::new(), Vec::new()),
        _ => (201, String::new(), Vec::new()),
    })
    .await;
    let copied = copy(&client(&trust, &source), &image(&source), &client(&trust, &target), &image(&target), &mut |_| {}).await.unwrap();
    assert_eq!((copied.blobs_sent, copied.bytes_sent), (1, 5), "the bytes of the forgotten upload are not counted");
    let uploads = target.asked.lock().unwrap().iter().filter(|asked| asked.path.starts_with("/upload")).count();
    assert_eq!(uploads, 2);
}

#[tokio::test]
async fn a_proxy_that_limits_uploads_is_named() {
    let trust = Trust::new();
    let server = Scripted::start(&trust, |asked, own| match asked.method.as_str() {
        "HEAD" => (404, String::new(), Vec::new()),
        "POST" => (202, format!("location: https://{own}/upload\r\n"), Vec::new()),
        _ => (413, String::new(), b"<html>".to_vec()),
    })
    .await;
    let refused = client(&trust, &server).put_blob("demo/app", "hello".into()).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::TooLarge { .. }) && refused.to_string().contains("413"), "{refused:?}");
}

#[tokio::test]
async fn a_registry_that_is_busy_is_asked_again() {
    let trust = Trust::new();
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let server = Scripted::start(&trust, move |_, _| match tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => (429, "retry-after: 1\r\n".to_owned(), Vec::new()),
        1 => (503, String::new(), b"<html>busy</html>".to_vec()),
        _ => manifest("", "{}"),
    })
    .await;
    assert_eq!(client(&trust, &server).resolve(&image(&server)).await.unwrap(), Digest::of(b"{}"));
    assert_eq!(server.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_web_page_is_not_a_registry() {
    let trust = Trust::new();
    let server = Scripted::start(&trust, |_, _| (404, String::new(), b"<html>".to_vec())).await;
    assert!(matches!(client(&trust, &server).check().await, Err(RegistryError::NotARegistry { .. })));
    let server = Scripted::start(&trust, |_, _| (200, "content-type: text/html\r\n".to_owned(), b"<html>".to_vec())).await;
    let (from, to) = (client(&trust, &server), client(&trust, &server));
    let refused = copy(&from, &image(&server), &to, &image(&server), &mut |_| {}).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Manifest { .. }), "{refused:?}");
}
