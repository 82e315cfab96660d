//! The record of this machine's Debian packages.

use std::path::Path;
use std::process::{Command, Output};

/// Runs the comparison with a record and a bed folder of the test's own, and with a package that dpkg has never heard of.
fn compare(folder: &Path) -> Output {
    let script =
        format!("say() {{ echo \"$*\" >&2; }}; HERE={0}; BED={0}; . {1}/parts/packages.sh; PACKAGES=\"$PACKAGES no-such-package\"; compare_packages", folder.display(), env!("CARGO_MANIFEST_DIR"));
    Command::new("bash").args(["-euo", "pipefail", "-c", &script]).output().expect("bash")
}

#[test]
fn a_machine_with_other_versions_is_told_once_and_goes_on() {
    let folder = std::env::temp_dir().join(format!("airlock-packages-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("folder");
    std::fs::write(folder.join("packages.lock"), "runc 0.1 abc\n").expect("record");
    // Here the record and the bed's own are one file: first the old one is replaced, then it is right.
    let first = compare(&folder);
    let again = compare(&folder);
    let lock = std::fs::read_to_string(folder.join("packages.lock")).expect("lock");
    std::fs::remove_dir_all(&folder).expect("folder");
    assert!(first.status.success() && again.status.success(), "{first:?}");
    assert!(String::from_utf8_lossy(&first.stderr).contains("other versions than recorded"), "{first:?}");
    assert!(again.stderr.is_empty(), "told twice: {again:?}");
    let runc = lock.lines().find(|line| line.starts_with("runc ")).expect("runc is recorded");
    assert_eq!(runc.split(' ').count(), 3, "{runc}");
    assert_ne!(runc, "runc 0.1 abc");
}
