//! A server before pebble that passes everything on, but for what a test wants answered otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use airlock_tls::acme::AcmeServer;
use airlock_tls::certificates_from_pem;
use jiff::Timestamp;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::authority::{Pebble, client_config};

/// What is answered otherwise: requests whose first line holds `path`, the first `times` of them.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) path: &'static str,
    pub(crate) times: u32,
    /// The whole answer; empty: the connection is cut.
    pub(crate) answer: &'static str,
    /// Whether pebble gets the request all the same.
    pub(crate) passed_on: bool,
}

pub(crate) struct Front {
    port: u16,
    roots: String,
    applied: Arc<AtomicU32>,
}

impl Front {
    pub(crate) async fn start(pebble: &Pebble, rule: Rule) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let issued = pebble.front.issue(&["localhost".to_owned()], std::time::Duration::from_hours(1), Timestamp::now()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::from_pem_slice(issued.key_pem.expose().as_bytes()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(certificates_from_pem(issued.chain_pem.as_bytes()).unwrap(), key).unwrap()));
        let behind = reqwest::Client::builder().user_agent("front").tls_backend_preconfigured(client_config(&pebble.front)).redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let (applied, base) = (Arc::new(AtomicU32::new(0)), pebble.url(""));
        let front = Self { port, roots: pebble.front.certificate_pem().to_owned(), applied: applied.clone() };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, behind, base, applied) = (acceptor.clone(), behind.clone(), base.clone(), applied.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        pass(stream, &behind, &base, rule, &applied).await;
                    }
                });
            }
        });
        front
    }

    pub(crate) fn server(&self) -> AcmeServer {
        let mut server = AcmeServer::new(format!("https://localhost:{}/dir", self.port).parse().unwrap());
        server.roots = Some(self.roots.clone());
        server
    }

    /// How often the rule was applied.
    pub(crate) fn applied(&self) -> u32 {
        self.applied.load(Ordering::SeqCst)
    }
}

/// One request a connection: all answers close it.
async fn pass(mut stream: TlsStream<tokio::net::TcpStream>, behind: &reqwest::Client, base: &url::Url, rule: Rule, applied: &AtomicU32) {
    let mut request = Vec::new();
    let (head, body) = loop {
        let mut part = [0; 8192];
        match stream.read(&mut part).await {
            Ok(length) if length > 0 => request.extend_from_slice(&part[..length]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = field(head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                break (head.to_owned(), body.to_owned());
            }
        }
    };
    let line = head.lines().next().unwrap();
    let is_ruled = line.contains(rule.path) && applied.load(Ordering::SeqCst) < rule.times;
    let reply = if is_ruled && !rule.passed_on { Vec::new() } else { passed_on(line, &head, body, behind, base).await };
    if is_ruled {
        applied.fetch_add(1, Ordering::SeqCst);
    }
    let _ = stream.write_all(if is_ruled { rule.answer.as_bytes() } else { &reply }).await;
    let _ = stream.shutdown().await;
}

async fn passed_on(line: &str, head: &str, body: String, behind: &reqwest::Client, base: &url::Url) -> Vec<u8> {
    let mut words = line.split(' ');
    let method: http::Method = words.next().unwrap().parse().unwrap();
    let url = base.join(words.next().unwrap()).unwrap();
    // The authority makes its links from the host that was asked for.
    let answer = behind.request(method, url).header("host", field(head, "host").unwrap()).header("content-type", "application/jose+json").body(body).send().await.unwrap();
    let mut reply = format!("HTTP/1.1 {}\r\nConnection: close\r\n", answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "connection" && *name != "transfer-encoding" && *name != "content-length") {
        reply += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    let body = answer.bytes().await.unwrap();
    reply += &format!("Content-Length: {}\r\n\r\n", body.len());
    [reply.as_bytes(), &body].concat()
}

fn field(head: &str, wanted: &str) -> Option<String> {
    head.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
}
