//! TLS at a PostgreSQL server: it is asked for in the server's own protocol, before the first hello.

use std::io;
use std::time::Duration;

use airlock_model::AttemptResult;
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// `SSLRequest` (PostgreSQL, message formats): its length, and a code that is no version of the protocol.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// For the one byte that answers it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Why there is no TLS.
#[derive(Debug, Error)]
pub(crate) enum NoTls {
    #[error("nothing came back in time")]
    TimedOut,
    #[error("it ended the connection: {0}")]
    Ended(#[source] io::Error),
    #[error("it answers N: TLS is off")]
    Off,
    #[error("what answers there is no PostgreSQL server")]
    Other,
}

impl From<NoTls> for AttemptResult {
    fn from(reason: NoTls) -> Self {
        match reason {
            NoTls::TimedOut => Self::TimedOut,
            NoTls::Ended(_) | NoTls::Off | NoTls::Other => Self::NotCarriedOut(reason.to_string().into()),
        }
    }
}

/// Asks for TLS; the next bytes are a hello's.
pub(crate) async fn ask_for_tls(stream: &mut TcpStream) -> Result<(), NoTls> {
    let asked = async {
        stream.write_all(&SSL_REQUEST).await?;
        stream.read_u8().await
    };
    match timeout(ANSWER_WITHIN, asked).await {
        Err(_) => Err(NoTls::TimedOut),
        Ok(Err(error)) => Err(NoTls::Ended(error)),
        Ok(Ok(b'S')) => Ok(()),
        Ok(Ok(b'N')) => Err(NoTls::Off),
        Ok(Ok(_)) => Err(NoTls::Other),
    }
}
