//! Roles and bindings, in the namespace and in the whole cluster.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::of_shop;

const GROUP: &str = "rbac.authorization.k8s.io";

/// The label of what is bound in the whole cluster and holds no account of `shop`: of a cluster it is the business of others.
pub(crate) const OF_OTHERS: &str = "of-others";

/// Checks that go role by role, and leave out of a cluster what is neither bound in the installation's namespaces nor to accounts there; each
/// says so in its explanation.
pub(crate) const ROLE_BY_ROLE: [&str; 6] = ["RBC-002", "RBC-003", "RBC-004", "RBC-005", "RBC-006", "RBC-012"];

/// Whom a binding of the whole cluster names, and whether accounts of `shop` are among them (Kubernetes documentation, "Referring to
/// subjects": a service account is the user and in the groups that begin with `system:serviceaccount`, and authenticated).
const NAMED: [(&[(&str, &str)], bool); 9] = [
    (&[("User", "alice")], false),
    (&[("Group", "team"), ("User", "bob")], false),
    (&[("Group", "system:serviceaccounts:other")], false),
    (&[("User", "system:anonymous"), ("Group", "system:unauthenticated")], false),
    (&[("Group", "system:masters")], false),
    (&[("Group", "system:authenticated")], true),
    (&[("User", "alice"), ("Group", "system:serviceaccounts:shop")], true),
    (&[("Group", "system:serviceaccounts")], true),
    (&[("User", "system:serviceaccount:shop:web")], true),
];

/// Rules of a role, good and bad.
fn rules() -> impl Strategy<Value = Value> {
    let rule = |api_group: &str, resource: &str, verbs: &[&str]| Just(json!([{ "apiGroups": [api_group], "resources": [resource], "verbs": verbs }]));
    prop_oneof![
        rule("", "secrets", &["get", "list"]),
        rule("", "pods", &["get", "create"]),
        rule("", "nodes/proxy", &["get"]),
        rule(GROUP, "clusterroles", &["bind", "escalate"]),
        rule("*", "*", &["*"]),
        rule("apps", "deployments", &["get"]),
        Just(json!([{ "nonResourceURLs": ["*"], "verbs": ["get"] }])),
        Just(json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["a"] }])),
    ]
}

fn of_cluster(kind: &str, name: &str, rest: &Value) -> Value {
    let mut object = json!({ "apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": { "name": name } });
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

/// A binding of users or groups in the whole cluster, to a role of its own or to one that the others have too.
fn of_people() -> impl Strategy<Value = Vec<Value>> {
    let role = prop_oneof![Just("apart"), Just("wide"), Just("edit"), Just("cluster-admin")];
    (rules(), role, 0..NAMED.len()).prop_map(|(rules, role, named)| {
        let (subjects, has_ours) = NAMED[named];
        let subjects: Vec<Value> = subjects.iter().map(|(kind, name)| json!({ "apiGroup": GROUP, "kind": kind, "name": name })).collect();
        let mut binding = of_cluster("ClusterRoleBinding", "people", &json!({ "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": role }, "subjects": subjects }));
        let mut apart = of_cluster("ClusterRole", "apart", &json!({ "rules": rules }));
        if !has_ours {
            binding["metadata"]["labels"] = json!({ OF_OTHERS: "" });
        }
        if !has_ours || role != "apart" {
            apart["metadata"]["labels"] = json!({ OF_OTHERS: "" });
        }
        vec![binding, apart]
    })
}

/// A binding to a role that is not among them is left out: it may be in the cluster that files are for.
pub(crate) fn rights() -> impl Strategy<Value = Vec<Value>> {
    (of_people(), any::<[bool; 3]>()).prop_map(|(mut all, [level, snippet, strong])| {
        let role = |kind: &str, name: &str| json!({ "roleRef": { "apiGroup": GROUP, "kind": kind, "name": name }, "subjects": [{ "kind": "ServiceAccount", "namespace": "shop", "name": "web" }] });
        let granted = |api_group: &str, resource: &str, verbs: &[&str]| json!([{ "apiGroups": [api_group], "resources": [resource], "verbs": verbs, "resourceNames": if strong { json!(["a"]) } else { json!([]) } }]);
        let everybody = json!({ "roleRef": { "apiGroup": GROUP, "kind": "ClusterRole", "name": if level { "view" } else { "edit" } }, "subjects": [{ "apiGroup": GROUP, "kind": "Group", "name": if snippet { "system:authenticated" } else { "team" } }] });
        all.extend([
            of_shop("rbac.authorization.k8s.io/v1", "Role", &json!({ "rules": granted("", "secrets", &["get", "list"]) })),
            of_shop("rbac.authorization.k8s.io/v1", "RoleBinding", &role("Role", "a")),
            of_cluster("ClusterRole", "wide", &json!({ "rules": if level { granted("*", "*", &["*"]) } else { granted("", "pods/exec", &["create"]) } })),
            of_cluster("ClusterRoleBinding", "wide", &role("ClusterRole", "wide")),
            of_shop("rbac.authorization.k8s.io/v1", "RoleBinding", &json!({ "metadata": { "name": "everybody" }, "roleRef": everybody["roleRef"], "subjects": everybody["subjects"] })),
        ]);
        all
    })
}

/// What every cluster has, and files bind without holding it.
pub(crate) fn of_every_cluster() -> Vec<Value> {
    let labelled = |name: &str, rest: &Value| {
        let mut role = of_cluster("ClusterRole", name, rest);
        role["metadata"]["labels"] = json!({ "kubernetes.io/bootstrapping": "rbac-defaults" });
        role
    };
    let gathering = |name: &str| labelled(name, &json!({ "aggregationRule": { "clusterRoleSelectors": [{ "matchLabels": { (format!("{GROUP}/aggregate-to-{name}")): "true" } }] } }));
    let all = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }, { "nonResourceURLs": ["*"], "verbs": ["*"] }]);
    vec![gathering("edit"), gathering("view"), labelled("cluster-admin", &json!({ "rules": all }))]
}
