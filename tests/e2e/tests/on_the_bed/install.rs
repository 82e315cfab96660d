//! The first install, from nothing to a checked platform, and back.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airlock_e2e::{Run, Site};
use serde_json::{Value, json};

use crate::guided::terminal::Terminal;
use crate::{judged_beforehand, late_balancer};

/// Whether nodes pull is tried when somebody agrees to it; nothing else is written, and nothing of it is left.
fn nodes_are_tried(site: &Site, answers: &str) {
    let audit = site.audit();
    let unasked = site.run(&["inspect", "--answers", answers, "--probes"]).expect(2);
    assert!(unasked.first_error().starts_with("error[command.unconfirmed]"), "{}", unasked.stderr);
    let folder = tempfile::tempdir().expect("a folder");
    let mut terminal = Terminal::start(&site.command(&["inspect", "--answers", answers, "--probes"]), folder.path(), 120, "xterm-256color");
    let listed = terminal.shows("Try it?");
    assert!(listed.contains("a pod for each pool (pool1, pool2)"), "{listed}");
    terminal.types("n");
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.contains("IMG-002") && said.contains("none was tried"), "{said}");
    assert_eq!(audit.writes(), [], "nothing is tried without a yes");
    let tried = site.run(&["inspect", "--answers", answers, "--probes", "--yes", "-o", "json"]).expect(0);
    let (report, listed) = (tried.json(), &tried.stderr);
    let findings = report["findings"].as_array().into_iter().flatten().filter(|finding| finding["check"] == "IMG-002");
    let judged: Vec<String> = findings.map(|finding| format!("{} {}", finding["subject"]["name"], finding["verdict"])).collect();
    assert_eq!(judged, [r#""pool pool1" "pass""#, r#""pool pool2" "pass""#], "{report}");
    let written: Vec<String> = audit.writes().into_iter().map(|write| if write.resource == "namespaces" { write.name } else { write.namespace }).collect();
    assert!(written.len() == 6 && written.iter().all(|namespace| namespace.starts_with("airlock-probe-") && listed.contains(namespace.as_str())), "{written:?}\n{listed}");
}

#[test]
fn an_administrator_installs_waits_for_others_installs_again_and_takes_it_away() {
    let site = Site::shared("first");
    let answers = site.answers("");
    let answers_path = answers.display().to_string();

    let audit = site.audit();
    let inspected = site.run(&["inspect", "--answers", &answers_path, "-o", "json"]).expect(0).json();
    assert_eq!(inspected.pointer("/facts/nodes/known").and_then(Value::as_array).map(Vec::len), Some(2), "{inspected}");
    let plan = site.run(&["plan", "--answers", &answers_path, "-o", "json"]).expect(0);
    let planned = plan.json();
    assert_eq!(pools_to_pull(&planned), ["pool1", "pool2"], "a node of each pool is asked to pull: {planned}");
    assert_eq!(audit.writes(), [], "survey and plan write nothing");

    nodes_are_tried(&site, &answers_path);

    let foreseen = judged_beforehand::of_plan(&site, &plan.stdout);
    let required = site.run(&["requirements", "--answers", &answers_path, "-o", "json"]).expect(0).json();
    for (offline, online) in [("/requests", "/plan/requests"), ("/flows", "/plan/connections")] {
        assert_eq!(required.pointer(offline), planned.pointer(online), "requirements and plan agree on {offline}");
    }

    let waiting = site.install(&answers).expect(11);
    assert!(waiting.said().contains(&site.edge_address()), "the ticket names the address to set:\n{}", waiting.said());
    assert!(waiting.said().contains(&format!("*.{}", site.base())), "the ticket names the record to set:\n{}", waiting.said());
    site.set_dns();
    late_balancer::the_registry_is_waited_for(&site, &answers_path, 11);

    let waiting = site.install(&answers).expect(11);
    assert!(waiting.said().contains("hosts.toml") && waiting.said().contains("BEGIN CERTIFICATE"), "the ticket holds what the nodes need:\n{}", waiting.said());
    assert!(waiting.stdout.contains("the nodes of pools pool1, pool2 trust"), "the ticket names both pools:\n{}", waiting.said());
    who_runs_the_nodes_is_handed_a_page(&site);
    site.trust_on_node(1);
    let waiting = site.install(&answers).expect(11);
    assert!(waiting.stdout.contains("the nodes of pool pool2 trust") && !waiting.stdout.contains("pool1"), "the ticket names the pool alone that is left:\n{}", waiting.said());
    site.trust_on_nodes();

    let done = site.install(&answers).expect(0);
    assert!(done.said().contains("pass"), "{}", done.said());

    the_registry_answers_the_person_at_the_host(&site);
    let found = judged_beforehand::of_cluster(&site, &foreseen);
    assert_eq!(foreseen, found, "a plan and what came of it have the same verdicts");
    judged_beforehand::attempts_are_listed_or_left_out(&site);
    second_install_writes_nothing(&site);
    a_key_is_made(&site);
    checks_pass(&site);
    checks_of_the_company_judge_it_too(&site);
    status_tells(&site);
    what_is_no_longer_wanted_goes(&site);
    a_lost_certificate_reaches_the_edge_without_a_new_pod(&site);
    a_lost_authority_restarts_just_those_who_do_not_reload(&site);
    a_secret_in_the_open_is_found_and_not_repeated(&site);
    what_was_kept_is_vouched_for_until_a_byte_changes(&site);
    a_change_by_hand_is_named_and_not_overruled(&site);
    a_rule_that_somebody_adds_to_a_policy_is_seen(&site);
    uninstall_keeps_what_holds_data_and_reinstall_adopts_it(&site);
}

/// As it is of both nodes, and the authority as a file that says the same.
fn who_runs_the_nodes_is_handed_a_page(site: &Site) {
    let page = site.run(&["tls", "trust", "--namespace", &site.name]).expect(0).stdout;
    for words in ["pools pool1, pool2 (containerd://", &format!("{}/hosts.toml", site.registry()), "did not get as far as a pull", "update-ca-certificates"] {
        assert!(page.contains(words), "`{words}` is missing:\n{page}");
    }
    let pem = site.run(&["tls", "trust", "--pem", "--namespace", &site.name]).expect(0).stdout;
    let known = std::fs::read_to_string(site.base_authority()).expect("the authority");
    assert_eq!(pem.trim(), known.trim());
}

/// The pools of the gate `node-pull` in a plan.
fn pools_to_pull(planned: &Value) -> Vec<String> {
    let steps = planned.pointer("/plan/steps").and_then(Value::as_array).expect("steps");
    let pools = steps.iter().find_map(|step| step.pointer("/action/await/nodePull/pools")).and_then(Value::as_object);
    pools.into_iter().flat_map(|pools| pools.keys().cloned()).collect()
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
    site.install(&site.answers("")).expect(0);
    assert_eq!(audit.writes(), [], "a second install writes nothing");
    let plan = site.run(&["plan", "--answers", &site.answers("").display().to_string(), "--exit-code", "-o", "json"]).expect(0).json();
    assert_eq!(plan.pointer("/plan/steps").and_then(Value::as_array).map(Vec::len), Some(0), "{plan}");
}

fn checks_pass(site: &Site) {
    let report = kept_check(site, &["--all"]).expect(0).json();
    assert_eq!(report.get("installed"), None, "it goes by the installed profile");
    let findings = report.pointer("/findings").and_then(Value::as_array).expect("findings");
    let verdict = |check: &str| findings.iter().filter(|finding| finding["check"] == check).map(|finding| finding["verdict"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    let of_base = findings.iter().filter(|finding| finding["subject"]["name"].as_str().is_some_and(|subject| subject.starts_with(&format!("{}:443", site.base())))).count();
    assert_eq!(of_base, 5, "the certificate of the base domain itself is judged, two outdated versions of TLS, weak suites, and a name that is not ours");
    for check in ["NET-010", "NET-001", "TLS-002", "TLS-003", "REG-001", "REG-004", "SEC-001", "PSS-001", "PSS-008"] {
        let verdicts = verdict(check);
        assert!(!verdicts.is_empty() && verdicts.iter().all(|verdict| verdict == "pass"), "{check}: {verdicts:?}");
    }
}

fn status_tells(site: &Site) {
    let status = site.run(&["status", "--namespace", &site.name]).expect(0).stdout;
    let ends = site.last_day_of("base-domain-tls");
    for word in ["edge", "registry", &site.registry(), &format!("\n  {} ", site.base()), "base-domain-tls", &ends, env!("CARGO_PKG_VERSION")] {
        assert!(status.contains(word), "status does not mention {word}:\n{status}");
    }
}

fn a_change_by_hand_is_named_and_not_overruled(site: &Site) {
    let answers = site.answers("");
    let plan = || site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]);
    // The API server keeps no book of what is scaled: nobody owns the field, so the plan names it and would put it back.
    site.kubectl(&["scale", "deployment", "edge", "--replicas=0"]);
    let changed = plan().expect(10);
    assert!(changed.stdout.contains("/spec/replicas"), "the plan names the field:\n{}", changed.stdout);
    // Now the field belongs to whoever patched it: it is shown and not taken by force.
    let patch = |replicas: u8| site.kubectl(&["patch", "deployment", "edge", "--type=merge", "-p", &format!("{{\"spec\": {{\"replicas\": {replicas}}}}}")]);
    patch(2);
    let changed = plan().expect(3);
    assert!(changed.stdout.contains("/spec/replicas"), "the plan names the field:\n{}", changed.stdout);
    let refused = site.install(&answers).expect(3);
    assert!(refused.stderr.contains("replicas") && refused.stderr.contains("kubectl"), "field and owner are named:\n{}", refused.stderr);
    patch(1);
    site.kubectl(&["rollout", "status", "deployment", "edge", "--timeout=60s"]);
    plan().expect(0);
}

/// A way out, a restriction of the ways in, and a second pod of the edge are asked for and taken back.
fn what_is_no_longer_wanted_goes(site: &Site) {
    let more = "network: { egress: [ { component: registry, to: 192.0.2.0/24, port: 443, reason: a mirror } ] }\nedge: { sourceRanges: [ 0.0.0.0/0 ] }\ncomponents: { edge: { replicas: 2 } }\n";
    site.install(&site.answers(more)).expect(0);
    let egress = || site.kubectl(&["get", "networkpolicy", "registry", "-o", "jsonpath={.spec.egress}"]);
    let ranges = || site.kubectl(&["get", "service", "edge", "-o", "jsonpath={.spec.loadBalancerSourceRanges}"]);
    let budgets = || site.kubectl(&["get", "poddisruptionbudgets", "-o", "name"]);
    assert!(budgets().contains("edge"), "{}", budgets());
    assert!(egress().contains("192.0.2.0/24") && ranges().contains("0.0.0.0/0"), "{} {}", egress(), ranges());

    let answers = site.answers("");
    let plan = || site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]);
    let planned = plan().expect(10).stdout;
    for shown in ["/spec/egress", "/spec/loadBalancerSourceRanges", "remove.objects", &format!("- PodDisruptionBudget {}/edge", site.name)] {
        assert!(planned.contains(shown), "the plan does not show {shown}:\n{planned}");
    }
    site.install(&answers).expect(0);
    assert_eq!((egress().as_str(), ranges().as_str(), budgets().as_str()), ("", "", ""), "what is no longer wanted is gone");
    plan().expect(0);
}

/// The UID of the only pod of a component.
fn pod(site: &Site, component: &str) -> String {
    site.kubectl(&["get", "pods", "-l", &format!("app.kubernetes.io/name={component}"), "-o", "jsonpath={.items[*].metadata.uid}"])
}

fn a_lost_certificate_reaches_the_edge_without_a_new_pod(site: &Site) {
    let edge = pod(site, "edge");
    site.kubectl(&["delete", "secret", "base-domain-tls"]);
    // Its verification ends well only when the edge serves the new one.
    let mended = site.install(&site.answers("")).expect(0);
    assert!(mended.said().contains("TLS-002"), "{}", mended.said());
    checks_pass(site);
    assert_eq!(pod(site, "edge"), edge, "the edge reloads in its pod");
}

fn a_lost_authority_restarts_just_those_who_do_not_reload(site: &Site) {
    let (edge, registry) = (pod(site, "edge"), pod(site, "registry"));
    site.kubectl(&["delete", "secret", "internal-ca"]);
    let answers = site.answers("");
    site.install(&answers).expect(0);
    checks_pass(site);
    assert_eq!(pod(site, "edge"), edge, "the edge reloads in its pod");
    assert_ne!(pod(site, "registry"), registry, "the registry reads its certificate once");
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
}

fn a_secret_in_the_open_is_found_and_not_repeated(site: &Site) {
    let encoded = site.kubectl(&["get", "secret", "registry-password", "-o", "jsonpath={.data.value}"]);
    let plant = format!(r#"{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "notes", "namespace": "{}"}}, "binaryData": {{"notes": "{encoded}"}}}}"#, site.name);
    site.bed.apply(&plant).expect("the notes");
    // In the environment of a pod that runs nowhere, and is as the platform's are otherwise.
    let value = decoded(&encoded);
    let image = site.kubectl(&["get", "deployment", "edge", "-o", "jsonpath={.spec.template.spec.containers[0].image}"]);
    let container = json!({"name": "c", "image": image, "env": [{"name": "WORD", "value": value}],
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "10m", "memory": "8Mi"}},
        "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "spoken", "namespace": site.name}, "spec": {"nodeSelector": {"no": "node"}, "serviceAccountName": "edge",
        "automountServiceAccountToken": false, "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}, "containers": [container]}});
    site.bed.apply(&pod.to_string()).expect("the pod");
    let judged = kept_check(site, &[]);
    let told = site.run(&["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--verbose"]).expect(7);
    site.kubectl(&["delete", "configmap/notes", "pod/spoken"]);
    let judged = judged.expect(7);
    let report = judged.json();
    let mut failed: Vec<&str> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["verdict"] == "fail" || finding["verdict"] == "unverified" || finding["verdict"] == "error")
        .filter_map(|finding| finding["check"].as_str())
        .collect();
    failed.dedup();
    assert_eq!(failed, ["SEC-001"], "{}", judged.stdout);
    for said in [judged.said(), told.said()] {
        assert!(said.contains("registry-password") && said.contains("notes") && said.contains("spoken"), "secret and place are named:\n{said}");
        assert!(!said.contains(&value) && !said.contains(&encoded), "the value itself is shown");
    }
}

/// In CEL, over objects of kinds that no other check asks for. What the cluster does not have, or does not serve, is not passed.
fn checks_of_the_company_judge_it_too(site: &Site) {
    let profile = site.file(
        "company.yaml",
        "apiVersion: airlock/v1
kind: SecurityPolicyProfile
metadata: { name: company, version: '1', owner: security@company.test }
custom:
  - { id: SITE-001, title: servers have addresses of one kind, severity: low, why: w, fix: f, match: { apiVersion: discovery.k8s.io/v1, kinds: [EndpointSlice] }, validations: [{ expression: \"object.addressType == 'IPv4'\" }] }
  - { id: SITE-002, title: images are ours, severity: high, why: w, fix: f, match: { apiVersion: apps/v1, kinds: [Deployment, StatefulSet] }, validations: [{ expression: \"object.spec.template.spec.containers.all(c, c.image.startsWith('registry.company.test/'))\" }] }
  - { id: SITE-003, title: no job, severity: low, why: w, fix: f, match: { apiVersion: batch/v1, kinds: [Job], namespaces: [nowhere] }, validations: [{ expression: 'false' }] }
  - { id: SITE-004, title: widgets are round, severity: low, why: w, fix: f, match: { apiVersion: company.test/v1, kinds: [Widget] }, validations: [{ expression: 'true' }] }
",
    );
    let report = site.run(&["compliance-check", "--profile", &profile.display().to_string(), "--namespace", &site.name, "--yes", "-o", "json"]).expect(7).json();
    let installed = site.run(&["compliance-check", "--namespace", &site.name, "--probes", "none", "-o", "json"]).expect(7).json();
    assert_eq!((&report["installed"], installed.get("installed")), (&installed["digest"], None), "another profile than the installed one is marked");
    let verdict = |id: &str| report["checks"].as_array().expect("checks").iter().find(|check| check["id"] == id).map(|check| check["verdict"].clone()).unwrap_or_default();
    assert_eq!(["SITE-001", "SITE-002", "SITE-003", "SITE-004"].map(verdict), ["pass", "fail", "not-applicable", "unverified"], "{report}");
}

fn beside(site: &Site, name: &str) -> PathBuf {
    site.answers("").with_file_name(name)
}

fn a_key_is_made(site: &Site) {
    let (key, public) = (beside(site, "evidence.pem"), beside(site, "evidence.pub"));
    let script = "umask 077 && openssl genpkey -algorithm ed25519 -out \"$1\" && openssl pkey -in \"$1\" -pubout -out \"$2\"";
    let output = Command::new("sh").args(["-c", script, "sh"]).args([&key, &public]).output().expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A check whose report is kept, signed, and told to a head.
fn kept_check(site: &Site, further: &[&str]) -> Run {
    let (folder, key, head) = (beside(site, "evidence").display().to_string(), format!("file:{}", beside(site, "evidence.pem").display()), beside(site, "evidence.head").display().to_string());
    let check = ["compliance-check", "--profile", "baseline", "--namespace", &site.name, "--yes", "-o", "json", "--evidence", &folder, "--evidence-key", &key, "--evidence-head", &head];
    site.run(&[&check, further].concat())
}

/// Checks that passed, and the last that did not, of this installation on this cluster.
fn what_was_kept_is_vouched_for_until_a_byte_changes(site: &Site) {
    let [folder, public, head] = ["evidence", "evidence.pub", "evidence.head"].map(|name| beside(site, name).display().to_string());
    let verify = || site.run(&["evidence", "verify", &folder, "--trust", &public, "--head", &head, "-o", "json"]);
    let verified = verify().expect(0).json();
    let runs = verified["runs"].as_array().expect("runs");
    let (last, before) = runs.split_last().expect("runs");
    assert_eq!((&verified["verdict"], &last["gateFailed"]), (&Value::from("pass"), &Value::Bool(true)), "{verified}");
    assert!(!before.is_empty() && before.iter().all(|run| run["gateFailed"] == false), "{verified}");

    let last = beside(site, "evidence").join(last["folder"].as_str().unwrap_or_default());
    let record: Value = serde_json::from_str(&fs::read_to_string(last.join("run.json")).expect("run.json")).expect("JSON");
    let judged = &record["judged"]["installation"];
    let uid = site.bed.kubectl(["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"]).expect("the cluster's uid");
    assert_eq!((judged["clusterUid"]["known"].as_str(), judged["caller"]["known"]["user"].as_str()), (Some(uid.as_str()), Some(format!("{}-admin", site.name).as_str())), "{record}");
    let plans = judged["planRuns"]["known"][site.name.as_str()]["known"].as_array().unwrap_or_else(|| panic!("{record}"));
    assert!(plans.iter().any(|plan| plan["approved"] == "yes-flag" && plan["outcome"] == "done"), "{record}");

    let report = last.join("report.json");
    let text = fs::read_to_string(&report).expect("the report");
    fs::write(&report, text.replacen("SEC-001", "SEC-002", 1)).expect("the report");
    let refused = verify().expect(8).json();
    assert_eq!(refused["findings"][0]["code"], "evidence.file-changed", "{refused}");
}

fn decoded(base64: &str) -> String {
    let output = std::process::Command::new("sh").args(["-c", "printf %s \"$1\" | base64 -d", "sh", base64]).output().expect("base64");
    String::from_utf8(output.stdout).expect("text")
}

fn a_rule_that_somebody_adds_to_a_policy_is_seen(site: &Site) {
    let answers = site.answers("");
    let open = |rules: &str| site.kubectl(&["patch", "networkpolicy", "default-deny", "--type=merge", "-p", &format!("{{\"spec\": {{\"egress\": {rules}}}}}")]);
    open("[{}]");
    let plan = site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(3);
    assert!(plan.stdout.contains("/spec/egress"), "the plan does not show the rule:\n{}", plan.said());
    // The list now belongs to whoever opened it: it is shown and not taken by force.
    let refused = site.install(&answers).expect(3);
    assert!(refused.stderr.contains("egress") && refused.stderr.contains("kubectl"), "field and owner are named:\n{}", refused.stderr);
    open("null");
    site.run(&["plan", "--answers", &answers.display().to_string(), "--exit-code"]).expect(0);
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
