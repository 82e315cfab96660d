//! TCP connections. Refused, silent, and unreachable are three different answers, and a check needs to know which one came.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use airlock_model::AttemptResult;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::resolve::addresses;

/// For an answer.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Both ends of a connection, as far as it came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ends {
    pub(crate) source: Option<SocketAddr>,
    pub(crate) destination: Option<SocketAddr>,
}

/// Opens a connection to the first address of the host that takes one.
pub(crate) async fn dial(host: &str, port: u16, ends: &mut Ends) -> Result<TcpStream, AttemptResult> {
    let mut worst = None;
    for address in addresses(host, port).await? {
        ends.destination = Some(address);
        match connect(address).await {
            Ok(stream) => {
                ends.source = stream.local_addr().ok();
                return Ok(stream);
            }
            Err(failure) => worst = Some(worse(worst, failure)),
        }
    }
    Err(worst.unwrap_or(AttemptResult::NoSuchName))
}

/// Opens a connection to an address.
pub(crate) async fn connect(address: SocketAddr) -> Result<TcpStream, AttemptResult> {
    match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
        Err(_) => Err(AttemptResult::TimedOut),
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(failure(address, &error)),
    }
}

fn failure(address: SocketAddr, error: &io::Error) -> AttemptResult {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => AttemptResult::Refused,
        io::ErrorKind::TimedOut => AttemptResult::TimedOut,
        // Packet filters reject with ICMP "administratively prohibited", which arrives as EHOSTUNREACH or EACCES.
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::PermissionDenied => AttemptResult::Unreachable(error.to_string().into()),
        _ => AttemptResult::NotCarriedOut(format!("connecting to {address}: {error}").into()),
    }
}

/// Of several addresses that failed, the one that leaves most open decides: "could not be tried" before silence before "no".
fn worse(before: Option<AttemptResult>, now: AttemptResult) -> AttemptResult {
    const fn openness(result: &AttemptResult) -> u8 {
        match result {
            AttemptResult::NotCarriedOut(_) => 3,
            AttemptResult::TimedOut => 2,
            AttemptResult::Unreachable(_) => 1,
            _ => 0,
        }
    }
    match before {
        Some(before) if openness(&before) >= openness(&now) => before,
        _ => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_answers_are_kept_apart() {
        let address: SocketAddr = "192.0.2.1:443".parse().unwrap();
        let of = |kind: io::ErrorKind| failure(address, &kind.into());
        assert_eq!(of(io::ErrorKind::ConnectionRefused), AttemptResult::Refused);
        assert_eq!(of(io::ErrorKind::TimedOut), AttemptResult::TimedOut);
        assert!(matches!(of(io::ErrorKind::HostUnreachable), AttemptResult::Unreachable(_)));
        assert!(matches!(of(io::ErrorKind::NetworkUnreachable), AttemptResult::Unreachable(_)));
        assert!(matches!(of(io::ErrorKind::PermissionDenied), AttemptResult::Unreachable(_)));
        assert!(matches!(of(io::ErrorKind::OutOfMemory), AttemptResult::NotCarriedOut(_)));
    }

    #[test]
    fn one_silent_address_is_not_hidden_by_one_that_refuses() {
        assert_eq!(worse(Some(AttemptResult::TimedOut), AttemptResult::Refused), AttemptResult::TimedOut);
        assert_eq!(worse(Some(AttemptResult::Refused), AttemptResult::TimedOut), AttemptResult::TimedOut);
        assert_eq!(worse(None, AttemptResult::Refused), AttemptResult::Refused);
    }
}
