//! QTA-001: what the plan adds fits the quotas of its namespaces. Our own sums: a dry run consumes no quota.
//!
//! The rendered objects say what a namespace holds in the end; the plan's sums say how much of all that is still to come.
//! The smaller of the two is what a namespace may still be asked for. Limits have no such second sum, so a line of theirs
//! that looks too small is a warning only.

use airlock_model::{Amount, CheckSpec, Finding, Object, Planned, Quota, QuotaLine, Reason, Severity, Snapshot, quantity, quantity_millis};
use serde_json::Value;

use super::pod_amount::pod_amount;
use super::{Judged, Preflight, either, facts, known, planned};
use crate::described::Described;

pub(super) static QUOTA: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "QTA-001",
            title: "the quotas have room for the plan",
            severity: Severity::High,
            promises: &["P2"],
            explanation: "Each ResourceQuota in a namespace of the plan: what is left of requests.cpu, requests.memory, and pods against what the plan adds there; of limits.cpu and limits.memory as a warning. Other lines are not judged.",
            remedy: "Ask the owner of the quota to raise the line named above, or ask for less: `sizing: tiny`, or `components.<name>.resources` in the answers.",
        },
        expected: "what is left of each line at least what the plan adds",
        why: "the API server would refuse pods, and their workloads would never become ready",
    },
    judge: |check, given| either(quotas(check, given)),
};

fn quotas(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let plan = planned(check, given)?;
    let all = known(check, "quotas", &facts(check, given)?.quotas)?;
    let ours: Vec<&Quota> = all.iter().filter(|quota| quota.kind == "ResourceQuota" && plan.namespaces.contains(&quota.namespace)).collect();
    if ours.is_empty() {
        return Ok(vec![check.not_applicable("quotas", Reason::NoSubject, "no namespace of the plan has a quota")]);
    }
    Ok(ours.into_iter().map(|quota| judge(check, quota, plan)).collect())
}

/// What a namespace is asked for.
#[derive(Clone, Copy, Default)]
struct Demand {
    requests: Amount,
    limits: Amount,
    pods: u64,
}

fn judge(check: &Described, quota: &Quota, plan: &Planned) -> Finding {
    let subject = format!("ResourceQuota {}/{}", quota.namespace, quota.name);
    let demand = demand(plan, &quota.namespace);
    let (mut short, mut doubtful, mut unread, mut judged) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for (name, line) in &quota.limits {
        let Some((wanted, list)) = asked(name, &demand).map(|(wanted, exact)| (wanted, if exact { &mut short } else { &mut doubtful })) else { continue };
        judged += 1;
        match left(name, line) {
            None => unread.push(format!("{name}: {} of {}", line.used.as_deref().unwrap_or("?"), line.hard)),
            Some(left) if left < wanted => list.push(format!("{name}: {} of {} used, {} more asked for", line.used.as_deref().unwrap_or("?"), line.hard, amount(name, wanted))),
            Some(_) => {}
        }
    }
    if !short.is_empty() {
        check.fail(subject, short.join("; "))
    } else if !unread.is_empty() {
        check.unverified(subject, format!("cannot be read: {}", unread.join("; ")))
    } else if !doubtful.is_empty() {
        check.warn(Severity::Medium, subject, doubtful.join("; "))
    } else {
        check.pass(subject, format!("{judged} lines have room"))
    }
}

/// What a line is asked for, in thousandths of a core, bytes, or pods, and whether that is exact.
fn asked(name: &str, demand: &Demand) -> Option<(u64, bool)> {
    Some(match name {
        "requests.cpu" | "cpu" => (demand.requests.cpu_millis, true),
        "requests.memory" | "memory" => (demand.requests.memory_bytes, true),
        "pods" | "count/pods" => (demand.pods, true),
        "limits.cpu" => (demand.limits.cpu_millis, false),
        "limits.memory" => (demand.limits.memory_bytes, false),
        _ => return None,
    })
}

fn amount(name: &str, wanted: u64) -> String {
    if name.ends_with("cpu") {
        format!("{wanted}m")
    } else if name.ends_with("memory") {
        format!("{}Mi", wanted.div_ceil(1024 * 1024))
    } else {
        wanted.to_string()
    }
}

fn left(name: &str, line: &QuotaLine) -> Option<u64> {
    let read = |text: &str| if name.ends_with("cpu") { quantity_millis(text).and_then(|millis| u64::try_from(millis).ok()) } else { quantity(text) };
    // What the quota controller has not counted yet is unknown, not nothing.
    Some(read(&line.hard)?.saturating_sub(read(line.used.as_deref()?)?))
}

fn demand(plan: &Planned, namespace: &str) -> Demand {
    let mut sum = Demand::default();
    for object in plan.objects.iter().filter(|object| object.reference().namespace.as_deref() == Some(namespace)) {
        let Some((_, spec)) = object.pod() else { continue };
        let replicas = replicas(object);
        sum.requests += pod_amount(spec, "requests") * replicas;
        sum.limits += pod_amount(spec, "limits") * replicas;
        sum.pods += replicas;
    }
    if plan.pods == 0 {
        return Demand::default();
    }
    let at_most = |a: Amount, b: Amount| Amount { cpu_millis: a.cpu_millis.min(b.cpu_millis), memory_bytes: a.memory_bytes.min(b.memory_bytes) };
    Demand { requests: at_most(sum.requests, plan.requests), limits: sum.limits, pods: sum.pods.min(u64::from(plan.pods)) }
}

fn replicas(object: &Object) -> u64 {
    object.manifest().pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1)
}
