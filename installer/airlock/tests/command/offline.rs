//! Commands that need no cluster, run as a person runs them.

use std::net::TcpListener;

use rustix::process::{Pid, Signal, kill_process};

use crate::run;

fn run(line: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let ended = run::airlock(folder.path(), line, &[]);
    (ended.exit, ended.stdout, ended.stderr)
}

#[test]
fn the_committed_schema_is_the_one_that_the_program_prints() {
    let (exit, stdout, _) = run("schema");
    assert_eq!(exit, 0);
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/answers.schema.json")).unwrap();
    assert_eq!(stdout, committed, "write it anew: airlock schema > docs/answers.schema.json");
}

#[test]
fn requirements_need_neither_answers_nor_a_cluster() {
    let (exit, stdout, stderr) = run("requirements --output json");
    assert_eq!(exit, 0, "{stderr}");
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert!(document.pointer("/requests/cpuMillis").and_then(serde_json::Value::as_u64).is_some_and(|cpu| cpu > 0), "{stdout}");
    assert!(document.pointer("/flows").and_then(serde_json::Value::as_array).is_some_and(|flows| !flows.is_empty()), "{stdout}");
    for format in ["text", "csv", "html"] {
        let (exit, stdout, stderr) = run(&format!("requirements --output {format}"));
        assert_eq!(exit, 0, "{stderr}");
        assert!(stdout.contains("registry"), "{stdout}");
    }
}

#[test]
fn every_id_of_the_list_can_be_explained() {
    let (exit, stdout, _) = run("explain --output json");
    assert_eq!(exit, 0);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let codes = document.pointer("/codes").and_then(serde_json::Value::as_array).unwrap();
    assert!(codes.len() > 30, "{}", codes.len());
    let (exit, stdout, _) = run("explain answers.tab");
    assert_eq!(exit, 0);
    assert!(stdout.starts_with("answers.tab: a tab indents a line of the answers\n"), "{stdout}");
    let (exit, stdout, stderr) = run("explain net-001");
    assert_eq!(exit, 0, "{stderr}");
    assert!(stdout.starts_with("NET-001: "), "{stdout}");
}

#[test]
fn a_file_that_is_no_report_on_a_node_ends_with_2_before_a_cluster_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("other.json"), "{}").unwrap();
    for (given, words) in [
        ("node1=other.json", "error[compliance.node-report]: the report other.json on node node1 cannot be read: it is JSON, but not what `kube-bench run --json` writes"),
        ("node1=gone.json", "gone.json"),
        ("other.json", "it is not of the form NODE=FILE"),
    ] {
        let ended = run::airlock(folder.path(), &format!("compliance-check --kubeconfig nowhere --node-report {given}"), &[]);
        assert_eq!(ended.exit, 2, "{given}: {}", ended.stderr);
        assert!(ended.stderr.contains(words), "{given}: {}", ended.stderr);
    }
}

#[test]
fn completions_know_the_commands_but_not_those_of_pods() {
    for shell in ["bash", "zsh", "fish"] {
        let (exit, stdout, _) = run(&format!("completions {shell}"));
        assert_eq!(exit, 0);
        assert!(stdout.contains("compliance-check"), "{shell}");
    }
}

#[test]
fn help_and_version_are_results() {
    let (exit, stdout, stderr) = run("--version");
    assert_eq!((exit, stderr.as_str()), (0, ""));
    assert_eq!(stdout, format!("airlock {}\n", env!("CARGO_PKG_VERSION")));
    let (exit, stdout, _) = run("install --help");
    assert_eq!(exit, 0);
    assert!(stdout.contains("--answers"), "{stdout}");
}

#[test]
fn a_probe_connects_to_a_listening_one_and_prints_its_outcome_as_one_line() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut listener = std::process::Command::new(env!("CARGO_BIN_EXE_airlock")).args(["probe", "--listen", &port.to_string()]).env_clear().spawn().unwrap();
    let attempt = format!(r#"[{{"id":"a","from":"workstation","target":{{"address":{{"host":"127.0.0.1","port":{port}}}}},"action":"connect","control":null,"purpose":"the_listener"}}]"#);
    // The attempt is repeated until the listener is there.
    let (exit, stdout, stderr) = run(&format!("probe --attempts {attempt}"));
    kill_process(Pid::from_child(&listener), Signal::TERM).unwrap();
    assert_eq!(exit, 0, "{stderr}");
    let outcomes: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(outcomes.pointer("/0/result").and_then(serde_json::Value::as_str), Some("connected"), "{stdout}");
    assert_eq!(stdout.lines().count(), 1);
    assert_eq!(listener.wait().unwrap().code(), Some(0));
}
