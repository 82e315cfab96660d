//! Connections that components declare in `talks_to`, with their ends found: other components, cluster DNS, the API server,
//! those outside. From one list follow the policies of both sides and the rows that people read.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use airlock_model::answers::{Answers, DatabaseServer};
use airlock_model::prometheus::{Joining, Prometheus};
use airlock_model::{Connection, Fact, Facts};

use crate::RenderError;
use crate::component::{ComponentSpec, Direction, Place, Sides, Talk};
use crate::context::NamespaceNames;
use crate::database;
use crate::metadata;

/// In which namespace pods are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Where {
    /// In that one.
    Named(String),
    /// In that of each Airflow deployment of an installation, known by its labels.
    EachDeployment { installation: String },
}

/// Pods of a component, or of one of its groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pods {
    pub component: String,
    pub group: Option<String>,
    pub namespace: Where,
    pub selector: BTreeMap<String, String>,
}

/// One side of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Pods(Pods),
    Dns(DnsPeer),
    /// Pods of the company's Prometheus.
    Prometheus {
        namespace: String,
        selector: BTreeMap<String, String>,
    },
    ApiServer(Vec<SocketAddr>),
    /// Networks that may come in; empty: all.
    Outside(Vec<String>),
    /// A network that may be reached.
    Network(String),
}

/// Cluster DNS as policies must name it: they see the pods' ports, not the Service's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DnsPeer {
    pub namespace: String,
    pub selector: BTreeMap<String, String>,
    pub ports: Vec<u16>,
    pub node_local: Option<IpAddr>,
}

/// A connection that somebody declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub source: End,
    pub target: End,
    /// The port that the target listens on; none where the peer itself knows its ports.
    pub port: Option<u16>,
    /// The port that is dialled, for the rows.
    pub dialled: u16,
    pub sides: Sides,
    pub purpose: String,
}

/// The component with the platform's own Prometheus.
const MONITORING: &str = "monitoring";
/// Port that clients of cluster DNS dial; the pods behind it may listen elsewhere.
const DNS: u16 = 53;
/// Port that clients of the API server dial inside a cluster.
const API_SERVER: u16 = 443;
/// Stands for the API server where no cluster is looked at (RFC 5737).
const NO_API_SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 6443);

/// Finds the ends of connections.
pub(crate) struct Ends<'a> {
    pub answers: &'a Answers,
    pub facts: Option<&'a Facts>,
    pub namespaces: &'a NamespaceNames,
    /// Every component of this program, installed or not.
    pub known: &'a [ComponentSpec],
    /// Those of the platform that are installed.
    pub installed: &'a [ComponentSpec],
    /// Those that each Airflow deployment consists of.
    pub deployments: &'a [ComponentSpec],
    /// The company's Prometheus, where it watches the platform.
    pub prometheus: Option<&'a Joining>,
    /// The connections of one deployment are asked for, not those of the platform.
    pub of_deployment: bool,
    /// The installation, by whose label the namespaces of deployments are known.
    pub installation: &'a str,
}

impl Ends<'_> {
    /// All connections of the installed components, in the order of their declarations.
    pub(crate) fn flows(&self) -> Result<Vec<Flow>, RenderError> {
        let mut flows = Vec::new();
        if self.of_deployment {
            for (spec, talk) in talks(self.deployments) {
                flows.extend(self.flow(spec, talk)?);
            }
            return Ok(flows);
        }
        for (spec, talk) in talks(self.installed) {
            flows.extend(self.flow(spec, talk)?);
        }
        // One rule stands for all deployments, so that a new one changes no policy of the platform.
        for (spec, talk) in talks(self.deployments) {
            if self.named(talk).is_some_and(|name| self.stands_in(name).is_some() || self.installed.iter().any(|installed| installed.name == name)) {
                flows.extend(self.flow(spec, talk)?);
            }
        }
        for egress in &self.answers.network.egress {
            let spec = self.installed.iter().find(|spec| spec.name == egress.component && spec.main.is_some()).ok_or_else(|| RenderError::EgressComponent(egress.component.clone()))?;
            let target = End::Network(network("network.egress", &egress.to)?);
            flows.push(Flow { source: End::Pods(self.pods(spec)), target, port: Some(egress.port), dialled: egress.port, sides: Sides::Both, purpose: egress.reason.clone() });
        }
        Ok(flows)
    }

    /// The customer's server that stands in for a component.
    fn stands_in(&self, name: &str) -> Option<&DatabaseServer> {
        self.answers.database_server().filter(|_| name == database::COMPONENT)
    }

    /// One connection, or one to each network that the other side may be in; none when the other side is not installed.
    fn flow(&self, spec: &ComponentSpec, talk: &Talk) -> Result<Vec<Flow>, RenderError> {
        if let Some(server) = talk.component.as_deref().and_then(|name| self.stands_in(name)) {
            let to = |text: &String| {
                let target = End::Network(network("components.database.server.networks", text)?);
                Ok(Flow { source: End::Pods(self.pods(spec)), target, port: Some(server.port), dialled: server.port, sides: talk.sides, purpose: talk.purpose.clone() })
            };
            return server.reached_in().iter().map(to).collect();
        }
        if talk.proxy {
            let (networks, port) = self.answers.network.proxy.reached_at().unwrap_or_default();
            let to = |text: &String| {
                let target = End::Network(network("network.proxy.networks", text)?);
                Ok(Flow { source: End::Pods(self.pods(spec)), target, port: Some(port), dialled: port, sides: talk.sides, purpose: talk.purpose.clone() })
            };
            return networks.iter().map(to).collect();
        }
        Ok(self.flow_inside(spec, talk)?.into_iter().collect())
    }

    fn flow_inside(&self, spec: &ComponentSpec, talk: &Talk) -> Result<Option<Flow>, RenderError> {
        let peers = [talk.component.is_some(), talk.dns, talk.apiserver, talk.outside, talk.prometheus, talk.to_group.is_some()];
        if peers.iter().filter(|named| **named).count() != 1 {
            return Err(spec.wrong("each line of `talks_to` names one other side"));
        }
        let port = |talk: &Talk| talk.port.ok_or_else(|| spec.wrong("a line of `talks_to` lacks its port"));
        let (other, port, dialled) = if let Some(name) = self.named(talk) {
            let Some(other) = self.component(spec, name)? else { return Ok(None) };
            (End::Pods(self.pods(other)), Some(port(talk)?), port(talk)?)
        } else if let Some(group) = &talk.to_group {
            (End::Pods(self.group(spec, group)?), Some(port(talk)?), port(talk)?)
        } else if let Some(joining) = self.prometheus.filter(|_| talk.prometheus) {
            let peer = End::Prometheus { namespace: joining.namespace.clone(), selector: Prometheus::pod_labels(&joining.name) };
            (peer, Some(port(talk)?), port(talk)?)
        } else if talk.dns {
            (End::Dns(self.dns(spec)?), None, DNS)
        } else if talk.apiserver {
            (End::ApiServer(self.api_server(spec)?), None, API_SERVER)
        } else {
            (End::Outside(self.outside()?), Some(port(talk)?), port(talk)?)
        };
        let own = match &talk.group {
            Some(group) => self.group(spec, group)?,
            None => self.pods(spec),
        };
        let (source, target) = match talk.direction {
            Direction::To => (End::Pods(own), other),
            Direction::From => (other, End::Pods(own)),
        };
        Ok(Some(Flow { source, target, port, dialled: talk.dialled.unwrap_or(dialled), sides: talk.sides, purpose: talk.purpose.clone() }))
    }

    /// The component at the other side, where it is one.
    fn named<'t>(&self, talk: &'t Talk) -> Option<&'t str> {
        if talk.prometheus && self.prometheus.is_none() { Some(MONITORING) } else { talk.component.as_deref() }
    }

    fn component(&self, spec: &ComponentSpec, name: &str) -> Result<Option<&ComponentSpec>, RenderError> {
        if !self.known.iter().any(|known| known.name == name) {
            return Err(spec.wrong(format!("`talks_to` names the component `{name}`, which does not exist")));
        }
        Ok(self.installed.iter().chain(self.deployments).find(|installed| installed.folder == name))
    }

    fn pods(&self, spec: &ComponentSpec) -> Pods {
        let each = spec.is_of_deployments() && !self.of_deployment;
        let namespace =
            if each && spec.namespace == Place::Tenant { Where::EachDeployment { installation: self.installation.to_owned() } } else { Where::Named(self.namespaces.at(spec.namespace).to_owned()) };
        let selector = if each { metadata::each_selector(&spec.folder) } else { metadata::selector(&spec.name) };
        Pods { component: spec.name.clone(), group: None, namespace, selector }
    }

    fn group(&self, spec: &ComponentSpec, group: &str) -> Result<Pods, RenderError> {
        let selector = spec.groups.get(group).ok_or_else(|| spec.wrong(format!("`talks_to` names the group `{group}`, which is not declared")))?;
        Ok(Pods { group: Some(group.to_owned()), selector: selector.clone(), ..self.pods(spec) })
    }

    /// Answers win over facts; without a cluster, what most clusters have stands in.
    fn dns(&self, spec: &ComponentSpec) -> Result<DnsPeer, RenderError> {
        let found = self.facts.map(|facts| &facts.dns);
        let node_local = found.and_then(Fact::known).and_then(|dns| dns.node_local);
        if let Some(answered) = &self.answers.network.peers.dns {
            if answered.ports.is_empty() {
                return Err(RenderError::Network { path: "network.peers.dns.ports".into(), text: "[]".into(), wanted: "a list of at least one port" });
            }
            return Ok(DnsPeer { namespace: answered.namespace.clone(), selector: answered.selector.clone(), ports: answered.ports.clone(), node_local });
        }
        match found {
            // A rule without ports would be one about all ports.
            Some(Fact::Known(dns)) if dns.target_ports.is_empty() => {
                Err(RenderError::PeerUnknown { component: spec.name.clone(), peer: "cluster DNS", why: format!("the ports behind the Service {} are not known", dns.service) })
            }
            Some(Fact::Known(dns)) => Ok(DnsPeer { namespace: dns.namespace.clone(), selector: dns.selector.clone(), ports: dns.target_ports.clone(), node_local }),
            Some(Fact::Unverified(why)) => Err(RenderError::PeerUnknown { component: spec.name.clone(), peer: "cluster DNS", why: why.clone() }),
            None => Ok(DnsPeer { namespace: "kube-system".into(), selector: BTreeMap::from([("k8s-app".into(), "kube-dns".into())]), ports: vec![DNS], node_local }),
        }
    }

    fn api_server(&self, spec: &ComponentSpec) -> Result<Vec<SocketAddr>, RenderError> {
        let answered = &self.answers.network.peers.api_server;
        if !answered.is_empty() {
            let refuse = |text: &String| RenderError::Network { path: "network.peers.apiServer".into(), text: text.clone(), wanted: "an address with its port, as in 10.0.0.1:6443" };
            return answered.iter().map(|text| text.parse().map_err(|_| refuse(text))).collect();
        }
        match self.facts.map(|facts| &facts.api_server) {
            Some(Fact::Known(server)) => {
                let mut all = vec![server.service];
                all.extend(&server.endpoints);
                Ok(all)
            }
            Some(Fact::Unverified(why)) => Err(RenderError::PeerUnknown { component: spec.name.clone(), peer: "API server", why: why.clone() }),
            None => Ok(vec![NO_API_SERVER]),
        }
    }

    /// Not `edge.sourceRanges`: those are judged at the Service, where the sender's address can still be seen. What
    /// the pods see is often the address of a node, and only the answers can say which.
    fn outside(&self) -> Result<Vec<String>, RenderError> {
        for text in &self.answers.edge.source_ranges {
            network("edge.sourceRanges", text)?;
        }
        self.answers.network.peers.ingress.iter().map(|text| network("network.peers.ingress", text)).collect()
    }
}

/// All declared connections with who declares them.
fn talks(specs: &[ComponentSpec]) -> impl Iterator<Item = (&ComponentSpec, &Talk)> {
    specs.iter().flat_map(|spec| spec.talks_to.iter().map(move |talk| (spec, talk)))
}

/// Reads a network in CIDR notation.
fn network(path: &str, text: &str) -> Result<String, RenderError> {
    let valid = text.split_once('/').is_some_and(|(address, length)| {
        let most = address.parse::<IpAddr>().map(|address| if address.is_ipv4() { 32 } else { 128 });
        most.is_ok_and(|most| length.parse::<u8>().is_ok_and(|length| length <= most))
    });
    if valid { Ok(text.to_owned()) } else { Err(RenderError::Network { path: path.to_owned(), text: text.to_owned(), wanted: "a network in CIDR notation, as in 10.0.0.0/8" }) }
}

/// The rows that people read: connections that both sides let through.
pub(crate) fn rows(flows: &[Flow]) -> Vec<Connection> {
    let mut rows: Vec<Connection> = flows
        .iter()
        .filter(|flow| flow.sides == Sides::Both)
        .flat_map(|flow| {
            let protocols: &[&str] = if matches!(flow.target, End::Dns(_)) { &["TCP", "UDP"] } else { &["TCP"] };
            protocols.iter().map(|protocol| Connection { source: flow.source.name(), target: flow.target.name(), port: flow.dialled, protocol: (*protocol).to_owned(), purpose: flow.purpose.clone() })
        })
        .collect();
    rows.sort();
    rows.dedup();
    rows
}

impl End {
    /// How rows name it.
    fn name(&self) -> String {
        match self {
            Self::Pods(Pods { component, group: None, .. }) => component.clone(),
            Self::Pods(Pods { component, group: Some(group), .. }) => format!("{component}/{group}"),
            Self::Dns(_) => "cluster DNS".into(),
            Self::Prometheus { .. } => "the company's Prometheus".into(),
            Self::ApiServer(_) => "API server".into(),
            Self::Outside(_) => "outside".into(),
            Self::Network(network) => network.clone(),
        }
    }
}
