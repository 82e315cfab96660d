//! What facts and answers speak for: each suggestion with its reason. Pure, so that each is a test away from its facts.

use std::collections::BTreeSet;

use airlock_model::{Amount, Answers, Facts, answers::Sizing};

use super::Suggestion;
use crate::requirements::requirements;

/// The platform's namespace where nothing speaks for another.
const NAMESPACE: &str = "airlock";
/// The one where that is taken.
const OTHER_NAMESPACE: &str = "airlock-platform";

/// The namespace: of the one installation that is there, else one that nobody uses.
pub(super) fn namespace(facts: &Facts) -> Suggestion {
    let installed = facts.installations.known();
    let ids: BTreeSet<&String> = installed.iter().flat_map(|found| found.values()).collect();
    // Probes have a namespace of the same installation, whose name begins with the platform's.
    if ids.len() == 1
        && let Some(platform) = installed.and_then(|found| found.keys().min_by_key(|name| name.len()))
    {
        return Suggestion::detected(platform, "Airlock is installed there");
    }
    let taken = facts.namespaces.known().and_then(|found| found.get(NAMESPACE)).is_some_and(|found| found.installation.is_none() && !found.foreign.is_empty());
    if taken { Suggestion::detected(OTHER_NAMESPACE, format!("{NAMESPACE} holds workloads of others")) } else { Suggestion::default(NAMESPACE, "no one uses it here") }
}

/// The storage class: the cluster's default, else one whose volumes can grow, else the first.
pub(super) fn storage(facts: &Facts) -> Suggestion {
    let Some(classes) = facts.storage_classes.known() else { return Suggestion::default("", "storage classes could not be read") };
    if let Some(class) = classes.iter().find(|class| class.default) {
        return Suggestion::detected("", format!("{}{}", class.name, if class.expandable { ", whose volumes can grow" } else { "" }));
    }
    match (classes.iter().find(|class| class.expandable), classes.first()) {
        (Some(class), _) => Suggestion::detected(&class.name, "no class is the default; volumes of this one can grow"),
        (None, Some(class)) => Suggestion::detected(&class.name, if classes.len() == 1 { "the only class" } else { "no class is the default; the first one" }),
        (None, None) => Suggestion::default("", "the cluster has no storage class"),
    }
}

/// The sizing: `small` where its requests are free, else `tiny`.
pub(super) fn sizing(facts: &Facts, answers: &Answers) -> Suggestion {
    let small = Answers { sizing: Sizing::Small, ..answers.clone() };
    let (Some(nodes), Ok(wanted)) = (facts.nodes.known(), requirements(&small)) else { return Suggestion::default("small", "free room could not be read") };
    let free: Amount = nodes.iter().filter(|node| node.ready && node.schedulable).map(airlock_model::Node::free).sum();
    if free.holds(wanted.requests) {
        Suggestion::detected("small", format!("asks for {}, and {free} are free", wanted.requests))
    } else {
        Suggestion::detected("tiny", format!("small asks for {}, and only {free} are free", wanted.requests))
    }
}
