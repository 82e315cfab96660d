//! RBC-001: nobody but those who are named has all rights.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};
use serde_json::Value;

use super::grants::{Binding, Rights};
use super::rule::{Request, Rule};
use super::scope::{self, Allowed};
use super::subject::{Holder, MASTERS};
use crate::described::{Described, Resting};
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-001",
        title: "nobody but those who are named has all rights",
        severity: Severity::Critical,
        promises: &["P2", "P12"],
        explanation: "Bindings to cluster-admin, bindings to any role that allows every verb on every resource of every group, and bindings that name the group system:masters, in a namespace or in the whole cluster. The binding that Kubernetes makes itself, for system:masters, is left out, but not who was added to it; holders, bindings, and roles in the parameter RBC.allow pass.",
        remedy: "Bind a role with the rights that are needed instead. Who must have all of them is named in the parameter RBC.allow.",
    },
    expected: "all rights are held only by those in RBC.allow",
    why: "holders read every Secret, change every object, and undo every control",
};

/// The check.
pub(crate) struct Administrators;

impl Check for Administrators {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        scope::needs()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let allowed = Allowed::of(profile);
        scope::judged(&TEXTS, given, "there are no bindings but those of Kubernetes", |rights| {
            let others = rights.bindings.iter().filter(|binding| !binding.is_default && !binding.holders.is_empty());
            // Who has all rights in the cluster has them in the installation's namespaces too.
            let reaching = others.filter(|binding| binding.namespace().is_none() || scope::concerns(given, binding));
            reaching.map(|binding| judge(rights, binding, &allowed)).collect()
        })
    }
}

fn judge(rights: &Rights<'_>, binding: &Binding<'_>, allowed: &Allowed<'_>) -> Finding {
    let master = Holder::Group(MASTERS.to_owned());
    let is_all = binding.role.namespace.is_none() && binding.role.name == "cluster-admin" || rights.rules_of(&binding.role).iter().any(is_everything);
    let meant: Vec<&Holder> = binding.strangers().map(|(_, holder)| holder).filter(|holder| (is_all || **holder == master) && !allowed.has_holder(holder)).collect();
    if meant.is_empty() || allowed.has_object(&binding.given.object) {
        return TEXTS.pass(binding.given, if is_all { "its holders are named in RBC.allow" } else { "it grants some rights, not all" });
    }
    let place = binding.namespace().map_or_else(|| "the cluster".to_owned(), |namespace| format!("namespace {namespace}"));
    let field = Violation { path: "/roleRef/name".into(), value: Value::from(binding.role.name.as_str()), detail: String::new() };
    TEXTS.fail(binding.given, format!("{} may do everything in {place}, by {}", scope::words(meant.into_iter()), binding.role.name)).seen(binding.given, &[field])
}

/// A request that only a rule of stars allows.
fn is_everything(rule: &Rule) -> bool {
    rule.allows(&Request::Resource { verb: "*", group: "*", resource: "*", name: None, namespace: None })
}
