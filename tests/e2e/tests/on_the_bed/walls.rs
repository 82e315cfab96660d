//! What a compliance check says of two Airflow deployments on the bed: as they were made, and with one wall after another opened for real.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Read as _};
use std::process::{Child, Stdio};
use std::time::Duration;

use airlock_e2e::{Airflow, Run, Site};
use serde_json::{Value, json};

use crate::provenance::images_that_nobody_vouched_for;
use crate::rights::a_right_that_nobody_declared_is_told;
use crate::scans::what_a_scanner_says_counts;

/// Who may log in at the database server, in its pod.
const ACCESS: &str = "/etc/airlock/database/pg_hba.conf";

/// Every check's verdict with two deployments, and what is told when somebody opens the wall between them.
pub(crate) fn a_compliance_check_tries_the_walls_between_them(site: &Site) {
    // Something to keep: the password of another system.
    let alpha = Airflow::new(site, "alpha");
    let connection = json!({ "connection_id": "warehouse", "conn_type": "postgres", "host": "warehouse", "login": "reader", "password": "not-to-be-read" });
    let stored = alpha.ask("POST", "/api/v2/connections", Some(&alpha.first_login()), Some(&connection));
    assert_eq!(stored.status, 201, "{}", stored.body);
    let pinned: BTreeMap<String, String> = serde_yaml::from_str(include_str!("../../expected-verdicts.yaml")).expect("the pinned verdicts");
    let report = check(site).expect(0).json();
    assert_eq!(verdicts(&report), pinned, "{report}");
    let tried = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "NET-011").count();
    assert_eq!(tried, 2, "in both directions: {report}");

    let of_databases: BTreeMap<String, String> = pinned.clone().into_iter().filter(|(id, _)| ["AFL-003", "TLS-003"].contains(&id.as_str()) || id.starts_with("DBS-")).collect();
    the_database_server_is_opened(site, &of_databases);
    nothing_is_vouched_for_without_the_control(site, &of_databases);
    a_door_to_the_api_without_a_lock_is_told(site);
    a_refusal_of_a_quota_is_none_of_admission(site);
    images_that_nobody_vouched_for(site);
    what_a_scanner_says_counts(site);

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
    in_beta(&["create", "secret", "generic", "web-password", "--from-literal=value=changeme"]);
    a_pod_prints_its_password(site);
    sql(site, "beta", "GRANT CONNECT ON DATABASE airlock_beta TO PUBLIC");
    sql(site, "alpha", "UPDATE connection SET password = 'not-to-be-read', is_encrypted = false");
    sql(site, "alpha", "CREATE TABLE orders (id bigint, note text, iban text)");
    sql(site, "alpha", "INSERT INTO orders VALUES (4012888888881881, 'paid with 4111 1111-1111 1111.', NULL), (2, 'not 4111 1111 1111 1112, nor 0.4111111111111111', NULL)");
    for namespace in &both {
        site.bed.until_enforced(namespace, "open", true).expect("it is gone by");
    }
    let opened = check(site).expect(7);
    for namespace in &both {
        site.bed.kubectl(["-n", namespace, "delete", "networkpolicy", "open"]).expect("kubectl");
    }
    sql(site, "alpha", "DROP TABLE orders");
    sql(site, "beta", "REVOKE CONNECT ON DATABASE airlock_beta FROM PUBLIC");
    sql(site, "alpha", "DELETE FROM connection");
    in_beta(&["delete", "role/open", "rolebinding/open", "secret/web-password", "pod/talkative"]);
    assert_eq!(verdicts(&opened.json()), but(&pinned, "fail", &["DBS-002", "DBS-003", "DBS-009", "AFL-003", "NET-011", "RBC-009", "SEC-005", "SEC-008"]), "exactly these are told: {}", opened.stdout);
    let told = "card numbers in public.orders.id (1), public.orders.note (1); named as payment data: public.orders.iban; ";
    assert!(opened.stdout.contains(told), "{told}: {}", opened.stdout);
    let all = opened.json();
    let printed: Vec<&Value> = all["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "SEC-008").collect();
    let secret = format!("shows the value of Secret {}/web-password, key value", site.tenant("beta"));
    assert!(
        matches!(&printed[..], [told] if told["observed"] == secret.as_str() && told["subject"]["name"].as_str().is_some_and(|name| name.contains("/talkative, container talkative, its log"))),
        "{printed:#?}"
    );
    assert!(!opened.said().contains("not-to-be-read") && !opened.said().contains("changeme") && !opened.said().contains("4111 1111"), "what is counted or judged is not read out");

    for namespace in &both {
        site.bed.until_enforced(namespace, "open", false).expect("it is no longer gone by");
    }

    // A namespace that nothing closes any more, one that is enforced less strictly, and a secret that is in two. Nothing is stored by now
    // that AFL-003 could look at.
    let closed = site.file("closed.json", &in_beta(&["get", "networkpolicy", "default-deny", "-o", "json"])).display().to_string();
    in_beta(&["delete", "networkpolicy", "default-deny"]);
    site.bed.until_enforced(&site.tenant("beta"), "default-deny", false).expect("it is no longer gone by");
    let enforced = |level: &str| site.bed.kubectl(["label", "namespace", &site.tenant("beta"), "--overwrite", &format!("pod-security.kubernetes.io/enforce={level}")]).expect("kubectl");
    enforced("baseline");
    let shared = site.bed.kubectl(["-n", &site.tenant("alpha"), "get", "secret", "airflow-fernet-key", "-o", "json"]).expect("kubectl");
    let mut shared: Value = serde_json::from_str(&shared).expect("JSON");
    shared["metadata"] = json!({ "name": "again", "namespace": site.tenant("beta") });
    site.bed.apply(&shared.to_string()).expect("a Secret");
    let opened = check(site);
    in_beta(&["delete", "secret", "again"]);
    enforced("restricted");
    in_beta(&["create", "-f", &closed]);
    site.bed.until_enforced(&site.tenant("beta"), "default-deny", true).expect("it is gone by");
    let opened = opened.expect(7).json();
    let told: BTreeMap<String, String> = verdicts(&opened).into_iter().filter(|(id, verdict)| id != "AFL-003" && pinned.get(id) != Some(verdict)).collect();
    assert_eq!(told, ["AFL-001", "NET-001", "NET-002", "PSS-018", "PSS-019", "SEC-004"].map(|id| (id.to_owned(), "fail".to_owned())).into(), "exactly these are told: {opened}");

    a_way_to_the_nodes_and_what_was_changed_are_told(site);
    a_right_that_nobody_declared_is_told(site);

    let pinned: BTreeMap<String, String> = serde_yaml::from_str(include_str!("../../expected-verdicts-of-all.yaml")).expect("the pinned verdicts");
    let report = site.run(&["compliance-check", "--no-profile", "--set", &outside(site), "--namespace", &site.name, "--yes", "-o", "json"]).expect(7).json();
    assert_eq!(verdicts(&report), pinned, "{report}");
}

/// The company's name server stands for what is outside.
fn outside(site: &Site) -> String {
    format!("NET-020.hosts={}:53", site.bed.address(254).expect("an address"))
}

/// A policy that lets tasks of one deployment out, an object of the other that is no longer as it was installed, and a file of a node
/// that everybody reads, as kube-bench says.
fn a_way_to_the_nodes_and_what_was_changed_are_told(site: &Site) {
    let result = |number: &str, status: &str| json!({ "test_number": number, "status": status, "scored": true, "actual_value": "permissions=644" });
    let results: Vec<Value> = (1..=10).map(|number| format!("4.1.{number}")).chain(["4.2.7".to_owned()]).map(|number| result(&number, if number == "4.1.9" { "FAIL" } else { "PASS" })).collect();
    let written = json!({ "Controls": [{ "id": "4", "version": "cis-1.12", "tests": [{ "section": "4.1", "results": results }] }] });
    let handed: Vec<String> = ["node1", "node2"].map(|node| format!("{node}={}", site.file(&format!("{node}.json"), &written.to_string()).display())).into();
    let (alpha, beta) = (site.tenant("alpha"), site.tenant("beta"));
    let platform = json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": site.name } } });
    let egress = json!([{ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0" } }], "ports": [{ "port": 10250 }, { "port": 53 }] }, { "to": [platform] }]);
    let way = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": { "name": "way", "namespace": alpha },
        "spec": { "podSelector": { "matchLabels": { "app.kubernetes.io/name": "airflow-task" } }, "policyTypes": ["Egress"], "egress": egress },
    });
    site.bed.apply(&way.to_string()).expect("a policy");
    site.bed.until_enforced(&alpha, "way", true).expect("it is gone by");
    let labelled = |value: &str| site.bed.kubectl(["-n", &beta, "label", "networkpolicy", "default-deny", "--overwrite", &format!("app.kubernetes.io/component={value}")]).expect("kubectl");
    let component = site.bed.kubectl(["-n", &beta, "get", "networkpolicy", "default-deny", "-o", r"jsonpath={.metadata.labels.app\.kubernetes\.io/component}"]).expect("a label");
    labelled("somebody");
    // It is named, so that the role alone says nothing; who holds it does.
    let in_beta = |arguments: &[&str]| site.bed.kubectl([&["-n", &beta], arguments].concat()).expect("kubectl");
    in_beta(&["create", "role", "reader", "--verb=get", "--resource=secrets", "--resource-name=airflow-fernet-key"]);
    in_beta(&["create", "rolebinding", "reader", "--role=reader", &format!("--serviceaccount={alpha}:airflow-scheduler")]);
    let checks = ["compliance-check", "--no-profile", "--checks", "AUT-008,CPL-003,EVD-001,EVD-002,NET-012,NET-013,NET-020,SEC-003", "--set", &outside(site)];
    let opened = site.run(&[&checks[..], &["--node-report", &handed[0], "--node-report", &handed[1], "--namespace", &site.name, "--yes", "--all", "-o", "json"]].concat());
    in_beta(&["delete", "role/reader", "rolebinding/reader"]);
    labelled(&component);
    site.bed.kubectl(["-n", &alpha, "delete", "networkpolicy", "way"]).expect("kubectl");
    site.bed.until_enforced(&alpha, "way", false).expect("it is no longer gone by");

    let opened = opened.expect(7).json();
    let expected = [("AUT-008", "pass"), ("CPL-003", "fail"), ("EVD-001", "pass"), ("EVD-002", "fail"), ("NET-012", "fail"), ("NET-013", "fail"), ("NET-020", "fail"), ("SEC-003", "fail")];
    assert_eq!(verdicts(&opened), expected.map(|(id, verdict)| (id.to_owned(), verdict.to_owned())).into(), "{opened}");
    let failed: Vec<String> = opened["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["verdict"] == "fail")
        .map(|finding| format!("{} {}: {}", finding["check"].as_str().unwrap_or_default(), finding["subject"]["name"].as_str().unwrap_or_default(), finding["observed"].as_str().unwrap_or_default()))
        .collect();
    let of = |id: &str| failed.iter().filter(|told| told.starts_with(id)).collect::<Vec<_>>();
    assert!(matches!(&of("NET-013")[..], [told] if told.starts_with("NET-013 from tasks of alpha to kubelets: ") && told.contains("port 10250: connected")), "{failed:#?}");
    assert!(matches!(&of("NET-020")[..], [told] if told.starts_with("NET-020 from tasks of alpha to ") && told.ends_with(":53: connected")), "{failed:#?}");
    // The edge lets in whoever comes.
    assert!(of("NET-012").iter().any(|told| told.starts_with("NET-012 from tasks of alpha to edge: ")) && !of("NET-012").iter().any(|told| told.contains("beta")), "{failed:#?}");
    assert!(matches!(&of("EVD-002")[..], [told] if told.starts_with("EVD-002 default-deny: changed: metadata.labels")), "{failed:#?}");
    assert_eq!(of("SEC-003"), [&format!("SEC-003 reader: ServiceAccount/{alpha}/airflow-scheduler may read airflow-fernet-key of namespace {beta}")], "{failed:#?}");
    assert_eq!(of("CPL-003"), ["CPL-003 node1: CIS 4.1.9: permissions=644", "CPL-003 node2: CIS 4.1.9: permissions=644"], "{failed:#?}");
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

/// A path to the server from its own pod, one in plain text for one deployment, and one without a password for the other. By the first
/// of them the database of a third, a role that may make roles, and TLS as it was spoken in 1999.
fn the_database_server_is_opened(site: &Site, pinned: &BTreeMap<String, String>) {
    let map: Value = serde_json::from_str(&site.kubectl(&["get", "configmap", "database-config", "-o", "json"])).expect("JSON");
    let closed = map["data"]["pg_hba.conf"].as_str().expect("who may log in");
    let opened = "local all airlock trust\nhost all airlock_beta all scram-sha-256\nhostssl all airlock_alpha all trust\n";
    let first = "hostssl  all       all ";
    assert_eq!(closed.matches(first).count(), 1, "{closed}");
    access(site, &closed.replace(first, &format!("{opened}{first}")));
    until_served(site, true);
    as_administrator(site, "CREATE DATABASE spare OWNER airlock_beta").expect("psql");
    as_administrator(site, "ALTER ROLE airlock_beta CREATEROLE").expect("psql");
    for setting in ["SET ssl_min_protocol_version = 'TLSv1'", "SET ssl_ciphers = 'ALL:@SECLEVEL=0'"] {
        as_administrator(site, &format!("ALTER SYSTEM {setting}")).expect("psql");
    }
    as_administrator(site, "SELECT pg_reload_conf()").expect("psql");
    let judged = check_by(site, &["--checks", OF_DATABASES]);
    as_administrator(site, "ALTER ROLE airlock_beta NOCREATEROLE").expect("psql");
    as_administrator(site, "DROP DATABASE spare").expect("psql");
    as_administrator(site, "ALTER SYSTEM RESET ALL").expect("psql");
    access(site, closed);
    until_served(site, false);

    let report = judged.expect(7).json();
    assert_eq!(verdicts(&report), but(pinned, "fail", &["DBS-001", "DBS-003", "DBS-004", "DBS-005", "DBS-006", "TLS-003"]), "exactly these are told: {report}");
    let said = |verdict: &str| {
        let findings = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["verdict"] == verdict && finding["check"] != "AFL-003");
        findings
            .map(|finding| {
                format!("{} {}: {}", finding["check"].as_str().unwrap_or_default(), finding["subject"]["name"].as_str().unwrap_or_default(), finding["observed"].as_str().unwrap_or_default())
            })
            .collect::<Vec<_>>()
    };
    let failed = said("fail");
    let rights = "CONNECT ON DATABASE spare, TEMPORARY ON DATABASE spare";
    for told in [
        "DBS-001 database and role of beta: owns airlock_beta, spare; may be acted as by airlock_beta".to_owned(),
        format!("DBS-003 PUBLIC, as the role of alpha sees it: {rights}"),
        format!("DBS-003 PUBLIC, as the role of beta sees it: {rights}"),
        "DBS-004 the database role of beta: CREATEROLE".to_owned(),
        "DBS-005 alpha: its role with an empty password: let in".to_owned(),
        "DBS-005 alpha: its role with its name as the password: let in".to_owned(),
    ] {
        assert!(failed.contains(&told), "{told} is not among {failed:#?}");
    }
    assert!(failed.iter().any(|told| told.starts_with("DBS-006 beta: its role without TLS: refused: ") && told.ends_with("(28P01)")), "{failed:#?}");
    let of_tls: Vec<&str> = failed.iter().filter_map(|told| told.strip_prefix("TLS-003 ")?.split(": ").next()).collect();
    assert_eq!(of_tls, ["TLS 1.0", "TLS 1.1", "weak suites"].map(|what| format!("database.{}.svc:5432, {what}", site.name)));
    assert_eq!(failed.len(), 10, "{failed:#?}");
    let passed = said("pass");
    for told in ["DBS-006 alpha: its role without TLS: ", "DBS-005 beta: its role with an empty password: ", "DBS-005 alpha: the administrator with an empty password: "] {
        assert!(passed.iter().any(|passed| passed.starts_with(told)), "{told} is not among {passed:#?}");
    }
}

/// The password that a deployment's attempts log in with opens nothing: no refusal beside it proves anything.
fn nothing_is_vouched_for_without_the_control(site: &Site, pinned: &BTreeMap<String, String>) {
    let namespace = site.tenant("beta");
    let secret = ["-n", namespace.as_str(), "get", "secret", "airflow-database-password", "-o", "jsonpath={.data.value}"];
    let right = site.bed.kubectl(secret).expect("a Secret");
    let set = |name: &str, patch: &Value| {
        let file = site.file(name, &patch.to_string()).display().to_string();
        site.bed.kubectl(["-n", &namespace, "patch", "secret", "airflow-database-password", "--type=merge", "--patch-file", &file]).expect("kubectl");
    };
    set("wrong.json", &json!({ "stringData": { "value": another_password() } }));
    let judged = check_by(site, &["--checks", OF_DATABASES]);
    set("right.json", &json!({ "data": { "value": right } }));
    let report = judged.expect(7).json();
    let open = ["AFL-003", "DBS-001", "DBS-002", "DBS-003", "DBS-004", "DBS-005", "DBS-006", "DBS-009"];
    assert_eq!(verdicts(&report), but(pinned, "unverified", &open), "exactly these are told: {report}");
}

/// `kubectl proxy` lets everybody in as whoever started it; where it answers nobody at all, that it refuses strangers says nothing.
fn a_door_to_the_api_without_a_lock_is_told(site: &Site) {
    let open = Door::of(site, "^$");
    let report = check_by(site, &["--kubeconfig", &open.kubeconfig, "--checks", "AUT-007"]).expect(7).json();
    assert_eq!(verdicts(&report), [("AUT-007".to_owned(), "fail".to_owned())].into(), "{report}");
    let failed = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "AUT-007" && finding["verdict"] == "fail").count();
    assert_eq!(failed, 3, "{report}");

    let shut = Door::of(site, "^/api$,^/apis$,/secrets$");
    let report = check_by(site, &["--kubeconfig", &shut.kubeconfig, "--checks", "AUT-007"]).expect(7).json();
    assert_eq!(verdicts(&report), [("AUT-007".to_owned(), "unverified".to_owned())].into(), "{report}");
}

/// A way to the API server for whoever comes by.
struct Door {
    child: Child,
    kubeconfig: String,
}

impl Door {
    fn of(site: &Site, rejected: &str) -> Self {
        let mut child = site.bed.kubectl_command(["proxy", "--port=0", &format!("--reject-paths={rejected}")]).stdout(Stdio::piped()).spawn().expect("kubectl proxy");
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("its address");
        let address = line.trim().rsplit(' ').next().unwrap_or_default();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{{ name: c, cluster: {{ server: 'http://{address}' }} }}]\ncontexts: [{{ name: x, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {{}} }}]\n"
        );
        Self { child, kubeconfig: site.file("door.kubeconfig", &text).display().to_string() }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where nothing is admitted any more, what admission refuses proves nothing.
fn a_refusal_of_a_quota_is_none_of_admission(site: &Site) {
    let namespace = site.tenant("beta");
    site.bed.kubectl(["-n", &namespace, "create", "quota", "none", "--hard=pods=0"]).expect("kubectl");
    let judged = check_by(site, &["--checks", "PSS-019"]);
    site.bed.kubectl(["-n", &namespace, "delete", "quota", "none"]).expect("kubectl");
    let report = judged.expect(7).json();
    let open: Vec<_> = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["verdict"] != "pass").collect();
    assert_eq!(open.len(), 2, "of one namespace: {report}");
    for finding in open {
        assert_eq!(finding["verdict"], "unverified", "{finding}");
        assert!(finding["observed"].as_str().is_some_and(|observed| observed.contains(&namespace) || observed.contains("quota")), "{finding}");
    }
}

/// As strong as those that Airlock makes, so that nothing but its being wrong is told.
fn another_password() -> String {
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes)).expect("random bytes");
    bytes.map(|byte| format!("{byte:02x}")).concat()
}

/// Writes who may log in, and waits for the file in the pod.
fn access(site: &Site, text: &str) {
    let patch = json!({ "data": { "pg_hba.conf": text } }).to_string();
    site.kubectl(&["patch", "configmap", "database-config", "--type=merge", "-p", &patch]);
    // The kubelet looks at a changed pod's files at once.
    site.kubectl(&["annotate", "pod", "database-0", "--overwrite", &format!("test/length={}", text.len())]);
    let written = || {
        let found = in_the_pod(site, &["cat", ACCESS])?;
        if found.trim_end() == text.trim_end() { Ok(()) } else { Err(found) }
    };
    airlock_bed::eventually("the file of who may log in is the new one", Duration::from_mins(3), written).unwrap_or_else(|error| panic!("{error}"));
    in_the_pod(site, &["sh", "-c", "kill -HUP $(head -n 1 /var/lib/postgresql/data/server/postmaster.pid)"]).expect("a signal");
}

/// Waits for the server to let its administrator in from its own pod, or no longer to.
fn until_served(site: &Site, is_opened: bool) {
    let served = || {
        let answer = as_administrator(site, "SELECT 1");
        if answer.is_ok() == is_opened { Ok(()) } else { Err(answer.map_or_else(|error| error, |_| "it still lets in".to_owned())) }
    };
    airlock_bed::eventually("the server goes by the new file", Duration::from_secs(30), served).unwrap_or_else(|error| panic!("{error}"));
}

fn as_administrator(site: &Site, statement: &str) -> Result<String, String> {
    in_the_pod(site, &["/usr/lib/postgresql/17/bin/psql", "--no-psqlrc", "--no-password", "--host=/tmp", "--username=airlock", "--dbname=postgres", &format!("--command={statement}")])
}

fn in_the_pod(site: &Site, command: &[&str]) -> Result<String, String> {
    site.bed.kubectl([&["-n", site.name.as_str(), "exec", "database-0", "-c", "postgres", "--"], command].concat()).map_err(|error| error.to_string())
}

fn check(site: &Site) -> Run {
    check_by(site, &[])
}

/// The checks that ask a database, alone.
const OF_DATABASES: &str = "AFL-003,DBS-*,TLS-003";

fn check_by(site: &Site, further: &[&str]) -> Run {
    site.run(&[&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"], further].concat())
}

/// Each check's verdict, with the reason where it does not apply.
fn verdicts(report: &Value) -> BTreeMap<String, String> {
    let word = |check: &Value| match check["reason"].as_str() {
        Some(reason) => format!("not applicable ({reason})"),
        None => check["verdict"].as_str().unwrap_or_default().to_owned(),
    };
    let checks = report["checks"].as_array().expect("checks").iter();
    checks.map(|check| (check["id"].as_str().unwrap_or_default().to_owned(), word(check))).collect()
}

/// The pinned verdicts but for these checks, which say something else.
fn but(pinned: &BTreeMap<String, String>, verdict: &str, changed: &[&str]) -> BTreeMap<String, String> {
    pinned.iter().map(|(id, known)| (id.clone(), if changed.contains(&id.as_str()) { verdict.to_owned() } else { known.clone() })).collect()
}

/// A statement of a deployment's own role, which owns its database.
fn sql(site: &Site, name: &str, statement: &str) {
    let script = format!(
        "import pathlib,psycopg2\nurl=pathlib.Path('/etc/airlock/database/value').read_text().replace('+psycopg2','')\nconnection=psycopg2.connect(url)\nconnection.autocommit=True\nconnection.cursor().execute(\"{statement}\")"
    );
    site.bed.kubectl(["-n", &site.tenant(name), "exec", "deployment/airflow-scheduler", "--", "python", "-c", &script]).expect("exec");
}
