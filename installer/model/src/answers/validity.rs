//! Answers that have the right shape and still can't be meant: names, networks, quantities, patterns.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use super::{Answers, Component, Mode, SecretReference, Storage, auditing, cidr, database, proxy, tls};
use crate::{HostName, HostNameError, quantity, quantity_millis};

/// Something that can't be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswersProblem {
    /// Path of the key: `edge.sourceRanges[1]`.
    pub path: String,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A value that breaks a rule; the text names the value and the rule.
    Value(String),
    /// A reference to a secret that is none; the text names the rule alone.
    Reference(String),
}

/// Namespaces that belong to the cluster.
const RESERVED: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];
/// Prefixes of labels and annotations that the renderer sets itself.
const OWN_PREFIXES: [&str; 2] = ["airlock-platform.io/", "app.kubernetes.io/"];

impl Answers {
    /// The base domain as a host name.
    pub fn base(&self) -> Result<HostName, HostNameError> {
        self.base_domain.parse()
    }

    /// Everything that can't be meant, found without looking at a cluster.
    pub fn validate(&self) -> Vec<AnswersProblem> {
        let mut problems = Problems(Vec::new());
        problems.hosts(self);
        problems.edge(self);
        problems.renewal(self);
        problems.namespaces(self);
        problems.components(self);
        problems.alerts(self);
        problems.network(self);
        problems.metadata(self);
        problems.references(self);
        problems.auditing(self);
        problems.0.extend(tls::flaws(self).into_iter().chain(database::flaws(self)).chain(proxy::flaws(self)).map(|(path, flaw)| AnswersProblem { path, flaw }));
        problems.patches(self);
        problems.0
    }
}

struct Problems(Vec<AnswersProblem>);

impl Problems {
    fn add(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.0.push(AnswersProblem { path: path.into(), flaw: Flaw::Value(text.into()) });
    }

    fn hosts(&mut self, answers: &Answers) {
        let base = match answers.base() {
            Ok(base) => base,
            Err(error) => return self.add("baseDomain", error.to_string()),
        };
        if base.is_public_suffix() {
            return self.add("baseDomain", format!("`{base}` is a public suffix, below which anybody may register names: no authority issues `*.{base}`; give a domain of yours below it"));
        }
        let hosts = &answers.hosts;
        self.pattern("hosts.pattern", &hosts.pattern, "{name}", "registry", &base);
        self.pattern("hosts.tenant", &hosts.tenant, "{tenant}", "tenant", &base);
        for (name, host) in &hosts.overrides {
            let path = format!("hosts.overrides.{name}");
            match host.replace("{base}", base.as_str()).parse::<HostName>() {
                Err(error) => self.add(path, error.to_string()),
                Ok(host) if !host.is_within(&base) => self.add(path, format!("`{host}` is not below {base}, and the certificate covers nothing else")),
                Ok(_) => {}
            }
        }
    }

    /// A pattern must name its variable, no other one, and give hosts below the base domain.
    fn pattern(&mut self, path: &str, pattern: &str, variable: &str, example: &str, base: &HostName) {
        if !pattern.contains(variable) {
            return self.add(path, format!("`{pattern}` does not contain {variable}, so that all would have the same host"));
        }
        let text = pattern.replace(variable, example).replace("{base}", base.as_str());
        if text.contains(['{', '}']) {
            return self.add(path, format!("`{pattern}` has a variable that is neither {variable} nor {{base}}"));
        }
        match text.parse::<HostName>() {
            Err(error) => self.add(path, format!("`{pattern}` gives no host name: {error}")),
            Ok(host) if !host.is_within(base) || host == *base => self.add(path, format!("`{pattern}` gives {host}, which is not below {base}")),
            Ok(_) => {}
        }
    }

    fn edge(&mut self, answers: &Answers) {
        if let Some(address) = &answers.edge.address
            && address.parse::<IpAddr>().is_err()
        {
            self.add("edge.address", format!("`{address}` is not an IP address"));
        }
        self.networks("edge.sourceRanges", &answers.edge.source_ranges);
        self.keys("edge.annotations", answers.edge.annotations.keys());
    }

    fn renewal(&mut self, answers: &Answers) {
        for (path, text) in answers.tls.renewal.flaws() {
            self.add(path, text);
        }
    }

    fn networks(&mut self, path: &str, networks: &[String]) {
        for (index, network) in networks.iter().enumerate() {
            if let Some(flaw) = cidr::flaw(network) {
                self.add(format!("{path}[{index}]"), flaw);
            }
        }
    }

    fn namespaces(&mut self, answers: &Answers) {
        let names = &answers.namespaces;
        for (path, name) in [("namespaces.platform", &names.platform), ("namespaces.probes", &names.probes)] {
            if let Some(flaw) = label_flaw(name) {
                self.add(path, flaw);
            } else if RESERVED.contains(&name.as_str()) || name.starts_with("kube-") {
                self.add(path, format!("`{name}` belongs to the cluster; Airlock wants namespaces of its own"));
            }
        }
        if names.platform == names.probes {
            self.add("namespaces.probes", format!("`{}` is the platform's namespace too; probes need one of their own", names.probes));
        }
        if !names.tenants.contains("{tenant}") {
            self.add("namespaces.tenants", format!("`{}` does not contain {{tenant}}, so that all would share one namespace", names.tenants));
        } else if let Some(flaw) = label_flaw(&names.tenants.replace("{tenant}", "tenant")) {
            self.add("namespaces.tenants", flaw);
        }
    }

    fn components(&mut self, answers: &Answers) {
        let components = &answers.components;
        let ours = [("edge", &components.edge), ("registry", &components.registry), ("database", &components.database)].map(|(name, component)| (name, Some(component)));
        let named = ours.into_iter().chain([("monitoring", components.monitoring.as_ref()), ("auditor", components.auditor.as_ref())]);
        self.edge_storage(answers);
        for (name, component) in named {
            if let Some(component) = component {
                self.component(&format!("components.{name}"), component);
            }
        }
    }

    fn alerts(&mut self, answers: &Answers) {
        let monitored = answers.components.monitoring.as_ref().is_some_and(|component| component.mode == Mode::Bundled);
        let may_leave = answers.network.egress.iter().any(|egress| egress.component == "monitoring") || answers.network.proxy.reached_at().is_some();
        for (path, text) in answers.alerts.flaws(monitored, may_leave) {
            self.add(path, text);
        }
    }

    fn auditing(&mut self, answers: &Answers) {
        self.0.extend(auditing::flaws(answers).into_iter().map(|(path, flaw)| AnswersProblem { path: path.to_owned(), flaw }));
    }

    fn edge_storage(&mut self, answers: &Answers) {
        if answers.components.edge.storage != Storage::default() {
            self.add("components.edge.storage", "the edge keeps nothing, so it has no volume; leave it out");
        }
    }

    fn component(&mut self, path: &str, component: &Component) {
        if component.replicas == Some(0) {
            self.add(format!("{path}.replicas"), "`0` pods serve nobody; `mode: off` leaves a component out");
        }
        if let Some(resources) = &component.resources {
            for (what, request, limit) in [("cpu", &resources.requests.cpu, &resources.limits.cpu), ("memory", &resources.requests.memory, &resources.limits.memory)] {
                let request_size = self.quantity(&format!("{path}.resources.requests.{what}"), request);
                let limit_size = self.quantity(&format!("{path}.resources.limits.{what}"), limit);
                if let (Some(request_size), Some(limit_size)) = (request_size, limit_size)
                    && request_size > limit_size
                {
                    self.add(format!("{path}.resources.requests.{what}"), format!("`{request}` is more than the limit `{limit}`"));
                }
            }
        }
        if let Some(size) = &component.storage.size {
            self.quantity(&format!("{path}.storage.size"), size);
        }
        for (key, name) in [("storage.class", &component.storage.class), ("priorityClass", &component.priority_class)] {
            if let Some(name) = name.as_ref().filter(|name| !is_subdomain(name)) {
                self.add(format!("{path}.{key}"), format!("`{name}` is no name of a Kubernetes object"));
            }
        }
        self.labels(&format!("{path}.nodeSelector"), &component.node_selector);
    }

    fn quantity(&mut self, path: &str, text: &str) -> Option<u128> {
        let size = quantity_millis(text).filter(|_| quantity(text).is_some());
        match size {
            None => self.add(path, format!("`{text}` is not a Kubernetes quantity, as in 250m or 1Gi")),
            Some(0) => self.add(path, format!("`{text}` is nothing; give more, or leave the key out")),
            Some(_) => {}
        }
        size
    }

    fn network(&mut self, answers: &Answers) {
        let peers = &answers.network.peers;
        self.networks("network.peers.ingress", &peers.ingress);
        for (index, address) in peers.api_server.iter().enumerate() {
            if address.parse::<SocketAddr>().is_err() {
                self.add(format!("network.peers.apiServer[{index}]"), format!("`{address}` is not an address with a port, as in 10.0.0.1:6443"));
            }
        }
        if let Some(name) = &peers.prometheus {
            if answers.components.monitoring.as_ref().is_none_or(|component| component.mode != Mode::Existing) {
                self.add("network.peers.prometheus", "it counts with `components.monitoring.mode: existing` alone; leave it out");
            } else if !name.split_once('/').is_some_and(|(namespace, name)| is_label(namespace) && is_subdomain(name)) {
                self.add("network.peers.prometheus", format!("`{name}` is no namespace and name of a Prometheus object, as in monitoring/k8s"));
            }
        }
        if let Some(dns) = &peers.dns {
            if let Some(flaw) = label_flaw(&dns.namespace) {
                self.add("network.peers.dns.namespace", flaw);
            }
            if dns.selector.is_empty() {
                self.add("network.peers.dns.selector", "no label would select every pod of the namespace");
            }
            if dns.ports.is_empty() || dns.ports.contains(&0) {
                self.add("network.peers.dns.ports", "the ports that the DNS pods listen on are due, 1 to 65535");
            }
            self.labels("network.peers.dns.selector", &dns.selector);
        }
        for (index, egress) in answers.network.egress.iter().enumerate() {
            let path = format!("network.egress[{index}]");
            if let Some(flaw) = cidr::flaw(&egress.to) {
                self.add(format!("{path}.to"), flaw);
            }
            if egress.port == 0 {
                self.add(format!("{path}.port"), "`0` is no port");
            }
            self.reason(&path, &egress.reason);
        }
    }

    fn metadata(&mut self, answers: &Answers) {
        self.labels("metadata.labels", &answers.metadata.labels);
        self.keys("metadata.annotations", answers.metadata.annotations.keys());
        for (path, keys) in [("metadata.labels", answers.metadata.labels.keys()), ("metadata.annotations", answers.metadata.annotations.keys())] {
            for key in keys.filter(|key| OWN_PREFIXES.iter().any(|prefix| key.starts_with(prefix))) {
                self.add(format!("{path}.{key}"), "labels and annotations with this prefix are set by Airlock itself");
            }
        }
    }

    fn labels(&mut self, path: &str, labels: &BTreeMap<String, String>) {
        self.keys(path, labels.keys());
        for (key, value) in labels.iter().filter(|(_, value)| !value.is_empty() && !is_word(value)) {
            self.add(format!("{path}.{key}"), format!("`{value}` is no label value: up to 63 letters, digits, `-`, `_`, `.`, with a letter or digit at both ends"));
        }
    }

    fn keys<'k>(&mut self, path: &str, keys: impl Iterator<Item = &'k String>) {
        for key in keys {
            let valid = match key.split_once('/') {
                Some((prefix, name)) => is_subdomain(prefix) && is_word(name),
                None => is_word(key),
            };
            if !valid {
                self.add(format!("{path}.{key}"), format!("`{key}` is no name of a label or annotation, as in example.com/team"));
            }
        }
    }

    fn references(&mut self, answers: &Answers) {
        let mut refused = |path: String, text: String| self.0.push(AnswersProblem { path, flaw: Flaw::Reference(text) });
        for (path, reference) in answers.alerts.references() {
            if let Err(error) = reference.parse::<SecretReference>() {
                refused(path.to_owned(), error.to_string());
            }
        }
        if let Some(secret) = &answers.images.pull_secret {
            let valid = secret.strip_prefix("secret:").and_then(|rest| rest.split_once('/')).is_some_and(|(namespace, name)| is_label(namespace) && is_subdomain(name));
            if !valid {
                refused("images.pullSecret".into(), "is not of the form secret:namespace/name".into());
            }
        }
    }

    fn patches(&mut self, answers: &Answers) {
        for (index, patch) in answers.patches.iter().enumerate() {
            let path = format!("patches[{index}]");
            let valid = patch.target.split_once('/').is_some_and(|(kind, name)| kind.starts_with(|c: char| c.is_ascii_uppercase()) && is_subdomain(name));
            if !valid {
                self.add(format!("{path}.target"), format!("`{}` names no object, as in Deployment/edge", patch.target));
            }
            if !patch.patch.is_object() {
                self.add(format!("{path}.patch"), "a merge patch (RFC 7396) of an object is a group of keys");
            }
            self.reason(&path, &patch.reason);
        }
        if answers.profile.reference.is_empty() {
            self.add("profile.ref", "the name of a profile is due, as in baseline");
        }
        if answers.profile.file().is_some_and(str::is_empty) {
            self.add("profile.ref", "the path of a profile is due, as in file:acme.yaml");
        }
    }

    fn reason(&mut self, path: &str, reason: &str) {
        if reason.trim().is_empty() {
            self.add(format!("{path}.reason"), "whoever approves the plan reads the reason; give one");
        }
    }
}

fn label_flaw(name: &str) -> Option<String> {
    (!is_label(name)).then(|| format!("`{name}` is no name of a namespace: up to 63 lower case letters, digits, and `-`, with a letter or digit at both ends"))
}

/// A label of RFC 1123, as namespaces are named.
pub fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 63 && text.bytes().next().is_some_and(inner) && text.bytes().last().is_some_and(inner) && text.bytes().all(|b| inner(b) || b == b'-')
}

/// Labels joined by dots (RFC 1123), as most objects are named.
pub(super) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// What Kubernetes calls a qualified name without its prefix, and a label value that is not empty.
fn is_word(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric();
    text.len() <= 63 && text.bytes().next().is_some_and(inner) && text.bytes().last().is_some_and(inner) && text.bytes().all(|b| inner(b) || matches!(b, b'-' | b'_' | b'.'))
}
