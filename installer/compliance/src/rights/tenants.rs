//! RBC-008: no service account of a tenant has a right in the whole cluster.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};
use serde_json::Value;

use super::grants::Binding;
use super::scope::{self, Allowed};
use super::subject::Holder;
use crate::described::{Described, Resting};
use crate::live;
use crate::network::Tenancy;
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "RBC-008",
        title: "no account of a tenant has rights in the whole cluster",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "ClusterRoleBindings that name a ServiceAccount of a tenant's namespace, the group of all its accounts, or the group of all accounts of the cluster, whatever the role. Tenants are the namespaces with the label airlock-platform.io/tenant, or those that the parameters network.tenantSelector and network.tenantNamespaces name.",
        remedy: "Bind the role in the tenant's namespace, by a RoleBinding. What must stay is named in the parameter RBC.allow.",
    },
    expected: "accounts of tenants hold roles of their own namespace alone",
    why: "what a tenant runs reaches objects of other tenants and of the platform",
};

/// The check.
pub(crate) struct TenantAccounts;

impl Check for TenantAccounts {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        let mut needs = scope::needs();
        needs.push(live::need("v1", "Namespace"));
        needs
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let tenancy = match Tenancy::of(profile, given) {
            Ok(tenancy) => tenancy,
            Err(unseen) => return TEXTS.unseen("tenants", unseen),
        };
        let allowed = Allowed::of(profile);
        let judge = |binding: &Binding<'_>| {
            let is_tenant = |holder: &&Holder| tenancy.namespaces().any(|namespace| holder.reaches(namespace)) && !allowed.has_holder(holder);
            let meant: Vec<_> = binding.strangers().map(|(_, holder)| holder).filter(is_tenant).collect();
            if meant.is_empty() || allowed.has_object(&binding.given.object) {
                TEXTS.pass(binding.given, "it names no account of a tenant")
            } else {
                let field = Violation { path: "/subjects".into(), value: binding.given.manifest.get("subjects").cloned().unwrap_or(Value::Null), detail: String::new() };
                TEXTS.fail(binding.given, format!("{} holds {} in the whole cluster", scope::words(meant.into_iter()), binding.role.name)).seen(binding.given, &[field])
            }
        };
        scope::judged(&TEXTS, given, "nobody but Kubernetes has rights in the whole cluster", |rights| {
            rights.bindings.iter().filter(|binding| !binding.is_default && binding.namespace().is_none()).map(judge).collect()
        })
    }
}
