use std::collections::{BTreeMap, BTreeSet};

use airlock_compliance::{CheckSummary, Maker, shipped, unprofiled, with_checks};
use airlock_model::{AirflowDeployment, Credentials, CredentialsForm, Need, Object, ObjectRef, SnapshotObject, Verdict, names};
use airlock_render::{RenderInput, TenantInput};
use serde_json::{Value, json};

use super::*;

/// Kinds that the auditor may not list: their checks run from a workstation. They are the cluster's, or say nothing without those; and
/// Gateways, Routes, Certificates, policies of other plugins, and reports of scanners are of groups that most clusters do not have, whose rights who installs could not hand on.
const NOT_HERE: [&str; 15] = [
    "AdminNetworkPolicy",
    "BaselineAdminNetworkPolicy",
    "Certificate",
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "ClusterNetworkPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "Gateway",
    "GlobalNetworkPolicy",
    "Role",
    "RoleBinding",
    "Route",
    "StorageClass",
    "VulnerabilityReport",
];

fn answers(database: &str) -> Answers {
    let text = format!("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ncomponents: {{ auditor: {{}}{database} }}\nevidence: {{ sink: folder }}\n");
    Answers::from_yaml(&text).unwrap()
}

fn deployment(name: &str) -> WorldDeployment {
    let credentials = |form| Credentials { username: "u".into(), password: None, form };
    WorldDeployment {
        name: name.into(),
        namespace: format!("airlock-{name}"),
        host: format!("{name}-airflow.platform.test"),
        login: credentials(CredentialsForm::Json),
        role: credentials(CredentialsForm::Basic),
    }
}

fn intended(profile: &Profile) -> Intended {
    let world = world(&answers(""), vec![deployment("alpha"), deployment("beta")]).unwrap();
    let needs = airlock_compliance::needs(profile, &world).unwrap();
    Intended { profile: profile.clone(), world, attempts: attempts_in(&needs), decisions: Decisions::default(), node_reports: Vec::new(), scan_reports: Vec::new(), needs }
}

/// The report where these objects were read, and of every other kind there is none.
fn report(profile: &Profile, read: &[(&str, Vec<Value>)]) -> Report {
    let intended = intended(profile);
    let kinds = intended.needs.iter().filter_map(|need| {
        if let Need::Objects { api_version, kind } = need { Some((airlock_compliance::manifests::key(api_version.split_once('/').map_or("", |(group, _)| group), kind), Ok(Vec::new()))) } else { None }
    });
    let mut objects: BTreeMap<String, Result<Vec<SnapshotObject>, String>> = kinds.collect();
    for (kind, manifests) in read {
        let object = |manifest: &Value| {
            let text = |at: &str| manifest.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            let object = ObjectRef::namespaced(&text("/apiVersion"), kind, &text("/metadata/namespace"), &text("/metadata/name"));
            SnapshotObject { object, manifest: manifest.clone(), place: None }
        };
        objects.insert((*kind).to_owned(), Ok(manifests.iter().map(object).collect()));
    }
    let given = Snapshot { objects, ..unseen(&intended, Some(ImageLock::default()), Timestamp::UNIX_EPOCH) };
    airlock_compliance::judge_decided(profile, &given, &intended.decisions, Judging { passes: true, workers: 1 }).unwrap()
}

fn check<'r>(report: &'r Report, id: &str) -> &'r CheckSummary {
    report.checks.iter().find(|check| check.id == id).unwrap()
}

fn closed(namespaces: &[&str]) -> Vec<Value> {
    let policy = |namespace: &&str| {
        let spec = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": [] });
        json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "default-deny", "namespace": namespace }, "spec": spec })
    };
    namespaces.iter().map(policy).collect()
}

#[test]
fn what_needs_an_attempt_or_a_secret_is_unverified_and_names_the_command_that_makes_it() {
    let profile = shipped("baseline").unwrap();
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "edge-0", "namespace": "airlock" }, "spec": { "containers": [{ "name": "nginx", "image": "nginx" }] } });
    let report = report(&profile, &[("Pod", vec![pod])]);
    let tried = [
        "AFL-001", "AFL-003", "AUT-001", "AUT-005", "AUT-006", "AUT-007", "AUT-009", "DBS-001", "DBS-002", "DBS-003", "DBS-004", "DBS-005", "DBS-006", "DBS-009", "NET-010", "NET-011", "PSS-019",
        "RBC-009", "REG-001", "SEC-001", "SEC-004", "SEC-005", "SEC-008", "TLS-001", "TLS-002", "TLS-003", "TLS-004", "TLS-006", "TLS-007", "TLS-009",
    ];
    for id in tried {
        assert_eq!(check(&report, id).verdict, Verdict::Unverified, "{id}");
        let open: Vec<_> = report.findings.iter().filter(|finding| finding.check == id && finding.verdict == Verdict::Unverified).collect();
        assert!(!open.is_empty() && open.iter().all(|finding| finding.observed.raw().contains("`airlock compliance-check`")), "{id}: {open:?}");
    }
    assert!(report.summary.gate_failed);
}

#[test]
fn what_needs_objects_alone_is_judged_and_an_open_namespace_fails() {
    let profile = shipped("baseline").unwrap();
    let all = ["airlock", "airlock-probes", "airlock-alpha", "airlock-beta"];
    let verdict = |namespaces: &[&str]| check(&report(&profile, &[("NetworkPolicy", closed(namespaces))]), "NET-001").verdict;
    assert_eq!(verdict(&all), Verdict::Pass);
    assert_eq!(verdict(&all[..3]), Verdict::Fail);
}

#[test]
fn a_server_of_the_customers_and_none_are_known_without_their_secrets() {
    let theirs = ", database: { mode: existing, server: { host: 10.1.2.3, administrator: { username: a, password: 'file:p' } } }";
    let of = |database: &str| world(&answers(database), Vec::new()).unwrap().database.map(|database| (database.host, database.existing));
    assert_eq!(of(""), Some(("database.airlock.svc".into(), false)));
    assert_eq!(of(theirs), Some(("10.1.2.3".into(), true)));
    assert_eq!(of(", database: { mode: off }"), None);
}

/// What RBC-009 asks as, and for.
#[test]
fn the_accounts_and_secrets_of_a_deployment_are_those_that_are_rendered() {
    let world = world(&answers(""), vec![deployment("alpha"), deployment("beta")]).unwrap();
    for namespace in ["airlock-alpha", "airlock-beta"] {
        let named = |objects: &[ObjectRef]| objects.iter().filter(|object| object.namespace.as_deref() == Some(namespace)).map(|object| object.name.clone()).collect::<BTreeSet<_>>();
        let of = |names: &[&str]| names.iter().map(|name| format!("airflow-{name}")).collect::<BTreeSet<_>>();
        assert_eq!(named(&world.accounts), of(&["api-server", "attempts", "dag-processor", "scheduler", "setup", "task", "triggerer"]));
        let secrets = named(&world.secrets);
        assert!(of(&["administrator", "api-secret", "api-server-tls", "database", "database-password", "fernet-key", "jwt-secret"]).is_subset(&secrets), "{secrets:?}");
    }
    assert!(world.secrets.contains(&ObjectRef::namespaced("v1", "Secret", "airlock", "registry-password")));
}

/// Group and resource of each rule with this verb that names no object, by namespace.
fn granted(objects: &[Object], verb: &str) -> BTreeMap<String, BTreeSet<(String, String)>> {
    let texts = |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let mut granted = BTreeMap::new();
    for role in objects.iter().filter(|object| object.reference().kind == "Role" && object.reference().name == names::AUDITOR) {
        let of: &mut BTreeSet<(String, String)> = granted.entry(role.reference().namespace.clone().unwrap()).or_default();
        for rule in role.manifest()["rules"].as_array().unwrap().iter().filter(|rule| texts(&rule["verbs"]).contains(&verb.to_owned()) && rule.get("resourceNames").is_none()) {
            of.extend(texts(&rule["apiGroups"]).iter().flat_map(|group| texts(&rule["resources"]).into_iter().map(|resource| (group.clone(), resource))));
        }
    }
    granted
}

fn rendered() -> Vec<Object> {
    let (answers, release, name) = (answers(""), airlock_render::release().unwrap(), "alpha".parse().unwrap());
    let deployment = AirflowDeployment::named(&name);
    let of = |tenant| {
        airlock_render::render(&RenderInput { answers: &answers, base: &answers.base().unwrap(), release: &release, lock: None, facts: None, installation: "i", profile: None, tenant }).unwrap()
    };
    let both = [of(None), of(Some(TenantInput { name: &name, deployment: &deployment, incarnation: None, kept: true }))];
    both.into_iter().flat_map(|rendered| rendered.components).flat_map(|component| component.objects).collect()
}

#[test]
fn the_auditor_may_list_in_each_namespace_just_what_checks_are_given_and_what_made_the_pods() {
    let needs = intended(&unprofiled()).needs;
    let resource = |api_version: &str, kind: &str| {
        let name = kind.to_lowercase();
        let plural = match name.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None if name.ends_with('s') => format!("{name}es"),
            None => format!("{name}s"),
        };
        (api_version.split_once('/').map_or(String::new(), |(group, _)| group.to_owned()), plural)
    };
    let asked: BTreeSet<(String, String)> = needs
        .iter()
        .filter_map(|need| if let Need::Objects { api_version, kind } = need { Some((api_version, kind)) } else { None })
        .filter(|(_, kind)| !NOT_HERE.contains(&kind.as_str()) && kind.as_str() != "Namespace")
        .filter(|(api_version, kind)| kind.as_str() != "NetworkPolicy" || api_version.starts_with("networking.k8s.io/"))
        .map(|(api_version, kind)| resource(api_version, kind))
        .chain(Maker::ALL.map(|maker| resource(maker.api_version(), maker.kind())))
        .collect();
    let objects = rendered();
    let lists = granted(&objects, "list");
    assert_eq!(lists.keys().map(String::as_str).collect::<Vec<_>>(), ["airlock", "airlock-alpha", "airlock-probes"]);
    for (namespace, listed) in &lists {
        assert_eq!(listed, &asked, "{namespace}");
    }
    // A namespace is read with a right in itself.
    let reads = granted(&objects, "get");
    assert!(reads.values().all(|read| *read == BTreeSet::from([(String::new(), "namespaces".to_owned())])), "{reads:?}");
}

#[test]
fn what_is_rendered_is_what_was_declared() {
    let profile = with_checks(unprofiled(), "RBC-011").unwrap();
    let of = |kind: &str| rendered().into_iter().filter(|object| object.reference().kind == kind).map(Object::into_manifest).collect::<Vec<_>>();
    let (roles, mut bindings) = (of("Role"), of("RoleBinding"));
    let judged = |bindings: &[Value]| {
        let report = report(&profile, &[("Role", roles.clone()), ("RoleBinding", bindings.to_vec())]);
        let failed: Vec<String> = report.findings.iter().filter(|finding| finding.verdict == Verdict::Fail).map(|finding| finding.observed.raw().to_owned()).collect();
        (check(&report, "RBC-011").verdict, report.findings.iter().filter(|finding| finding.verdict == Verdict::Pass).count(), failed)
    };
    // Those of the platform, among them the auditor's in the probes' namespace, and those of the deployment.
    let expected = (Verdict::Pass, bindings.len(), Vec::new());
    assert!(bindings.iter().any(|binding| binding["metadata"]["namespace"] == "airlock-probes") && bindings.iter().any(|binding| binding["metadata"]["namespace"] == "airlock-alpha"));
    assert_eq!(judged(&bindings), expected);
    // The renewer's role, bound to the scheduler too.
    let scheduler = json!({ "kind": "ServiceAccount", "name": "airflow-scheduler", "namespace": "airlock-alpha" });
    let renewer = bindings.iter_mut().find(|binding| binding["metadata"]["namespace"] == "airlock-alpha" && binding["metadata"]["name"] == "renewer").unwrap();
    renewer["subjects"].as_array_mut().unwrap().push(scheduler);
    let (verdict, _, failed) = judged(&bindings);
    assert_eq!(verdict, Verdict::Fail);
    assert!(matches!(&failed[..], [told] if told.starts_with("ServiceAccount/airlock-alpha/airflow-scheduler may also get, patch secrets named airflow-api-server-tls; ")), "{failed:?}");
}

#[test]
fn the_auditor_reads_no_secret_makes_nothing_and_holds_nothing_of_the_cluster() {
    let objects = rendered();
    let roles: Vec<&Object> = objects.iter().filter(|object| object.reference().name == names::AUDITOR && object.reference().kind.contains("Role")).collect();
    assert_eq!(roles.len(), 6, "a Role and its binding in each namespace");
    for role in roles {
        assert!(["Role", "RoleBinding"].contains(&role.reference().kind.as_str()), "{}", role.reference());
        for rule in role.manifest()["rules"].as_array().into_iter().flatten() {
            let text = rule.to_string();
            assert!(!text.contains("secrets") && !text.contains('*'), "{text}");
            let writes = rule["verbs"].as_array().unwrap().iter().any(|verb| verb != "get" && verb != "list");
            assert!(!writes || rule["resourceNames"] == json!([names::AUDITOR_CLAIM]), "{text}");
        }
    }
}
