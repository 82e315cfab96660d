//! `airlock compliance-check --manifests` as scripts use it: without a cluster, by exit code and JSON.

use std::fs::File;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: shop }\nspec: { containers: [ { name: a, image: b, securityContext: { privileged: true } } ] }\n";

fn airlock(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_airlock"));
    command.env_clear().env("KUBECONFIG", "/nowhere").arg("compliance-check").args(arguments);
    command
}

/// Exit code and the one document on standard output.
fn judged(arguments: &[&str], input: &str) -> (Option<i32>, Value) {
    let output = airlock(&[arguments, &["-o", "json"]].concat()).write_stdin(input).output().unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), document)
}

#[test]
fn standard_input_is_judged_without_a_cluster() {
    let (code, report) = judged(&["--manifests", "-", "--checks", "PSS-001"], POD);
    assert_eq!(code, Some(7));
    assert_eq!(report["schema"], 2);
    assert_eq!((&report["summary"]["fail"], &report["summary"]["gateFailed"]), (&Value::from(1), &Value::from(true)));
    let finding = &report["findings"][0];
    assert_eq!((finding["check"].as_str(), finding["verdict"].as_str()), (Some("PSS-001"), Some("fail")));
    assert_eq!((finding["path"].as_str(), finding["subject"]["file"].as_str()), (Some("spec.containers[0].securityContext.privileged"), Some("-")));
    for key in ["severity", "observed", "expected", "why", "fix", "evidence"] {
        assert!(!finding[key].is_null(), "{key}");
    }
}

#[test]
fn levels_and_versions_are_set_by_flags_and_passes_are_shown_on_demand() {
    let restricted = ["--manifests", "-", "--checks", "PSS-006", "--set", "PSS.version=v1.30"];
    let pod = POD.replace("privileged: true", "allowPrivilegeEscalation: false");
    assert_eq!(judged(&[&restricted[..], &["--set", "PSS.level=restricted"]].concat(), &pod).0, Some(7));
    let (code, report) = judged(&[&restricted[..], &["--set", "PSS.level=baseline", "--all"]].concat(), &pod);
    assert_eq!(code, Some(0), "{report}");
    let verdicts: Vec<&str> = report["findings"].as_array().unwrap().iter().filter_map(|finding| finding["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["pass", "not-applicable"], "SRC-001 and PSS-006");
}

#[test]
fn what_cannot_be_judged_fails_the_gate_and_what_cannot_be_meant_is_wrong_usage() {
    assert_eq!(judged(&["--manifests", "-"], "").0, Some(7));
    assert_eq!(judged(&["--manifests", "-"], "a: [\n").0, Some(7));
    for (arguments, code) in [
        (&["--manifests", "-", "--checks", "XYZ-*"][..], "compliance.unknown-check"),
        (&["--manifests", "-", "--checks", "NET-010"], "compliance.other-source"),
        (&["--manifests", "-", "--set", "PSS.levle=baseline"], "compliance.unknown-parameter"),
        (&["--manifests", "-", "--set", "PSS.level=strict"], "compliance.parameter-value"),
        (&["--manifests", "-", "--profile", "nobody"], "compliance.unknown-profile"),
        (&["--manifests", "/nowhere/at/all"], "platform.manifests-unreadable"),
        (&["--checks", "XYZ-*"], "compliance.unknown-check"),
    ] {
        let (exit, document) = judged(arguments, POD);
        assert_eq!((exit, document["error"]["code"].as_str()), (Some(2), Some(code)), "{arguments:?}: {document}");
    }
}

#[test]
fn a_profile_that_ships_judges_files_and_says_what_only_a_cluster_shows() {
    let (_, report) = judged(&["--manifests", "-", "--profile", "baseline"], POD);
    let of = |id: &str| report["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).cloned().unwrap_or_default();
    assert_eq!((of("NET-010")["verdict"].as_str(), of("NET-010")["reason"].as_str()), (Some("not-applicable"), Some("other-source")));
    assert_eq!(of("PSS-001")["references"][0]["framework"], "NSA/CISA Kubernetes Hardening Guidance");
    assert_eq!(of("WKL-003"), Value::Null, "no check of the profile");
}

#[test]
fn the_screen_says_what_is_wrong_where_and_how_it_ends() {
    let output = airlock(&["--manifests", "-", "--checks", "PSS-001,WKL-003"]).write_stdin(POD).output().unwrap();
    insta::assert_snapshot!("manifests", String::from_utf8(output.stdout).unwrap());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "PSS-001 (Pod shop/a (-#0)) fails the gate\n");
}

#[test]
fn allowed_connections_are_lines_or_json_and_no_proof_when_a_policy_is_not_understood() {
    let policy = |spec: &str| format!("---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: p, namespace: shop }}\nspec: {spec}\n");
    let web = POD.to_owned() + &policy("{ podSelector: {}, policyTypes: [Egress], egress: [ { to: [ { ipBlock: { cidr: 10.0.0.0/8 } } ], ports: [ { port: 443 }, { port: 80 } ] } ] }");
    let output = airlock(&["--manifests", "-", "--connections"]).write_stdin(web.as_str()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0.0.0.0-255.255.255.255 => shop/a[Pod] : All Connections\nshop/a[Pod] => 10.0.0.0-10.255.255.255 : TCP 80,443\n");
    assert_eq!(output.status.code(), Some(0));
    let (code, listed) = judged(&["--manifests", "-", "--connections"], &web);
    assert_eq!((code, listed["connections"][1]["dst"].as_str(), listed["connections"][1]["connections"].as_str()), (Some(0), Some("10.0.0.0-10.255.255.255"), Some("TCP 80,443")));
    let (code, listed) = judged(&["--manifests", "-", "--connections"], &(POD.to_owned() + &policy("{ podSelector: {}, policyTypes: [Egres] }")));
    assert_eq!((code, listed["unverified"][0]["object"]["name"].as_str()), (Some(7), Some("p")));
    assert_eq!(airlock(&["--connections"]).output().unwrap().status.code(), Some(2));
}

/// Each form on standard output, whole, with the exit code of the gate.
#[test]
fn a_report_has_the_form_that_was_asked_for() {
    let asked = |arguments: &[&str]| airlock(arguments).write_stdin(POD).output().unwrap();
    for (form, beginning, named) in [
        ("sarif", "{\n  \"$schema\": \"https://docs.oasis-open.org/sarif/", "\"ruleId\": \"PSS-001\""),
        ("junit", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ", "<failure "),
        ("markdown", "# ", "| ✗ fail | PSS-001 |"),
        ("html", "<!doctype html>\n", "<article id=\"PSS-001\" class=\"bad\">"),
        ("csv", "check,verdict,severity,", "\r\nPSS-001,fail,critical,v1,Pod,"),
    ] {
        let output = asked(&["--manifests", "-", "--checks", "PSS-001", "-o", form]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.code() == Some(7) && text.starts_with(beginning) && text.contains(named), "{form}: {text}");
    }
    assert_eq!(asked(&["--manifests", "-", "--connections", "-o", "sarif"]).status.code(), Some(2));
}

/// Runs a line with the file as its standard input: the report, exit code, and the most memory that it held, in MiB.
fn measured(folder: &Path, line: &str, input: &str) -> (Value, i64, i64) {
    const MEASURE: &str = "import json, resource, subprocess, sys\nended = subprocess.run(sys.argv[2:], stdin=open(sys.argv[1]), stdout=subprocess.PIPE)\nprint(json.dumps([json.loads(ended.stdout), ended.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024]))";
    let mut command = Command::new("python3");
    command.args(["-c", MEASURE, input, env!("CARGO_BIN_EXE_airlock")]).args(line.split(' ')).current_dir(folder).env("HOME", folder);
    let output = command.timeout(std::time::Duration::from_mins(1)).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_file_of_100_mb_is_refused_wherever_it_comes_from_and_not_held_whole() {
    let folder = tempfile::tempdir().unwrap();
    File::create(folder.path().join("large.yaml")).unwrap().set_len(100_000_000).unwrap();
    std::fs::write(folder.path().join("pod.yaml"), POD).unwrap();
    for line in ["tar cf large.tar large.yaml pod.yaml", "tar czf large.tgz large.yaml pod.yaml"] {
        let mut words = line.split(' ');
        assert!(Command::new(words.next().unwrap()).args(words).current_dir(folder.path()).output().unwrap().status.success());
    }
    for (given, input, name, most) in [
        ("pod.yaml large.yaml", "/dev/null", "large.yaml", 128),
        ("pod.yaml -", "large.yaml", "-", 128),
        ("large.tar", "/dev/null", "large.tar:large.yaml", 256),
        ("-", "large.tar", "-:large.yaml", 256),
        ("large.tgz", "/dev/null", "large.tgz:large.yaml", 256),
        ("-", "large.tgz", "-:large.yaml", 256),
    ] {
        let (report, exit, held) = measured(folder.path(), &format!("compliance-check --manifests {given} --checks PSS-001 -o json"), input);
        let found: Vec<_> = report["findings"].as_array().unwrap().iter().map(|finding| (finding["check"].as_str().unwrap(), finding["verdict"].as_str().unwrap())).collect();
        // What is beside it is judged all the same.
        assert_eq!((exit, found), (7, vec![("PSS-001", "fail"), ("SRC-001", "error")]), "{given} < {input}: {report}");
        let refused = &report["findings"][1];
        assert_eq!((refused["subject"]["file"].as_str(), refused["observed"].as_str()), (Some(name), Some("line 1, column 1: the file has more than 33554432 bytes, the most that are read")));
        assert!(held < most, "{given} < {input}: {held} MiB");
    }
}

/// Also where nothing that passes is asked for.
#[test]
fn a_comparison_tells_what_was_mended_from_what_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let pod = |name: &str, more: &str| format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, namespace: shop }}\nspec: {{ {more}containers: [{{ name: a, image: b }}] }}\n");
    let write = |text: String| std::fs::write(folder.path().join("pods.yaml"), text).unwrap();
    let line = "compliance-check --manifests pods.yaml --no-profile --checks PSS-002";
    write(format!("{}---\n{}", pod("kept", "hostNetwork: true, "), pod("deleted", "hostNetwork: true, ")));
    let old = crate::run::airlock(folder.path(), &format!("{line} -o json"), &[]);
    std::fs::write(folder.path().join("old.json"), old.stdout).unwrap();
    write(pod("kept", ""));
    for more in ["", " --all"] {
        let told = crate::run::airlock(folder.path(), &format!("{line} --diff old.json{more}"), &[]).stdout;
        assert!(told.contains("✓ mended     PSS-002  Pod shop/kept") && told.contains("✓ gone       PSS-002  Pod shop/deleted"), "{told}");
    }
}
