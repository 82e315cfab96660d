//! A server that says what no real registry says: lies about digests, and asks for passwords where they must not go.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::Trust;

/// A request: its line, headers, and body, as they came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub head: String,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Status, headers with their line ends, body.
pub type Answer = (u16, String, Vec<u8>);

/// The connection is closed without a word.
pub const NO_ANSWER: Answer = (0, String::new(), Vec::new());

pub struct Scripted {
    pub host: String,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Scripted {
    /// Serves on loopback; `answer` gets the request and the host of this very server.
    pub async fn start(trust: &Trust, answer: impl Fn(&Asked, &str) -> Answer + Send + Sync + 'static) -> Self {
        let chain = CertificateDer::pem_slice_iter(trust.chain_pem.as_bytes()).collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(trust.key_pem.expose().as_bytes()).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (notes, own) = (Arc::clone(&asked), host.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let mut words = head.split(' ');
                let mut request = Asked { method: words.next().unwrap_or_default().to_owned(), path: words.next().unwrap_or_default().to_owned(), head: head.clone(), body: Vec::new() };
                request.body.resize(request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0), 0);
                if stream.read_exact(&mut request.body).await.is_err() {
                    continue;
                }
                notes.lock().unwrap().push(request.clone());
                let (status, headers, body) = answer(&request, &own);
                if status == NO_ANSWER.0 {
                    continue;
                }
                let length = if headers.to_ascii_lowercase().contains("content-length") { String::new() } else { format!("content-length: {}\r\n", body.len()) };
                let reply = [format!("HTTP/1.1 {status} x\r\n{headers}{length}connection: close\r\n\r\n").into_bytes(), body].concat();
                let _ = stream.write_all(&reply).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { host, asked, serving }
    }
}
