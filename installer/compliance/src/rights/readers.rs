//! SEC-003: Secrets are read in their namespace, by whom they are for.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, Source, World};

use super::grants::{Binding, Rights};
use super::powers::READ;
use super::rule::{Request, Rule};
use super::scope::{self, Allowed};
use super::subject::Holder;
use crate::described::{Described, Resting};
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SEC-003",
        title: "Secrets are read in their namespace, by whom they are for",
        severity: Severity::High,
        promises: &["P9", "P12"],
        explanation: "Who may get, list, or watch Secrets by a binding: from the bindings to the readers, where RBC-003 goes from the roles. Of a cluster each binding that reaches a namespace of the installation; ServiceAccounts to which the installed plan gives rights pass in their own namespace, and those of the platform's namespace also in others where the rule names the Secrets (resourceNames): the renewer looks after certificates there. Of files, which nobody plans, each binding; ServiceAccounts of the binding's namespace pass, and where the rule names the Secrets those that the files make. Every other account, user, and group fails, named Secrets or not. Bindings that Kubernetes makes itself are left out, and those to cluster-admin, which RBC-001 judges.",
        remedy: "Take the binding away, or mount the Secret into the pod that needs it, which takes no right. What must stay, such as an operator that keeps Secrets of its own, is named in the parameter RBC.allow, by binding, role, or holder.",
    },
    expected: "Secrets are read by accounts that were given the right by the plan, and by no others",
    why: "whoever reads a Secret has the passwords, keys, and tokens in it, and acts as the one whom they are for",
};

/// The check.
pub(crate) struct SecretReaders;

impl Check for SecretReaders {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        scope::needs()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let allowed = Allowed::of(profile);
        scope::judged(&TEXTS, given, "no binding lets anybody read Secrets", |rights| {
            rights
                .bindings
                .iter()
                .filter(|binding| !binding.is_default && !binding.holders.is_empty() && reaches(given, binding))
                .filter_map(|binding| judge(given, rights, binding, &allowed))
                .collect()
        })
    }
}

fn reaches(given: &Snapshot, binding: &Binding<'_>) -> bool {
    given.source == Source::Files || binding.namespace().is_none_or(|own| given.world.namespaces.iter().any(|namespace| namespace == own))
}

/// Which Secrets rules let their holders read.
enum Readable {
    All,
    Named(Vec<String>),
}

fn readable(rules: &[Rule]) -> Option<Readable> {
    let reads = |rule: &Rule, name: Option<&str>| READ.iter().any(|verb| rule.allows(&Request::Resource { verb, group: "", resource: "secrets", name, namespace: None }));
    if rules.iter().any(|rule| reads(rule, None)) {
        return Some(Readable::All);
    }
    let mut named: Vec<String> = rules.iter().flat_map(|rule| rule.resource_names.iter().filter(|name| reads(rule, Some(name)))).cloned().collect();
    named.sort_unstable();
    named.dedup();
    (!named.is_empty()).then_some(Readable::Named(named))
}

fn judge(given: &Snapshot, rights: &Rights<'_>, binding: &Binding<'_>, allowed: &Allowed<'_>) -> Option<Finding> {
    if binding.role.namespace.is_none() && binding.role.name == "cluster-admin" {
        return None;
    }
    let readable = readable(&rights.rules_of(&binding.role))?;
    let place = binding.namespace().map_or_else(|| "every namespace".to_owned(), |namespace| format!("namespace {namespace}"));
    let what = match &readable {
        Readable::All => format!("every Secret of {place}"),
        Readable::Named(names) => format!("{} of {place}", names.join(", ")),
    };
    if allowed.has_binding(binding) {
        return Some(TEXTS.pass(binding.given, format!("{} read {what}, as RBC.allow says", scope::words(binding.holders.iter()))));
    }
    let strangers: Vec<(usize, &Holder)> = binding.strangers().filter(|(_, holder)| !allowed.has_holder(holder) && !is_meant(given, binding, &readable, holder)).collect();
    if strangers.is_empty() {
        return Some(TEXTS.pass(binding.given, format!("{} read {what}", scope::words(binding.holders.iter()))));
    }
    Some(TEXTS.fail(binding.given, format!("{} may read {what}", scope::words(strangers.iter().map(|(_, holder)| *holder)))).seen(binding.given, &scope::subjects(&strangers)))
}

/// Whether the Secrets of a place are for somebody.
fn is_meant(given: &Snapshot, binding: &Binding<'_>, readable: &Readable, holder: &Holder) -> bool {
    let Holder::Account { namespace, name } = holder else { return false };
    let is_own = binding.namespace() == Some(namespace.as_str());
    let is_named = matches!(readable, Readable::Named(_));
    match given.source {
        Source::Files => is_own || is_named && is_made(given, namespace, name),
        Source::Cluster => given.world.accounts_with_rights.contains(&format!("{namespace}/{name}")) && (is_own || is_named && *namespace == given.world.platform),
    }
}

fn is_made(given: &Snapshot, namespace: &str, name: &str) -> bool {
    live::objects(given, "ServiceAccount").is_ok_and(|accounts| accounts.iter().any(|account| account.object.namespace.as_deref() == Some(namespace) && account.object.name == name))
}
