//! CPL-003: files of the nodes are as the CIS benchmark asks, by what kube-bench says that it saw there.

use std::collections::BTreeSet;

use airlock_model::{Check, CheckSpec, Finding, Need, NodeReport, NodeResult, NodeStatus, Profile, Severity, Snapshot, Subject, World};

use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "CPL-003",
        title: "files of the nodes are as the CIS benchmark asks",
        severity: Severity::Medium,
        promises: &["P2"],
        explanation: "Reports that kube-bench wrote on the nodes (`kube-bench run --json`), handed over with `--node-report NODE=FILE`: of each node sections 4.1 and, where the report has one of them, 1.1 of the CIS Kubernetes Benchmark 1.12, and 4.2.7, a finding a number. FAIL fails; WARN of a number that the benchmark leaves to judgement is a warning. What could not be tested, a number that the report lacks, a report by another benchmark, and a node without a report are unverified. Such a report bears neither node nor time: that it is of this node, and of today, is said by whoever hands it over, and the SHA-256 of the file is the evidence. The other numbers are judged by CPL-001 and CPL-002, by what is in effect.",
        remedy: "Change owner or mode of the file on the node as the benchmark asks (kube-bench prints the command as `remediation`), run kube-bench there again, and hand over the new report.",
    },
    expected: "as the benchmark asks",
    why: "whoever reads or writes these files commands the node, and with it every pod there",
};

/// The benchmark whose numbers are meant.
const BENCHMARK: &str = "cis-1.12";
const NODES: &str = "nodes";

/// The check.
pub(super) struct NodeFiles;

impl Check for NodeFiles {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::Nodes]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let nodes: BTreeSet<&str> = match &given.world.nodes {
            None => return vec![TEXTS.unverified(NODES, "the nodes were not read")],
            Some(Err(reason)) => return vec![TEXTS.unverified(NODES, format!("the nodes could not be read: {reason}"))],
            Some(Ok(nodes)) => nodes.iter().map(|node| node.name.as_str()).collect(),
        };
        let reported: BTreeSet<&str> = given.node_reports.iter().map(|report| report.node.as_str()).collect();
        let silent = nodes.difference(&reported).map(|node| TEXTS.unverified(of_node(node), "no report was handed over (`--node-report NODE=FILE`)"));
        let mut findings: Vec<Finding> =
            given.node_reports.iter().flat_map(|report| if nodes.contains(report.node.as_str()) { of_report(report) } else { vec![unknown(report)] }).chain(silent).collect();
        if findings.is_empty() {
            findings.push(TEXTS.unverified(NODES, "the cluster shows no node"));
        }
        findings
    }
}

fn of_node(node: &str) -> Subject {
    Subject::of("Node", node)
}

fn unknown(report: &NodeReport) -> Finding {
    TEXTS.unverified(of_node(&report.node), format!("the cluster has no such node; the report {} is of another", report.file)).known(evidence(report))
}

fn of_report(report: &NodeReport) -> Vec<Finding> {
    if report.benchmarks.iter().any(|benchmark| benchmark.raw() != BENCHMARK) {
        let named = report.benchmarks.iter().map(airlock_model::Untrusted::raw).collect::<Vec<_>>().join(", ");
        return vec![TEXTS.unverified(of_node(&report.node), format!("its report goes by `{named}`, whose numbers mean something else than those of {BENCHMARK}")).known(evidence(report))];
    }
    let has_control_plane = report.results.iter().any(|result| result.number.starts_with("1.1."));
    numbers().iter().filter(|number| has_control_plane || !number.starts_with("1.1.")).flat_map(|number| of_number(report, number)).collect()
}

/// What it judges.
pub(super) fn numbers() -> Vec<String> {
    let section = |section: &'static str, count: u32| (1..=count).map(move |number| format!("{section}.{number}"));
    section("1.1", 21).chain(section("4.1", 10)).chain(["4.2.7".to_owned()]).collect()
}

/// A number may stand there twice, where two reports were joined; each counts.
fn of_number(report: &NodeReport, number: &str) -> Vec<Finding> {
    let told: Vec<Finding> = report.results.iter().filter(|result| result.number == number).map(|result| of_result(report, result)).collect();
    if told.is_empty() { vec![TEXTS.unverified(of_node(&report.node), format!("CIS {number}: its report lacks it")).known(evidence(report)).about([number])] } else { told }
}

fn of_result(report: &NodeReport, result: &NodeResult) -> Finding {
    let subject = of_node(&report.node);
    let observed = match result.seen.raw() {
        "" => format!("CIS {}", result.number),
        seen => format!("CIS {}: {seen}", result.number),
    };
    let finding = match (result.status, result.is_scored) {
        (NodeStatus::Pass, _) => TEXTS.pass(subject, observed),
        (NodeStatus::Fail, true) => TEXTS.fail(subject, observed),
        (NodeStatus::Fail | NodeStatus::Warn, false) => TEXTS.warn(Severity::Low, subject, observed),
        (NodeStatus::Warn, true) => TEXTS.unverified(subject, format!("{observed}; it could not be tested")),
        (NodeStatus::Info, _) => TEXTS.unverified(subject, format!("{observed}; it was left out")),
    };
    finding.known(evidence(report)).known(format!("CIS Kubernetes Benchmark 1.12, {}", result.number)).about([result.number.as_str()])
}

fn evidence(report: &NodeReport) -> String {
    format!("kube-bench on node {}, handed over as {}, {}", report.node, report.file, report.digest)
}
