//! The bed's images: the same inputs give the same bytes, each keeps its contract, and each runs under the platform's own rules.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use airlock_bed::{Bed, Output};
use serde_json::Value;

use crate::scratch::folder;

type Outcome = Result<(), Box<dyn Error>>;

/// All but `airlock`, whose program these tests don't build: another one takes its place below.
const IMAGES: [&str; 11] = ["pause", "coredns", "nginx", "registry", "client", "postgres", "prometheus", "alertmanager", "kube-state-metrics", "postgres-exporter", "airflow"];
/// Until a pod is ready whose image the node may have to pull first.
const PATIENCE: Duration = Duration::from_secs(90);

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

#[test]
fn the_servers_run_as_restricted_pods_that_write_only_where_they_must() -> Outcome {
    let bed = Bed::shared()?;
    succeed(images("build").args(IMAGES))?;
    let references = built(&succeed(images("publish").args(IMAGES).env("AIRLOCK_BED", bed.folder()))?)?;
    assert_eq!(references.len(), IMAGES.len());
    let namespace = bed.namespace("images")?;
    namespace.label("pod-security.kubernetes.io/enforce=restricted")?;
    let servers = servers();
    for (name, server) in &servers {
        namespace.apply(&server.pod(name))?;
    }
    for name in servers.keys() {
        let pod = format!("pod/{name}");
        let ready = namespace.try_kubectl(["wait", "--for=condition=Ready", &pod, &format!("--timeout={}s", PATIENCE.as_secs())])?;
        assert_eq!(ready.code, Some(0), "{name}: {}\n{}", ready.stderr, namespace.try_kubectl(["logs", &pod, "--all-containers"])?.stdout);
    }
    Ok(())
}

/// A server as the platform would start it.
struct Server {
    image: &'static str,
    user: u32,
    /// What it needs before it starts, in the same image.
    before: Option<&'static str>,
    command: &'static str,
    data: &'static str,
    probe: &'static str,
}

impl Server {
    fn pod(&self, name: &str) -> String {
        let container = |name: &str, command: &str| {
            format!(
                "name: {name}, image: '{}', command: {command}, volumeMounts: [{{name: tmp, mountPath: /tmp}}, {{name: data, mountPath: {}}}], \
                 securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{drop: [ALL]}}}}",
                self.image, self.data
            )
        };
        let before = self.before.map_or_else(String::new, |command| format!("initContainers: [{{{}}}], ", container("before", command)));
        let (user, main, probe) = (self.user, container("main", self.command), self.probe);
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{terminationGracePeriodSeconds: 0, \
             securityContext: {{runAsNonRoot: true, runAsUser: {user}, runAsGroup: {user}, fsGroup: {user}, seccompProfile: {{type: RuntimeDefault}}}}, {before}\
             containers: [{{{main}, readinessProbe: {{periodSeconds: 1, {probe}}}}}], volumes: [{{name: tmp, emptyDir: {{}}}}, {{name: data, emptyDir: {{}}}}]}}}}"
        )
    }
}

fn servers() -> BTreeMap<&'static str, Server> {
    BTreeMap::from([
        (
            "nginx",
            Server {
                image: "docker.io/nginxinc/nginx-unprivileged:1.30",
                user: 101,
                before: None,
                command: "[/usr/sbin/nginx, -g, daemon off;]",
                data: "/var/cache/nginx",
                probe: "httpGet: {path: /, port: 8080}",
            },
        ),
        (
            "registry",
            Server {
                image: "docker.io/library/registry:3.1.2",
                user: 1000,
                before: None,
                command: "[/bin/registry, serve, /etc/distribution/config.yml]",
                data: "/var/lib/registry",
                probe: "httpGet: {path: /v2/, port: 5000}",
            },
        ),
        (
            "postgres",
            Server {
                image: "docker.io/library/postgres:17",
                user: 999,
                before: Some("[/usr/lib/postgresql/17/bin/initdb, --auth=scram-sha-256, --pwfile=/etc/hostname, -D, /data/main]"),
                command: "[/usr/lib/postgresql/17/bin/postgres, -D, /data/main, -c, unix_socket_directories=/tmp]",
                data: "/data",
                probe: "exec: {command: [/usr/lib/postgresql/17/bin/pg_isready, -h, /tmp]}",
            },
        ),
        (
            "prometheus",
            Server {
                image: "quay.io/prometheus/prometheus:v3.16.0",
                user: 65534,
                before: None,
                command: "[/bin/prometheus, --config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/prometheus]",
                data: "/prometheus",
                probe: "httpGet: {path: /-/ready, port: 9090}",
            },
        ),
        (
            "alertmanager",
            Server {
                image: "quay.io/prometheus/alertmanager:v0.34.2",
                user: 65534,
                before: None,
                command: "[/bin/alertmanager, --config.file=/etc/alertmanager/alertmanager.yml, --storage.path=/alertmanager, --cluster.listen-address=]",
                data: "/alertmanager",
                probe: "httpGet: {path: /-/ready, port: 9093}",
            },
        ),
        (
            "kube-state-metrics",
            Server {
                image: "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0",
                user: 65534,
                before: None,
                command: "[/kube-state-metrics, --port=8080, --telemetry-port=8081, --resources=pods]",
                data: "/data",
                probe: "httpGet: {path: /livez, port: 8080}",
            },
        ),
    ])
}

/// Builds the image of airlock around another program, and checks it.
fn check_as_airlock(program: &Path, layouts: &Path) -> Result<Output, Box<dyn Error>> {
    succeed(images("build").env("AIRLOCK_BINARY", program).arg("--into").arg(layouts).arg("airlock"))?;
    Ok(images("check").arg("--from").arg(layouts).arg("airlock").output()?.into())
}

/// One of the programs in `images`, as this bed's user runs it.
fn images(program: &str) -> Command {
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
fn built(output: &Output) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
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

fn succeed(command: &mut Command) -> Result<Output, Box<dyn Error>> {
    let output: Output = command.output()?.into();
    if output.code == Some(0) { Ok(output) } else { Err(format!("{command:?}: {}{}", output.stdout, output.stderr).into()) }
}
