//! Where the bed's cgroups are, in both versions: tried on folders that look like them, because a machine has only one.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::scratch::folder;

type Outcome = Result<(), Box<dyn Error>>;

/// Runs these lines with the processes' part of the bed, for a bed called `bed` with two nodes; `ROOT` in the answer is the folder.
fn ask(root: &Path, lines: &str) -> Result<String, Box<dyn Error>> {
    let script = format!("NAME=bed; nodes() {{ seq 2; }}; . {}/parts/processes.sh; {lines}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("bash").args(["-euo", "pipefail", "-c", &script]).env("CGROUPS", root).output()?;
    assert!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout)?.replace(&root.display().to_string(), "ROOT"))
}

/// An empty folder of this name with these files in it.
fn tree(name: &str, files: &[(&str, &str)]) -> Result<PathBuf, Box<dyn Error>> {
    let root = folder(name)?;
    for (file, text) in files {
        let path = root.join(file);
        fs::create_dir_all(path.parent().ok_or("no parent")?)?;
        fs::write(path, text)?;
    }
    Ok(root)
}

#[test]
fn version_1_has_a_folder_in_each_hierarchy_and_is_counted_in_one() -> Outcome {
    let hierarchies = ["cpu", "cpuset", "freezer", "memory", "pids", "systemd", "unified"].map(|name| (format!("{name}/cgroup.procs"), ""));
    let root = tree("cgroup-v1", &hierarchies.each_ref().map(|(file, text)| (file.as_str(), *text)))?;
    std::os::unix::fs::symlink("cpu", root.join("cpuacct"))?;
    fs::write(root.join("cpuset/cpuset.cpus"), "0-1\n")?;
    fs::write(root.join("cpuset/cpuset.mems"), "0\n")?;
    assert_eq!(ask(&root, "cgroup_hierarchies")?, "ROOT/cpu\nROOT/cpuset\nROOT/freezer\nROOT/memory\nROOT/pids\nROOT/systemd\n");
    assert_eq!(ask(&root, "echo $CGROUP")?, "ROOT/pids/bed\n");
    ask(&root, "make_cgroups")?;
    for name in ["servers", "node1", "node2"] {
        assert!(root.join("memory/bed").join(name).is_dir());
        assert_eq!(fs::read_to_string(root.join("cpuset/bed").join(name).join("cpuset.cpus"))?, "0-1\n", "an empty cpuset takes no process");
    }
    assert!(!root.join("unified/bed").exists());
    Ok(())
}

#[test]
fn version_2_has_one_folder_and_is_handed_every_controller() -> Outcome {
    let root = tree("cgroup-v2", &[("cgroup.controllers", "cpu memory pids\n"), ("cgroup.subtree_control", ""), ("cgroup.procs", ""), ("system.slice/cgroup.procs", "")])?;
    assert_eq!(ask(&root, "cgroup_hierarchies")?, "ROOT\n");
    assert_eq!(ask(&root, "echo $CGROUP")?, "ROOT/bed\n");
    // What is written there is a command each; a file keeps the last.
    ask(&root, "make_cgroups")?;
    assert_eq!(fs::read_to_string(root.join("cgroup.subtree_control"))?, "+pids\n");
    assert_eq!(fs::read_to_string(root.join("bed/cgroup.subtree_control"))?, "+pids\n");
    assert!(root.join("bed/servers").is_dir() && root.join("bed/node1").is_dir() && root.join("bed/node2").is_dir());
    assert!(!root.join("system.slice/bed").exists());
    Ok(())
}
