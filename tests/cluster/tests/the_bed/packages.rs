//! The Debian packages of the machine that the bed runs on: which it needs, how they are installed, and the record of them.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::scratch::folder;

type Outcome = Result<(), Box<dyn Error>>;

/// Runs these lines with the packages' part of the bed, and a folder of the test's own in the place of record and bed.
fn run(folder: &Path, lines: &str) -> Output {
    let script = format!(
        "say() {{ echo \"$*\" >&2; }}; give_up() {{ say \"bed: $*\"; exit 1; }}; check_root() {{ :; }}; HERE={0}; BED={0}; . {1}/parts/packages.sh; {lines}",
        folder.display(),
        env!("CARGO_MANIFEST_DIR")
    );
    Command::new("bash").args(["-euo", "pipefail", "-c", &script]).env("POLICY_RC", folder.join("policy-rc.d")).output().expect("bash")
}

#[test]
fn a_machine_with_other_versions_is_told_once_and_goes_on() -> Outcome {
    let folder = folder("packages-compared")?;
    fs::write(folder.join("packages.lock"), "runc 0.1 abc\n")?;
    // dpkg has never heard of one of them. Here the record and the bed's own are one file: first the old one is replaced, then it is right.
    let compare = "PACKAGES=\"$PACKAGES no-such-package\"; compare_packages";
    let first = run(&folder, compare);
    let again = run(&folder, compare);
    let lock = fs::read_to_string(folder.join("packages.lock"))?;
    assert!(first.status.success() && again.status.success(), "{first:?}");
    assert!(String::from_utf8_lossy(&first.stderr).contains("other versions than recorded"), "{first:?}");
    assert!(again.stderr.is_empty(), "told twice: {again:?}");
    let runc = lock.lines().find(|line| line.starts_with("runc ")).expect("runc is recorded");
    assert_eq!(runc.split(' ').count(), 3, "{runc}");
    assert_ne!(runc, "runc 0.1 abc");
    Ok(())
}

#[test]
fn each_package_that_is_needed_is_recorded_with_its_sum_and_no_other() -> Outcome {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packages.lock"))?;
    let listed = run(&folder("packages-listed")?, "printf '%s\\n' $PACKAGES | sort");
    let recorded: Vec<_> = lock.lines().map(|line| line.split(' ').collect::<Vec<_>>()).collect();
    let mut names: Vec<_> = recorded.iter().map(|fields| fields[0]).collect();
    names.sort_unstable();
    assert_eq!(names, String::from_utf8_lossy(&listed.stdout).lines().collect::<Vec<_>>());
    for fields in recorded {
        assert!(fields.len() == 3 && fields[2].len() == 64 && fields[2].chars().all(|digit| digit.is_ascii_hexdigit()), "{fields:?}");
    }
    Ok(())
}

#[test]
fn no_service_starts_while_packages_are_installed_and_the_rule_goes_afterwards() -> Outcome {
    let folder = folder("packages-installed")?;
    let (rule, tool) = (folder.join("policy-rc.d"), folder.join("apt-get"));
    // In the place of apt-get: asks what a package's script would ask.
    fs::write(&tool, format!("#!/bin/sh\n{} knot start\necho \"apt-get $* rule=$?\" >>{}\n", rule.display(), folder.join("asked").display()))?;
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755))?;
    let install = format!("PATH={}:$PATH; missing_packages() {{ echo no-such-package; }}; install_packages", folder.display());
    let installed = || -> Result<String, Box<dyn Error>> {
        let output = run(&folder, &install);
        assert!(output.status.success(), "{output:?}");
        let asked = fs::read_to_string(folder.join("asked"))?;
        fs::remove_file(folder.join("asked"))?;
        Ok(asked.lines().last().unwrap_or_default().to_owned())
    };
    let last = "apt-get install -y -qq --no-install-recommends no-such-package rule=101";
    assert_eq!(installed()?, last);
    assert!(!rule.exists());
    // One that a killed run has left is ours to take away; one of the machine's own stays as it is.
    fs::write(&rule, "#!/bin/sh\n# of Airlock's test bed, while it installs packages: no service is started\nexit 101\n")?;
    assert_eq!(installed()?, last);
    assert!(!rule.exists());
    let own = "#!/bin/sh\nexit 104\n";
    fs::write(&rule, own)?;
    fs::set_permissions(&rule, fs::Permissions::from_mode(0o755))?;
    assert_eq!(installed()?, last.replace("101", "104"));
    assert_eq!(fs::read_to_string(&rule)?, own);
    Ok(())
}

#[test]
fn a_machine_that_lacks_nothing_is_asked_for_nothing() -> Outcome {
    let output = run(&folder("packages-complete")?, "missing_packages() { :; }; check_root() { give_up root; }; install_packages");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    Ok(())
}
