//! `--connections` held against what another program computes of the same files: the lists that come with np-guard's netpol-analyzer
//! (Apache-2.0), whose form of lines is ours.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

const MODULE: &str = "github.com/np-guard/netpol-analyzer@v1.2.1";
const SUM: &str = "h1:TmO0ObAEQymhxEbZ6h/iVaUItRXufMNpyUrDsGA9u88=";
const LIST: &str = "_connlist_output.txt";
/// Lists with a folder of manifests, of all workloads.
const LISTS: usize = 46;

/// In two a port has a name and no number, which the API server refuses; of one of these, nothing is said of its pod. Two have a file in them
/// that is no manifest.
const NOT_UNDERSTOOD: [&str; 4] = ["acs-security-demos", "netpol_named_port_test", "netpol_named_port_test_2", "onlineboutique"];

/// The module in Go's cache.
fn module() -> PathBuf {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("go").args(["mod", "download", "-json", MODULE]).current_dir(folder.path()).output().unwrap_or_else(|error| panic!("go could not be started: {error}"));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(told["Sum"], SUM, "{told}");
    PathBuf::from(told["Dir"].as_str().unwrap())
}

/// Exit code, and the lines with a connection.
fn listed(folder: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_airlock")).env_clear().env("KUBECONFIG", "/nowhere").args(["compliance-check", "--connections", "--manifests"]).arg(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Ends and what may go between them, with the addresses outside joined: one program cuts ranges where a policy does, the other does not.
fn connections(text: &str) -> BTreeMap<(String, String, String), BTreeSet<(u64, u64)>> {
    let mut found: BTreeMap<_, Vec<(u64, u64)>> = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| line.contains(" => ")) {
        let (ends, may) = line.rsplit_once(" : ").unwrap_or_else(|| panic!("{line}"));
        let (from, to) = ends.split_once(" => ").unwrap();
        let (of_from, of_to) = (range(from), range(to));
        let end = |name: &str, range: Option<(u64, u64)>| if range.is_some() { "outside".to_owned() } else { name.to_owned() };
        found.entry((end(from, of_from), end(to, of_to), may.to_owned())).or_default().push(of_from.or(of_to).unwrap_or_default());
    }
    found.into_iter().map(|(key, ranges)| (key, joined(ranges))).collect()
}

fn range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-')?;
    let number = |text: &str| text.parse::<Ipv4Addr>().ok().map(|address| u64::from(u32::from(address)));
    Some((number(first)?, number(last)?))
}

fn joined(mut ranges: Vec<(u64, u64)>) -> BTreeSet<(u64, u64)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (first, last) in ranges {
        match joined.last_mut() {
            Some(before) if first <= before.1 + 1 => before.1 = before.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined.into_iter().collect()
}

#[test]
fn another_program_lists_the_same_connections_of_the_same_files() {
    let module = module();
    let lists = std::fs::read_dir(module.join("test_outputs/connlist")).unwrap().map(|entry| entry.unwrap().path());
    let mut compared = 0;
    for list in lists {
        let Some(name) = list.file_name().and_then(|name| name.to_str()?.strip_suffix(LIST)).map(str::to_owned) else { continue };
        let folder = module.join("tests").join(&name);
        // Some lists are of one workload alone, and of one there is no folder.
        if name.contains("_focus_") || !folder.is_dir() {
            continue;
        }
        compared += 1;
        let (code, ours) = listed(&folder);
        let theirs = std::fs::read_to_string(&list).unwrap();
        assert_eq!(code, Some(if NOT_UNDERSTOOD.contains(&name.as_str()) { 7 } else { 0 }), "{name}");
        // Its Jobs have ended, and their pods connect to nothing.
        let is_there = |line: &&str| name != "minikube_resources" || !line.contains("[Job]");
        let theirs: Vec<&str> = theirs.lines().filter(is_there).collect();
        if name != "netpol_named_port_test_2" {
            assert_eq!(connections(&ours), connections(&theirs.join("\n")), "{name}");
        }
    }
    assert_eq!(compared, LISTS);
}
