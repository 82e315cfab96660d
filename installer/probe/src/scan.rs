//! Which TCP ports of pods take a connection: each is asked, at a rate that the connection tracking of a node bears.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use airlock_model::bounds::{ROUNDS, TRIES};
use airlock_model::{AttemptResult, PodPorts, PortRange, ScannedPod};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::dial::{CONNECT_TIMEOUT, connect};

/// So many ports are asked at once, and the next ones no sooner than [`PACE`] later: 8,000 a second. A node forgets a connection that was
/// refused after 10 seconds (Linux, `nf_conntrack_tcp_timeout_close`), and tracks 131,072 at least where kube-proxy sets it (`conntrack.min`).
const AT_ONCE: usize = 80;
const PACE: Duration = Duration::from_millis(10);
/// For an answer; a pod is beside the one that asks.
const PATIENCE: Duration = Duration::from_secs(1);
/// For the policies of the scan to be enforced, of all pods together.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// With more silent ports than this something keeps the scan out, and no port is asked again.
const MOST_SILENT: usize = 1000;
/// With a few ports each.
const PODS_AT_ONCE: usize = 16;

/// Asks each port of each pod, one pod after the other.
pub(crate) async fn scan(pods: &BTreeMap<String, PodPorts>, ports: &[PortRange]) -> AttemptResult {
    let began = Instant::now();
    let mut scanned = Vec::new();
    for (name, pod) in pods {
        for _ in 0..ROUNDS {
            if pod.declared.is_empty() || takes_any(pod).await || began.elapsed() >= SETTLED_WITHIN {
                break;
            }
            sleep(PATIENCE / 2).await;
        }
        scanned.push(of_pod(name, pod, ports).await);
    }
    AttemptResult::Scanned(scanned)
}

/// Asks what each pod declares, and these ports of each, some pods at once. What is not open is asked again for as long as a connection that
/// is let through would be: a pod that has only just begun is kept from what it may reach, too. An error that is not the other side's, nor
/// the network's, is the whole result: it says nothing of a port.
pub(crate) async fn reach(pods: &BTreeMap<String, PodPorts>, ports: &[u16]) -> AttemptResult {
    let asked = pods.iter().map(|(name, pod)| knock(name, pod, ports));
    let found: Result<Vec<ScannedPod>, AttemptResult> = stream::iter(asked).buffered(PODS_AT_ONCE).try_collect().await;
    found.map_or_else(|failure| failure, AttemptResult::Scanned)
}

async fn knock(name: &str, pod: &PodPorts, ports: &[u16]) -> Result<ScannedPod, AttemptResult> {
    let mut left: Vec<u16> = pod.declared.iter().chain(ports).copied().collect();
    left.sort_unstable();
    left.dedup();
    let (mut open, mut silent) = (Vec::new(), 0);
    for number in 1..=TRIES {
        let began = Instant::now();
        let asked = left.iter().map(|port| async move { (*port, connect((pod.address, *port).into()).await) });
        let said: Vec<(u16, Result<TcpStream, AttemptResult>)> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        left.clear();
        silent = 0;
        for (port, said) in said {
            match said {
                Ok(_) => open.push(port),
                Err(AttemptResult::Refused) => left.push(port),
                Err(AttemptResult::TimedOut | AttemptResult::Unreachable(_)) => {
                    silent += 1;
                    left.push(port);
                }
                Err(failure) => return Err(failure),
            }
        }
        if left.is_empty() || number == TRIES {
            break;
        }
        sleep(CONNECT_TIMEOUT.saturating_sub(began.elapsed())).await;
    }
    open.sort_unstable();
    Ok(ScannedPod { pod: name.to_owned(), declared: pod.declared.clone(), open, silent })
}

async fn takes_any(pod: &PodPorts) -> bool {
    let mut said = stream::iter(&pod.declared).map(|port| ask(pod.address, *port)).buffer_unordered(AT_ONCE);
    while let Some((_, said)) = said.next().await {
        if said == Said::Open {
            return true;
        }
    }
    false
}

async fn of_pod(name: &str, pod: &PodPorts, ports: &[PortRange]) -> ScannedPod {
    let mut asked: Vec<u16> = ports.iter().flat_map(|range| range.ports()).collect();
    asked.sort_unstable();
    asked.dedup();
    let mut open = Vec::new();
    for _ in 0..TRIES {
        // A lost packet must not look like a port that is kept shut.
        asked = pass(pod.address, &asked, &mut open).await;
        if asked.is_empty() || asked.len() > MOST_SILENT {
            break;
        }
    }
    open.sort_unstable();
    ScannedPod { pod: name.to_owned(), declared: pod.declared.clone(), open, silent: u32::try_from(asked.len()).unwrap_or(u32::MAX) }
}

/// Asks each port once; those that said nothing, and those that were not asked since too many had said nothing, are left.
async fn pass(address: IpAddr, ports: &[u16], open: &mut Vec<u16>) -> Vec<u16> {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = Vec::new();
    let mut left = ports.chunks(AT_ONCE);
    for chunk in left.by_ref() {
        pace.tick().await;
        let said: Vec<(u16, Said)> = stream::iter(chunk).map(|port| ask(address, *port)).buffer_unordered(AT_ONCE).collect().await;
        open.extend(said.iter().filter(|(_, said)| *said == Said::Open).map(|(port, _)| *port));
        silent.extend(said.iter().filter(|(_, said)| *said == Said::Nothing).map(|(port, _)| *port));
        if silent.len() > MOST_SILENT {
            break;
        }
    }
    silent.extend(left.flatten());
    silent
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Open,
    Closed,
    Nothing,
}

async fn ask(address: IpAddr, port: u16) -> (u16, Said) {
    let said = match timeout(PATIENCE, TcpStream::connect((address, port))).await {
        Ok(Ok(_)) => Said::Open,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Said::Closed,
        // Whatever else came says nothing of the port: no way there, no more sockets, nobody who answers.
        Ok(Err(_)) | Err(_) => Said::Nothing,
    };
    (port, said)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    fn pod(address: [u8; 4], declared: &[u16]) -> BTreeMap<String, PodPorts> {
        [("web-0".to_owned(), PodPorts { address: Ipv4Addr::from(address).into(), declared: declared.to_vec() })].into()
    }

    async fn scanned(pods: &BTreeMap<String, PodPorts>, ports: &str) -> ScannedPod {
        match scan(pods, &[ports.parse().unwrap()]).await {
            AttemptResult::Scanned(mut pods) => pods.remove(0),
            other => panic!("{other:?}"),
        }
    }

    /// An address of the loopback network of its own, so that nobody else listens there.
    #[tokio::test]
    async fn open_ports_are_found_among_all_and_the_rest_is_closed() {
        let address = [127, 77, 3, 9];
        let declared = TcpListener::bind((Ipv4Addr::from(address), 0)).await.unwrap();
        let forgotten = TcpListener::bind((Ipv4Addr::from(address), 0)).await.unwrap();
        let [declared, forgotten] = [&declared, &forgotten].map(|listener| listener.local_addr().unwrap().port());
        let found = scanned(&pod(address, &[declared]), "1-65535").await;
        // Who listens on all addresses of this machine is seen here, too.
        assert!(found.open.contains(&declared) && found.open.contains(&forgotten), "{found:?}");
        assert!(found.open.is_sorted() && found.open.len() < 1000, "{found:?}");
        assert_eq!(found.silent, 0);
    }

    #[tokio::test]
    async fn what_is_declared_is_reached_and_what_else_is_asked_for() {
        let address = [127, 77, 3, 11];
        let listeners = [TcpListener::bind((Ipv4Addr::from(address), 0)).await.unwrap(), TcpListener::bind((Ipv4Addr::from(address), 0)).await.unwrap()];
        let [declared, other] = [0, 1].map(|number: usize| listeners[number].local_addr().unwrap().port());
        let AttemptResult::Scanned(found) = reach(&pod(address, &[declared]), &[other, 1]).await else { panic!("scanned") };
        let mut open = vec![declared, other];
        open.sort_unstable();
        assert_eq!(found, [ScannedPod { pod: "web-0".to_owned(), declared: vec![declared], open, silent: 0 }]);
    }

    #[tokio::test]
    async fn what_nobody_answers_is_silent_and_not_closed() {
        // Of a listener that takes nobody in only as many connections are made as it keeps waiting; to more the kernel says nothing.
        let address = [127, 77, 3, 10];
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::from(address), 0).into()).unwrap();
        let full = socket.listen(1).unwrap();
        let place = full.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = timeout(PATIENCE / 4, TcpStream::connect(place)).await {
            waiting.push(stream.unwrap());
        }
        let found = scanned(&pod(address, &[]), &place.port().to_string()).await;
        assert_eq!((found.open, found.silent), (vec![], 1), "{waiting:?}");
    }
}
