//! What else is told to the receiver of alerts, and what a log server is told of audits: minutes of waiting, most of it.

use std::path::PathBuf;
use std::process::Command;

use airlock_bed::eventually;
use airlock_e2e::{Airflow, Site};

use super::telling::{self, LogServer};
use super::{TOLD_WITHIN, answers, awaits, given_up, measured, query, unjudged};
use crate::auditing;
use crate::mails::Mails;
use crate::receivers::{Receiver, TOKEN, certificate};
use crate::scenes;

#[test]
fn certificates_tasks_and_audits_are_told_of_and_another_receiver_is_tried() {
    let site = Site::shared("told");
    let receiver = Receiver::start(&site, 9443);
    receiver.answers(200);
    let mut logs = LogServer::new(&site);
    let (sink, way) = logs.sink();
    let answers = answers(&site, &receiver, &sink, &way);
    let plan = site.run(&["plan", "--answers", &answers.display().to_string()]).expect(0).stdout;
    assert!(plan.lines().any(|line| line.contains("auditor") && line.contains(&format!("{}/TCP", telling::PORT)) && line.contains("heads of evidence")), "{plan}");
    site.installed(&answers);

    let (site, receiver, answers) = (&site, &receiver, &answers);
    let failed = scenes::play(vec![
        (
            "audits at a log server",
            Box::new(|| {
                logs.start();
                let runs = auditing::at_length::an_audit_says_what_the_command_line_says_and_what_is_worse(site, answers, || ());
                telling::a_log_server_hears_of_each_audit_and_of_those_that_it_missed(site, answers, &mut logs, &runs);
                auditing::at_length::an_audit_begins_by_itself_and_what_is_kept_is_verified(site, answers);
            }),
        ),
        ("a password at Alertmanager", Box::new(|| alertmanager_asks_for_a_password(site))),
        ("a certificate that is not served, and a task that fails", Box::new(|| a_certificate_and_a_task_are_told(site, receiver))),
        ("another receiver", Box::new(|| another_address_behind_the_same_reference_is_tried_again(site, receiver, answers))),
        ("a receiver that takes no more", Box::new(|| given_up::a_message_that_is_given_up_is_told_until_the_next_arrives(site, receiver))),
        ("a rule that Prometheus cannot judge", Box::new(|| unjudged::a_rule_that_cannot_be_judged_is_told(site))),
        ("a Prometheus that is gone", Box::new(|| unjudged::what_only_prometheus_knows_is_unverified_without_it(site))),
        ("mails", Box::new(|| mails_are_sent_over_tls_with_a_password(site))),
    ]);
    assert!(failed.is_empty(), "these scenes failed:\n{}", failed.join("\n"));
}

fn a_certificate_and_a_task_are_told(site: &Site, receiver: &Receiver<'_>) {
    let before = another_certificate_is_stored_than_served(site);
    a_failing_task_of_a_deployment_is_told(site, receiver);
    awaits(site, receiver, "firing", "CertificateNotServed", "server", &site.base());
    assert!(!receiver.has_told("firing", "CertificateNotServed", "server", &format!("registry.{}.svc", site.name)), "what serves what is stored is not told");
    what_is_served_is_stored_again(site, &before);
    awaits(site, receiver, "resolved", "CertificateNotServed", "server", &site.base());
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
    let verdict = |exit: i32| site.told("MON-003", &[], exit).into_iter().map(|told| (told.verdict, told.observed)).collect::<Vec<_>>();
    let (kept, reason) = verdict(0).remove(0);
    assert!(kept == "pass" && reason.starts_with("a message was delivered, seen at "), "{reason}");
    site.kubectl(&["delete", "jobs", "-l", "app.kubernetes.io/name=monitoring-receiver"]);
    assert_eq!(verdict(7), [("unverified".to_owned(), "no message has been sent to it".to_owned())]);
    receiver.answers(403);
    site.file("url", &format!("https://{}:{}/other?token={TOKEN}\n", receiver.host, receiver.port));
    let refused = given_up::measured(site, "alertmanager_notifications_failed_total", || site.install(answers));
    assert!(refused.exit == 6 && refused.said().contains("the receiver did not take the message (webhook: "), "{}", refused.said());
    assert_eq!(verdict(7), [("fail".to_owned(), "it did not take the message, or Alertmanager could not be reached".to_owned())]);
    receiver.answers(200);
    let changed = site.install(answers).expect(0);
    assert!(changed.said().contains("alerts-webhook"), "{}", changed.said());
    assert_eq!((tried(), verdict(0)[0].0.as_str()), (before + 1, "pass"), "{:?}", receiver.messages());
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
    assert!(refused.exit == 6 && refused.said().contains("the receiver did not take the message (email: "), "{}", refused.said());
    taken.expect(0);
    assert!(mails.has("AirlockReceiverTest"));
}
