//! OpenSSL's server, which speaks every version from 1.0 on and every suite that was built in.
#![allow(clippy::unwrap_used, dead_code, reason = "a test that cannot go on has failed; no test needs all of it")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_model::Digest;
use airlock_tls::{Authority, certificate_facts};
use jiff::Timestamp;
use tempfile::TempDir;

pub(crate) const DAY: Duration = Duration::from_hours(24);

pub(crate) struct OpenSsl {
    child: Child,
    /// Where it looks for files, with `-HTTP`.
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    pub(crate) authority: String,
    pub(crate) fingerprint: Digest,
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn authority() -> Authority {
    Authority::generate("test", &["example.com".to_owned()], DAY, Timestamp::now()).unwrap()
}

impl OpenSsl {
    pub(crate) fn serve(options: &[&str]) -> Self {
        let authority = authority();
        let issued = authority.issue(&["a.example.com".to_owned()], DAY, Timestamp::now()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("leaf.pem"), &issued.chain_pem).unwrap();
        std::fs::write(path("ca.pem"), authority.certificate_pem()).unwrap();
        std::fs::write(path("leaf.key"), issued.key_pem.expose()).unwrap();
        let mut command = Command::new("openssl");
        // The system's configuration forbids old versions; this server is here to speak them.
        command.env("OPENSSL_CONF", "/dev/null").current_dir(folder.path()).args(["s_server", "-accept", "127.0.0.1:0", "-www"]);
        command.arg("-cert").arg(path("leaf.pem")).arg("-key").arg(path("leaf.key")).arg("-cert_chain").arg(path("ca.pem")).arg("-CAfile").arg(path("ca.pem"));
        let mut child = command.args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "openssl s_server ended");
            if let Some((_, port)) = line.strip_prefix("ACCEPT").and_then(|rest| rest.rsplit_once(':')) {
                break port.trim().parse().unwrap();
            }
        };
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let facts = certificate_facts(issued.chain_pem.as_bytes(), issued.key_pem.expose().as_bytes()).unwrap();
        Self { child, folder, port, authority: authority.certificate_pem().to_owned(), fingerprint: facts.fingerprint }
    }
}
