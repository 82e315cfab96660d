//! The roles that every cluster has: files may bind them without holding them. Those for people are as in the tables of the Kubernetes
//! documentation, "User-facing roles"; of the lists of resources that make no difference to any check, the groups stand.
//! Those of Kubernetes' own parts are in `system_roles`.

use super::powers::READ;
use super::rule::{Request, Rule};
use super::{powers, system_roles};
use crate::network::Labels;
use crate::network::selector::{Holds, Requirement, Selector};

/// Roles whose rules are those of all that bear [`label_into`] them (Kubernetes documentation, "Aggregated `ClusterRoles`").
pub(crate) const GATHERING: [&str; 3] = ["admin", "edit", "view"];

/// What they gather in every cluster: a role, and by whose label (`policy.go` of Kubernetes' bootstrappolicy).
pub(crate) const GATHERED: [(&str, &str); 5] =
    [("edit", "admin"), ("view", "edit"), ("system:aggregate-to-admin", "admin"), ("system:aggregate-to-edit", "edit"), ("system:aggregate-to-view", "view")];

const WRITE: &[&str] = &["create", "delete", "deletecollection", "patch", "update"];

pub(crate) fn rule(verbs: &[&str], groups: &[&str], resources: &[&str]) -> Rule {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Rule { verbs: owned(verbs), api_groups: owned(groups), resources: owned(resources), ..Rule::default() }
}

/// Whether every cluster has a role by this name, whose rules are known here.
pub(crate) fn is_known(name: &str) -> bool {
    GATHERING.contains(&name) || rules_of(name).is_some()
}

/// By what a role of every cluster gathers its rules; none: they are its own.
pub(crate) fn selector_of(name: &str) -> Option<Selector> {
    GATHERING.contains(&name).then(|| Selector(vec![Requirement { key: label_into(name), holds: Holds::In(vec!["true".to_owned()]) }]))
}

/// The labels of one that `into` gathers.
pub(crate) fn labels_into(into: &str) -> Labels {
    Labels::from([(label_into(into), "true".to_owned()), ("kubernetes.io/bootstrapping".to_owned(), "rbac-defaults".to_owned())])
}

/// The rules of a role that every cluster has; none: it is another's, or gathers them.
pub(crate) fn rules_of(name: &str) -> Option<Vec<Rule>> {
    match name {
        "cluster-admin" => {
            let paths = Rule { verbs: vec!["*".into()], non_resource_urls: vec!["*".into()], ..Rule::default() };
            Some(vec![rule(&["*"], &["*"], &["*"]), paths])
        }
        "system:aggregate-to-admin" => Some(for_admins()),
        "system:aggregate-to-edit" => Some(for_editors()),
        "system:aggregate-to-view" => Some(view()),
        _ => system_roles::rules_of(name),
    }
}

/// Whether a role by this name holds nothing beyond what Kubernetes gives it. Of what everybody is granted each request counts,
/// of the rest what the checks look at: what else a role holds differs from version to version.
pub(crate) fn is_as_made(name: &str, rules: &[Rule]) -> bool {
    let known = rules_of(name).unwrap_or_default();
    let counts = |request: &Request<'_>| system_roles::is_everybodys(name) || powers::judges(request);
    !rules.iter().any(Rule::is_boundless) && rules.iter().flat_map(|rule| rule.requests(None)).filter(counts).all(|request| known.iter().any(|rule| rule.allows(&request)))
}

/// The label that puts a role's rules into `admin`, `edit`, or `view`.
pub(crate) fn label_into(name: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{name}")
}

fn view() -> Vec<Rule> {
    vec![
        rule(
            READ,
            &[""],
            &[
                "bindings",
                "configmaps",
                "endpoints",
                "events",
                "limitranges",
                "namespaces",
                "namespaces/status",
                "persistentvolumeclaims",
                "persistentvolumeclaims/status",
                "pods",
                "pods/log",
                "pods/status",
            ],
        ),
        rule(
            READ,
            &[""],
            &["replicationcontrollers", "replicationcontrollers/scale", "replicationcontrollers/status", "resourcequotas", "resourcequotas/status", "serviceaccounts", "services", "services/status"],
        ),
        rule(
            READ,
            &["apps"],
            &[
                "controllerrevisions",
                "daemonsets",
                "daemonsets/status",
                "deployments",
                "deployments/scale",
                "deployments/status",
                "replicasets",
                "replicasets/scale",
                "replicasets/status",
                "statefulsets",
                "statefulsets/scale",
                "statefulsets/status",
            ],
        ),
        rule(READ, &["batch"], &["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
        rule(READ, &["autoscaling"], &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
        rule(READ, &["discovery.k8s.io"], &["endpointslices"]),
        rule(READ, &["networking.k8s.io"], &["ingresses", "ingresses/status", "networkpolicies"]),
        rule(READ, &["policy"], &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
    ]
}

fn for_admins() -> Vec<Rule> {
    vec![
        rule(READ, &["rbac.authorization.k8s.io"], &["roles", "rolebindings"]),
        rule(WRITE, &["rbac.authorization.k8s.io"], &["roles", "rolebindings"]),
        rule(&["create"], &["authorization.k8s.io"], &["localsubjectaccessreviews"]),
    ]
}

fn for_editors() -> Vec<Rule> {
    vec![
        rule(READ, &[""], &["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"]),
        rule(&["impersonate"], &[""], &["serviceaccounts"]),
        rule(WRITE, &[""], &["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"]),
        rule(&["create"], &[""], &["pods/eviction", "serviceaccounts/token"]),
        rule(WRITE, &[""], &["configmaps", "events", "persistentvolumeclaims", "replicationcontrollers", "replicationcontrollers/scale", "secrets", "serviceaccounts", "services", "services/proxy"]),
        rule(WRITE, &["apps"], &["daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale"]),
        rule(WRITE, &["autoscaling"], &["horizontalpodautoscalers"]),
        rule(WRITE, &["batch"], &["cronjobs", "jobs"]),
        rule(WRITE, &["networking.k8s.io"], &["ingresses", "networkpolicies"]),
        rule(WRITE, &["policy"], &["poddisruptionbudgets"]),
        rule(&["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], &["coordination.k8s.io"], &["leases"]),
    ]
}
