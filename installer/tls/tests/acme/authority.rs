//! An ACME authority (pebble) of a test's own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_model::Secret;
use airlock_tls::acme::{AcmeAccount, AcmeAuthority, AcmeError, AcmeServer, ChallengeKind, ExternalAccount, OrderRequest, Registration};
use airlock_tls::{Authorities, Authority, Expected, Form, Host, Issued, Judgement, PrivateKey, Purpose, certificates_from_pem, validate};
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::dns_server::{DnsServer, free_port, until};

const HOUR: Duration = Duration::from_hours(1);

pub(crate) struct Pebble {
    process: Child,
    folder: TempDir,
    port: u16,
    management: u16,
    /// Where it looks for files.
    pub(crate) http_port: u16,
    /// Who vouches for its own server.
    pub(crate) front: Authority,
}

impl Pebble {
    pub(crate) async fn start(dns: &DnsServer, environment: &[(&str, &str)], settings: Value) -> Self {
        let folder = TempDir::new().unwrap();
        let (port, management, http_port) = (free_port(), free_port(), free_port());
        let front = Authority::generate(&format!("Front of pebble {port}"), &["localhost".to_owned()], HOUR, Timestamp::now()).unwrap();
        let issued = front.issue(&["localhost".to_owned()], HOUR, Timestamp::now()).unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("front.crt"), &issued.chain_pem).unwrap();
        std::fs::write(at("front.key"), issued.key_pem.expose()).unwrap();
        let mut config = json!({
            "listenAddress": format!("127.0.0.1:{port}"), "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": at("front.crt"), "privateKey": at("front.key"), "httpPort": http_port, "tlsPort": free_port(), "ocspResponderURL": "",
            "externalAccountBindingRequired": false, "retryAfter": {"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
            "profiles": {"default": {"description": "90 days", "validityPeriod": 7_776_000}},
        });
        config.as_object_mut().unwrap().extend(settings.as_object().cloned().unwrap_or_default());
        std::fs::write(at("config.json"), json!({ "pebble": config }).to_string()).unwrap();
        let log = std::fs::File::create(at("log")).unwrap();
        let mut command = Command::new(bed().join("bin/pebble"));
        command.arg("-config").arg(at("config.json")).arg("-dnsserver").arg(dns.address.to_string());
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0").env("PEBBLE_AUTHZREUSE", "0").envs(environment.iter().copied());
        let process = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let pebble = Self { process, folder, port, management, http_port, front };
        until(|| async { std::net::TcpStream::connect(("127.0.0.1", management)).is_ok() && std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() }).await;
        pebble
    }

    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("https://localhost:{}/{path}", self.port).parse().unwrap()
    }

    pub(crate) fn management_url(&self, path: &str) -> url::Url {
        format!("https://localhost:{}/{path}", self.management).parse().unwrap()
    }

    pub(crate) fn server(&self) -> AcmeServer {
        let mut server = AcmeServer::new(self.url("dir"));
        server.roots = Some(self.front.certificate_pem().to_owned());
        server
    }

    pub(crate) async fn authority(&self) -> AcmeAuthority {
        AcmeAuthority::connect(&self.server()).await.unwrap()
    }

    pub(crate) async fn account(&self) -> AcmeAccount {
        self.authority().await.register(&registration(None)).await.unwrap()
    }

    /// What it wrote, requests by path among it.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// One of its roots.
    pub(crate) async fn root(&self, index: usize) -> String {
        let client = reqwest::Client::builder().tls_backend_preconfigured(client_config(&self.front)).build().unwrap();
        client.get(self.management_url(&format!("roots/{index}"))).send().await.unwrap().text().await.unwrap()
    }

    /// What our own validation says of a certificate under one of its roots.
    pub(crate) async fn judged(&self, issued: &Issued, names: &[&str], root: usize) -> Judgement {
        let authorities = Authorities::from_pem(&self.root(root).await).unwrap();
        let chain = certificates_from_pem(issued.chain_pem.as_bytes()).unwrap();
        let key = PrivateKey::from_pem(issued.key_pem.expose().as_bytes()).unwrap();
        let expected = Expected { hosts: &hosts(names), authorities: &authorities, at: Timestamp::now(), purpose: Purpose::Private, form: Form::AsClients, ending: true, longest: None };
        validate(&chain, Some(&key), &expected)
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn client_config(front: &Authority) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(certificates_from_pem(front.certificate_pem().as_bytes()).unwrap());
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth()
}

pub(crate) fn registration(external: Option<(&str, &str)>) -> Registration {
    let external = external.map(|(id, key)| ExternalAccount { id: id.to_owned(), key: Secret::new(key.to_owned()) });
    Registration { contact: vec!["platform@example.com".to_owned()], terms_agreed: true, external }
}

pub(crate) fn hosts(names: &[&str]) -> Vec<Host> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

pub(crate) fn order(names: &[&str]) -> OrderRequest {
    let mut request = OrderRequest::new(hosts(names), ChallengeKind::Dns01).unwrap();
    request.limit = Duration::from_secs(30);
    request
}

/// Code and words of what must not have succeeded.
pub(crate) fn refused<T>(result: Result<T, AcmeError>) -> (&'static str, String) {
    let error = result.err().expect("a refusal");
    (airlock_model::Coded::code(&error).0, error.to_string())
}

fn bed() -> PathBuf {
    let cache = || std::env::var_os("XDG_CACHE_HOME").map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"), PathBuf::from);
    std::env::var_os("AIRLOCK_BED").map_or_else(|| cache().join("airlock-bed"), PathBuf::from)
}
