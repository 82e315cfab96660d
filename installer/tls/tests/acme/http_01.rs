//! http-01 with a web server of our own: pebble resolves every name to 127.0.0.1 and asks at its `httpPort`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock_tls::acme::{AcmeError, ChallengeKind, Doing, Http01, Look, OrderRequest, ProofFile, Responder, is_account_at, thumbprint};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::authority::{Pebble, hosts, refused};
use crate::dns_server::DnsServer;

/// Serves files; or, whatever is asked for, one answer.
#[derive(Clone, Default)]
struct Web {
    files: Arc<Mutex<BTreeMap<String, String>>>,
    instead: Option<&'static str>,
}

impl Web {
    async fn listen(&self, port: u16) {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let web = self.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap_or_default();
                let answer = web.answer(&String::from_utf8_lossy(&request[..length]));
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
    }

    fn answer(&self, request: &str) -> String {
        if let Some(answer) = self.instead {
            return answer.to_owned();
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let token = path.strip_prefix("/.well-known/acme-challenge/").unwrap_or_default();
        let page = |status: &str, body: &str| format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        self.files.lock().unwrap().get(token).map_or_else(|| page("404 Not Found", "nothing here"), |content| page("200 OK", content))
    }
}

impl Responder for Web {
    fn serve<'a>(&'a self, files: &'a [ProofFile]) -> Doing<'a> {
        Box::pin(async move {
            self.files.lock().unwrap().extend(files.iter().map(|file| (file.token.clone(), file.content.clone())));
            Ok::<(), AcmeError>(())
        })
    }

    fn withdraw<'a>(&'a self, files: &'a [ProofFile]) -> Doing<'a> {
        Box::pin(async move {
            self.files.lock().unwrap().retain(|token, _| !files.iter().any(|file| &file.token == token));
            Ok::<(), AcmeError>(())
        })
    }
}

fn request() -> OrderRequest {
    OrderRequest::new(hosts(&["platform.test", "airflow.platform.test"]), ChallengeKind::Http01).unwrap()
}

fn at(pebble: &Pebble) -> Look {
    Look::At(SocketAddr::from(([127, 0, 0, 1], pebble.http_port)), Duration::from_millis(200))
}

/// Who knows the account's thumbprint can answer whatever is asked for.
#[tokio::test]
async fn every_proof_ends_with_the_thumbprint_of_the_stored_account() {
    struct Judging(String);
    impl Responder for Judging {
        fn serve<'a>(&'a self, files: &'a [ProofFile]) -> Doing<'a> {
            assert!(!files.is_empty());
            for file in files {
                assert_eq!(file.content, format!("{}.{}", file.token, self.0));
            }
            Box::pin(async { Ok(()) })
        }
        fn withdraw<'a>(&'a self, _: &'a [ProofFile]) -> Doing<'a> {
            Box::pin(async { Ok(()) })
        }
    }
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let account = pebble.account().await;
    let stored = account.stored().expose().as_bytes();
    assert!(is_account_at(stored, account.directory()) && !is_account_at(stored, "https://other.test/dir") && !is_account_at(b"{}", account.directory()));
    let solver = Http01::new(Judging(thumbprint(stored).unwrap()), Look::Never);
    let (code, _) = refused(account.issue(&request(), &solver, None).await);
    assert_eq!(code, "tls.acme-not-validated", "nobody serves what was right");
    assert!(thumbprint(b"{}").is_err());
}

#[tokio::test]
async fn hosts_are_proved_by_files() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let web = Web::default();
    web.listen(pebble.http_port).await;
    let account = pebble.account().await;
    let issuance = account.issue(&request(), &Http01::new(web.clone(), at(&pebble)), None).await.unwrap();
    let judgement = pebble.judged(&issuance.issued, &["platform.test", "airflow.platform.test"], 0).await;
    assert!(judgement.error().is_none(), "{judgement:?}");
    assert!(web.files.lock().unwrap().is_empty(), "withdrawn");
}

#[tokio::test]
async fn item_70_what_is_served_instead() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let account = pebble.account().await;
    let (code, words) = refused(account.issue(&request(), &Http01::new(Web::default(), at(&pebble)), None).await);
    assert_eq!(code, "tls.acme-not-served");
    assert!(words.contains("/.well-known/acme-challenge/") && words.contains("Connection refused"), "{words}");
    // Not looked at from here, the authority finds it.
    let (code, words) = refused(account.issue(&request(), &Http01::new(Web::default(), Look::Never), None).await);
    assert_eq!(code, "tls.acme-not-validated");
    assert!(words.contains("(connection)") && words.contains("port 80 must be open"), "{words}");

    let cases = [
        ("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nnothing here", "404 Not Found: nothing here"),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>\n<b>Login</html>", "200 OK: <html> <b>Login</html>"),
        ("HTTP/1.1 302 Found\r\nLocation: /login\r\nConnection: close\r\n\r\n", "/login, where it is redirected to"),
    ];
    for (instead, part) in cases {
        let pebble = Pebble::start(&dns, &[], json!({})).await;
        let web = Web { instead: Some(instead), ..Web::default() };
        web.listen(pebble.http_port).await;
        let (code, words) = refused(pebble.account().await.issue(&request(), &Http01::new(web, at(&pebble)), None).await);
        assert_eq!(code, "tls.acme-not-served");
        assert!(words.contains(part), "{words}");
    }
}
