//! What Kubernetes makes itself: the roles and bindings of `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`, v1.28 to v1.37.
//!
//! They are known by name and content. Their label is anybody's to set, and at its start the API server puts back what is missing
//! and leaves what somebody added (Kubernetes documentation, "Auto-reconciliation").

use airlock_model::SnapshotObject;
use serde_json::json;

use super::default_roles;
use super::grants::Binding;
use super::rule::Rule;
use super::subject::{ANONYMOUS, Holder};
use crate::live;

const SYSTEM: &str = "kube-system";

/// The namespaces that roles and bindings are made in (`namespace_policy.go`).
const PLACES: [&str; 2] = [SYSTEM, "kube-public"];

/// The one role without `system:` but `cluster-admin`, which is bound by another name than its own (`namespace_policy.go`).
const READER: &str = "extension-apiserver-authentication-reader";

/// Whom a binding names (`policy.go`); one of a controller names the account that is called as it (`controller_policy.go`).
const HOLDERS: [(&str, &[&str]); 13] = [
    ("cluster-admin", &["Group/system:masters"]),
    ("system:basic-user", &["Group/system:authenticated"]),
    ("system:cluster-trust-bundle-discovery", &["Group/system:serviceaccounts"]),
    ("system:discovery", &["Group/system:authenticated"]),
    ("system:kube-controller-manager", &["User/system:kube-controller-manager"]),
    ("system:kube-dns", &["ServiceAccount/kube-system/kube-dns"]),
    ("system:kube-scheduler", &["User/system:kube-scheduler"]),
    ("system:monitoring", &["Group/system:monitoring"]),
    ("system:node", &[]),
    ("system:node-proxier", &["User/system:kube-proxy"]),
    ("system:public-info-viewer", &["Group/system:authenticated", "Group/system:unauthenticated"]),
    ("system:service-account-issuer-discovery", &["Group/system:serviceaccounts"]),
    ("system:volume-scheduler", &["User/system:kube-scheduler"]),
];

/// Whether a role is one of Kubernetes' own, with nothing added to it.
pub(crate) fn is_role(given: &SnapshotObject, rules: &[Rule]) -> bool {
    let name = given.object.name.as_str();
    let is_as_made = match given.manifest.get("aggregationRule") {
        // Its rules are those of others, which are judged for themselves and where it is bound.
        Some(written) if !written.is_null() => {
            default_roles::GATHERING.contains(&name) && *written == json!({ "clusterRoleSelectors": [{ "matchLabels": { (default_roles::label_into(name)): "true" } }] })
        }
        _ => is_name(name) && default_roles::is_as_made(name, rules),
    };
    is_labelled(given) && is_as_made && (given.object.kind == "ClusterRole" || given.object.namespace.as_deref().is_some_and(|namespace| PLACES.contains(&namespace)))
}

/// Whether a binding is one of Kubernetes' own, but for holders that somebody added ([`names`]).
pub(crate) fn is_binding(binding: &Binding<'_>) -> bool {
    let (name, role) = (binding.given.object.name.as_str(), &binding.role);
    let is_place = match binding.namespace() {
        None => true,
        Some(namespace) => PLACES.contains(&namespace) && role.namespace.as_deref() == Some(namespace),
    };
    let is_of_role = role.name == name || role.name == READER && name.strip_prefix("system::") == Some(READER);
    is_labelled(binding.given) && is_name(name) && is_place && is_of_role
}

/// Whether Kubernetes' own binding by this name names a holder. One that is not known here, of a later version or of a
/// distribution, may name accounts of kube-system and users of the control plane: nobody of a tenant and nobody from outside.
pub(crate) fn names(binding: &str, holder: &Holder) -> bool {
    if let Some((_, holders)) = HOLDERS.iter().find(|(name, _)| *name == binding) {
        return holders.contains(&holder.to_string().as_str());
    }
    match (binding.strip_prefix("system:controller:"), holder) {
        (Some(controller), Holder::Account { namespace, name }) => namespace == SYSTEM && name == controller,
        (None, Holder::Account { namespace, .. }) => namespace == SYSTEM,
        (None, Holder::User(name)) => name.starts_with("system:") && name != ANONYMOUS,
        _ => false,
    }
}

fn is_name(name: &str) -> bool {
    name == "cluster-admin" || name == READER || name.starts_with("system:")
}

fn is_labelled(given: &SnapshotObject) -> bool {
    live::labels(&given.manifest).get("kubernetes.io/bootstrapping").is_some_and(|value| value == "rbac-defaults")
}
