//! The company's proxy, as answers name it.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Answers, Flaw, cidr, tls};
use crate::HostName;

/// The way out. What lies inside never takes it: the base domain, names and addresses of the cluster, private networks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Proxy {
    /// For http.
    pub http: Option<String>,
    /// For https: `http://proxy.example.com:3128`. Everything that Airlock sends outside is HTTPS.
    pub https: Option<String>,
    /// Who logs in there; with `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the password is: `file:PATH` or `env:NAME`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Networks (CIDR) in which it is, as pods see it: policies know addresses alone. May be left out where its host is an address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// Further hosts, domains, and networks that are reached without it.
    pub no_proxy: Vec<String>,
}

const PASSWORD: &str = "network.proxy.password";

impl Proxy {
    /// Where pods reach it: the networks that are named, else the address that is its host; and its port.
    pub fn reached_at(&self) -> Option<(Vec<String>, u16)> {
        let url = self.https.as_deref().and_then(|text| address(text).ok())?;
        let networks = match url.host_str().and_then(bare_address) {
            Some(address) if self.networks.is_empty() => vec![format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })],
            _ => self.networks.clone(),
        };
        (!networks.is_empty()).then_some((networks, url.port_or_known_default()?))
    }
}

/// Every reference to a secret with the path of its key.
pub(super) fn references(answers: &Answers) -> Option<(&'static str, &String)> {
    answers.network.proxy.password.as_ref().map(|reference| (PASSWORD, reference))
}

/// What is wrong with these answers about the proxy, each with its path.
pub(super) fn flaws(answers: &Answers) -> Vec<(String, Flaw)> {
    let proxy = &answers.network.proxy;
    let mut found = Vec::new();
    let mut add = |key: &str, flaw: Flaw| found.push((format!("network.proxy{key}"), flaw));
    // What stands there may hold a password, so it is not repeated.
    for (key, url) in [(".http", &proxy.http), (".https", &proxy.https)] {
        if let Some(flaw) = url.as_deref().and_then(|text| address(text).err()) {
            add(key, Flaw::Reference(flaw.to_owned()));
        }
    }
    let further = [proxy.username.is_some(), proxy.password.is_some(), !proxy.networks.is_empty(), !proxy.no_proxy.is_empty(), proxy.http.is_some()];
    if proxy.https.is_none() && further.contains(&true) {
        add("", Flaw::Value("`https` is due, as in https: http://proxy.example.com:3128; everything that leaves is HTTPS".to_owned()));
    }
    if proxy.username.is_some() != proxy.password.is_some() {
        add("", Flaw::Value("`username` and `password` belong together".to_owned()));
    }
    if proxy.username.as_ref().is_some_and(|name| name.is_empty() || name.contains(':') || name.chars().any(char::is_control)) {
        add(".username", Flaw::Value("a user name has at least one character, and neither colons nor control characters (RFC 7617 §2)".to_owned()));
    }
    if let Some(flaw) = proxy.password.as_deref().and_then(|text| tls::readable(text, true)) {
        add(".password", Flaw::Reference(flaw));
    }
    for (index, network) in proxy.networks.iter().enumerate() {
        if let Some(flaw) = cidr::flaw(network) {
            add(&format!(".networks[{index}]"), Flaw::Value(flaw));
        }
    }
    for (index, entry) in proxy.no_proxy.iter().enumerate() {
        let is_host = entry.parse::<IpAddr>().is_ok() || entry.trim_start_matches("*.").trim_start_matches('.').parse::<HostName>().is_ok();
        if !is_host && cidr::flaw(entry).is_some() {
            add(&format!(".noProxy[{index}]"), Flaw::Value(format!("`{entry}` is neither a host or domain, as in git.example.com or .example.com, nor an address or network")));
        }
    }
    found
}

/// The URL of a proxy: scheme, host, and port, and nothing that would have to be kept secret.
fn address(text: &str) -> Result<Url, &'static str> {
    let url: Url = text.parse().map_err(|_| "is no URL, as in http://proxy.example.com:3128")?;
    if url.scheme() != "http" || url.host_str().is_none_or(str::is_empty) {
        return Err("is no URL of a proxy that Airlock can speak to: it begins with http://, as in http://proxy.example.com:3128");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user or password in it; give them in `network.proxy.username` and, as a reference, in `network.proxy.password`");
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("has more than a scheme, a host, and a port, as in http://proxy.example.com:3128");
    }
    Ok(url)
}

fn bare_address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";

    fn told(proxy: &str) -> String {
        let text = format!("{BEGIN}network: {{ proxy: {{ {proxy} }} }}\n");
        Answers::from_yaml(&text).map_or_else(|error| error.faults().map(ToString::to_string).collect::<Vec<_>>().join("\n"), |_| String::new())
    }

    #[test]
    fn a_whole_proxy_is_taken_and_each_flaw_is_told_by_its_key() {
        assert_eq!(
            told(
                "http: 'http://p.test:3128', https: 'http://p.test:3128', username: airlock, password: 'env:PW', networks: [10.0.0.1/32], noProxy: [git.test, .corp.test, '*.x.test', 10.0.0.0/8, '::1']"
            ),
            ""
        );
        assert_eq!(told("https: 'http://[2001:db8::1]:3129/'"), "");
        for (proxy, path) in [
            ("https: 'p.test:3128'", "network.proxy.https"),
            ("https: 'socks5://p.test:1080'", "network.proxy.https"),
            ("https: 'https://p.test:3129'", "network.proxy.https"),
            ("https: 'http://p.test:3128/path'", "network.proxy.https"),
            ("http: 'http://p.test:3128'", "`https` is due"),
            ("noProxy: [git.test]", "`https` is due"),
            ("https: 'http://p.test:3128', username: airlock", "belong together"),
            ("https: 'http://p.test:3128', username: 'a:b', password: 'env:PW'", "network.proxy.username"),
            ("https: 'http://p.test:3128', username: a, password: 'secret:a/b#c'", "network.proxy.password"),
            ("https: 'http://p.test:3128', networks: [p.test]", "network.proxy.networks[0]"),
            ("https: 'http://p.test:3128', noProxy: ['https://git.test']", "network.proxy.noProxy[0]"),
        ] {
            let told = told(proxy);
            assert!(told.contains(path), "{proxy}: {told}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        for proxy in ["https: 'http://me:hunter2@p.test:3128'", "http: 'http://hunter2@p.test'", "https: 'http://p.test:3128', username: me, password: hunter2"] {
            let told = told(proxy);
            assert!(told.contains("network.proxy.") && !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn pods_reach_it_in_its_networks_or_at_its_address() {
        let reached = |networks: &[&str], https: &str| Proxy { https: Some(https.into()), networks: networks.iter().map(|network| (*network).to_owned()).collect(), ..Proxy::default() }.reached_at();
        assert_eq!(reached(&["10.1.2.0/24"], "http://p.test:3128"), Some((vec!["10.1.2.0/24".into()], 3128)));
        assert_eq!(reached(&[], "http://10.1.2.3"), Some((vec!["10.1.2.3/32".into()], 80)));
        assert_eq!(reached(&[], "http://[2001:db8::1]:3129"), Some((vec!["2001:db8::1/128".into()], 3129)));
        assert_eq!(reached(&[], "http://p.test:3128"), None);
    }
}
