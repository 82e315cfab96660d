//! Airflow deployments: one that works, one beside it that it has nothing in common with, and their end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::Duration;

use airlock_e2e::{Airflow, Site};
use serde_json::Value;

use crate::bundled_database;
use crate::guided::terminal::{CTRL_C, Terminal};
use crate::walls;

mod apart;

#[test]
fn two_deployments_work_beside_each_other_have_nothing_in_common_and_go_without_a_trace_in_the_other() {
    let site = Site::shared("flows");
    site.installed(&site.whole_answers(""));
    what_cannot_be_is_refused_before_anything_is_written(&site);
    let _turn = crate::airflow();
    a_create_that_is_killed_goes_on_when_it_is_run_again(&site, "alpha");
    let first = create(&site, "alpha");
    let alpha = Airflow::new(&site, "alpha");
    let token = logs_in_and_nobody_else_does(&site, &alpha);
    runs_its_example_each_task_in_a_pod_of_its_own(&site, &alpha, &token);
    a_second_run_changes_nothing(&site);
    variables_and_connections_live_in_one_secret(&site);

    let before = state_of(&site, "alpha");
    let second = two_at_once_and_one_holds_the_lease(&site, "beta");
    assert_eq!(state_of(&site, "alpha"), before, "a second deployment changes and restarts nothing in the first one's namespace");
    apart::no_secret_value_is_in_both(&site);
    apart::limits_hold_for_who_says_nothing(&site);
    apart::a_database_is_open_to_its_own_role_alone(&site);
    bundled_database::it_speaks_tls_alone_and_keeps_verifiers_alone(&site);
    apart::a_page_of_one_reads_nothing_of_the_other(&site);
    walls::a_compliance_check_tries_the_walls_between_them(&site);

    it_goes_only_for_who_types_the_clusters_name(&site, "beta");
    bundled_database::what_cannot_be_kept_is_not_dropped(&site, "beta");
    a_delete_that_is_killed_goes_on_when_it_is_run_again(&site, "beta");
    goes_and_leaves_a_dump_and_a_record(&site, "beta");
    assert_eq!(state_of(&site, "alpha"), before, "the end of one changes and restarts nothing in the other's namespace");
    let left = site.run(&["uninstall", "--namespace", &site.name, "--yes"]).expect(3);
    assert!(left.first_error().contains("alpha"), "the platform does not go before what is on it:\n{}", left.stderr);
    its_certificates_are_renewed_as_the_platforms_are(&site, "alpha");
    eprintln!("from nothing to a deployment that is ready: {:.0} s the first, {:.0} s the second", first.as_secs_f32(), second.as_secs_f32());
}

fn deployment(site: &Site, arguments: &[&str]) -> airlock_e2e::Run {
    site.run(&[&["deployment"], arguments, &["--namespace", &site.name, "--yes"]].concat())
}

fn create(site: &Site, name: &str) -> Duration {
    let made = deployment(site, &["create", name, "--example-dag", "-o", "json"]).expect(0);
    assert_eq!(made.json()["url"], format!("https://{name}-airflow.{}", site.base()), "{}", made.stdout);
    made.took
}

fn what_cannot_be_is_refused_before_anything_is_written(site: &Site) {
    let audit = site.audit();
    let tight = site.file("tight.yaml", "apiVersion: airlock/v1\nkind: AirflowDeployment\nname: tight\nquota: { cpu: 100m }\n").display().to_string();
    for (arguments, exit, words) in [
        (["create", "no_name"].as_slice(), 2, "platform.deployment-name"),
        (&["create", "probes"], 2, "platform.deployment-name"),
        (&["create", "gamma", "--image", "docker.io/apache/airflow:none"], 3, "IMG-001"),
        (&["apply", tight.as_str()], 3, "platform.quota"),
        (&["show", "gamma"], 3, "platform.no-deployment"),
        (&["delete", "gamma"], 3, "platform.no-deployment"),
    ] {
        let refused = deployment(site, arguments).expect(exit);
        assert!(refused.first_error().contains(words), "{arguments:?}:\n{}", refused.stderr);
    }
    assert_eq!(audit.writes(), [], "nothing is written");
}

/// In the middle of its Job for the tables.
fn a_create_that_is_killed_goes_on_when_it_is_run_again(site: &Site, name: &str) {
    killed_at_its_job(site, &["create", name, "--example-dag"], (&site.tenant(name), "job"));
}

/// In the middle of its dump: its pods are gone, its database is not.
fn a_delete_that_is_killed_goes_on_when_it_is_run_again(site: &Site, name: &str) {
    killed_at_its_job(site, &["delete", name], (&site.name, "job.batch/database-dump"));
    let listed = deployment(site, &["list", "-o", "json"]).expect(0).json();
    assert!(listed.to_string().contains(name), "it is there until all is done: {listed}");
}

/// A command that is killed, by a signal that leaves it no time, once there is a Job of that name in the namespace. It is watched for:
/// a look now and then would miss one that is soon done.
fn killed_at_its_job(site: &Site, arguments: &[&str], (namespace, job): (&str, &str)) {
    let mut watch = site.bed.kubectl_command(["-n", namespace, "get", "jobs", "--watch", "-o", "name"]).stdout(Stdio::piped()).spawn().expect("kubectl");
    let (lines, name, (sender, begun)) = (BufReader::new(watch.stdout.take().expect("its output")).lines(), job.to_owned(), channel());
    std::thread::spawn(move || lines.map_while(Result::ok).find(|line| line.starts_with(&name)).map(|_| sender.send(())));
    let command = [&["deployment"], arguments, &["--namespace", &site.name, "--yes"]].concat();
    let mut run = site.command(&command).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("airlock starts");
    let begun = begun.recv_timeout(Duration::from_mins(5));
    run.kill().expect("it can be killed");
    run.wait().expect("it ends");
    let _ = watch.kill();
    let _ = watch.wait();
    begun.expect("the run was in its middle");
}

fn two_at_once_and_one_holds_the_lease(site: &Site, name: &str) -> Duration {
    let rival = site.command(&["deployment", "create", name, "--example-dag", "--namespace", &site.name, "--yes"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("airlock starts");
    let one = deployment(site, &["create", name, "--example-dag", "-o", "json"]);
    let other = rival.wait_with_output().expect("it ends");
    let mut codes = [one.exit, other.status.code().unwrap_or(-1)];
    codes.sort_unstable();
    assert_eq!(codes, [0, 9], "one makes it, the other hears who does:\n{}\n{}", one.stderr, String::from_utf8_lossy(&other.stderr));
    create(site, name);
    one.took
}

fn its_certificates_are_renewed_as_the_platforms_are(site: &Site, name: &str) {
    let certificate = format!("{}/airflow-api-server-tls", site.tenant(name));
    let renewed = site.run(&["tls", "renew", "--namespace", &site.name, "--force", &certificate, "-o", "json"]).expect(0).json();
    assert_eq!((renewed[0]["secret"].as_str(), renewed[0]["outcome"].as_str()), (Some(certificate.as_str()), Some("renewed")), "{renewed}");
    deployment(site, &["create", name, "--example-dag"]).expect(0);
}

fn logs_in_and_nobody_else_does(site: &Site, airflow: &Airflow<'_>) -> String {
    let credentials = deployment(site, &["show", "alpha", "--credentials", "-o", "json"]).expect(0).json();
    let text = |key: &str| credentials[key].as_str().unwrap_or_default().to_owned();
    let anonymous = airflow.ask("GET", "/api/v2/dags", None, None);
    assert_eq!(anonymous.status, 401, "{}", anonymous.body);
    let inner = airflow.ask("GET", "/execution/health", None, None);
    assert_eq!(inner.status, 404, "the API of tasks is not for those outside: {}", inner.body);
    let users = airflow.ask("GET", "/auth/fab/v1/users", Some(&airflow.first_login()), None);
    let users: Value = serde_json::from_str(&users.body).unwrap_or_else(|error| panic!("{error}: {}", users.body));
    assert_eq!((&users["total_entries"], &users["users"][0]["username"]), (&Value::from(1), &Value::from(text("username"))), "one administrator, and nobody else");
    let wrong = airflow.login(&text("username"), "wrong").expect_err("a wrong password is refused");
    assert_eq!(wrong.status, 401, "{}", wrong.body);
    airflow.login(&text("username"), &text("password")).unwrap_or_else(|answer| panic!("the first login is refused: {} {}", answer.status, answer.body))
}

fn runs_its_example_each_task_in_a_pod_of_its_own(site: &Site, airflow: &Airflow<'_>, token: &str) {
    let log = site.bed.audit().expect("the audit log");
    let watch = ["-n", &site.tenant("alpha"), "get", "pods", "-l", "app.kubernetes.io/name=airflow-task", "--watch", "-o", "json"];
    let mut watch = site.bed.kubectl_command(watch).stdout(Stdio::piped()).spawn().expect("kubectl");
    let seen = watch.stdout.take().expect("its output");
    let seen = std::thread::spawn(move || serde_json::Deserializer::from_reader(BufReader::new(seen)).into_iter::<Value>().map_while(Result::ok).collect::<Vec<_>>());
    assert_eq!(airflow.run(token, "airlock_example", &serde_json::json!({})), "success");
    let scheduler = format!("system:serviceaccount:{}:airflow-scheduler", site.tenant("alpha"));
    let writes = log.writes_by(&scheduler).expect("the audit log");
    let made: Vec<_> = writes.iter().filter(|write| write.resource == "pods" && write.verb == "create").collect();
    assert_eq!(made.len(), 3, "two tasks, one of them tried twice: {made:?}");
    assert!(writes.iter().all(|write| write.namespace == site.tenant("alpha")), "{writes:?}");
    let tasks = ["-n", &site.tenant("alpha"), "get", "pods", "-l", "app.kubernetes.io/name=airflow-task", "-o", "name"].map(str::to_owned);
    let left = || {
        let left = site.bed.kubectl(tasks.iter().map(String::as_str)).map_err(|error| error.to_string())?;
        if left.is_empty() { Ok(()) } else { Err(left) }
    };
    airlock_bed::eventually("the pods of tasks are gone", Duration::from_mins(3), left).unwrap_or_else(|error| panic!("{error}"));
    let _ = watch.kill();
    let _ = watch.wait();
    a_task_holds_no_secret_of_the_servers(site, &seen.join().expect("the pods that were seen"));
}

/// The pods as they ran: what is mounted, and what stands in the environment of each container.
fn a_task_holds_no_secret_of_the_servers(site: &Site, pods: &[Value]) {
    let names: BTreeSet<&str> = pods.iter().filter_map(|pod| pod.pointer("/metadata/name")?.as_str()).collect();
    assert_eq!(names.len(), 3, "each task and each try in a pod of its own: {names:?}");
    let list = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    for pod in pods {
        let volumes = list(pod, "/spec/volumes");
        let secrets: Vec<&str> = volumes.iter().filter_map(|volume| volume.pointer("/secret/secretName").and_then(Value::as_str)).collect();
        assert_eq!(secrets, ["internal-ca"], "a certificate alone");
        let kinds = ["secret", "configMap", "emptyDir"];
        assert!(volumes.iter().all(|volume| kinds.iter().any(|kind| volume.get(kind).is_some())), "{volumes:?}");
        let containers: Vec<Value> = ["/spec/containers", "/spec/initContainers"].iter().flat_map(|pointer| list(pod, pointer)).collect();
        for container in &containers {
            assert_eq!(list(container, "/envFrom"), [serde_json::json!({ "configMapRef": { "name": "airflow-settings" } })]);
            let environment = list(container, "/env");
            assert!(environment.iter().all(|entry| entry.pointer("/valueFrom/secretKeyRef").is_none()), "{environment:?}");
            for key in ["SQL_ALCHEMY_CONN", "FERNET_KEY", "JWT_SECRET", "SECRET_KEY"] {
                assert!(environment.iter().all(|entry| !entry["name"].as_str().unwrap_or_default().contains(key)), "{key} stands in {environment:?}");
            }
        }
        assert_eq!(pod.pointer("/spec/automountServiceAccountToken"), Some(&Value::Bool(false)));
    }
    let settings = site.bed.kubectl(["-n", &site.tenant("alpha"), "get", "configmap", "airflow-settings", "-o", "json"]).expect("the settings");
    for key in ["SQL_ALCHEMY_CONN", "FERNET_KEY", "JWT_SECRET", "SECRET_KEY"] {
        assert!(!settings.contains(key), "{key} stands in what tasks are given");
    }
}

fn a_second_run_changes_nothing(site: &Site) {
    let audit = site.audit();
    let again = deployment(site, &["create", "alpha", "--example-dag", "-o", "json"]).expect(0).json();
    assert_eq!(again["outcome"], "unchanged", "{again}");
    let again = site.install(&site.whole_answers("")).expect(0);
    assert!(again.said().contains("nothing is to be done"), "{}", again.said());
    assert_eq!(audit.writes(), [], "nothing is written");
}

/// By reference: no value stands in a plan, a log, or an object but the Secret, and what changes behind a reference is noticed.
fn variables_and_connections_live_in_one_secret(site: &Site) {
    let token = site.file("token", "first-token");
    let document = format!(
        "apiVersion: airlock/v1\nkind: AirflowDeployment\nname: alpha\nexampleDag: true\nenvironment: {{ TOKEN: 'file:{}' }}\nconnections: {{ warehouse: 'file:{}' }}\n",
        token.display(),
        site.file("warehouse", "postgresql://reader:warehouse-password@warehouse/facts").display()
    );
    let document = site.file("alpha.yaml", &document).display().to_string();
    let namespace = site.tenant("alpha");
    let said = deployment(site, &["apply", &document]).expect(0).said();
    let seen = |name: &str| site.bed.kubectl(["-n", &namespace, "exec", "deployment/airflow-dag-processor", "--", "printenv", name]).expect("exec");
    assert_eq!((seen("TOKEN").trim(), seen("AIRFLOW_CONN_WAREHOUSE").trim()), ("first-token", "postgresql://reader:warehouse-password@warehouse/facts"));
    let given = site.bed.kubectl(["-n", &namespace, "get", "deployment/airflow-scheduler", "deployment/airflow-api-server", "configmap/airflow-task", "-o", "json"]).expect("objects");
    assert_eq!(given.matches("airflow-variables").count(), 1, "tasks are given it, scheduler and web server are not");

    site.file("token", "second-token");
    let changed = deployment(site, &["apply", &document]).expect(0).said();
    assert_eq!(seen("TOKEN").trim(), "second-token", "what reads it has restarted");
    deployment(site, &["apply", &document]).expect(0);
    let everything = site.bed.kubectl(["-n", &namespace, "get", "configmaps,pods,deployments", "-o", "json"]).expect("objects");
    for secret in ["first-token", "second-token", "warehouse-password"] {
        assert!(!said.contains(secret) && !changed.contains(secret) && !everything.contains(secret), "{secret} stands where it must not");
    }
    let gone = site.file("gone.yaml", "apiVersion: airlock/v1\nkind: AirflowDeployment\nname: alpha\nenvironment: { TOKEN: env:NOBODY_HAS_SET_THIS }\n").display().to_string();
    let refused = deployment(site, &["apply", &gone]).expect(2);
    assert!(refused.said().contains("gone.yaml:4:23:") && refused.said().contains("env:NOBODY_HAS_SET_THIS is not set here"), "{}", refused.said());
    // As it was, for those who come after.
    create(site, "alpha");
    let left = site.bed.kubectl(["-n", &namespace, "get", "secret", "airflow-variables", "--ignore-not-found", "-o", "name"]).expect("kubectl");
    assert_eq!(left, "", "what nothing refers to any more is gone");
}

/// Every object of a deployment's namespace by its UID and, where nothing but a writer moves it, its version; every pod with its restarts.
fn state_of(site: &Site, name: &str) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    for kind in ["pods", "deployments", "secrets", "configmaps", "networkpolicies", "serviceaccounts", "roles", "rolebindings", "services", "limitranges", "resourcequotas"] {
        let listed = site.bed.kubectl(["-n", &site.tenant(name), "get", kind, "-o", "json"]).expect("kubectl");
        let listed: Value = serde_json::from_str(&listed).expect("JSON");
        for item in listed["items"].as_array().into_iter().flatten() {
            let restarts: Vec<&Value> = item.pointer("/status/containerStatuses").and_then(Value::as_array).into_iter().flatten().map(|status| &status["restartCount"]).collect();
            let version = if item.get("status").is_some() { &item["metadata"]["generation"] } else { &item["metadata"]["resourceVersion"] };
            state.insert(format!("{kind} {}", item["metadata"]["name"]), format!("{} {version} {restarts:?}", item["metadata"]["uid"]));
        }
    }
    assert!(state.len() > 20, "{state:?}");
    state
}

/// On a terminal, without `--yes`.
fn it_goes_only_for_who_types_the_clusters_name(site: &Site, name: &str) {
    let before = state_of(site, name);
    let folder = tempfile::tempdir().expect("a folder");
    let asked = || {
        let mut terminal = Terminal::start(&site.command(&["deployment", "delete", name, "--namespace", &site.name]), folder.path(), 120, "xterm-256color");
        terminal.shows(&format!("Take the Airflow deployment {name} away? Type the name of the cluster, bed, to agree:"));
        terminal
    };
    let mut terminal = asked();
    terminal.send(CTRL_C);
    let (code, said) = terminal.ended();
    assert_eq!(code, 130, "{said}");
    let mut terminal = asked();
    terminal.types(name);
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.contains("nothing was written"), "{said}");
    assert_eq!(state_of(site, name), before);
}

fn goes_and_leaves_a_dump_and_a_record(site: &Site, name: &str) {
    let gone = deployment(site, &["delete", name, "-o", "json"]).expect(0).json();
    let dump = gone["dump"].as_str().unwrap_or_default();
    let tables = format!("/usr/lib/postgresql/17/bin/pg_restore --list /var/lib/postgresql/data/dumps/{dump} | grep -c 'TABLE DATA public .* airlock_beta$'");
    let kept = site.kubectl(&["exec", "database-0", "-c", "postgres", "--", "sh", "-c", &tables]);
    assert!(kept.trim().parse::<u32>().is_ok_and(|tables| tables > 20), "the data of Airflow's tables is in the dump: {kept}");
    let record = site.kubectl(&["get", "configmap", gone["offboarding"]["name"].as_str().unwrap_or_default(), "-o", r"jsonpath={.data.offboarding\.json}"]);
    assert!(record.contains(dump) && record.contains("airlock_beta"), "{record}");
    let left = site.bed.kubectl(["get", "namespace", &site.tenant(name), "--ignore-not-found", "-o", "name"]).expect("kubectl");
    assert_eq!(left, "");
    let roles = site.kubectl(&["get", "secrets,serviceaccounts,networkpolicies,jobs", "-l", &format!("airlock-platform.io/tenant={name}"), "-o", "name"]);
    assert_eq!(roles, "", "nothing of it is left beside the platform");
    let listed = deployment(site, &["list", "-o", "json"]).expect(0).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
}
