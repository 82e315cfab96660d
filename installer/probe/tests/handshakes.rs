//! Handshakes with OpenSSL's server, which speaks every version from 1.0 on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod openssl_server;

use std::process::Command;

use airlock_model::{Attempt, AttemptAction, AttemptResult, Presented, Target, TlsVersion, Trust, Vantage};
use airlock_probe::{NoPasswords, carry_out};
use openssl_server::{OpenSsl, authority};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

impl OpenSsl {
    /// Offers up to this version and believes the server's own authority.
    async fn shake(&self, newest: TlsVersion) -> AttemptResult {
        shake(self.port, "a.example.com", newest, Trust::Authorities(self.authority.clone())).await
    }
}

async fn shake(port: u16, name: &str, newest: TlsVersion, trust: Trust) -> AttemptResult {
    act(port, AttemptAction::Handshake { server_name: name.to_owned(), newest, trust }).await
}

async fn act(port: u16, action: AttemptAction) -> AttemptResult {
    let target = Target::Address { host: "127.0.0.1".to_owned(), port };
    let attempt = Attempt { id: "one".into(), from: Vantage::Workstation, target, action, control: None, purpose: "a test".to_owned() };
    carry_out(&attempt, &NoPasswords).await.result
}

fn handshaken(result: AttemptResult) -> Presented {
    let AttemptResult::Handshaken(presented) = result else { panic!("{result:?}") };
    presented
}

#[tokio::test]
async fn a_modern_server_speaks_the_newest_it_is_offered_and_refuses_old_ones() {
    let server = OpenSsl::serve(&["-min_protocol", "TLSv1.2"]);
    for newest in [TlsVersion::Tls13, TlsVersion::Tls12] {
        let presented = handshaken(server.shake(newest).await);
        assert_eq!((presented.version, &presented.fingerprint, presented.chain_length), (newest, &server.fingerprint, 2));
        assert_eq!((presented.names[0].raw(), presented.issuer.raw()), ("a.example.com", "CN=test"));
    }
    for newest in [TlsVersion::Tls11, TlsVersion::Tls10] {
        assert_eq!(server.shake(newest).await, AttemptResult::TlsRefused { alert: Some(70) }, "{newest:?}: protocol_version");
    }
}

#[tokio::test]
async fn an_old_server_is_found_out() {
    let server = OpenSsl::serve(&["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
    let presented = handshaken(server.shake(TlsVersion::Tls11).await);
    assert_eq!((presented.version, &presented.fingerprint), (TlsVersion::Tls11, &server.fingerprint));
    assert_eq!(server.shake(TlsVersion::Tls10).await, AttemptResult::TlsRefused { alert: Some(70) });
    assert!(matches!(server.shake(TlsVersion::Tls13).await, AttemptResult::TlsRefused { .. }), "it has nothing new");

    let older = OpenSsl::serve(&["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"]);
    for newest in [TlsVersion::Tls11, TlsVersion::Tls10] {
        let presented = handshaken(older.shake(newest).await);
        assert_eq!((presented.version, &presented.fingerprint), (TlsVersion::Tls10, &older.fingerprint));
    }
}

#[tokio::test]
async fn suites_that_do_not_protect_are_agreed_to_by_a_server_that_has_them_and_by_no_other() {
    let offer = || AttemptAction::OfferWeakSuites { server_name: "a.example.com".to_owned() };
    let weak = OpenSsl::serve(&["-cipher", "ALL:NULL:@SECLEVEL=0", "-min_protocol", "TLSv1"]);
    let AttemptResult::Agreed(what) = act(weak.port, offer()).await else { panic!("it has them") };
    assert!(what.raw().starts_with("TLS 1.2 with"), "{what:?}");
    let modern = OpenSsl::serve(&["-min_protocol", "TLSv1.2"]);
    assert_eq!(act(modern.port, offer()).await, AttemptResult::TlsRefused { alert: None });
    handshaken(modern.shake(TlsVersion::Tls12).await);
}

#[tokio::test]
async fn a_server_of_tls_1_3_alone_refuses_1_2() {
    let server = OpenSsl::serve(&["-tls1_3"]);
    assert_eq!(handshaken(server.shake(TlsVersion::Tls13).await).version, TlsVersion::Tls13);
    assert_eq!(server.shake(TlsVersion::Tls12).await, AttemptResult::TlsRefused { alert: Some(70) });
}

#[tokio::test]
async fn who_is_not_believed_is_still_described() {
    let server = OpenSsl::serve(&[]);
    let others = Trust::Authorities(authority().certificate_pem().to_owned());
    for (name, trust, says) in [
        ("a.example.com", others, "not among the authorities that are trusted"),
        ("b.example.com", Trust::Authorities(server.authority.clone()), "covers a.example.com"),
        ("a.example.com", Trust::System, "not among the authorities that are trusted"),
    ] {
        let result = shake(server.port, name, TlsVersion::Tls13, trust).await;
        let AttemptResult::Untrusted { reason, presented: Some(presented) } = &result else { panic!("{result:?}") };
        assert!(reason.raw().contains(says), "{reason}");
        assert_eq!(presented.fingerprint, server.fingerprint);
    }
    let unverified = handshaken(shake(server.port, "b.example.com", TlsVersion::Tls13, Trust::Unverified).await);
    assert_eq!(unverified.fingerprint, server.fingerprint);
}

/// The authorities of the system are read from the environment of the process, so the question is asked in one of its own.
#[tokio::test]
async fn the_system_s_authorities_are_believed() {
    if let Ok(port) = std::env::var("AIRLOCK_TEST_PORT") {
        handshaken(shake(port.parse().unwrap(), "a.example.com", TlsVersion::Tls13, Trust::System).await);
        return;
    }
    let server = OpenSsl::serve(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("system.pem");
    std::fs::write(&file, &server.authority).unwrap();
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", "the_system_s_authorities_are_believed"]).env("AIRLOCK_TEST_PORT", server.port.to_string()).env("SSL_CERT_FILE", &file);
    let output = tokio::task::spawn_blocking(move || alone.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn authorities_that_cannot_be_read_try_nothing() {
    let server = OpenSsl::serve(&[]);
    let result = shake(server.port, "a.example.com", TlsVersion::Tls13, Trust::Authorities("nothing".to_owned())).await;
    assert!(matches!(&result, AttemptResult::NotCarriedOut(why) if why.raw().contains("no certificate")), "{result:?}");
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_refuses_the_request() {
    let server = OpenSsl::serve(&["-Verify", "1", "-verify_return_error"]);
    let request = |method: &str| AttemptAction::Request {
        method: method.to_owned(),
        path: "/".to_owned(),
        server_name: "a.example.com".to_owned(),
        trust: Trust::Authorities(server.authority.clone()),
        credentials: None,
    };
    assert_eq!(act(server.port, request("GET")).await, AttemptResult::TlsRefused { alert: Some(116) }, "certificate_required");
    let open = OpenSsl::serve(&[]);
    let trusting =
        AttemptAction::Request { method: "GET".to_owned(), path: "/".to_owned(), server_name: "a.example.com".to_owned(), trust: Trust::Authorities(open.authority.clone()), credentials: None };
    assert_eq!(act(open.port, trusting).await, AttemptResult::Answered { status: 200, challenge: None, location: None, transport_security: None, allowed_origin: None }, "the control");
}

#[tokio::test]
async fn whose_pages_may_read_an_answer_is_told_by_it() {
    let server = OpenSsl::serve(&["-HTTP"]);
    let asked = "https://b.example.com";
    for (file, header, told) in [("open", format!("Access-Control-Allow-Origin: {asked}\r\n"), Some(asked)), ("closed", String::new(), None)] {
        std::fs::write(server.folder.path().join(file), format!("HTTP/1.0 200 OK\r\n{header}\r\n")).unwrap();
        let action = AttemptAction::AskAcross { path: format!("/{file}"), server_name: "a.example.com".to_owned(), trust: Trust::Authorities(server.authority.clone()), origin: asked.to_owned() };
        let allowed_origin = told.map(|origin| origin.to_owned().into());
        assert_eq!(act(server.port, action).await, AttemptResult::Answered { status: 200, challenge: None, location: None, transport_security: None, allowed_origin }, "{file}");
    }
}

/// A listener that reads the hello and then does this.
async fn answering(answer: &'static [u8], reset: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(answer).await;
            if reset {
                let _ = stream.set_zero_linger();
            }
        }
    });
    port
}

#[tokio::test]
async fn an_end_without_a_word_is_a_refusal_without_a_number() {
    for reset in [true, false] {
        let port = answering(b"", reset).await;
        for newest in [TlsVersion::Tls11, TlsVersion::Tls13] {
            assert_eq!(shake(port, "a.example.com", newest, Trust::Unverified).await, AttemptResult::TlsRefused { alert: None }, "{newest:?}, reset: {reset}");
        }
    }
}

/// A server that has too much to do cuts off who waits, and says nothing.
#[tokio::test]
async fn who_is_cut_off_without_a_word_tries_again() {
    let server = OpenSsl::serve(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, behind) = (listener.local_addr().unwrap().port(), server.port);
    tokio::spawn(async move {
        drop(listener.accept().await.unwrap());
        let (mut asked, _) = listener.accept().await.unwrap();
        let mut there = tokio::net::TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
        tokio::io::copy_bidirectional(&mut asked, &mut there).await.unwrap();
    });
    let presented = handshaken(shake(port, "a.example.com", TlsVersion::Tls13, Trust::Authorities(server.authority.clone())).await);
    assert_eq!(presented.fingerprint, server.fingerprint);
}

#[tokio::test]
async fn what_is_not_tls_says_nothing_about_tls() {
    let port = answering(b"HTTP/1.0 400 Bad Request\r\n\r\nthis is a web server without TLS", false).await;
    for newest in [TlsVersion::Tls10, TlsVersion::Tls11, TlsVersion::Tls12, TlsVersion::Tls13] {
        let result = shake(port, "a.example.com", newest, Trust::Unverified).await;
        assert!(matches!(result, AttemptResult::NotCarriedOut(_)), "{newest:?}: {result:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (old, new) = tokio::join!(shake(port, "a.example.com", TlsVersion::Tls11, Trust::Unverified), shake(port, "a.example.com", TlsVersion::Tls13, Trust::Unverified));
    assert_eq!((old, new), (AttemptResult::TimedOut, AttemptResult::TimedOut));
}
