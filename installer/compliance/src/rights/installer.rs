//! RBC-010: who installed has given the rights back.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};
use serde_json::Value;

use super::grants::Binding;
use super::scope::{self, Allowed};
use crate::described::{Described, Resting};
use crate::parameter::texts;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-010",
        title: "who installed has given the rights back",
        severity: Severity::High,
        promises: &["P2"],
        explanation: "Bindings that name a user, group, or ServiceAccount of the parameter RBC-010.installer, in the installation's namespaces or in the whole cluster. What these keep after an install is named in RBC.allow, by binding or role. Airlock has no account of its own in the cluster that installs, so that without the parameter nothing is looked at.",
        remedy: "Delete the binding, and make it again before the next change: the plan of that change names the rights that are missing (RGT-001).",
    },
    expected: "no binding names who installed, but for those in RBC.allow",
    why: "whoever takes these credentials over later changes all that was installed",
};

/// The parameter: holders as in `RBC.allow`.
pub(crate) const INSTALLER: &str = "RBC-010.installer";

/// The check.
pub(crate) struct InstallerRights;

impl Check for InstallerRights {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        scope::needs()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let (asked, allowed) = (texts(profile, INSTALLER), Allowed::of(profile));
        scope::judged(&TEXTS, given, "there are no bindings but those of Kubernetes", |rights| {
            if asked.is_empty() {
                return vec![TEXTS.not_applicable(INSTALLER, Reason::NotAsked, "it names nobody")];
            }
            let reaching = rights.bindings.iter().filter(|binding| !binding.is_default && (binding.namespace().is_none() || scope::concerns(given, binding)));
            let findings: Vec<Finding> = reaching.filter_map(|binding| judge(binding, &asked, &allowed)).collect();
            if findings.is_empty() { vec![TEXTS.pass(INSTALLER, "no binding names them")] } else { findings }
        })
    }
}

/// None: the binding names nobody of them.
fn judge(binding: &Binding<'_>, asked: &[&str], allowed: &Allowed<'_>) -> Option<Finding> {
    let meant: Vec<_> = binding.strangers().map(|(_, holder)| holder).filter(|holder| asked.contains(&holder.to_string().as_str())).collect();
    if meant.is_empty() {
        return None;
    }
    if allowed.has_object(&binding.given.object) {
        return Some(TEXTS.pass(binding.given, "it is named in RBC.allow"));
    }
    let field = Violation { path: "/subjects".into(), value: binding.given.manifest.get("subjects").cloned().unwrap_or(Value::Null), detail: String::new() };
    Some(TEXTS.fail(binding.given, format!("{} still holds {}", scope::words(meant.into_iter()), binding.role.name)).seen(binding.given, &[field]))
}
