//! A DNS server (Knot) of a test's own, with zones that take updates.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use airlock_model::Secret;
use airlock_tls::acme::{Dns, Rfc2136, TsigHash, TxtRecord};
use tempfile::TempDir;

pub(crate) const KEY: &str = "airlock";
const SECRET_256: &str = "zEPc+76RJ1vnNhGIBozg7XWXCqVv4bNABHwEUUDnF50=";
const SECRET_384: &str = "u5bGPWm5Ct2uVbuRHzTjHMzEkwi2aPuuHVVj2ImRWy9ZJGmfyVSBLWgbgCCPNKFf";
const SECRET_512: &str = "Zmm0XzGoByQk0zfJ2xwBiU35VnAIPBpcvgvqYDQ4hvmPf9MiWRZMWv0yVAuKNiRlQMOBVkQzDvBKuP2GtWXVwA==";
const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// The second name server of `two.test`.
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Zones, each with what stands in it besides SOA and NS. `broken.test` has no file: the server answers SERVFAIL for it.
const ZONES: [(&str, &str); 6] = [
    ("platform.test", "* A 127.0.0.1\n@ A 127.0.0.1\n_acme-challenge.alias CNAME proofs\n"),
    ("forbidden.test", "@ CAA 0 issue \"other.example\"\nwild CAA 0 issue \"pebble.letsencrypt.org\"\nwild CAA 0 issuewild \";\"\n"),
    ("allowed.test", "@ CAA 0 issue \"other.example\"\n@ CAA 0 issue \"pebble.letsencrypt.org\"\n"),
    ("wild.test", "* CNAME edge.platform.test.\n"),
    ("two.test", "@ NS ns2\nns2 A 127.0.0.2\n"),
    (".", ""),
];

pub(crate) struct DnsServer {
    processes: Vec<Child>,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl DnsServer {
    pub(crate) async fn start() -> Self {
        Self::with(&[FIRST]).await
    }

    /// With a second server, for the zone `two.test`, that takes no updates.
    pub(crate) async fn with_a_second() -> Self {
        Self::with(&[FIRST, SECOND]).await
    }

    async fn with(addresses: &[IpAddr]) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let processes = addresses.iter().map(|address| knotd(folder.path(), *address, port)).collect();
        let server = Self { processes, address: SocketAddr::new(FIRST, port), _folder: folder };
        for address in addresses {
            let zone = if *address == FIRST { "platform.test" } else { "two.test" };
            until(|| async move {
                Dns::new(vec![SocketAddr::new(*address, port)]).with_authority_port(port).sightings(&[TxtRecord { name: format!("_probe.{zone}"), value: "x".to_owned() }]).await.is_ok()
            })
            .await;
        }
        server
    }

    pub(crate) fn dns(&self) -> Dns {
        Dns::new(vec![self.address]).with_authority_port(self.address.port())
    }

    pub(crate) fn solver(&self) -> Rfc2136 {
        self.solver_by(TsigHash::Sha256, &secret_of(TsigHash::Sha256), KEY)
    }

    pub(crate) fn solver_by(&self, hash: TsigHash, secret: &str, key: &str) -> Rfc2136 {
        Rfc2136::new(&self.address.to_string(), key, hash, &Secret::new(secret.to_owned()), self.dns(), Duration::from_secs(3)).unwrap()
    }

    /// The TXT values that the server shows.
    pub(crate) async fn texts(&self, name: &str) -> Vec<String> {
        let sightings = self.dns().sightings(&[TxtRecord { name: name.to_owned(), value: "nobody's".to_owned() }]).await.unwrap();
        sightings[0].seen.iter().map(|value| value.raw().to_owned()).collect()
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

pub(crate) fn key_of(hash: TsigHash) -> &'static str {
    match hash {
        TsigHash::Sha256 => KEY,
        TsigHash::Sha384 => "airlock-384",
        TsigHash::Sha512 => "airlock-512",
    }
}

pub(crate) fn secret_of(hash: TsigHash) -> String {
    match hash {
        TsigHash::Sha256 => SECRET_256,
        TsigHash::Sha384 => SECRET_384,
        TsigHash::Sha512 => SECRET_512,
    }
    .to_owned()
}

fn knotd(folder: &std::path::Path, address: IpAddr, port: u16) -> Child {
    let is_first = address == FIRST;
    let folder = folder.join(address.to_string());
    std::fs::create_dir(&folder).unwrap();
    let at = folder.display();
    let keys = [(KEY, "hmac-sha256", SECRET_256), ("airlock-384", "hmac-sha384", SECRET_384), ("airlock-512", "hmac-sha512", SECRET_512)];
    let keys: String = keys.iter().map(|(id, algorithm, secret)| format!("  - id: {id}\n    algorithm: {algorithm}\n    secret: {secret}\n")).collect();
    let zones = ZONES.iter().filter(|(zone, _)| is_first || *zone == "two.test" || *zone == ".");
    let mut settings = String::new();
    for (index, (zone, content)) in zones.enumerate() {
        let soa = "@ 5 SOA ns hostmaster 1 60 60 600 5\n@ NS ns\nns A 127.0.0.1\n";
        std::fs::write(folder.join(format!("{index}.zone")), format!("$TTL 5\n{soa}{content}")).unwrap();
        settings += &format!("  - domain: {zone}\n    storage: \"{at}\"\n    file: {index}.zone\n    acl: update\n");
    }
    if is_first {
        settings += &format!("  - domain: broken.test\n    storage: \"{at}\"\n    file: missing.zone\n");
    }
    let config = format!(
        "server:\n    rundir: \"{at}\"\n    listen: {address}@{port}\n    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\ndatabase:\n    storage: \"{at}\"\nlog:\n  - target: stderr\n    any: warning\n\
         key:\n{keys}acl:\n  - id: update\n    key: [airlock, airlock-384, airlock-512]\n    action: update\nzone:\n{settings}"
    );
    std::fs::write(folder.join("knot.conf"), config).unwrap();
    let log = std::fs::File::create(folder.join("log")).unwrap();
    Command::new("/usr/sbin/knotd").arg("-c").arg(folder.join("knot.conf")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// A port that is free for TCP and UDP, below those that connections are made from: one of these could be taken by the time it is listened on.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let port = u16::try_from(12_000 + (std::process::id() * 64 + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000).unwrap();
        if TcpListener::bind((FIRST, port)).is_ok() && UdpSocket::bind((FIRST, port)).is_ok() && TcpListener::bind((SECOND, port)).is_ok() {
            return port;
        }
    }
}

/// Waits for a condition.
pub(crate) async fn until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    for _ in 0..600 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it did not come about within 15 s");
}
