//! Rules with `resourceNames`: where a name confines what is got, and where it does not.

use super::verdicts::{said, verdicts};
use super::*;

const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

fn named(verb: &str, group: &str, resource: &str, names: &str) -> String {
    format!("{{ verbs: [{verb}], apiGroups: ['{group}'], resources: [{resource}], resourceNames: [{names}] }}")
}

/// What a check says of a role that is held in the whole cluster.
fn of_role(id: &str, rules: &str, others: &[String]) -> Option<&'static str> {
    let found = verdicts(id, &[cluster_role("r", rules), cluster_binding("b", "r", ACCOUNT), others.concat()]);
    found.into_iter().find(|(name, _)| name == "r").map(|(_, word)| word)
}

#[test]
fn a_name_excuses_where_no_other_object_is_reached_and_nowhere_else() {
    let webhooks = "mutatingwebhookconfigurations";
    let cases = [
        ("RBC-003", named("get", "", "secrets", "mine"), "pass"),
        // Whoever asks for none of them asks for all.
        ("RBC-003", named("list", "", "secrets", "mine, ''"), "fail"),
        ("RBC-004", named("create", "", "pods/exec", "web"), "pass"),
        ("RBC-004", named("create", "", "pods", "web"), "fail"),
        ("RBC-004", named("create", "apps", "deployments", "web"), "fail"),
        ("RBC-004", named("patch", "apps", "deployments", "web"), "pass"),
        ("RBC-005", named("escalate", RBAC, "clusterroles", "view"), "fail"),
        ("RBC-005", named("impersonate", "", "groups", "'system:masters'"), "fail"),
        ("RBC-005", named("impersonate", "", "users", "alice"), "fail"),
        ("RBC-005", named("impersonate", "", "serviceaccounts", "cart"), "fail"),
        ("RBC-005", named("'impersonate:user-info'", AUTHENTICATION, "users", "alice"), "fail"),
        ("RBC-005", named("'impersonate:user-info'", AUTHENTICATION, "groups", "'system:masters'"), "fail"),
        ("RBC-005", named("'impersonate:serviceaccount'", AUTHENTICATION, "serviceaccounts", "cart"), "fail"),
        ("RBC-005", named("'impersonate:arbitrary-node'", AUTHENTICATION, "nodes", "node1"), "fail"),
        // What somebody may do as another one is nothing without the right to be that one.
        ("RBC-005", named("'impersonate-on:user-info:list'", "", "pods", "a"), "pass"),
        ("RBC-006", named("get", "", "nodes/proxy", "node1"), "fail"),
        ("RBC-006", named("create", "", "persistentvolumes", "disk"), "fail"),
        ("RBC-006", named("update", "certificates.k8s.io", "certificatesigningrequests/approval", "mine"), "fail"),
        ("RBC-006", named("patch", "admissionregistration.k8s.io", webhooks, "mine"), "fail"),
        ("RBC-006", named("create", "", "serviceaccounts/token", "cart"), "fail"),
    ];
    for (id, rules, expected) in cases {
        assert_eq!(of_role(id, &rules, &[]), Some(expected), "{id} {rules}");
    }
}

#[test]
fn who_binds_a_role_by_name_gets_what_that_role_holds() {
    let bind = |names: &str, others: &[String]| of_role("RBC-005", &named("bind", RBAC, "clusterroles", names), others);
    assert_eq!(bind("view", &[]), Some("pass"));
    assert_eq!(bind("view, reader", &[cluster_role("reader", &rule("get", "pods"))]), Some("pass"));
    assert_eq!(bind("view, reader", &[]), Some("fail"));
    assert_eq!(bind("reader", &[cluster_role("reader", &named("get", "", "secrets", "mine"))]), Some("fail"));
    for role in ["cluster-admin", "admin", "edit", "'system:node'"] {
        assert_eq!(bind(&format!("view, {role}"), &[]), Some("fail"), "{role}");
    }
    // A role that lets bind in its turn is no way around.
    assert_eq!(bind("again", &[cluster_role("again", &named("bind", RBAC, "clusterroles", "view"))]), Some("fail"));
    assert_eq!(of_role("RBC-005", &named("'*'", RBAC, "clusterroles", "view"), &[]), Some("fail"));
}

#[test]
fn a_role_that_is_bound_by_name_is_that_of_the_namespace() {
    let bind = named("bind", RBAC, "roles", "reader");
    let judged = |reads: &str| {
        verdicts("RBC-005", &[role("shop", "r", &bind), role("shop", "reader", &rule("get", reads)), role("bank", "reader", &rule("get", "pods")), binding("shop", "b", "Role", "r", ACCOUNT)])
    };
    assert!(judged("services").contains(&("r".to_owned(), "pass")));
    assert!(judged("secrets").contains(&("r".to_owned(), "fail")));
    // In which namespace, a ClusterRole does not say.
    assert_eq!(of_role("RBC-005", &bind, &[role("shop", "reader", &rule("get", "pods"))]), Some("fail"));
}

#[test]
fn an_account_may_have_tokens_of_itself_alone() {
    let judged = |names: &str, holder: &str| verdicts("RBC-006", &[role("shop", "r", &named("create", "", "serviceaccounts/token", names)), binding("shop", "b", "Role", "r", holder)]);
    assert_eq!(judged("cart", ACCOUNT), said(&[("r", "pass")]));
    assert_eq!(judged("cart, other", ACCOUNT), said(&[("r", "fail")]));
    assert_eq!(judged("cart", &format!("{ACCOUNT}, {{ kind: ServiceAccount, name: other, namespace: shop }}")), said(&[("r", "fail")]));
    assert_eq!(judged("cart", "{ kind: ServiceAccount, name: cart, namespace: bank }"), said(&[("r", "fail")]));
    // Who is given it one day is not known.
    assert_eq!(verdicts("RBC-006", &[role("shop", "r", &named("create", "", "serviceaccounts/token", "cart"))]), said(&[("r", "warn")]));
}

/// A few lines name more requests than could be looked at one by one.
#[test]
fn a_rule_that_names_millions_is_no_rule_of_kubernetes_and_not_harmless() {
    let many = |stem: &str| (0..1_000).map(|number| format!("{stem}{number}")).collect::<Vec<_>>().join(", ");
    let rule = format!("{{ verbs: [{}], apiGroups: [{}], resources: [{}] }}", many("v"), many("g"), many("r"));
    assert_eq!(of_role("RBC-005", &named("bind", RBAC, "clusterroles", "wide"), &[cluster_role("wide", &rule)]), Some("fail"));
    let own = cluster_role("system:basic-user", &rule);
    assert_eq!(verdicts("RBC-003", &[own]), said(&[("system:basic-user", "pass")]));
}
