//! Who may what, as the roles and bindings of a cluster are read, against what its API server says (`SubjectAccessReview`).

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::time::Duration;

use airlock_bed::{Bed, eventually};
use airlock_compliance::{Holder, Request, Rights};
use airlock_model::{Object, Snapshot, SnapshotObject};
use serde_json::{Value, json};

const KINDS: [&str; 4] = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];

#[test]
fn who_may_what_is_read_from_roles_and_bindings_as_the_api_server_grants_it() -> Result<(), Box<dyn Error>> {
    let bed = Bed::shared()?;
    let (one, two) = (bed.namespace("rights-one")?, bed.namespace("rights-two")?);
    let (one, two) = (one.name(), two.name());
    let _granted = Granted { bed: &bed, of: one };
    let written = include_str!("../../rights.yaml").replace("ONE", one).replace("TWO", two);
    bed.apply(&written)?;
    let holders = holders(one, two);
    let (part, team) = (format!("{one}-part"), format!("{one}-team"));
    let by_name = [
        ("bind", "rbac.authorization.k8s.io", "clusterroles", part.as_str()),
        ("bind", "rbac.authorization.k8s.io", "clusterroles", "cluster-admin"),
        ("escalate", "rbac.authorization.k8s.io", "clusterroles", part.as_str()),
        ("impersonate", "", "groups", team.as_str()),
        ("impersonate", "", "groups", "system:masters"),
        ("get", "", "nodes/proxy", "node1"),
        ("get", "", "nodes/proxy", "node2"),
    ];
    let by_name = by_name.map(|(verb, group, resource, name)| Request::Resource { verb, group, resource, name: Some(name), namespace: None });
    let asked: Vec<(&Holder, Request<'_>)> = holders.iter().flat_map(|holder| requests(one, two).into_iter().chain(by_name).map(move |request| (holder, request))).collect();

    // The controller gathers what roles aggregate, and the API server hears of roles after it has taken them.
    let gathered = Request::Resource { verb: "list", group: "", resource: "persistentvolumes", name: None, namespace: None };
    let alice = Holder::User(format!("{one}-alice"));
    eventually("the gathered rules", Duration::from_secs(30), || match granted(&bed, &[(&alice, gathered)]).map_err(|error| error.to_string())?[..] {
        [true] => Ok(()),
        _ => Err("they are not granted".to_owned()),
    })?;

    let live = live(&bed)?;
    let rights = Rights::read(&live);
    let by_rules: Vec<bool> = asked.iter().map(|(holder, request)| rights.may(holder, request).is_some()).collect();
    let by_server = granted(&bed, &asked)?;
    let differ: Vec<String> =
        asked.iter().zip(by_rules.iter().zip(&by_server)).filter(|(_, (rules, server))| rules != server).map(|((holder, request), (rules, _))| format!("{holder} {request:?}: {rules}")).collect();
    assert!(differ.is_empty(), "read here, and otherwise by the API server: {differ:#?}");

    // Neither says the same to everything: each of those who are named has both answers.
    for holder in holders.iter().filter(|holder| !matches!(holder, Holder::Group(name) if name == "system:masters")) {
        let answers = |answer| asked.iter().zip(&by_server).filter(|((who, _), said)| *who == holder && **said == answer).count();
        assert!(answers(false) > 0 && answers(true) > 0, "{holder}: {} and {}", answers(true), answers(false));
    }
    Ok(())
}

/// What the fixture grants in the whole cluster is gone when the value is dropped.
struct Granted<'a> {
    bed: &'a Bed,
    of: &'a str,
}

impl Drop for Granted<'_> {
    fn drop(&mut self) {
        let _ = self.bed.kubectl(["delete", "clusterrole,clusterrolebinding", "--ignore-not-found", "-l", &format!("rights-of={}", self.of)]);
    }
}

fn holders(one: &str, two: &str) -> Vec<Holder> {
    let account = |namespace: &str, name: &str| Holder::Account { namespace: namespace.to_owned(), name: name.to_owned() };
    vec![
        account(one, "runner"),
        account(one, "nobody"),
        account(two, "by-name"),
        Holder::User(format!("{one}-alice")),
        Holder::User(format!("{one}-nobody")),
        Holder::User("system:anonymous".to_owned()),
        Holder::Group(format!("{one}-team")),
        Holder::Group("system:masters".to_owned()),
    ]
}

/// Each thing that a rule of the fixture grants, or seems to; in both namespaces and in all.
fn requests<'a>(one: &'a str, two: &'a str) -> Vec<Request<'a>> {
    let mut requests = Vec::new();
    for namespace in [Some(one), Some(two), None] {
        for (verb, group, resource, name) in [
            ("get", "", "pods", None),
            ("get", "", "pods", Some("web")),
            ("list", "", "pods", None),
            ("watch", "", "pods", None),
            ("create", "", "pods", None),
            ("get", "", "pods/log", Some("web")),
            ("create", "", "pods/exec", Some("web")),
            ("get", "metrics.k8s.io", "pods", None),
            ("get", "", "secrets", Some("db")),
            ("get", "", "secrets", Some("web")),
            ("get", "", "secrets", None),
            ("list", "", "secrets", None),
            ("list", "", "secrets", Some("db")),
            ("create", "", "secrets", None),
            ("get", "", "services", Some("web")),
            ("get", "", "services/proxy", Some("web")),
            ("get", "", "configmaps", Some("web")),
            ("list", "", "endpoints", None),
            ("list", "", "endpoints", Some("web")),
            ("delete", "apps", "deployments", Some("web")),
            ("get", "extensions", "deployments", None),
            ("get", "apps", "deployments/status", Some("web")),
            ("update", "apps", "deployments/scale", Some("web")),
            ("update", "apps", "statefulsets/scale", Some("web")),
            ("patch", "apps", "statefulsets/scale", Some("web")),
            ("update", "batch", "jobs/scale", Some("web")),
            ("get", "apps", "statefulsets", Some("web")),
            ("create", "batch", "jobs", None),
            ("create", "batch", "cronjobs/status", None),
            ("delete", "batch", "jobs", Some("web")),
            ("get", "", "nodes", Some("node1")),
            ("list", "", "persistentvolumes", None),
            ("delete", "", "namespaces", Some("web")),
            ("get", "", "namespaces", Some("web")),
            ("create", "", "serviceaccounts/token", Some("runner")),
            ("impersonate", "", "serviceaccounts", Some("runner")),
            ("create", "rbac.authorization.k8s.io", "rolebindings", None),
            ("create", "authorization.k8s.io", "selfsubjectaccessreviews", None),
            ("*", "", "pods", None),
            ("get", "*", "*", None),
        ] {
            requests.push(Request::Resource { verb, group, resource, name, namespace });
        }
    }
    let paths = ["/metrics", "/metrics/", "/logs", "/logs/", "/logs/a/b", "/debug", "/debugger", "/debug/pprof", "/healthz", "/version", "/apis/apps", "/"];
    requests.extend(paths.into_iter().flat_map(|path| ["get", "post"].map(|verb| Request::Path { verb, path })));
    requests
}

/// What the API server says to each.
fn granted(bed: &Bed, asked: &[(&Holder, Request<'_>)]) -> Result<Vec<bool>, Box<dyn Error>> {
    let reviews: Vec<Value> = asked.iter().map(|(holder, request)| review(holder, request)).collect();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("reviews.json");
    fs::write(&file, json!({ "apiVersion": "v1", "kind": "List", "items": reviews }).to_string())?;
    let said = bed.kubectl(["create", "--validate=false", "-f", &file.display().to_string(), "-o", "jsonpath={.status.allowed}{' '}{.status.evaluationError}{'\\n'}"])?;
    let said: Vec<bool> = said.lines().map(|line| line.starts_with("true ")).collect();
    assert_eq!(said.len(), asked.len(), "an answer to each");
    Ok(said)
}

fn review(holder: &Holder, request: &Request<'_>) -> Value {
    let (user, groups) = match holder {
        Holder::User(name) if name == "system:anonymous" => (name.clone(), vec!["system:unauthenticated".to_owned()]),
        Holder::User(name) => (name.clone(), vec!["system:authenticated".to_owned()]),
        Holder::Group(name) => ("somebody".to_owned(), vec![name.clone(), "system:authenticated".to_owned()]),
        Holder::Account { namespace, name } => {
            (format!("system:serviceaccount:{namespace}:{name}"), vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}"), "system:authenticated".to_owned()])
        }
    };
    let mut spec = json!({ "user": user, "groups": groups });
    match request {
        Request::Path { verb, path } => spec["nonResourceAttributes"] = json!({ "verb": verb, "path": path }),
        Request::Resource { verb, group, resource, name, namespace } => {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            spec["resourceAttributes"] =
                json!({ "verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name.unwrap_or_default(), "namespace": namespace.unwrap_or_default() });
        }
    }
    json!({ "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec })
}

/// Roles and bindings of the whole cluster, those that Kubernetes makes among them.
fn live(bed: &Bed) -> Result<Snapshot, Box<dyn Error>> {
    let mut objects = BTreeMap::new();
    for kind in KINDS {
        let list: Value = serde_json::from_str(&bed.kubectl(["get", kind, "--all-namespaces", "-o", "json"])?)?;
        let items = list["items"].as_array().ok_or("no items")?;
        let read: Result<Vec<SnapshotObject>, _> = items.iter().map(|item| Object::new(item.clone()).map(|object| SnapshotObject::from(&object))).collect();
        objects.insert(kind.to_owned(), Ok(read?));
    }
    Ok(Snapshot { objects, ..Snapshot::default() })
}
