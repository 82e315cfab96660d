//! NET-001: in every namespace of the installation nothing connects in or out unless a policy names it.
//!
//! Network policies only ever add: a pod is closed in a direction as soon as one policy selects it for that direction,
//! and opened by every rule of every such policy (Kubernetes documentation, "Network Policies"). So a namespace is closed
//! when a policy without rules selects all of its pods for that direction and no policy there has a rule without limits.

use airlock_model::{Check, CheckSpec, Finding, Need, ObjectRef, Profile, Reason, Severity, Snapshot, SnapshotObject, Subject, World};
use serde_json::Value;

use crate::described::{Described, Resting};
use crate::live;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "NET-001",
        title: "every namespace is closed in both directions by default",
        severity: Severity::High,
        promises: &["P3", "P12"],
        explanation: "The NetworkPolicies of each namespace of the installation: one without rules must select all pods for ingress, one for egress (it may be the same), and no policy may have a rule without peers and ports, which would open everything again. Whether the cluster enforces policies at all is NET-010.",
        remedy: "Run `airlock install` again: it puts its policies back. A policy that opens everything was made by somebody else; ask its owner to narrow it.",
    },
    expected: "all pods selected for Ingress and Egress by a policy without rules; no rule that allows everything",
    why: "a pod that somebody adds could be reached by, or could reach, everything in the cluster and beyond",
};

/// The check.
pub(crate) struct DefaultDeny;

impl Check for DefaultDeny {
    fn spec(&self) -> &CheckSpec {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("networking.k8s.io/v1", "NetworkPolicy")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        match live::objects(given, "NetworkPolicy") {
            Err(reason) => vec![TEXTS.unverified("all namespaces", reason)],
            Ok(_) if given.world.namespaces.is_empty() => vec![TEXTS.not_applicable("all namespaces", Reason::NoSubject, "nothing of the files runs in a namespace")],
            Ok(policies) => given.world.namespaces.iter().flat_map(|namespace| judge(namespace, &policies)).collect(),
        }
    }
}

/// A direction: its name in `policyTypes` and the key of its rules.
const DIRECTIONS: [(&str, &str); 2] = [("Ingress", "ingress"), ("Egress", "egress")];

fn judge(namespace: &str, policies: &[&SnapshotObject]) -> Vec<Finding> {
    let here = || policies.iter().filter(|live| live::namespace(live) == namespace);
    let subject = Subject::from(&ObjectRef::cluster("v1", "Namespace", namespace));
    let mut findings = Vec::new();
    for (direction, key) in DIRECTIONS {
        for live in here() {
            if let Some(index) = open_rule(&live.manifest, direction, key) {
                let rule = Violation { path: format!("/spec/{key}/{index}"), value: Value::Object(serde_json::Map::new()), detail: String::new() };
                findings.push(TEXTS.fail(*live, format!("its {key} rule {index} allows everything")).seen(live, &[rule]));
            }
        }
    }
    let missing: Vec<&str> = DIRECTIONS.iter().filter(|(direction, key)| !here().any(|live| denies(&live.manifest, direction, key))).map(|(direction, _)| *direction).collect();
    findings.push(if missing.is_empty() {
        TEXTS.pass(subject, format!("closed in both directions; {} policies", here().count()))
    } else {
        TEXTS.fail(subject, format!("not closed by default for {}", missing.join(" and ")))
    });
    findings
}

/// Whether the policy applies to a direction. Without `policyTypes` it does for ingress, and for egress if it has such rules.
fn applies(manifest: &Value, direction: &str, key: &str) -> bool {
    match manifest.pointer("/spec/policyTypes").and_then(Value::as_array) {
        Some(types) => types.iter().any(|name| name.as_str() == Some(direction)),
        None => direction == "Ingress" || !rules(manifest, key).is_empty(),
    }
}

fn rules<'a>(manifest: &'a Value, key: &str) -> &'a [Value] {
    manifest.pointer("/spec").and_then(|spec| spec.get(key)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.values().all(|inner| is_empty(Some(inner))),
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    }
}

/// An empty selector selects all pods. A policy without a spec selects none that could be told.
fn denies(manifest: &Value, direction: &str, key: &str) -> bool {
    let Some(spec) = manifest.get("spec") else { return false };
    is_empty(spec.get("podSelector")) && applies(manifest, direction, key) && rules(manifest, key).is_empty()
}

/// The place of a rule that names neither peers nor ports.
fn open_rule(manifest: &Value, direction: &str, key: &str) -> Option<usize> {
    if !applies(manifest, direction, key) {
        return None;
    }
    rules(manifest, key).iter().position(|rule| ["from", "to", "ports"].iter().all(|part| is_empty(rule.get(part))))
}
