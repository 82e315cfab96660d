//! NET-004: what policies let tenants connect to is what was declared: of each other, of the platform, and of what is outside; where it
//! is asked for, also what the platform connects to.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, Subject, World};

use super::cluster::Cluster;
use super::component_flows::component_flows;
use super::declared::{Declared, PLATFORM};
use super::outside::{OutsideFlows, first_of};
use super::policy::Direction;
use super::ports::PortSet;
use super::reach::{End, Reach};
use super::sources::{self, ByName};
use super::tenancy::{PLATFORM_NAMESPACES, Tenancy};
use super::workloads::{Pod, Workload};
use crate::described::Described;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-004",
        title: "tenants reach only what was declared",
        severity: Severity::Critical,
        promises: &["P3", "P12"],
        explanation: "What the policies of both ends allow, computed by their full semantics, from the pods of each tenant to those of every other tenant and of the platform. Declared is what the parameter NET-004.allow names, a text a flow: `shop => platform : TCP 5432`, with namespaces or * as ends. With NET-004.platform, what the platform reaches of tenants is compared as well; what its own namespaces reach of each other is not. With NET-004.outside, what tenants reach outside, and who reaches them from there, is compared as well, with both parameters also what the platform reaches outside, and who reaches it from there; flows then name blocks of addresses (`shop => 10.2.0.0/16 : TCP 443`, `10.0.0.0/8 => shop : TCP 8080`), and what an Ingress leads to a tenant or to the platform is not compared. Of a running installation what its components need of each other is declared: Airflow deployments reach the database, and the edge, Prometheus, and the renewer reach the servers of Airflow deployments. Tenants are the namespaces with the label airlock-platform.io/tenant, or those of network.tenantSelector and network.tenantNamespaces; the platform is network.platformNamespaces, else the installation's other namespaces. What some plugins let through and others do not is unverified: where a block of private addresses opens what it would open if it meant pods, and where only policies of its own namespace keep others from a pod in the network of its node. So are a policy that is not understood, and a pod in the network of its node whose flows are compared. `airlock compliance-check --connections` lists all that is allowed.",
        remedy: "Narrow the policies that are named, or close the namespaces by default in both directions. What must be is declared in NET-004.allow.",
    },
    expected: "no connection that is not declared",
    why: "one tenant reaches what is another's, or the inside of the platform that serves all, or one of them reaches what nobody agreed on",
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
        let declared = match Declared::of(profile) {
            Ok(declared) => declared,
            Err(reason) => return vec![TEXTS.unverified("tenants", reason)],
        };
        // What the platform reaches outside is compared before there is a tenant too.
        let tenancy = if declared.has_platform() && declared.has_outside() { Tenancy::read(profile, given) } else { Tenancy::of(profile, given) };
        let tenancy = match tenancy {
            Ok(tenancy) => tenancy,
            Err(unseen) => return TEXTS.unseen("tenants", unseen),
        };
        let cluster = match sources::cluster(given) {
            Ok(cluster) => cluster,
            Err(unseen) => return TEXTS.unseen("tenants", unseen),
        };
        let objects = sources::by_name(given);
        let mut findings = sources::unread(&TEXTS, given, &cluster, &objects);
        findings.extend(Comparison { given, tenancy: &tenancy, declared: &declared, cluster: &cluster, objects: &objects }.findings());
        findings
    }
}

/// What is allowed, and what it is compared with.
struct Comparison<'a> {
    given: &'a Snapshot,
    tenancy: &'a Tenancy,
    declared: &'a Declared,
    cluster: &'a Cluster,
    objects: &'a ByName<'a>,
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

/// Undeclared flows, by the namespace that they come from and by the workload that they lead to.
type Crossings<'a> = BTreeMap<(&'a str, &'a Workload, Opened), Undeclared>;

impl<'a> Comparison<'a> {
    fn findings(&self) -> Vec<Finding> {
        let reach = Reach::cut(self.cluster, &self.declared.cuts());
        let compared: BTreeSet<&str> = self.tenancy.namespaces().chain(self.tenancy.platform().filter(|_| self.declared.has_platform())).collect();
        let beyond = if self.declared.has_outside() { OutsideFlows::find(&reach, self.cluster, &compared, self.declared) } else { OutsideFlows::default() };
        let found = self.crossings(&reach, &compared);
        let mut findings = Vec::new();
        if self.declared.has_platform() && self.tenancy.platform().next().is_none() {
            findings.push(TEXTS.unverified("platform", format!("{PLATFORM} asks what it reaches, and no namespace is known to be the platform's: name them in {PLATFORM_NAMESPACES}")));
        }
        let unbound = self.cluster.pods.iter().filter(|pod| pod.host_network && compared.contains(pod.workload.namespace.as_str()));
        findings.extend(unbound.map(|pod| TEXTS.unverified(sources::subject(self.objects, &pod.object), "it uses the network of its node, where policies do not bind it")));
        let is_told = |namespace: &str| found.keys().any(|(from, ..)| *from == namespace) || beyond.has(namespace);
        findings.extend(compared.into_iter().filter(|namespace| !is_told(namespace)).filter_map(|namespace| self.cleared(namespace)));
        findings.extend(found.into_iter().map(|((_, target, opened), undeclared)| self.told(target, opened, undeclared)));
        findings.extend(beyond.told().map(|(workload, observed)| TEXTS.fail(self.subject(workload), observed)));
        findings
    }

    fn crossings(&self, reach: &Reach<'_>, compared: &BTreeSet<&str>) -> Crossings<'a> {
        let mut found = Crossings::new();
        for (index, source) in self.cluster.pods.iter().enumerate().filter(|(_, pod)| compared.contains(pod.workload.namespace.as_str())) {
            for (other, target) in self.cluster.pods.iter().enumerate().filter(|(_, pod)| self.is_crossing(source, pod)) {
                let undeclared = |ports: PortSet| ports.minus(&self.declared.between(&source.workload.namespace, &target.workload.namespace)).minus(&component_flows(self.given, source, target));
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
                entry.openers.extend(openers(reach, index, other, opened));
            }
        }
        found
    }

    /// Whether a flow leaves a tenant for another one or for the platform, or the platform for a tenant.
    fn is_crossing(&self, source: &Pod, target: &Pod) -> bool {
        let (from, to) = (self.tenancy.tenant_of(&source.workload.namespace), self.tenancy.tenant_of(&target.workload.namespace));
        match to {
            Some(_) => from != to,
            None => from.is_some() && self.tenancy.is_platform(&target.workload.namespace),
        }
    }

    /// What is said of a namespace of which nothing undeclared was found; none: a pod there is bound by no policy.
    fn cleared(&self, namespace: &str) -> Option<Finding> {
        let subject = sources::namespace_subject(self.objects, namespace);
        if !self.cluster.has_pods(namespace) {
            return Some(TEXTS.not_applicable(subject, Reason::NoSubject, "no pod is seen there that could reach anything"));
        }
        if self.cluster.pods.iter().any(|pod| pod.host_network && pod.workload.namespace == namespace) {
            return None;
        }
        let others = if self.tenancy.tenant_of(namespace).is_some() { "of other tenants or of the platform" } else { "of tenants" };
        let outside = if self.declared.has_outside() { ", and nothing outside" } else { "" };
        Some(TEXTS.pass(subject, format!("its pods reach nothing {others}{outside} that was not declared")))
    }

    fn told(&self, target: &Workload, opened: Opened, mut undeclared: Undeclared) -> Finding {
        for list in [&mut undeclared.sources, &mut undeclared.openers] {
            list.sort_unstable();
            list.dedup();
        }
        let subject = self.subject(target);
        let flows = format!("{} => {target} : {}", first_of(&undeclared.sources), undeclared.ports);
        let openers = undeclared.openers.join(", ");
        match opened {
            Opened::Certainly => TEXTS.fail(subject, format!("{flows}; opened by: {openers}")),
            Opened::OnTheNode => TEXTS.unverified(subject, format!("{flows}; it uses the network of its node, and plugins differ in whether its policies bind it there; opened by: {openers}")),
            Opened::ByAddress => TEXTS.unverified(subject, format!("{flows}, if the plugin takes a block of addresses for pods, in which plugins differ; opened by: {openers}")),
        }
    }

    /// The object of which a workload's first pod is.
    fn subject(&self, workload: &Workload) -> Subject {
        let pod = self.cluster.pods.iter().find(|pod| pod.workload == *workload);
        pod.map_or_else(|| workload.to_string().into(), |pod| sources::subject(self.objects, &pod.object))
    }
}

/// The policies on both sides that have a rule for the other, or that there is none on a side.
fn openers(reach: &Reach<'_>, source: usize, target: usize, opened: Opened) -> Vec<String> {
    let end = |pod| if opened == Opened::Certainly { End::Pod(pod) } else { End::Addressed(pod) };
    [reach.openers(source, Direction::Egress, end(target)), reach.openers(target, Direction::Ingress, end(source))].concat()
}
