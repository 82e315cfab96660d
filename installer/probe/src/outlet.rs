//! A way to one server outside: through the company's proxy where there is one, over TLS whose chain is verified, in bounded time. What is
//! handed over is either a request of HTTP or a stream of bytes that nobody answers.
//!
//! A server that answers nothing has taken what it was sent when it answers our `close_notify` with its own: it has read all that stands before
//! ours by then (RFC 5425 §4.4 asks a log server for just that). A connection that ends otherwise says nothing about what was
//! read; an end of its own that crosses ours on the way looks the same.

use std::io;
use std::time::Duration;

use airlock_model::{AttemptResult, OpenWay, TlsVersion, WayOut, with_causes};
use airlock_tls::Authorities;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use url::{Position, Url};

use crate::handshake::{Believed, handshake};
use crate::tunnel::led;

/// To the server, through a proxy or around it.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// One exchange, from the handshake's end to the answer's.
const EXCHANGE_LIMIT: Duration = Duration::from_secs(30);
/// From the end of TLS to that of the connection below it.
const END_LIMIT: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read.
const LARGEST_ANSWER: usize = 64 << 10;

/// A server outside, and the way there.
pub struct Outlet {
    /// Its name or address, as its certificate bears it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Who vouches for it.
    pub authorities: Authorities,
    /// The way there; none: directly.
    pub way: Option<OpenWay>,
}

/// What a server answered.
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// How its body begins.
    pub body: Bytes,
}

/// Why a server did not get what it was sent, or may not have.
#[derive(Debug, thiserror::Error)]
pub enum OutletError {
    /// No connection, or none that lasted.
    #[error("{0}")]
    Unreachable(String),
    /// TLS came to no end that could be believed.
    #[error("{0}")]
    Untrusted(String),
    /// What is to be sent cannot be written.
    #[error("the request cannot be written: {0}")]
    Unwritable(String),
}

impl Outlet {
    /// Sends one request and reads the answer; nothing is followed and nothing sent again.
    pub async fn ask(&self, method: Method, url: &Url, mut headers: HeaderMap, body: Bytes) -> Result<Reply, OutletError> {
        let unwritable = |error: String| OutletError::Unwritable(error);
        let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort]).map_err(|error| unwritable(error.to_string()))?;
        headers.insert(header::HOST, host);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("airlock/", env!("CARGO_PKG_VERSION"))));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery].parse().map_err(|error: http::uri::InvalidUri| unwritable(error.to_string()))?;
        *request.headers_mut() = headers;
        let stream = self.secured().await?;
        timeout(EXCHANGE_LIMIT, exchanged(stream, request)).await.map_err(|_| OutletError::Unreachable("it did not answer in time".to_owned()))?
    }

    /// Sends bytes to a server that answers nothing, and waits until it has read them to their end.
    pub async fn hand_over(&self, bytes: &[u8]) -> Result<(), OutletError> {
        let stream = self.secured().await?;
        let unread = |why: String| OutletError::Unreachable(format!("{why}, so nobody knows what it has read"));
        timeout(EXCHANGE_LIMIT, handed_over(stream, bytes)).await.map_err(|_| unread("it did not end the connection in time".to_owned()))?.map_err(|error| {
            unread(match error.kind() {
                io::ErrorKind::UnexpectedEof => "it ended the connection without TLS's close_notify".to_owned(),
                _ => format!("the connection broke: {error}"),
            })
        })
    }

    async fn secured(&self) -> Result<TlsStream<TcpStream>, OutletError> {
        let unreachable = |error: io::Error| OutletError::Unreachable(with_causes(&error));
        let direct = WayOut { http: None, https: None, username: None, password: None, direct: Vec::new() };
        let way = self.way.as_ref().map_or(&direct, |open| &open.way);
        let connecting = led(way, &self.host, self.port, || Ok(self.way.as_ref().and_then(|open| open.password.clone())));
        let stream = timeout(CONNECT_LIMIT, connecting).await.map_err(|_| OutletError::Unreachable("it did not take the connection in time".to_owned()))?.map_err(unreachable)?;
        let secured = handshake(stream, &self.host, TlsVersion::Tls13, Believed::these(self.authorities.clone())).await;
        secured.map(|secured| secured.stream).map_err(|result| match result {
            AttemptResult::Untrusted { reason, .. } => OutletError::Untrusted(format!("its certificate is not believed: {reason}")),
            AttemptResult::TlsRefused { alert: Some(alert) } => OutletError::Untrusted(format!("it ended the TLS handshake with alert {alert}")),
            AttemptResult::TlsRefused { alert: None } => OutletError::Untrusted("it ended the TLS handshake without a word".to_owned()),
            AttemptResult::TimedOut => OutletError::Unreachable("the TLS handshake came to no end in time".to_owned()),
            AttemptResult::NotCarriedOut(reason) => OutletError::Unreachable(reason.to_string()),
            other => OutletError::Unreachable(format!("{other:?}")),
        })
    }
}

async fn exchanged(stream: TlsStream<TcpStream>, request: Request<Full<Bytes>>) -> Result<Reply, OutletError> {
    let broken = |error: hyper::Error| OutletError::Unreachable(format!("the answer did not come: {}", with_causes(&error)));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status();
        // What it says beside the status is for people; where it is too much, the status is enough.
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Ok(Reply { status, body })
    };
    // The connection moves the bytes; it lives as long as this function and no longer.
    tokio::pin!(connection, answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(broken(error)),
        },
    }
}

async fn handed_over(mut stream: TlsStream<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    // TLS's end alone: a proxy takes the connection down once half of it is closed.
    stream.get_mut().1.send_close_notify();
    stream.flush().await?;
    let mut said = [0; 256];
    while stream.read(&mut said).await? > 0 {}
    // One that ended it while something lay unread resets it, however it ended TLS (RFC 9293 §3.6.1). One that keeps it open has said enough.
    let connection = stream.get_mut().0;
    let ended = async {
        connection.shutdown().await?;
        while connection.read(&mut said).await? > 0 {}
        connection.take_error()?.map_or(Ok(()), Err)
    };
    timeout(END_LIMIT, ended).await.unwrap_or(Ok(()))
}
