//! An API server on the loopback that says what a test lets it say: plain HTTP, one request a connection.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use airlock_model::{Answers, Digest, ImageLock, LockedImage, Purpose, Record, names};
use serde_json::{Value, json};

/// What is asked.
pub(crate) struct Request {
    pub(crate) method: String,
    /// With the query.
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A value of the query, as it stands there.
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    fn read(stream: &TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            if header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        Self { method, target, body }
    }
}

/// What is answered.
pub(crate) enum Answer {
    Whole(u16, Value),
    /// The connection ends in the middle.
    Torn(Value),
    /// Nothing, until whoever asks has gone.
    Silence,
}

impl Answer {
    /// A refusal in the API server's form.
    pub(crate) fn refusal(code: u16, reason: &str, message: &str) -> Self {
        Self::Whole(code, json!({ "kind": "Status", "code": code, "reason": reason, "message": message }))
    }

    fn write(self, mut stream: &TcpStream) {
        let (status, document, is_torn) = match self {
            Self::Whole(status, document) => (status, document, false),
            Self::Torn(document) => (200, document, true),
            // Reading ends when the other side closes.
            Self::Silence => return drop(stream.read(&mut [0])),
        };
        let text = document.to_string();
        let sent = if is_torn { &text.as_bytes()[..text.len() / 2] } else { text.as_bytes() };
        let head = format!("HTTP/1.1 {status} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", if status == 200 { "OK" } else { "Refused" }, text.len());
        // Who asked may have been stopped meanwhile.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(sent));
    }
}

/// Answers as long as the test runs, and writes the kubeconfig that leads there into the folder.
pub(crate) fn start(folder: &Path, answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
    let (listener, answer) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(answer));
    let server = format!("http://{}", listener.local_addr().unwrap());
    let config = format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{ name: c, cluster: {{ server: '{server}' }} }}]\ncontexts: [{{ name: there, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {{}} }}]\ncurrent-context: there\n"
    );
    fs::write(folder.join("kubeconfig"), config).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || answer(&Request::read(&stream)).write(&stream));
        }
    });
}

/// What an installation remembers of itself.
pub(crate) fn record(answers: &str) -> Record {
    let own = LockedImage { name: names::OWN_IMAGE.into(), reference: "ghcr.io/airlock-platform/airlock:0.1.0".parse().unwrap(), digest: Digest::of(b"image") };
    Record {
        schema: names::RECORD_SCHEMA,
        release: env!("CARGO_PKG_VERSION").into(),
        installation: "k3v7".into(),
        plan: Digest::of(b"plan"),
        purpose: Purpose::Install,
        complete: true,
        answers: serde_json::to_value(Answers::from_yaml(answers).unwrap()).unwrap(),
        images: ImageLock([(names::OWN_IMAGE.to_owned(), own)].into()),
        gates: [].into(),
        verdict: None,
        profile: None,
        by: "ada@bastion".into(),
        at: "2026-11-24T12:00:00Z".parse().unwrap(),
    }
}

/// The same as the API server holds it.
pub(crate) fn record_map(record: &Record) -> Value {
    json!({ "metadata": {}, "data": { "record.json": serde_json::to_string(record).unwrap() } })
}
