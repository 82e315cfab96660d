//! A bed that was never started before comes and goes without a trace, and so does one that was killed on its way up. Nothing else runs
//! on the machine meanwhile.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use airlock_bed::{Bed, Output};

#[cfg(feature = "long")]
mod killed;
#[path = "../the_bed/scratch.rs"]
mod scratch;
mod traces;

use scratch::folder;
use traces::traces;

type Outcome = Result<(), Box<dyn Error>>;

/// Another network than the shared bed's.
const NETWORK: &str = "10.89";

/// One after the other: the traces of both would be seen by each.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn the_first_start_of_a_bed_leaves_nothing_behind() -> Outcome {
    let _turn = turn();
    let bed = Bed::from_environment().beside("first-start")?;
    bed.clean()?;
    // Compilers and package lists have caches of their own: what is built is there before anything is compared.
    succeed(&mut bed.script(["build"]))?;
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    succeed(Command::new(images.join("build")).args(["pause", "coredns", "client"]).env("AIRLOCK_BED", bed.folder()))?;

    let view = View::new()?;
    view.run(&Command::new("true"))?;
    let seen = || Ok::<_, Box<dyn Error>>(traces(bed.folder())?.into_iter().chain(view.files()?).collect::<BTreeSet<_>>());
    let before = seen()?;
    let mut up = bed.script(["up"]);
    up.env("BED_NET", NETWORK).env("NODES", "2");
    view.run(&up)?;
    assert_ne!(before, seen()?, "a running bed must be seen, or the comparison means nothing");
    bed.namespace("traces")?.server("web", None, 8080)?;
    let layout = bed.folder().join("images/oci/client").display().to_string();
    for words in [
        &["kubectl", "get", "pods", "-A"][..],
        &["publish", &layout, "quay.io/airlock-platform/again:1"],
        &["dns", "set", "trace", "A", "192.0.2.1"],
        &["user", "tracy"],
        &["distant", "20"],
        &["status"],
        &["down"],
    ] {
        view.run(&bed.script(words))?;
    }
    let after = seen()?;
    let (new, lost): (Vec<_>, Vec<_>) = (after.difference(&before).collect(), before.difference(&after).collect());
    assert!(new.is_empty() && lost.is_empty(), "new: {new:#?}, lost: {lost:#?}");
    bed.clean()?;
    Ok(())
}

/// An empty home, an empty `/tmp`, and an empty `/var/tmp` for commands of the bed: what others on the machine put into theirs meanwhile
/// is not the bed's.
struct View {
    folder: PathBuf,
}

impl View {
    const FOLDERS: [&str; 3] = ["home", "tmp", "var-tmp"];
    /// What is in use and lies in one of the two itself, is seen there too: the bed, this checkout, what cargo built.
    const SCRIPT: &str = r#"
        view=$1 kept=("$2" "$3" "$4"); shift 4
        for path in "${kept[@]}"; do
          case $path/ in /tmp/*) inside=$view/tmp/${path#/tmp/} ;; /var/tmp/*) inside=$view/var-tmp/${path#/var/tmp/} ;; *) continue ;; esac
          mkdir -p "$inside"
          mount --rbind "$path" "$inside"
        done
        mount --rbind "$view/tmp" /tmp
        mount --rbind "$view/var-tmp" /var/tmp
        export HOME=$view/home
        unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME TMPDIR
        exec "$@""#;

    fn new() -> Result<Self, Box<dyn Error>> {
        let folder = folder("first-start")?;
        for name in Self::FOLDERS {
            fs::create_dir_all(folder.join(name))?;
        }
        Ok(Self { folder })
    }

    fn run(&self, command: &Command) -> Outcome {
        let mut inside = Command::new("unshare");
        inside.args(["--mount", "--propagation", "private", "bash", "-euc", Self::SCRIPT, "view"]).arg(&self.folder);
        inside.arg(Bed::from_environment().folder()).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?).arg(env!("CARGO_TARGET_TMPDIR"));
        inside.arg(command.get_program()).args(command.get_args());
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        succeed(&mut inside)
    }

    /// All that lies there but what the Go toolchain counts about itself.
    fn files(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let output = Output::from(Command::new("find").args(Self::FOLDERS.map(|name| self.folder.join(name))).arg("-xdev").output()?);
        let note = self.folder.join("home/.config").display().to_string();
        Ok(output.stdout.lines().filter(|line| !line.starts_with(&note) || !(line.ends_with(".config") || line.contains("/.config/go"))).map(|line| format!("private {line}")).collect())
    }
}

fn succeed(command: &mut Command) -> Outcome {
    let output: Output = command.output()?.into();
    if output.code == Some(0) { Ok(()) } else { Err(format!("{command:?}: {}{}", output.stdout, output.stderr).into()) }
}
