//! NET-017 and NET-019: neither the API server nor a node has an address that is routed in public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use airlock_model::{Attempt, AttemptAction, AttemptId, AttemptResult, Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Subject, Target, Vantage, World, WorldNode};

use crate::attempts::{outcome, words};
use crate::described::{Described, Resting};
use crate::network::MUST_BE_PRIVATE;
use crate::parameter::flag;

/// All of them.
pub(crate) fn checks() -> impl Iterator<Item = &'static dyn Check> {
    let all: [&'static dyn Check; 2] = [&ApiServer, &Nodes];
    all.into_iter()
}

/// Between a provider and its customers (RFC 6598).
const SHARED: (Ipv4Addr, u32) = (Ipv4Addr::new(100, 64, 0, 0), 10);

/// Whether an address is routed in public. What is no address is none.
pub(crate) fn is_public(address: &str) -> bool {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            let is_shared = (u32::from(address) ^ u32::from(SHARED.0)) >> (32 - SHARED.1) == 0;
            !(address.is_private() || is_shared || address.is_loopback() || address.is_link_local() || address.is_unspecified())
        }
        Ok(IpAddr::V6(address)) => !(address.is_unique_local() || address.is_unicast_link_local() || address.is_loopback() || address == Ipv6Addr::UNSPECIFIED),
        Err(_) => false,
    }
}

/// NET-017
struct ApiServer;

static API_SERVER: Described = Described {
    spec: CheckSpec {
        id: "NET-017",
        title: "the API server is not open to the internet",
        severity: Severity::Medium,
        promises: &["P3"],
        explanation: "The host of the API server that the kubeconfig names is looked up from where airlock runs: all its addresses must be private (RFC 1918, RFC 6598, RFC 4193, or of the machine itself). A public one fails where the parameter network.private asks for a private network, and is a warning elsewhere: which networks a provider lets come there (authorised networks) nothing shows.",
        remedy: "Give the cluster a private endpoint at its provider, or let authorised networks alone come to the public one and accept that by an exception (docs/profiles.md).",
    },
    expected: "private addresses alone",
    why: "the whole internet can try passwords and faults at the API server",
};

const API_SERVER_SUBJECT: &str = "the API server";

fn lookup_id() -> AttemptId {
    AttemptId::from("api.addresses")
}

/// How the host of the API server is looked up; none where it is not known.
fn lookup(world: &World) -> Option<Attempt> {
    let (host, port) = world.api_server.clone()?;
    Some(Attempt {
        id: lookup_id(),
        from: Vantage::Workstation,
        target: Target::Address { host: host.clone(), port },
        action: AttemptAction::Resolve { name: host },
        control: None,
        purpose: "the addresses of the Kubernetes API, looked up".to_owned(),
    })
}

impl Check for ApiServer {
    fn spec(&self) -> &CheckSpec<'_> {
        &API_SERVER.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        lookup(world).map(|attempt| Need::Attempt(Box::new(attempt))).into_iter().collect()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let Some((host, _)) = &given.world.api_server else { return vec![API_SERVER.unverified(API_SERVER_SUBJECT, "its host is not known")] };
        let subject = Subject::of("Host", host.as_str());
        let tried = match outcome(given, &lookup_id()) {
            Ok(tried) => tried,
            Err(reason) => return vec![API_SERVER.unverified(subject, reason)],
        };
        let observed = words(&tried.result);
        let finding = match &tried.result {
            AttemptResult::Resolved(addresses) if addresses.is_empty() => API_SERVER.unverified(subject, observed),
            AttemptResult::Resolved(addresses) if !addresses.iter().any(|address| is_public(address)) => API_SERVER.pass(subject, observed),
            AttemptResult::Resolved(_) if flag(profile, MUST_BE_PRIVATE) => API_SERVER.fail(subject, observed),
            AttemptResult::Resolved(_) => API_SERVER.warn(Severity::Medium, subject, observed),
            _ => API_SERVER.unverified(subject, observed),
        };
        vec![finding.tried([tried])]
    }
}

/// NET-019
struct Nodes;

static NODES: Described = Described {
    spec: CheckSpec {
        id: "NET-019",
        title: "no node has a public address",
        severity: Severity::Medium,
        promises: &["P3"],
        explanation: "The addresses of every node in its status (InternalIP and ExternalIP): none may be one that is routed in public, other than those of RFC 1918, RFC 6598, and RFC 4193. An address that a provider translates without telling the node is not seen.",
        remedy: "Give node pools private addresses alone at the provider, and let what leaves take its NAT.",
    },
    expected: "private addresses alone",
    why: "every port of the node, those of NodePorts among them, can be tried from the internet where no firewall stands",
};

impl Check for Nodes {
    fn spec(&self) -> &CheckSpec<'_> {
        &NODES.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::Nodes]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        match crate::cluster_nodes::nodes(given) {
            Ok(nodes) => nodes.iter().map(of_node).collect(),
            Err(reason) => vec![NODES.unverified(crate::cluster_nodes::NODES, reason)],
        }
    }
}

fn of_node(node: &WorldNode) -> Finding {
    let subject = Subject::of("Node", node.name.as_str());
    let all = || node.addresses.iter().chain(&node.external_addresses);
    let public: Vec<&str> = all().filter(|address| is_public(address)).map(String::as_str).collect();
    if public.is_empty() { NODES.pass(subject, all().cloned().collect::<Vec<_>>().join(", ")) } else { NODES.fail(subject, public.join(", ")) }
}

#[cfg(test)]
mod tests {
    use airlock_model::{Outcome, Verdict};
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::profile::unprofiled;

    #[test]
    fn what_is_routed_in_public_is_public() {
        for (address, public) in [
            ("10.0.0.1", false),
            ("172.31.255.255", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("100.64.0.1", false),
            ("100.127.255.255", false),
            ("100.128.0.1", true),
            ("127.0.0.1", false),
            ("169.254.1.1", false),
            ("8.8.8.8", true),
            ("fd00::1", false),
            ("fe80::1", false),
            ("::1", false),
            ("2001:4860:4860::8888", true),
            ("::ffff:8.8.8.8", true),
            ("::ffff:10.0.0.1", false),
            ("node1", false),
        ] {
            assert_eq!(is_public(address), public, "{address}");
        }
    }

    fn api_server(result: Option<AttemptResult>, private: bool) -> Verdict {
        let outcome = |result| Outcome { attempt: lookup_id(), result, source: None, destination: None, started: Timestamp::UNIX_EPOCH, took_millis: 1 };
        let world = World { api_server: Some(("api.test".into(), 6443)), ..World::default() };
        let given = Snapshot { world, outcomes: result.map(|result| (lookup_id(), outcome(result))).into_iter().collect(), ..Snapshot::default() };
        let mut profile = unprofiled();
        profile.parameters.insert(MUST_BE_PRIVATE.to_owned(), json!(private));
        let [finding] = &ApiServer.evaluate(&profile, &given)[..] else { panic!("one finding") };
        finding.verdict
    }

    #[test]
    fn an_api_server_with_a_public_address_fails_where_a_private_network_is_asked_for() {
        let at = |addresses: &[&str]| Some(AttemptResult::Resolved(addresses.iter().map(|address| (*address).to_owned()).collect()));
        assert_eq!(api_server(at(&["10.0.0.1", "fd00::1"]), true), Verdict::Pass);
        assert_eq!(api_server(at(&["10.0.0.1", "8.8.8.8"]), true), Verdict::Fail);
        assert_eq!(api_server(at(&["10.0.0.1", "8.8.8.8"]), false), Verdict::Warn);
        for result in [None, at(&[]), Some(AttemptResult::NoSuchName), Some(AttemptResult::TimedOut)] {
            assert_eq!(api_server(result.clone(), true), Verdict::Unverified, "{result:?}");
        }
        assert_eq!(ApiServer.evaluate(&unprofiled(), &Snapshot::default())[0].verdict, Verdict::Unverified);
        let world = World { api_server: Some(("api.test".into(), 6443)), ..World::default() };
        assert!(matches!(&ApiServer.needs(&unprofiled(), &world)[..], [Need::Attempt(attempt)] if attempt.id == lookup_id() && attempt.from == Vantage::Workstation));
    }

    #[test]
    fn a_node_with_a_public_address_of_either_kind_fails() {
        let node = |addresses: &[&str], external: &[&str]| {
            let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            WorldNode { name: "node1".into(), addresses: all(addresses), external_addresses: all(external), ..WorldNode::default() }
        };
        let verdicts = |nodes| {
            let world = World { nodes, ..World::default() };
            Nodes.evaluate(&unprofiled(), &Snapshot { world, ..Snapshot::default() }).into_iter().map(|finding| finding.verdict).collect::<Vec<_>>()
        };
        let private = || node(&["10.0.0.1"], &[]);
        assert_eq!(verdicts(Some(Ok(vec![private(), node(&["10.0.0.2"], &["10.9.0.2"])]))), [Verdict::Pass, Verdict::Pass]);
        assert_eq!(verdicts(Some(Ok(vec![private(), node(&["10.0.0.2"], &["8.8.8.8"])]))), [Verdict::Pass, Verdict::Fail]);
        assert_eq!(verdicts(Some(Ok(vec![node(&["8.8.8.8"], &[])]))), [Verdict::Fail]);
        for nodes in [None, Some(Err("403".to_owned())), Some(Ok(Vec::new())), Some(Ok(vec![node(&[], &[])]))] {
            assert_eq!(verdicts(nodes.clone()), [Verdict::Unverified], "{nodes:?}");
        }
    }
}
