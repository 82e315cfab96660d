//! What stands around the cluster: the company's DNS, its registries, its ACME authority, the workstation, and the way in from the host.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use airlock_bed::{Bed, BedError, Output, eventually};

type Outcome = Result<(), Box<dyn Error>>;

/// Not how long anything takes: images are built on the same two cores meanwhile.
const PATIENCE: Duration = Duration::from_mins(3);

/// A name of the base domain that nobody sets. `make try` leaves a wildcard in the company's DNS, and then it has an address.
const NOBODYS: &str = "nobody-has-this-name.platform.test";

/// Asks the company's DNS from the workstation; empty when the name does not exist.
fn look_up(bed: &Bed, name: &str) -> Result<String, Box<dyn Error>> {
    let output = Output::from(bed.admin("kdig").args(["+short", name, "A"]).output()?);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    Ok(output.stdout.trim().to_owned())
}

#[test]
fn a_signed_update_changes_the_base_domain_for_workstation_nodes_and_pods() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("names")?;
    namespace.client("inside", None)?;
    let (name, address) = (format!("{}.platform.test", namespace.name()), bed.address(7)?);
    let unset = look_up(&bed, NOBODYS)?;
    assert_eq!(look_up(&bed, &name)?, unset);
    bed.dns_set(&name, "A", &address)?;
    assert_eq!(look_up(&bed, &name)?, address);
    let on_node = Output::from(bed.node(2, "getent").args(["hosts", &name]).output()?);
    assert!(on_node.stdout.starts_with(&address), "{on_node:?}");
    eventually("the name in pods", PATIENCE, || {
        let output = namespace.attempt("inside", &["resolve", &name])?;
        if output.stdout.trim_end() == address { Ok(()) } else { Err(refused(&output.stderr)) }
    })?;
    bed.dns_delete(namespace.name())?;
    assert_eq!(look_up(&bed, &name)?, unset);
    Ok(())
}

#[test]
fn an_unsigned_update_and_one_signed_by_another_key_are_refused() -> Outcome {
    let bed = Bed::shared()?;
    for key in ["", "key hmac-sha256:airlock AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        let update = format!("server {} 53\nzone platform.test.\n{key}\nupdate add stolen.platform.test. 5 A {}\nsend\n", bed.address(254)?, bed.address(9)?);
        let file = bed.folder().join("run/update");
        fs::write(&file, update)?;
        let output = Output::from(bed.admin("knsupdate").arg(&file).output()?);
        assert_ne!(output.code, Some(0), "{output:?}");
        assert_eq!(look_up(&bed, "stolen.platform.test")?, look_up(&bed, NOBODYS)?);
    }
    Ok(())
}

#[test]
fn a_name_that_nobody_knows_does_not_exist() -> Outcome {
    let bed = Bed::shared()?;
    let output = Output::from(bed.admin("kdig").args(["registry.example.com", "A"]).output()?);
    assert!(output.stdout.contains("NXDOMAIN"), "{}", output.stdout);
    Ok(())
}

#[test]
fn the_public_registries_answer_by_their_own_names_with_a_certificate_of_the_company() -> Outcome {
    let bed = Bed::shared()?;
    for host in ["docker.io", "registry-1.docker.io", "quay.io", "ghcr.io", "registry.k8s.io"] {
        let output = Output::from(bed.admin(bed.folder().join("bin/client")).args(["get", &format!("https://{host}/v2/")]).output()?);
        assert_eq!((output.code, output.stdout.as_str()), (Some(0), "{}"), "{host}: {}", output.stderr);
    }
    Ok(())
}

#[test]
fn trust_for_a_registry_is_given_and_taken_at_every_pull() -> Outcome {
    // A registry that the node does not trust: the company's own server under a name that its certificate does not hold would be
    // another failure, so one with an authority of its own is put beside it.
    let bed = Bed::shared()?;
    let namespace = bed.namespace("trust")?;
    let stray = StrayRegistry::start(&bed)?;
    let image = format!("{}/airlock-platform/bed-client:1", stray.host);
    let pull = |pod: &str, awaited: &str| {
        namespace.apply(&format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {pod}}}, spec: {{nodeSelector: {{kubernetes.io/hostname: node1}}, terminationGracePeriodSeconds: 0, \
             containers: [{{name: c, image: \"{image}\", imagePullPolicy: Always, command: [/client, sleep]}}]}}}}"
        ))?;
        eventually("the pull", PATIENCE, || {
            let state = namespace.kubectl(["get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].state}"])?;
            if state.contains(awaited) { Ok(()) } else { Err(refused(&state)) }
        })
    };
    pull("before", "certificate signed by unknown authority")?;
    bed.trust(&stray.ca, &stray.host)?;
    pull("trusted", "startedAt")?;
    bed.untrust(&stray.host)?;
    pull("after", "certificate signed by unknown authority")?;
    Ok(())
}

#[test]
fn the_acme_authority_answers_under_its_name() -> Outcome {
    let bed = Bed::shared()?;
    let output = Output::from(bed.admin(bed.folder().join("bin/client")).args(["get", "https://acme.corp.test:14000/dir"]).output()?);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stdout.contains("newOrder") && output.stdout.contains("renewalInfo"), "{}", output.stdout);
    Ok(())
}

#[test]
fn the_acme_authority_certifies_who_answers_under_the_name() -> Outcome {
    let bed = Bed::shared()?;
    let client = bed.folder().join("bin/client");
    // The registry orders a certificate for itself: a client that is not ours, and a whole order.
    let order = Ordering::start(&bed)?;
    let roots = Output::from(bed.admin(&client).args(["get", "https://acme.corp.test:15000/roots/0"]).output()?);
    assert!(roots.stdout.starts_with("-----BEGIN CERTIFICATE-----"), "{roots:?}");
    let root = order.folder.join("root.crt");
    fs::write(&root, roots.stdout)?;
    let url = format!("https://{}/v2/", order.host);
    let ask = |trusted: &Path| bed.admin(&client).args(["get", &url]).env("SSL_CERT_FILE", trusted).output().map(Output::from);
    eventually("the certificate", PATIENCE, || {
        let output = ask(&root).map_err(|error| error.to_string())?;
        if output.stdout == "{}" { Ok(()) } else { Err(output.stderr) }
    })?;
    let output = ask(&bed.company_ca())?;
    assert!(output.code == Some(1) && output.stderr.contains("certificate signed by unknown authority"), "{output:?}");
    Ok(())
}

#[test]
fn the_relay_leads_the_person_at_the_host_to_the_api_and_to_the_edge() -> Outcome {
    let bed = Bed::shared()?;
    let kubectl = bed.host_kubectl().args(["get", "--raw", "/readyz"]).output()?;
    assert_eq!(String::from_utf8_lossy(&kubectl.stdout), "ok");
    let lines = Output::from(bed.script(["relay"]).output()?);
    for word in ["kubectl --kubeconfig", "curl -i --cacert", "--resolve registry.platform.test:", "--host-resolver-rules"] {
        assert!(lines.stdout.contains(word), "{word} in {}", lines.stdout);
    }
    Ok(())
}

#[test]
fn another_person_may_do_what_a_role_says_and_one_with_an_old_certificate_nothing() -> Outcome {
    let bed = Bed::shared()?;
    let namespace = bed.namespace("people")?;
    namespace.kubectl(["create", "rolebinding", "view", "--clusterrole=view", "--group=viewers"])?;
    let may = |config: &Path, verb: &str| bed.try_kubectl(["--kubeconfig", &config.to_string_lossy(), "-n", namespace.name(), "auth", "can-i", verb, "configmaps"]);
    let viewer = bed.user("vera", &["viewers"])?;
    assert_eq!(may(&viewer, "list")?.stdout, "yes\n");
    assert_eq!(may(&viewer, "create")?.stdout, "no\n");
    let gone = bed.expired_user("otto", &["system:masters"])?;
    let output = may(&gone, "list")?;
    assert!(output.code == Some(1) && output.stderr.contains("Unauthorized") | output.stderr.contains("must be logged in"), "{output:?}");
    Ok(())
}

#[test]
fn the_long_way_to_the_api_adds_its_delay_to_each_round_trip() -> Outcome {
    let bed = Bed::shared()?;
    let config = bed.distant(200)?;
    let took = |config: &Path| -> Result<Duration, BedError> {
        let began = Instant::now();
        bed.kubectl(["--kubeconfig", &config.to_string_lossy(), "get", "--raw", "/readyz"])?;
        Ok(began.elapsed())
    };
    // TCP, TLS, and the request: three round trips, of which the slowest machine can't save one.
    let (near, far) = (took(&bed.kubeconfig())?, took(&config)?);
    assert!(far > Duration::from_millis(600), "{near:?} {far:?}");
    Ok(())
}

#[test]
fn no_network_of_the_bed_leads_out_of_the_machine() -> Outcome {
    let bed = Bed::shared()?;
    // Each place has one card on the bridge (corp: the bridge and its cables), and the bridge has no other end.
    let ours = format!(" {}.", bed.network()?);
    for (place, mut command) in [("admin", bed.admin("ip")), ("node1", bed.node(1, "ip")), ("node2", bed.node(2, "ip"))] {
        let links = Output::from(command.args(["-o", "-4", "address"]).output()?);
        let foreign: Vec<_> = links.stdout.lines().filter(|line| !line.contains(" 127.") && !line.contains(&ours)).collect();
        assert!(foreign.is_empty(), "{place}: {foreign:?}");
    }
    let corp = Output::from(bed.corp("ip").args(["route"]).output()?);
    assert!(!corp.stdout.contains("default"), "{}", corp.stdout);
    Ok(())
}

fn refused(why: &str) -> BedError {
    BedError::Failed { command: "the question".to_owned(), status: "not yet".to_owned(), stderr: why.to_owned() }
}

/// A registry on the workstation that gets its certificate from the ACME authority.
struct Ordering {
    host: String,
    folder: PathBuf,
    server: Child,
}

impl Ordering {
    fn start(bed: &Bed) -> Result<Self, Box<dyn Error>> {
        let folder = bed.folder().join("run/ordering");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let (host, address) = ("ordering.platform.test".to_owned(), bed.address(2)?);
        bed.dns_set(&host, "A", &address)?;
        let configuration = folder.join("config.yml");
        fs::write(
            &configuration,
            format!(
                "version: 0.1\nlog: {{accesslog: {{disabled: true}}, level: error}}\nstorage: {{inmemory: {{}}}}\n\
                 http: {{addr: \"{address}:443\", tls: {{letsencrypt: {{cachefile: {}, email: people@{host}, hosts: [{host}], directoryurl: \"https://acme.corp.test:14000/dir\"}}}}}}\n",
                folder.join("cache").display()
            ),
        )?;
        let mut command = bed.admin("env");
        command.arg("OTEL_TRACES_EXPORTER=none").arg(bed.folder().join("bin/registry")).arg("serve").arg(&configuration);
        let log = fs::File::create(folder.join("log"))?;
        let server = command.stdout(log.try_clone()?).stderr(log).spawn()?;
        Ok(Self { host, folder, server })
    }
}

impl Drop for Ordering {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// A registry in corp with an authority of its own, which nobody trusts yet.
struct StrayRegistry {
    host: String,
    ca: PathBuf,
    server: Child,
}

impl StrayRegistry {
    fn start(bed: &Bed) -> Result<Self, Box<dyn Error>> {
        let folder = bed.folder().join("run/stray");
        fs::create_dir_all(&folder)?;
        let host = "stray.platform.test:5443".to_owned();
        let (ca, key) = (folder.join("ca.crt"), folder.join("ca.key"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=stray"])
            .args(["-addext", "subjectAltName=DNS:stray.platform.test"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&ca)
            .output()?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let configuration = folder.join("config.yml");
        let company = bed.address(254)?;
        // The company's own images, seen through another door.
        let data = bed.folder().join("registries/data");
        fs::write(
            &configuration,
            format!(
                "version: 0.1\nlog: {{accesslog: {{disabled: true}}, level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{company}:5443\", tls: {{certificate: {}, key: {}}}}}\n",
                data.display(),
                ca.display(),
                key.display()
            ),
        )?;
        bed.dns_set("stray", "A", &company)?;
        let mut command = bed.corp("env");
        command.arg("OTEL_TRACES_EXPORTER=none").arg(bed.folder().join("bin/registry")).arg("serve").arg(&configuration);
        let log = fs::File::create(folder.join("log"))?;
        let server = command.stdout(log.try_clone()?).stderr(log).spawn()?;
        let stray = Self { host, ca, server };
        eventually("the stray registry", PATIENCE, || {
            let output =
                bed.admin(bed.folder().join("bin/client")).args(["connect", "stray.platform.test", "5443"]).output().map_err(|source| BedError::Start { command: "client".to_owned(), source })?;
            if output.status.success() { Ok(()) } else { Err(refused(&String::from_utf8_lossy(&output.stderr))) }
        })?;
        Ok(stray)
    }
}

impl Drop for StrayRegistry {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}
