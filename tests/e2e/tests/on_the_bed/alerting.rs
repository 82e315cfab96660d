//! The platform is watched: the receiver of alerts is tried before it is called one, and alerts arrive there and end.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::{Airflow, Site};
use serde_json::Value;

use crate::receivers::{Mails, Receiver, TOKEN, certificate};
use crate::telling::LogServer;
use crate::{auditing, telling};

/// From a component that goes to its alert: a measurement, a minute for sure, and the wait for others of the same name.
const TOLD_WITHIN: Duration = Duration::from_mins(8);

/// What Alertmanager says, for whoever reads of a failure.
fn alertmanager(site: &Site) -> String {
    site.kubectl(&["logs", "monitoring-0", "-c", "alertmanager", "--tail=30"])
}

fn answers(site: &Site, receiver: &Receiver<'_>, logs: &LogServer<'_>) -> PathBuf {
    let (sink, way) = logs.sink();
    let (auditor, evidence) = auditing::answers(site, &sink);
    site.whole_answers(&format!(
        "components: {{ monitoring: {{ mode: bundled }}, database: {{ mode: bundled }}, {auditor} }}\n{evidence}{}network: {{ egress: [{{ component: monitoring, to: {}/32, port: {}, reason: the receiver of alerts }}, {way}] }}\n",
        receiver.alerts(),
        receiver.address,
        receiver.port
    ))
}

#[test]
fn alerts_arrive_and_the_receiver_is_tried_before_it_is_called_one() {
    let site = Site::shared("watched");
    let receiver = Receiver::start(&site, 9443);
    let mut logs = LogServer::new(&site);
    let answers = answers(&site, &receiver, &logs);
    let plan = site.run(&["plan", "--answers", &answers.display().to_string()]).expect(0).stdout;
    assert!(plan.lines().any(|line| line.contains("auditor") && line.contains(&format!("{}/TCP", telling::PORT)) && line.contains("heads of evidence")), "{plan}");

    let refused = site.install(&answers);
    assert!(![0, 11].contains(&refused.exit), "a receiver that refuses ends the run:\n{}", refused.said());
    assert!(refused.said().contains("the receiver did not take the message (webhook: clientError)"), "the cause is told:\n{}", refused.said());
    assert_eq!(receiver.messages(), Vec::<Value>::new());

    receiver.answers(200);
    let done = site.installed(&answers);
    assert!(!done.said().contains(TOKEN) && !refused.said().contains(TOKEN), "the address is a secret");
    assert!(receiver.has_told("firing", "AirlockReceiverTest", "", ""), "{:?}", receiver.messages());
    let report = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "--all", "-o", "json"]).expect(0).json();
    assert_eq!(verdicts(&report, "MON-003"), ["pass"], "{report}");
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);

    everything_is_measured(&site);
    let told = || awaits(&site, &receiver, "firing", "AirlockComplianceWorse", "persistentvolumeclaim", "auditor-evidence");
    logs.start();
    let runs = auditing::an_audit_says_what_the_command_line_says_and_what_is_worse(&site, &answers, told);
    telling::a_log_server_hears_of_each_audit_and_of_those_that_it_missed(&site, &answers, &mut logs, &runs);
    alertmanager_asks_for_a_password(&site);
    let before = another_certificate_is_stored_than_served(&site);
    two_alerts_arrive_and_end(&site, &receiver);
    a_failing_task_of_a_deployment_is_told(&site, &receiver);
    awaits(&site, &receiver, "firing", "CertificateNotServed", "server", &site.base());
    assert!(!receiver.has_told("firing", "CertificateNotServed", "server", "registry.watched.svc"), "what serves what is stored is not told");
    what_is_served_is_stored_again(&site, &before);
    awaits(&site, &receiver, "resolved", "CertificateNotServed", "server", &site.base());
    another_address_behind_the_same_reference_is_tried_again(&site, &receiver, &answers);
    mails_are_sent_over_tls_with_a_password(&site);
}

#[track_caller]
fn awaits(site: &Site, receiver: &Receiver<'_>, status: &str, alert: &str, label: &str, value: &str) {
    let told = || if receiver.has_told(status, alert, label, value) { Ok(()) } else { Err("not yet") };
    let outcome = eventually(&format!("{alert} of {value} is told as {status}"), TOLD_WITHIN, told);
    outcome.unwrap_or_else(|error| panic!("{error}; told were {:#?}\n{}", receiver.messages(), alertmanager(site)));
}

fn verdicts(report: &Value, check: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().filter(|finding| finding["check"] == check).filter_map(|finding| finding["verdict"].as_str().map(str::to_owned)).collect()
}

/// What Prometheus says, asked by its own tool beside it.
fn query(site: &Site, expression: &str) -> String {
    site.kubectl(&["exec", "monitoring-0", "-c", "prometheus", "--", "/bin/promtool", "query", "instant", "http://127.0.0.1:9090", expression])
}

fn everything_is_measured(site: &Site) {
    let measured = || if query(site, "count(up == 1)").contains("=> 8 @") { Ok(()) } else { Err(query(site, "up")) };
    eventually("everything is measured", Duration::from_mins(2), measured).unwrap_or_else(|error| panic!("{error}"));
    for series in [
        "pg_up == 1",
        "pg_settings_max_connections > 0",
        "sum(pg_stat_database_numbackends) > 0",
        "count(airlock_volume_free_bytes{persistentvolumeclaim=~\"(database|monitoring|registry)-data\"} > 0) == 3",
        "count(airlock_volume_free_inodes > 0) == 3",
        "count(airlock_volume_free_bytes < airlock_volume_size_bytes) == 3",
        "kube_statefulset_status_replicas_ready{statefulset=\"registry\"} == 1",
        "count(airlock_certificate_not_after_seconds - time() > 86400) == 6",
    ] {
        assert!(!query(site, series).trim().is_empty(), "{series} is not measured");
    }
    assert_eq!(query(site, "kube_pod_info{namespace!=\"watched\"}").trim(), "", "nothing is asked of other namespaces");
}

/// A node reaches its own pods whatever the policies say, so only the password stands in the way.
fn alertmanager_asks_for_a_password(site: &Site) {
    let address = site.kubectl(&["get", "pod", "monitoring-0", "-o", "jsonpath={.status.podIP}"]);
    let node = site.kubectl(&["get", "pod", "monitoring-0", "-o", "jsonpath={.spec.nodeName}"]);
    let node: u8 = node.trim_start_matches("node").parse().expect("a node of the bed");
    let encoded = site.kubectl(&["get", "secret", "alertmanager-password", "-o", "jsonpath={.data.value}"]);
    let decoded = Command::new("sh").args(["-c", "printf %s \"$1\" | base64 -d", "sh", &encoded]).output().expect("base64");
    let known = site.file("curl", &format!("user = \"airlock:{}\"\n", String::from_utf8_lossy(&decoded.stdout)));
    let wrong = site.file("wrong", "user = \"airlock:guessed\"\n");
    let status = |config: Option<&PathBuf>| {
        let mut command = site.bed.node(node, "curl");
        command.args(["--silent", "--insecure", "--output", "/dev/null", "--write-out", "%{http_code}", "--max-time", "10"]);
        let output = command.args(config.iter().flat_map(|config| ["--config".to_owned(), config.display().to_string()])).arg(format!("https://{address}:9093/api/v2/status")).output().expect("curl");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!((status(None).as_str(), status(Some(&wrong)).as_str(), status(Some(&known)).as_str()), ("401", "401", "200"));
}

/// The edge's reload stands still while another pair is stored; the pair before, as a patch.
fn another_certificate_is_stored_than_served(site: &Site) -> String {
    let stored = |key: &str| site.kubectl(&["get", "secret", "base-domain-tls", "-o", &format!("jsonpath={{.data.{key}}}")]);
    let patch = |certificate: &str, key: &str| serde_json::json!({ "data": { "tls.crt": certificate, "tls.key": key } }).to_string();
    let before = patch(&stored(r"tls\.crt"), &stored(r"tls\.key"));
    let (key, certificate) = certificate(site, &site.base());
    let encoded = |path: &PathBuf| String::from_utf8(Command::new("base64").arg("-w0").arg(path).output().expect("base64").stdout).expect("base64 is text");
    site.freeze_reload(true);
    let other = site.file("other.json", &patch(&encoded(&certificate), &encoded(&key)));
    site.kubectl(&["patch", "secret", "base-domain-tls", "--patch-file", &other.display().to_string()]);
    before
}

fn what_is_served_is_stored_again(site: &Site, before: &str) {
    let before = site.file("before.json", before);
    site.kubectl(&["patch", "secret", "base-domain-tls", "--patch-file", &before.display().to_string()]);
    site.freeze_reload(false);
}

fn two_alerts_arrive_and_end(site: &Site, receiver: &Receiver<'_>) {
    let scale = |name: &str, replicas: &str| site.kubectl(&["scale", &format!("statefulset/{name}"), &format!("--replicas={replicas}")]);
    scale("registry", "0");
    scale("database", "0");
    awaits(site, receiver, "firing", "ComponentDown", "statefulset", "registry");
    awaits(site, receiver, "firing", "DatabaseDown", "job", "database");
    let told = measured(site, 7);
    let failed: Vec<&str> = told.iter().filter(|(_, verdict)| verdict == "fail").map(|(target, _)| target.as_str()).collect();
    let (database, registry) = (format!("database.{}.svc", site.name), format!("registry.{}.svc", site.name));
    assert_eq!(failed, [format!("database {database}:9187"), format!("volumes {database}:9102"), format!("volumes {registry}:9102")], "just what does not run is told: {told:?}");
    scale("registry", "1");
    scale("database", "1");
    awaits(site, receiver, "resolved", "ComponentDown", "statefulset", "registry");
    awaits(site, receiver, "resolved", "DatabaseDown", "job", "database");
    assert!(matches!(&measured(site, 0)[..], [(_, verdict)] if verdict == "pass"));
}

/// What MON-001 says of each target that is worth a line.
fn measured(site: &Site, exit: i32) -> Vec<(String, String)> {
    site.told("MON-001", &[], exit).into_iter().map(|told| (told.subject, told.verdict)).collect()
}

/// A deployment is measured as soon as it is there and no longer than it is, without a change to what asks; what fails in it is told.
fn a_failing_task_of_a_deployment_is_told(site: &Site, receiver: &Receiver<'_>) {
    let _turn = crate::airflow();
    let before = site.kubectl(&["get", "configmap/prometheus-config", "pod/monitoring-0", "-o", "jsonpath={.items[*].metadata.uid}"]);
    site.run(&["deployment", "create", "alpha", "--example-dag", "--namespace", &site.name, "--yes"]).expect(0);
    assert!(matches!(&measured(site, 0)[..], [(_, verdict)] if verdict == "pass"), "one that has just come is waited for");
    let series = |expression: &str| if query(site, expression).trim().is_empty() { Err(format!("{expression}: nothing; {}", query(site, "up"))) } else { Ok(()) };
    for expression in [
        "up{job=\"airflow\", deployment=\"alpha\"} == 1",
        "airflow_heartbeat_age_seconds{deployment=\"alpha\", part=\"scheduler\"} < 60",
        "airflow_api_server_up{deployment=\"alpha\"} == 1",
        "airflow_database_up{deployment=\"alpha\"} == 1",
    ] {
        eventually(expression, TOLD_WITHIN, || series(expression)).unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(query(site, "airflow_task_failures").trim(), "", "nothing has failed so far");
    let airflow = Airflow::new(site, "alpha");
    assert_eq!(airflow.run(&airflow.first_login(), "airlock_example", &serde_json::json!({ "fail": true })), "failed");
    awaits(site, receiver, "firing", "AirflowTaskFailed", "task_id", "report");
    awaits(site, receiver, "firing", "AirflowDagFailed", "deployment", "alpha");
    assert!(!receiver.has_told("firing", "AirflowTaskFailed", "task_id", "measure"), "a try that is made again is no failure");
    site.run(&["deployment", "delete", "alpha", "--namespace", &site.name, "--yes"]).expect(0);
    let gone = || if query(site, "up{job=\"airflow\"}").trim().is_empty() { Ok(()) } else { Err("it is still asked") };
    eventually("what is gone is not asked", TOLD_WITHIN, gone).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(site.kubectl(&["get", "configmap/prometheus-config", "pod/monitoring-0", "-o", "jsonpath={.items[*].metadata.uid}"]), before, "nothing of the platform changes or restarts");
}

fn another_address_behind_the_same_reference_is_tried_again(site: &Site, receiver: &Receiver<'_>, answers: &std::path::Path) {
    let tried = || receiver.messages().iter().filter(|message| message["commonLabels"]["alertname"] == "AirlockReceiverTest" && message["status"] == "firing").count();
    let before = tried();
    site.file("url", &format!("https://{}:{}/other?token={TOKEN}\n", receiver.host, receiver.port));
    let changed = site.install(answers).expect(0);
    assert!(changed.said().contains("alerts-webhook"), "{}", changed.said());
    assert_eq!(tried(), before + 1, "{:?}", receiver.messages());
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
}

/// The company's mail server lets nobody send who does not log in.
fn mails_are_sent_over_tls_with_a_password(site: &Site) {
    let mails = Mails::start(site, 2525);
    let answers = |password: &str| {
        site.whole_answers(&format!(
            "components: {{ monitoring: {{ mode: bundled }} }}\n{}network: {{ egress: [{{ component: monitoring, to: {}/32, port: {}, reason: the mail server }}] }}\n",
            mails.alerts(password),
            mails.address,
            mails.port
        ))
    };
    let refused = site.install(&answers("wrong"));
    let taken = site.install(&answers(Mails::PASSWORD));
    assert!(refused.exit != 0 && refused.said().contains("the receiver did not take the message (email: "), "{}", refused.said());
    taken.expect(0);
    assert!(mails.has("AirlockReceiverTest"));
}
