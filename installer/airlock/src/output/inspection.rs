//! What the survey found, and what it could not read.

use std::fmt::Write as _;

use airlock_model::{ClusterDns, Fact, Facts, Finding, Namespace, Node, Untrusted, Verdict};
use airlock_platform::NodeTrial;

use super::columns::columns;
use super::style::{Ink, Style};

/// The check that judges the caller's rights.
pub(super) const RIGHTS: &str = "RGT-001";
/// Labels of a namespace that tell Pod Security admission what to do.
const POD_SECURITY: &str = "pod-security.kubernetes.io/";

/// The facts of a cluster; of the findings, what they say of the caller.
pub(crate) fn facts(facts: &Facts, findings: &[Finding], style: Style) -> String {
    let mut text = format!("{}\n", style.heading(&format!("Cluster {}", facts.server)));
    let mut line = |what: &str, said: String| {
        let _ = writeln!(text, "  {what:<18} {said}");
    };
    let unknown = |why: &str| style.paint(Ink::Yellow, &format!("? unverified: {}", Untrusted::from(why)));
    line("version", said(&facts.version, |version| version.git.clone(), unknown));
    line("identity", said(&facts.cluster_uid, Clone::clone, unknown));
    line("you are", said(&facts.caller, |caller| format!("{} ({})", caller.user, caller.groups.join(", ")), unknown));
    line("your rights", rights(findings));
    line("clock difference", said(&facts.clock_difference_millis, |millis| format!("{millis} ms"), unknown));
    line("storage classes", said(&facts.storage_classes, |classes| listed(classes.iter().map(|class| format!("{}{}", class.name, if class.default { " (default)" } else { "" }))), unknown));
    line("ingress classes", said(&facts.ingress_classes, |classes| listed(classes.keys().cloned()), unknown));
    line("gateway classes", said(&facts.gateway_classes, |classes| listed(classes.keys().cloned()), unknown));
    line("operators", said(&facts.operators, |operators| listed(operators.iter().cloned()), unknown));
    line("cluster DNS", said(&facts.dns, resolver, unknown));
    line("API server", said(&facts.api_server, |server| format!("{}, behind it {}", server.service, listed(server.endpoints.iter().map(ToString::to_string))), unknown));
    line("admission", said(&facts.admission, |admission| listed(admission.iter().map(|one| format!("{} {} ({})", one.kind, one.name, one.failure_policy))), unknown));
    line("quotas and limits", said(&facts.quotas, |quotas| listed(quotas.iter().map(|quota| format!("{} {}/{}", quota.kind, quota.namespace, quota.name))), unknown));
    line("namespaces", said(&facts.namespaces, |namespaces| listed(namespaces.iter().map(|(name, namespace)| format!("{name} ({}; {})", owner(namespace), pod_security(namespace)))), unknown));
    line("installations", said(&facts.installations, |found| listed(found.iter().map(|(namespace, installation)| format!("{installation} in {namespace}"))), unknown));
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

/// What a trial of nodes writes, before anybody agrees to it.
pub(crate) fn trial(trial: &NodeTrial) -> String {
    let pools = listed(trial.pools.keys().map(|pool| Untrusted::from(pool.as_str()).to_string()));
    format!(
        "Nodes are tried. What is written goes again, whatever becomes of it:\n  the namespace {}\n  in it a pod for each pool ({pools}), whose node pulls\n    {}\n",
        trial.namespace(),
        trial.image
    )
}

fn said<T>(fact: &Fact<T>, known: impl FnOnce(&T) -> String, unknown: impl FnOnce(&str) -> String) -> String {
    match fact {
        Fact::Known(value) => Untrusted::from(known(value)).to_string(),
        Fact::Unverified(why) => unknown(why),
    }
}

pub(super) fn listed(parts: impl Iterator<Item = String>) -> String {
    let text = parts.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".into() } else { text }
}

/// What the caller may do of all that an installation needs; what is missing stands with its finding.
pub(super) fn rights(findings: &[Finding]) -> String {
    let said = findings.iter().filter(|finding| finding.check == RIGHTS);
    let parts = said.map(|finding| match finding.verdict {
        Verdict::Pass => format!("{}, all that an installation needs", finding.observed),
        Verdict::NotApplicable => "not asked about: nothing is to be done".to_owned(),
        verdict => format!("{verdict}, see {RIGHTS} below"),
    });
    let text = parts.collect::<Vec<_>>().join("; ");
    if text.is_empty() { "not asked about: nothing is to be done".into() } else { text }
}

fn resolver(dns: &ClusterDns) -> String {
    let cache = dns.node_local.map_or_else(|| "no node-local cache".to_owned(), |address| format!("node-local cache at {address}"));
    format!("{}/{} at {}, pods listen on {}, {cache}", dns.namespace, dns.service, dns.cluster_ip, listed(dns.target_ports.iter().map(u16::to_string)))
}

fn owner(namespace: &Namespace) -> String {
    match (&namespace.installation, namespace.foreign.len()) {
        (Some(installation), 0) => format!("installation {installation}"),
        (None, 0) => "empty".into(),
        (_, foreign) => super::counted(foreign, "workload of others", "workloads of others"),
    }
}

fn pod_security(namespace: &Namespace) -> String {
    let labels = namespace.labels.iter().filter_map(|(label, level)| Some(format!("{} {level}", label.strip_prefix(POD_SECURITY)?)));
    let text = labels.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "no Pod Security label".into() } else { format!("Pod Security {text}") }
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
    use std::collections::BTreeMap;

    use super::super::tests::samples;
    use super::*;

    #[test]
    fn what_the_caller_may_do_stands_beside_who_that_is() {
        let said = |verdict: Verdict| rights(&[Finding { check: RIGHTS.into(), verdict, observed: "86 rights allowed".to_owned().into(), ..samples::findings().remove(0) }]);
        assert_eq!(said(Verdict::Pass), "86 rights allowed, all that an installation needs");
        assert_eq!(said(Verdict::Fail), "fail, see RGT-001 below");
        assert_eq!(said(Verdict::Unverified), "unverified, see RGT-001 below");
    }

    #[test]
    fn facts_that_could_not_be_read_say_why() {
        insta::assert_snapshot!(facts(&samples::facts(), &samples::findings(), Style::default()));
    }

    #[test]
    fn what_is_tried_on_nodes_is_told_with_all_that_is_written() {
        let pools = ["default", "spot\u{1b}[31m"].map(|pool| (pool.to_owned(), BTreeMap::new()));
        let image = format!("ghcr.io/airlock-platform/airlock:0.1.0@sha256:{}", "a".repeat(64)).parse().expect("an image");
        let tried = NodeTrial::new(&BTreeMap::new(), &BTreeMap::new(), image, pools.into()).expect("a trial");
        insta::assert_snapshot!(trial(&tried).replace(tried.namespace(), "airlock-probe-RANDOM"));
    }
}
