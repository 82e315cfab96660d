//! Where alerts go in the company: a webhook.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use airlock_e2e::Site;
use serde_json::Value;

pub(crate) const TOKEN: &str = "t0ken-of-the-receiver";
/// The last part of the company's address on the bridge.
const CORP: u8 = 254;

/// A webhook in the company, with a certificate by its authority.
pub(crate) struct Receiver<'a> {
    site: &'a Site,
    pub(crate) host: String,
    pub(crate) address: String,
    pub(crate) port: u16,
    status: PathBuf,
    log: PathBuf,
    server: Child,
}

impl<'a> Receiver<'a> {
    /// At a port of its own: other tests have receivers at the same address.
    pub(crate) fn start(site: &'a Site, port: u16) -> Self {
        let host = format!("hook-{}.platform.test", site.name);
        let address = site.bed.address(CORP).expect("the company's address");
        site.bed.dns_set(&host, "A", &address).expect("a name for the receiver");
        let (key, certificate) = certificate(site, &host);
        let (status, log) = (site.file("status", "404"), site.file("messages", ""));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/webhook.py");
        let mut command = site.bed.corp("python3");
        command.arg(script).args([&address, &port.to_string()]).args([&certificate, &key, &status, &log]);
        let server = command.stdin(Stdio::null()).spawn().expect("python3");
        Self { site, host, address, port, status, log, server }
    }

    pub(crate) fn answers(&self, status: u16) {
        std::fs::write(&self.status, status.to_string()).expect("the receiver's answer");
    }

    /// The lines of answers by which it is told.
    pub(crate) fn alerts(&self) -> String {
        let url = self.site.file("url", &format!("https://{}:{}/alerts?token={TOKEN}\n", self.host, self.port));
        format!("alerts: {{ receiver: webhook, webhook: {{ url: 'file:{}' }}, authority: 'file:{}' }}\n", url.display(), self.site.bed.company_ca().display())
    }

    /// Every message that was taken so far.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).expect("messages");
        text.lines().map(|line| serde_json::from_str(line).expect("a message is JSON")).collect()
    }

    /// Whether a message told of an alert, by its name and one of its labels.
    pub(crate) fn has_told(&self, status: &str, alert: &str, label: &str, value: &str) -> bool {
        let alerts = self.messages().into_iter().flat_map(|message| message["alerts"].as_array().cloned().unwrap_or_default());
        alerts.into_iter().any(|told| told["status"] == status && told["labels"]["alertname"] == alert && (label.is_empty() || told["labels"][label] == value))
    }
}

impl Drop for Receiver<'_> {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = self.site.bed.dns_delete(&self.host);
    }
}

/// A key and a certificate by the company's authority.
pub(crate) fn certificate(site: &Site, host: &str) -> (PathBuf, PathBuf) {
    let (key, certificate) = (site.file(&format!("{host}.key"), ""), site.file(&format!("{host}.crt"), ""));
    let authority = site.bed.folder().join("corp/ca");
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=hook", "-addext"]);
    command.arg(format!("subjectAltName=DNS:{host}")).args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"]);
    command.arg("-CA").arg(authority.with_extension("crt")).arg("-CAkey").arg(authority.with_extension("key")).arg("-keyout").arg(&key).arg("-out").arg(&certificate);
    let output = command.output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (key, certificate)
}
