//! What the bed refuses, in one sentence.

use std::error::Error;
use std::path::Path;
use std::process::Command;

use airlock_bed::{Bed, Output};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn wrong_options_are_refused_in_one_sentence() -> Outcome {
    let bed = Bed::from_environment().beside("second")?;
    for (variable, value, told) in
        [("NODES", "3", "bed: NODES is 1 or 2, not 3\n"), ("POLICY", "maybe", "bed: POLICY is on or off, not maybe\n"), ("DNS", "no", "bed: DNS is split or nothing, not no\n")]
    {
        let output = Output::from(bed.script(["up"]).env(variable, value).output()?);
        assert_eq!((output.code, output.stderr.as_str()), (Some(1), told));
    }
    let output = Output::from(bed.script(["up"]).env("AIRLOCK_BED", "/tmp/a bed").output()?);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), "bed: AIRLOCK_BED may hold letters, digits, and . _ - / only: /tmp/a bed\n"));
    let output = Output::from(bed.script(["up"]).env("AIRLOCK_BED", "/var/lib/bed").output()?);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), "bed: AIRLOCK_BED can't be under /var/lib, /var/log, or /run: /var/lib/bed\n"));
    assert!(!Path::new("/var/lib/bed").exists());
    Ok(())
}

#[test]
fn who_is_not_root_or_not_on_linux_is_told_so_in_one_sentence() -> Outcome {
    let bed = Bed::at("/tmp/nobodys-bed");
    // In a user namespace without a mapping root is nobody, but can still read this checkout.
    let mut command = Command::new("unshare");
    command.arg("--user").arg(bed.script(["up"]).get_program()).arg("up").env("AIRLOCK_BED", bed.folder());
    let output = Output::from(command.output()?);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), "bed: the bed needs Linux and root: it makes network namespaces, mounts, and cgroups\n"));
    assert!(!bed.folder().exists());
    // Bash keeps what the environment says of the system.
    let elsewhere = Output::from(bed.script(["up"]).env("OSTYPE", "darwin24").output()?);
    assert_eq!((elsewhere.code, elsewhere.stderr), (Some(1), output.stderr));
    assert!(!bed.folder().exists());
    Ok(())
}
