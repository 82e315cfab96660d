//! Which roles and bindings a run is about: of files all, of a cluster those that reach the installation.

use airlock_model::{Finding, Need, Profile, ReadFault, Reason, Snapshot, Source, names};
use serde_json::Value;

use super::grants::{Binding, Rights, Role, RoleName};
use super::subject::{AUTHENTICATED, Holder};
use crate::described::Described;
use crate::live::{Unseen, need};
use crate::parameter::texts;
use crate::pod_security::Violation;

/// What checks call all of it.
pub(crate) const RIGHTS: &str = "all roles and bindings";

const KINDS: [&str; 4] = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

pub(crate) fn needs() -> Vec<Need> {
    KINDS.iter().map(|kind| need("rbac.authorization.k8s.io/v1", kind)).collect()
}

/// All rights that were given. Of files what is absent is not there; of a cluster every kind must have been read.
fn rights(given: &Snapshot) -> Result<Rights<'_>, Unseen> {
    for kind in KINDS {
        match given.objects.get(kind) {
            Some(Err(reason)) => return Err(Unseen::Unread(format!("objects of kind {kind} could not be read: {reason}"))),
            None if given.source == Source::Cluster => return Err(Unseen::Unread(format!("objects of kind {kind} were not read"))),
            _ => {}
        }
    }
    let rights = Rights::read(given);
    if !rights.roles.is_empty() || !rights.bindings.is_empty() || !rights.unread.is_empty() {
        return Ok(rights);
    }
    match given.unread.iter().find(|unread| unread.fault == ReadFault::Broken) {
        Some(broken) => Err(Unseen::Unread(format!("{} could not be read", broken.file))),
        None => Err(Unseen::Nothing("there are neither roles nor bindings".to_owned())),
    }
}

/// What a check says of all rights: what could not be read is unverified, `judge` judges the rest, and where neither says
/// anything the check does not apply, since there is `nothing` to look at.
pub(crate) fn judged<'a>(check: &Described, given: &'a Snapshot, nothing: &str, judge: impl FnOnce(&Rights<'a>) -> Vec<Finding>) -> Vec<Finding> {
    let rights = match rights(given) {
        Ok(rights) => rights,
        Err(unseen) => return check.unseen(RIGHTS, unseen),
    };
    let mut findings: Vec<Finding> = rights.unread.iter().map(|(object, reason)| check.unverified(*object, reason.as_str())).collect();
    findings.extend(judge(&rights));
    if findings.is_empty() {
        findings.push(check.not_applicable(RIGHTS, Reason::NoSubject, nothing));
    }
    findings
}

/// Whether a binding is the installation's business: it grants in one of its namespaces, or to accounts there, which are also in the
/// group of all who are authenticated (Kubernetes documentation, "Authenticating", service account tokens).
pub(crate) fn concerns(given: &Snapshot, binding: &Binding<'_>) -> bool {
    let is_everybody = |holder: &Holder| matches!(holder, Holder::Group(name) if name == AUTHENTICATED);
    let is_here = |own: &str| given.world.namespaces.iter().any(|namespace| namespace == own);
    given.source == Source::Files || binding.namespace().is_some_and(is_here) || binding.strangers().any(|(_, holder)| is_ours(given, holder) || is_everybody(holder))
}

/// Whether a holder is, or holds, accounts in the installation's namespaces.
pub(crate) fn is_ours(given: &Snapshot, holder: &Holder) -> bool {
    given.world.namespaces.iter().any(|namespace| holder.reaches(namespace))
}

/// Whether a role that nobody holds is the installation's business.
pub(crate) fn concerns_unheld(given: &Snapshot, role: &Role<'_>) -> bool {
    let is_ours = || match &role.given.object.namespace {
        Some(own) => given.world.namespaces.contains(own),
        None => role.label(names::LABEL_PART_OF) == Some(names::PRODUCT),
    };
    given.source == Source::Files || is_ours()
}

/// What `RBC.allow` names: roles and bindings as `ClusterRole/name` or `Role/namespace/name`, holders as `User/name`,
/// `Group/name`, `ServiceAccount/namespace/name`.
pub(crate) struct Allowed<'a>(Vec<&'a str>);

impl<'a> Allowed<'a> {
    pub(crate) fn of(profile: &'a Profile) -> Self {
        Self(texts(profile, PARAMETER))
    }

    pub(crate) fn has_object(&self, object: &airlock_model::ObjectRef) -> bool {
        let namespace = object.namespace.as_deref().filter(|_| !object.kind.starts_with("Cluster"));
        self.has(&object.kind, namespace, &object.name)
    }

    fn has_role(&self, role: &RoleName) -> bool {
        self.has(if role.namespace.is_some() { "Role" } else { "ClusterRole" }, role.namespace.as_deref(), &role.name)
    }

    fn has(&self, kind: &str, namespace: Option<&str>, name: &str) -> bool {
        let named = namespace.map_or_else(|| format!("{kind}/{name}"), |namespace| format!("{kind}/{namespace}/{name}"));
        self.0.contains(&named.as_str())
    }

    pub(crate) fn has_holder(&self, holder: &Holder) -> bool {
        self.0.contains(&holder.to_string().as_str())
    }

    /// A binding that is named, whose role is named, or all of whose holders are.
    pub(crate) fn has_binding(&self, binding: &Binding<'_>) -> bool {
        self.has_object(&binding.given.object) || self.has_role(&binding.role) || (binding.strangers().next().is_some() && binding.strangers().all(|(_, holder)| self.has_holder(holder)))
    }
}

/// The parameter.
pub(crate) const PARAMETER: &str = "RBC.allow";

/// These subjects of a binding, each with its place, as the fields that name them.
pub(crate) fn subjects(holders: &[(usize, &Holder)]) -> Vec<Violation> {
    holders.iter().map(|(index, holder)| Violation { path: format!("/subjects/{index}/name"), value: Value::from(holder.to_string()), detail: String::new() }).collect()
}

/// Holders in words, the first few of many.
pub(crate) fn words<'a>(holders: impl Iterator<Item = &'a Holder>) -> String {
    let mut names: Vec<String> = holders.map(ToString::to_string).collect();
    names.sort_unstable();
    names.dedup();
    let shown = names.len().min(5);
    let more = if names.len() > shown { format!(" and {} more", names.len() - shown) } else { String::new() };
    names.truncate(shown);
    names.join(", ") + &more
}
