//! RBC-007: nothing is granted to everybody.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use super::default_roles;
use super::grants::{Binding, Rights};
use super::scope::{self, Allowed};
use super::subject::{ANONYMOUS, AUTHENTICATED, Holder, UNAUTHENTICATED};
use super::system_roles::DISCOVERY;
use crate::described::{Described, Resting};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-007",
        title: "nothing is granted to everybody",
        severity: Severity::Critical,
        promises: &["P2", "P12"],
        explanation: "Bindings that name the user system:anonymous or the groups system:unauthenticated or system:authenticated. Bindings that Kubernetes makes itself, and bindings to the discovery roles that it grants to everybody, are left out as long as nothing was added to these roles.",
        remedy: "Name the users, groups, or service accounts that need the role. What must stay is named in the parameter RBC.allow.",
    },
    expected: "no binding but Kubernetes' own names anonymous users or all users",
    why: "whoever reaches the API server has these rights: every pod of every tenant, and without a login the whole network",
};

/// The check.
pub(crate) struct Everybody;

impl Check for Everybody {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        scope::needs()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let allowed = Allowed::of(profile);
        scope::judged(&TEXTS, given, "there are no bindings but those of Kubernetes", |rights| {
            // Tenants are authenticated: what is granted to all of them anywhere concerns the installation.
            rights.bindings.iter().filter(|binding| !binding.is_default).map(|binding| judge(rights, binding, &allowed)).collect()
        })
    }
}

fn judge(rights: &Rights<'_>, binding: &Binding<'_>, allowed: &Allowed<'_>) -> Finding {
    let is_everybody = |holder: &Holder| match holder {
        Holder::User(name) => name == ANONYMOUS,
        Holder::Group(name) => name == UNAUTHENTICATED || name == AUTHENTICATED,
        Holder::Account { .. } => false,
    };
    let meant: Vec<(usize, &Holder)> = binding.strangers().filter(|(_, holder)| is_everybody(holder) && !allowed.has_holder(holder)).collect();
    let role = &binding.role;
    let is_as_made = || default_roles::is_as_made(&role.name, &rights.rules_of(role));
    let is_discovery = role.namespace.is_none() && DISCOVERY.contains(&role.name.as_str()) && is_as_made();
    if meant.is_empty() || is_discovery || allowed.has_object(&binding.given.object) {
        return TEXTS.pass(binding.given, TEXTS.expected);
    }
    TEXTS.fail(binding.given, format!("{} has the role {}", scope::words(meant.iter().map(|(_, holder)| *holder)), binding.role.name)).seen(binding.given, &scope::subjects(&meant))
}
