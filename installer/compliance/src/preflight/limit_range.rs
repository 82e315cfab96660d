//! QTA-002: containers and pods of the plan stay within the limit ranges of their namespaces.
//!
//! Limit ranges are applied to pods, not to the workloads that make them, so the dry run of a Deployment is admitted and
//! its pods are refused later. Lines are named `Container.max.memory`: what is limited, how, and which resource.

use airlock_model::{Amount, CheckSpec, Finding, Object, Quota, Reason, Severity, Snapshot, quantity, quantity_millis};
use serde_json::Value;

use super::pod_amount::{container_amount, pod_amount};
use super::{Judged, Preflight, either, facts, known, planned};
use crate::described::Described;

pub(super) static LIMITS: Preflight = Preflight {
    described: Described {
        spec: CheckSpec {
            id: "QTA-002",
            title: "the limit ranges admit the plan's pods",
            severity: Severity::High,
            promises: &["P2"],
            explanation: "Each LimitRange in a namespace of the plan: max and min of CPU and memory for containers and pods, against limits and requests of the plan's pod templates. Ratios and volume claims are not judged.",
            remedy: "Ask the owner of the limit range to widen the line named above, or set `components.<name>.resources` in the answers to values within it.",
        },
        expected: "limits at most max, requests at least min",
        why: "the workload would be admitted and its pods refused, one after the other, without end",
    },
    judge: |check, given| either(limits(check, given)),
};

fn limits(check: &Described, given: &Snapshot) -> Judged<Vec<Finding>> {
    let plan = planned(check, given)?;
    let all = known(check, "limit ranges", &facts(check, given)?.quotas)?;
    let ours: Vec<&Quota> = all.iter().filter(|quota| quota.kind == "LimitRange" && plan.namespaces.contains(&quota.namespace)).collect();
    if ours.is_empty() {
        return Ok(vec![check.not_applicable("limit ranges", Reason::NoSubject, "no namespace of the plan has one")]);
    }
    Ok(ours.into_iter().map(|range| judge(check, range, &plan.objects)).collect())
}

fn judge(check: &Described, range: &Quota, objects: &[Object]) -> Finding {
    let subject = format!("LimitRange {}/{}", range.namespace, range.name);
    let (mut outside, mut unread, mut count) = (Vec::new(), Vec::new(), 0);
    for object in objects.iter().filter(|object| object.reference().namespace.as_ref() == Some(&range.namespace)) {
        let Some((_, spec)) = object.pod() else { continue };
        count += 1;
        for (name, line) in &range.limits {
            match Line::read(name, &line.hard) {
                Ok(Some(line)) => outside.extend(line.refuses(spec).into_iter().map(|what| format!("{} {}: {what}", object.reference().kind, object.reference().name))),
                Ok(None) => {}
                Err(text) => unread.push(text),
            }
        }
    }
    if !outside.is_empty() {
        check.fail(subject, outside.join("; "))
    } else if !unread.is_empty() {
        check.unverified(subject, format!("cannot be read: {}", unread.join("; ")))
    } else {
        check.pass(subject, format!("{count} pod templates stay within it"))
    }
}

/// A line that is judged.
struct Line<'a> {
    name: &'a str,
    hard: &'a str,
    of_pod: bool,
    is_max: bool,
    is_cpu: bool,
    amount: u64,
}

impl<'a> Line<'a> {
    /// None: another kind of line. An error is a quantity that is none.
    fn read(name: &'a str, hard: &'a str) -> Result<Option<Self>, String> {
        let parts: Vec<&str> = name.split('.').collect();
        let [subject @ ("Container" | "Pod"), side @ ("max" | "min"), resource @ ("cpu" | "memory")] = parts[..] else { return Ok(None) };
        let is_cpu = resource == "cpu";
        let amount = if is_cpu { quantity_millis(hard).and_then(|millis| u64::try_from(millis).ok()) } else { quantity(hard) };
        let amount = amount.ok_or_else(|| format!("{name}: {hard}"))?;
        Ok(Some(Self { name, hard, of_pod: subject == "Pod", is_max: side == "max", is_cpu, amount }))
    }

    /// The part of a pod's resources that the line is about: max holds limits, min holds requests.
    const fn part(&self) -> &'static str {
        if self.is_max { "limits" } else { "requests" }
    }

    fn refuses(&self, spec: &Value) -> Vec<String> {
        if self.of_pod {
            return self.refuses_amount("the pod", pod_amount(spec, self.part())).into_iter().collect();
        }
        let lists = ["initContainers", "containers"].into_iter().filter_map(|list| spec.get(list)?.as_array()).flatten();
        lists
            .filter_map(|container| {
                let name = container.get("name").and_then(Value::as_str).unwrap_or("(unnamed)");
                self.refuses_amount(&format!("container {name}"), container_amount(container, self.part()))
            })
            .collect()
    }

    fn refuses_amount(&self, who: &str, amount: Amount) -> Option<String> {
        let has = if self.is_cpu { amount.cpu_millis } else { amount.memory_bytes };
        let is_outside = if self.is_max { has > self.amount } else { has < self.amount };
        let shown = if self.is_cpu { format!("{has}m") } else { format!("{}Mi", has.div_ceil(1024 * 1024)) };
        is_outside.then(|| format!("{who} has {shown}, {} is {}", self.name, self.hard))
    }
}
