//! The other end of a connection between pods: it takes connections, reads what comes, and answers nothing.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use airlock_model::{Code, Coded};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const MOST_CONNECTIONS: usize = 128;
const LONGEST_CONNECTION: Duration = Duration::from_mins(1);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// A listener that answers nothing.
pub struct Listener(TcpListener);

/// Why a listener could not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The port is taken or not allowed.
    #[error("cannot listen on port {port}")]
    Bind {
        /// Port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// Signals cannot be received.
    #[error("cannot wait for the signal to end")]
    Signals(#[source] io::Error),
}

impl Coded for ListenError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Bind { .. } | Self::Signals(_) => "probe.listen",
        })
    }
}

/// Listens until the process is told to end (SIGTERM, SIGINT).
pub async fn listen(port: u16) -> Result<(), ListenError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ListenError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ListenError::Signals)?;
    let listener = Listener::bind(port).await?;
    listener
        .serve(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await;
    Ok(())
}

impl Listener {
    /// Binds all addresses of both families, or of IPv4 alone where the system has no other. Port 0 takes a free one.
    pub async fn bind(port: u16) -> Result<Self, ListenError> {
        match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
            Ok(listener) => Ok(Self(listener)),
            Err(_) => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await.map(Self).map_err(|source| ListenError::Bind { port, source }),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.local_addr().ok()
    }

    /// Takes connections until `end`; open ones end with it.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let mut connections = JoinSet::new();
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return,
                accepted = self.0.accept() => match accepted {
                    // Beyond the limit a connection is opened and closed: that it could be opened is what was asked.
                    Ok((stream, _)) => if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                        connections.spawn(async move {
                            drain(stream).await;
                            drop(place);
                        });
                    },
                    // Out of file handles: some connection will end.
                    Err(_) => sleep(PAUSE_AFTER_FAILURE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }
}

async fn drain(mut stream: TcpStream) {
    let mut bytes = [0; 4096];
    let reading = async { while matches!(stream.read(&mut bytes).await, Ok(count) if count > 0) {} };
    // Whoever stays longer is cut off; nothing was promised.
    let _ = timeout(LONGEST_CONNECTION, reading).await;
}
