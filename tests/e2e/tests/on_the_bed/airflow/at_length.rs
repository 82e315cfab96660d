//! A deployment that is killed on its way, changed, and taken away beside another one, which notices nothing of it.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::Duration;

use airlock_e2e::Site;
use serde_json::Value;

use super::{create, deployment, state_of};
use crate::bundled_database;
use crate::guided::terminal::{CTRL_C, Terminal};

#[test]
fn a_deployment_is_killed_changed_and_taken_away_and_leaves_no_trace_in_the_other() {
    let site = Site::shared("changing");
    site.installed(&site.whole_answers(""));
    let _turn = crate::airflow();
    a_create_that_is_killed_goes_on_when_it_is_run_again(&site, "alpha");
    create(&site, "alpha");
    variables_and_connections_live_in_one_secret(&site);

    let before = state_of(&site, "alpha");
    create(&site, "beta");
    it_goes_only_for_who_types_the_clusters_name(&site, "beta");
    bundled_database::what_cannot_be_kept_is_not_dropped(&site, "beta");
    a_delete_that_is_killed_goes_on_when_it_is_run_again(&site, "beta");
    goes_and_leaves_a_dump_and_a_record(&site, "beta");
    assert_eq!(state_of(&site, "alpha"), before, "the end of one changes and restarts nothing in the other's namespace");
    let left = site.run(&["uninstall", "--namespace", &site.name, "--yes"]).expect(3);
    assert!(left.first_error().contains("alpha"), "the platform does not go before what is on it:\n{}", left.stderr);
    its_certificates_are_renewed_as_the_platforms_are(&site, "alpha");
    goes_without_a_dump_where_that_is_said(&site, "alpha");
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

fn its_certificates_are_renewed_as_the_platforms_are(site: &Site, name: &str) {
    let certificate = format!("{}/airflow-api-server-tls", site.tenant(name));
    let renewed = site.run(&["tls", "renew", "--namespace", &site.name, "--force", &certificate, "-o", "json"]).expect(0).json();
    assert_eq!((renewed[0]["secret"].as_str(), renewed[0]["outcome"].as_str()), (Some(certificate.as_str()), Some("renewed")), "{renewed}");
    deployment(site, &["create", name, "--example-dag"]).expect(0);
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

/// The dump that is there is the other's.
fn goes_without_a_dump_where_that_is_said(site: &Site, name: &str) {
    let gone = deployment(site, &["delete", name, "--no-dump", "-o", "json"]).expect(0).json();
    assert!(gone["dump"].is_null(), "{gone}");
    let kept = site.kubectl(&["exec", "database-0", "-c", "postgres", "--", "ls", "/var/lib/postgresql/data/dumps"]);
    assert!(!kept.is_empty() && kept.lines().all(|dump| dump.starts_with("beta-")), "{kept}");
    let record = site.kubectl(&["get", "configmap", gone["offboarding"]["name"].as_str().unwrap_or_default(), "-o", r"jsonpath={.data.offboarding\.json}"]);
    assert!(record.contains("airlock_alpha") && !record.contains("/dumps/"), "{record}");
}

fn goes_and_leaves_a_dump_and_a_record(site: &Site, name: &str) {
    let gone = deployment(site, &["delete", name, "-o", "json"]).expect(0).json();
    let dump = gone["dump"].as_str().unwrap_or_default();
    let tables = format!("/usr/lib/postgresql/17/bin/pg_restore --list /var/lib/postgresql/data/dumps/{dump} | grep -c 'TABLE DATA public .* airlock_beta$'");
    let kept = site.kubectl(&["exec", "database-0", "-c", "postgres", "--", "sh", "-c", &tables]);
    assert!(kept.trim().parse::<u32>().is_ok_and(|tables| tables > 20), "the data of Airflow's tables is in the dump: {kept}");
    let record = site.kubectl(&["get", "configmap", gone["offboarding"]["name"].as_str().unwrap_or_default(), "-o", r"jsonpath={.data.offboarding\.json}"]);
    let record: Value = serde_json::from_str(&record).expect("JSON");
    assert!(record["erased"].to_string().contains("airlock_beta") && record["remains"].to_string().contains(dump), "{record}");
    assert_eq!(bundled_database::databases_and_roles(site), "airlock_alpha airlock_alpha", "database and role are gone, and the other's are there");
    let left = site.bed.kubectl(["get", "namespace", &site.tenant(name), "--ignore-not-found", "-o", "name"]).expect("kubectl");
    assert_eq!(left, "");
    let roles = site.kubectl(&["get", "secrets,serviceaccounts,networkpolicies,jobs", "-l", &format!("airlock-platform.io/tenant={name}"), "-o", "name"]);
    assert_eq!(roles, "", "nothing of it is left beside the platform");
    let listed = deployment(site, &["list", "-o", "json"]).expect(0).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
}
