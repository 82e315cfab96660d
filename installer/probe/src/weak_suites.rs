//! Cipher suites of TLS 1.2 that no library of ours offers: a hello that offers nothing else, and the server's first answer.

use std::time::Duration;

use airlock_tls::Seen;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::old_tls::{ALERT, HANDSHAKE, LARGEST_RECORD, SERVER_HELLO, client_hello, is_hang_up};

const PATIENCE: Duration = Duration::from_secs(5);
const TLS_1_2: u16 = 0x0303;
const FATAL: u8 = 2;
const CLOSE_NOTIFY: u8 = 0;

/// What RFC 9325 §4.1 and RFC 7465 forbid, by numbers of IANA's registry.
const WEAK: [(&str, &[u16]); 5] = [
    ("without encryption", &[0x0001, 0x0002, 0x003b, 0xc001, 0xc006, 0xc00b, 0xc010, 0xc015]),
    ("without authentication", &[0x0018, 0x001b, 0x0034, 0x003a, 0x006c, 0x006d, 0x00a6, 0x00a7, 0xc016, 0xc017, 0xc018, 0xc019]),
    ("with RC4", &[0x0004, 0x0005, 0xc002, 0xc007, 0xc00c, 0xc011]),
    ("with DES or 3DES", &[0x0009, 0x000a, 0x000c, 0x000d, 0x000f, 0x0010, 0x0012, 0x0013, 0x0015, 0x0016, 0x001a, 0xc003, 0xc008, 0xc00d, 0xc012]),
    ("with keys of 40 bits", &[0x0003, 0x0006, 0x0008, 0x000b, 0x000e, 0x0011, 0x0014, 0x0017, 0x0019]),
];

/// Offers weak suites alone.
pub(crate) async fn offer(mut stream: TcpStream, server_name: &str) -> Seen {
    let mut random = [0; 32];
    if getrandom::fill(&mut random).is_err() {
        return Seen::Unknown("the system has no random numbers".to_owned());
    }
    let suites: Vec<u16> = WEAK.iter().flat_map(|(_, suites)| suites.iter().copied()).collect();
    let hello = client_hello(server_name, TLS_1_2, random, &suites);
    let answer = async {
        let read = async {
            stream.write_all(&hello).await?;
            first_record(&mut stream).await
        };
        match read.await {
            Ok((kind, body)) => answered(kind, &body),
            Err(error) if is_hang_up(&error) => Seen::Refused,
            Err(error) => Seen::Unknown(error.to_string()),
        }
    };
    timeout(PATIENCE, answer).await.unwrap_or_else(|_| Seen::Unknown("nothing came back in time".to_owned()))
}

/// The first record that is more than a warning (RFC 5246 §6.2).
async fn first_record(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        let [kind, major, _, high, low] = head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if major != 3 || ![ALERT, HANDSHAKE].contains(&kind) || length > LARGEST_RECORD {
            return Ok((0, Vec::new()));
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        match (kind, body.as_slice()) {
            (ALERT, [level, alert]) if *level != FATAL && *alert != CLOSE_NOTIFY => {}
            _ => return Ok((kind, body)),
        }
    }
}

/// `ServerHello { version, random[32], session_id<0..32>, cipher_suite, … }` (RFC 5246 §7.4.1.3).
fn answered(kind: u8, body: &[u8]) -> Seen {
    if kind == ALERT {
        return Seen::Refused;
    }
    let suite = || -> Option<u16> {
        let [SERVER_HELLO, _, _, _, hello @ ..] = body else { return None };
        let session = usize::from(*hello.get(34)?);
        let suite = hello.get(35 + session..37 + session)?;
        Some(u16::from_be_bytes([suite[0], suite[1]]))
    };
    let chosen = if kind == HANDSHAKE { suite() } else { None };
    let Some(chosen) = chosen else { return Seen::Unknown("what answers does not speak TLS as it should".to_owned()) };
    match WEAK.iter().find(|(_, suites)| suites.contains(&chosen)) {
        Some((how, _)) => Seen::Agreed(format!("TLS 1.2 {how} (cipher suite {chosen:#06x})")),
        None => Seen::Unknown("it chose a cipher suite that was not offered".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn hello(suite: u16) -> Vec<u8> {
        [&[SERVER_HELLO, 0, 0, 40, 3, 3][..], &[7; 32], &[2, 9, 9], &suite.to_be_bytes(), &[0]].concat()
    }

    #[test]
    fn the_chosen_suite_is_read_behind_the_session() {
        assert_eq!(answered(HANDSHAKE, &hello(0x0005)), Seen::Agreed("TLS 1.2 with RC4 (cipher suite 0x0005)".to_owned()));
        assert!(matches!(answered(HANDSHAKE, &hello(0xc02f)), Seen::Unknown(_)));
        assert_eq!(answered(ALERT, &[2, 40]), Seen::Refused);
        assert!(matches!(answered(HANDSHAKE, &hello(5)[..20]), Seen::Unknown(_)));
        assert!(matches!(answered(0, &[]), Seen::Unknown(_)));
    }

    #[test]
    fn no_suite_stands_in_two_groups() {
        let all: Vec<u16> = WEAK.iter().flat_map(|(_, suites)| suites.iter().copied()).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
