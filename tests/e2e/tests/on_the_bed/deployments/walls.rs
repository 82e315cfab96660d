//! What stands between two Airflow deployments: secrets, limits, databases, web origins, and the check that tries it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, RandomState};

use airlock_e2e::{Airflow, Browser, Site};
use serde_json::Value;

/// Digests of all values, under a key that is drawn for one comparison, and in which Secret each stands. The authority is no secret.
fn digests(site: &Site, namespace: &str, key: &RandomState) -> BTreeMap<u64, String> {
    let listed = site.bed.kubectl(["-n", namespace, "get", "secrets", "-o", "json"]).expect("kubectl");
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let secrets = listed["items"].as_array().into_iter().flatten().filter(|secret| secret["metadata"]["name"] != "internal-ca");
    let values = secrets.flat_map(|secret| secret["data"].as_object().into_iter().flatten().map(|(name, value)| (key.hash_one(value.as_str()), format!("{}/{name}", secret["metadata"]["name"]))));
    values.collect()
}

pub(super) fn no_secret_value_is_in_both(site: &Site) {
    let key = RandomState::new();
    let (alpha, beta) = (digests(site, &site.tenant("alpha"), &key), digests(site, &site.tenant("beta"), &key));
    assert!(alpha.len() >= 7 && beta.len() >= 7, "{} and {} values", alpha.len(), beta.len());
    let shared: Vec<&String> = alpha.iter().filter(|(digest, _)| beta.contains_key(digest)).map(|(_, name)| name).collect();
    assert_eq!(shared, Vec::<&String>::new(), "values are in both namespaces");
    assert_eq!(digests(site, &site.tenant("alpha"), &key), alpha, "the control: what is the same has the same digest");
    for name in ["alpha", "beta"] {
        let value = |secret: &str| site.bed.kubectl(["-n", &site.tenant(name), "get", "secret", secret, "-o", "jsonpath={.data.value}"]).expect("a Secret");
        let three = ["airflow-fernet-key", "airflow-api-secret", "airflow-jwt-secret"].map(value);
        assert_eq!(three.iter().collect::<BTreeSet<_>>().len(), 3, "three values in three Secrets");
        // 32 bytes as base64, which the Secret holds as base64 once more.
        assert!(three.iter().all(|value| !value.is_empty()) && three[0].len() == 60, "a Fernet key is one");
        let claims = site.bed.kubectl(["-n", &site.tenant(name), "get", "persistentvolumeclaims", "-o", "name"]).expect("kubectl");
        assert_eq!(claims, "", "a deployment has no volume, which another could have too");
    }
}

/// What the namespace gives who says nothing, and what the database gives everybody.
pub(super) fn limits_hold_for_who_says_nothing(site: &Site) {
    let pod = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "silent", "namespace": site.tenant("alpha")}, "spec": {"securityContext": {"runAsNonRoot": true, "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10", "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}});
    let file = site.file("silent.json", &pod.to_string()).display().to_string();
    let given = site.bed.kubectl(["create", "--dry-run=server", "-f", &file, "-o", "json"]).expect("kubectl");
    let resources = serde_json::from_str::<Value>(&given).expect("JSON").pointer("/spec/containers/0/resources").cloned().unwrap_or_default();
    assert!(["requests", "limits"].iter().all(|key| ["cpu", "memory"].iter().all(|what| resources[key][what].is_string())), "{resources}");
    let question = "select (select rolconnlimit > 0 and not rolsuper and not rolcreatedb and not rolcreaterole and not rolreplication and not rolbypassrls from pg_roles where rolname = current_user), \
         has_database_privilege('public', 'airlock_beta', 'CONNECT'), has_database_privilege('public', 'airlock_beta', 'TEMPORARY'), has_database_privilege(current_user, 'airlock_alpha', 'CONNECT')";
    let script = format!(
        "import pathlib,psycopg2\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\ncursor=psycopg2.connect(url).cursor()\ncursor.execute(\"{question}\")\nprint(cursor.fetchone())"
    );
    let answer = site.bed.kubectl(["-n", &site.tenant("alpha"), "exec", "deployment/airflow-scheduler", "--", "python", "-c", &script]).expect("exec");
    assert_eq!(answer.trim(), "(True, False, False, True)");
    // By the way that its own clients go, and the two that nobody may.
    let ways = "import pathlib,psycopg2\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\nfor more in ({}, {'sslmode':'disable'}, {'sslrootcert':'/etc/ssl/certs/ca-certificates.crt'}):\n try:\n  psycopg2.connect(url, **more); print('accepted')\n except psycopg2.OperationalError as error: print('no encryption' in str(error) or 'certificate verify failed' in str(error) or str(error))";
    let answers = site.bed.kubectl(["-n", &site.tenant("alpha"), "exec", "deployment/airflow-scheduler", "--", "python", "-c", ways]).expect("exec");
    assert_eq!(answers.lines().collect::<Vec<_>>(), ["accepted", "True", "True"]);
}

/// The password of one deployment at the database of the other and at the server's own, beside its own.
pub(super) fn a_database_is_open_to_its_own_role_alone(site: &Site) {
    let script = |database: &str| {
        format!(
            "import pathlib,psycopg2\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\nimport re\nurl=re.sub(r'/airlock_alpha\\?','/{database}?',url)\ntry:\n psycopg2.connect(url).cursor().execute('select 1'); print('accepted')\nexcept psycopg2.OperationalError as error: print('refused:', 'permission denied' in str(error))"
        )
    };
    let try_at = |database: &str| site.bed.kubectl(["-n", &site.tenant("alpha"), "exec", "deployment/airflow-scheduler", "--", "python", "-c", &script(database)]).expect("exec").trim().to_owned();
    assert_eq!(try_at("airlock_alpha"), "accepted", "the control");
    assert_eq!(try_at("airlock_beta"), "refused: True");
    assert_eq!(try_at("postgres"), "refused: True");
}

/// In a real browser that is logged in at both: a page of one asks the API of the other, beside its own.
pub(super) fn a_page_of_one_reads_nothing_of_the_other(site: &Site) {
    let mut browser = Browser::start(site);
    let mut logged_in = |name: &str| {
        let airflow = Airflow::new(site, name);
        let page = browser.open(&format!("https://{}/auth/login/", airflow.host()));
        browser.evaluate(&page, &format!("document.cookie = '_token={}; path=/; secure'", airflow.first_login()));
        (page, format!("https://{}/api/v2/dags", airflow.host()))
    };
    let (alpha, beta) = (logged_in("alpha"), logged_in("beta"));
    let mut read = |page, url: &str| {
        let asked = format!("fetch('{url}', {{ credentials: 'include' }}).then(async answer => answer.status + ' ' + Object.keys(await answer.json()).join(), failed => 'not read: ' + failed)");
        browser.evaluate(page, &asked).as_str().unwrap_or_default().to_owned()
    };
    for (own, other) in [(&alpha, &beta), (&beta, &alpha)] {
        assert_eq!(read(&own.0, &own.1), "200 dags,total_entries", "the control: the browser is logged in there");
        assert_eq!(read(&own.0, &other.1), "not read: TypeError: Failed to fetch");
    }
}

/// Every check's verdict with two deployments, and what is told when somebody opens the wall between them.
pub(super) fn a_compliance_check_tries_the_walls_between_them(site: &Site) {
    let check = || site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"]);
    let word = |check: &Value| match check["reason"].as_str() {
        Some(reason) => format!("not applicable ({reason})"),
        None => check["verdict"].as_str().unwrap_or_default().to_owned(),
    };
    let verdicts = |report: &Value| -> BTreeMap<String, String> {
        let checks = report["checks"].as_array().expect("checks").iter();
        checks.map(|check| (check["id"].as_str().unwrap_or_default().to_owned(), word(check))).collect()
    };
    // Something to keep: the password of another system.
    let alpha = Airflow::new(site, "alpha");
    let connection = serde_json::json!({ "connection_id": "warehouse", "conn_type": "postgres", "host": "warehouse", "login": "reader", "password": "not-to-be-read" });
    let stored = alpha.ask("POST", "/api/v2/connections", Some(&alpha.first_login()), Some(&connection));
    assert_eq!(stored.status, 201, "{}", stored.body);
    let pinned: BTreeMap<String, String> = serde_yaml::from_str(include_str!("../../../expected-verdicts.yaml")).expect("the pinned verdicts");
    let report = check().expect(0).json();
    assert_eq!(verdicts(&report), pinned, "{report}");
    let tried = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "NET-011").count();
    assert_eq!(tried, 2, "in both directions: {report}");

    let open = |namespace: &str| {
        format!(
            r#"{{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "open", "namespace": "{namespace}"}}, "spec": {{"podSelector": {{}}, "policyTypes": ["Ingress", "Egress"], "ingress": [{{"from": [{{"namespaceSelector": {{}}}}]}}], "egress": [{{"to": [{{"namespaceSelector": {{}}}}]}}]}}}}"#
        )
    };
    for name in ["alpha", "beta"] {
        site.bed.apply(&open(&site.tenant(name))).expect("a policy");
    }
    let opened = check();
    for name in ["alpha", "beta"] {
        site.bed.kubectl(["-n", &site.tenant(name), "delete", "networkpolicy", "open"]).expect("kubectl");
    }
    let failing = |failed: &[&str]| pinned.iter().map(|(id, verdict)| (id.clone(), if failed.contains(&id.as_str()) { "fail".to_owned() } else { verdict.clone() })).collect::<BTreeMap<_, _>>();
    let report = opened.expect(7).json();
    assert_eq!(verdicts(&report), failing(&["NET-011"]), "exactly the wall is told: {report}");

    // What PostgreSQL gives everybody unless somebody takes it back, a value from before there was a key, a right too many, and a
    // password that somebody typed in.
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &site.tenant("beta")], arguments].concat()).expect("kubectl");
    in_beta(&["create", "role", "open", "--verb=list", "--resource=secrets"]);
    in_beta(&["create", "rolebinding", "open", "--role=open", &format!("--serviceaccount={}:airflow-scheduler", site.tenant("alpha"))]);
    in_beta(&["create", "secret", "generic", "web-password", "--from-literal=value=changeme"]);
    sql(site, "beta", "GRANT CONNECT ON DATABASE airlock_beta TO PUBLIC");
    sql(site, "alpha", "UPDATE connection SET password = 'not-to-be-read', is_encrypted = false");
    let opened = check().expect(7);
    sql(site, "beta", "REVOKE CONNECT ON DATABASE airlock_beta FROM PUBLIC");
    sql(site, "alpha", "DELETE FROM connection");
    in_beta(&["delete", "role/open", "rolebinding/open", "secret/web-password"]);
    assert_eq!(verdicts(&opened.json()), failing(&["DBS-002", "AFL-003", "RBC-009", "SEC-005"]), "exactly these are told: {}", opened.stdout);
    assert!(!opened.said().contains("not-to-be-read") && !opened.said().contains("changeme"), "what is counted or judged is not read out");

    // A namespace that nothing closes any more, one that is enforced less strictly, and a secret that is in two. Nothing is stored by now
    // that AFL-003 could look at.
    let closed = site.file("closed.json", &in_beta(&["get", "networkpolicy", "default-deny", "-o", "json"])).display().to_string();
    in_beta(&["delete", "networkpolicy", "default-deny"]);
    let enforced = |level: &str| site.bed.kubectl(["label", "namespace", &site.tenant("beta"), "--overwrite", &format!("pod-security.kubernetes.io/enforce={level}")]).expect("kubectl");
    enforced("baseline");
    let shared = site.bed.kubectl(["-n", &site.tenant("alpha"), "get", "secret", "airflow-fernet-key", "-o", "json"]).expect("kubectl");
    let mut shared: Value = serde_json::from_str(&shared).expect("JSON");
    shared["metadata"] = serde_json::json!({ "name": "again", "namespace": site.tenant("beta") });
    site.bed.apply(&shared.to_string()).expect("a Secret");
    let opened = check();
    in_beta(&["delete", "secret", "again"]);
    enforced("restricted");
    in_beta(&["create", "-f", &closed]);
    let opened = opened.expect(7).json();
    let told: BTreeMap<String, String> = verdicts(&opened).into_iter().filter(|(id, verdict)| id != "AFL-003" && pinned.get(id) != Some(verdict)).collect();
    assert_eq!(told, ["AFL-001", "NET-001", "NET-002", "PSS-018", "SEC-004"].map(|id| (id.to_owned(), "fail".to_owned())).into(), "exactly these are told: {opened}");

    let pinned: BTreeMap<String, String> = serde_yaml::from_str(include_str!("../../../expected-verdicts-of-all.yaml")).expect("the pinned verdicts");
    let report = site.run(&["compliance-check", "--no-profile", "--namespace", &site.name, "--yes", "-o", "json"]).expect(7).json();
    assert_eq!(verdicts(&report), pinned, "{report}");
}

/// A statement of a deployment's own role, which owns its database.
fn sql(site: &Site, name: &str, statement: &str) {
    let script = format!(
        "import pathlib,psycopg2\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\nconnection=psycopg2.connect(url)\nconnection.autocommit=True\nconnection.cursor().execute(\"{statement}\")"
    );
    site.bed.kubectl(["-n", &site.tenant(name), "exec", "deployment/airflow-scheduler", "--", "python", "-c", &script]).expect("exec");
}
