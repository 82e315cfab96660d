//! The first install, from nothing to a checked platform, and back.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use airlock_e2e::Site;
use serde_json::Value;

#[test]
fn an_administrator_installs_waits_for_others_installs_again_and_takes_it_away() {
    let site = Site::shared("first");
    let answers = site.answers("");
    let answers_path = answers.display().to_string();

    let audit = site.audit();
    let inspected = site.run(&["inspect", "--answers", &answers_path, "-o", "json"]).expect(0).json();
    assert_eq!(inspected.pointer("/facts/nodes/known").and_then(Value::as_array).map(Vec::len), Some(2), "{inspected}");
    let planned = site.run(&["plan", "--answers", &answers_path, "-o", "json"]).expect(0).json();
    assert_eq!(audit.writes(), [], "survey and plan write nothing");

    let required = site.run(&["requirements", "--answers", &answers_path, "-o", "json"]).expect(0).json();
    for (offline, online) in [("/requests", "/plan/requests"), ("/flows", "/plan/connections")] {
        assert_eq!(required.pointer(offline), planned.pointer(online), "requirements and plan agree on {offline}");
    }

    let waiting = site.install(&answers).expect(11);
    assert!(waiting.said().contains(&site.edge_address()), "the ticket names the address to set:\n{}", waiting.said());
    assert!(waiting.said().contains(&format!("*.{}", site.base())), "the ticket names the record to set:\n{}", waiting.said());
    site.set_dns();

    let waiting = site.install(&answers).expect(11);
    assert!(waiting.said().contains("hosts.toml") && waiting.said().contains("BEGIN CERTIFICATE"), "the ticket holds what the nodes need:\n{}", waiting.said());
    site.trust_on_nodes();

    let done = site.install(&answers).expect(0);
    assert!(done.said().contains("pass"), "{}", done.said());

    the_registry_answers_the_person_at_the_host(&site);
    second_install_writes_nothing(&site);
    checks_pass(&site);
    status_tells(&site);
    a_change_by_hand_is_named_and_not_overruled(&site);
    uninstall_keeps_what_holds_data_and_reinstall_adopts_it(&site);
}

/// By the relay on the loopback, which looks the asked name up: what `bed relay` prints a line for.
fn the_registry_answers_the_person_at_the_host(site: &Site) {
    let port = std::fs::read_to_string(site.bed.folder().join("run/relay-edge.port")).expect("the relay's port");
    let (host, address) = (site.registry(), format!("127.0.0.1:{}", port.trim()));
    let ask = |authority: &Path| {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-connect", &address, "-servername", &host, "-verify_hostname", &host, "-verify_return_error", "-no-CApath", "-no-CAstore", "-CAfile"]);
        let mut child = command.arg(authority).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("openssl");
        let request = format!("GET /v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        // Who does not trust the answer has hung up before the question.
        let _ = child.stdin.take().expect("stdin").write_all(request.as_bytes());
        let output = child.wait_with_output().expect("openssl");
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (answer, talk) = ask(&site.base_authority());
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}{talk}");
    let (answer, talk) = ask(&site.bed.company_ca());
    assert!(answer.is_empty() && talk.contains("certificate verify failed"), "another authority is not enough: {answer}{talk}");
}

fn second_install_writes_nothing(site: &Site) {
    let audit = site.audit();
    let again = site.install(&site.answers("")).expect(0);
    assert_eq!(audit.writes(), [], "a second install writes nothing");
    assert!(again.took < Duration::from_secs(5), "a second install took {:?}", again.took);
    let plan = site.run(&["plan", "--answers", &site.answers("").display().to_string(), "--exit-code", "-o", "json"]).expect(0).json();
    assert_eq!(plan.pointer("/plan/steps").and_then(Value::as_array).map(Vec::len), Some(0), "{plan}");
}

fn checks_pass(site: &Site) {
    let report = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "-o", "json"]).expect(0).json();
    let findings = report.pointer("/findings").and_then(Value::as_array).expect("findings");
    let verdict = |check: &str| findings.iter().filter(|finding| finding["check"] == check).map(|finding| finding["verdict"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    for check in ["NET-010", "NET-001", "TLS-001", "TLS-002", "REG-001", "REG-002", "SEC-001", "PSS-001", "PSS-008"] {
        let verdicts = verdict(check);
        assert!(!verdicts.is_empty() && verdicts.iter().all(|verdict| verdict == "pass"), "{check}: {verdicts:?}");
    }
}

fn status_tells(site: &Site) {
    let status = site.run(&["status", "--namespace", &site.name]).expect(0).stdout;
    for word in ["edge", "registry", &site.registry(), "base-domain-tls"] {
        assert!(status.contains(word), "status does not mention {word}:\n{status}");
    }
}

fn a_change_by_hand_is_named_and_not_overruled(site: &Site) {
    // Not `kubectl scale`: Kubernetes 1.37 forgets whose a field is that was set by it, as soon as the controller writes the status.
    site.kubectl(&["patch", "deployment", "edge", "--type=merge", "--patch", r#"{"spec":{"replicas":0}}"#]);
    let changed = site.run(&["plan", "--answers", &site.answers("").display().to_string(), "--exit-code"]).expect(10);
    assert!(changed.stdout.contains("replicas"), "the plan names the field:\n{}", changed.stdout);
    // The field now belongs to whoever scaled: it is shown and not taken by force.
    let refused = site.install(&site.answers("")).expect(3);
    assert!(refused.stderr.contains("replicas") && refused.stderr.contains("kubectl"), "field and owner are named:\n{}", refused.stderr);
    site.kubectl(&["scale", "deployment", "edge", "--replicas=1"]);
    site.kubectl(&["rollout", "status", "deployment", "edge", "--timeout=60s"]);
}

fn uninstall_keeps_what_holds_data_and_reinstall_adopts_it(site: &Site) {
    let authority = site.kubectl(&["get", "secret", "base-domain-ca", "-o", r"jsonpath={.data.tls\.crt}"]);
    let volume = site.kubectl(&["get", "pvc", "-o", "jsonpath={.items[0].spec.volumeName}"]);
    let removed = site.run(&["uninstall", "--namespace", &site.name, "--yes"]).expect(0);
    assert!(removed.said().contains("base-domain-ca"), "what stays is named:\n{}", removed.said());
    let left = site.bed.kubectl(["get", "deployments,statefulsets,pods,services,networkpolicies", "-n", &site.name, "-l", "app.kubernetes.io/part-of=airlock", "-o", "name"]).expect("kubectl");
    assert_eq!(left, "", "only data stays, and the record that says what it is");

    let answers = site.answers("");
    let mut run = site.install(&answers);
    if run.exit == 11 {
        site.set_dns();
        run = site.install(&answers);
    }
    run.expect(0);
    assert_eq!(site.kubectl(&["get", "secret", "base-domain-ca", "-o", r"jsonpath={.data.tls\.crt}"]), authority, "the authority is adopted");
    assert_eq!(site.kubectl(&["get", "pvc", "-o", "jsonpath={.items[0].spec.volumeName}"]), volume, "the volume is adopted");

    site.run(&["uninstall", "--namespace", &site.name, "--yes", "--delete-data"]).expect(0);
    let left = site.bed.kubectl(["get", "namespaces", &site.name, &site.probes(), "--ignore-not-found", "-o", "name"]).expect("kubectl");
    assert_eq!(left, "", "nothing stays");
}
