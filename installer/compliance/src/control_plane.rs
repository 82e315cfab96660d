//! Checks of what runs a cluster: the programs of the control plane, kubelets, and how Secrets are stored.
//!
//! Of files the manifests of static pods are judged; of a cluster their mirrors in kube-system, what kubelets say of themselves, and
//! what the API server measures. Where nothing mirrors a program it runs some other way, which the API does not show: that is
//! unverified, unless a provider is recognised that runs it in the customer's place.

mod audit;
mod flags;
mod node_files;
mod node_report;
mod nodes;
mod started;
mod storage;
mod table;

use airlock_model::{Check, ControlPlane, ControlPlanePart, Fact, Finding, Need, Provider, Reason, Snapshot, Source};

use crate::described::{Described, remedy};
use crate::live::{self, PodOf, Unseen};

pub use node_report::{LARGEST_NODE_REPORT, read_node_report};

/// All of them.
pub(crate) fn checks() -> impl Iterator<Item = &'static dyn Check> {
    let all: [&'static dyn Check; 6] = [&started::ControlPlane, &started::AuditLog, &nodes::Nodes, &node_files::NodeFiles, &storage::ENCRYPTS, &storage::ENCRYPTED];
    all.into_iter()
}

/// The numbers of the CIS benchmark that one of them judges one by one, in its order.
pub(crate) fn numbers(id: &str) -> Vec<String> {
    match id {
        "CPL-001" => table::CONTROLS.iter().map(|control| control.number.to_owned()).collect(),
        "CPL-002" => nodes::numbers().map(str::to_owned).collect(),
        "CPL-003" => node_files::numbers(),
        "LOG-001" => audit::NUMBERS.map(str::to_owned).to_vec(),
        _ => Vec::new(),
    }
}

fn need(part: ControlPlanePart) -> Vec<Need> {
    vec![Need::ControlPlane(part)]
}

/// What was read of it. An error says why nothing was.
fn read(given: &Snapshot) -> Result<&ControlPlane, String> {
    given.control_plane.as_ref().ok_or_else(|| "the control plane was not read".to_owned())
}

/// Pods that may start its programs.
fn pods(given: &Snapshot) -> Result<Vec<PodOf<'_>>, Unseen> {
    if given.source == Source::Files {
        return live::pods(given);
    }
    match &read(given).map_err(Unseen::Unread)?.static_pods {
        Fact::Known(pods) => Ok(pods.iter().map(|pod| PodOf::new(pod, "")).collect()),
        Fact::Unverified(why) => Err(Unseen::Unread(format!("pods of kube-system could not be read: {why}"))),
    }
}

/// The provider that runs it; else why nothing of a program was seen.
fn provider(given: &Snapshot) -> Result<Provider, String> {
    match &read(given)?.provider {
        Fact::Known(Some(provider)) => Ok(*provider),
        Fact::Known(None) => Err("no provider is recognised that runs it".to_owned()),
        Fact::Unverified(why) => Err(format!("whether a provider runs it could not be read: {why}")),
    }
}

/// A provider answers for it: what is to be attested, and how.
fn managed(texts: &Described, subject: &str, provider: Provider, attested: &str) -> Finding {
    let mut finding = texts.not_applicable(subject, Reason::Managed, format!("{provider} runs it and shows nothing of it; to be attested: {attested}"));
    finding.fix = vec![remedy(&format!("Take {provider}'s own report on it as evidence and attest it: `check: {}` (docs/profiles.md).", texts.spec.id))];
    finding
}

#[cfg(test)]
mod tests;
