//! An authority that is not there, is not one, or is having a bad day.

use std::time::Duration;

use airlock_model::{Coded as _, OpenWay, Secret, WayOut};
use airlock_tls::acme::{AcmeAuthority, AcmeError, AcmeServer, Suggestion};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::authority::{Pebble, order, refused, registration};
use crate::dns_server::{DnsServer, free_port};
use crate::front::{Front, Rule};

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>Be back</h1>\n";
const BUSY_FOR_LONG: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\nConnection: close\r\n\r\nlater";
const EMPTY: &str = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n";
const TOO_MANY: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nConnection: close\r\n\r\nslow down";
const LIMITED: &str = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n\
                       {\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many certificates already\",\"status\":429}";
const CUT: &str = "";

async fn connected(server: &AcmeServer) -> Result<AcmeAuthority, AcmeError> {
    AcmeAuthority::connect(server).await
}

/// A proxy at which `user` logs in.
fn way_out(proxy: &str, password: &str) -> OpenWay {
    let way = WayOut { http: None, https: Some(format!("http://{proxy}").parse().unwrap()), username: Some("user".to_owned()), password: None, direct: Vec::new() };
    OpenWay { way, password: Some(Secret::new(password.to_owned())) }
}

#[tokio::test]
async fn item_61_what_is_no_directory() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let at = |url: url::Url| AcmeServer { directory: url, ..pebble.server() };
    let cases = [(at(pebble.url("nowhere")), "404 Not Found"), (at(pebble.management_url("roots/0")), "begins with -----BEGIN CERTIFICATE-----")];
    for (server, part) in cases {
        let (code, words) = refused(connected(&server).await);
        assert_eq!(code, "tls.acme-not-a-directory");
        assert!(words.contains(server.directory.as_str()) && words.contains(part), "{words}");
    }
    let (code, words) = refused(connected(&at("http://localhost/dir".parse().unwrap())).await);
    assert_eq!(code, "tls.acme-settings");
    assert!(words.contains("does not begin with https://"), "{words}");
    connected(&pebble.server()).await.unwrap();
}

#[tokio::test]
async fn item_62_nobody_answers() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let closed = free_port();
    let mut silent = pebble.server();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    silent.directory = format!("https://localhost:{}/dir", listener.local_addr().unwrap().port()).parse().unwrap();
    silent.request_limit = Duration::from_millis(200);
    let outside = "https://acme.example.com/dir";
    let through = |directory: &str, proxy: &str, password: &str| AcmeServer { directory: directory.parse().unwrap(), way_out: Some(way_out(proxy, password)), ..pebble.server() };
    let at = |url: &str| AcmeServer { directory: url.parse().unwrap(), ..pebble.server() };
    let cases = [
        (at(&format!("https://localhost:{closed}/dir")), vec!["localhost", "refused"]),
        (at("https://ca.invalid/dir"), vec!["ca.invalid", "dns error"]),
        (silent, vec!["it took too long"]),
        (through(outside, &format!("127.0.0.1:{closed}"), "hidden"), vec!["through the proxy 127.0.0.1:", "refused"]),
    ];
    for (server, parts) in cases {
        let (code, words) = refused(connected(&server).await);
        assert_eq!(code, "tls.acme-unreachable", "{words}");
        assert!(parts.iter().all(|part| words.contains(part)), "{words}");
        assert!(!words.contains("hidden"), "{words}");
    }
    let denying = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = denying.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = denying.accept().await.unwrap();
            let mut asked = [0; 1024];
            let read = stream.read(&mut asked).await.unwrap();
            // `user:hidden` in base64 (RFC 7617).
            let knows = String::from_utf8_lossy(&asked[..read]).contains("Basic dXNlcjpoaWRkZW4=");
            let status = if knows { "503 Service Unavailable" } else { "407 Proxy Authentication Required" };
            let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    let (code, words) = refused(connected(&through(outside, &proxy, "guessed")).await);
    assert_eq!(code, "tls.acme-proxy-refused", "{words}");
    assert!(words.contains(&proxy) && !words.contains("guessed"), "{words}");
    let (code, words) = refused(connected(&through(outside, &proxy, "hidden")).await);
    assert_eq!(code, "tls.acme-unreachable", "{words}");
    assert!(words.contains(&format!("through the proxy {proxy}")) && !words.contains("hidden"), "{words}");
    // What lies inside is reached around it.
    connected(&through(pebble.server().directory.as_str(), &format!("127.0.0.1:{closed}"), "hidden")).await.unwrap();
}

#[tokio::test]
async fn item_63_an_authority_with_a_root_of_its_own() {
    let dns = DnsServer::start().await;
    let (pebble, other) = (Pebble::start(&dns, &[], json!({})).await, Pebble::start(&dns, &[], json!({})).await);
    let mut server = pebble.server();
    server.roots = Some(other.front.certificate_pem().to_owned());
    let (code, words) = refused(connected(&server).await);
    assert_eq!(code, "tls.acme-untrusted");
    assert!(words.contains("UnknownIssuer") && words.contains("give it in tls.acme.ca"), "{words}");
    // Several roots in one text are all believed, not the first alone.
    server.roots = Some(format!("{}{}", other.front.certificate_pem(), pebble.front.certificate_pem()));
    connected(&server).await.unwrap();
    server.roots = Some("none".to_owned());
    assert_eq!(refused(connected(&server).await).0, "tls.no-certificate");
}

#[tokio::test]
async fn what_passes_is_waited_out() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let cases = [
        ("GET /dir", BUSY, false),
        ("HEAD /nonce-plz", CUT, false),
        ("POST /sign-me-up", BUSY, false),
        ("POST /order-plz", EMPTY, false),
        ("POST /my-order", CUT, false),
        ("POST /authZ", BUSY, false),
        ("POST /chalZ", BUSY, false),
        ("POST /certZ", BUSY, false),
        // The authority did what was asked, and its answer is lost.
        ("POST /order-plz", CUT, true),
        ("POST /chalZ", CUT, true),
        ("POST /finalize-order", CUT, true),
    ];
    let attempts = cases.map(|(path, answer, passed_on)| {
        let (dns, pebble) = (&dns, &pebble);
        async move {
            let front = Front::start(pebble, Rule { path, times: 1, answer, passed_on }).await;
            let authority = connected(&front.server()).await.unwrap();
            let account = authority.register(&registration(None)).await.unwrap_or_else(|error| panic!("{path}: {error}"));
            account.issue(&order(&["platform.test", "*.platform.test"]), &dns.solver(), None).await.unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(front.applied(), 1, "{path}");
        }
    });
    futures::future::join_all(attempts).await;
}

#[tokio::test]
async fn item_74_pages_instead_of_problems() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    for (answer, part) in [(BUSY, "503 Service Unavailable: <h1>Be back</h1>"), (EMPTY, "500 Internal Server Error: (nothing)"), (TOO_MANY, "429 Too Many Requests; ask again after")] {
        let front = Front::start(&pebble, Rule { path: "POST /order-plz", times: u32::MAX, answer, passed_on: false }).await;
        let account = connected(&front.server()).await.unwrap().register(&registration(None)).await.unwrap();
        let (code, words) = refused(account.begin(&order(&["platform.test"])).await);
        assert_eq!(code, "tls.acme-answer");
        assert!(words.contains("/order-plz answered") && words.contains(part), "{words}");
    }
}

#[tokio::test]
async fn item_72_limits() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let front = Front::start(&pebble, Rule { path: "POST /order-plz", times: u32::MAX, answer: LIMITED, passed_on: false }).await;
    let account = connected(&front.server()).await.unwrap().register(&registration(None)).await.unwrap();
    let error = account.begin(&order(&["platform.test"])).await.unwrap_err();
    assert_eq!(error.code().0, "tls.acme-rate-limited");
    let AcmeError::RateLimited { again_at: Some(at), .. } = &error else { panic!("{error}") };
    let minutes = at.duration_since(jiff::Timestamp::now()).as_mins();
    assert!((58..=60).contains(&minutes), "{error}");
    assert!(error.to_string().contains("too many certificates already; ask again after 2"), "{error}");
    assert_eq!(front.applied(), 1, "a limit is not run against");
    // Nor an authority that is busy for an hour, whatever is asked of it.
    for (path, code) in [("POST /order-plz", "tls.acme-answer"), ("GET /dir", "tls.acme-answer")] {
        let front = Front::start(&pebble, Rule { path, times: u32::MAX, answer: BUSY_FOR_LONG, passed_on: false }).await;
        let done = async { connected(&front.server()).await?.register(&registration(None)).await?.begin(&order(&["platform.test"])).await };
        let (seen, words) = refused(done.await);
        assert_eq!(seen, code);
        assert!(words.contains("answered 503 Service Unavailable; ask again after 2"), "{words}");
        assert_eq!(front.applied(), 1, "{path}");
    }
}

#[tokio::test]
async fn no_window_is_taken_from_what_is_none() {
    let dns = DnsServer::start().await;
    let pebble = Pebble::start(&dns, &[], json!({})).await;
    let issued = pebble.account().await.issue(&order(&["platform.test"]), &dns.solver(), None).await.unwrap().issued;
    for (answer, part) in [(BUSY, "503"), ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "suggestedWindow")] {
        let front = Front::start(&pebble, Rule { path: "/draft-ietf-acme-ari", times: u32::MAX, answer, passed_on: false }).await;
        let suggestion = connected(&front.server()).await.unwrap().suggestion(&issued.chain_pem).await;
        assert!(matches!(&suggestion, Suggestion::None { why } if why.raw().contains(part)), "{suggestion:?}");
        assert!(front.applied() > 0);
    }
}
