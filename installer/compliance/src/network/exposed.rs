//! NET-015 and NET-016: Services that reach beyond the cluster.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, SnapshotObject, Source, World, names};
use ipnet::IpNet;
use serde_json::Value;

use super::address::net;
use crate::described::Described;
use crate::live::{self, need};
use crate::parameter::{flag, texts};
use crate::pod_security::Violation;
use crate::public_addresses::is_public;

pub(crate) const EXPOSED_ALLOW: &str = "NET-015.allow";
pub(crate) const MUST_BE_PRIVATE: &str = "network.private";

/// Annotations by which providers keep a load balancer inside, and the value that does (their documentation, as the
/// Kubernetes documentation lists them under "Internal load balancer"); none: any value.
const INTERNAL: [(&str, Option<&str>); 12] = [
    ("cloud.google.com/load-balancer-type", Some("Internal")),
    ("networking.gke.io/load-balancer-type", Some("Internal")),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", Some("intranet")),
    ("service.beta.kubernetes.io/aws-load-balancer-internal", Some("true")),
    // As it was written before it was a switch.
    ("service.beta.kubernetes.io/aws-load-balancer-internal", Some("0.0.0.0/0")),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", Some("internal")),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", Some("true")),
    ("service.beta.kubernetes.io/cce-load-balancer-internal-vpc", Some("true")),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", Some("true")),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", Some("true")),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", Some("private")),
    ("service.kubernetes.io/qcloud-loadbalancer-internal-subnetid", None),
];

/// NET-015
pub(crate) struct Exposed;

static EXPOSED: Described = Described {
    spec: CheckSpec {
        id: "NET-015",
        title: "no Service reaches beyond the cluster but those that are named",
        severity: Severity::High,
        promises: &["P3"],
        explanation: "Services of type NodePort, those of type LoadBalancer without an annotation by which a provider keeps them inside or with a public address in their status, and those with externalIPs. The edge of a running installation, and Services in the parameter NET-015.allow (`namespace/name`), pass.",
        remedy: "Make it a ClusterIP and let the edge lead to it. What must be reached from outside is named in NET-015.allow.",
    },
    expected: "type ClusterIP or ExternalName, or an internal load balancer, and no externalIPs",
    why: "it can be reached past the one way in, on every node or from the internet; externalIPs also take traffic that is meant for others",
};

impl Check for Exposed {
    fn spec(&self) -> &CheckSpec<'_> {
        &EXPOSED.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![need("v1", "Service")]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let allowed = texts(profile, EXPOSED_ALLOW);
        each(&EXPOSED, given, |service| {
            let name = format!("{}/{}", live::namespace(service), service.object.name);
            if is_edge(given, service) || allowed.contains(&name.as_str()) {
                return vec![EXPOSED.pass(service, "it is meant to be reached from outside")];
            }
            EXPOSED.each(service, exposed(service), EXPOSED.expected)
        })
    }
}

fn each(check: &Described, given: &Snapshot, judge: impl Fn(&SnapshotObject) -> Vec<Finding>) -> Vec<Finding> {
    let services = match live::objects(given, "Service") {
        Ok(services) => services,
        Err(reason) => return vec![check.unverified("all Services", reason)],
    };
    let ours = services.into_iter().filter(|service| service.object.group().is_empty());
    let findings: Vec<Finding> = ours.flat_map(judge).collect();
    if findings.is_empty() { vec![check.not_applicable("all Services", Reason::NoSubject, "there is no Service")] } else { findings }
}

/// The way in that the answers ask for.
fn is_edge(given: &Snapshot, service: &SnapshotObject) -> bool {
    given.source == Source::Cluster && live::namespace(service) == given.world.platform && live::label(service, names::LABEL_NAME) == Some("edge")
}

fn kind(service: &SnapshotObject) -> &str {
    service.manifest.pointer("/spec/type").and_then(Value::as_str).unwrap_or("ClusterIP")
}

fn exposed(service: &SnapshotObject) -> Vec<Violation> {
    let field = |path: &str, detail: String| Violation { path: path.to_owned(), value: service.manifest.pointer(path).cloned().unwrap_or(Value::Null), detail };
    let mut found = Vec::new();
    match kind(service) {
        "NodePort" => found.push(field("/spec/type", "it is reached on a port of every node".into())),
        "LoadBalancer" => match public_address(service) {
            Some((path, detail)) => found.push(field(&path, detail)),
            None if !is_internal(service) => found.push(field("/spec/type", "it has a load balancer that its annotations do not keep inside".into())),
            None => {}
        },
        _ => {}
    }
    if service.manifest.pointer("/spec/externalIPs").and_then(Value::as_array).is_some_and(|addresses| !addresses.is_empty()) {
        found.push(field("/spec/externalIPs", "it takes the traffic of addresses that it names itself".into()));
    }
    found
}

fn is_internal(service: &SnapshotObject) -> bool {
    let annotation = |key: &str| service.manifest.get("metadata")?.get("annotations")?.get(key)?.as_str();
    let is_said = |(key, value): &(&str, Option<&str>)| annotation(key).is_some_and(|seen| value.is_none_or(|value| seen.eq_ignore_ascii_case(value)));
    let is_denied = |(key, _): &&(&str, Option<&str>)| annotation(key).is_some() && !INTERNAL.iter().any(|other| other.0 == *key && is_said(other));
    INTERNAL.iter().any(is_said) && !INTERNAL.iter().any(|known| is_denied(&known))
}

/// What the load balancer got, as its status tells: each with its place.
fn got<'a>(service: &'a SnapshotObject, key: &'static str) -> impl Iterator<Item = (String, &'a str)> {
    let entries = service.manifest.pointer("/status/loadBalancer/ingress").and_then(Value::as_array).into_iter().flatten().enumerate();
    entries.filter_map(move |(index, entry)| Some((format!("/status/loadBalancer/ingress/{index}/{key}"), entry.get(key)?.as_str()?)))
}

/// The first address of the load balancer that is routed in public, whatever annotations say: other providers do not read them.
fn public_address(service: &SnapshotObject) -> Option<(String, String)> {
    let (path, address) = got(service, "ip").find(|(_, address)| is_public(address))?;
    Some((path, format!("its load balancer has the address {address}, which is public")))
}

/// NET-016
pub(crate) struct Internal;

static INTERNAL_TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-016",
        title: "load balancers are inside and say who may connect",
        severity: Severity::High,
        promises: &["P3"],
        explanation: "Each Service of type LoadBalancer, when the parameter network.private is true: an annotation by which its provider keeps it inside, none beside it that says otherwise (`…-internal` beside `…-scheme: internet-facing`), and loadBalancerSourceRanges that do not name every address. An address that its status shows must be private whatever the annotation says; a name there is not looked up, and in files there is mostly no status.",
        remedy: "Set the provider's annotation for an internal load balancer (edge.internal in Airlock's answers) and loadBalancerSourceRanges (edge.sourceRanges).",
    },
    expected: "an annotation for an internal load balancer, no public address, and source ranges",
    why: "the platform has an address that the internet reaches, or that everybody inside does",
};

impl Check for Internal {
    fn spec(&self) -> &CheckSpec<'_> {
        &INTERNAL_TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![need("v1", "Service")]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        if let Err(reason) = live::objects(given, "Service") {
            return vec![INTERNAL_TEXTS.unverified("all Services", reason)];
        }
        if !flag(profile, MUST_BE_PRIVATE) {
            return vec![INTERNAL_TEXTS.not_applicable("all Services", Reason::NotAsked, "the parameter network.private is not true")];
        }
        each(&INTERNAL_TEXTS, given, |service| {
            if kind(service) != "LoadBalancer" {
                return vec![INTERNAL_TEXTS.pass(service, "it has no load balancer")];
            }
            let names: Vec<&str> = got(service, "hostname").map(|(_, name)| name).collect();
            let unresolved = if names.is_empty() { String::new() } else { format!("; its name {} was not looked up", names.join(", ")) };
            INTERNAL_TEXTS.each(service, open(service), &format!("{}{unresolved}", INTERNAL_TEXTS.expected))
        })
    }
}

fn open(service: &SnapshotObject) -> Vec<Violation> {
    let field = |path: &str, detail: &str| Violation { path: path.to_owned(), value: service.manifest.pointer(path).cloned().unwrap_or(Value::Null), detail: detail.to_owned() };
    let mut found = Vec::new();
    if !is_internal(service) {
        found.push(field("/metadata/annotations", "its annotations do not keep its load balancer inside"));
    }
    found.extend(public_address(service).map(|(path, detail)| field(&path, &detail)));
    let (path, ranges) = source_ranges(service);
    let nets: Option<Vec<IpNet>> = ranges.iter().map(|text| net(text).ok()).collect();
    // Two halves are a whole.
    let is_everything = nets.is_none_or(|nets| IpNet::aggregate(&nets).iter().any(|net| net.prefix_len() == 0));
    if ranges.is_empty() {
        found.push(field(path, "it does not say who may connect"));
    } else if is_everything {
        found.push(field(path, "every address may connect"));
    }
    found
}

/// Who may connect: by the field, and where that is empty by the annotation from before there was one (`k8s.io/cloud-provider`,
/// `service/helpers`).
fn source_ranges(service: &SnapshotObject) -> (&'static str, Vec<&str>) {
    const FIELD: &str = "/spec/loadBalancerSourceRanges";
    const ANNOTATION: &str = "/metadata/annotations/service.beta.kubernetes.io~1load-balancer-source-ranges";
    let ranges: Vec<&str> = service.manifest.pointer(FIELD).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    match service.manifest.pointer(ANNOTATION).and_then(Value::as_str) {
        Some(annotated) if ranges.is_empty() => (ANNOTATION, annotated.split(',').map(str::trim).filter(|range| !range.is_empty()).collect()),
        _ => (FIELD, ranges),
    }
}
