//! Each check by what changes its verdict.

use super::*;

/// The verdicts of a check, by subject.
pub(super) fn verdicts_of(id: &str, snapshot: &Snapshot, parameters: Value) -> Vec<(String, &'static str)> {
    let check = checks().into_iter().find(|check| check.spec().id == id).unwrap();
    let findings: Vec<Finding> = check.evaluate(&profile(parameters), snapshot);
    let mut said: Vec<(String, &str)> = findings.iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict.word())).collect();
    said.sort();
    said
}

pub(super) fn verdicts(id: &str, documents: &[String]) -> Vec<(String, &'static str)> {
    verdicts_of(id, &files(&documents.concat()), json!({}))
}

pub(super) fn said(pairs: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    pairs.iter().map(|(name, word)| ((*name).to_owned(), *word)).collect()
}

#[test]
fn a_role_that_grants_too_much_is_warned_of_and_fails_when_somebody_holds_it() {
    let held = |role: &str| cluster_binding("b", role, ACCOUNT);
    let cases = [
        ("RBC-002", "{ verbs: ['*'], apiGroups: [''], resources: [pods] }"),
        ("RBC-002", "{ verbs: [get], nonResourceURLs: ['*'] }"),
        ("RBC-003", "{ verbs: [list], apiGroups: ['*'], resources: [secrets] }"),
        ("RBC-003", "{ verbs: ['*'], apiGroups: [''], resources: ['*'] }"),
        ("RBC-004", "{ verbs: [create], apiGroups: [''], resources: [pods/exec] }"),
        ("RBC-004", "{ verbs: [get], apiGroups: [''], resources: ['*/exec'] }"),
        ("RBC-004", "{ verbs: [create], apiGroups: [''], resources: [pods] }"),
        ("RBC-005", "{ verbs: [escalate], apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles] }"),
        ("RBC-005", "{ verbs: [impersonate], apiGroups: [''], resources: [serviceaccounts] }"),
        ("RBC-006", "{ verbs: [get], apiGroups: [''], resources: [nodes/proxy] }"),
        ("RBC-006", "{ verbs: [patch], apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations] }"),
        ("RBC-006", "{ verbs: [create], apiGroups: [''], resources: [serviceaccounts/token] }"),
    ];
    for (id, rules) in cases {
        let of_role = |documents: &[String]| verdicts(id, documents).into_iter().find(|(name, _)| name == "r").map(|(_, word)| word);
        assert_eq!(of_role(&[cluster_role("r", rules)]), Some("warn"), "{id} {rules}");
        assert_eq!(of_role(&[cluster_role("r", rules), held("r")]), Some("fail"), "{id} {rules}");
        assert_eq!(of_role(&[cluster_role("r", rules), cluster_binding("b", "r", "")]), Some("warn"), "{id} {rules}");
        assert_eq!(of_role(&[cluster_role("r", &rule("get", "pods")), held("r")]), Some("pass"), "{id}");
    }
}

#[test]
fn what_a_rule_does_not_allow_is_not_held_against_it() {
    let held = [cluster_binding("b", "r", ACCOUNT)];
    let cases = [
        ("RBC-003", "{ verbs: [get], apiGroups: [''], resources: [secrets], resourceNames: [mine] }"),
        ("RBC-003", "{ verbs: [create], apiGroups: [''], resources: [secrets] }"),
        ("RBC-003", "{ verbs: [get], apiGroups: [apps], resources: [secrets] }"),
        ("RBC-004", "{ verbs: [get, list, watch], apiGroups: [''], resources: [pods, pods/log] }"),
        ("RBC-004", "{ verbs: [create], apiGroups: [''], resources: ['pods/*'] }"),
        ("RBC-005", "{ verbs: [bind], apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [view] }"),
        ("RBC-005", "{ verbs: [create, update], apiGroups: [rbac.authorization.k8s.io], resources: [roles] }"),
        ("RBC-006", "{ verbs: [get], apiGroups: [''], resources: [nodes, persistentvolumes] }"),
    ];
    for (id, rules) in cases {
        let found = verdicts(id, &[[cluster_role("r", rules)].concat(), held.concat()]);
        assert!(found.contains(&("r".to_owned(), "pass")), "{id} {rules}: {found:?}");
    }
}

#[test]
fn powers_of_the_cluster_need_a_binding_of_the_cluster() {
    let nodes = || cluster_role("r", &rule("get", "nodes/proxy"));
    assert_eq!(verdicts("RBC-006", &[nodes(), binding("shop", "b", "ClusterRole", "r", ACCOUNT)]), said(&[("r", "pass")]));
    assert_eq!(verdicts("RBC-006", &[nodes(), cluster_binding("b", "r", ACCOUNT)]), said(&[("r", "fail")]));
    assert_eq!(verdicts("RBC-006", &[role("shop", "r", &rule("create", "persistentvolumes"))]), said(&[("r", "pass")]));
}

#[test]
fn who_binds_a_role_of_every_cluster_is_told_at_the_binding() {
    assert_eq!(verdicts("RBC-003", &[binding("shop", "b", "ClusterRole", "edit", ACCOUNT)]), said(&[("b", "fail")]));
    assert_eq!(verdicts("RBC-003", &[binding("shop", "b", "ClusterRole", "view", ACCOUNT)]), said(&[("b", "pass")]));
    // What the files add to it is granted by it.
    let into_view = cluster_role("more", &rule("get", "secrets")).replace("name: more", "name: more, labels: { rbac.authorization.k8s.io/aggregate-to-view: 'true' }");
    assert_eq!(verdicts("RBC-003", &[into_view, binding("shop", "b", "ClusterRole", "view", ACCOUNT)]), said(&[("b", "fail"), ("more", "warn")]));
    // All rights are one finding, of RBC-001.
    assert_eq!(verdicts("RBC-003", &[cluster_binding("b", "cluster-admin", ACCOUNT)]), said(&[("all roles and bindings", "not applicable")]));
}

#[test]
fn all_rights_are_told_however_they_are_written() {
    let everything = "{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }";
    assert_eq!(verdicts("RBC-001", &[cluster_binding("b", "cluster-admin", ACCOUNT)]), said(&[("b", "fail")]));
    assert_eq!(verdicts("RBC-001", &[binding("shop", "b", "ClusterRole", "cluster-admin", ACCOUNT)]), said(&[("b", "fail")]));
    assert_eq!(verdicts("RBC-001", &[cluster_role("root", everything), cluster_binding("b", "root", ACCOUNT)]), said(&[("b", "fail")]));
    assert_eq!(verdicts("RBC-001", &[cluster_binding("b", "view", "{ kind: Group, name: 'system:masters' }")]), said(&[("b", "fail")]));
    assert_eq!(verdicts("RBC-001", &[cluster_binding("b", "edit", ACCOUNT)]), said(&[("b", "pass")]));
    assert_eq!(verdicts("RBC-001", &[cluster_binding("b", "cluster-admin", "")]), said(&[("all roles and bindings", "not applicable")]));
}

#[test]
fn who_is_named_in_the_parameter_passes() {
    let snapshot = files(&[cluster_binding("b", "cluster-admin", "{ kind: Group, name: admins }")].concat());
    assert_eq!(verdicts_of("RBC-001", &snapshot, json!({ "RBC.allow": ["Group/admins"] })), said(&[("b", "pass")]));
    assert_eq!(verdicts_of("RBC-001", &snapshot, json!({ "RBC.allow": ["Group/others"] })), said(&[("b", "fail")]));
    assert_eq!(verdicts_of("RBC-001", &snapshot, json!({ "RBC.allow": ["ClusterRoleBinding/b"] })), said(&[("b", "pass")]));
    let secrets = files(&[role("shop", "r", &rule("get", "secrets")), binding("shop", "b", "Role", "r", ACCOUNT)].concat());
    assert_eq!(verdicts_of("RBC-003", &secrets, json!({ "RBC.allow": ["Role/shop/r"] })), said(&[("r", "pass")]));
    assert_eq!(verdicts_of("RBC-003", &secrets, json!({ "RBC.allow": ["ServiceAccount/shop/cart"] })), said(&[("r", "pass")]));
    assert_eq!(verdicts_of("RBC-003", &secrets, json!({ "RBC.allow": ["ServiceAccount/shop/other"] })), said(&[("r", "fail")]));
}

#[test]
fn nobody_may_be_everybody() {
    let to = |kind: &str, name: &str, role: &str| verdicts("RBC-007", &[cluster_binding("b", role, &format!("{{ kind: {kind}, name: '{name}' }}"))]);
    assert_eq!(to("User", "system:anonymous", "view"), said(&[("b", "fail")]));
    assert_eq!(to("Group", "system:unauthenticated", "view"), said(&[("b", "fail")]));
    assert_eq!(to("Group", "system:authenticated", "view"), said(&[("b", "fail")]));
    assert_eq!(to("Group", "system:unauthenticated", "system:public-info-viewer"), said(&[("b", "pass")]));
    assert_eq!(to("Group", "admins", "view"), said(&[("b", "pass")]));
}

#[test]
fn accounts_of_tenants_hold_nothing_in_the_whole_cluster() {
    let tenant = "\n---\n{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { airlock-platform.io/tenant: shop } } }".to_owned();
    assert_eq!(verdicts("RBC-008", &[tenant.clone(), cluster_binding("b", "view", ACCOUNT)]), said(&[("b", "fail")]));
    assert_eq!(verdicts("RBC-008", &[tenant.clone(), cluster_binding("b", "view", "{ kind: Group, name: 'system:serviceaccounts:shop' }")]), said(&[("b", "fail")]));
    assert_eq!(verdicts("RBC-008", &[tenant.clone(), cluster_binding("b", "view", "{ kind: ServiceAccount, name: x, namespace: bank }")]), said(&[("b", "pass")]));
    assert_eq!(verdicts("RBC-008", &[tenant, binding("shop", "b", "ClusterRole", "view", ACCOUNT)]), said(&[("all roles and bindings", "not applicable")]));
    assert_eq!(verdicts("RBC-008", &[cluster_binding("b", "view", ACCOUNT)]), said(&[("tenants", "not applicable")]));
    let named = files(&cluster_binding("b", "view", ACCOUNT));
    assert_eq!(verdicts_of("RBC-008", &named, json!({ "network.tenantNamespaces": ["shop"] })), said(&[("b", "fail")]));
}

#[test]
fn who_installed_and_still_holds_rights_is_told() {
    let given = files(&[cluster_binding("b", "view", "{ kind: User, name: alice }"), binding("shop", "c", "ClusterRole", "edit", ACCOUNT)].concat());
    let of = |names: &[&str], allowed: &[&str]| verdicts_of("RBC-010", &given, json!({ "RBC-010.installer": names, "RBC.allow": allowed }));
    assert_eq!(of(&["User/alice"], &[]), said(&[("b", "fail")]));
    assert_eq!(of(&["User/alice", "ServiceAccount/shop/cart"], &[]), said(&[("b", "fail"), ("c", "fail")]));
    assert_eq!(of(&["User/alice"], &["ClusterRoleBinding/b"]), said(&[("b", "pass")]));
    assert_eq!(of(&["User/bob"], &[]), said(&[("RBC-010.installer", "pass")]));
    assert_eq!(of(&[], &[]), said(&[("RBC-010.installer", "not applicable")]));
}

#[test]
fn bindings_to_what_does_not_exist_are_told() {
    let account = "\n---\n{ apiVersion: v1, kind: ServiceAccount, metadata: { name: cart, namespace: shop } }".to_owned();
    assert_eq!(verdicts("RBC-012", &[account.clone(), binding("shop", "b", "ClusterRole", "view", ACCOUNT)]), said(&[("b", "pass")]));
    assert_eq!(verdicts("RBC-012", &[account.clone(), binding("shop", "b", "Role", "gone", ACCOUNT)]), said(&[("b", "warn")]));
    assert_eq!(verdicts("RBC-012", &[binding("shop", "b", "ClusterRole", "view", ACCOUNT)]), said(&[("b", "warn")]));
    assert_eq!(verdicts("RBC-012", &[binding("shop", "b", "ClusterRole", "view", "{ kind: ServiceAccount, name: default, namespace: shop }")]), said(&[("b", "pass")]));
    let mut cluster = files(&binding("shop", "b", "Role", "gone", "{ kind: ServiceAccount, name: default, namespace: shop }"));
    cluster.source = Source::Cluster;
    cluster.world.namespaces = vec!["shop".into()];
    for kind in ["Role", "ClusterRole", "ClusterRoleBinding", "ServiceAccount"] {
        cluster.objects.insert(kind.into(), Ok(Vec::new()));
    }
    assert_eq!(verdicts_of("RBC-012", &cluster, json!({})), said(&[("b", "fail")]));
    // Of a cluster all roles were read, and none is taken to be there for its name.
    for name in ["view", "system:gone"] {
        let bound = binding("shop", "b", "ClusterRole", &format!("'{name}'"), "{ kind: ServiceAccount, name: default, namespace: shop }");
        assert_eq!(verdicts("RBC-012", std::slice::from_ref(&bound)), said(&[("b", "pass")]), "{name}");
        let with = |roles: String| Snapshot { objects: cluster.objects.clone().into_iter().chain(files(&[roles, bound.clone()].concat()).objects).collect(), ..cluster.clone() };
        assert_eq!(verdicts_of("RBC-012", &with(String::new()), json!({})), said(&[("b", "fail")]), "{name}");
        assert_eq!(verdicts_of("RBC-012", &with(cluster_role(&format!("'{name}'"), &rule("get", "pods"))), json!({})), said(&[("b", "pass")]), "{name}");
    }
}

#[test]
fn of_a_cluster_what_others_hold_of_their_own_is_their_business() {
    let documents = [
        cluster_role("theirs", &rule("get", "secrets")),
        cluster_binding("b", "theirs", "{ kind: ServiceAccount, name: x, namespace: other }"),
        cluster_role("ours", &rule("get", "secrets")),
        binding("shop", "c", "ClusterRole", "ours", ACCOUNT),
    ];
    let mut cluster = files(&documents.concat());
    cluster.source = Source::Cluster;
    cluster.world.namespaces = vec!["shop".into()];
    cluster.objects.insert("Role".into(), Ok(Vec::new()));
    assert_eq!(verdicts_of("RBC-003", &cluster, json!({})), said(&[("ours", "fail")]));
}

#[test]
fn of_a_cluster_what_all_who_are_authenticated_hold_its_accounts_hold() {
    let documents = |group: &str| cluster_role("all", &rule("get", "secrets")) + &cluster_binding("b", "all", &format!("{{ kind: Group, name: '{group}' }}"));
    let of_cluster = |group: &str, id: &str| {
        let mut cluster = files(&documents(group));
        cluster.source = Source::Cluster;
        cluster.world.namespaces = vec!["shop".into()];
        cluster.objects.extend(["Role", "RoleBinding", "ServiceAccount"].map(|kind| (kind.to_owned(), Ok(Vec::new()))));
        verdicts_of(id, &cluster, json!({}))
    };
    for (group, of_role) in
        [("system:authenticated", &[("all", "fail")][..]), ("system:unauthenticated", &[("all roles and bindings", "not applicable")]), ("team", &[("all roles and bindings", "not applicable")])]
    {
        assert_eq!(of_cluster(group, "RBC-003"), said(of_role), "{group}");
    }
    assert_eq!(of_cluster("system:authenticated", "RBC-012"), said(&[("b", "pass")]));
}

#[test]
fn who_reads_secrets_is_told_by_the_binding() {
    let (all, named) = (cluster_role("all", &rule("watch", "secrets")), cluster_role("named", "{ verbs: [get], apiGroups: [''], resources: [secrets], resourceNames: [key] }"));
    let other = "{ kind: ServiceAccount, name: cart, namespace: bank }";
    for role in ["all", "named"] {
        let of = |given: String| verdicts("SEC-003", &[all.clone(), named.clone(), given]);
        assert_eq!(of(binding("shop", "b", "ClusterRole", role, ACCOUNT)), said(&[("b", "pass")]));
        for stranger in [other, "{ kind: User, name: alice }", "{ kind: Group, name: 'system:serviceaccounts:shop' }"] {
            assert_eq!(of(binding("shop", "b", "ClusterRole", role, &format!("{ACCOUNT}, {stranger}"))), said(&[("b", "fail")]), "{role} {stranger}");
        }
        assert_eq!(of(cluster_binding("b", role, ACCOUNT)), said(&[("b", "fail")]));
        let allowed = |by: &str| verdicts_of("SEC-003", &files(&[all.clone(), named.clone(), binding("shop", "b", "ClusterRole", role, other)].concat()), json!({ "RBC.allow": [by] }));
        let named = format!("ClusterRole/{role}");
        for (by, word) in [("ServiceAccount/bank/cart", "pass"), ("RoleBinding/shop/b", "pass"), (&*named, "pass"), ("ServiceAccount/bank/other", "fail")] {
            assert_eq!(allowed(by), said(&[("b", word)]), "{by}");
        }
    }
    assert_eq!(verdicts("SEC-003", &[cluster_role("r", &rule("create", "secrets")), cluster_binding("b", "r", other)]), said(&[("all roles and bindings", "not applicable")]));
    // One of another namespace that the files make, and that is to have just this Secret.
    let made = "\n---\n{ apiVersion: v1, kind: ServiceAccount, metadata: { name: cart, namespace: bank } }".to_owned();
    assert_eq!(verdicts("SEC-003", &[made.clone(), named, binding("shop", "b", "ClusterRole", "named", other)]), said(&[("b", "pass")]));
    assert_eq!(verdicts("SEC-003", &[made, all, binding("shop", "b", "ClusterRole", "all", other)]), said(&[("b", "fail")]));
    // What every cluster has reads Secrets too.
    assert_eq!(verdicts("SEC-003", &[binding("shop", "b", "ClusterRole", "edit", other)]), said(&[("b", "fail")]));
}

#[test]
fn of_a_cluster_accounts_of_the_plan_alone_read_secrets() {
    let named = "{ verbs: [get], apiGroups: [''], resources: [secrets], resourceNames: [key] }";
    let judged = |planned: &[&str], bound: String| {
        let mut cluster = files(&[role("shop", "named", named), role("shop", "all", &rule("get", "secrets")), cluster_role("everywhere", &rule("list", "secrets")), bound].concat());
        cluster.source = Source::Cluster;
        (cluster.world.platform, cluster.world.namespaces) = ("airlock".into(), vec!["shop".into()]);
        cluster.world.accounts_with_rights = planned.iter().map(ToString::to_string).collect();
        for kind in ["RoleBinding", "ClusterRoleBinding"] {
            cluster.objects.entry(kind.into()).or_insert_with(|| Ok(Vec::new()));
        }
        verdicts_of("SEC-003", &cluster, json!({}))
    };
    let (own, renewer) = (ACCOUNT, "{ kind: ServiceAccount, name: renewer, namespace: airlock }");
    assert_eq!(judged(&["shop/cart"], binding("shop", "b", "Role", "named", own)), said(&[("b", "pass")]));
    assert_eq!(judged(&["shop/cart"], binding("shop", "b", "Role", "all", own)), said(&[("b", "pass")]));
    assert_eq!(judged(&[], binding("shop", "b", "Role", "named", own)), said(&[("b", "fail")]));
    assert_eq!(judged(&["airlock/renewer"], binding("shop", "b", "Role", "named", renewer)), said(&[("b", "pass")]));
    assert_eq!(judged(&["airlock/renewer"], binding("shop", "b", "Role", "all", renewer)), said(&[("b", "fail")]));
    // The plan gives it rights among its own, and none here.
    assert_eq!(judged(&["bank/scheduler"], binding("shop", "b", "Role", "named", "{ kind: ServiceAccount, name: scheduler, namespace: bank }")), said(&[("b", "fail")]));
    // An operator of somebody else, which no role or account of the installation leads to.
    assert_eq!(judged(&[], cluster_binding("b", "everywhere", "{ kind: ServiceAccount, name: operator, namespace: other }")), said(&[("b", "fail")]));
    assert_eq!(judged(&[], binding("bank", "b", "ClusterRole", "everywhere", renewer)), said(&[("all roles and bindings", "not applicable")]));
}

/// A cluster with these objects, whose plan declares those.
fn planned(declared: &[String], live: &[String]) -> Snapshot {
    let mut cluster = files(&live.concat());
    cluster.source = Source::Cluster;
    cluster.world.namespaces = vec!["airlock".into(), "shop".into()];
    for kind in ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"] {
        cluster.objects.entry(kind.into()).or_insert_with(|| Ok(Vec::new()));
    }
    let objects = files(&declared.concat()).objects.into_values().flat_map(Result::unwrap);
    cluster.world.declared_rights = objects.map(|object| Object::new(object.manifest).unwrap()).collect();
    cluster
}

const RENEWER: &str = "{ kind: ServiceAccount, name: renewer, namespace: airlock }";

/// What the plan of the tests declares: rights in two namespaces, and in the cluster.
fn declared() -> Vec<String> {
    let named = "{ verbs: [get, patch], apiGroups: [''], resources: [secrets], resourceNames: [tls] }";
    vec![
        role("airlock", "renewer", &format!("{}, {named}", rule("list", "pods, events"))),
        binding("airlock", "renewer", "Role", "renewer", RENEWER),
        role("shop", "renewer", named),
        binding("shop", "renewer", "Role", "renewer", RENEWER),
        cluster_role("meter", "{ verbs: [get], apiGroups: [apps], resources: ['*'] }, { verbs: [get], nonResourceURLs: ['/metrics'] }"),
        cluster_binding("meter", "meter", RENEWER),
    ]
}

/// The declared objects as they are live, with these beside them or in their place.
fn changed(changes: &[String]) -> Snapshot {
    let name = |text: &str| text.split("rules:").next().and_then(|head| head.split("roleRef:").next()).map(str::to_owned);
    let kept = declared().into_iter().filter(|object| changes.iter().all(|change| name(change) != name(object)));
    planned(&declared(), &kept.chain(changes.iter().cloned()).collect::<Vec<_>>())
}

/// What is said of a binding that gives too much: its name, and what.
fn excess(snapshot: &Snapshot) -> Vec<(String, String)> {
    let findings = checks().into_iter().find(|check| check.spec().id == "RBC-011").unwrap().evaluate(&profile(json!({})), snapshot);
    let failed = findings.into_iter().filter(|finding| finding.verdict == Verdict::Fail);
    failed.map(|finding| (finding.subject.at(None).to_string(), finding.observed.raw().to_owned())).collect()
}

#[test]
fn operators_hold_what_was_declared_and_less_is_well_too() {
    assert_eq!(verdicts_of("RBC-011", &changed(&[]), json!({})), said(&[("meter", "pass"), ("renewer", "pass"), ("renewer", "pass")]));
    let fewer = [role("airlock", "renewer", &rule("list", "pods")), role("shop", "renewer", "{ verbs: [get], apiGroups: [''], resources: [secrets], resourceNames: [tls] }")];
    assert_eq!(excess(&changed(&fewer)), []);
    // What is declared for the whole cluster covers the same in a namespace, and a star all that it stands for.
    let narrower = [role("shop", "more", "{ verbs: [get], apiGroups: [apps], resources: [deployments, '*/scale'] }"), binding("shop", "more", "Role", "more", RENEWER)];
    assert_eq!(excess(&changed(&narrower)), []);
    // Paths are granted in the whole cluster alone.
    let paths = [cluster_role("paths", "{ verbs: ['*'], nonResourceURLs: ['*'] }"), binding("shop", "more", "ClusterRole", "paths", RENEWER)];
    assert_eq!(excess(&changed(&paths)), []);
}

#[test]
fn a_role_that_was_widened_is_told_by_what_is_more() {
    let in_airlock = |rules: &str| match &excess(&changed(&[role("airlock", "renewer", rules)]))[..] {
        [] => String::new(),
        [(binding, told)] if binding == "RoleBinding airlock/renewer" => told.replace("ServiceAccount/airlock/renewer may also ", "").replace(" in namespace airlock, by Role renewer", ""),
        more => panic!("{more:?}"),
    };
    let secrets = |verbs: &str, names: &str| format!("{{ verbs: [{verbs}], apiGroups: [''], resources: [secrets]{names} }}");
    assert_eq!(in_airlock(&rule("list", "pods, events")), "");
    assert_eq!(in_airlock(&rule("list, delete, watch", "pods, services")), "list, delete, watch services; delete, watch pods");
    assert_eq!(in_airlock(&secrets("get", ", resourceNames: [tls, key]")), "get secrets named key");
    assert_eq!(in_airlock(&secrets("get, patch", "")), "get, patch secrets");
    assert_eq!(in_airlock(&rule("'*'", "pods")), "* pods");
    assert_eq!(in_airlock(&rule("list", "'*'")), "list *");
    assert_eq!(in_airlock(&rule("list", "pods/log")), "list pods/log");
    assert_eq!(in_airlock("{ verbs: [list], apiGroups: ['*'], resources: [pods] }"), "list pods.*");
    assert_eq!(in_airlock("{ verbs: [get], apiGroups: [apps, batch], resources: ['*'] }"), "get *.batch");
    assert_eq!(in_airlock(&rule("get", "a, b, c, d, e, f, g")), "get a; get b; get c; get d; get e; and 2 more");
    // In the namespace beside it nothing of that was declared.
    let beside = excess(&changed(&[role("shop", "renewer", &rule("list", "pods"))]));
    assert_eq!(beside, [("RoleBinding shop/renewer".to_owned(), "ServiceAccount/airlock/renewer may also list pods in namespace shop, by Role renewer".to_owned())]);
    let wider = |rules: &str| excess(&changed(&[cluster_role("meter", rules)])).pop().map(|(_, told)| told);
    let told = |what: &str| Some(format!("ServiceAccount/airlock/renewer may also {what} in the whole cluster, by ClusterRole meter"));
    assert_eq!(wider("{ verbs: [get], nonResourceURLs: ['/metrics', '/metrics/*', '/healthz'] }"), told("get /metrics/*; get /healthz"));
    assert_eq!(wider("{ verbs: [get], nonResourceURLs: ['*'] }"), told("get *"));
    assert_eq!(wider("{ verbs: [get], apiGroups: ['*'], resources: ['*'] }"), told("get *.*"));
}

#[test]
fn a_binding_that_was_not_declared_is_told_by_account() {
    let more = |bound: String| excess(&changed(&[cluster_role("more", &rule("get", "services")), bound]));
    let told = |binding: &str, who: &str, place: &str| vec![(binding.to_owned(), format!("{who} may also get services in {place}, by ClusterRole more"))];
    assert_eq!(more(binding("airlock", "b", "ClusterRole", "more", RENEWER)), told("RoleBinding airlock/b", "ServiceAccount/airlock/renewer", "namespace airlock"));
    assert_eq!(more(cluster_binding("b", "more", RENEWER)), told("ClusterRoleBinding b", "ServiceAccount/airlock/renewer", "the whole cluster"));
    let user = "{ kind: User, name: 'system:serviceaccount:airlock:renewer' }";
    assert_eq!(more(cluster_binding("b", "more", user)), told("ClusterRoleBinding b", "ServiceAccount/airlock/renewer", "the whole cluster"));
    // Nothing is declared for it, so that nothing is covered.
    assert_eq!(more(binding("shop", "b", "ClusterRole", "more", ACCOUNT)), told("RoleBinding shop/b", "ServiceAccount/shop/cart", "namespace shop"));
    assert_eq!(excess(&planned(&[], &declared())).len(), 3);
    for group in ["system:serviceaccounts", "system:serviceaccounts:shop"] {
        let bound = cluster_binding("b", "more", &format!("{{ kind: Group, name: '{group}' }}"));
        assert_eq!(more(bound), told("ClusterRoleBinding b", &format!("Group/{group}"), "the whole cluster"));
    }
    // What the account may in its own namespace it may not everywhere.
    let everywhere = excess(&changed(&[cluster_role("more", &rule("list", "pods")), cluster_binding("b", "more", RENEWER)]));
    assert_eq!(everywhere, [("ClusterRoleBinding b".to_owned(), "ServiceAccount/airlock/renewer may also list pods in the whole cluster, by ClusterRole more".to_owned())]);
    // Each by what it may too much; who may what was declared is not named.
    let both = excess(&changed(&[binding("airlock", "b", "Role", "renewer", &format!("{RENEWER}, {ACCOUNT}"))]));
    let cart = "ServiceAccount/shop/cart may also list pods; list events; get, patch secrets named tls in namespace airlock, by Role renewer";
    assert_eq!(both, [("RoleBinding airlock/b".to_owned(), cart.to_owned())]);
}

#[test]
fn bindings_of_others_and_of_the_cluster_itself_are_no_excess() {
    let more = |bound: &str| verdicts_of("RBC-011", &planned(&[], &[cluster_role("more", &rule("get", "services")), bound.to_owned()]), json!({}));
    let nothing = said(&[("all roles and bindings", "not applicable")]);
    assert_eq!(more(&cluster_binding("b", "more", "{ kind: ServiceAccount, name: x, namespace: bank }")), nothing);
    assert_eq!(more(&cluster_binding("b", "more", "{ kind: Group, name: 'system:serviceaccounts:bank' }, { kind: User, name: alice }")), nothing);
    assert_eq!(more(&binding("shop", "b", "ClusterRole", "more", "{ kind: User, name: alice }")), nothing);
    // A role that is not there grants nothing.
    assert_eq!(more(&binding("shop", "b", "Role", "gone", ACCOUNT)), said(&[("b", "pass")]));
    assert_eq!(more(&binding("shop", "b", "ClusterRole", "gone", ACCOUNT)), said(&[("b", "pass")]));
    let pullers = |namespace: &str, name: &str, group: &str| {
        let roles = ["puller", "more"].map(|role| cluster_role(&format!("'system:image-{role}'"), &rule("get", "imagestreams/layers"))).concat();
        more(&(roles + &binding(namespace, "'system:image-pullers'", "ClusterRole", &format!("'system:image-{name}'"), &format!("{{ kind: Group, name: 'system:serviceaccounts:{group}' }}"))))
    };
    assert_eq!(pullers("shop", "puller", "shop"), nothing);
    assert_eq!(pullers("airlock", "puller", "shop"), said(&[("system:image-pullers", "fail")]));
    assert_eq!(pullers("shop", "more", "shop"), said(&[("system:image-pullers", "fail")]));
}

#[test]
fn what_operators_may_beyond_the_plan_can_be_allowed() {
    let given = changed(&[role("shop", "more", &rule("get", "services")), binding("shop", "b", "Role", "more", &format!("{RENEWER}, {ACCOUNT}"))]);
    let judged = |allow: &[&str]| verdicts_of("RBC-011", &given, json!({ "RBC.allow": allow })).into_iter().find(|(name, _)| name == "b").map(|(_, word)| word);
    assert_eq!(judged(&[]), Some("fail"));
    assert_eq!(judged(&["RoleBinding/shop/b"]), Some("pass"));
    assert_eq!(judged(&["Role/shop/more"]), Some("pass"));
    assert_eq!(judged(&["ServiceAccount/airlock/renewer"]), Some("fail"));
    assert_eq!(judged(&["ServiceAccount/airlock/renewer", "ServiceAccount/shop/cart"]), Some("pass"));
    assert_eq!(judged(&["RoleBinding/airlock/b", "Role/airlock/more"]), Some("fail"));
}

#[test]
fn of_files_nothing_was_declared_and_what_cannot_be_read_is_not_guessed_at() {
    let profile = crate::with_checks(profile(json!({})), "RBC-011,RBC-012").unwrap();
    let report = crate::judge(&profile, &files(&declared().concat()), crate::Judging { passes: true, workers: 1 }).unwrap();
    let of_files: Vec<_> = report.findings.iter().filter(|finding| finding.check == "RBC-011").map(|finding| (finding.verdict, finding.reason)).collect();
    assert_eq!(of_files, [(Verdict::NotApplicable, Some(Reason::OtherSource))]);
    let broken = "\n---\n{ apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: { name: renewer, namespace: airlock }, rules: 1 }".to_owned();
    let all = |more: &'static str| said(&[("meter", "pass"), ("renewer", "pass"), ("renewer", more), ("renewer", "unverified")]);
    assert_eq!(verdicts_of("RBC-011", &changed(std::slice::from_ref(&broken)), json!({})), all("unverified"));
    assert_eq!(verdicts_of("RBC-011", &planned(&[broken], &declared()), json!({})), said(&[("all roles and bindings", "unverified")]));
}

#[test]
fn what_was_not_read_is_unverified() {
    for kind in ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"] {
        for check in checks() {
            let tenant = "\n---\n{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { airlock-platform.io/tenant: shop } } }";
            let mut snapshot = files(&[cluster_role("r", &rule("get", "pods")), binding("shop", "b", "ClusterRole", "r", ACCOUNT), tenant.to_owned()].concat());
            snapshot.objects.insert(kind.into(), Err("403".into()));
            let findings = check.evaluate(&profile(json!({})), &snapshot);
            assert!(findings.iter().all(|finding| finding.verdict == Verdict::Unverified) && !findings.is_empty(), "{} without {kind}: {findings:#?}", check.spec().id);
        }
    }
    let broken = "\n---\n{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: { name: b, namespace: shop }, roleRef: { kind: Role }, subjects: [] }";
    assert_eq!(verdicts("RBC-001", &[broken.to_owned()]), said(&[("b", "unverified")]));
}
