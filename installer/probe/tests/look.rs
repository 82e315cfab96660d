//! A close look at servers: what OpenSSL's server sends and agrees to, and one of rustls, which agrees to nothing outdated.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod openssl_server;

use std::sync::Arc;

use airlock_model::{AttemptResult, Digest, Verdict};
use airlock_probe::{Looked, look};
use airlock_tls::{Authorities, Expected, Form, Host, Judgement, Offered, Purpose, Seen, certificates_from_pem, judge_served};
use jiff::Timestamp;
use openssl_server::{DAY, OpenSsl, authority};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const NAME: &str = "a.example.com";

async fn looked(port: u16) -> Looked {
    look("127.0.0.1", port, NAME).await
}

fn judged(looked: &Looked, authority: &str, stored: Option<&Digest>) -> Judgement {
    let authorities = Authorities::from_pem(authority).unwrap();
    let hosts = [Host::served(NAME).unwrap()];
    let expected = Expected { hosts: &hosts, authorities: &authorities, at: Timestamp::now(), purpose: Purpose::Private, form: Form::AsClients, ending: true, longest: None };
    judge_served(NAME, looked.chain.as_deref(), &looked.offered, stored, &expected)
}

fn errors(judgement: &Judgement) -> Vec<&str> {
    judgement.findings.iter().filter(|finding| finding.severity == airlock_tls::Weight::Error).map(|finding| finding.code.0).collect()
}

fn seen(looked: &Looked, of: Offered) -> &Seen {
    looked.offered.iter().find(|(offered, _)| *offered == of).map(|(_, seen)| seen).unwrap()
}

/// A server of rustls; returns its port, its authority, and the fingerprint of its certificate.
async fn rustls_server() -> (u16, String, Digest) {
    let authority = authority();
    let issued = authority.issue(&[NAME.to_owned()], DAY, Timestamp::now()).unwrap();
    let chain = certificates_from_pem(issued.chain_pem.as_bytes()).unwrap();
    let fingerprint = Digest::of(&chain[0]);
    let key = PrivateKeyDer::from_pem_slice(issued.key_pem.expose().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move { acceptor.accept(stream).await.is_ok() });
        }
    });
    (port, authority.certificate_pem().to_owned(), fingerprint)
}

#[tokio::test]
async fn a_server_of_today_passes_and_presents_the_chain_as_it_is() {
    let (port, authority, fingerprint) = rustls_server().await;
    let looked = looked(port).await;
    assert!(looked.offered.iter().all(|(_, seen)| *seen == Seen::Refused), "{:?}", looked.offered);
    let judgement = judged(&looked, &authority, Some(&fingerprint));
    assert_eq!((judgement.verdict, judgement.chain[0].fingerprint.clone()), (Verdict::Pass, fingerprint), "{:?}", judgement.findings);

    let openssl = OpenSsl::serve(&["-min_protocol", "TLSv1.2"]);
    let looked = self::looked(openssl.port).await;
    assert!(looked.offered.iter().all(|(_, seen)| *seen == Seen::Refused), "{:?}", looked.offered);
    assert_eq!(judged(&looked, &openssl.authority, Some(&openssl.fingerprint)).verdict, Verdict::Pass);
}

#[tokio::test]
async fn what_is_outdated_is_found_out_on_a_server_that_also_speaks_what_is_not() {
    let server = OpenSsl::serve(&["-cipher", "ALL:NULL:@SECLEVEL=0", "-min_protocol", "TLSv1"]);
    let looked = looked(server.port).await;
    assert!(matches!(seen(&looked, Offered::Tls10), Seen::Agreed(_)) && matches!(seen(&looked, Offered::Tls11), Seen::Agreed(_)), "{:?}", looked.offered);
    let Seen::Agreed(to) = seen(&looked, Offered::WeakSuites) else { panic!("{:?}", looked.offered) };
    assert!(to.starts_with("TLS 1.2 without"), "{to}");
    assert_eq!(errors(&judged(&looked, &server.authority, None)), ["tls.outdated-protocol", "tls.outdated-protocol", "tls.weak-suite"]);
}

#[tokio::test]
async fn a_server_of_yesterday_presents_nothing_to_clients_of_today() {
    let server = OpenSsl::serve(&["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
    let looked = looked(server.port).await;
    assert!(matches!(looked.chain, Err(AttemptResult::TlsRefused { .. })), "{:?}", looked.chain.err());
    assert_eq!(errors(&judged(&looked, &server.authority, None)), ["tls.not-served", "tls.outdated-protocol"]);
}

#[tokio::test]
async fn another_certificate_than_the_stored_one_is_told_by_both_fingerprints() {
    let (port, authority, fingerprint) = rustls_server().await;
    let stored = Digest::of(b"another");
    let judgement = judged(&looked(port).await, &authority, Some(&stored));
    assert_eq!(errors(&judgement), ["tls.served-differs"]);
    let why = judgement.error().unwrap().why.raw();
    assert!(why.contains(stored.hex()) && why.contains(fingerprint.hex()), "{why}");
}

#[tokio::test]
async fn a_closed_port_and_a_server_that_speaks_something_else_are_told() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let looked = looked(closed).await;
    assert_eq!((&looked.chain, looked.offered.len()), (&Err(AttemptResult::Refused), 0));
    let judgement = judged(&looked, authority().certificate_pem(), None);
    assert_eq!(errors(&judgement), ["tls.not-served"]);
    assert!(judgement.error().unwrap().why.raw().contains("refused"), "{:?}", judgement.findings);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            use tokio::io::AsyncWriteExt as _;
            stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap();
        }
    });
    let looked = self::looked(port).await;
    assert!(matches!(seen(&looked, Offered::WeakSuites), Seen::Unknown(_)), "{:?}", looked.offered);
    let judgement = judged(&looked, authority().certificate_pem(), None);
    assert_eq!(errors(&judgement), ["tls.not-served"], "what could not be found out is no refusal and no error");
    assert!(judgement.findings.iter().any(|finding| finding.code.0 == "tls.not-found-out"));
}
