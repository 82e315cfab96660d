//! The company's mail server, which lets nobody send who does not log in.

use std::process::{Child, Stdio};

use airlock_e2e::Site;
use serde_json::Value;

use crate::receivers::certificate;

/// The last part of the company's address on the bridge.
const CORP: u8 = 254;

/// A mail server of the company, with a certificate by its authority.
pub(crate) struct Mails<'a> {
    site: &'a Site,
    pub(crate) host: String,
    pub(crate) address: String,
    pub(crate) port: u16,
    server: Child,
}

impl<'a> Mails<'a> {
    /// Of `airlock`.
    pub(crate) const PASSWORD: &'static str = "letter-opener";
    /// What its API's port is above that of mails.
    const API: u16 = 5500;

    /// At a port of its own: other tests have servers at the same address.
    pub(crate) fn start(site: &'a Site, port: u16) -> Self {
        let built = site.bed.script(["build", "mailpit"]).status().expect("the bed's script");
        assert!(built.success(), "mailpit is not built");
        let (host, address) = (format!("mail-{}.platform.test", site.name), site.bed.address(CORP).expect("the company's address"));
        site.bed.dns_set(&host, "A", &address).expect("a name for the mail server");
        let (key, certificate) = certificate(site, &host);
        let accounts = site.file("accounts", &format!("airlock:{}\n", Self::PASSWORD));
        let mut command = site.bed.corp(site.bed.folder().join("bin/mailpit"));
        command.args(["--disable-version-check", "--quiet", "--smtp-require-starttls", "--smtp-disable-rdns"]);
        command.args(["--smtp", &format!("{address}:{port}"), "--listen", &format!("{address}:{}", port + Self::API)]);
        command.arg("--smtp-tls-cert").arg(&certificate).arg("--smtp-tls-key").arg(&key).arg("--smtp-auth-file").arg(&accounts);
        let server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mailpit");
        Self { site, host, address, port, server }
    }

    /// The lines of answers by which alerts are mailed with this password.
    pub(crate) fn alerts(&self, password: &str) -> String {
        let (host, port, password) = (&self.host, self.port, self.site.file("password", password));
        format!(
            "alerts: {{ receiver: email, email: {{ to: ops@company.test, from: airlock@company.test, server: '{host}:{port}', username: airlock, password: 'file:{}' }}, authority: 'file:{}' }}\n",
            password.display(),
            self.site.bed.company_ca().display()
        )
    }

    /// Whether a mail arrived with this in its subject.
    pub(crate) fn has(&self, words: &str) -> bool {
        let mails = self.site.bed.corp("curl").args(["--silent", &format!("http://{}:{}/api/v1/messages", self.address, self.port + Self::API)]).output().expect("curl");
        let mails: Value = serde_json::from_slice(&mails.stdout).expect("mails");
        mails["messages"].as_array().is_some_and(|mails| mails.iter().any(|mail| mail["Subject"].as_str().is_some_and(|subject| subject.contains(words))))
    }
}

impl Drop for Mails<'_> {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = self.site.bed.dns_delete(&self.host);
    }
}
