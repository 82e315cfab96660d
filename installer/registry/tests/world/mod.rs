//! The real registry on loopback, with TLS by an authority of ours, and images in it.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "a test that cannot go on has failed; not every test uses all of the world")]

pub mod scripted;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_model::{Digest, ImageRef, Secret};
use airlock_registry::{Manifest, RegistryClient, RegistryOptions};
use airlock_tls::Authority;
use bytes::Bytes;
use jiff::Timestamp;
use tempfile::TempDir;

pub const USER: &str = "airlock";
pub const PASSWORD: &str = "correct horse battery staple";
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DAY: Duration = Duration::from_hours(24);

/// Installs the provider of the process; a second call finds it there.
pub fn provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// An authority for `localhost`, and a certificate by it.
pub struct Trust {
    pub authority: Authority,
    pub chain_pem: String,
    pub key_pem: Secret<String>,
}

impl Trust {
    pub fn new() -> Self {
        provider();
        let now = Timestamp::now();
        let authority = Authority::generate("test", &["localhost".to_owned()], DAY, now).unwrap();
        let issued = authority.issue(&["localhost".to_owned()], DAY, now).unwrap();
        Self { authority, chain_pem: issued.chain_pem, key_pem: issued.key_pem }
    }
}

/// How a registry asks who is there.
pub enum Login {
    Nobody,
    Password,
    /// `realm: …` and so on, as its configuration wants it.
    Token(String),
}

/// The registry of the test bed, killed when dropped.
pub struct Server {
    child: Child,
    folder: TempDir,
    pub host: String,
    pub authorities: String,
}

fn binary() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let bed = folder("AIRLOCK_BED").or_else(|| Some(cache?.join("airlock-bed"))).unwrap_or_default();
    let binary = bed.join("bin/registry");
    assert!(binary.is_file(), "this test talks to the real registry, and {} does not exist: run `tests/cluster/bed build` once, or set AIRLOCK_BED", binary.display());
    binary
}

impl Server {
    pub fn start(login: &Login) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), &Trust::new(), login)
    }

    pub fn start_in(folder: TempDir, trust: &Trust, login: &Login) -> Self {
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("tls.crt"), &trust.chain_pem).unwrap();
        std::fs::write(path("tls.key"), trust.key_pem.expose()).unwrap();
        let auth = match login {
            Login::Nobody => String::new(),
            Login::Password => {
                let hash = bcrypt::hash_with_result(PASSWORD, 4).unwrap().format_for_version(bcrypt::Version::TwoY);
                std::fs::write(path("htpasswd"), format!("{USER}:{hash}\n")).unwrap();
                format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", path("htpasswd").display())
            }
            Login::Token(settings) => format!("auth: {{token: {{{settings}}}}}\n"),
        };
        let config = format!(
            "version: 0.1\nlog: {{accesslog: {{disabled: true}}, level: info}}\nstorage: {{filesystem: {{rootdirectory: {root}}}}}\nhttp: {{addr: '127.0.0.1:0', secret: test, tls: {{certificate: {crt}, key: {key}}}}}\n{auth}",
            root = path("data").display(),
            crt = path("tls.crt").display(),
            key = path("tls.key").display(),
        );
        std::fs::write(path("config.yml"), config).unwrap();
        let mut command = Command::new(binary());
        command.arg("serve").arg(path("config.yml")).env("OTEL_TRACES_EXPORTER", "none").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let port = listening(&mut log);
        // It would stop when nobody reads its log.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, folder, host: format!("localhost:{port}"), authorities: trust.authority.certificate_pem().to_owned() }
    }

    /// Kills it without a word and gives back what it stored.
    pub fn kill(mut self) -> TempDir {
        self.stop();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn client(&self, credentials: Option<(&str, &str)>) -> RegistryClient {
        RegistryClient::new(&self.host, self.options(credentials)).unwrap()
    }

    pub fn options(&self, credentials: Option<(&str, &str)>) -> RegistryOptions {
        RegistryOptions {
            authorities_pem: Some(self.authorities.clone()),
            credentials: credentials.map(|(name, password)| (name.to_owned(), Secret::new(password.to_owned()))),
            ..RegistryOptions::default()
        }
    }

    pub fn image(&self, rest: &str) -> ImageRef {
        format!("{}/{rest}", self.host).parse().unwrap()
    }

    /// The file that holds a blob.
    pub fn blob_file(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.path().join("data/docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The log says which port the system gave.
fn listening(log: &mut impl BufRead) -> u16 {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "the registry ended:\n{seen}");
        if let Some((_, rest)) = line.split_once("listening on 127.0.0.1:") {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            return digits.parse().unwrap();
        }
        seen.push_str(&line);
    }
}

/// Bytes that no compression shortens and that differ for each seed (xorshift).
pub fn bytes(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// What was pushed.
pub struct Pushed {
    pub digest: Digest,
    pub layers: Vec<Digest>,
}

/// An index of two platforms with one layer in common.
pub async fn push(client: &RegistryClient, repository: &str, tag: &str, seed: u64, layer: usize) -> Pushed {
    let common = client.put_blob(repository, bytes(seed, layer)).await.unwrap();
    let mut layers = vec![common.clone()];
    let mut manifests = Vec::new();
    for (number, architecture) in (1..).zip(["amd64", "arm64"]) {
        let config = Bytes::from(format!(r#"{{"architecture":"{architecture}","os":"linux","seed":{seed}}}"#));
        let config_size = config.len();
        let config = client.put_blob(repository, config).await.unwrap();
        let own = client.put_blob(repository, bytes(seed + number, layer)).await.unwrap();
        let blob = |digest: &Digest| format!(r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{digest}","size":{layer}}}"#);
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":{config_size}}},"layers":[{},{}]}}"#,
            blob(&common),
            blob(&own),
        );
        layers.push(own);
        let manifest = Manifest::new(OCI_MANIFEST, text.into());
        client.put_manifest(repository, manifest.digest.as_str(), &manifest).await.unwrap();
        manifests.push(format!(r#"{{"mediaType":"{OCI_MANIFEST}","digest":"{}","size":{},"platform":{{"architecture":"{architecture}","os":"linux"}}}}"#, manifest.digest, manifest.bytes.len()));
    }
    let index = Manifest::new(OCI_INDEX, format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{}]}}"#, manifests.join(",")).into());
    client.put_manifest(repository, tag, &index).await.unwrap();
    Pushed { digest: index.digest, layers }
}
