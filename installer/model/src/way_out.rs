//! The way out of the company's network: what goes through its proxy, and what lies inside and never does. It is decided here, for the
//! command line and for pods alike.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::answers::Answers;
use crate::{Secret, SecretKeyRef, names};

/// Domains of the cluster itself; without the second, as most resolvers' search lists have it, names end with the first.
const OF_THE_CLUSTER: [&str; 3] = ["svc", "cluster.local", "localhost"];
/// Networks that are nobody's outside: loopback, link-local, those of companies, pods, and Services (RFC 1918, 6598, 3927, 4193, 4291).
const PRIVATE: [&str; 9] = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"];

/// A proxy and what is reached without it. The password lies in a Secret of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WayOut {
    /// For http.
    pub http: Option<Url>,
    /// For https.
    pub https: Option<Url>,
    /// Who logs in there.
    pub username: Option<String>,
    /// Where the password is.
    pub password: Option<SecretKeyRef>,
    /// Hosts, domains, and networks that are reached without it, beside what lies inside for everybody.
    pub direct: Vec<String>,
}

/// A way out, with the password at hand.
#[derive(Clone)]
pub struct OpenWay {
    /// The way.
    pub way: WayOut,
    /// The password, where somebody logs in.
    pub password: Option<Secret<String>>,
}

impl WayOut {
    /// The way that answers name; none: everything is reached directly, or as the environment says.
    pub fn of(answers: &Answers) -> Option<Self> {
        let proxy = &answers.network.proxy;
        let url = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        let https = url(&proxy.https)?;
        let password = proxy.password.as_ref().map(|_| SecretKeyRef { namespace: answers.namespaces.platform.clone(), name: names::PROXY_PASSWORD.to_owned(), key: "value".to_owned() });
        let direct = std::iter::once(answers.base_domain.clone()).chain(proxy.no_proxy.iter().cloned()).collect();
        Some(Self { http: url(&proxy.http), https: Some(https), username: proxy.username.clone(), password, direct })
    }

    /// The proxy for a host; none: it is reached directly.
    pub fn proxy_for(&self, scheme: &str, host: &str) -> Option<&Url> {
        let proxy = if scheme == "https" { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !is_inside(host) && !is_listed(self.direct.iter().map(String::as_str), host))
    }
}

impl OpenWay {
    /// User name and password.
    pub fn login(&self) -> Option<(&str, &str)> {
        Some((self.way.username.as_deref()?, self.password.as_ref()?.expose()))
    }
}

/// Whether a host is of this machine or this cluster, or its address is nobody's outside.
fn is_inside(host: &str) -> bool {
    let is_label = !host.contains(['.', ':']);
    is_label || is_listed(OF_THE_CLUSTER.into_iter().chain(PRIVATE), host)
}

/// Whether a host stands in a list as `NO_PROXY` has it: names with all below them, addresses, networks, `*`.
pub fn is_listed<'a>(entries: impl IntoIterator<Item = &'a str>, host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        match (address, entry.split_once('/')) {
            (Some(address), Some((network, length))) => in_network(address, network, length),
            (Some(address), None) => entry.parse() == Ok(address),
            (None, _) => {
                let name = entry.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
                host == name || host.strip_suffix(&name).is_some_and(|before| before.ends_with('.'))
            }
        }
    })
}

fn in_network(address: IpAddr, network: &str, length: &str) -> bool {
    let (Ok(network), Ok(length)) = (network.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) if length <= 32 => (a.to_bits() ^ b.to_bits()).checked_shr(32 - length).unwrap_or(0) == 0,
        (IpAddr::V6(a), IpAddr::V6(b)) if length <= 128 => (a.to_bits() ^ b.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(proxy: &str) -> Option<WayOut> {
        WayOut::of(&Answers::from_yaml(&format!("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\nnetwork: {{ proxy: {{ {proxy} }} }}\n")).unwrap())
    }

    #[test]
    fn what_lies_inside_never_goes_through_the_proxy() {
        let way = way("https: 'http://p.test:3128', http: 'http://p.test:3129', noProxy: [.corp.test, 203.0.113.0/24]").unwrap();
        for inside in [
            "platform.test",
            "registry.platform.test",
            "alpha-airflow.platform.test",
            "PLATFORM.TEST.",
            "registry.airlock.svc",
            "registry.airlock.svc.cluster.local",
            "registry",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "10.96.0.1",
            "10.88.64.7",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.9",
            "fd00::1",
            "git.corp.test",
            "corp.test",
            "203.0.113.9",
        ] {
            for scheme in ["https", "http"] {
                assert_eq!(way.proxy_for(scheme, inside), None, "{inside}");
            }
        }
        for outside in ["acme.example.com", "ghcr.io", "notplatform.test", "platform.test.example.com", "8.8.8.8", "172.32.0.1", "[2001:db8::1]", "svc.example.com"] {
            assert_eq!(way.proxy_for("https", outside).map(Url::as_str), Some("http://p.test:3128/"), "{outside}");
            assert_eq!(way.proxy_for("http", outside).map(Url::as_str), Some("http://p.test:3129/"), "{outside}");
        }
    }

    #[test]
    fn without_a_proxy_there_is_no_such_way_and_a_plan_names_the_password_alone() {
        assert_eq!(way(""), None);
        let way = way("https: 'http://p.test:3128', username: airlock, password: 'file:/etc/airlock/pw'").unwrap();
        let plan = serde_json::to_string(&way).unwrap();
        assert!(plan.contains(r#""name":"proxy-password""#) && !plan.contains("/etc/airlock/pw"), "{plan}");
        assert_eq!(way.proxy_for("http", "ghcr.io"), None);
    }
}
