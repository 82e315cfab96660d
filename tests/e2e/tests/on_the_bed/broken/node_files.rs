//! Files of nodes, as kube-bench itself reports them: CPL-003 says of each number what the report says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use airlock_bed::Output;
use airlock_e2e::Site;
use serde_json::Value;

/// One of the places where kube-bench looks for the settings of a kubelet; each node has a folder of its own there.
const SETTINGS: &str = "/var/lib/kubelet/config.yaml";

/// A file that everybody may read, beside one that its owner alone may.
pub(crate) fn count_as_kube_bench_reports_them(site: &Site) {
    let kube_bench = built();
    the_profile_has_the_numbers_that_it_knows(&kube_bench);
    for node in [1, 2] {
        on(site, node, &["install", "-m", "600", "/dev/null", SETTINGS]);
    }
    let good = [1, 2].map(|node| reported(site, &kube_bench, node, "good"));
    on(site, 2, &["chmod", "644", SETTINGS]);
    let open = [good[0].clone(), reported(site, &kube_bench, 2, "open")];
    for node in [1, 2] {
        on(site, node, &["rm", SETTINGS]);
    }

    let (good, open) = (judged(site, &good), judged(site, &open));
    let changed: Vec<_> = open.iter().filter(|(at, verdict)| good[at] != **verdict).collect();
    let settings = ("node2".to_owned(), "4.1.9".to_owned());
    assert_eq!((changed, good[&settings].as_str()), (vec![(&settings, &"fail".to_owned())], "pass"));
}

/// Each number of the benchmark, and no other.
fn the_profile_has_the_numbers_that_it_knows(kube_bench: &Path) {
    let mut theirs = BTreeSet::new();
    for file in ["controlplane", "etcd", "master", "node", "policies"] {
        let text = std::fs::read_to_string(kube_bench.join(format!("cfg/cis-1.12/{file}.yaml"))).expect("what it knows of the benchmark");
        let known: Value = serde_yaml::from_str(&text).expect("YAML");
        let checks = known["groups"].as_array().into_iter().flatten().flat_map(|group| group["checks"].as_array().cloned().unwrap_or_default());
        theirs.extend(checks.map(|check| check["id"].as_str().map_or_else(|| check["id"].to_string(), str::to_owned)));
    }
    let profile: Value = serde_yaml::from_str(include_str!("../../../../../profiles/cis-1.12.yaml")).expect("the profile");
    let ours: BTreeSet<String> = profile["controls"].as_array().expect("controls").iter().filter_map(|control| control["id"].as_str().map(str::to_owned)).collect();
    assert!(ours.len() > 100, "{ours:?}");
    assert_eq!(ours, theirs);
}

fn built() -> PathBuf {
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/kube-bench")).output().expect("kube-bench is built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().into()
}

fn on(site: &Site, node: u8, command: &[&str]) -> Output {
    let output = Output::from(site.bed.node(node, command[0]).args(&command[1..]).output().expect("a command on a node"));
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    output
}

fn reported(site: &Site, kube_bench: &Path, node: u8, name: &str) -> PathBuf {
    let (program, settings) = (kube_bench.join("kube-bench").display().to_string(), kube_bench.join("cfg").display().to_string());
    let report = on(site, node, &[&program, "run", "--targets", "node", "--benchmark", "cis-1.12", "--config-dir", &settings, "--json"]);
    site.file(&format!("node{node}-{name}.json"), &report.stdout)
}

/// The verdict by node and number, as the reports have it and as the check does.
fn judged(site: &Site, reports: &[PathBuf; 2]) -> BTreeMap<(String, String), String> {
    let mut expected = BTreeMap::new();
    for (report, node) in reports.iter().zip(["node1", "node2"]) {
        let report: Value = serde_json::from_str(&std::fs::read_to_string(report).expect("a report")).expect("JSON");
        let results = report["Controls"][0]["tests"].as_array().expect("sections").iter().flat_map(|section| section["results"].as_array().expect("results"));
        for result in results {
            let number = result["test_number"].as_str().expect("a number");
            let verdict = match (result["status"].as_str(), result["scored"].as_bool()) {
                (Some("PASS"), _) => "pass",
                (Some("FAIL"), Some(true)) => "fail",
                (Some("FAIL" | "WARN"), Some(false)) => "warn",
                _ => "unverified",
            };
            if number.starts_with("4.1.") || number == "4.2.7" {
                expected.insert((node.to_owned(), number.to_owned()), verdict.to_owned());
            }
        }
    }
    assert_eq!(expected.len(), 2 * 11, "{expected:?}");
    let handed = reports.iter().zip(["node1", "node2"]).map(|(report, node)| format!("{node}={}", report.display())).collect::<Vec<_>>();
    let check = ["compliance-check", "--no-profile", "--checks", "CPL-003", "--node-report", &handed[0], "--node-report", &handed[1], "--namespace", &site.name, "--yes", "--all", "-o", "json"];
    let report = site.run(&check).expect(7).json();
    let text = |finding: &Value, at: &str| finding.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let told = report["findings"].as_array().expect("findings").iter().map(|finding| ((text(finding, "/subject/name"), text(finding, "/numbers/0")), text(finding, "/verdict"))).collect();
    assert_eq!(expected, told, "{report}");
    expected
}
