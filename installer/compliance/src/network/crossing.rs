//! NET-004: what policies let tenants connect to is what was declared: of each other, of the platform, and of what is outside.

use std::collections::BTreeMap;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, Source, Subject, World, names};

use super::cluster::Cluster;
use super::declared::Declared;
use super::outside::{OutsideFlows, first_of};
use super::policy::Direction;
use super::ports::{PortSet, Protocol};
use super::reach::{End, Reach};
use super::sources::{self, ByName};
use super::tenancy::Tenancy;
use super::workloads::{Pod, Workload};
use crate::described::Described;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-004",
        title: "tenants reach only what was declared",
        severity: Severity::Critical,
        promises: &["P3", "P12"],
        explanation: "What the policies of both ends allow, computed by their full semantics, from the pods of each tenant to those of every other tenant and of the platform. Declared is what the parameter NET-004.allow names, a text a flow: `shop => platform : TCP 5432`, with namespaces or * as ends. With NET-004.outside, what tenants reach outside, and who reaches them from there, is compared as well, and flows name blocks of addresses (`shop => 10.2.0.0/16 : TCP 443`, `10.0.0.0/8 => shop : TCP 8080`); what an Ingress leads to them is not. Of a running installation the platform's database is declared for its Airflow deployments. Tenants are the namespaces with the label airlock-platform.io/tenant, or those of network.tenantSelector and network.tenantNamespaces; the platform is network.platformNamespaces, else the installation's other namespaces. What some plugins let through and others do not is unverified: where a block of private addresses opens what it would open if it meant pods, and where only policies of its own namespace keep others from a pod in the network of its node. So are a policy that is not understood, and a tenant's pod in the network of its node. `airlock compliance-check --connections` lists all that is allowed.",
        remedy: "Narrow the policies that are named, or close the tenant's namespaces by default in both directions. What must be is declared in NET-004.allow.",
    },
    expected: "no connection that is not declared",
    why: "one tenant reaches what is another's, or the inside of the platform that serves all, or networks that nobody agreed on",
};

/// The check.
pub(crate) struct Crossing;

impl Check for Crossing {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        sources::needs()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let tenancy = match Tenancy::of(profile, given) {
            Ok(tenancy) => tenancy,
            Err(unseen) => return TEXTS.unseen("tenants", unseen),
        };
        let declared = match Declared::of(profile) {
            Ok(declared) => declared,
            Err(reason) => return vec![TEXTS.unverified("tenants", reason)],
        };
        let cluster = match sources::cluster(given) {
            Ok(cluster) => cluster,
            Err(unseen) => return TEXTS.unseen("tenants", unseen),
        };
        let objects = sources::by_name(given);
        let mut findings = sources::unread(&TEXTS, given, &cluster, &objects);
        findings.extend(judge(given, &tenancy, &declared, &cluster, &objects));
        findings
    }
}

/// Whether flows are open with every network plugin, or by what Kubernetes leaves to the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Opened {
    Certainly,
    /// Where policies do not bind the target, which is in the network of its node.
    OnTheNode,
    /// Where blocks of addresses mean pods too.
    ByAddress,
}

/// Undeclared flows into one workload from one tenant's namespace: sources, ports, and the policies that let them in.
#[derive(Default)]
struct Undeclared {
    sources: Vec<String>,
    ports: PortSet,
    openers: Vec<String>,
}

fn judge(given: &Snapshot, tenancy: &Tenancy, declared: &Declared, cluster: &Cluster, objects: &ByName<'_>) -> Vec<Finding> {
    let reach = Reach::cut(cluster, &declared.cuts());
    let mut findings = Vec::new();
    let beyond = if declared.has_outside() { OutsideFlows::find(&reach, cluster, tenancy, declared) } else { OutsideFlows::default() };
    let mut found: BTreeMap<(&str, &Workload, Opened), Undeclared> = BTreeMap::new();
    for (index, source) in cluster.pods.iter().enumerate().filter(|(_, pod)| tenancy.tenant_of(&pod.workload.namespace).is_some()) {
        if source.host_network {
            findings.push(TEXTS.unverified(sources::subject(objects, &source.object), "it uses the network of its node, where policies do not bind it"));
        }
        for (other, target) in cluster.pods.iter().enumerate().filter(|(_, pod)| is_crossing(tenancy, source, pod)) {
            let undeclared = |ports: PortSet| ports.minus(&declared.between(&source.workload.namespace, &target.workload.namespace)).minus(&of_airlock(given, target));
            let at_most = undeclared(reach.at_most(index, other));
            if at_most.is_empty() {
                continue;
            }
            let certain = undeclared(reach.allowed(End::Pod(index), End::Pod(other)));
            let (opened, ports) = if !certain.is_empty() {
                (Opened::Certainly, certain)
            } else if target.host_network {
                (Opened::OnTheNode, at_most)
            } else {
                (Opened::ByAddress, at_most)
            };
            let entry = found.entry((&source.workload.namespace, &target.workload, opened)).or_default();
            entry.sources.push(source.workload.to_string());
            entry.ports = entry.ports.union(&ports);
            entry.openers.extend(openers(&reach, index, other, opened));
        }
    }
    for namespace in tenancy.namespaces().filter(|namespace| !found.keys().any(|(from, ..)| from == namespace) && !beyond.has(namespace)) {
        let subject = sources::namespace_subject(objects, namespace);
        findings.push(if cluster.has_pods(namespace) {
            let outside = if declared.has_outside() { ", and nothing outside" } else { "" };
            TEXTS.pass(subject, format!("its pods reach nothing of other tenants or of the platform{outside} that was not declared"))
        } else {
            TEXTS.not_applicable(subject, Reason::NoSubject, "no pod is seen there that could reach anything")
        });
    }
    findings.extend(found.into_iter().map(|((_, target, opened), undeclared)| told(cluster, objects, target, opened, undeclared)));
    findings.extend(beyond.told().map(|(workload, observed)| TEXTS.fail(subject(cluster, objects, workload), observed)));
    findings
}

fn is_crossing(tenancy: &Tenancy, source: &Pod, target: &Pod) -> bool {
    let (from, to) = (tenancy.tenant_of(&source.workload.namespace), tenancy.tenant_of(&target.workload.namespace));
    match to {
        Some(_) => from != to,
        None => tenancy.is_platform(&target.workload.namespace),
    }
}

/// The one flow that Airlock's components declare from a deployment to the platform: to its tables.
fn of_airlock(given: &Snapshot, target: &Pod) -> PortSet {
    let is_database = given.source == Source::Cluster && target.workload.namespace == given.world.platform && target.labels.get(names::LABEL_NAME).is_some_and(|name| name == "database");
    if is_database { PortSet::range(Protocol::Tcp, 5432, 5432) } else { PortSet::default() }
}

/// The policies on both sides that have a rule for the other, or that there is none on a side.
fn openers(reach: &Reach<'_>, source: usize, target: usize, opened: Opened) -> Vec<String> {
    let end = |pod| if opened == Opened::Certainly { End::Pod(pod) } else { End::Addressed(pod) };
    [reach.openers(source, Direction::Egress, end(target)), reach.openers(target, Direction::Ingress, end(source))].concat()
}

/// The object of which a workload's first pod is.
fn subject(cluster: &Cluster, objects: &ByName<'_>, workload: &Workload) -> Subject {
    let pod = cluster.pods.iter().find(|pod| pod.workload == *workload);
    pod.map_or_else(|| workload.to_string().into(), |pod| sources::subject(objects, &pod.object))
}

fn told(cluster: &Cluster, objects: &ByName<'_>, target: &Workload, opened: Opened, mut undeclared: Undeclared) -> Finding {
    for list in [&mut undeclared.sources, &mut undeclared.openers] {
        list.sort_unstable();
        list.dedup();
    }
    let subject = subject(cluster, objects, target);
    let flows = format!("{} => {target} : {}", first_of(&undeclared.sources), undeclared.ports);
    let openers = undeclared.openers.join(", ");
    match opened {
        Opened::Certainly => TEXTS.fail(subject, format!("{flows}; opened by: {openers}")),
        Opened::OnTheNode => TEXTS.unverified(subject, format!("{flows}; it uses the network of its node, and plugins differ in whether its policies bind it there; opened by: {openers}")),
        Opened::ByAddress => TEXTS.unverified(subject, format!("{flows}, if the plugin takes a block of addresses for pods, in which plugins differ; opened by: {openers}")),
    }
}
