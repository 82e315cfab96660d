//! What the survey found, and what it could not read.

use std::fmt::Write as _;

use airlock_model::{Fact, Facts, Node, Untrusted};

use super::columns::columns;
use super::style::{Ink, Style};

/// The facts of a cluster.
pub(crate) fn facts(facts: &Facts, style: Style) -> String {
    let mut text = format!("{}\n", style.heading(&format!("Cluster {}", facts.server)));
    let mut line = |what: &str, said: String| {
        let _ = writeln!(text, "  {what:<18} {said}");
    };
    let unknown = |why: &str| style.paint(Ink::Yellow, &format!("? unverified: {}", Untrusted::from(why)));
    line("version", said(&facts.version, |version| version.git.clone(), unknown));
    line("identity", said(&facts.cluster_uid, Clone::clone, unknown));
    line("you are", said(&facts.caller, |caller| format!("{} ({})", caller.user, caller.groups.join(", ")), unknown));
    line("clock difference", said(&facts.clock_difference_millis, |millis| format!("{millis} ms"), unknown));
    line("storage classes", said(&facts.storage_classes, |classes| listed(classes.iter().map(|class| format!("{}{}", class.name, if class.default { " (default)" } else { "" }))), unknown));
    line("ingress classes", said(&facts.ingress_classes, |classes| listed(classes.keys().cloned()), unknown));
    line("gateway classes", said(&facts.gateway_classes, |classes| listed(classes.keys().cloned()), unknown));
    line("operators", said(&facts.operators, |operators| listed(operators.iter().cloned()), unknown));
    line("cluster DNS", said(&facts.dns, |dns| format!("{}/{} at {}, pods listen on {}", dns.namespace, dns.service, dns.cluster_ip, listed(dns.target_ports.iter().map(u16::to_string))), unknown));
    line("API server", said(&facts.api_server, |server| format!("{}, behind it {}", server.service, listed(server.endpoints.iter().map(ToString::to_string))), unknown));
    line("admission", said(&facts.admission, |admission| listed(admission.iter().map(|one| format!("{} {} ({})", one.kind, one.name, one.failure_policy))), unknown));
    line("quotas and limits", said(&facts.quotas, |quotas| listed(quotas.iter().map(|quota| format!("{} {}/{}", quota.kind, quota.namespace, quota.name))), unknown));
    line("namespaces", said(&facts.namespaces, |namespaces| listed(namespaces.iter().map(|(name, namespace)| format!("{name}{}", owner(namespace)))), unknown));
    match &facts.nodes {
        Fact::Known(nodes) => {
            let _ = writeln!(text, "\n{}\n{}", style.heading("Nodes"), columns(["name", "pool", "state", "kubelet", "runtime", "free", "pods"], nodes.iter().map(node)).trim_end());
        }
        Fact::Unverified(why) => {
            let _ = writeln!(text, "  {:<18} {}", "nodes", unknown(why));
        }
    }
    text
}

fn said<T>(fact: &Fact<T>, known: impl FnOnce(&T) -> String, unknown: impl FnOnce(&str) -> String) -> String {
    match fact {
        Fact::Known(value) => Untrusted::from(known(value)).to_string(),
        Fact::Unverified(why) => unknown(why),
    }
}

fn listed(parts: impl Iterator<Item = String>) -> String {
    let text = parts.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".into() } else { text }
}

fn owner(namespace: &airlock_model::Namespace) -> String {
    match (&namespace.installation, namespace.foreign.len()) {
        (Some(installation), 0) => format!(" (installation {installation})"),
        (None, 0) => " (empty)".into(),
        (_, foreign) => format!(" ({foreign} workloads of others)"),
    }
}

fn node(node: &Node) -> [String; 7] {
    let mut state = vec![if node.ready { "ready" } else { "not ready" }.to_owned()];
    if !node.schedulable {
        state.push("not schedulable".into());
    }
    state.extend(node.pressures.iter().cloned());
    [
        node.name.clone(),
        node.pool.clone(),
        Untrusted::from(state.join(", ")).to_string(),
        format!("{} {}", node.kubelet, node.architecture),
        Untrusted::from(node.runtime.as_str()).to_string(),
        node.free().to_string(),
        format!("{} of {}", node.pods, node.max_pods),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples;
    use super::*;

    #[test]
    fn facts_that_could_not_be_read_say_why() {
        insta::assert_snapshot!(facts(&samples::facts(), Style::default()));
    }
}
