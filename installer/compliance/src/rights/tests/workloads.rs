//! RBC-004: what makes pods is as good as pods, and whose business it is.

use super::verdicts::{said, verdicts, verdicts_of};
use super::*;

fn rule_of(verbs: &str, group: &str, resource: &str) -> String {
    format!("{{ verbs: [{verbs}], apiGroups: ['{group}'], resources: [{resource}] }}")
}

#[test]
fn who_makes_what_makes_pods_makes_pods() {
    let word = |verbs: &str, group: &str, resource: &str| verdicts("RBC-004", &[cluster_role("r", &rule_of(verbs, group, resource)), binding("shop", "b", "ClusterRole", "r", ACCOUNT)]);
    let (fail, pass) = (said(&[("r", "fail")]), said(&[("r", "pass")]));
    let makers = [("apps", "deployments"), ("apps", "statefulsets"), ("apps", "daemonsets"), ("apps", "replicasets"), ("", "replicationcontrollers"), ("batch", "cronjobs")];
    for (group, resource) in makers {
        for verb in ["create", "update", "patch"] {
            assert_eq!(word(verb, group, resource), fail, "{verb} {resource}");
        }
        assert_eq!(word("get, list, watch, delete", group, resource), pass, "{resource}");
        assert_eq!(word("create, update, patch", group, &format!("{resource}/scale")), pass, "{resource}");
        assert_eq!(word("create", "example.com", resource), pass, "{resource}");
    }
    // The pods of a Job stay as they were made.
    assert_eq!(word("create", "batch", "jobs"), fail);
    assert_eq!(word("update, patch, delete", "batch", "jobs"), pass);
}

#[test]
fn accounts_of_the_plan_make_pods_where_they_belong() {
    let judged = |rules: &str, bound: String| {
        let mut cluster = files(&[cluster_role("r", rules), bound].concat());
        cluster.source = Source::Cluster;
        (cluster.world.platform, cluster.world.namespaces) = ("airlock".into(), vec!["airlock".into(), "shop".into(), "bank".into()]);
        cluster.world.accounts_with_rights = vec!["airlock/renewer".into(), "shop/cart".into()];
        for kind in ["Role", "RoleBinding", "ClusterRoleBinding"] {
            cluster.objects.entry(kind.into()).or_insert_with(|| Ok(Vec::new()));
        }
        verdicts_of("RBC-004", &cluster, json!({}))
    };
    let (pods, servers) = (rule("create", "pods"), "{ verbs: [patch], apiGroups: [apps], resources: [deployments] }");
    let renewer = "{ kind: ServiceAccount, name: renewer, namespace: airlock }";
    let (fail, pass) = (said(&[("r", "fail")]), said(&[("r", "pass")]));
    assert_eq!(judged(&pods, binding("shop", "b", "ClusterRole", "r", ACCOUNT)), pass);
    assert_eq!(judged(servers, binding("shop", "b", "ClusterRole", "r", renewer)), pass);
    assert_eq!(judged(servers, binding("shop", "b", "ClusterRole", "r", "{ kind: ServiceAccount, name: other, namespace: shop }")), fail);
    // Servers that a rule names are all that its holders change.
    let named = servers.replace(" }", ", resourceNames: [web] }");
    assert_eq!(judged(&named, binding("shop", "b", "ClusterRole", "r", "{ kind: ServiceAccount, name: other, namespace: shop }")), pass);
    assert_eq!(judged(&named.replace("patch", "create"), binding("shop", "b", "ClusterRole", "r", "{ kind: ServiceAccount, name: other, namespace: shop }")), fail);
    // Another tenant's.
    assert_eq!(judged(&pods, binding("bank", "b", "ClusterRole", "r", ACCOUNT)), fail);
    assert_eq!(judged(&pods, cluster_binding("b", "r", ACCOUNT)), fail);
}
