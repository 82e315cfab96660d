//! RBC-012: bindings name roles and accounts that exist.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Source, World};
use serde_json::Value;

use super::default_roles;
use super::grants::{Binding, Rights, RoleName};
use super::scope::{self, RIGHTS};
use super::subject::Holder;
use crate::described::{Described, Resting};
use crate::live;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-012",
        title: "bindings name roles and accounts that exist",
        severity: Severity::Low,
        promises: &["P2"],
        explanation: "The role and the ServiceAccounts that each RoleBinding and ClusterRoleBinding names. The account default of each namespace exists. Of a cluster all roles were read; of files roles that every cluster has exist, and so does each ClusterRole called system:…, and another role or account may stand elsewhere: then the finding is a warning.",
        remedy: "Take the binding away, or make what it names. Whoever may make it later gets the rights that already wait for it.",
    },
    expected: "the role exists, and so do the accounts",
    why: "who makes the missing role or account is given its rights without anybody deciding it",
};

/// The check.
pub(crate) struct Dangling;

impl Check for Dangling {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        let mut needs = scope::needs();
        needs.push(live::need("v1", "ServiceAccount"));
        needs
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        scope::judged(&TEXTS, given, "no binding concerns the installation", |rights| {
            let accounts = match live::objects(given, "ServiceAccount") {
                Ok(accounts) => accounts,
                Err(reason) => return vec![TEXTS.unverified(RIGHTS, reason)],
            };
            let exists = |namespace: &str, name: &str| name == "default" || accounts.iter().any(|account| account.object.name == name && live::namespace(account) == namespace);
            let others = rights.bindings.iter().filter(|binding| !binding.is_default && scope::concerns(given, binding));
            others.map(|binding| judge(given, rights, binding, &exists)).collect()
        })
    }
}

/// Whether there is a role; where not all were read, one of every cluster is there too, and who knows which system roles.
fn exists_role(given: &Snapshot, rights: &Rights<'_>, role: &RoleName) -> bool {
    let is_of_every_cluster = || role.namespace.is_none() && (role.name.starts_with("system:") || default_roles::is_known(&role.name));
    rights.has(role) || given.source == Source::Files && is_of_every_cluster()
}

fn judge(given: &Snapshot, rights: &Rights<'_>, binding: &Binding<'_>, exists: &dyn Fn(&str, &str) -> bool) -> Finding {
    let mut found = Vec::new();
    if !exists_role(given, rights, &binding.role) {
        found.push(Violation { path: "/roleRef/name".into(), value: Value::from(binding.role.name.as_str()), detail: format!("there is no role {}", binding.role.name) });
    }
    for (index, holder) in binding.strangers() {
        let Holder::Account { namespace, name } = holder else { continue };
        // Of a cluster only accounts of the installation's namespaces were read.
        let is_known = given.source == Source::Files || given.world.namespaces.contains(namespace);
        if is_known && !exists(namespace, name) {
            found.push(Violation { path: format!("/subjects/{index}/name"), value: Value::from(name.as_str()), detail: format!("there is no {holder}") });
        }
    }
    let details: Vec<&str> = found.iter().map(|violation| violation.detail.as_str()).collect();
    match given.source {
        _ if found.is_empty() => TEXTS.pass(binding.given, TEXTS.expected),
        Source::Files => TEXTS.warn(Severity::Low, binding.given, details.join("; ")).seen(binding.given, &found),
        Source::Cluster => TEXTS.fail(binding.given, details.join("; ")).seen(binding.given, &found),
    }
}
