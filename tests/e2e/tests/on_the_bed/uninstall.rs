//! What uninstall must not touch.

use airlock_e2e::Site;

#[cfg(feature = "long")]
#[test]
fn a_namespace_in_which_others_run_something_by_now_stays_with_what_is_theirs() {
    let site = Site::shared("shared");
    // The run waits for DNS; what it made until then is enough to be taken away.
    site.install(&site.answers("")).expect(11);
    for namespace in [&site.name, &site.probes()] {
        site.bed.kubectl(["-n", namespace, "create", "deployment", "theirs", "--image=registry.k8s.io/pause:3.10", "--replicas=0"]).expect("deployment");
    }

    let removed = site.run(&["uninstall", "--namespace", &site.name, "--yes", "--delete-data"]).expect(0);

    for namespace in [&site.name, &site.probes()] {
        assert!(removed.stdout.contains(&format!("Namespace {namespace}")), "what stays is named:\n{}", removed.said());
        let left = site.bed.kubectl(["-n", namespace, "get", "deployments,statefulsets,secrets,services", "-o", "name"]).expect("kubectl");
        assert_eq!(left.trim(), "deployment.apps/theirs", "only what is theirs stays in {namespace}");
    }
}

#[test]
fn a_namespace_in_which_others_keep_a_secret_or_a_configuration_stays_with_it() {
    let site = Site::shared("treasured");
    site.install(&site.answers("")).expect(11);
    site.kubectl(&["create", "secret", "generic", "theirs", "--from-literal=key=value"]);
    site.bed.kubectl(["-n", &site.probes(), "create", "configmap", "theirs", "--from-literal=key=value"]).expect("configmap");

    let removed = site.run(&["uninstall", "--namespace", &site.name, "--yes", "--delete-data"]).expect(0);

    for (namespace, theirs) in [(site.name.clone(), "secret/theirs"), (site.probes(), "configmap/theirs")] {
        assert!(removed.stdout.contains(&format!("Namespace {namespace}")), "what stays is named:\n{}", removed.said());
        let left = site.bed.kubectl(["-n", &namespace, "get", "deployments,statefulsets,secrets,services,configmaps", "-o", "name"]).expect("kubectl");
        // Where the namespace stays, the record of what was done stays in it.
        let is_theirs = |name: &&str| *name != "configmap/kube-root-ca.crt" && !name.starts_with("configmap/airlock-");
        assert_eq!(left.split_whitespace().filter(is_theirs).collect::<Vec<_>>(), [theirs], "only what is theirs stays in {namespace}");
    }
}

#[cfg(feature = "long")]
#[test]
fn a_caller_who_may_not_delete_hears_of_it_before_anything_goes() {
    let site = Site::shared("undeleted");
    site.install(&site.answers("")).expect(11);
    let kubeconfig = site.bed.user("keeper", &[]).expect("kubeconfig").display().to_string();
    let verbs = ["get", "list", "watch", "create", "update", "patch"];
    let api = "rbac.authorization.k8s.io";
    let all_but_delete = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": format!("{api}/v1"), "kind": "ClusterRole", "metadata": {"name": "all-but-delete"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}]},
        {"apiVersion": format!("{api}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": "all-but-delete"},
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "all-but-delete"}, "subjects": [{"apiGroup": api, "kind": "User", "name": "keeper"}]},
    ]});
    site.bed.apply(&all_but_delete.to_string()).expect("role");
    let standing = || site.kubectl(&["get", "deployments,statefulsets,services,secrets,networkpolicies", "-o", "name"]);
    let (before, audit) = (standing(), site.bed.audit().expect("audit log"));

    let refused = site.run(&["--kubeconfig", &kubeconfig, "uninstall", "--namespace", &site.name, "--yes"]);

    let written = audit.writes_by("keeper").expect("audit log");
    site.bed.kubectl(["delete", "clusterrole,clusterrolebinding", "all-but-delete"]).expect("kubectl");
    let refused = refused.expect(3);
    assert!(refused.first_line().contains("RGT-001"), "{}", refused.stderr);
    assert!(refused.said().contains("deployments.apps") && refused.said().contains("(delete)"), "the missing right is named:\n{}", refused.stderr);
    assert_eq!((standing(), written), (before, Vec::new()), "nothing is gone and nothing was written");
}
