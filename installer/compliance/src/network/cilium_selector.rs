//! Cilium's selectors: labels of the pod and of its namespace in one list, each with the source of the label before it.

use super::cluster::NAME_LABEL;
use super::policy::{NamespaceSelection, PodSelection};
use super::selector::{Requirement, Selector};

/// Whom a selector is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The pods that a policy is for: of a namespaced one, always those of its own namespace.
    Subject,
    /// The other end: of a namespaced policy, pods of its own namespace unless the selector names another.
    Peer,
}

const NAMESPACE: &str = "io.kubernetes.pod.namespace";
const NAMESPACE_LABEL: &str = "io.cilium.k8s.namespace.labels.";

/// `home`: the namespace of a namespaced policy.
pub(crate) fn selection(selector: &Selector, home: Option<&str>, scope: Scope) -> Result<PodSelection, String> {
    let (mut of_namespace, mut of_pods) = (Vec::new(), Vec::new());
    for Requirement { key, holds } in &selector.0 {
        let bare = bare(key)?;
        let (list, key) = match (bare, bare.strip_prefix(NAMESPACE_LABEL)) {
            (NAMESPACE, _) => (&mut of_namespace, NAME_LABEL),
            (_, Some(label)) => (&mut of_namespace, label),
            _ => (&mut of_pods, bare),
        };
        list.push(Requirement { key: key.to_owned(), holds: holds.clone() });
    }
    let namespace = match (home, scope, of_namespace.is_empty()) {
        (Some(home), _, true) => NamespaceSelection::Named(home.to_owned()),
        (Some(_), Scope::Subject, false) => return Err("a namespaced policy selects pods by their namespace".to_owned()),
        _ => NamespaceSelection::Matching(Selector(of_namespace)),
    };
    Ok(PodSelection { namespace, pods: Selector(of_pods) })
}

/// A key without its source: `k8s:app`, `any:app`, and `app` are the same. Other sources are no labels of objects.
fn bare(key: &str) -> Result<&str, String> {
    match key.split_once(':') {
        None => Ok(key),
        Some(("k8s" | "any", bare)) => Ok(bare),
        Some(_) => Err(format!("{key} is no label of a pod or namespace")),
    }
}
