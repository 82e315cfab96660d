//! The registry's bad inputs of the list in the notes (E 78 to 86): what is found, how a run ends by it, and that a way out is said.
//! Each row names the item that it stands for. Of item 84, nobody here asks for referrers, so a registry without them is none.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on has failed; the table is printed")]

mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use airlock_model::{Coded as _, Digest, Exit, ImageRef, Secret, explain_code};
use airlock_registry::{Copied, RegistryClient, RegistryError, RegistryOptions, copy};
use jiff::Timestamp;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use world::scripted::{Answer, Asked, NO_ANSWER, Scripted};
use world::{OCI_MANIFEST, Trust, provider};

const HOUR: Duration = Duration::from_hours(1);
const BLOB: &[u8] = b"hello";

/// Item, code, exit, and a part of the sentence.
struct Row(&'static str, &'static str, Exit, &'static str);

/// What a row is held against.
fn holds(row: &Row, error: &RegistryError) {
    let Row(item, code, exit, says) = row;
    let told = error.to_string();
    assert!(error.code().0 == *code && told.contains(says), "{item}: {}: {told}", error.code());
    assert!(!told.contains("hunter2"), "{item}: {told}");
    let spec = explain_code(code).unwrap();
    assert!(spec.exit == *exit && !spec.fix.is_empty(), "{item}: {spec:?}");
    println!("{item}: {code} ({exit:?})");
}

fn options(authority: &Trust) -> RegistryOptions {
    let credentials = Some(("user".to_owned(), Secret::new("hunter2".to_owned())));
    RegistryOptions { authorities_pem: Some(authority.authority.certificate_pem().to_owned()), credentials, ..RegistryOptions::default() }
}

fn client(host: &str, authority: &Trust) -> RegistryClient {
    RegistryClient::new(host, options(authority)).unwrap()
}

fn answer(status: u16, headers: &str, body: &str) -> Answer {
    (status, headers.to_owned(), body.into())
}

/// A registry that has one image of one blob, and one that answers by the row.
struct Move {
    trust: Trust,
    source: Scripted,
}

impl Move {
    async fn new() -> Self {
        let trust = Trust::new();
        let blob = format!(r#"{{"mediaType":"a/b","digest":"{}","size":{}}}"#, Digest::of(BLOB), BLOB.len());
        let manifest = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{blob},"layers":[{blob}]}}"#);
        let has = move |asked: &Asked, _: &str| {
            if asked.path.contains("/blobs/") { (200, String::new(), BLOB.to_vec()) } else { answer(200, &format!("content-type: {OCI_MANIFEST}\r\n"), &manifest) }
        };
        let source = Scripted::start(&trust, has).await;
        Self { trust, source }
    }

    async fn to(&self, target: &Scripted) -> Result<Copied, RegistryError> {
        let image = |host: &str| -> ImageRef { format!("{host}/demo/app:1").parse().unwrap() };
        let (from, to) = (client(&self.source.host, &self.trust), client(&target.host, &self.trust));
        copy(&from, &image(&self.source.host), &to, &image(&target.host), &mut |_| {}).await
    }
}

/// What a registry answers that takes everything.
fn takes(asked: &Asked) -> Answer {
    match asked.method.as_str() {
        "HEAD" => answer(404, "", ""),
        "POST" => answer(202, "location: /upload\r\n", ""),
        _ => answer(201, "", ""),
    }
}

fn login(asked: &Asked) -> Answer {
    if asked.header("authorization").is_some() { takes(asked) } else { answer(401, "www-authenticate: Basic realm=\"r\"\r\n", "") }
}

#[tokio::test]
async fn what_a_registry_answers_to_a_push() {
    type Says = fn(&Asked, &str) -> Answer;
    let rows: [(Row, Says); 15] = [
        (Row("79 wrong password", "registry.unauthorized", Exit::Blocked, "to user: user name or password is wrong"), |_, _| answer(401, "www-authenticate: Basic realm=\"r\"\r\n", "")),
        (Row("79 read-only user", "registry.denied", Exit::Blocked, "requested access to the resource is denied"), |asked, _| match asked.method.as_str() {
            "POST" if asked.header("authorization").is_some() => answer(403, "", r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#),
            _ => login(asked),
        }),
        (Row("79 read-only user, told as 401", "registry.unauthorized", Exit::Blocked, "or the user may not do it"), |asked, _| match asked.method.as_str() {
            "POST" => answer(401, "www-authenticate: Basic realm=\"r\"\r\n", ""),
            _ => login(asked),
        }),
        (Row("82 storage full", "registry.storage-full", Exit::ApplyFailed, "its storage may be full"), |asked, _| match asked.path.as_str() {
            path if path.starts_with("/upload") => NO_ANSWER,
            _ => takes(asked),
        }),
        (Row("82 told as 500", "registry.busy", Exit::ApplyFailed, "no space left on device"), |asked, _| match asked.path.as_str() {
            path if path.starts_with("/upload") => answer(500, "", r#"{"errors":[{"code":"UNKNOWN","message":"no space left on device"}]}"#),
            _ => takes(asked),
        }),
        (Row("83 too large", "registry.too-large", Exit::ApplyFailed, "HTTP 413"), |asked, _| match asked.path.as_str() {
            path if path.starts_with("/upload") => answer(413, "", "<html>"),
            _ => takes(asked),
        }),
        (Row("83 read-only 405", "registry.refused", Exit::ApplyFailed, "HTTP 405"), |asked, _| if asked.method == "POST" { answer(405, "", "") } else { takes(asked) }),
        (Row("83 read-only 501", "registry.refused", Exit::ApplyFailed, "HTTP 501"), |asked, _| if asked.method == "POST" { answer(501, "", "") } else { takes(asked) }),
        (Row("83 busy", "registry.busy", Exit::ApplyFailed, "HTTP 429, also after 5 tries"), |asked, _| if asked.method == "POST" { answer(429, "retry-after: 0\r\n", "") } else { takes(asked) }),
        (Row("83 quota", "registry.denied", Exit::Blocked, "quota of 10 GiB"), |asked, _| match asked.path.as_str() {
            path if path.starts_with("/upload") => answer(403, "", r#"{"errors":[{"code":"DENIED","message":"the quota of 10 GiB is used up"}]}"#),
            _ => takes(asked),
        }),
        (Row("84 Location without TLS", "registry.not-a-registry", Exit::Blocked, "a place without TLS"), |asked, _| match asked.method.as_str() {
            "POST" => answer(202, "location: http://localhost:1/upload\r\n", ""),
            _ => takes(asked),
        }),
        (Row("85 redirect away from TLS", "registry.challenge", Exit::Blocked, "https"), |_, _| answer(302, "location: http://localhost:1/v2/\r\n", "")),
        (Row("85 token service without TLS", "registry.challenge", Exit::Blocked, "http://localhost:1/token"), |_, _| {
            answer(401, "www-authenticate: Bearer realm=\"http://localhost:1/token\",service=\"r\"\r\n", "")
        }),
        (Row("86 blob unknown", "registry.refused", Exit::ApplyFailed, "MANIFEST_BLOB_UNKNOWN"), |asked, _| match asked.path.as_str() {
            path if asked.method == "PUT" && path.contains("/manifests/") => answer(400, "", r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}"#),
            _ => takes(asked),
        }),
        (Row("86 another digest", "registry.mismatch", Exit::Blocked, "should be sha256:"), |asked, _| match asked.path.as_str() {
            path if asked.method == "PUT" && path.contains("/manifests/") => answer(201, &format!("docker-content-digest: {}\r\n", Digest::of(b"something else")), ""),
            _ => takes(asked),
        }),
    ];
    let moves = Move::new().await;
    let attempts = rows.into_iter().map(|(row, says)| {
        let moves = &moves;
        async move {
            let target = Scripted::start(&moves.trust, says).await;
            holds(&row, &moves.to(&target).await.unwrap_err());
        }
    });
    futures::future::join_all(attempts).await;

    let good = Scripted::start(&moves.trust, |asked, _| login(asked)).await;
    assert_eq!(moves.to(&good).await.unwrap().blobs_sent, 1, "who takes everything is given it");
}

/// Item 84: what is there already cannot be known, so everything is sent.
#[tokio::test]
async fn a_registry_without_head_is_sent_everything() {
    let moves = Move::new().await;
    for status in [405, 501] {
        let target = Scripted::start(&moves.trust, move |asked, _| if asked.method == "HEAD" { answer(status, "", "") } else { takes(asked) }).await;
        assert_eq!(moves.to(&target).await.unwrap().blobs_sent, 1, "{status}");
    }
}

#[tokio::test]
async fn who_answers_instead_of_the_registry() {
    let (trust, other) = (Trust::new(), Trust::new());
    let answers = |trust| Scripted::start(trust, |_, _| answer(200, "", ""));
    let good = answers(&trust).await;
    client(&good.host, &trust).check().await.unwrap();

    let row = Row("78 wrong CA", "registry.tls", Exit::Blocked, "invalid peer certificate");
    holds(&row, &client(&good.host, &other).check().await.unwrap_err());
    let row = Row("78 name not in the certificate", "registry.tls", Exit::Blocked, "not valid for name");
    holds(&row, &client(&good.host.replace("localhost", "127.0.0.1"), &trust).check().await.unwrap_err());

    let issued = trust.authority.issue(&["localhost".to_owned()], HOUR, Timestamp::now() - 2 * HOUR).unwrap();
    let expired = answers(&Trust { authority: Trust::new().authority, chain_pem: issued.chain_pem, key_pem: issued.key_pem }).await;
    holds(&Row("78 expired", "registry.tls", Exit::Blocked, "expired"), &client(&expired.host, &trust).check().await.unwrap_err());

    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("localhost:{}", plain.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    holds(&Row("78 no TLS at the port", "registry.tls", Exit::Blocked, "InvalidContentType"), &client(&host, &trust).check().await.unwrap_err());
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    holds(&Row("81 nobody there", "registry.unreachable", Exit::Blocked, "refused"), &client(&format!("localhost:{}", free.port()), &trust).check().await.unwrap_err());
}

/// Item 80: each part that is wrong is named, before anybody is asked; such an answer ends as `answers.value`.
#[test]
fn references_that_are_none() {
    provider();
    let rows = [
        ("registry.test/Demo/app:1", "repository"),
        ("registry.test/demo/app:-1", "tag"),
        ("demo:1", "no registry host"),
        ("registry.test:99999/demo/app:1", "port"),
        ("registry.test/demo/app@sha256:abc", "digest"),
    ];
    let told: BTreeSet<String> = rows
        .map(|(text, part)| {
            let told = text.parse::<ImageRef>().unwrap_err().to_string();
            assert!(told.contains(part), "80: {told}");
            told
        })
        .into();
    assert_eq!(told.len(), rows.len());
    assert!("registry.test:5000/demo/app:1".parse::<ImageRef>().is_ok());
    assert!(RegistryClient::new("user@registry.test/x", RegistryOptions::default()).is_err_and(|error| error.code().0 == "registry.host"));
}
