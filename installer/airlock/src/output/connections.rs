//! What the list of allowed connections does not say by itself: of whom it is the least, and why it may be no proof.

use std::fmt::Write as _;

use airlock_model::Untrusted;
use airlock_platform::Connections;

/// Workloads that policies do not bind.
pub(crate) fn unbound(listed: &Connections) -> String {
    listed.host_network.iter().fold(String::new(), |mut text, workload| {
        let _ = writeln!(text, "! {workload} uses the network of its node, where policies do not bind it: what is listed of it is the least");
        text
    })
}

/// What was not understood.
pub(crate) fn unverified(listed: &Connections) -> String {
    let mut text = String::from("The list is no proof: something that decides about connections is not understood.\n");
    for unverified in &listed.unverified {
        let _ = match &unverified.object {
            Some(object) => writeln!(text, "? {}: {}", Untrusted::new(object.to_string()), unverified.reason),
            None => writeln!(text, "? {}", unverified.reason),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use airlock_model::ObjectRef;
    use airlock_platform::{CONNECTIONS_SCHEMA, UnverifiedObject};

    use super::*;

    #[test]
    fn what_is_no_proof_is_named_with_its_reason() {
        let object = ObjectRef::namespaced("cilium.io/v2", "CiliumNetworkPolicy", "shop", "out\u{1b}");
        let listed = Connections {
            schema: CONNECTIONS_SCHEMA,
            connections: Vec::new(),
            host_network: vec!["shop/agent[DaemonSet]".to_owned().into()],
            unverified: vec![
                UnverifiedObject { object: Some(object), reason: "toFQDNs is not understood".to_owned().into() },
                UnverifiedObject { object: None, reason: "a.yaml could not be read".to_owned().into() },
            ],
        };
        insta::assert_snapshot!(format!("{}{}", unbound(&listed), unverified(&listed)));
    }
}
