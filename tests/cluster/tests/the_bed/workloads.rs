//! The cluster does what a cluster does: pods, Services, names, volumes, load balancers, exec, and what it refuses.

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_bed::{Bed, BedError, Output, eventually};

type Outcome = Result<(), Box<dyn Error>>;

const PATIENCE: Duration = Duration::from_secs(40);

#[test]
fn both_nodes_are_ready_and_differ_in_their_pool() -> Outcome {
    let bed = Bed::shared()?;
    let nodes = bed.kubectl(["get", "nodes", "-o", r#"jsonpath={range .items[*]}{.metadata.name}/{.metadata.labels.pool}/{.status.conditions[?(@.type=="Ready")].status} {end}"#])?;
    assert_eq!(nodes.trim(), "node1/pool1/True node2/pool2/True");
    Ok(())
}

#[test]
fn an_image_is_pulled_over_tls_by_its_public_name() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("pull")?;
    namespace.server("web", None, 8080)?;
    let image = namespace.kubectl(["get", "pod", "web", "-o", "jsonpath={.status.containerStatuses[0].imageID}"])?;
    assert!(image.starts_with("ghcr.io/airlock-platform/bed-client@sha256:"), "{image}");
    // The node knows nothing of that registry but the company's DNS and authority.
    let configured = fs::read_dir(bed.folder().join("node1/certs.d"))?.filter_map(Result::ok).any(|host| host.file_name() == "ghcr.io");
    assert!(!configured);
    Ok(())
}

#[test]
fn a_service_is_found_by_name_and_answers_across_nodes() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("service")?;
    namespace.server("web", Some(1), 8080)?;
    namespace.client("near", Some(1))?;
    namespace.client("far", Some(2))?;
    namespace.kubectl(["expose", "pod", "web", "--port=80", "--target-port=web"])?;
    for pod in ["near", "far"] {
        let body = eventually("the Service", PATIENCE, || succeed(&namespace.attempt(pod, &["get", "http://web"])?))?;
        assert_eq!(body, "web\n", "seen from {pod}");
        let full = format!("web.{}.svc.cluster.local", namespace.name());
        let address = succeed(&namespace.attempt(pod, &["resolve", &full])?)?;
        assert!(address.starts_with("10.96."), "{full} is {address}");
    }
    Ok(())
}

#[test]
fn pods_keep_their_own_address_on_the_way_to_the_other_node() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("routed")?;
    namespace.server("web", Some(1), 8080)?;
    namespace.client("far", Some(2))?;
    let (web, far) = (namespace.address("web")?, namespace.address("far")?);
    assert!(web.contains(".64.") && far.contains(".65."), "{web} {far}");
    succeed(&namespace.attempt("far", &["connect", &web, "8080"])?)?;
    let (rules, pods) = (bed.node(1, "iptables-save").output()?, format!("-s {}.6", bed.network()?));
    let masquerades = String::from_utf8_lossy(&rules.stdout).lines().filter(|rule| rule.contains("MASQUERADE") && rule.contains(&pods)).count();
    assert_eq!(masquerades, 0);
    Ok(())
}

#[test]
fn a_volume_is_made_where_its_pod_lands_and_goes_with_its_claim() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("volume")?;
    namespace.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}}")?;
    assert_eq!(namespace.kubectl(["get", "pvc", "data", "-o", "jsonpath={.status.phase}"])?, "Pending");
    namespace.apply(&writer("writer", "node2"))?;
    namespace.kubectl(["wait", "--for=condition=Ready", "pod/writer", "--timeout=60s"])?;
    succeed(&namespace.attempt("writer", &["write", "/data/note", "kept"])?)?;
    let volume = namespace.kubectl(["get", "pvc", "data", "-o", "jsonpath={.spec.volumeName}"])?;
    let node = bed.kubectl(["get", "pv", &volume, "-o", "jsonpath={.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]}"])?;
    assert_eq!(node, "node2");

    namespace.kubectl(["delete", "pod", "writer"])?;
    namespace.apply(&writer("reader", "node2"))?;
    namespace.kubectl(["wait", "--for=condition=Ready", "pod/reader", "--timeout=60s"])?;
    assert_eq!(succeed(&namespace.attempt("reader", &["read", "/data/note"])?)?, "kept\n");

    let folder = bed.folder().join("volumes").join(&volume);
    assert!(folder.join("note").is_file());
    namespace.kubectl(["delete", "pod", "reader"])?;
    namespace.kubectl(["delete", "pvc", "data"])?;
    eventually("the volume's end", PATIENCE, || if folder.exists() { Err("the folder is still there") } else { Ok(()) })?;
    eventually("the volume object's end", PATIENCE, || {
        let output = bed.try_kubectl(["get", "pv", &volume])?;
        if output.code == Some(1) { Ok(()) } else { Err(refused(&output.stdout)) }
    })?;
    Ok(())
}

#[test]
fn a_pod_without_the_volumes_group_cannot_write_to_it() -> Outcome {
    let namespace = Bed::shared()?.namespace("group")?;
    namespace.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}}")?;
    namespace.apply(&writer("writer", "node1").replace("fsGroup: 2000, ", ""))?;
    namespace.kubectl(["wait", "--for=condition=Ready", "pod/writer", "--timeout=60s"])?;
    let output = namespace.attempt("writer", &["write", "/data/note", "text"])?;
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("permission denied"), "{}", output.stderr);
    Ok(())
}

#[test]
fn a_claim_of_the_class_never_stays_pending() -> Outcome {
    let namespace = Bed::shared()?.namespace("never")?;
    namespace.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: never, accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}}")?;
    let reason = eventually("the controller's word", PATIENCE, || {
        let events = namespace.kubectl(["get", "events", "-o", "jsonpath={.items[*].reason}"])?;
        if events.is_empty() { Err(refused("no event yet")) } else { Ok::<_, BedError>(events) }
    })?;
    assert_eq!(reason, "ExternalProvisioning");
    assert_eq!(namespace.kubectl(["get", "pvc", "data", "-o", "jsonpath={.status.phase}"])?, "Pending");
    Ok(())
}

#[test]
fn a_load_balancer_answers_the_workstation_and_an_internal_one_has_an_internal_address() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("balancer")?;
    namespace.server("web", Some(2), 8080)?;
    let internal = |key: &str| format!("annotations: {{{key}: \"true\"}}, ");
    for (name, annotation, range) in [
        ("public", String::new(), 100..=149),
        ("internal", internal("airlock.test/load-balancer-internal"), 150..=199),
        ("as-elsewhere", internal("service.beta.kubernetes.io/aws-load-balancer-internal"), 150..=199),
    ] {
        namespace.apply(&format!(
            "{{apiVersion: v1, kind: Service, metadata: {{{annotation}name: {name}}}, spec: {{type: LoadBalancer, selector: {{app: web}}, ports: [{{port: 80, targetPort: web}}]}}}}"
        ))?;
        let address = eventually("the address", PATIENCE, || {
            let address = namespace.kubectl(["get", "service", name, "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"])?;
            if address.is_empty() { Err(refused("none yet")) } else { Ok::<_, BedError>(address) }
        })?;
        let last: u8 = address.rsplit('.').next().unwrap_or_default().parse()?;
        assert!(range.contains(&last), "{name} has {address}");
        let body = eventually("the load balancer", PATIENCE, || {
            let client = bed.folder().join("bin/client");
            let output = bed.admin(client).args(["get", &format!("http://{address}")]).output().map_err(|source| BedError::Start { command: "client".to_owned(), source })?;
            succeed(&output.into())
        })?;
        assert_eq!(body, "web\n");
    }
    Ok(())
}

#[test]
fn a_load_balancer_lets_only_its_source_ranges_in() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("ranges")?;
    namespace.server("web", Some(1), 8080)?;
    let service = |range: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{type: LoadBalancer, loadBalancerSourceRanges: [{range}], selector: {{app: web}}, ports: [{{port: 80, targetPort: web}}]}}}}"
        )
    };
    namespace.apply(&service("0.0.0.0/0"))?;
    let connect = |expected: i32| {
        eventually("the source range", PATIENCE, || {
            let address = namespace.kubectl(["get", "service", "web", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"])?;
            let output = bed.admin(bed.folder().join("bin/client")).args(["connect", &address, "80"]).output().map_err(|source| BedError::Start { command: "client".to_owned(), source })?;
            if output.status.code() == Some(expected) { Ok(()) } else { Err(refused(&format!("{output:?}"))) }
        })
    };
    connect(0)?;
    namespace.apply(&service("192.0.2.0/24"))?;
    connect(1)?;
    Ok(())
}

#[test]
fn a_privileged_pod_is_refused_in_a_restricted_namespace() -> Outcome {
    let namespace = Bed::shared()?.namespace("restricted")?;
    namespace.label("pod-security.kubernetes.io/enforce=restricted")?;
    namespace.server("strict", None, 8080)?;
    let output = namespace
        .try_apply("{apiVersion: v1, kind: Pod, metadata: {name: loose}, spec: {containers: [{name: c, image: ghcr.io/airlock-platform/bed-client:1, securityContext: {privileged: true}}]}}")?;
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains(r#"violates PodSecurity "restricted:latest": privileged"#), "{}", output.stderr);
    Ok(())
}

#[test]
fn exec_logs_and_port_forward_reach_a_pod_on_either_node() -> Outcome {
    let namespace = Bed::shared()?.namespace("streams")?;
    for (name, node) in [("one", 1), ("two", 2)] {
        namespace.server(name, Some(node), 8080)?;
        assert_eq!(succeed(&namespace.attempt(name, &["get", "http://127.0.0.1:8080"])?)?, format!("{name}\n"));
        let log = eventually("the log", PATIENCE, || {
            let log = namespace.kubectl(["logs", name])?;
            if log.is_empty() { Err(refused("nothing yet")) } else { Ok::<_, BedError>(log) }
        })?;
        assert_eq!(log, "listening on 8080\n");
        assert_eq!(forwarded(namespace.name(), name)?, format!("{name}\n"));
    }
    Ok(())
}

#[test]
fn a_secret_is_encrypted_where_etcd_keeps_it() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("encrypted")?;
    let value = "a value that nobody may find on the disk";
    namespace.kubectl(["create", "secret", "generic", "hidden", &format!("--from-literal=word={value}")])?;
    namespace.kubectl(["create", "configmap", "seen", "--from-literal=word=a value that anybody may find"])?;
    let stored = etcd_files(&bed)?;
    let key = format!("/registry/secrets/{}/hidden", namespace.name());
    let at = find(&stored, key.as_bytes()).ok_or("the Secret isn't in etcd")?;
    assert!(find(&stored[at..at + 2 * key.len() + 64], b"k8s:enc:aescbc:v1:").is_some(), "{:?}", String::from_utf8_lossy(&stored[at..at + 2 * key.len() + 64]));
    assert!(find(&stored, value.as_bytes()).is_none());
    assert!(find(&stored, b"a value that anybody may find").is_some(), "the search itself must be able to find something");
    Ok(())
}

#[test]
fn a_node_may_read_the_secrets_of_its_own_pods_and_no_others() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("authorizer")?;
    for node in ["node1", "node2"] {
        namespace.kubectl(["create", "secret", "generic", node, "--from-literal=word=hidden"])?;
        namespace.apply(&format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {node}}}, spec: {{nodeSelector: {{kubernetes.io/hostname: {node}}}, terminationGracePeriodSeconds: 0, \
             volumes: [{{name: secret, secret: {{secretName: {node}}}}}], \
             containers: [{{name: c, image: ghcr.io/airlock-platform/bed-client:1, command: [/client, sleep], volumeMounts: [{{name: secret, mountPath: /secret}}]}}]}}}}"
        ))?;
        namespace.kubectl(["wait", "--for=condition=Ready", &format!("pod/{node}"), "--timeout=60s"])?;
    }
    let second = bed.folder().join("pki/node2.kubeconfig").display().to_string();
    let read = |secret: &str| namespace.try_kubectl(["--kubeconfig", &second, "get", "secret", secret, "-o", "name"]);
    assert_eq!(read("node2")?.stdout, "secret/node2\n");
    let refused = read("node1")?;
    assert!(refused.code == Some(1) && refused.stderr.contains("Forbidden") && refused.stderr.contains("no relationship found between node 'node2' and this object"), "{refused:?}");
    Ok(())
}

#[test]
fn who_has_no_credentials_may_ask_for_health_and_nothing_else() -> Outcome {
    let bed = Bed::shared()?;
    let port = fs::read_to_string(bed.folder().join("run/relay-api.port"))?;
    let anonymous = |path: &str| {
        let url = format!("https://127.0.0.1:{}{path}", port.trim());
        Command::new(bed.folder().join("bin/client")).env("SSL_CERT_FILE", bed.folder().join("pki/ca.crt")).args(["get", &url]).output().map(Output::from)
    };
    assert_eq!(anonymous("/readyz")?.stdout, "ok");
    for path in ["/version", "/api", "/openapi/v2"] {
        let output = anonymous(path)?;
        assert_eq!((output.code, output.stderr.contains("401 Unauthorized")), (Some(1), true), "{path}: {output:?}");
    }
    Ok(())
}

#[test]
fn the_audit_log_says_who_wrote_what() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("audited")?;
    let log = bed.audit()?;
    namespace.kubectl(["create", "configmap", "one", "--from-literal=a=b"])?;
    namespace.kubectl(["get", "configmaps"])?;
    namespace.kubectl(["create", "configmap", "two", "--dry-run=server"])?;
    let ours: Vec<_> = log.writes_by("admin")?.into_iter().filter(|entry| entry.namespace == namespace.name()).collect();
    let told: Vec<_> = ours.iter().map(|entry| (entry.verb.as_str(), entry.resource.as_str(), entry.code)).collect();
    assert_eq!(told, [("create", "configmaps", 201)]);
    Ok(())
}

/// A pod with the claim `data` at `/data`.
fn writer(name: &str, node: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{nodeSelector: {{kubernetes.io/hostname: {node}}}, terminationGracePeriodSeconds: 0, \
         securityContext: {{fsGroup: 2000, runAsNonRoot: true, runAsUser: 65532}}, volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}], \
         containers: [{{name: c, image: ghcr.io/airlock-platform/bed-client:1, command: [/client, sleep], volumeMounts: [{{name: data, mountPath: /data}}]}}]}}}}"
    )
}

fn refused(why: &str) -> BedError {
    BedError::Failed { command: "the question".to_owned(), status: "not yet".to_owned(), stderr: why.to_owned() }
}

/// What the command printed, if it succeeded.
fn succeed(output: &Output) -> Result<String, BedError> {
    if output.code == Some(0) { Ok(output.stdout.clone()) } else { Err(refused(&output.stderr)) }
}

/// Asks the pod's server through `kubectl port-forward` on the workstation.
fn forwarded(namespace: &str, pod: &str) -> Result<String, Box<dyn Error>> {
    let bed = Bed::shared()?;
    // Through the relay: the forwarded port is then on this machine's loopback, where the test can reach it.
    let mut command = bed.host_kubectl();
    command.args(["-n", namespace, "port-forward", pod, ":8080", "--address=127.0.0.1"]);
    let mut forward = Ended(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
    let mut line = String::new();
    // kubectl writes a line for each connection: who stops listening ends it.
    let mut told = BufReader::new(forward.0.stdout.take().ok_or("no stdout")?);
    told.read_line(&mut line)?;
    let port: u16 = line.split([':', ' ']).find_map(|word| word.parse().ok()).ok_or(line.clone())?;
    let output = Command::new(bed.folder().join("bin/client")).args(["get", &format!("http://127.0.0.1:{port}")]).output()?;
    Ok(succeed(&output.into())?)
}

/// A child that ends with its owner.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// All bytes of etcd's write-ahead log.
fn etcd_files(bed: &Bed) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    for file in fs::read_dir(bed.folder().join("etcd/member/wal"))? {
        bytes.extend(fs::read(file?.path())?);
    }
    Ok(bytes)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}
