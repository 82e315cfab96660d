//! Requests to the real registry, which knows a password and refuses all others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../registry/tests/world/mod.rs"]
mod world;

use airlock_model::{Attempt, AttemptAction, AttemptResult, Credentials, CredentialsForm, Secret, SecretKeyRef, Target, Trust, Vantage};
use airlock_probe::{NoPasswords, Passwords, carry_out};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use world::{Login, PASSWORD, Server, USER};

/// Knows the one password.
struct Known;

impl Passwords for Known {
    fn password(&self, reference: &SecretKeyRef) -> Option<Secret<String>> {
        (reference.name == "registry-password").then(|| Secret::new(PASSWORD.to_owned()))
    }
}

fn known() -> Credentials {
    let password = SecretKeyRef { namespace: "airlock".to_owned(), name: "registry-password".to_owned(), key: "value".to_owned() };
    Credentials { username: USER.to_owned(), password: Some(password), form: CredentialsForm::Basic }
}

fn random() -> Credentials {
    Credentials { username: USER.to_owned(), password: None, form: CredentialsForm::Basic }
}

async fn ask(server: &Server, method: &str, path: &str, trust: Trust, credentials: Option<Credentials>, passwords: &dyn Passwords) -> AttemptResult {
    let port = server.host.rsplit_once(':').unwrap().1.parse().unwrap();
    let action = AttemptAction::Request { method: method.to_owned(), path: path.to_owned(), server_name: "localhost".to_owned(), trust, credentials };
    let target = Target::Address { host: "127.0.0.1".to_owned(), port };
    carry_out(&Attempt { id: "one".into(), from: Vantage::Workstation, target, action, control: None, purpose: "a test".to_owned() }, passwords).await.result
}

fn status(result: &AttemptResult) -> u16 {
    let AttemptResult::Answered { status, .. } = result else { panic!("{result:?}") };
    *status
}

#[tokio::test]
async fn the_right_password_opens_and_all_others_do_not() {
    let server = Server::start(&Login::Password);
    let ours = || Trust::Authorities(server.authorities.clone());
    assert_eq!(status(&ask(&server, "GET", "/v2/", ours(), Some(known()), &Known).await), 200, "the control");
    assert_eq!(status(&ask(&server, "GET", "/v2/", ours(), Some(random()), &Known).await), 401);
    let anonymous = ask(&server, "GET", "/v2/", ours(), None, &NoPasswords).await;
    assert!(matches!(&anonymous, AttemptResult::Answered { status: 401, challenge: Some(challenge), .. } if challenge.raw().starts_with("Basic realm=")), "{anonymous:?}");
    assert_eq!(status(&ask(&server, "POST", "/v2/airlock/app/blobs/uploads/", ours(), None, &NoPasswords).await), 401);
    assert_eq!(status(&ask(&server, "POST", "/v2/airlock/app/blobs/uploads/", ours(), Some(known()), &Known).await), 202, "the control");
    assert_eq!(status(&ask(&server, "HEAD", "/v2/airlock/app/manifests/1.0", ours(), Some(known()), &Known).await), 404);
}

#[tokio::test]
async fn a_password_is_not_sent_to_a_server_that_is_not_believed() {
    let server = Server::start(&Login::Password);
    let believed = world::Trust::new();
    let untrusted = ask(&server, "GET", "/v2/", Trust::Authorities(believed.authority.certificate_pem().to_owned()), Some(known()), &Known).await;
    assert!(matches!(&untrusted, AttemptResult::Untrusted { presented: Some(_), .. }), "{untrusted:?}");
    let unverified = ask(&server, "GET", "/v2/", Trust::Unverified, Some(known()), &Known).await;
    assert!(matches!(&unverified, AttemptResult::NotCarriedOut(why) if why.raw().contains("not verified")), "{unverified:?}");
    assert_eq!(status(&ask(&server, "GET", "/v2/", Trust::Unverified, Some(random()), &Known).await), 401, "nobody's password may go anywhere");
}

#[tokio::test]
async fn a_password_that_is_not_at_hand_is_named_and_nothing_is_tried() {
    let server = Server::start(&Login::Password);
    let result = ask(&server, "GET", "/v2/", Trust::Authorities(server.authorities.clone()), Some(known()), &NoPasswords).await;
    assert!(matches!(&result, AttemptResult::NotCarriedOut(why) if why.raw().contains("airlock/registry-password, key value")), "{result:?}");
}

#[tokio::test]
async fn a_method_that_is_none_is_not_tried() {
    let server = Server::start(&Login::Nobody);
    let result = ask(&server, "GE T", "/v2/", Trust::Unverified, None, &NoPasswords).await;
    assert!(matches!(result, AttemptResult::NotCarriedOut(_)), "{result:?}");
    let result = ask(&server, "GET", "no path", Trust::Unverified, None, &NoPasswords).await;
    assert!(matches!(result, AttemptResult::NotCarriedOut(_)), "{result:?}");
}

#[tokio::test]
async fn what_is_asked_without_tls_is_answered_with_where_it_leads() {
    let ask = |port: u16| async move {
        let action = AttemptAction::PlainRequest { path: "/".to_owned(), host: "platform.test".to_owned() };
        let target = Target::Address { host: "127.0.0.1".to_owned(), port };
        carry_out(&Attempt { id: "plain".into(), from: Vantage::Workstation, target, action, control: None, purpose: "a test".to_owned() }, &NoPasswords).await.result
    };
    let server = Server::start(&Login::Password);
    assert_eq!(status(&ask(server.host.rsplit_once(':').unwrap().1.parse().unwrap()).await), 400, "a server that speaks TLS alone says so");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let redirecting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 4096];
        let length = stream.read(&mut read).await.unwrap();
        stream.write_all(b"HTTP/1.1 308 Permanent Redirect\r\nLocation: https://platform.test/\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&read[..length]).to_ascii_lowercase()
    });
    let answer = ask(port).await;
    assert!(matches!(&answer, AttemptResult::Answered { status: 308, location: Some(location), .. } if location.raw() == "https://platform.test/"), "{answer:?}");
    assert!(redirecting.await.unwrap().contains("host: platform.test\r\n"));
    assert_eq!(ask(port).await, AttemptResult::Refused, "nobody listens any more");

    // Servers that end the connection without a word, or with an alert (RFC 8446 section 6).
    for said in [&b""[..], b"\x15\x03\x03\x00\x02\x02\x46"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let ending = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = vec![0; 4096];
            let _ = stream.read(&mut read).await.unwrap();
            stream.write_all(said).await.unwrap();
        });
        let answer = ask(port).await;
        assert!(matches!(answer, AttemptResult::Unanswered(_)), "{said:?}: {answer:?}");
        ending.await.unwrap();
    }
}
