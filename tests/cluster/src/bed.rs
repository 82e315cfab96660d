//! The bed: a folder, the script that drives it, and commands that run in it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::{AuditLog, BedError, Namespace, Options};

/// A bed; two with different folders don't meet.
#[derive(Clone, Debug)]
pub struct Bed {
    folder: PathBuf,
}

/// What a command said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The exit code; `None` when a signal ended the command.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Bed {
    /// The bed in this folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The bed that `AIRLOCK_BED` names, else the one in the user's cache folder.
    pub fn from_environment() -> Self {
        let cache = || env::var_os("XDG_CACHE_HOME").map_or_else(|| PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache"), PathBuf::from);
        Self::at(env::var_os("AIRLOCK_BED").map_or_else(|| cache().join("airlock-bed"), PathBuf::from))
    }

    /// The bed that all tests share, beside the one that the environment names, with two nodes. It is started once a process and left running.
    pub fn shared() -> Result<Self, BedError> {
        static STARTED: Mutex<bool> = Mutex::new(false);
        let bed = Self::from_environment().beside("tests")?;
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if !*started {
            bed.up(&Options { nodes: 2, ..Options::default() })?;
            *started = true;
        }
        Ok(bed)
    }

    /// A second bed in this one's folder, with state of its own and the same programs and images.
    pub fn beside(&self, name: &str) -> Result<Self, BedError> {
        let folder = self.folder.join("beds").join(name);
        for shared in ["bin", "images"] {
            let (ours, theirs) = (folder.join(shared), self.folder.join(shared));
            let file = |source| BedError::File { path: ours.clone(), source };
            fs::create_dir_all(&folder).map_err(file)?;
            fs::create_dir_all(&theirs).map_err(file)?;
            if !ours.exists() {
                symlink(&theirs, &ours).map_err(file)?;
            }
        }
        Ok(Self { folder })
    }

    /// Where all its state is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The first two numbers of its network, such as `10.88`.
    pub fn network(&self) -> Result<String, BedError> {
        let path = self.folder.join("net");
        fs::read_to_string(&path).map(|text| text.trim().to_owned()).map_err(|source| BedError::File { path, source })
    }

    /// The address with this last number on the company's bridge, where the company's servers are `.254`.
    pub fn address(&self, last: u8) -> Result<String, BedError> {
        Ok(format!("{}.60.{last}", self.network()?))
    }

    /// The cluster administrator's kubeconfig, for use on the workstation.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("admin.kubeconfig")
    }

    /// The same person's kubeconfig for use outside the bed, through the relay on the loopback.
    pub fn host_kubeconfig(&self) -> PathBuf {
        self.folder.join("host.kubeconfig")
    }

    /// The certificate of the company's own authority, which the workstation and the nodes trust.
    pub fn company_ca(&self) -> PathBuf {
        self.folder.join("corp/ca.crt")
    }

    /// Starts what does not run yet; a bed that runs with other options is started again.
    pub fn up(&self, options: &Options) -> Result<(), BedError> {
        let mut command = self.script(["up"]);
        command.envs(options.environment());
        run(command).map(drop)
    }

    /// Stops everything; the state stays.
    pub fn down(&self) -> Result<(), BedError> {
        run(self.script(["down"])).map(drop)
    }

    /// Stops everything and starts it as it was.
    pub fn restart(&self) -> Result<(), BedError> {
        run(self.script(["restart"])).map(drop)
    }

    /// Stops everything and removes all state but programs and images.
    pub fn clean(&self) -> Result<(), BedError> {
        run(self.script(["clean"])).map(drop)
    }

    /// The bed's script with these arguments, to be run by the caller.
    pub fn script(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("bed"));
        command.args(arguments).env("AIRLOCK_BED", &self.folder).stdin(Stdio::null());
        command
    }

    /// A command on the workstation, with the administrator's kubeconfig.
    pub fn admin(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.script([OsStr::new("admin"), program.as_ref()]);
        command.env("KUBECONFIG", self.kubeconfig());
        command
    }

    /// A command among the company's servers.
    pub fn corp(&self, program: impl AsRef<OsStr>) -> Command {
        self.script([OsStr::new("corp"), program.as_ref()])
    }

    /// A command on a node.
    pub fn node(&self, number: u8, program: impl AsRef<OsStr>) -> Command {
        self.script([OsStr::new("node"), OsStr::new(&number.to_string()), program.as_ref()])
    }

    /// Runs kubectl on the workstation and returns what it printed; an exit code other than 0 is an error.
    pub fn kubectl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<String, BedError> {
        run(self.kubectl_command(arguments)).map(|output| output.stdout)
    }

    /// Runs kubectl on the workstation and returns what it said, also when that is no.
    pub fn try_kubectl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<Output, BedError> {
        attempt(self.kubectl_command(arguments))
    }

    /// kubectl on the workstation, to be run by the caller.
    pub fn kubectl_command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.script(["kubectl"]);
        command.args(arguments);
        command
    }

    /// kubectl outside the bed, by the relay, to be run by the caller.
    pub fn host_kubectl(&self) -> Command {
        let mut command = Command::new(self.folder.join("bin/kubectl"));
        command.arg("--kubeconfig").arg(self.host_kubeconfig()).env("KUBECACHEDIR", self.folder.join("kubectl-cache"));
        command
    }

    /// Applies a manifest and returns what kubectl said, also when that is no.
    pub fn try_apply(&self, manifest: &str) -> Result<Output, BedError> {
        attempt_with(self.kubectl_command(["apply", "-f", "-"]), manifest)
    }

    /// The same, for objects that name no namespace.
    pub(crate) fn try_apply_in(&self, namespace: &str, manifest: &str) -> Result<Output, BedError> {
        attempt_with(self.kubectl_command(["-n", namespace, "apply", "-f", "-"]), manifest)
    }

    /// Applies a manifest.
    pub fn apply(&self, manifest: &str) -> Result<(), BedError> {
        let output = self.try_apply(manifest)?;
        if output.code == Some(0) { Ok(()) } else { Err(failed("kubectl apply", output)) }
    }

    /// Sets a record of the base domain, by a signed update; the name may be given without the domain.
    pub fn dns_set(&self, name: &str, kind: &str, value: &str) -> Result<(), BedError> {
        run(self.script(["dns", "set", name, kind, value])).map(drop)
    }

    /// Deletes all records of a name of the base domain.
    pub fn dns_delete(&self, name: &str) -> Result<(), BedError> {
        run(self.script(["dns", "delete", name])).map(drop)
    }

    /// Plays the nodes' administrator: each node pulls from `host` when its certificate is by this authority.
    pub fn trust(&self, ca: &Path, host: &str) -> Result<(), BedError> {
        run(self.script([OsStr::new("trust"), ca.as_os_str(), OsStr::new(host)])).map(drop)
    }

    /// The same on one node alone.
    pub fn trust_on_node(&self, number: u8, ca: &Path, host: &str) -> Result<(), BedError> {
        run(self.script([OsStr::new("trust"), ca.as_os_str(), OsStr::new(host), OsStr::new(&number.to_string())])).map(drop)
    }

    /// Takes that trust away.
    pub fn untrust(&self, host: &str) -> Result<(), BedError> {
        run(self.script(["untrust", host])).map(drop)
    }

    /// Puts an image, a folder with an OCI layout, into the company's registry under its public name.
    pub fn publish(&self, layout: &Path, reference: &str) -> Result<(), BedError> {
        run(self.script([OsStr::new("publish"), layout.as_os_str(), OsStr::new(reference)])).map(drop)
    }

    /// The kubeconfig of another person, valid for a day; what the person may do is for RBAC to say.
    pub fn user(&self, name: &str, groups: &[&str]) -> Result<PathBuf, BedError> {
        printed_path(self.script(["user", name].iter().chain(groups)))
    }

    /// The kubeconfig of a person whose certificate ended yesterday.
    pub fn expired_user(&self, name: &str, groups: &[&str]) -> Result<PathBuf, BedError> {
        let mut command = self.script(["user", name].iter().chain(groups));
        command.env("EXPIRED", "1");
        printed_path(command)
    }

    /// The cluster administrator's kubeconfig, for use on the workstation, by a way that is so much longer at each round trip.
    pub fn distant(&self, milliseconds: u16) -> Result<PathBuf, BedError> {
        printed_path(self.script(["distant", &milliseconds.to_string()]))
    }

    /// Sends a signal, such as `STOP` or `CONT`, to a server of the bed, such as `apiserver`.
    pub fn signal(&self, server: &str, signal: &str) -> Result<(), BedError> {
        run(self.script(["signal", server, signal])).map(drop)
    }

    /// A node's kubelet answers everybody who asks, also at its read-only port, or it is as [`up`](Self::up) starts it. Pods go on.
    pub fn kubelet(&self, node: u8, is_open: bool) -> Result<(), BedError> {
        run(self.script(["kubelet", &node.to_string(), if is_open { "open" } else { "closed" }])).map(drop)
    }

    /// The API server's audit log, from now on.
    pub fn audit(&self) -> Result<AuditLog, BedError> {
        AuditLog::from_now(self.folder.join("log/audit.log"))
    }

    /// A new namespace whose name begins with `stem`; it goes away with the value.
    pub fn namespace(&self, stem: &str) -> Result<Namespace, BedError> {
        Namespace::create(self.clone(), stem)
    }
}

/// Runs a command to its end; an exit code other than 0 is an error.
pub(crate) fn run(command: Command) -> Result<Output, BedError> {
    let shown = format!("{command:?}");
    let output = attempt(command)?;
    if output.code == Some(0) { Ok(output) } else { Err(failed(&shown, output)) }
}

fn printed_path(command: Command) -> Result<PathBuf, BedError> {
    run(command).map(|output| PathBuf::from(output.stdout.trim_end()))
}

fn failed(command: &str, output: Output) -> BedError {
    let status = output.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    BedError::Failed { command: command.to_owned(), status, stderr: output.stderr }
}

/// Runs a command to its end and returns what it said.
pub(crate) fn attempt(mut command: Command) -> Result<Output, BedError> {
    let output = command.output().map_err(|source| BedError::Start { command: format!("{command:?}"), source })?;
    Ok(output.into())
}

fn attempt_with(mut command: Command, input: &str) -> Result<Output, BedError> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = |source| BedError::Start { command: "kubectl".to_owned(), source };
    let mut child = command.spawn().map_err(start)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(start)?;
    }
    child.wait_with_output().map(Output::from).map_err(start)
}

impl From<std::process::Output> for Output {
    fn from(output: std::process::Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}
