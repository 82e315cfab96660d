//! CAP-001 to CAP-003: what pods ask for fits what nodes have free. Our own sums: a server-side dry run reserves nothing.

use airlock_model::{Amount, CheckSpec, Finding, Node, Reason, Severity, Snapshot};

use super::cluster::usable;
use super::{Judged, Preflight, either, facts, known, planned};
use crate::described::Described;

const REMEDY: &str = "Free or add nodes, or ask for less: `sizing: tiny`, or `components.<name>.resources` in the answers. `airlock requirements` lists what each component asks for.";

pub(super) static SUM: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "CAP-001",
            title: "the nodes have enough CPU and memory free",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "The requests of all pods that the plan adds, against allocatable minus requested of the nodes that can take pods. Node selectors are not counted in: a plan bound to a few nodes may still not fit.",
            remedy: REMEDY,
        },
        expected: "free CPU and memory at least as large as the plan's requests",
        why: "some pods would stay Pending, and the install would give up waiting for them",
    },
    judge: |check, given| either(sum(check, given)),
};

fn nodes_for<'a>(check: &Described, given: &'a Snapshot) -> Judged<Vec<&'a Node>> {
    let nodes = known(check, "nodes", &facts(check, given)?.nodes)?;
    Ok(usable(nodes).collect())
}

fn sum(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    const SUBJECT: &str = "requests of all pods";
    let wanted = planned(check, given)?.requests;
    let free: Amount = nodes_for(check, given)?.iter().map(|node| node.free()).sum();
    let observed = format!("{free} free, {wanted} asked for");
    Ok(vec![if free.holds(wanted) { check.pass(SUBJECT, observed) } else { check.fail(SUBJECT, format!("{observed}; {} missing", wanted.minus(free))) }])
}

pub(super) static LARGEST: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "CAP-002",
            title: "the largest pod fits a node",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "The requests of the largest pod of the plan, against allocatable minus requested of each node that can take pods. One node must hold it.",
            remedy: REMEDY,
        },
        expected: "one node with as much free as the largest pod asks for",
        why: "that pod would stay Pending, however much all nodes have free together",
    },
    judge: |check, given| either(largest(check, given)),
};

fn largest(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    const SUBJECT: &str = "the largest pod";
    let wanted = planned(check, given)?.largest_pod;
    if wanted == Amount::default() {
        return Ok(vec![check.not_applicable(SUBJECT, Reason::NoSubject, "the plan adds no pod")]);
    }
    let nodes = nodes_for(check, given)?;
    Ok(vec![match nodes.iter().find(|node| node.free().holds(wanted)) {
        Some(node) => check.pass(SUBJECT, format!("{wanted} fits node {} with {} free", node.name, node.free())),
        None => check.fail(SUBJECT, format!("{wanted} fits none of {} nodes", nodes.len())),
    }])
}

pub(super) static SLOTS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "CAP-003",
            title: "the nodes have room for as many pods",
            severity: Severity::High,
            promises: &["P1"],
            explanation: "The number of pods that the plan adds, against how many more the kubelets of the nodes that can take pods would start (maxPods).",
            remedy: "Free or add nodes; some providers tie the number of pods to the size of the node.",
        },
        expected: "at least as many free places as pods",
        why: "pods beyond that number stay Pending with `Too many pods`",
    },
    judge: |check, given| either(slots(check, given)),
};

fn slots(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    const SUBJECT: &str = "number of pods";
    let wanted = planned(check, given)?.pods;
    let free: u32 = nodes_for(check, given)?.iter().map(|node| node.max_pods.saturating_sub(node.pods)).sum();
    let observed = format!("{free} places free, {wanted} pods");
    Ok(vec![if free >= wanted { check.pass(SUBJECT, observed) } else { check.fail(SUBJECT, observed) }])
}
