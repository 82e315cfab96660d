//! TLS 1.0 and 1.1 (RFC 2246, RFC 4346): a hand-written client hello, and as much of the answer as says whether the server
//! would speak them. Versions, certificates, and alerts are not encrypted there, so no key is ever computed.

use std::io;
use std::time::Duration;

use airlock_model::{AttemptResult, TlsVersion};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::handshake::presented;

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// RFC 4346 §6.2: 2^14 bytes and what compression and encryption may add.
pub(crate) const LARGEST_RECORD: usize = (1 << 14) + 2048;
const LARGEST_ANSWER: usize = 256 * 1024;

pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;
const WARNING: u8 = 1;
const CLOSE_NOTIFY: u8 = 0;

/// Every cipher suite of that time that a server still could have: AES and 3DES in CBC mode with SHA-1, by elliptic curves,
/// by finite fields, and by RSA alone; the last one says that renegotiation is secure (RFC 5746).
const SUITES: [u16; 13] = [0xc00a, 0xc009, 0xc014, 0xc013, 0x0039, 0x0033, 0x0035, 0x002f, 0xc008, 0xc012, 0x0016, 0x000a, 0x00ff];

/// SHA-256, SHA-384, SHA-1 with ECDSA and with RSA, and PSS: whatever key the server has (RFC 5246 §7.4.1.4.1, RFC 8446 §4.2.3).
const SIGNATURES: [u8; 14] = [4, 3, 5, 3, 4, 1, 5, 1, 8, 4, 2, 3, 2, 1];

/// Asks whether a server speaks TLS 1.0 or 1.1.
pub(crate) async fn handshake(mut stream: TcpStream, server_name: &str, newest: TlsVersion) -> AttemptResult {
    let mut random = [0; 32];
    if getrandom::fill(&mut random).is_err() {
        return AttemptResult::NotCarriedOut("the system has no random numbers".to_owned().into());
    }
    let hello = client_hello(server_name, wire(newest), random, &SUITES);
    let answer = async {
        if let Err(error) = stream.write_all(&hello).await {
            return ended(&error);
        }
        read_answer(&mut stream, wire(newest)).await.unwrap_or_else(|error| ended(&error))
    };
    timeout(HANDSHAKE_TIMEOUT, answer).await.unwrap_or(AttemptResult::TimedOut)
}

const fn wire(version: TlsVersion) -> u16 {
    match version {
        TlsVersion::Tls10 => 0x0301,
        TlsVersion::Tls11 => 0x0302,
        TlsVersion::Tls12 | TlsVersion::Tls13 => 0x0303,
    }
}

/// Whether a server ended the connection without a word.
pub(crate) fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted)
}

fn ended(error: &io::Error) -> AttemptResult {
    match error.kind() {
        _ if is_hang_up(error) => AttemptResult::TlsRefused { alert: None },
        io::ErrorKind::TimedOut => AttemptResult::TimedOut,
        _ => AttemptResult::NotCarriedOut(format!("the handshake ended: {error}").into()),
    }
}

/// A hello that offers a version at most and these suites, with what servers need to answer.
pub(crate) fn client_hello(server_name: &str, version: u16, random: [u8; 32], suites: &[u16]) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Ok(ServerName::DnsName(name)) = ServerName::try_from(server_name) {
        let entry = [&[0][..], &sized(2, name.as_ref().as_bytes())].concat();
        extension(&mut extensions, 0, &sized(2, &entry));
    }
    // P-256, P-384, P-521; uncompressed points (RFC 8422).
    extension(&mut extensions, 10, &sized(2, &[0, 23, 0, 24, 0, 25]));
    extension(&mut extensions, 11, &sized(1, &[0]));
    if version == wire(TlsVersion::Tls12) {
        extension(&mut extensions, 13, &sized(2, &SIGNATURES));
    }

    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let body = [&version.to_be_bytes()[..], &random, &sized(1, &[]), &sized(2, &suites), &sized(1, &[0]), &sized(2, &extensions)].concat();
    let message = [&[1][..], &sized(3, &body)].concat();
    // The record says 1.0 in every first message, so that the oldest servers read on.
    [&[HANDSHAKE, 3, 1][..], &sized(2, &message)].concat()
}

fn extension(extensions: &mut Vec<u8>, kind: u16, body: &[u8]) {
    extensions.extend_from_slice(&kind.to_be_bytes());
    extensions.extend_from_slice(&sized(2, body));
}

/// A vector of RFC 4346 §4.3: its length in so many bytes, then its bytes.
fn sized(bytes: usize, body: &[u8]) -> Vec<u8> {
    let length = body.len().to_be_bytes();
    [&length[length.len() - bytes..], body].concat()
}

async fn read_answer(stream: &mut TcpStream, asked: u16) -> io::Result<AttemptResult> {
    let mut reading = Reading { asked, agreed: None, pending: Vec::new() };
    let mut total = 0;
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        let [kind, major, _, high, low] = head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if major != 3 || !(20..=23).contains(&kind) || length > LARGEST_RECORD {
            return Ok(not_tls("its first bytes are no TLS record"));
        }
        total += length;
        if total > LARGEST_ANSWER {
            return Ok(not_tls("its answer does not end"));
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        if let Some(result) = reading.record(kind, &body) {
            return Ok(result);
        }
    }
}

fn not_tls(reason: &str) -> AttemptResult {
    AttemptResult::NotCarriedOut(format!("what answers does not speak TLS as it should: {reason}").into())
}

struct Reading {
    asked: u16,
    agreed: Option<u16>,
    pending: Vec<u8>,
}

impl Reading {
    fn record(&mut self, kind: u8, body: &[u8]) -> Option<AttemptResult> {
        match kind {
            ALERT => match body {
                // "I do not know that name" (RFC 6066 §3) and the like do not end a handshake.
                [WARNING, alert] if *alert != CLOSE_NOTIFY => None,
                [_, alert] => Some(AttemptResult::TlsRefused { alert: Some(*alert) }),
                _ => Some(not_tls("its alert has another length than two")),
            },
            HANDSHAKE => {
                self.pending.extend_from_slice(body);
                self.messages()
            }
            _ => Some(not_tls("it sends data before the handshake")),
        }
    }

    /// Messages and records have borders of their own.
    fn messages(&mut self) -> Option<AttemptResult> {
        loop {
            let [kind, a, b, c, ..] = *self.pending.as_slice() else { return None };
            let end = 4 + ((usize::from(a) << 16) | (usize::from(b) << 8) | usize::from(c));
            if end > LARGEST_ANSWER {
                return Some(not_tls("it announces a message without end"));
            }
            if self.pending.len() < end {
                return None;
            }
            let rest = self.pending.split_off(end);
            let message = std::mem::replace(&mut self.pending, rest);
            if let Some(result) = self.message(kind, &message[4..]) {
                return Some(result);
            }
        }
    }

    fn message(&mut self, kind: u8, body: &[u8]) -> Option<AttemptResult> {
        match (kind, self.agreed) {
            (SERVER_HELLO, None) => {
                let [major, minor, ..] = *body else { return Some(not_tls("its hello is too short")) };
                let version = u16::from_be_bytes([major, minor]);
                if major != 3 || version > self.asked {
                    return Some(not_tls("it answers with a version that was not offered"));
                }
                self.agreed = Some(version);
                None
            }
            (CERTIFICATE, Some(version)) => Some(presents(version, body)),
            (SERVER_HELLO_DONE, _) => Some(not_tls("it presents no certificate")),
            (_, None) => Some(not_tls("it does not begin with a hello")),
            _ => None,
        }
    }
}

fn presents(version: u16, body: &[u8]) -> AttemptResult {
    // SSL 3.0 is reported as the oldest version there is a name for: it is accepted, and it is not newer.
    let version = if version >= wire(TlsVersion::Tls11) { TlsVersion::Tls11 } else { TlsVersion::Tls10 };
    let Some(chain) = certificates(body) else { return not_tls("its list of certificates is damaged") };
    match presented(&chain, version) {
        Ok(presented) => AttemptResult::Handshaken(presented),
        Err(reason) => AttemptResult::Untrusted { reason: reason.into(), presented: None },
    }
}

/// `opaque ASN.1Cert<1..2^24-1>; ASN.1Cert certificate_list<0..2^24-1>` (RFC 4346 §7.4.2).
fn certificates(body: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let (mut list, rest) = vector(body)?;
    if !rest.is_empty() {
        return None;
    }
    let mut chain = Vec::new();
    while !list.is_empty() {
        let (certificate, rest) = vector(list)?;
        chain.push(CertificateDer::from(certificate.to_vec()));
        list = rest;
    }
    Some(chain)
}

fn vector(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[a, b, c], rest) = bytes.split_first_chunk::<3>()?;
    let length = (usize::from(a) << 16) | (usize::from(b) << 8) | usize::from(c);
    (rest.len() >= length).then(|| rest.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Reading {
        Reading { asked: wire(TlsVersion::Tls11), agreed: None, pending: Vec::new() }
    }

    #[test]
    fn the_hello_s_lengths_add_up() {
        let hello = client_hello("registry.example.com", wire(TlsVersion::Tls11), [7; 32], &SUITES);
        assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
        assert_eq!(&hello[6..9], &sized(3, &hello[9..])[..3]);
        assert_eq!(&hello[9..11], &[3, 2]);
        assert!(hello.windows(20).any(|window| window == b"registry.example.com"));
        assert!(!client_hello("192.0.2.1", 0x0301, [7; 32], &SUITES).windows(9).any(|window| window == b"192.0.2.1"), "an address is no server name");
    }

    #[test]
    fn a_fatal_alert_refuses_and_a_warning_does_not() {
        assert_eq!(reading().record(ALERT, &[2, 70]), Some(AttemptResult::TlsRefused { alert: Some(70) }));
        assert_eq!(reading().record(ALERT, &[1, 112]), None);
        assert_eq!(reading().record(ALERT, &[1, 0]), Some(AttemptResult::TlsRefused { alert: Some(0) }));
    }

    #[test]
    fn messages_are_read_across_records() {
        let mut reading = reading();
        let hello = [&[SERVER_HELLO][..], &sized(3, &[3, 2, 9, 9, 9])].concat();
        assert_eq!(reading.record(HANDSHAKE, &hello[..3]), None);
        assert_eq!(reading.record(HANDSHAKE, &hello[3..]), None);
        assert_eq!(reading.agreed, Some(0x0302));
    }

    #[test]
    fn odd_answers_say_nothing_about_versions() {
        let newer = [&[SERVER_HELLO][..], &sized(3, &[3, 3])].concat();
        assert!(matches!(reading().record(HANDSHAKE, &newer), Some(AttemptResult::NotCarriedOut(_))));
        let early = [&[CERTIFICATE][..], &sized(3, &[0, 0, 0])].concat();
        assert!(matches!(reading().record(HANDSHAKE, &early), Some(AttemptResult::NotCarriedOut(_))));
        assert!(certificates(&[0, 0, 9, 1]).is_none());
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_server_sends_is_an_answer_or_not_yet_one(records in proptest::collection::vec((20u8..=23, proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)), 0..8)) {
            let mut reading = reading();
            for (kind, body) in records {
                if let Some(result) = reading.record(kind, &body) {
                    // Noise has no certificate that could be read, so it never counts as a handshake.
                    proptest::prop_assert!(!matches!(result, AttemptResult::Handshaken(_)));
                    break;
                }
            }
        }

        #[test]
        fn a_list_of_certificates_is_read_back_as_written(chain in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), 0..5)) {
            let list: Vec<u8> = chain.iter().flat_map(|certificate| sized(3, certificate)).collect();
            let read = certificates(&sized(3, &list)).unwrap();
            proptest::prop_assert_eq!(read.iter().map(|der| der.to_vec()).collect::<Vec<_>>(), chain);
        }
    }
}
