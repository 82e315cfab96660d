//! What is tried from the places of a tenant's code, and at kubelets by strangers.

use airlock_model::{ApiCaller, Attempt, AttemptAction, AttemptId, Target, Trust, Vantage, World, WorldDeployment, WorldNode};
use url::{Position, Url};

use super::TenantCode;

/// Where providers tell a machine who it is, with credentials (link-local, RFC 3927).
const METADATA: &str = "169.254.169.254";
/// The kubelet's own port (Kubernetes, "Ports and Protocols").
const KUBELET: u16 = 10250;
/// The port at which a kubelet once answered everybody (`readOnlyPort`).
const READ_ONLY: u16 = 10255;
/// Where etcd is asked (Kubernetes, "Ports and Protocols").
const ETCD: u16 = 2379;

/// A way from what a tenant wrote to what runs the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Metadata,
    Kubelet,
    ReadOnlyKubelet,
    Etcd,
}

impl Door {
    pub(crate) const ALL: [Self; 4] = [Self::Metadata, Self::Kubelet, Self::ReadOnlyKubelet, Self::Etcd];

    /// In words, for subjects.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Metadata => "the metadata address",
            Self::Kubelet => "kubelets",
            Self::ReadOnlyKubelet => "the read-only port of kubelets",
            Self::Etcd => "etcd on the nodes",
        }
    }

    pub(crate) const fn port(self) -> u16 {
        match self {
            Self::Metadata => 80,
            Self::Kubelet => KUBELET,
            Self::ReadOnlyKubelet => READ_ONLY,
            Self::Etcd => ETCD,
        }
    }

    /// The addresses at which it would be open.
    pub(crate) fn addresses(self, nodes: &[WorldNode]) -> Vec<&str> {
        match self {
            Self::Metadata => vec![METADATA],
            Self::Kubelet | Self::ReadOnlyKubelet | Self::Etcd => nodes.iter().flat_map(|node| &node.addresses).map(String::as_str).collect(),
        }
    }

    pub(crate) fn id(self, place: TenantCode, of: &WorldDeployment, address: &str) -> AttemptId {
        AttemptId(format!("{}.{}.{address}.{}", place.key(), of.name, self.port()))
    }

    pub(crate) fn attempt(self, place: TenantCode, of: &WorldDeployment, address: &str) -> Attempt {
        let target = Target::Address { host: address.to_owned(), port: self.port() };
        blocked(place, of, self.id(place, of, address), target, self.words())
    }
}

/// A host outside that nobody may reach, as `HOST:PORT`; an address of IPv6 stands in brackets (RFC 3986 §3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outside<'a> {
    host: &'a str,
    port: u16,
}

impl<'a> Outside<'a> {
    /// None: it is written otherwise.
    pub(crate) fn read(written: &'a str) -> Option<Self> {
        let (host, port) = written.rsplit_once(':')?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?,
            None if host.contains(':') => return None,
            None => host,
        };
        let port = port.parse().ok().filter(|port| *port != 0)?;
        (!host.is_empty()).then_some(Self { host, port })
    }

    pub(crate) fn id(self, place: TenantCode, of: &WorldDeployment) -> AttemptId {
        AttemptId(format!("{}.{}.outside.{}.{}", place.key(), of.name, self.host, self.port))
    }

    pub(crate) fn attempt(self, place: TenantCode, of: &WorldDeployment) -> Attempt {
        let target = Target::Address { host: self.host.to_owned(), port: self.port };
        blocked(place, of, self.id(place, of), target, "a host outside")
    }
}

/// A server outside that answers with the address from which it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Echo(Url);

impl Echo {
    /// None: it is no address of a web page.
    pub(crate) fn read(written: &str) -> Option<Self> {
        Url::parse(written).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some()).map(Self)
    }

    pub(crate) fn id(&self, of: &WorldDeployment) -> AttemptId {
        AttemptId(format!("task.{}.echo.{}", of.name, self.0))
    }

    pub(crate) fn attempt(&self, of: &WorldDeployment) -> Attempt {
        let host = self.0.host_str().unwrap_or_default().to_owned();
        let path = self.0[Position::BeforePath..Position::AfterQuery].to_owned();
        Attempt {
            id: self.id(of),
            from: TenantCode::Task.of(of),
            // A scheme of the web has a port.
            target: Target::Address { host: host.trim_matches(['[', ']']).to_owned(), port: self.0.port_or_known_default().unwrap_or_default() },
            action: AttemptAction::AskOwnAddress { path, host, trust: (self.0.scheme() == "https").then_some(Trust::System) },
            // Beside which the network is known to carry.
            control: Some(TenantCode::Task.own_id(of)),
            purpose: "a question from a task's place to a server outside, from which address it was asked".to_owned(),
        }
    }
}

/// The name of [`to_service`].
pub(crate) fn to_service_id(place: TenantCode, of: &WorldDeployment, service: &str, port: u16) -> AttemptId {
    AttemptId(format!("{}.{}.{service}.{port}", place.key(), of.name))
}

/// A connection to a Service of the platform.
pub(crate) fn to_service(place: TenantCode, world: &World, of: &WorldDeployment, service: &str, port: u16) -> Attempt {
    let target = Target::Address { host: format!("{service}.{}.svc", world.platform), port };
    blocked(place, of, to_service_id(place, of, service, port), target, &format!("{service} of the platform"))
}

/// A connection that must not be made, beside the one that must.
fn blocked(place: TenantCode, of: &WorldDeployment, id: AttemptId, target: Target, to: &str) -> Attempt {
    let purpose = format!("a connection from the place of {} to {to}, to be blocked", place.words());
    Attempt { id, from: place.of(of), target, action: AttemptAction::Connect, control: Some(place.own_id(of)), purpose }
}

/// What a kubelet is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Whether it is well, through the API server and with the user's credentials: the control.
    Own,
    /// Which pods it runs, asked by a stranger.
    Pods,
    /// The same where a kubelet once answered everybody.
    ReadOnly,
}

impl Call {
    pub(crate) fn id(self, node: &WorldNode, address: &str) -> AttemptId {
        AttemptId(match self {
            Self::Own => format!("kubelet.own.{}", node.name),
            Self::Pods => format!("kubelet.stranger.{address}"),
            Self::ReadOnly => format!("kubelet.read-only.{address}"),
        })
    }

    pub(crate) fn attempt(self, node: &WorldNode, address: &str) -> Attempt {
        let name = &node.name;
        let at = |port| Target::Address { host: address.to_owned(), port };
        let path = || "/pods".to_owned();
        let (target, action, control, purpose) = match self {
            Self::Own => (
                Target::KubernetesApi,
                AttemptAction::AskApi { path: format!("/api/v1/nodes/{name}/proxy/healthz"), caller: ApiCaller::User },
                None,
                format!("a request to the kubelet of {name} through the Kubernetes API with your credentials, to be answered"),
            ),
            Self::Pods => (
                at(KUBELET),
                AttemptAction::Request { method: "GET".to_owned(), path: path(), server_name: name.clone(), trust: Trust::Unverified, credentials: None },
                Some(Self::Own.id(node, address)),
                format!("a request to the kubelet of {name} without credentials for its pods, to be refused"),
            ),
            Self::ReadOnly => (
                at(READ_ONLY),
                AttemptAction::PlainRequest { path: path(), host: address.to_owned() },
                Some(Self::Pods.id(node, address)),
                format!("a request to the read-only port of the kubelet of {name}, to find nobody"),
            ),
        };
        Attempt { id: self.id(node, address), from: Vantage::Workstation, target, action, control, purpose }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_outside_is_written_with_its_port() {
        for (written, read) in [("192.0.2.1:53", Some(("192.0.2.1", 53))), ("[2001:db8::1]:443", Some(("2001:db8::1", 443))), ("example.com:443", Some(("example.com", 443)))] {
            assert_eq!(Outside::read(written).map(|outside| (outside.host, outside.port)), read, "{written}");
        }
        for written in ["example.com", "2001:db8::1", "example.com:", ":443", "example.com:0", "example.com:70000", "[2001:db8::1:443"] {
            assert_eq!(Outside::read(written), None, "{written}");
        }
    }
}
