//! Who may do what, and how a registry's "no" is told.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod world;

use std::net::TcpListener;

use airlock_model::ImageRefError;
use airlock_registry::{Manifest, RegistryClient, RegistryError, RegistryOptions, copy};
use bytes::Bytes;
use world::{Login, OCI_MANIFEST, PASSWORD, Server, Trust, USER, provider, push};

#[tokio::test]
async fn a_wrong_password_is_noticed_before_anything_is_moved() {
    let server = Server::start(&Login::Password);
    server.client(Some((USER, PASSWORD))).check().await.unwrap();
    let wrong = server.client(Some((USER, "hunter2"))).check().await.unwrap_err();
    assert!(matches!(&wrong, RegistryError::Unauthorized { username: Some(name), .. } if name == USER), "{wrong:?}");
    assert!(wrong.to_string().contains("user name or password is wrong") && !format!("{wrong} {wrong:?}").contains("hunter2"), "{wrong}");
    let anonymous = server.client(None).check().await.unwrap_err();
    assert!(matches!(&anonymous, RegistryError::Unauthorized { username: None, .. }) && anonymous.to_string().contains("without credentials"), "{anonymous}");
}

#[tokio::test]
async fn anonymous_can_neither_pull_nor_push() {
    let (open, closed) = (Server::start(&Login::Nobody), Server::start(&Login::Password));
    let (me, nobody) = (closed.client(Some((USER, PASSWORD))), closed.client(None));
    push(&me, "airlock/app", "1.0", 1, 1024).await;
    let pull = nobody.resolve(&closed.image("airlock/app:1.0")).await;
    assert!(matches!(pull, Err(RegistryError::Unauthorized { username: None, .. })), "{pull:?}");

    let from = open.client(None);
    push(&from, "demo/app", "1.0", 1, 1024).await;
    let pushed = copy(&from, &open.image("demo/app:1.0"), &nobody, &closed.image("airlock/other:1.0"), &mut |_| {}).await;
    assert!(matches!(pushed, Err(RegistryError::Unauthorized { username: None, .. })), "{pushed:?}");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let server = Server::start(&Login::Nobody);
    let missing = server.client(None).resolve(&server.image("demo/none:9")).await.unwrap_err();
    assert_eq!(missing.to_string(), format!("{} has no demo/none:9", server.host));
}

#[tokio::test]
async fn an_upper_case_repository_is_refused_by_us_and_by_the_registry() {
    let server = Server::start(&Login::Nobody);
    assert!(matches!(format!("{}/Demo/app:1", server.host).parse::<airlock_model::ImageRef>(), Err(ImageRefError::Repository(_))));
    let manifest = Manifest::new(OCI_MANIFEST, Bytes::from_static(b"{}"));
    let refused = server.client(None).put_manifest("Demo/app", "1", &manifest).await.unwrap_err();
    // Distribution 2 says 404 to it, distribution 3 says 500.
    assert!(matches!(refused, RegistryError::NotFound { .. } | RegistryError::Busy { status: 500, .. }), "{refused:?}");
}

#[tokio::test]
async fn a_manifest_without_its_blobs_is_refused_in_the_registry_s_words() {
    let server = Server::start(&Login::Nobody);
    let digest = airlock_model::Digest::of(b"nowhere");
    let blob = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":7}}"#);
    let manifest = Manifest::new(OCI_MANIFEST, format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{blob},"layers":[{blob}]}}"#).into());
    let refused = server.client(None).put_manifest("demo/app", "1", &manifest).await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Refused { status: 400, message, .. } if message.raw().contains("MANIFEST_BLOB_UNKNOWN")), "{refused:?}");
}

#[tokio::test]
async fn a_registry_that_is_not_believed_gets_no_password() {
    let server = Server::start(&Login::Password);
    let other = Trust::new();
    let options = RegistryOptions { authorities_pem: Some(other.authority.certificate_pem().to_owned()), ..server.options(Some((USER, PASSWORD))) };
    let refused = RegistryClient::new(&server.host, options).unwrap().check().await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Tls { .. }), "{refused:?}");

    // Beside the system's authorities it is neither more nor less believed.
    for (authority, believed) in [(&server.options(None).authorities_pem, true), (&Some(other.authority.certificate_pem().to_owned()), false)] {
        let options = RegistryOptions { authorities_pem: authority.clone(), and_system: true, ..server.options(Some((USER, PASSWORD))) };
        assert_eq!(RegistryClient::new(&server.host, options).unwrap().check().await.is_ok(), believed);
    }

    let by_address = server.host.replace("localhost", "127.0.0.1");
    let refused = RegistryClient::new(&by_address, server.options(None)).unwrap().check().await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Tls { .. }), "the certificate is for localhost: {refused:?}");

    let system = RegistryClient::new(&server.host, RegistryOptions::default()).unwrap().check().await.unwrap_err();
    assert!(matches!(&system, RegistryError::Tls { .. }), "{system:?}");
}

/// The authorities of the system are read from the environment of the process, so the question is asked in one of its own.
#[tokio::test]
async fn the_system_s_authorities_are_believed() {
    if let Ok(host) = std::env::var("AIRLOCK_TEST_HOST") {
        provider();
        RegistryClient::new(&host, RegistryOptions::default()).unwrap().check().await.unwrap();
        return;
    }
    let server = Server::start(&Login::Nobody);
    let file = server.folder().join("system.pem");
    std::fs::write(&file, &server.authorities).unwrap();
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", "the_system_s_authorities_are_believed"]).env("AIRLOCK_TEST_HOST", &server.host).env("SSL_CERT_FILE", &file);
    let output = tokio::task::spawn_blocking(move || alone.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn nobody_at_the_port_is_unreachable() {
    provider();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let host = format!("localhost:{}", free.port());
    let refused = RegistryClient::new(&host, RegistryOptions::default()).unwrap().check().await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Unreachable { reason, .. } if reason.raw().contains("refused")), "{refused:?}");
}

#[tokio::test]
async fn plain_http_at_a_tls_port_is_not_a_registry() {
    let server = Server::start(&Login::Nobody);
    let options = RegistryOptions { plain_http: true, ..RegistryOptions::default() };
    let refused = RegistryClient::new(&server.host, options).unwrap().check().await.unwrap_err();
    assert!(matches!(&refused, RegistryError::Refused { status: 400, .. }), "{refused:?}");
}

#[test]
fn authorities_that_are_none_are_an_error() {
    provider();
    for pem in ["", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"] {
        let options = RegistryOptions { authorities_pem: Some(pem.to_owned()), ..RegistryOptions::default() };
        assert!(matches!(RegistryClient::new("registry.example.com", options), Err(RegistryError::Authorities { .. })), "{pem}");
    }
}
