//! The bed comes, stays, and can be had in other forms. Each test here stops and starts a bed, so they share one of their own, beside
//! the one that other tests use, and take turns.

use std::error::Error;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use airlock_bed::{Bed, BedError, Options, Output, eventually};

mod traces;

use traces::traces;

type Outcome = Result<(), Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_mins(1);

/// One after the other: there is one second bed. It ends with the test.
struct SecondBed {
    bed: Bed,
    _turn: MutexGuard<'static, ()>,
}

impl SecondBed {
    fn take() -> Result<Self, BedError> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Self { bed: Bed::from_environment().beside("second")?, _turn: turn })
    }
}

impl Drop for SecondBed {
    fn drop(&mut self) {
        drop(self.bed.down());
    }
}

/// Another network than the shared bed's: both may run at the same time.
const NETWORK: &str = "10.89";

fn options() -> Options {
    Options { network: Some(NETWORK), ..Options::default() }
}

#[test]
fn down_and_up_keep_objects_volumes_names_and_images() -> Outcome {
    let second = SecondBed::take()?;
    let bed = &second.bed;
    bed.up(&options())?;
    let namespace = bed.namespace("kept")?;
    namespace.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}}")?;
    namespace.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: writer}, spec: {securityContext: {fsGroup: 2000, runAsUser: 65532}, volumes: [{name: data, persistentVolumeClaim: {claimName: data}}], \
         containers: [{name: c, image: ghcr.io/airlock-platform/bed-client:1, command: [/client, sleep], volumeMounts: [{name: data, mountPath: /data}]}]}}",
    )?;
    namespace.kubectl(["wait", "--for=condition=Ready", "pod/writer", "--timeout=60s"])?;
    assert_eq!(namespace.attempt("writer", &["write", "/data/note", "kept"])?.code, Some(0));
    let address = bed.address(7)?;
    bed.dns_set("kept", "A", &address)?;

    bed.restart()?;

    // The same pod, started again, as after a power failure.
    eventually("the note", PATIENCE, || {
        let output = namespace.attempt("writer", &["read", "/data/note"])?;
        if output.stdout == "kept\n" { Ok(()) } else { Err(refused(&output.stderr)) }
    })?;
    let restarts = namespace.kubectl(["get", "pod", "writer", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"])?;
    assert_eq!(restarts, "1");
    let answer = Output::from(bed.admin("kdig").args(["+short", "kept.platform.test"]).output()?);
    assert_eq!(answer.stdout.trim_end(), address);
    Ok(())
}

#[test]
fn a_start_that_was_killed_is_cleaned_by_the_next() -> Outcome {
    let second = SecondBed::take()?;
    let bed = &second.bed;
    // Without any state: the keys that are made once are among what a kill may meet.
    bed.clean()?;
    let before = traces(bed.folder())?;
    for milestone in ["corp/ca.key", "pki/ca.crt", "run/apiserver.pid", "run/kubelet1.pid"] {
        killed_start(bed, milestone)?;
    }

    bed.up(&options())?;
    assert_eq!(bed.kubectl(["get", "--raw", "/readyz"])?, "ok");
    bed.down()?;
    assert_eq!(traces(bed.folder())?, before);
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
    eventually(milestone, PATIENCE, || if file.exists() { Ok(()) } else { Err("not yet") })?;
    Command::new("kill").args(["-KILL", "--", &format!("-{}", start.id())]).status()?;
    start.wait()?;
    assert!(!bed.folder().join("run/up").exists(), "it was killed too late to be half a start");
    Ok(())
}

#[test]
fn a_second_start_changes_nothing_and_a_warm_one_is_quick() -> Outcome {
    let second = SecondBed::take()?;
    second.bed.up(&options())?;
    let server = fs::read_to_string(second.bed.folder().join("run/apiserver.pid"))?;
    second.bed.up(&options())?;
    assert_eq!(fs::read_to_string(second.bed.folder().join("run/apiserver.pid"))?, server);
    // Nor does one by somebody who says nothing about options.
    let quiet = Output::from(second.bed.script(["up"]).output()?);
    assert!(quiet.stderr.starts_with("the bed is up: NODES=1"), "{quiet:?}");
    assert_eq!(fs::read_to_string(second.bed.folder().join("run/apiserver.pid"))?, server);
    second.bed.down()?;
    let began = Instant::now();
    second.bed.up(&options())?;
    assert!(began.elapsed() < Duration::from_mins(1), "a warm start took {:?}", began.elapsed());
    Ok(())
}

#[test]
fn without_the_enforcer_a_policy_is_accepted_and_means_nothing() -> Outcome {
    let second = SecondBed::take()?;
    second.bed.up(&Options { policy: false, ..options() })?;
    let namespace = second.bed.namespace("open")?;
    namespace.server("web", None, 8080)?;
    namespace.client("client", None)?;
    namespace.apply("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}")?;
    let web = namespace.address("web")?;
    assert_eq!(namespace.attempt("client", &["connect", &web, "8080"])?.code, Some(0));
    Ok(())
}

#[test]
fn without_load_balancers_such_a_service_stays_pending() -> Outcome {
    let second = SecondBed::take()?;
    second.bed.up(&Options { load_balancer: false, ..options() })?;
    let namespace = second.bed.namespace("pending")?;
    namespace.kubectl(["create", "service", "loadbalancer", "web", "--tcp=80:8080"])?;
    // The volumes' controller is the same program: when it has answered, the Service was seen and left alone.
    namespace.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}}")?;
    namespace.apply(
        "{apiVersion: v1, kind: Pod, metadata: {name: holder}, spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data}}], \
         containers: [{name: c, image: ghcr.io/airlock-platform/bed-client:1, command: [/client, sleep], volumeMounts: [{name: data, mountPath: /data}]}]}}",
    )?;
    namespace.kubectl(["wait", "--for=condition=Ready", "pod/holder", "--timeout=60s"])?;
    assert_eq!(namespace.kubectl(["get", "service", "web", "-o", "jsonpath={.status.loadBalancer}"])?, "{}");
    Ok(())
}

#[test]
fn a_split_horizon_hides_the_base_domain_from_pods_alone() -> Outcome {
    let second = SecondBed::take()?;
    let bed = &second.bed;
    bed.up(&Options { split_dns: true, ..options() })?;
    let address = bed.address(7)?;
    bed.dns_set("hidden", "A", &address)?;
    let namespace = bed.namespace("split")?;
    namespace.client("inside", None)?;
    let output = namespace.attempt("inside", &["resolve", "hidden.platform.test"])?;
    assert!(output.code == Some(1) && output.stderr.contains("no such host"), "{output:?}");
    // The cluster's own names and the company's others are still found.
    for name in ["kubernetes.default.svc.cluster.local", "acme.corp.test"] {
        assert_eq!(namespace.attempt("inside", &["resolve", name])?.code, Some(0), "{name}");
    }
    for (place, mut command) in [("admin", bed.admin("getent")), ("node1", bed.node(1, "getent"))] {
        let output = Output::from(command.args(["hosts", "hidden.platform.test"]).output()?);
        assert!(output.stdout.starts_with(&address), "{place}: {output:?}");
    }
    Ok(())
}

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
fn who_is_not_root_is_told_so_in_one_sentence() -> Outcome {
    let bed = Bed::at("/tmp/nobodys-bed");
    // In a user namespace without a mapping root is nobody, but can still read this checkout.
    let mut command = Command::new("unshare");
    command.arg("--user").arg(bed.script(["up"]).get_program()).arg("up").env("AIRLOCK_BED", bed.folder());
    let output = Output::from(command.output()?);
    assert_eq!((output.code, output.stderr.as_str()), (Some(1), "bed: the bed needs Linux and root: it makes network namespaces, mounts, and cgroups\n"));
    assert!(!bed.folder().exists());
    Ok(())
}

fn refused(why: &str) -> BedError {
    BedError::Failed { command: "the question".to_owned(), status: "not yet".to_owned(), stderr: why.to_owned() }
}
