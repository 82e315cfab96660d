//! What a compliance check says of two Airflow deployments on the bed: as they were made, and with the walls between them opened for real.
//! What else is broken, is broken in `make soak` (`broken`).

use std::collections::BTreeMap;

use airlock_e2e::{Airflow, Run, Site};
use serde_json::{Value, json};

use crate::wire::{Wire, traced, undeclared_here};

/// Every check's verdict with two deployments, and what is told when somebody opens the wall between them.
pub(crate) fn a_compliance_check_tries_the_walls_between_them(site: &Site) {
    something_is_kept(site);
    let pinned = verdicts_of_baseline();
    let report = check(site, &[]).expect(0).json();
    assert_eq!(verdicts(&report), pinned, "{report}");
    let tried = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "NET-011").count();
    assert_eq!(tried, 2, "in both directions: {report}");

    // Policies that open the wall between them, what PostgreSQL gives everybody unless somebody takes it back, a value from before there
    // was a key, a right too many, a password that somebody typed in and a pod prints, and what a DAG was not to write there: one card
    // number, and one that only looks like it.
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("beta")], arguments].concat()).expect("kubectl");
    let both = ["alpha", "beta"].map(|name| site.tenant(name));
    for namespace in &both {
        let everywhere = json!([{ "namespaceSelector": {} }]);
        let spec = json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{ "from": everywhere }], "egress": [{ "to": everywhere }] });
        let open = json!({ "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "open", "namespace": namespace }, "spec": spec });
        site.bed.apply(&open.to_string()).expect("a policy");
    }
    in_beta(&["create", "role", "open", "--verb=list", "--resource=secrets"]);
    in_beta(&["create", "rolebinding", "open", "--role=open", &format!("--serviceaccount={}:airflow-scheduler", site.tenant("alpha"))]);
    in_beta(&["create", "role", "named", "--verb=get", "--resource=secrets", "--resource-name=airflow-fernet-key"]);
    in_beta(&["create", "rolebinding", "named", "--role=named", &format!("--serviceaccount={}:airflow-task", site.tenant("alpha"))]);
    in_beta(&["create", "secret", "generic", "web-password", "--from-literal=value=changeme"]);
    a_pod_prints_its_password(site);
    sql(site, "beta", "GRANT CONNECT ON DATABASE airlock_beta TO PUBLIC");
    sql(site, "alpha", "UPDATE connection SET password = 'not-to-be-read', is_encrypted = false");
    sql(site, "alpha", "CREATE TABLE orders (id bigint, note text, iban text, email text)");
    sql(site, "alpha", "INSERT INTO orders VALUES (4012888888881881, 'paid with 4111 1111-1111 1111.'), (2, 'not 4111 1111 1111 1112, nor 0.4111111111111111')");
    for namespace in &both {
        site.bed.until_enforced(namespace, "open", true).expect("it is gone by");
    }
    let opened = check(site, &[]).expect(7);
    let agreed = check(site, &["--checks", "DBS-009", "--set", "DBS-009.columns=public.orders.email,public.orders.iban,public.gone.iban"]);
    for namespace in &both {
        site.bed.kubectl(["-n", namespace, "delete", "networkpolicy", "open"]).expect("kubectl");
    }
    sql(site, "alpha", "DROP TABLE orders");
    sql(site, "beta", "REVOKE CONNECT ON DATABASE airlock_beta FROM PUBLIC");
    sql(site, "alpha", "DELETE FROM connection");
    in_beta(&["delete", "role/open", "rolebinding/open", "role/named", "rolebinding/named", "secret/web-password", "pod/talkative"]);
    assert_eq!(verdicts(&opened.json()), but(&pinned, "fail", &["DBS-002", "DBS-003", "DBS-009", "AFL-003", "NET-011", "RBC-009", "SEC-005", "SEC-008"]), "exactly these are told: {}", opened.stdout);
    what_a_token_reads_is_told_by_account_and_name(site, &opened);
    // By each of the two ways: to the server by its name, and to pods, from each place where code of DAGs runs.
    let crossed = opened.json()["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["check"] == "NET-011")
        .map(|finding| finding["observed"].as_str().unwrap_or_default().to_owned())
        .collect::<Vec<_>>();
    assert!(crossed.len() == 2 && crossed.iter().all(|observed| observed.contains("the other's: connected") && from_each_place(observed)), "{crossed:#?}");
    let told = "card numbers in public.orders.id (1), public.orders.note (1); named as payment data: public.orders.iban; named as personal data: public.orders.email; ";
    assert!(opened.stdout.contains(told), "{told}: {}", opened.stdout);
    let agreed = agreed.expect(7).json();
    let told: Vec<&str> = agreed["findings"].as_array().expect("findings").iter().filter(|finding| finding["verdict"] != "pass").filter_map(|finding| finding["observed"].as_str()).collect();
    assert!(
        matches!(told[..], [cards, gone] if cards.starts_with("card numbers in public.orders.id (1), public.orders.note (1); ") && !cards.contains("named as") && gone.ends_with(": public.gone.iban")),
        "{told:?}"
    );
    let all = opened.json();
    let printed: Vec<&Value> = all["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "SEC-008").collect();
    let secret = format!("shows the value of Secret {}/web-password, key value", site.tenant("beta"));
    assert!(
        matches!(&printed[..], [told] if told["observed"] == secret.as_str() && told["subject"]["name"].as_str().is_some_and(|name| name.contains("/talkative, container talkative, its log"))),
        "{printed:#?}"
    );
    assert!(!opened.said().contains("not-to-be-read") && !opened.said().contains("changeme") && !opened.said().contains("4111 1111"), "what is counted or judged is not read out");

    each_level_lets_in_what_it_does_not_forbid(site);

    for namespace in &both {
        site.bed.until_enforced(namespace, "open", false).expect("it is no longer gone by");
    }

    let pinned: BTreeMap<String, String> = serde_yaml::from_str(include_str!("../../expected-verdicts-of-all.yaml")).expect("the pinned verdicts");
    let outside = outside(site);
    let every = ["compliance-check", "--no-profile", "--set", &outside, "--namespace", &site.name, "-o", "json"];
    let listed = site.run(&[&every[..], &["--probes", "list"]].concat()).expect(0).json();
    let wire = Wire::listen(site);
    let (run, begun_here) = traced(site, &[&every[..], &["--yes"]].concat());
    let report = run.expect(7).json();
    assert_eq!(verdicts(&report), pinned, "{report}");
    what_was_done_was_said_before(site, &wire, &begun_here, &listed["attempts"]);
}

/// Each place of NET-011, with a connection that was taken.
fn from_each_place(observed: &str) -> bool {
    let parts = ["its pods: from tasks ", ", from the DAG processor ", ", from the triggerer ", "; beside them "].map(|begin| observed.find(begin));
    parts.windows(2).all(|ends| matches!(ends, [Some(from), Some(to)] if observed.get(*from..*to).is_some_and(|part| part.contains(" took one at port 8080"))))
}

/// A list that is open to one account, and one Secret that is open by its name to another: each is told of its account alone, and no value.
fn what_a_token_reads_is_told_by_account_and_name(site: &Site, opened: &Run) {
    let report = opened.json();
    let (alpha, beta) = ("alpha at the Secrets of other namespaces", site.tenant("beta"));
    let of_tokens = |finding: &&Value| finding["check"] == "RBC-009" && finding["verdict"] == "fail" && finding["subject"]["name"].as_str().is_some_and(|name| name.ends_with("other namespaces"));
    let failed: BTreeMap<&str, &str> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(of_tokens)
        .map(|finding| (finding["subject"]["name"].as_str().unwrap_or_default(), finding["observed"].as_str().unwrap_or_default()))
        .collect();
    let path = format!("answered 200 to /api/v1/namespaces/{beta}/secrets");
    let (scheduler, task) = (format!("airflow-scheduler of {alpha}"), format!("airflow-task of {alpha}"));
    assert_eq!(failed, BTreeMap::from([(scheduler.as_str(), format!("{path}?limit=1").as_str()), (task.as_str(), format!("{path}/airflow-fernet-key").as_str())]), "{report}");
    let key = site.bed.kubectl(["-n", &beta, "get", "secret", "airflow-fernet-key", "-o", "jsonpath={.data.value}"]).expect("kubectl");
    assert!(!key.trim().is_empty() && !opened.said().contains(key.trim()), "a key that could be read is not kept");
}

/// PSS-019 tells apart which level the API server goes by: of the pods that it shows, a level lets in those that a stricter one forbids.
fn each_level_lets_in_what_it_does_not_forbid(site: &Site) {
    let namespace = site.tenant("beta");
    let enforced = |level: &str| site.bed.kubectl(["label", "namespace", &namespace, "--overwrite", &format!("pod-security.kubernetes.io/enforce={level}")]).expect("kubectl");
    let judged = ["privileged", "baseline", "restricted"].map(|level| {
        enforced(level);
        check(site, &["--checks", "PSS-019"])
    });
    let [privileged, baseline, restricted] = judged.map(|judged| let_in(&judged.json(), &namespace));
    let forbidden = |by: &str| format!("{namespace}: a pod that {by} forbids");
    assert_eq!(privileged, [forbidden("may gain privileges, which restricted"), forbidden("sees the processes of its node, which baseline")]);
    assert_eq!(baseline, privileged[..1]);
    assert_eq!(restricted, <[String; 0]>::default());
}

/// What PSS-019 says was let in, all of it in one namespace.
fn let_in(report: &Value, namespace: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    assert!(findings.iter().any(|finding| finding["verdict"] == "pass" && !finding["subject"]["name"].as_str().is_some_and(|name| name.starts_with(namespace))), "{report}");
    let failed = findings.iter().filter(|finding| finding["verdict"] != "pass").inspect(|finding| assert_eq!(finding["verdict"], "fail", "{finding}"));
    failed.map(|finding| finding["subject"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Every connection of the run's pods; that it would be seen is known by those to servers of their own deployment.
fn what_was_done_was_said_before(site: &Site, wire: &Wire<'_>, begun_here: &BTreeMap<(String, u16), u64>, attempts: &Value) {
    let begun = wire.begun();
    for name in ["alpha", "beta"] {
        let own = begun.keys().filter(|(from, _, port)| *from == site.tenant(name) && *port == 8080).count();
        assert!(own > 0, "{name}: {begun:?}");
    }
    assert_eq!(wire.undeclared(attempts), BTreeMap::new(), "{begun:?}");
    let without: Vec<Value> = attempts.as_array().expect("attempts").iter().filter(|attempt| attempt["action"]["reach"].is_null()).cloned().collect();
    assert!(!wire.undeclared(&without.into()).is_empty(), "what the list does not have is told");

    let edge = (site.edge_address(), 443);
    assert!(begun_here.contains_key(&edge), "{begun_here:?}");
    assert_eq!(undeclared_here(site, begun_here, attempts), BTreeMap::new());
    assert!(undeclared_here(site, begun_here, &json!([])).contains_key(&edge), "what the list does not have is told");

    // A login by the page is more than one of them.
    let mut fewer = attempts.clone();
    for attempt in fewer.as_array_mut().expect("attempts") {
        attempt["count"] = json!(1);
    }
    assert!(undeclared_here(site, begun_here, &fewer).contains_key(&edge), "more than was said is told");
}

/// The company's name server stands for what is outside.
pub(crate) fn outside(site: &Site) -> String {
    format!("NET-020.hosts={}:53", site.bed.address(254).expect("an address"))
}

/// The password of another system: a connection of alpha's.
pub(crate) fn something_is_kept(site: &Site) {
    let alpha = Airflow::new(site, "alpha");
    let connection = json!({ "connection_id": "warehouse", "conn_type": "postgres", "host": "warehouse", "login": "reader", "password": "not-to-be-read" });
    let stored = alpha.ask("POST", "/api/v2/connections", Some(&alpha.first_login()), Some(&connection));
    assert_eq!(stored.status, 201, "{}", stored.body);
}

/// Every check's verdict of `baseline` while all is as it was made.
pub(crate) fn verdicts_of_baseline() -> BTreeMap<String, String> {
    serde_yaml::from_str(include_str!("../../expected-verdicts.yaml")).expect("the pinned verdicts")
}

/// A pod of the deployment that is confined like its scheduler, and prints one of its secrets.
fn a_pod_prints_its_password(site: &Site) {
    let namespace = site.tenant("beta");
    let scheduler = site.bed.kubectl(["-n", &namespace, "get", "deployment", "airflow-scheduler", "-o", "jsonpath={.spec.template.spec}"]).expect("kubectl");
    let scheduler: Value = serde_json::from_str(&scheduler).expect("JSON");
    let of = |at: &str| scheduler.pointer(at).cloned().unwrap_or_else(|| panic!("no {at}: {scheduler}"));
    let amount = json!({ "cpu": "10m", "memory": "32Mi" });
    let spec = json!({
        "restartPolicy": "Never", "automountServiceAccountToken": false, "enableServiceLinks": false, "serviceAccountName": of("/serviceAccountName"),
        "imagePullSecrets": scheduler["imagePullSecrets"], "securityContext": of("/securityContext"),
        "containers": [{
            "name": "talkative", "image": of("/containers/0/image"), "securityContext": of("/containers/0/securityContext"),
            "command": ["sh", "-c", "echo \"logging in with $PASSWORD\""], "resources": { "requests": amount, "limits": amount },
            "env": [{ "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": "web-password", "key": "value" } } }],
        }],
    });
    site.bed.apply(&json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "talkative", "namespace": namespace }, "spec": spec }).to_string()).expect("a pod");
    site.bed.kubectl(["-n", &namespace, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/talkative", "--timeout=120s"]).expect("it has printed it");
}

/// What `baseline` says of it, and what passes too.
pub(crate) fn check(site: &Site, further: &[&str]) -> Run {
    let baseline = ["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"];
    site.run(&[&baseline, further].concat())
}

/// Each check's verdict, with the reason where it does not apply.
pub(crate) fn verdicts(report: &Value) -> BTreeMap<String, String> {
    let word = |check: &Value| match check["reason"].as_str() {
        Some(reason) => format!("not applicable ({reason})"),
        None => check["verdict"].as_str().unwrap_or_default().to_owned(),
    };
    let checks = report["checks"].as_array().expect("checks").iter();
    checks.map(|check| (check["id"].as_str().unwrap_or_default().to_owned(), word(check))).collect()
}

/// The pinned verdicts but for these checks, which say something else.
pub(crate) fn but(pinned: &BTreeMap<String, String>, verdict: &str, changed: &[&str]) -> BTreeMap<String, String> {
    pinned.iter().map(|(id, known)| (id.clone(), if changed.contains(&id.as_str()) { verdict.to_owned() } else { known.clone() })).collect()
}

/// A statement of a deployment's own role, which owns its database.
pub(crate) fn sql(site: &Site, name: &str, statement: &str) {
    let script = format!(
        "import pathlib,psycopg2\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\nconnection=psycopg2.connect(url)\nconnection.autocommit=True\nconnection.cursor().execute(\"{statement}\")"
    );
    site.bed.kubectl(["-n", &site.tenant(name), "exec", "deployment/airflow-scheduler", "--", "python", "-c", &script]).expect("exec");
}
