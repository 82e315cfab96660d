//! The bed's images: the same inputs give the same bytes, and each keeps its contract.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use airlock_bed::{Bed, Output};
use serde_json::Value;

use crate::scratch::folder;

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// All but `airlock`, whose program these tests don't build: another one takes its place below.
pub(crate) const IMAGES: [&str; 11] = ["pause", "coredns", "nginx", "registry", "client", "postgres", "prometheus", "alertmanager", "kube-state-metrics", "postgres-exporter", "airflow"];

#[cfg(feature = "long")]
#[test]
fn a_build_from_nothing_gives_the_digests_of_the_build_before() -> Outcome {
    let before = built(&succeed(images("build").args(IMAGES))?)?;
    let again = built(&succeed(images("build").arg("--into").arg(folder("third-build")?).args(IMAGES))?)?;
    assert_eq!(before.len(), IMAGES.len());
    assert_eq!(again, before);
    Ok(())
}

#[cfg(feature = "long")]
#[test]
fn a_program_built_elsewhere_with_an_empty_cache_is_the_same_to_the_byte() -> Outcome {
    let (bed, folder) = (Bed::from_environment(), folder("other-cache")?);
    succeed(bed.script(["build"]).arg("client"))?;
    succeed(Bed::at(folder.join("bed")).script(["build"]).arg("client").env("GOCACHE", folder.join("cache")))?;
    let (one, two) = (fs::read(bed.folder().join("bin/client"))?, fs::read(folder.join("bed/bin/client"))?);
    assert!(one == two, "{} and {} bytes", one.len(), two.len());
    Ok(())
}

#[test]
fn a_second_build_builds_nothing() -> Outcome {
    let first = built(&succeed(images("build").args(["pause", "nginx"]))?)?;
    let output = succeed(images("build").args(["pause", "nginx"]))?;
    assert_eq!(built(&output)?, first);
    assert_eq!(output.stderr, "");
    Ok(())
}

#[cfg(feature = "long")]
#[test]
fn each_image_keeps_its_contract() -> Outcome {
    succeed(images("build").args(IMAGES))?;
    let report = succeed(images("check").args(IMAGES))?.stdout;
    assert_eq!(report.lines().filter(|line| line.starts_with('✓')).count(), IMAGES.len(), "{report}");
    Ok(())
}

/// What the platform's templates take for granted of each public image, written down here a second time: its program and its user.
const CONTRACT: [(&str, &str, &str); 11] = [
    ("registry.k8s.io/pause:3.10", "/pause", "65535"),
    ("registry.k8s.io/coredns/coredns:v1.15.0", "/coredns", "65532"),
    ("docker.io/nginxinc/nginx-unprivileged:1.30", "/usr/sbin/nginx", "101"),
    ("docker.io/library/registry:3.1.2", "/bin/registry", "0"),
    ("ghcr.io/airlock-platform/bed-client:1", "/client", "65532"),
    ("docker.io/library/postgres:17", "/usr/lib/postgresql/17/bin/postgres", "0"),
    ("quay.io/prometheus/prometheus:v3.16.0", "/bin/prometheus", "65534"),
    ("quay.io/prometheus/alertmanager:v0.34.2", "/bin/alertmanager", "65534"),
    ("registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0", "/kube-state-metrics", "65534"),
    ("quay.io/prometheuscommunity/postgres-exporter:v0.19.1", "/bin/postgres_exporter", "65534"),
    ("docker.io/apache/airflow:3.3.2-python3.13", "/home/airflow/.local/bin/airflow", "50000"),
];

#[test]
fn each_image_has_the_program_and_the_user_of_the_public_one() -> Outcome {
    succeed(images("build").args(IMAGES))?;
    let layouts = Bed::from_environment().folder().join("images/oci");
    for (name, (reference, program, user)) in IMAGES.iter().zip(CONTRACT) {
        let layout = layouts.join(name);
        let blob = |digest: &Value| -> PathBuf { layout.join("blobs").join(digest.as_str().unwrap_or_default().replace(':', "/")) };
        let read = |path: PathBuf| -> Result<Value, Box<dyn Error>> { Ok(serde_json::from_slice(&fs::read(path)?)?) };
        let index = read(layout.join("index.json"))?;
        assert_eq!(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], reference);
        let manifest = read(blob(&index["manifests"][0]["digest"]))?;
        let config = read(blob(&manifest["config"]["digest"]))?;
        // The group, where one is named, is the user's own.
        let named = config["config"]["User"].as_str().unwrap_or_default();
        assert!(named == user || named == format!("{user}:{user}"), "{reference} runs as {named}");
        let listed = succeed(Command::new("tar").args(["--list", "--verbose", "--gzip", "--file"]).arg(blob(&manifest["layers"][0]["digest"])))?.stdout;
        let path = program.trim_start_matches('/');
        // Debian's images have /bin as a link.
        let merged = listed.lines().any(|line| line.ends_with(" bin -> usr/bin"));
        let there = listed.lines().any(|line| line.starts_with("-rwxr-xr-x ") && (line.ends_with(&format!(" {path}")) || merged && line.ends_with(&format!(" usr/{path}"))));
        assert!(there, "{reference} has no {program} that can be run");
    }
    Ok(())
}

#[test]
fn a_program_of_this_machine_runs_in_the_image_of_airlock() -> Outcome {
    let folder = folder("airlock-image")?;
    let (source, program) = (folder.join("airlock.rs"), folder.join("airlock"));
    fs::write(&source, format!("fn main() {{ println!(\"airlock {}\"); }}", env!("CARGO_PKG_VERSION")))?;
    succeed(Command::new("rustc").arg("-o").arg(&program).arg(&source))?;
    let digest = |into: &str| built(&succeed(images("build").env("AIRLOCK_BINARY", &program).arg("--into").arg(folder.join(into)).arg("airlock"))?);
    assert_eq!(digest("once")?, digest("again")?, "the same program gives the same image");
    let report = check_as_airlock(&program, &folder.join("layouts"))?;
    assert_eq!(report.stdout, format!("✓ airlock  ghcr.io/airlock-platform/airlock:{}\n", env!("CARGO_PKG_VERSION")));
    Ok(())
}

#[test]
fn a_program_without_one_of_its_libraries_is_reported() -> Outcome {
    let folder = folder("broken-image")?;
    let (source, program) = (folder.join("airlock.c"), folder.join("airlock"));
    fs::write(&source, "int main(void) { return 0; }")?;
    // A library that comes with every gcc and that the image does not have.
    succeed(Command::new("gcc").args(["-Wl,--no-as-needed", "-lgomp", "-o"]).arg(&program).arg(&source))?;
    let report = check_as_airlock(&program, &folder.join("layouts"))?;
    assert_eq!(report.code, Some(1));
    assert!(report.stdout.contains("/usr/local/bin/airlock can't be loaded") && report.stdout.contains("libgomp.so.1"), "{}", report.stdout);
    Ok(())
}

#[test]
fn a_package_that_the_archive_no_longer_has_is_replaced_and_named() -> Outcome {
    let bed = folder("outdated-lock")?;
    let lock = lock_with(&bed, "zlib1g", |fields| fields[2] = "1:1.2.3-4")?;
    let first = succeed(images("build").env("AIRLOCK_BED", &bed).arg("--lock").arg(&lock).arg("nginx"))?;
    assert!(first.stderr.contains("zlib1g 1:1.2.3-4 is no longer offered by trixie; this bed uses 1:1."), "{}", first.stderr);
    // It is remembered: the next build asks nobody.
    let second = succeed(images("build").env("AIRLOCK_BED", &bed).arg("--lock").arg(&lock).arg("nginx"))?;
    assert_eq!((built(&second)?, second.stderr.as_str()), (built(&first)?, ""));
    Ok(())
}

#[test]
fn a_package_with_another_sum_than_recorded_is_refused() -> Outcome {
    let bed = folder("wrong-sum")?;
    let lock = lock_with(&bed, "zlib1g", |fields| fields[3] = "0000000000000000000000000000000000000000000000000000000000000000")?;
    let refused = images("build").env("AIRLOCK_BED", &bed).arg("--lock").arg(&lock).arg("nginx").output().map(Output::from)?;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("the archive's SHA-256 differs from debian.lock's; nothing is built from it"), "{}", refused.stderr);
    assert!(!bed.join("images/oci/nginx").exists());
    Ok(())
}

#[test]
fn the_mirror_is_the_one_that_serves_debian_wherever_it_stands_in_the_list() -> Outcome {
    let known = "http://vendor.test/tools/|stable|Vendor\nhttp://security.test/debian-security/|bookworm-security|Debian-Security\n\
                 http://ports.test/debian-backports/|bookworm-backports|Debian Backports\nhttps://mirror.test/debian-remote/|bookworm|Debian\n";
    // On a machine whose apt has never read a list nothing has a label.
    let unread = "http://vendor.test/tools/|stable|\nhttp://security.test/debian-security/|bookworm-security|\nhttp://mirror.test/debian|bookworm|\n";
    for (listed, expected) in [
        (known, "https://mirror.test/debian-remote/"),
        (unread, "http://mirror.test/debian"),
        ("cdrom:[Debian]/|bookworm|Debian\nmirror+file:/etc/mirrors|trixie|Debian\n", "mirror+file:/etc/mirrors"),
    ] {
        assert_eq!(python("import debian, sys; print(debian.debian_mirror(sys.argv[1]))", &[listed])?, format!("{expected}\n"));
    }
    let none = "import debian, recipes, sys\ntry: debian.debian_mirror(sys.argv[1])\nexcept recipes.Unusable as error: print(error)";
    assert!(python(none, &["http://vendor.test/tools/|stable|Vendor\n"])?.starts_with("apt knows no Debian mirror on this machine"));
    Ok(())
}

#[test]
fn only_packages_of_a_suite_that_moves_on_may_differ_from_the_record() -> Outcome {
    let notes = folder("notes")?;
    for (name, version) in [("nginx", "1.31.0-1"), ("nginx-common", "1.30.0-1"), ("zlib1g", "2:1")] {
        fs::write(notes.join(name), format!("Package: {name}\nVersion: {version}\n"))?;
    }
    let script = "import debian, pathlib, sys\n\
                  recorded = {(n, s): debian.Package(n, s, v, '') for n, s, v in [('nginx', 'sid', '1.30.0-1'), ('nginx-common', 'sid', '1.30.0-1'), ('zlib1g', 'trixie', '1:1')]}\n\
                  print(debian.moved_on(pathlib.Path(sys.argv[1]), ['zlib1g', 'nginx/sid', 'nginx-common/sid'], recorded))";
    assert_eq!(python(script, &[&notes.to_string_lossy()])?, "['nginx 1.31.0-1']\n");
    Ok(())
}

#[test]
fn a_pattern_that_drops_nothing_is_told() -> Outcome {
    let script = "import rootfs\ntree = rootfs.Tree()\ntree.add_file('/etc/a', b'', 0o644)\nprint(tree.drop(['/etc/a', '/etc/b*']), list(tree.entries))";
    assert_eq!(python(script, &[])?, "['/etc/b*'] []\n");
    Ok(())
}

/// Builds the image of airlock around another program, and checks it.
fn check_as_airlock(program: &Path, layouts: &Path) -> Result<Output, Box<dyn Error>> {
    succeed(images("build").env("AIRLOCK_BINARY", program).arg("--into").arg(layouts).arg("airlock"))?;
    Ok(images("check").arg("--from").arg(layouts).arg("airlock").output()?.into())
}

/// One of the programs in `images`, as this bed's user runs it.
pub(crate) fn images(program: &str) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("images").join(program));
    command.stdin(Stdio::null());
    command
}

/// What a few lines of Python print that use the modules in `images`.
fn python(lines: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut command = Command::new("python3");
    command.args(["-B", "-c", lines]).args(arguments).env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("images"));
    Ok(succeed(&mut command)?.stdout)
}

/// References and digests, as `build` prints them; `publish` prints references only.
pub(crate) fn built(output: &Output) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    output
        .stdout
        .lines()
        .map(|line| {
            let mut fields = line.split(' ');
            let reference = fields.next().ok_or("an empty line")?;
            Ok((reference.to_owned(), fields.next().unwrap_or_default().to_owned()))
        })
        .collect()
}

/// The lock file with one package's line changed.
fn lock_with(folder: &Path, package: &str, change: impl Fn(&mut [&str])) -> Result<PathBuf, Box<dyn Error>> {
    let recorded = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("images/debian.lock"))?;
    let lines = recorded.lines().map(|line| {
        let mut fields: Vec<&str> = line.split(' ').collect();
        if fields[0] == package {
            change(&mut fields);
        }
        fields.join(" ") + "\n"
    });
    let path = folder.join("outdated.lock");
    fs::write(&path, lines.collect::<String>())?;
    Ok(path)
}

pub(crate) fn succeed(command: &mut Command) -> Result<Output, Box<dyn Error>> {
    let output: Output = command.output()?.into();
    if output.code == Some(0) { Ok(output) } else { Err(format!("{command:?}: {}{}", output.stdout, output.stderr).into()) }
}
