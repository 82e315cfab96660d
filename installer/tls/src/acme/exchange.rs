//! One question to one DNS server: over UDP twice, and over TCP where that is silent or cut short (RFC 7766 §5).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

const UDP_LIMIT: Duration = Duration::from_millis(1500);
const UDP_TRIES: u32 = 2;
const TCP_LIMIT: Duration = Duration::from_secs(5);
/// What passes every path unfragmented (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;

/// A question as it goes over the wire. With `recursive` the server is asked to look elsewhere.
pub(super) fn question(name: &Name, kind: RecordType, recursive: bool) -> Message {
    let mut message = Message::query();
    message.add_query(Query::query(name.clone(), kind));
    message.metadata.recursion_desired = recursive;
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_PAYLOAD);
    message.set_edns(edns);
    message
}

/// Asks, and gives the answer whatever it says; an error is in words.
pub(super) async fn ask(server: SocketAddr, question: &Message) -> Result<Message, String> {
    let bytes = question.to_vec().map_err(|error| error.to_string())?;
    for _ in 0..UDP_TRIES {
        match tokio::time::timeout(UDP_LIMIT, over_udp(server, &bytes, question)).await {
            Ok(Ok(answer)) if !answer.metadata.truncation => return Ok(answer),
            // Cut short, unreachable, or refused: TCP says it better.
            Ok(_) => break,
            Err(_) => (),
        }
    }
    let answer = over_tcp(server, &bytes).await.map_err(|error| error.to_string())?;
    Message::from_vec(&answer).map_err(|error| error.to_string()).and_then(|answer| if belongs(&answer, question) { Ok(answer) } else { Err("it answers another question".to_owned()) })
}

/// What a response code means, where it is no answer.
pub(super) fn refusal(code: ResponseCode) -> Option<&'static str> {
    match code {
        ResponseCode::NoError | ResponseCode::NXDomain => None,
        ResponseCode::ServFail => Some("SERVFAIL: the zone does not load there, or its DNSSEC signatures are broken"),
        ResponseCode::Refused => Some("REFUSED: it does not answer for that zone, or not to us"),
        ResponseCode::NotAuth => Some("NOTAUTH: the server is not the zone's own, or it does not take the key"),
        ResponseCode::NotZone => Some("NOTZONE: the name lies outside of the zone"),
        ResponseCode::NotImp => Some("NOTIMP: it cannot do that"),
        ResponseCode::FormErr => Some("FORMERR: it does not understand the question"),
        _ => Some("an error of its own"),
    }
}

async fn over_udp(server: SocketAddr, bytes: &[u8], question: &Message) -> io::Result<Message> {
    let any: SocketAddr = if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(bytes).await?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // Anybody can send a datagram; what does not belong to the question is not an answer to it.
        if let Ok(answer) = Message::from_vec(&buffer[..length])
            && belongs(&answer, question)
        {
            return Ok(answer);
        }
    }
}

/// Sends a message over TCP and gives the raw answer.
pub(super) async fn over_tcp(server: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        let length = u16::try_from(bytes.len()).map_err(|_| io::Error::other("the message is too long"))?;
        stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    tokio::time::timeout(TCP_LIMIT, exchange).await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", TCP_LIMIT.as_secs()))))
}

fn belongs(answer: &Message, question: &Message) -> bool {
    answer.metadata.id == question.metadata.id && answer.queries == question.queries
}
