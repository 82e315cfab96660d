//! RBC-011: operators of the platform have no more rights than were declared.
//!
//! Each live rule is asked for, request by request, of the bindings that the plan declares. Fewer rights than those are not
//! this check's matter: what was taken away is EVD-002's.

use std::collections::BTreeMap;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, SnapshotObject, World};
use serde_json::Value;

use super::grants::{Binding, Rights};
use super::rule::{Request, Rule};
use super::scope::{self, Allowed, RIGHTS};
use super::subject::Holder;
use crate::described::{Described, Resting};
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-011",
        title: "operators of the platform have no more rights than were declared",
        severity: Severity::Medium,
        promises: &["P2", "P12"],
        explanation: "Each binding, in the installation's namespaces or in the whole cluster, that names a ServiceAccount of these namespaces or a group of them (system:serviceaccounts, system:serviceaccounts:NAMESPACE), with every rule of its role as it is now. Each must be covered by what the installed plan declares for the same account at the same place: a wildcard by a wildcard alone, a rule without resourceNames by one without, a right in the whole cluster by a ClusterRoleBinding. An account of which the plan declares nothing holds nothing. Left out are bindings that Kubernetes makes itself, those that OpenShift makes in every namespace for pulling and building images, and what everybody is granted, which RBC-007 judges; bindings in namespaces of others are not read.",
        remedy: "Take the binding away. A role of the plan that was widened is told by EVD-002, too: `airlock install` and `airlock deployment apply` put its rules back. What must stay is named in the parameter RBC.allow, by binding, role, or account.",
    },
    expected: "accounts of the installation hold what the installed plan declares, and no more",
    why: "whoever takes the program of such an account over may do what nobody has looked at",
};

/// The check.
pub(crate) struct Operators;

impl Check for Operators {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        scope::needs()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let allowed = Allowed::of(profile);
        let rendered: Vec<SnapshotObject> = given.world.declared_rights.iter().map(SnapshotObject::from).collect();
        let declared = Rights::of(rendered.iter());
        scope::judged(&TEXTS, given, "no binding names accounts of the installation", |live| {
            if let Some((object, reason)) = declared.unread.first() {
                return vec![TEXTS.unverified(RIGHTS, format!("what was declared cannot be read: {}: {reason}", object.object))];
            }
            let bindings = live.bindings.iter().filter(|binding| !binding.is_default && !is_of_openshift(binding));
            bindings.filter_map(|binding| judge(given, live, &declared, binding, &allowed)).collect()
        })
    }
}

/// None: the binding names no account of the installation.
fn judge(given: &Snapshot, live: &Rights<'_>, declared: &Rights<'_>, binding: &Binding<'_>, allowed: &Allowed<'_>) -> Option<Finding> {
    let ours: Vec<(usize, &Holder)> = binding.strangers().filter(|(_, holder)| scope::is_ours(given, holder)).collect();
    if ours.is_empty() {
        return None;
    }
    if live.unread.iter().any(|(object, _)| binding.role.is_of(&object.object)) {
        return Some(TEXTS.unverified(binding.given, format!("its role {} could not be read", binding.role.name)));
    }
    let Some(role) = live.roles.iter().find(|role| role.is(&binding.role)) else {
        return Some(TEXTS.pass(binding.given, format!("there is no role {}, so that it grants nothing", binding.role.name)));
    };
    let exceeding: Vec<(usize, &Holder, String)> = ours.iter().filter_map(|(index, holder)| Some((*index, *holder, excess(declared, holder, &role.rules, binding.namespace())?))).collect();
    if exceeding.is_empty() {
        return Some(TEXTS.pass(binding.given, format!("{} may what was declared", scope::words(ours.iter().map(|(_, holder)| *holder)))));
    }
    let by = format!("{} {}", role.given.object.kind, binding.role.name);
    let is_named = allowed.has_object(&binding.given.object) || allowed.has_object(&role.given.object);
    let strangers: Vec<&(usize, &Holder, String)> = exceeding.iter().filter(|(_, holder, _)| !is_named && !allowed.has_holder(holder)).collect();
    if strangers.is_empty() {
        let holders = scope::words(exceeding.iter().map(|(_, holder, _)| *holder));
        return Some(TEXTS.pass(binding.given, format!("{holders} may more than was declared by {by}, as RBC.allow says")));
    }
    let mut told: BTreeMap<&str, Vec<&Holder>> = BTreeMap::new();
    for (_, holder, more) in &strangers {
        told.entry(more).or_default().push(holder);
    }
    let told: Vec<String> = told.into_iter().map(|(more, holders)| format!("{} may also {more}", scope::words(holders.into_iter()))).collect();
    let place = binding.namespace().map_or_else(|| "the whole cluster".to_owned(), |namespace| format!("namespace {namespace}"));
    let named: Vec<(usize, &Holder)> = strangers.iter().map(|(index, holder, _)| (*index, *holder)).collect();
    let mut fields = scope::subjects(&named);
    fields.push(Violation { path: "/roleRef/name".into(), value: Value::from(binding.role.name.as_str()), detail: String::new() });
    Some(TEXTS.fail(binding.given, format!("{} in {place}, by {by}", told.join("; "))).seen(binding.given, &fields))
}

/// What rules allow a holder at a place that was not declared, in words; none: nothing.
fn excess(declared: &Rights<'_>, holder: &Holder, rules: &[Rule], namespace: Option<&str>) -> Option<String> {
    let mut verbs: Vec<(String, Vec<&str>)> = Vec::new();
    for request in rules.iter().flat_map(|rule| rule.requests(namespace)).filter(|request| declared.may(holder, request).is_none()) {
        let (verb, what) = of_request(&request);
        match verbs.iter_mut().find(|(known, _)| *known == what) {
            Some((_, known)) if known.contains(&verb) => {}
            Some((_, known)) => known.push(verb),
            None => verbs.push((what, vec![verb])),
        }
    }
    let said: Vec<String> = verbs.iter().take(SHOWN).map(|(what, verbs)| format!("{} {what}", verbs.join(", "))).collect();
    match verbs.len().saturating_sub(SHOWN) {
        _ if said.is_empty() => None,
        0 => Some(said.join("; ")),
        more => Some(format!("{}; and {more} more", said.join("; "))),
    }
}

/// How much of what is too much is told by name.
const SHOWN: usize = 5;

/// Verb and object of a request, these as `airlock requirements` writes them: `deployments.apps`.
fn of_request<'r>(request: &Request<'r>) -> (&'r str, String) {
    match *request {
        Request::Path { verb, path } => (verb, path.to_owned()),
        Request::Resource { verb, group, resource, name, .. } => {
            let group = if group.is_empty() { String::new() } else { format!(".{group}") };
            (verb, format!("{resource}{group}{}", name.map(|name| format!(" named {name}")).unwrap_or_default()))
        }
    }
}

/// Whether it is one of the three bindings that `OpenShift` keeps in every namespace (its documentation, "Default project service
/// accounts and roles"), as it makes it.
fn is_of_openshift(binding: &Binding<'_>) -> bool {
    let Some(own) = binding.namespace() else { return false };
    let account = |name: &str| Holder::Account { namespace: own.to_owned(), name: name.to_owned() };
    let holder = match (binding.given.object.name.as_str(), binding.role.name.as_str()) {
        ("system:image-pullers", "system:image-puller") => Holder::Group(format!("system:serviceaccounts:{own}")),
        ("system:image-builders", "system:image-builder") => account("builder"),
        ("system:deployers", "system:deployer") => account("deployer"),
        _ => return false,
    };
    binding.role.namespace.is_none() && binding.holders == [holder]
}
