//! RBC-002: no rule has a wildcard.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};
use serde_json::Value;

use super::grants::{Rights, Role};
use super::rule::Rule;
use super::scope::{self, Allowed};
use crate::described::{Described, Resting};
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-002",
        title: "no role has a wildcard",
        severity: Severity::High,
        promises: &["P2", "P12"],
        explanation: "`*` in verbs, resources, apiGroups, or nonResourceURLs of any rule of a Role or ClusterRole. A role that somebody holds fails, one that nobody holds is warned of. Roles that Kubernetes makes itself are left out.",
        remedy: "Name what is needed. What must stay is named in the parameter RBC.allow.",
    },
    expected: "verbs, resources, API groups, and paths are named",
    why: "a wildcard also grants what will be added later, by a new version or another operator",
};

/// The check.
pub(crate) struct Wildcards;

impl Check for Wildcards {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        scope::needs()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let allowed = Allowed::of(profile);
        scope::judged(&TEXTS, given, "no role concerns the installation", |rights| {
            // An aggregating role has no rules of its own; those of the roles that it gathers are judged there.
            let own = rights.roles.iter().filter(|role| !role.is_default && !role.is_aggregating());
            own.flat_map(|role| judge(given, rights, role, &allowed)).collect()
        })
    }
}

fn judge(given: &Snapshot, rights: &Rights<'_>, role: &Role<'_>, allowed: &Allowed<'_>) -> Vec<Finding> {
    let bindings: Vec<_> = rights.bindings_of(role).collect();
    let ours: Vec<_> = bindings.iter().filter(|binding| scope::concerns(given, binding)).collect();
    if ours.is_empty() && (!bindings.is_empty() || !scope::concerns_unheld(given, role)) {
        return Vec::new();
    }
    let found: Vec<Violation> = role.rules.iter().enumerate().flat_map(|(index, rule)| wildcards(&role.given.manifest, index, rule)).collect();
    if found.is_empty() {
        return vec![TEXTS.pass(role.given, TEXTS.expected)];
    }
    if allowed.has_object(&role.given.object) || (!ours.is_empty() && ours.iter().all(|binding| allowed.has_binding(binding))) {
        return vec![TEXTS.pass(role.given, "named in RBC.allow")];
    }
    let holders = scope::words(ours.iter().flat_map(|binding| &binding.holders));
    let finding = |violation: Violation| {
        let finding = if ours.is_empty() {
            TEXTS.warn(TEXTS.spec.severity, role.given, format!("{}; nobody holds it", violation.detail))
        } else {
            TEXTS.fail(role.given, format!("{}; held by {holders}", violation.detail))
        };
        finding.seen(role.given, &[violation])
    };
    found.into_iter().map(finding).collect()
}

fn wildcards(manifest: &Value, index: usize, rule: &Rule) -> Vec<Violation> {
    let lists = [("verbs", &rule.verbs), ("resources", &rule.resources), ("apiGroups", &rule.api_groups), ("nonResourceURLs", &rule.non_resource_urls)];
    let starred = lists.into_iter().filter(|(_, list)| list.iter().any(|item| item == "*"));
    let violation = |key: &str| {
        let path = format!("/rules/{index}/{key}");
        Violation { value: manifest.pointer(&path).cloned().unwrap_or(Value::Null), path, detail: format!("rule {index} has * in {key}") }
    };
    starred.map(|(key, _)| violation(key)).collect()
}
