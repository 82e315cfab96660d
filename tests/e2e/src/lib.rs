//! Whole runs of `airlock` on the bed, as an administrator would make them on her workstation.
//!
//! A [`Site`] is one installation: namespaces and a base domain of its own, so that tests don't meet on the shared cluster.

#![expect(clippy::missing_panics_doc, reason = "a test ends by a panic that says what is wrong")]

mod airflow;
mod browser;
mod clients;
mod told;

use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use airlock_bed::{Bed, BedError, Output};

pub use airflow::{Airflow, Answer};
pub use browser::{Browser, Page, Seen};
pub use clients::{Asked, Clients};
pub use told::Told;

/// An installation of a test's own.
pub struct Site {
    /// The bed it is on.
    pub bed: Bed,
    /// Its name: the platform namespace, and the label below `platform.test` that is its base domain.
    pub name: String,
    /// Kubeconfig of an administrator of its own, so that the audit log tells whose write it was.
    pub kubeconfig: PathBuf,
    folder: tempfile::TempDir,
}

/// What a run said and how long it took.
pub struct Run {
    /// Exit code; -1 when a signal ended it.
    pub exit: i32,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
    /// From start to end.
    pub took: Duration,
}

/// The audit log as far as one site's administrator wrote it.
pub struct Audit<'a> {
    site: &'a Site,
    log: airlock_bed::AuditLog,
}

impl Audit<'_> {
    /// Her writes since the value was made.
    pub fn writes(&self) -> Vec<airlock_bed::AuditEntry> {
        self.log.writes_by(&format!("{}-admin", self.site.name)).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Run {
    /// Runs a command that comes to `airlock` with these arguments.
    #[expect(clippy::print_stderr, reason = "it is part of a test's output")]
    pub fn of(command: &mut Command, arguments: &[&str]) -> Self {
        let begin = Instant::now();
        let output = command.output().unwrap_or_else(|error| panic!("airlock does not start: {error}"));
        let took = begin.elapsed();
        let Output { code, stdout, stderr } = Output::from(output);
        eprintln!("{:5.1} s  exit {}  airlock {}", took.as_secs_f64(), code.unwrap_or(-1), arguments.join(" "));
        Self { exit: code.unwrap_or(-1), stdout, stderr, took }
    }

    /// The first line of stderr.
    pub fn first_line(&self) -> &str {
        self.stderr.lines().next().unwrap_or_default()
    }

    /// The line of stderr that says what went wrong; progress may stand before it.
    pub fn first_error(&self) -> &str {
        self.stderr.lines().find(|line| line.starts_with("error")).unwrap_or_default()
    }

    /// Everything that was said, data and talk.
    pub fn said(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// stdout as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is no JSON document: {error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// Asserts the exit code and shows everything when it is another, place and end first: a log of which a part is kept keeps the beginning.
    #[expect(clippy::return_self_not_must_use, reason = "most callers only want the exit code to be right")]
    #[track_caller]
    pub fn expect(self, exit: i32) -> Self {
        let lines: Vec<&str> = self.stderr.lines().collect();
        let end = lines.split_at(lines.len().saturating_sub(12)).1.join("\n");
        assert!(self.exit == exit, "{}: exit {} and not {exit}; the end of stderr:\n{end}\nstdout:\n{}\nstderr:\n{}", Location::caller(), self.exit, self.stdout, self.stderr);
        self
    }
}

impl Site {
    /// A site on the shared bed.
    pub fn shared(name: &str) -> Self {
        let bed = Bed::shared().unwrap_or_else(|error| panic!("the bed does not start: {error}"));
        Self::on(bed, name)
    }

    /// A site on this bed; what an earlier run left of it is removed.
    pub fn on(bed: Bed, name: &str) -> Self {
        publish_own_image(&bed);
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let kubeconfig = bed.user(&format!("{name}-admin"), &["system:masters"]).unwrap_or_else(|error| panic!("{error}"));
        let site = Self { bed, name: name.to_owned(), kubeconfig, folder };
        site.remove();
        // A name that is there is no match of the wildcard that `make try` leaves at the domain above (RFC 4592 §2.2.1).
        site.bed.dns_set(&site.base(), "TXT", "test").unwrap_or_else(|error| panic!("{error}"));
        site
    }

    /// The base domain.
    pub fn base(&self) -> String {
        format!("{}.platform.test", self.name)
    }

    /// The registry's host.
    pub fn registry(&self) -> String {
        format!("registry.{}", self.base())
    }

    /// The namespace of probe pods.
    pub fn probes(&self) -> String {
        format!("{}-probes", self.name)
    }

    /// Minimal answers for this site, with further lines; without a database server, which Airflow deployments alone need.
    pub fn answers(&self, further: &str) -> PathBuf {
        let without = "database: { mode: off }";
        let further = if further.contains("components: {") { further.replace("components: {", &format!("components: {{ {without},")) } else { format!("components: {{ {without} }}\n{further}") };
        self.whole_answers(&further)
    }

    /// Minimal answers for this site with every component that is a default, with further lines.
    pub fn whole_answers(&self, further: &str) -> PathBuf {
        let namespaces = format!("{{ platform: {0}, probes: {1}, tenants: \"{0}-{{tenant}}\" }}", self.name, self.probes());
        self.file("answers.yaml", &format!("apiVersion: airlock/v1\nkind: Answers\nbaseDomain: {}\nsizing: tiny\nnamespaces: {namespaces}\n{further}", self.base()))
    }

    /// The namespace of an Airflow deployment.
    pub fn tenant(&self, deployment: &str) -> String {
        format!("{}-{deployment}", self.name)
    }

    /// Namespaces of Airflow deployments that there are.
    fn tenants(&self) -> Result<Vec<String>, BedError> {
        let listed = self.bed.kubectl(["get", "namespaces", "-l", "airlock-platform.io/tenant", "-o", "name"])?;
        Ok(listed.lines().filter_map(|line| line.strip_prefix("namespace/")).filter(|name| name.starts_with(&format!("{}-", self.name))).map(str::to_owned).collect())
    }

    /// Where its files are on the workstation.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the workstation.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    /// A file of the workstation with what that base64 text stands for.
    pub fn decoded(&self, name: &str, encoded: &str) -> PathBuf {
        let decoded = Command::new("sh").args(["-c", "printf %s \"$1\" | base64 -d", "sh", encoded]).output().unwrap_or_else(|error| panic!("{error}"));
        self.file(name, &String::from_utf8_lossy(&decoded.stdout))
    }

    /// The command line of `airlock` on the workstation, with the cluster administrator's kubeconfig.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bed.admin(program());
        command.args(arguments).env("KUBECONFIG", &self.kubeconfig).env("XDG_STATE_HOME", self.folder.path()).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
        command
    }

    /// What this site's administrator writes from now on.
    pub fn audit(&self) -> Audit<'_> {
        Audit { site: self, log: self.bed.audit().unwrap_or_else(|error| panic!("{error}")) }
    }

    /// Runs `airlock` to its end, and tells how long that was: shown when the test fails, and with `--nocapture`.
    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments), arguments)
    }

    /// `airlock install --answers FILE --yes`.
    pub fn install(&self, answers: &Path) -> Run {
        self.run(&["install", "--answers", &answers.display().to_string(), "--yes"])
    }

    /// kubectl in the platform namespace.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.bed.kubectl(["-n", self.name.as_str()].into_iter().chain(arguments.iter().copied())).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The address that the edge was given.
    pub fn edge_address(&self) -> String {
        self.kubectl(&["get", "service", "edge", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"])
    }

    /// The day on which the certificate of that Secret ends, as `YYYY-MM-DD`.
    pub fn last_day_of(&self, secret: &str) -> String {
        let encoded = self.kubectl(&["get", "secret", secret, "-o", r"jsonpath={.data.tls\.crt}"]);
        let file = self.decoded("ends.crt", &encoded);
        let said = Command::new("openssl").args(["x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in"]).arg(file).output().unwrap_or_else(|error| panic!("{error}"));
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        text.strip_prefix("notAfter=").and_then(|date| date.split([' ', 'T']).next()).unwrap_or_else(|| panic!("{text}")).to_owned()
    }

    /// Plays the company's DNS administrator: the records that the ticket asks for.
    pub fn set_dns(&self) {
        self.set_dns_to(&self.edge_address());
    }

    /// The same before there is an edge.
    pub fn set_dns_to(&self, address: &str) {
        for name in [self.base(), format!("*.{}", self.base())] {
            self.bed.dns_set(&name, "A", address).unwrap_or_else(|error| panic!("{error}"));
        }
    }

    /// Plays the nodes' administrator: nodes trust the authority that signed for the registry's host.
    pub fn trust_on_nodes(&self) {
        self.bed.trust(&self.base_authority(), &self.registry()).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The same for the administrator of one node alone.
    pub fn trust_on_node(&self, number: u8) {
        self.bed.trust_on_node(number, &self.base_authority(), &self.registry()).unwrap_or_else(|error| panic!("{error}"));
    }

    /// The certificate of the authority that signed for the base domain, as a file.
    pub fn base_authority(&self) -> PathBuf {
        let encoded = self.kubectl(&["get", "secret", "base-domain-ca", "-o", r"jsonpath={.data.tls\.crt}"]);
        self.decoded("ca.crt", &encoded)
    }

    /// Stops the edge's reload where it stands, so that nginx hears of no new certificate, or lets it go on. Its image has no shell, and
    /// the machine sees the processes of pods.
    pub fn freeze_reload(&self, frozen: bool) {
        let base = self.base();
        let is_reload = |pid: &String| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let mut words = line.split(|byte| *byte == 0);
            words.nth(1) == Some(b"reload") && words.any(|word| word == base.as_bytes())
        };
        let processes = std::fs::read_dir("/proc").unwrap_or_else(|error| panic!("{error}")).flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let reloads: Vec<String> = processes.filter(is_reload).collect();
        assert!(!reloads.is_empty(), "no reload of {base} runs");
        let told = Command::new("kill").arg(if frozen { "-STOP" } else { "-CONT" }).args(reloads).status().unwrap_or_else(|error| panic!("{error}"));
        assert!(told.success());
    }

    /// Brings a fresh site to a whole installation, playing everybody whom it waits for.
    pub fn installed(&self, answers: &Path) -> Run {
        self.install(answers).expect(11);
        self.set_dns();
        self.trust_on_nodes();
        self.install(answers).expect(0)
    }

    /// Removes whatever there is of this site.
    pub fn remove(&self) {
        self.delete_namespaces(&["--wait=true", "--timeout=120s"]).unwrap_or_else(|error| panic!("{error}"));
        // What stands in no namespace goes with none.
        let policy = format!("airlock-{}-renewer", self.name);
        for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
            self.bed.kubectl(["delete", kind, &policy, "--ignore-not-found"]).unwrap_or_else(|error| panic!("{error}"));
        }
        for name in [self.base(), format!("*.{}", self.base()), format!("_acme-challenge.{}", self.base())] {
            self.bed.dns_delete(&name).unwrap_or_else(|error| panic!("{error}"));
        }
        self.bed.untrust(&self.registry()).unwrap_or_else(|error| panic!("{error}"));
    }

    fn delete_namespaces(&self, how: &[&str]) -> Result<String, BedError> {
        let namespaces = [self.name.clone(), self.probes()].into_iter().chain(self.tenants()?).collect::<Vec<_>>();
        let command = ["delete", "namespace", "--ignore-not-found"];
        self.bed.kubectl(command.iter().chain(how).copied().chain(namespaces.iter().map(String::as_str)))
    }
}

/// What would run on beside other tests goes, and nobody waits for it; what a failed test leaves can be looked at. A bed that is down has nothing left.
impl Drop for Site {
    #[expect(clippy::print_stderr, reason = "it is part of a test's output")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.delete_namespaces(&["--wait=false"]).unwrap_or_else(|error| {
                eprintln!("what {} left stays: {error}", self.name);
                String::new()
            });
        }
    }
}

/// The program under test, beside the test's own build.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let path = test.ancestors().nth(2).map(|folder| folder.join("airlock")).unwrap_or_default();
    assert!(path.is_file(), "{} is missing; build it first: cargo build --workspace --bins", path.display());
    path
}

/// Builds Airlock's own image from the program under test and publishes it under its public name, once a process and bed.
pub fn publish_own_image(bed: &Bed) {
    static DONE: OnceLock<std::sync::Mutex<Vec<PathBuf>>> = OnceLock::new();
    let done = DONE.get_or_init(Default::default);
    let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if done.iter().any(|folder| folder == bed.folder()) {
        return;
    }
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cluster/images");
    let needed = ["pause", "coredns", "nginx", "registry", "client", "postgres", "prometheus", "alertmanager", "kube-state-metrics", "postgres-exporter", "airflow", "airlock"];
    for step in ["build", "publish"] {
        let output = Command::new(images.join(step)).args(needed).env("AIRLOCK_BED", bed.folder()).env("AIRLOCK_BINARY", program()).output().unwrap_or_else(|error| panic!("{error}"));
        assert!(output.status.success(), "images/{step} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    done.push(bed.folder().to_owned());
}
