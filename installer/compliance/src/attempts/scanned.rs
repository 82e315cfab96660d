//! Which ports of pods take a connection.

use std::collections::BTreeMap;

use airlock_model::{Attempt, AttemptAction, AttemptId, PortRange, Target, Vantage};

pub(crate) fn scan_id(namespace: &str) -> AttemptId {
    AttemptId(format!("ports.{namespace}"))
}

/// A scan of the pods of a namespace by one beside them.
pub(crate) fn scan(namespace: &str, ports: &[PortRange]) -> Attempt {
    let asked = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Attempt {
        id: scan_id(namespace),
        from: Vantage::LetIn { namespace: namespace.to_owned() },
        target: Target::Pods { namespace: namespace.to_owned(), found: BTreeMap::new() },
        action: AttemptAction::Scan { ports: ports.to_vec() },
        control: None,
        purpose: format!("TCP connections to ports {asked} of each pod, while two policies let the pod that scans in"),
    }
}
