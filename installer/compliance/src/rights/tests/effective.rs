//! `may`: who is meant, where a binding reaches, and what roles hold in effect.

use super::*;

fn account(namespace: &str, name: &str) -> Holder {
    Holder::Account { namespace: namespace.into(), name: name.into() }
}

fn get<'a>(resource: &'a str, namespace: Option<&'a str>) -> Request<'a> {
    Request::Resource { verb: "get", group: "", resource, name: None, namespace }
}

fn may(documents: &str, who: &Holder, request: &Request<'_>) -> bool {
    let snapshot = files(documents);
    let rights = Rights::read(&snapshot);
    assert!(rights.unread.is_empty());
    rights.may(who, request).is_some()
}

#[test]
fn a_binding_of_a_namespace_grants_there_alone() {
    let documents = [cluster_role("reader", &rule("get", "pods")), binding("shop", "b", "ClusterRole", "reader", ACCOUNT)].concat();
    let cart = account("shop", "cart");
    assert!(may(&documents, &cart, &get("pods", Some("shop"))));
    assert!(!may(&documents, &cart, &get("pods", Some("bank"))));
    assert!(!may(&documents, &cart, &get("pods", None)));
    assert!(!may(&documents, &account("bank", "cart"), &get("pods", Some("shop"))));
    let everywhere = [cluster_role("reader", &rule("get", "pods")), cluster_binding("b", "reader", ACCOUNT)].concat();
    assert!(may(&everywhere, &cart, &get("pods", Some("bank"))) && may(&everywhere, &cart, &get("pods", None)));
}

#[test]
fn a_role_is_of_its_namespace_and_paths_of_the_cluster() {
    let elsewhere = [role("bank", "reader", &rule("get", "pods")), binding("shop", "b", "Role", "reader", ACCOUNT)].concat();
    assert!(!may(&elsewhere, &account("shop", "cart"), &get("pods", Some("shop"))));
    let paths = cluster_role("paths", "{ verbs: [get], nonResourceURLs: [/metrics] }");
    let metrics = Request::Path { verb: "get", path: "/metrics" };
    assert!(!may(&[paths.clone(), binding("shop", "b", "ClusterRole", "paths", ACCOUNT)].concat(), &account("shop", "cart"), &metrics));
    assert!(may(&[paths, cluster_binding("b", "paths", ACCOUNT)].concat(), &account("shop", "cart"), &metrics));
}

#[test]
fn everybody_is_in_groups_that_nobody_names() {
    let to = |subject: &str| [cluster_role("reader", &rule("get", "pods")), cluster_binding("b", "reader", subject)].concat();
    let group = |name: &str| to(&format!("{{ kind: Group, name: '{name}' }}"));
    let (cart, alice, nobody) = (account("shop", "cart"), Holder::user("alice"), Holder::user("system:anonymous"));
    let who = |documents: &str| [&cart, &alice, &nobody].map(|who| may(documents, who, &get("pods", None)));
    assert_eq!(who(&group("system:serviceaccounts")), [true, false, false]);
    assert_eq!(who(&group("system:serviceaccounts:shop")), [true, false, false]);
    assert_eq!(who(&group("system:serviceaccounts:bank")), [false, false, false]);
    assert_eq!(who(&group("system:authenticated")), [true, true, false]);
    assert_eq!(who(&group("system:unauthenticated")), [false, false, true]);
    assert_eq!(who(&to("{ kind: User, name: 'system:serviceaccount:shop:cart' }")), [true, false, false]);
    assert_eq!(who(&to("{ kind: User, name: alice }")), [false, true, false]);
    assert!(may("", &Holder::Group("system:masters".into()), &get("pods", None)));
}

#[test]
fn an_account_without_a_namespace_is_of_the_bindings() {
    let documents = [cluster_role("reader", &rule("get", "pods")), binding("shop", "b", "ClusterRole", "reader", "{ kind: ServiceAccount, name: cart }")].concat();
    assert!(may(&documents, &account("shop", "cart"), &get("pods", Some("shop"))));
    let snapshot = files(&cluster_binding("b", "reader", "{ kind: ServiceAccount, name: cart }"));
    assert_eq!(Rights::read(&snapshot).unread.len(), 1);
}

#[test]
fn aggregation_gathers_rules_by_labels_through_roles_that_gather_too() {
    let labelled =
        |name: &str, labels: &str, rest: &str| format!("\n---\n{{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{ name: {name}, labels: {{ {labels} }} }}, {rest} }}");
    let select = |label: &str| format!("aggregationRule: {{ clusterRoleSelectors: [ {{ matchLabels: {{ {label} }} }} ] }}");
    let documents = [
        // Rules of its own are written over by Kubernetes.
        labelled("top", "level: top", &format!("{}, rules: [ {} ]", select("into: top"), rule("get", "nodes"))),
        labelled("middle", "into: top", &select("into: middle")),
        labelled("leaf", "into: middle", &format!("rules: [ {} ]", rule("get", "secrets"))),
        labelled("ring", "into: middle", &select("into: top")),
        cluster_binding("b", "top", ACCOUNT),
    ]
    .concat();
    let cart = account("shop", "cart");
    assert!(may(&documents, &cart, &get("secrets", Some("bank"))));
    assert!(!may(&documents, &cart, &get("nodes", None)));
}

#[test]
fn files_add_rules_to_roles_of_every_cluster_by_their_labels() {
    let into = |name: &str, to: &str| {
        cluster_role(name, &rule("get", "secrets")).replace(&format!("name: {name}"), &format!("name: {name}, labels: {{ rbac.authorization.k8s.io/aggregate-to-{to}: 'true' }}"))
    };
    let cart = account("shop", "cart");
    let reads = |added: &str, role: &str, resource: &str| may(&[added.to_owned(), binding("shop", "b", "ClusterRole", role, ACCOUNT)].concat(), &cart, &get(resource, Some("shop")));
    assert!(reads(&into("more", "view"), "view", "secrets") && reads(&into("more", "view"), "view", "pods"));
    assert!(!reads("", "view", "secrets") && !reads(&into("more", "edit"), "view", "secrets") && !reads(&into("more", "view").replace("'true'", "'false'"), "view", "secrets"));
    // Into view is into edit and admin.
    let nodes = into("more", "view").replace("secrets", "nodes");
    assert!(reads(&nodes, "edit", "nodes") && reads(&nodes, "admin", "nodes") && !reads("", "admin", "nodes"));
    // One that gathers by their labels gathers what they do.
    let gathers = "\n---\n{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: { name: own }, aggregationRule: { clusterRoleSelectors: [ { matchLabels: { rbac.authorization.k8s.io/aggregate-to-edit: 'true' } } ] } }";
    assert!(reads(gathers, "own", "secrets") && reads(gathers, "own", "pods") && !reads(gathers, "own", "nodes"));
}

#[test]
fn roles_of_every_cluster_hold_what_their_documentation_says() {
    let with = |role: &str| binding("shop", "b", "ClusterRole", role, ACCOUNT);
    let cart = account("shop", "cart");
    let can = |role: &str, verb: &str, group: &str, resource: &str| may(&with(role), &cart, &Request::Resource { verb, group, resource, name: None, namespace: Some("shop") });
    assert!(can("view", "list", "", "pods") && !can("view", "get", "", "secrets") && !can("view", "create", "", "pods"));
    assert!(can("edit", "get", "", "secrets") && can("edit", "create", "", "pods/exec") && !can("edit", "create", "rbac.authorization.k8s.io", "roles"));
    assert!(can("admin", "create", "rbac.authorization.k8s.io", "rolebindings") && !can("admin", "bind", "rbac.authorization.k8s.io", "roles"));
    assert!(can("cluster-admin", "bind", "rbac.authorization.k8s.io", "roles"));
    // One that is given is that one.
    let own = [cluster_role("edit", &rule("get", "pods")), with("edit")].concat();
    assert!(!may(&own, &cart, &get("secrets", Some("shop"))));
}
