//! A start that is killed by SIGKILL, early and late, and a stop while pods run.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use airlock_bed::{Bed, Options, eventually};

use crate::traces::traces;
use crate::{NETWORK, Outcome, turn};

#[test]
fn a_start_or_stop_that_was_killed_is_cleaned_by_the_next() -> Outcome {
    let _turn = turn();
    let bed = &Bed::from_environment().beside("killed")?;
    // Without any state: the keys that are made once are among what a kill may meet.
    bed.clean()?;
    let before = traces(bed.folder())?;
    for milestone in ["corp/ca.key", "pki/ca.crt", "run/apiserver.pid", "run/kubelet1.pid"] {
        killed_start(bed, milestone)?;
    }

    bed.up(&Options { network: Some(NETWORK), ..Options::default() })?;
    assert_eq!(bed.kubectl(["get", "--raw", "/readyz"])?, "ok");
    bed.namespace("left")?.server("web", None, 8080)?;
    killed_stop(bed)?;
    bed.down()?;
    assert_eq!(traces(bed.folder())?, before);
    bed.clean()?;
    Ok(())
}

/// A stop that is killed as soon as the bed no longer counts as running.
fn killed_stop(bed: &Bed) -> Outcome {
    let up = bed.folder().join("run/up");
    let mut stop = bed.script(["down"]);
    let mut stop = stop.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn()?;
    eventually("the stop begins", Duration::from_mins(1), || if up.exists() { Err("not yet") } else { Ok(()) })?;
    Command::new("kill").args(["-KILL", "--", &format!("-{}", stop.id())]).status()?;
    stop.wait()?;
    assert!(!Command::new("pgrep").args(["-x", "containerd-shim"]).output()?.stdout.is_empty(), "it was killed too late: no pod is left");
    Ok(())
}

/// A start that is killed as soon as this file is there.
fn killed_start(bed: &Bed, milestone: &str) -> Outcome {
    let file = bed.folder().join(milestone);
    // The start before may have come so far.
    if file.exists() {
        fs::remove_file(&file)?;
    }
    let mut command = bed.script(["up"]);
    command.env("BED_NET", NETWORK).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut start = command.spawn()?;
    eventually(milestone, Duration::from_mins(1), || if file.exists() { Ok(()) } else { Err("not yet") })?;
    Command::new("kill").args(["-KILL", "--", &format!("-{}", start.id())]).status()?;
    start.wait()?;
    assert!(!bed.folder().join("run/up").exists(), "it was killed too late to be half a start");
    Ok(())
}
