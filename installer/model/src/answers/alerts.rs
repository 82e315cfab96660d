//! Where alerts go. What a receiver could be impersonated with is given by reference alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where alerts go; with monitoring one receiver is due, or `none` in so many words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Alerts {
    /// The kind of receiver.
    pub receiver: Option<Receiver>,
    /// With `receiver: webhook`.
    pub webhook: Option<Webhook>,
    /// With `receiver: email`.
    pub email: Option<Email>,
    /// Who signed the receiver's certificate: a reference to PEM; the system's roots when absent.
    pub authority: Option<String>,
}

/// The kind of receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Receiver {
    /// Nobody is told; every compliance check says so.
    None,
    /// An HTTPS address takes a JSON document.
    Webhook,
    /// Mails.
    Email,
}

/// An HTTPS address that takes alerts as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    /// A reference to the address, in which a token may stand.
    pub url: String,
}

/// Mails, over a server that speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Email {
    /// Who is told.
    pub to: String,
    /// Who tells.
    pub from: String,
    /// The mail server, `name:port`; 465 is TLS from the beginning, any other port STARTTLS.
    pub server: String,
    /// Who logs in there; with `password`.
    #[serde(default)]
    pub username: Option<String>,
    /// A reference to the password.
    #[serde(default)]
    pub password: Option<String>,
}

impl Alerts {
    /// Every reference to a secret with the path of its key.
    pub(super) fn references(&self) -> Vec<(&'static str, &String)> {
        let given = [
            ("alerts.webhook.url", self.webhook.as_ref().map(|webhook| &webhook.url)),
            ("alerts.email.password", self.email.as_ref().and_then(|email| email.password.as_ref())),
            ("alerts.authority", self.authority.as_ref()),
        ];
        given.into_iter().filter_map(|(path, reference)| Some((path, reference?))).collect()
    }

    /// Answers that contradict themselves, by the path of the key: without looking at anything outside of them.
    pub(super) fn flaws(&self, monitored: bool, may_leave: bool) -> Vec<(&'static str, String)> {
        let mut flaws = Vec::new();
        let mut add = |path: &'static str, text: &str| flaws.push((path, text.to_owned()));
        match (self.receiver, monitored) {
            (None, true) => add("components.monitoring", "nobody would hear of an alert; say in `alerts.receiver` where they go: webhook, email, or none"),
            (Some(_), false) => add("alerts.receiver", "Airlock tells alerts with `components.monitoring.mode: bundled` alone; a Prometheus of your own has its own routes"),
            (Some(Receiver::Webhook | Receiver::Email), true) if !may_leave => {
                add("alerts.receiver", "nothing lets an alert out; say in `network.egress` which network and port component monitoring may reach");
            }
            _ => {}
        }
        for (kind, path, is_given) in [(Receiver::Webhook, "alerts.webhook", self.webhook.is_some()), (Receiver::Email, "alerts.email", self.email.is_some())] {
            match (self.receiver == Some(kind), is_given) {
                (true, false) => add("alerts.receiver", "the receiver itself is not described; the group of keys with its name is due"),
                (false, true) => add(path, "`alerts.receiver` names another one"),
                _ => {}
            }
        }
        if let Some(email) = &self.email {
            for (path, address) in [("alerts.email.to", &email.to), ("alerts.email.from", &email.from)] {
                if !is_address(address) {
                    add(path, &format!("`{address}` is no mail address"));
                }
            }
            let is_server = email.server.rsplit_once(':').is_some_and(|(host, port)| host.parse::<crate::HostName>().is_ok() && port.parse::<u16>().is_ok_and(|port| port > 0));
            if !is_server {
                add("alerts.email.server", &format!("`{}` is not a name with a port, as in mail.example.com:587", email.server));
            }
            if email.username.is_some() != email.password.is_some() {
                add("alerts.email", "`username` and `password` belong together");
            }
        }
        flaws
    }
}

/// Whether a text is one mail address, without a name beside it.
pub fn is_address(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b',' | b';' | b'<' | b'>' | b'"' | b'{' | b'}'));
    text.split_once('@').is_some_and(|(who, host)| plain(who) && plain(host) && !host.contains('@'))
}
