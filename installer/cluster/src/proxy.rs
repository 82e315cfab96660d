//! Which proxy leads to the API server: the kubeconfig's, else `HTTPS_PROXY`, unless `NO_PROXY` excepts the server.

use airlock_model::is_listed;
use http::Uri;

use crate::ClusterError;

/// The variables that decide.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    pub(crate) https_proxy: Option<String>,
    pub(crate) no_proxy: Option<String>,
}

impl Environment {
    pub(crate) fn of_process() -> Self {
        let first = |names: [&str; 2]| names.into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()));
        Self { https_proxy: first(["HTTPS_PROXY", "https_proxy"]), no_proxy: first(["NO_PROXY", "no_proxy"]) }
    }

    /// The proxy for a server. What a kubeconfig names holds without exception, as in kubectl.
    pub(crate) fn proxy_for(&self, named: Option<&str>, server: &Uri) -> Result<Option<Uri>, ClusterError> {
        let proxy = match named.filter(|url| !url.is_empty()) {
            Some(named) => named,
            None if self.excepts(server.host().unwrap_or_default()) => return Ok(None),
            None => match &self.https_proxy {
                Some(proxy) => proxy,
                None => return Ok(None),
            },
        };
        // `HTTPS_PROXY=host:port` is common and means plain HTTP to the proxy.
        let url = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
        url.parse().map(Some).map_err(|_| ClusterError::KubeconfigUnusable { reason: "the proxy is not an address (proxy-url or HTTPS_PROXY)".to_owned() })
    }

    fn excepts(&self, host: &str) -> bool {
        is_listed(self.no_proxy.iter().flat_map(|list| list.split(',')), host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(no_proxy: &str, server: &str) -> Option<String> {
        let environment = Environment { https_proxy: Some("proxy.example.com:3128".into()), no_proxy: Some(no_proxy.into()) };
        environment.proxy_for(None, &server.parse().unwrap()).unwrap().map(|uri| uri.to_string())
    }

    #[test]
    fn no_proxy_is_held_against_the_server_and_forgives_empty_entries() {
        for (no_proxy, server) in [
            ("10.0.0.0/8,", "https://10.3.4.5:6443"),
            (",,api.example.com", "https://api.example.com"),
            (".example.com", "https://API.example.com:6443"),
            ("*.example.com", "https://api.example.com"),
            ("127.0.0.1", "https://127.0.0.1:1"),
            ("fd00::/8", "https://[fd00::1]:6443"),
            ("0.0.0.0/0", "https://10.3.4.5:6443"),
            ("*", "https://anything.test"),
        ] {
            assert_eq!(decide(no_proxy, server), None, "{no_proxy} {server}");
        }
        for (no_proxy, server) in [("proxy.example.com", "https://api.test"), ("ample.com", "https://example.com"), ("10.0.0.0/8", "https://11.0.0.1"), ("", "https://a.test")] {
            assert_eq!(decide(no_proxy, server).as_deref(), Some("http://proxy.example.com:3128/"), "{no_proxy} {server}");
        }
    }

    #[test]
    fn the_kubeconfigs_own_proxy_holds_without_exception() {
        let environment = Environment { https_proxy: None, no_proxy: Some("*".into()) };
        let proxy = environment.proxy_for(Some("http://p.test:1"), &"https://a.test".parse().unwrap()).unwrap();
        assert_eq!(proxy.unwrap().to_string(), "http://p.test:1/");
    }
}
