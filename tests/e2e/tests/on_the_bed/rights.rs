//! The rights that `airlock requirements` lists are enough: a caller who has just these installs, looks, checks, and takes it away.

use std::collections::BTreeMap;

use airlock_e2e::{Run, Site};
use serde_json::{Value, json};

/// Roles for a list of rights: a `ClusterRole` for those in the cluster, a Role for each namespace; each with its binding.
fn roles(rights: &[Value], name: &str, user: &str) -> String {
    let mut by_namespace: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for right in rights {
        let text = |key: &str| right[key].as_str().unwrap_or_default();
        by_namespace.entry(text("namespace")).or_default().push(json!({"apiGroups": [text("group")], "resources": [text("resource")], "verbs": [text("verb")]}));
    }
    let objects = by_namespace.into_iter().flat_map(|(namespace, rules)| {
        let prefix = if namespace.is_empty() { "Cluster" } else { "" };
        let mut metadata = json!({"name": name});
        if !namespace.is_empty() {
            metadata["namespace"] = json!(namespace);
        }
        let api = "rbac.authorization.k8s.io";
        [
            json!({"apiVersion": format!("{api}/v1"), "kind": format!("{prefix}Role"), "metadata": metadata, "rules": rules}),
            json!({"apiVersion": format!("{api}/v1"), "kind": format!("{prefix}RoleBinding"), "metadata": metadata,
                "roleRef": {"apiGroup": api, "kind": format!("{prefix}Role"), "name": name}, "subjects": [{"apiGroup": api, "kind": "User", "name": user}]}),
        ]
    });
    json!({"apiVersion": "v1", "kind": "List", "items": objects.collect::<Vec<_>>()}).to_string()
}

#[test]
fn the_rights_that_are_asked_for_are_enough() {
    let site = Site::shared("least");
    let answers = site.whole_answers("components: { monitoring: { mode: bundled } }\nalerts: { receiver: none }\n");
    let path = answers.display().to_string();
    let required = site.run(&["requirements", "--answers", &path, "-o", "json"]).expect(0).json();
    let rights = required["rights"].as_array().expect("rights").clone();
    let removal_rights = required["removalRights"].as_array().expect("rights").clone();

    // Somebody with more power has made the namespaces and given the rights.
    for namespace in [&site.name, &site.probes()] {
        site.bed.kubectl(["create", "namespace", namespace]).expect("namespace");
    }
    site.bed.apply(&roles(&rights, "least-of-airlock", "least")).expect("roles");
    let kubeconfig = site.bed.user("least", &[]).expect("kubeconfig").display().to_string();
    let run = |arguments: &[&str]| site.run(&[&["--kubeconfig", kubeconfig.as_str()], arguments].concat());
    let install = || run(&["install", "--answers", &path, "--yes"]);
    let planned = run(&["plan", "--answers", &path, "-o", "json"]).expect(0).json();
    for (offline, online) in [("/requests", "/plan/requests"), ("/flows", "/plan/connections")] {
        assert_eq!(required.pointer(offline), planned.pointer(online), "requirements and plan agree on {offline}");
    }
    install().expect(11);
    site.set_dns();
    install().expect(11);
    site.trust_on_nodes();
    install().expect(0);

    let status = run(&["status", "--namespace", &site.name]).expect(0).stdout;
    assert!(status.contains("base-domain-tls") && status.contains(&site.registry()), "{status}");
    let report = run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "-o", "json"]).expect(0).json();
    assert_eq!(of_verdict(&report, "warn"), ["TLS-009", "MON-003"], "that nobody is told of alerts stands in every report, and that nodes may not be listed: {report}");

    the_roles_that_a_check_prints_are_enough_for_it(&site);

    site.bed.apply(&roles(&removal_rights, "least-of-removal", "least")).expect("roles");
    run(&["uninstall", "--namespace", &site.name, "--yes", "--delete-data"]).expect(0);
    let left = site.bed.kubectl(["get", "namespaces", &site.name, &site.probes(), "--ignore-not-found", "-o", "name"]).expect("kubectl");
    assert_eq!(left, "", "nothing stays");

    for kind in ["clusterrole", "clusterrolebinding"] {
        site.bed.kubectl(["delete", kind, "least-of-airlock", "least-of-removal", "airlock-compliance-check", "--ignore-not-found"]).expect("kubectl");
    }
    for namespace in ["kube-system", "default"] {
        site.bed.kubectl(["-n", namespace, "delete", "role,rolebinding", "least-of-airlock"]).expect("kubectl");
    }
}

/// Somebody who may nothing is told what a check asks for, twice: what is installed can't be seen before. Then she checks, by a profile
/// and by everything that there is.
fn the_roles_that_a_check_prints_are_enough_for_it(site: &Site) {
    let kubeconfig = site.bed.user("checker", &[]).expect("kubeconfig").display().to_string();
    let run = |arguments: &[&str]| site.run(&[&["--kubeconfig", kubeconfig.as_str(), "compliance-check", "--namespace", &site.name], arguments].concat());
    let baseline = |arguments: &[&str]| run(&[&["--profile", "baseline"], arguments].concat());
    let audit = site.audit();
    let begin = baseline(&["--permissions"]).expect(3);
    assert!(begin.stderr.contains("without it nothing is judged") && begin.stderr.contains("ask again then"), "{}", begin.stderr);
    assert_eq!(audit.writes(), [], "a list of rights is a question");
    site.bed.apply(&begin.stdout).expect("the roles that were printed");
    let listed = baseline(&["--permissions"]).expect(3);
    assert!(listed.stderr.contains("list networkpolicies.networking.k8s.io in namespace") && listed.stderr.contains("NET-001"), "{}", listed.stderr);
    site.bed.apply(&listed.stdout).expect("the roles that were printed");
    may_all(&baseline(&["--permissions"]).expect(0));
    let report = baseline(&["--yes", "-o", "json"]).expect(0).json();
    let unread = report["admitted"]["uncompared"].as_array().expect("pods that were not compared").iter().any(|pods| pods["unread"] == true);
    assert!(!unread && report["admitted"]["compared"].as_u64() > Some(0), "what made the pods may be read, too: {report}");

    site.bed.apply(&without(&listed.stdout, ("secrets", "list"))).expect("the same roles with less in them");
    let report = baseline(&["--yes", "--all", "-o", "json"]).expect(7).json();
    assert_eq!(of_verdict(&report, "unverified"), ["SEC-001", "SEC-008", "SEC-004", "SEC-005"], "what reads values of Secrets says so, and nothing else: {report}");
    assert_eq!(of_verdict(&report, "fail"), [""; 0], "{report}");
    site.bed.apply(&listed.stdout).expect("the roles that were printed");

    let before = missing(&run(&["--no-profile", "--yes", "--all", "-o", "json"]).expect(7).json());
    assert!(!before.is_empty(), "checks beyond the profile's read more");
    let listed = run(&["--no-profile", "--permissions"]).expect(3);
    site.bed.apply(&listed.stdout).expect("the roles that were printed");
    may_all(&run(&["--no-profile", "--permissions"]).expect(0));
    let left = missing(&run(&["--no-profile", "--yes", "--all", "-o", "json"]).expect(7).json());
    assert_eq!(left, <[String; 0]>::default(), "no right is missing for any check");
}

/// Checks of a verdict.
fn of_verdict<'a>(report: &'a Value, verdict: &str) -> Vec<&'a str> {
    report["checks"].as_array().expect("checks").iter().filter(|check| check["verdict"] == verdict).filter_map(|check| check["id"].as_str()).collect()
}

/// Roles as they were printed, without a verb on a resource.
fn without(roles: &str, (resource, verb): (&str, &str)) -> String {
    let lesser = |document: &str| {
        let mut object: Value = serde_yaml::from_str(document).expect("an object");
        let Some(held) = object["rules"].as_array_mut() else { return object.to_string() };
        for mut rule in std::mem::take(held) {
            if let Some(place) = rule["resources"].as_array().and_then(|resources| resources.iter().position(|known| known == resource)) {
                let mut own = rule.clone();
                own["resources"] = json!([resource]);
                own["verbs"].as_array_mut().expect("verbs").retain(|known| known != verb);
                rule["resources"].as_array_mut().expect("resources").remove(place);
                held.push(own);
            }
            held.push(rule);
        }
        let is_some = |rule: &Value, list: &str| rule[list].as_array().is_none_or(|list| !list.is_empty());
        held.retain(|rule| is_some(rule, "resources") && is_some(rule, "verbs"));
        object.to_string()
    };
    roles.split("\n---\n").map(lesser).collect::<Vec<_>>().join("\n---\n")
}

fn may_all(permissions: &Run) {
    assert!(permissions.stdout.starts_with("# you may all") && permissions.stdout.lines().count() == 1, "{}", permissions.stdout);
}

/// What checks say of rights that are missing.
fn missing(report: &Value) -> Vec<String> {
    let said = report["findings"].as_array().expect("findings").iter().map(|finding| format!("{}: {}", finding["check"], finding["observed"]));
    said.filter(|said| said.contains("missing right")).collect()
}
