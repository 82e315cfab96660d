//! How nodes and people's machines come to believe the certificate of the base domain.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use airlock_model::{Fact, Untrusted};
use airlock_platform::trust::Trust;

use super::style::Style;

/// A page for whoever runs the nodes, and one for whoever runs people's machines.
pub(crate) fn text(trust: &Trust, style: Style) -> String {
    let registry = &trust.registry;
    if trust.authorities.is_empty() {
        return format!("The certificate of {registry} is by an authority that every system knows: nothing is to be done.\n");
    }
    let mut text = format!("{}\n", style.heading("Authority"));
    for authority in &trust.authorities {
        let _ = writeln!(text, "  {}", authority.subject);
        let _ = writeln!(text, "      until    {:.0}", authority.not_after);
        let _ = writeln!(text, "      SHA-256  {}", authority.fingerprint.hex());
    }
    text.push_str("  As a file: airlock tls trust --pem > ca.crt. Compare the SHA-256 by another way than the one it came by:\n  openssl x509 -in ca.crt -outform der | sha256sum\n");
    let pulled = if trust.pulled { "a node of each pool has pulled from it at the last install" } else { "the last install did not get as far as a pull from it" };
    let _ = writeln!(text, "\n{}: {pulled}", style.heading(&format!("Nodes that pull from {registry}")));
    match &trust.nodes {
        Fact::Unverified(why) => {
            let _ = writeln!(text, "  They could not be read: {}", Untrusted::from(why.as_str()));
        }
        Fact::Known(kinds) => {
            for nodes in kinds {
                let _ = writeln!(text, "\n  {} {} ({})", if nodes.pools.len() == 1 { "pool" } else { "pools" }, joined(&nodes.pools), joined(&nodes.runtimes));
                text.extend(nodes.steps.iter().flat_map(|steps| steps.lines()).map(|line| format!("{line}\n")));
            }
        }
    }
    let _ = writeln!(text, "\n{}", style.heading("Machines of people and programs, with the authority in ca.crt"));
    for machine in trust.machines {
        let _ = writeln!(text, "  {}\n      {}", machine.machine, machine.steps);
    }
    text
}

fn joined(words: &BTreeSet<Untrusted<String>>) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use airlock_platform::trust::NodeTrust;
    use airlock_tls::{ChainCertificate, MACHINES, NodeKind};

    use super::*;

    fn trust(authorities: Vec<ChainCertificate>) -> Trust {
        let pools = ["blue", "green\u{1b}[31m"].map(Untrusted::from).into();
        let steps = Some(NodeKind::Containerd.steps("registry.platform.test", "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"));
        let nodes = NodeTrust { kind: NodeKind::Containerd, pools, runtimes: [Untrusted::from("containerd://2.4.2")].into(), steps };
        Trust { registry: "registry.platform.test".into(), authorities, pem: None, nodes: Fact::Known(vec![nodes]), pulled: true, machines: &MACHINES[..2] }
    }

    #[test]
    fn a_page_can_be_handed_to_who_runs_the_nodes() {
        let authority = ChainCertificate {
            subject: "CN=Airlock platform.test".into(),
            issuer: "CN=Airlock platform.test".into(),
            serial: "01".into(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2036-01-01T00:00:00Z".parse().unwrap(),
            names: Vec::new(),
            key: "EC P-256".into(),
            fingerprint: airlock_model::Digest::of(b"authority"),
            pem: String::new(),
        };
        insta::assert_snapshot!(text(&trust(vec![authority]), Style::new(false)));
    }

    #[test]
    fn with_an_authority_that_every_system_knows_nothing_is_to_be_done() {
        assert_eq!(text(&trust(Vec::new()), Style::new(false)), "The certificate of registry.platform.test is by an authority that every system knows: nothing is to be done.\n");
    }
}
