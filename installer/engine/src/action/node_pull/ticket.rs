//! The ticket for whoever runs the nodes: trust for the registry's host, or a resolver that knows it, ready to paste.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use airlock_model::{Ticket, Untrusted};
use airlock_tls::NodeKind;

use super::fault::{Fault, Seen};

/// The registry as the ticket names it.
pub(super) struct Registry<'a> {
    pub(super) host: &'a str,
    /// Its addresses as this workstation sees them.
    pub(super) addresses: BTreeSet<IpAddr>,
    /// The authority that its certificate is signed by, PEM; none: a public one.
    pub(super) authority: Option<&'a str>,
    /// Of what kind the nodes of a pool are; a pool that is not among them has nodes that could not be read.
    pub(super) kinds: BTreeMap<String, NodeKind>,
}

/// One ticket for all pools that wait.
pub(super) fn write(registry: &Registry<'_>, waiting: &BTreeMap<String, Seen>) -> Ticket {
    let host = registry.host;
    let pools = |fault: Fault| -> Vec<&str> { waiting.iter().filter(|(_, seen)| seen.fault == fault).map(|(pool, _)| pool.as_str()).collect() };
    let (trust, name) = (pools(Fault::Trust), pools(Fault::Name));
    let mut what = Vec::new();
    let mut paste = Vec::new();
    if !name.is_empty() {
        what.push(format!("let the nodes of {} resolve {host}", words(&name)));
        let addresses: Vec<String> = registry.addresses.iter().map(ToString::to_string).collect();
        let seen = if addresses.is_empty() { String::new() } else { format!(" On the workstation it is {}.", addresses.join(", ")) };
        paste.push(format!("The nodes of {} need a resolver that knows {host}.{seen}", words(&name)));
    }
    if !trust.is_empty() {
        what.push(format!("let the nodes of {} trust the certificate of {host}", words(&trust)));
        paste.push(trust_pages(registry, &trust));
    }
    Ticket {
        gate: "node-pull".to_owned(),
        what: what.join(", and "),
        who: "the administrators of the cluster's nodes".to_owned(),
        paste: paste.join("\n\n"),
        checked_by: "a pod on one node of each pool, which pulls an image from the registry".to_owned(),
        seen: Untrusted::new(reasons(waiting)),
    }
}

/// Each reason once, with the pools that it was seen on.
fn reasons(waiting: &BTreeMap<String, Seen>) -> String {
    let mut pools: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (pool, seen) in waiting {
        pools.entry(seen.reason()).or_default().push(pool);
    }
    pools.into_iter().map(|(reason, pools)| format!("{}: {reason}", words(&pools))).collect::<Vec<_>>().join("; ")
}

fn words(pools: &[&str]) -> String {
    format!("{} {}", if pools.len() == 1 { "pool" } else { "pools" }, pools.join(", "))
}

/// A page for each kind of node, with the pools that are of it.
fn trust_pages(registry: &Registry<'_>, pools: &[&str]) -> String {
    let host = registry.host;
    let Some(authority) = registry.authority else {
        return format!(
            "The certificate of {host} is signed by an authority that the nodes of {} do not know; add that authority to their system trust and restart the container runtime.",
            words(pools)
        );
    };
    let mut kinds: BTreeMap<Option<NodeKind>, Vec<&str>> = BTreeMap::new();
    for pool in pools {
        kinds.entry(registry.kinds.get(*pool).copied()).or_default().push(pool);
    }
    let page = |(kind, pools): (&Option<NodeKind>, &Vec<&str>)| match kind {
        Some(kind) => format!("# {}\n{}", sentence(pools), kind.steps(host, authority)),
        None => format!("# {} Their container runtime could not be read; this is for containerd.\n{}", sentence(pools), NodeKind::Containerd.steps(host, authority)),
    };
    kinds.iter().map(page).collect::<Vec<_>>().join("\n\n")
}

fn sentence(pools: &[&str]) -> String {
    format!("Nodes of {}.", words(pools))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(faults: &[(&str, Fault)]) -> BTreeMap<String, Seen> {
        faults.iter().map(|(pool, fault)| ((*pool).to_owned(), Seen { fault: *fault, message: format!("{fault:?}") })).collect()
    }

    fn registry<'a>(host: &'a str, addresses: &[&str], authority: Option<&'a str>) -> Registry<'a> {
        let kinds = BTreeMap::from([("blue".to_owned(), NodeKind::Containerd), ("green".to_owned(), NodeKind::Containerd), ("red".to_owned(), NodeKind::CriO)]);
        Registry { host, addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(), authority, kinds }
    }

    #[test]
    fn the_settings_for_containerd_are_ready_to_paste() {
        let ticket =
            write(&registry("registry.platform.test", &[], Some("-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n")), &waiting(&[("blue", Fault::Trust), ("green", Fault::Trust)]));
        insta::assert_snapshot!(ticket.paste, @r#"
        # Nodes of pools blue, green.
        # On every node, as root. The config_path of containerd must be /etc/containerd/certs.d.
        mkdir -p /etc/containerd/certs.d/registry.platform.test
        cat > /etc/containerd/certs.d/registry.platform.test/ca.crt <<'END'
        -----BEGIN CERTIFICATE-----
        MII
        -----END CERTIFICATE-----
        END
        cat > /etc/containerd/certs.d/registry.platform.test/hosts.toml <<'END'
        server = "https://registry.platform.test"

        [host."https://registry.platform.test"]
          capabilities = ["pull", "resolve"]
          ca = "/etc/containerd/certs.d/registry.platform.test/ca.crt"
        END
        # No restart is needed, unless config_path was not set before.
        "#);
        assert_eq!(ticket.what, "let the nodes of pools blue, green trust the certificate of registry.platform.test");
    }

    #[test]
    fn each_kind_of_node_has_its_page_and_one_that_could_not_be_read_says_so() {
        let ticket = write(&registry("r.test", &[], Some("PEM")), &waiting(&[("blue", Fault::Trust), ("red", Fault::Trust), ("unread", Fault::Trust)]));
        let headings: Vec<&str> = ticket.paste.lines().filter(|line| line.starts_with("# Nodes of")).collect();
        assert_eq!(headings, ["# Nodes of pool unread. Their container runtime could not be read; this is for containerd.", "# Nodes of pool blue.", "# Nodes of pool red."]);
        assert!(ticket.paste.contains("/etc/containers/certs.d/r.test"), "{}", ticket.paste);
    }

    #[test]
    fn a_reason_that_pools_share_is_said_once() {
        let ticket = write(&registry("r.test", &[], None), &waiting(&[("blue", Fault::Trust), ("green", Fault::Trust)]));
        assert_eq!(ticket.seen.to_string(), "pools blue, green: Trust");
    }

    #[test]
    fn pools_with_different_faults_share_one_ticket() {
        let ticket = write(&registry("r.test", &["10.0.0.1"], None), &waiting(&[("blue", Fault::Name), ("green", Fault::Trust)]));
        assert_eq!(ticket.what, "let the nodes of pool blue resolve r.test, and let the nodes of pool green trust the certificate of r.test");
        assert!(ticket.paste.starts_with("The nodes of pool blue need a resolver that knows r.test. On the workstation it is 10.0.0.1."), "{}", ticket.paste);
        assert_eq!(ticket.seen.to_string(), "pool blue: Name; pool green: Trust");
    }
}
