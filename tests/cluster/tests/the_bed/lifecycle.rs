//! The bed comes, stays, and can be had in other forms. What stops and starts a bed is a scene of one test, on a bed beside the one that
//! other tests use; each is played, also when one before it failed. Five starts of a bed are too much for `make test`.

use std::error::Error;
use std::fs;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use airlock_bed::{Bed, BedError, Options, Output, eventually};

type Outcome = Result<(), Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_mins(1);

/// Another network than the shared bed's: both may run at the same time.
const NETWORK: &str = "10.89";

fn options() -> Options {
    Options { network: Some(NETWORK), ..Options::default() }
}

type Scene = fn(&Bed) -> Outcome;

const SCENES: [(&str, Scene); 5] = [
    ("down and up keep objects, volumes, names, and images", down_and_up_keep_objects_volumes_names_and_images),
    ("a second start changes nothing and a warm one is quick", a_second_start_changes_nothing_and_a_warm_one_is_quick),
    ("without the enforcer a policy is accepted and means nothing", without_the_enforcer_a_policy_is_accepted_and_means_nothing),
    ("without load balancers such a Service stays pending", without_load_balancers_such_a_service_stays_pending),
    ("a split horizon hides the base domain from pods alone", a_split_horizon_hides_the_base_domain_from_pods_alone),
];

#[test]
fn a_second_bed_comes_stays_and_can_be_had_in_other_forms() -> Outcome {
    let bed = Bed::from_environment().beside("second")?;
    let play = |(name, scene): &(&str, Scene)| {
        let began = Instant::now();
        let failure = match catch_unwind(|| scene(&bed).map_err(|error| error.to_string())) {
            Ok(played) => played.err(),
            Err(_) => Some("a panic, told above".to_owned()),
        };
        eprintln!("{name}: {} after {:.0?}", failure.as_deref().unwrap_or("well"), began.elapsed());
        failure.map(|failure| format!("{name}: {failure}"))
    };
    let failed = SCENES.iter().filter_map(play).collect::<Vec<_>>();
    bed.down()?;
    assert!(failed.is_empty(), "{failed:#?}");
    Ok(())
}

fn down_and_up_keep_objects_volumes_names_and_images(bed: &Bed) -> Outcome {
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
    namespace.kubectl(["create", "secret", "generic", "word", "--from-literal=value=kept"])?;
    namespace.kubectl(["create", "service", "loadbalancer", "way", "--tcp=80:8080"])?;
    let way = || namespace.kubectl(["get", "service", "way", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"]);
    let given = eventually("an address", PATIENCE, || way().and_then(|ip| if ip.is_empty() { Err(refused("pending")) } else { Ok(ip) }))?;
    bed.trust(&bed.company_ca(), "kept.platform.test")?;
    let trusted = bed.folder().join("node1/certs.d/kept.platform.test");
    let images = || -> Result<Vec<String>, Box<dyn Error>> {
        let socket = bed.folder().join("node1/containerd.sock").display().to_string();
        let listed = Output::from(bed.node(1, "ctr").args(["-a", &socket, "-n", "k8s.io", "images", "list", "-q"]).output()?);
        Ok(listed.stdout.lines().map(str::to_owned).collect())
    };
    let pulled = images()?;
    assert!(trusted.is_dir() && pulled.iter().any(|image| image.contains("bed-client")), "{pulled:?}");

    bed.restart()?;

    // The same pod, started again, as after a power failure.
    eventually("the note", PATIENCE, || {
        let output = namespace.attempt("writer", &["read", "/data/note"])?;
        if output.stdout == "kept\n" { Ok(()) } else { Err(refused(&output.stderr)) }
    })?;
    let restarts = namespace.kubectl(["get", "pod", "writer", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"])?;
    assert_eq!(restarts, "1");
    assert_eq!(namespace.kubectl(["get", "secret", "word", "-o", "jsonpath={.data.value}"])?, "a2VwdA==");
    assert_eq!(way()?, given);
    assert!(trusted.is_dir());
    assert_eq!(images()?, pulled);
    let answer = Output::from(bed.admin("kdig").args(["+short", "kept.platform.test"]).output()?);
    assert_eq!(answer.stdout.trim_end(), address);
    Ok(())
}

fn a_second_start_changes_nothing_and_a_warm_one_is_quick(bed: &Bed) -> Outcome {
    bed.up(&options())?;
    let server = fs::read_to_string(bed.folder().join("run/apiserver.pid"))?;
    bed.up(&options())?;
    assert_eq!(fs::read_to_string(bed.folder().join("run/apiserver.pid"))?, server);
    // Nor does one by somebody who says nothing about options.
    let quiet = Output::from(bed.script(["up"]).output()?);
    assert!(quiet.stderr.starts_with("the bed is up: NODES=1"), "{quiet:?}");
    assert_eq!(fs::read_to_string(bed.folder().join("run/apiserver.pid"))?, server);
    bed.down()?;
    let began = Instant::now();
    bed.up(&options())?;
    assert!(began.elapsed() < Duration::from_mins(1), "a warm start took {:?}", began.elapsed());
    Ok(())
}

fn without_the_enforcer_a_policy_is_accepted_and_means_nothing(bed: &Bed) -> Outcome {
    bed.up(&Options { policy: false, ..options() })?;
    let namespace = bed.namespace("open")?;
    namespace.server("web", None, 8080)?;
    namespace.client("client", None)?;
    namespace.apply("{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}")?;
    let web = namespace.address("web")?;
    assert_eq!(namespace.attempt("client", &["connect", &web, "8080"])?.code, Some(0));
    Ok(())
}

fn without_load_balancers_such_a_service_stays_pending(bed: &Bed) -> Outcome {
    bed.up(&Options { load_balancer: false, ..options() })?;
    let namespace = bed.namespace("pending")?;
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

fn a_split_horizon_hides_the_base_domain_from_pods_alone(bed: &Bed) -> Outcome {
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

fn refused(why: &str) -> BedError {
    BedError::Failed { command: "the question".to_owned(), status: "not yet".to_owned(), stderr: why.to_owned() }
}
