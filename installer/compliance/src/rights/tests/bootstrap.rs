//! What Kubernetes makes itself is left out as it is made, and not for its label.

use super::verdicts::{said, verdicts, verdicts_of};
use super::*;

const LABEL: &str = "labels: { kubernetes.io/bootstrapping: rbac-defaults }";
const MASTERS: &str = "{ kind: Group, name: 'system:masters' }";
const ALICE: &str = "{ kind: User, name: alice }";

/// An object of these tests, with the label of Kubernetes' own.
fn labelled(document: &str) -> String {
    document.replacen("metadata: {", &format!("metadata: {{ {LABEL},"), 1)
}

fn own_role(name: &str, rules: &str) -> String {
    labelled(&cluster_role(&format!("'{name}'"), rules))
}

fn own_binding(name: &str, role: &str, subjects: &str) -> String {
    labelled(&cluster_binding(&format!("'{name}'"), &format!("'{role}'"), subjects))
}

fn nothing() -> Vec<(String, &'static str)> {
    said(&[("all roles and bindings", "not applicable")])
}

#[test]
fn what_is_as_kubernetes_makes_it_is_no_finding() {
    let authenticated = "{ kind: Group, name: 'system:authenticated' }";
    let collector = "{ kind: ServiceAccount, name: generic-garbage-collector, namespace: kube-system }";
    let made = [
        own_role("cluster-admin", "{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }"),
        own_binding("cluster-admin", "cluster-admin", MASTERS),
        own_role("system:controller:generic-garbage-collector", "{ verbs: [delete, get, list, patch, update, watch], apiGroups: ['*'], resources: ['*'] }"),
        own_binding("system:controller:generic-garbage-collector", "system:controller:generic-garbage-collector", collector),
        own_role("system:discovery", "{ verbs: [get], nonResourceURLs: [/api, '/api/*', /healthz] }"),
        own_binding("system:discovery", "system:discovery", authenticated),
        // Of a distribution, and of a later version.
        own_role("system:coredns", "{ verbs: [list, watch], apiGroups: [''], resources: [endpoints] }"),
        own_binding("system:coredns", "system:coredns", "{ kind: ServiceAccount, name: coredns, namespace: kube-system }"),
        own_binding("system:kube-next", "system:kube-next", "{ kind: User, name: 'system:kube-next' }"),
        labelled(&role("kube-system", "'system:controller:token-cleaner'", &rule("get, list, watch, delete", "secrets"))),
        labelled(&binding("kube-system", "'system:controller:token-cleaner'", "Role", "'system:controller:token-cleaner'", "{ kind: ServiceAccount, name: token-cleaner, namespace: kube-system }")),
        labelled(&role("kube-system", "extension-apiserver-authentication-reader", &rule("get", "configmaps"))),
        labelled(&binding("kube-system", "'system::extension-apiserver-authentication-reader'", "Role", "extension-apiserver-authentication-reader", "{ kind: User, name: 'system:kube-scheduler' }")),
    ];
    let tenant = "\n---\n{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { airlock-platform.io/tenant: shop } } }".to_owned();
    for check in checks() {
        let expected = if check.spec().id == "RBC-010" { said(&[("RBC-010.installer", "not applicable")]) } else { nothing() };
        assert_eq!(verdicts(check.spec().id, &[made.concat(), tenant.clone()]), expected, "{}", check.spec().id);
    }
    // Without the label they are somebody else's.
    let theirs = made.map(|document| document.replace(LABEL, "labels: {}"));
    assert_eq!(verdicts("RBC-001", &theirs).iter().filter(|(_, word)| *word == "fail").count(), 1);
    assert_eq!(verdicts("RBC-003", &theirs).iter().filter(|(_, word)| *word == "fail").count(), 3);
}

#[test]
fn a_binding_that_bears_the_label_is_judged_by_whom_it_names_and_what_it_grants() {
    let judged = |name: &str, role: &str, subjects: &str| verdicts("RBC-001", &[own_binding(name, role, subjects)]);
    assert_eq!(judged("system:evil", "cluster-admin", ACCOUNT), said(&[("system:evil", "fail")]));
    assert_eq!(judged("system:evil", "cluster-admin", "{ kind: ServiceAccount, name: evil, namespace: kube-system }"), said(&[("system:evil", "fail")]));
    assert_eq!(judged("cluster-admin", "cluster-admin", ACCOUNT), said(&[("cluster-admin", "fail")]));
    assert_eq!(judged("cluster-admin", "cluster-admin", "{ kind: User, name: 'system:kube-scheduler' }"), said(&[("cluster-admin", "fail")]));
    // Who was added is told, and may be allowed; the group that Kubernetes names is not.
    let added = files(&own_binding("cluster-admin", "cluster-admin", &format!("{MASTERS}, {ALICE}")));
    let findings = administrators::Administrators.evaluate(&profile(json!({})), &added);
    assert_eq!(findings.iter().map(|finding| finding.observed.raw()).collect::<Vec<_>>(), ["User/alice may do everything in the cluster, by cluster-admin"]);
    assert_eq!(verdicts_of("RBC-001", &added, json!({ "RBC.allow": ["User/alice"] })), said(&[("cluster-admin", "pass")]));
    assert_eq!(verdicts_of("RBC-010", &added, json!({ "RBC-010.installer": ["User/alice"] })), said(&[("cluster-admin", "fail")]));
    // Kubernetes binds nothing in namespaces of others.
    assert_eq!(verdicts("RBC-003", &[labelled(&binding("shop", "'system:x'", "ClusterRole", "edit", ALICE))]), said(&[("system:x", "fail")]));
    let secrets = labelled(&role("shop", "'system:controller:token-cleaner'", &rule("get", "secrets")));
    assert_eq!(verdicts("RBC-003", &[secrets]), said(&[("system:controller:token-cleaner", "warn")]));
}

#[test]
fn all_accounts_are_bound_to_what_kubernetes_binds_them_to_and_to_no_more() {
    let accounts = "{ kind: Group, name: 'system:serviceaccounts' }";
    let tenant = "\n---\n{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { airlock-platform.io/tenant: shop } } }".to_owned();
    let judged = |name: &str, subjects: &str| verdicts("RBC-008", &[tenant.clone(), own_binding(name, name, subjects)]);
    let discovery = "system:service-account-issuer-discovery";
    assert_eq!(judged(discovery, accounts), nothing());
    assert_eq!(judged(discovery, &format!("{accounts}, {ALICE}")), said(&[(discovery, "pass")]));
    assert_eq!(judged(discovery, &format!("{accounts}, {ACCOUNT}")), said(&[(discovery, "fail")]));
    assert_eq!(judged("system:b", accounts), said(&[("system:b", "fail")]));
}

#[test]
fn what_was_added_to_a_role_of_kubernetes_is_told() {
    let (collector, scheduler) = ("system:controller:generic-garbage-collector", "system:kube-scheduler");
    let all = |verbs: &str| own_role(collector, &format!("{{ verbs: [{verbs}], apiGroups: ['*'], resources: ['*'] }}"));
    assert_eq!(verdicts("RBC-005", &[all("get, list, delete")]), nothing());
    assert_eq!(verdicts("RBC-005", &[all("get, escalate")]), said(&[(collector, "warn")]));
    // One version reads its own lease by name, another a list more: that is no power.
    assert_eq!(verdicts("RBC-003", &[own_role(scheduler, &rule("get, list", "pods, services"))]), nothing());
    assert_eq!(verdicts("RBC-003", &[own_role(scheduler, &rule("get, list", "pods, secrets"))]), said(&[(scheduler, "warn")]));
    assert_eq!(verdicts("RBC-002", &[own_role("mine", "{ verbs: ['*'], apiGroups: [''], resources: [pods] }")]), said(&[("mine", "warn")]));
    assert_eq!(verdicts("RBC-002", &[own_role("system:mine", "{ verbs: ['*'], apiGroups: [''], resources: [pods] }")]), said(&[("system:mine", "warn")]));
    // Its own binding gives it to whom Kubernetes names.
    let bound = own_binding(scheduler, scheduler, "{ kind: User, name: 'system:kube-scheduler' }");
    assert_eq!(verdicts("RBC-003", &[own_role(scheduler, &rule("get", "secrets")), bound]), said(&[(scheduler, "fail")]));
    // Of what everybody holds anything counts.
    let everybody = |rules: &str| {
        let bound = own_binding("system:basic-user", "system:basic-user", "{ kind: Group, name: 'system:authenticated' }");
        verdicts("RBC-007", &[own_role("system:basic-user", rules), bound])
    };
    let reviews = "{ verbs: [create], apiGroups: [authorization.k8s.io], resources: [selfsubjectaccessreviews] }";
    assert_eq!(everybody(reviews), nothing());
    assert_eq!(everybody(&format!("{reviews}, {}", rule("list", "pods"))), said(&[("system:basic-user", "fail")]));
}

#[test]
fn a_role_that_gathers_is_as_made_by_what_it_gathers_by() {
    let edit = |selectors: &str| {
        format!(
            "\n---\n{{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{ name: edit, {LABEL} }}, aggregationRule: {{ clusterRoleSelectors: [{selectors}] }}, rules: [ {} ] }}",
            rule("get", "secrets")
        )
    };
    let own = "{ matchLabels: { rbac.authorization.k8s.io/aggregate-to-edit: 'true' } }";
    let more = cluster_role("more", &rule("get", "secrets")).replace("name: more", "name: more, labels: { into: edit }");
    let judged = |selectors: &str| verdicts("RBC-003", &[edit(selectors), more.clone()]);
    assert_eq!(judged(own), said(&[("more", "warn")]));
    assert_eq!(judged(&format!("{own}, {{ matchLabels: {{ into: edit }} }}")), said(&[("edit", "warn"), ("more", "warn")]));
}
