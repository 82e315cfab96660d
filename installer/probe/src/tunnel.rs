//! A way out for the program beside it, which knows no proxy or is not given the password: a door on the loopback, and behind it a
//! tunnel through the company's proxy (CONNECT, RFC 9110 §9.3.6). Which way a host takes is for [`airlock_model::WayOut`] to say.
//!
//! Whoever comes asks for a host by CONNECT; mail has no word for proxies, so the door can lead to one server instead.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use airlock_model::{Secret, WayOut};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::ListenError;

/// A host may take as long as this to answer, and a proxy to reach it.
const PATIENCE: Duration = Duration::from_secs(30);
const MOST_CONNECTIONS: usize = 64;
/// A request for a tunnel, and the answer to it, are a few lines.
const LONGEST_HEAD: usize = 16 * 1024;

/// A door and where it leads.
#[derive(Clone)]
pub struct Tunnel {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The one server behind it; none: whoever comes says which.
    pub to: Option<(String, u16)>,
    /// The way out.
    pub way: WayOut,
    /// File with the password; it is read for each tunnel, so that another one needs no restart.
    pub password_file: Option<PathBuf>,
}

impl Tunnel {
    /// Lets through until the process is told to end (SIGTERM). What came of a tunnel that was not opened is handed to `tell`.
    pub async fn serve(&self, tell: impl Fn(&str)) -> Result<(), ListenError> {
        let mut terminate = signal(SignalKind::terminate()).map_err(ListenError::Signals)?;
        let listener = TcpListener::bind(self.listen).await.map_err(|source| ListenError::Bind { port: self.listen.port(), source })?;
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                accepted = listener.accept(), if open.len() < MOST_CONNECTIONS => if let Ok((stream, _)) = accepted { open.push(self.lead(stream)) },
                Some(led) = open.next() => if let Err(error) = led { tell(&error.to_string()) }
            }
        }
    }

    async fn lead(&self, mut stream: TcpStream) -> io::Result<()> {
        let (host, port) = match &self.to {
            Some((host, port)) => (host.clone(), *port),
            None => timeout(PATIENCE, asked(&mut stream)).await??,
        };
        let opened = timeout(PATIENCE, self.open(&host, port)).await.unwrap_or_else(|elapsed| Err(elapsed.into()));
        match opened {
            Ok(mut server) => {
                if self.to.is_none() {
                    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                }
                // How a tunnel ends is for both of its ends to say.
                let _ = copy_bidirectional(&mut stream, &mut server).await;
                Ok(())
            }
            Err(error) => {
                if self.to.is_none() {
                    stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await?;
                }
                Err(io::Error::new(error.kind(), format!("{host}:{port}: {error}")))
            }
        }
    }

    async fn open(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        led(&self.way, host, port, || self.password()).await
    }

    /// The password as it is now.
    fn password(&self) -> io::Result<Option<Secret<String>>> {
        let Some(path) = &self.password_file else { return Ok(None) };
        std::fs::read_to_string(path).map(|text| Some(Secret::new(text))).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }
}

/// A connection to a server: through the proxy that is on the way to it, or around. The password is asked for where somebody logs in.
pub(crate) async fn led(way: &WayOut, host: &str, port: u16, password: impl Fn() -> io::Result<Option<Secret<String>>>) -> io::Result<TcpStream> {
    let Some(proxy) = way.proxy_for("https", host) else { return TcpStream::connect((host, port)).await };
    let (at, door) = (proxy.host_str().unwrap_or_default(), proxy.port_or_known_default().unwrap_or_default());
    let mut stream = TcpStream::connect((at, door)).await.map_err(|error| io::Error::new(error.kind(), format!("the proxy {at}:{door}: {error}")))?;
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").as_bytes()).await?;
    stream.write_all(login(way, password)?.expose().as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    let head = head(&mut stream).await?;
    match head.split(' ').nth(1).unwrap_or_default() {
        status if status.starts_with('2') => Ok(stream),
        "407" => Err(io::Error::other(format!("the proxy {at}:{door} refuses the login"))),
        status => Err(io::Error::other(format!("the proxy {at}:{door} answers with HTTP {}", status.escape_debug()))),
    }
}

/// The header by which somebody logs in (RFC 7617).
fn login(way: &WayOut, password: impl Fn() -> io::Result<Option<Secret<String>>>) -> io::Result<Secret<String>> {
    let Some(username) = &way.username else { return Ok(Secret::new(String::new())) };
    let Some(password) = password()? else { return Ok(Secret::new(String::new())) };
    let pair = Secret::new(format!("{username}:{}", password.expose()));
    Ok(Secret::new(format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(pair.expose()))))
}

/// The host and port for which a tunnel is asked.
async fn asked(stream: &mut TcpStream) -> io::Result<(String, u16)> {
    let head = head(stream).await?;
    let mut words = head.split(' ');
    let target = (words.next() == Some("CONNECT")).then(|| words.next()).flatten().and_then(|target| target.rsplit_once(':'));
    if let Some(target) = target.and_then(|(host, port)| Some((host.trim_start_matches('[').trim_end_matches(']').to_owned(), port.parse().ok()?))) {
        return Ok(target);
    }
    stream.write_all(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\nContent-Length: 0\r\n\r\n").await?;
    Err(io::Error::new(io::ErrorKind::InvalidData, "somebody asked for something else than a tunnel"))
}

/// The lines up to an empty one, byte by byte: what stands behind them belongs to the tunnel.
async fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST_HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the head of a tunnel is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A proxy that lets `airlock:letmein` through, to nobody but itself: it says back what it hears, in capitals.
    async fn proxy() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let asked = head(&mut stream).await.unwrap();
                if !asked.starts_with("CONNECT mail.example.com:587 ") || !asked.contains("Proxy-Authorization: Basic YWlybG9jazpsZXRtZWlu\r\n") {
                    stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await.unwrap();
                    continue;
                }
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n220 ready\r\n").await.unwrap();
                let mut word = [0; 4];
                stream.read_exact(&mut word).await.unwrap();
                stream.write_all(&word.to_ascii_uppercase()).await.unwrap();
            }
        });
        address
    }

    struct World {
        door: SocketAddr,
        told: Arc<Mutex<Vec<String>>>,
        _folder: tempfile::TempDir,
    }

    async fn world(to: Option<(String, u16)>, password: &str) -> World {
        let folder = tempfile::tempdir().unwrap();
        let password_file = folder.path().join("password");
        std::fs::write(&password_file, password).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = free.local_addr().unwrap();
        drop(free);
        let way = WayOut { http: None, https: Some(format!("http://{}", proxy().await).parse().unwrap()), username: Some("airlock".into()), password: None, direct: Vec::new() };
        let told = Arc::new(Mutex::new(Vec::new()));
        let tunnel = Tunnel { listen: door, to, way, password_file: Some(password_file) };
        let heard = Arc::clone(&told);
        tokio::spawn(async move { tunnel.serve(|line| heard.lock().unwrap().push(line.to_owned())).await });
        World { door, told, _folder: folder }
    }

    impl World {
        async fn enter(&self) -> TcpStream {
            loop {
                match TcpStream::connect(self.door).await {
                    Ok(stream) => return stream,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        }
    }

    async fn reads(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_program_that_knows_no_proxy_is_led_through_it_to_one_server() {
        let world = world(Some(("mail.example.com".into(), 587)), "letmein").await;
        let mut stream = world.enter().await;
        stream.write_all(b"helo").await.unwrap();
        assert_eq!(reads(&mut stream).await, "220 ready\r\nHELO");
    }

    #[tokio::test]
    async fn a_program_that_asks_by_connect_needs_no_password() {
        let world = world(None, "letmein").await;
        let mut stream = world.enter().await;
        stream.write_all(b"CONNECT mail.example.com:587 HTTP/1.1\r\nHost: mail.example.com:587\r\n\r\nhelo").await.unwrap();
        assert_eq!(reads(&mut stream).await, "HTTP/1.1 200 Connection established\r\n\r\n220 ready\r\nHELO");
        let mut other = world.enter().await;
        other.write_all(b"GET http://mail.example.com/ HTTP/1.1\r\n\r\n").await.unwrap();
        assert!(reads(&mut other).await.starts_with("HTTP/1.1 405 "));
    }

    #[tokio::test]
    async fn a_login_that_is_refused_is_told_without_the_password() {
        let world = world(None, "guessed").await;
        let mut stream = world.enter().await;
        stream.write_all(b"CONNECT mail.example.com:587 HTTP/1.1\r\n\r\n").await.unwrap();
        assert!(reads(&mut stream).await.starts_with("HTTP/1.1 502 "));
        while world.told.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let told = world.told.lock().unwrap().join("\n");
        assert!(told.contains("mail.example.com:587: the proxy 127.0.0.1:") && told.contains("refuses the login") && !told.contains("guessed"), "{told}");
    }

    #[tokio::test]
    async fn what_lies_inside_is_reached_around_the_proxy() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inside = server.local_addr().unwrap();
        let world = world(Some((inside.ip().to_string(), inside.port())), "letmein").await;
        let _stream = world.enter().await;
        server.accept().await.unwrap();
    }
}
