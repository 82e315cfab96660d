//! PRM-001: the company's Prometheus takes the objects that tell it of the platform.

use airlock_model::prometheus::{Joining, MonitorKind};
use airlock_model::{CheckSpec, Fact, Finding, Reason, Severity, Snapshot};

use super::{Judged, Preflight, either, facts, planned};
use crate::described::Described;

pub(super) static JOINED: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "PRM-001",
            title: "the company's Prometheus takes what tells it of the platform",
            severity: Severity::High,
            promises: &["P4"],
            explanation: "With `components.monitoring.mode: existing`: the Prometheus objects of a Prometheus Operator, and whether the selectors of the one that is meant (of ServiceMonitors or else PodMonitors, of PrometheusRules, and of their namespaces) can take objects of the platform's namespace. Labels that they ask for are put on the objects and on the namespace.",
            remedy: "With several, name one in `network.peers.prometheus` as namespace/name. With one that takes nothing, have its owners open `serviceMonitorSelector`, `ruleSelector`, and their namespace selectors (`{}` takes everything, or a label of your choice). Where no operator runs, `components.monitoring.mode: bundled` brings a Prometheus along.",
        },
        expected: "one Prometheus object that takes monitors and rules of the platform's namespace",
        why: "nothing of the platform would be asked or told, and nobody would notice",
    },
    judge: |check, given| either(joined(check, given)),
};

const SUBJECT: &str = "Prometheus of the company";

fn joined(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let Some(asked) = &planned(check, given)?.prometheus else { return Ok(vec![check.not_applicable(SUBJECT, Reason::NotAsked, "the answers ask for none")]) };
    let found = match &facts(check, given)?.prometheuses {
        Fact::Known(found) => found,
        // What cannot be read cannot be joined, so that an install must not begin.
        Fact::Unverified(why) => return Err(vec![check.fail(SUBJECT, format!("the Prometheus objects could not be read: {why}"))]),
    };
    Ok(vec![match asked.join(found) {
        Ok(joining) => check.pass(SUBJECT, told(&joining)),
        Err(why) => check.fail(SUBJECT, why.to_string()),
    }])
}

fn told(joining: &Joining) -> String {
    let kind = if joining.monitor_kind == MonitorKind::ServiceMonitor { "ServiceMonitor" } else { "PodMonitor" };
    format!("{}/{} takes objects of the kinds {kind} and PrometheusRule", joining.namespace, joining.name)
}
