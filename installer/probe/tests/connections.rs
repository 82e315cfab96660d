//! Connections on loopback: what the network says is told as it was said.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::net::SocketAddr;

use airlock_model::{Attempt, AttemptAction, AttemptResult, Outcome, Target, Vantage};
use airlock_probe::{Listener, NoPasswords, carry_out, carry_out_all};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;

fn connect(id: &str, host: &str, port: u16) -> Attempt {
    let target = Target::Address { host: host.to_owned(), port };
    Attempt { id: id.into(), from: Vantage::Workstation, target, action: AttemptAction::Connect, control: None, purpose: "a test".to_owned() }
}

async fn tried(host: &str, port: u16) -> Outcome {
    carry_out(&connect("one", host, port), &NoPasswords).await
}

#[tokio::test]
async fn a_listener_is_connected_to_and_both_ends_are_told() {
    let listener = Listener::bind(0).await.unwrap();
    let port = listener.address().unwrap().port();
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(listener.serve(async move {
        let _ = ended.await;
    }));
    for host in ["127.0.0.1", "localhost"] {
        let outcome = tried(host, port).await;
        assert_eq!(outcome.result, AttemptResult::Connected, "{host}");
        let (source, destination): (SocketAddr, SocketAddr) = (outcome.source.unwrap().parse().unwrap(), outcome.destination.unwrap().parse().unwrap());
        assert!(source.ip().is_loopback() && destination.port() == port);
    }

    let mut open = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    open.write_all(b"hello").await.unwrap();
    drop(end);
    serving.await.unwrap();
    let mut answer = Vec::new();
    // Ended with or without a reset: bytes were left unread.
    let _ = open.read_to_end(&mut answer).await;
    assert!(answer.is_empty(), "it answers nothing");
    assert_eq!(tried("127.0.0.1", port).await.result, AttemptResult::Refused, "after its end nobody is there");
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // Bound but not listening: the port is ours, and nobody answers.
    let port = socket.local_addr().unwrap().port();
    assert_eq!(tried("127.0.0.1", port).await.result, AttemptResult::Refused);
}

#[tokio::test]
async fn silence_is_neither_a_refusal_nor_an_error() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts; once the queue is full the kernel drops what comes, as a packet filter would.
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(std::time::Duration::from_millis(500), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100);
    }
    let outcome = tried("127.0.0.1", address.port()).await;
    assert_eq!(outcome.result, AttemptResult::TimedOut);
    assert!((8_500..15_000).contains(&outcome.took_millis), "three tries of three seconds: {}", outcome.took_millis);
}

#[tokio::test]
async fn a_network_that_knows_no_way_says_so() {
    // The kernel refuses to connect to everybody at once; no packet leaves.
    let outcome = tried("255.255.255.255", 9).await;
    assert!(matches!(outcome.result, AttemptResult::Unreachable(_)), "{:?}", outcome.result);
}

#[tokio::test]
async fn a_listener_without_address_is_not_tried() {
    let target = Target::Listener { namespace: "airlock-probes".to_owned(), labels: BTreeMap::new(), port: 8443 };
    let outcome = carry_out(&Attempt { target, ..connect("one", "", 0) }, &NoPasswords).await;
    assert!(matches!(outcome.result, AttemptResult::NotCarriedOut(_)));
}

#[tokio::test]
async fn outcomes_come_in_the_order_of_the_attempts_and_survive_json() {
    let listener = Listener::bind(0).await.unwrap();
    let port = listener.address().unwrap().port();
    let attempts: Vec<Attempt> = (0..20).map(|number| connect(&format!("attempt-{number}"), "127.0.0.1", if number % 2 == 0 { port } else { 1 })).collect();
    let outcomes = tokio::select! {
        outcomes = carry_out_all(&attempts, &NoPasswords) => outcomes,
        () = listener.serve(std::future::pending()) => unreachable!("it does not end"),
    };
    for (number, (attempt, outcome)) in attempts.iter().zip(&outcomes).enumerate() {
        assert_eq!(attempt.id, outcome.attempt);
        assert_eq!(outcome.result, if number % 2 == 0 { AttemptResult::Connected } else { AttemptResult::Refused });
    }
    let text = serde_json::to_string(&outcomes).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Outcome>>(&text).unwrap(), outcomes);
}

#[tokio::test]
async fn a_name_is_resolved_as_this_machine_does() {
    let resolve = |name: &str| Attempt { action: AttemptAction::Resolve { name: name.to_owned() }, ..connect("one", "", 0) };
    let outcome = carry_out(&resolve("127.0.0.1"), &NoPasswords).await;
    assert_eq!(outcome.result, AttemptResult::Resolved(vec!["127.0.0.1".to_owned()]));
}
