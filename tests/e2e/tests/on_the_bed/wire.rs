//! Which connections a compliance check begins, in its pods as they come over the wire and on the workstation as the kernel is asked for
//! them, held against what it says beforehand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use airlock_bed::eventually;
use airlock_e2e::{Run, Site};
use airlock_model::names;
use serde_json::Value;

/// Connections from a namespace to an address and port, and how many they are.
pub(crate) type Begun = BTreeMap<(String, String, u16), u64>;

/// Programs at both nodes that write down which connections pods begin, and one that writes down which pods a run makes.
pub(crate) struct Wire<'a> {
    site: &'a Site,
    writers: Vec<(Child, PathBuf)>,
    pods: (Child, PathBuf),
}

impl<'a> Wire<'a> {
    pub(crate) fn listen(site: &'a Site) -> Self {
        let start = |mut command: Command, name: &str| {
            let path = site.folder().join(name);
            (command.stdout(File::create(&path).expect("a file")).stdin(Stdio::null()).spawn().expect("it starts"), path)
        };
        let writers = [1, 2].map(|number| {
            let mut command = site.bed.node(number, "python3");
            command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/wire.py"));
            start(command, &format!("wire-{number}"))
        });
        for (_, path) in &writers {
            let listening = || if written(path).contains("listening") { Ok(()) } else { Err("it does not listen") };
            eventually("connections to be written down", Duration::from_secs(30), listening).expect("it listens");
        }
        let line = r#"jsonpath={.metadata.namespace} {.status.podIP}{"\n"}"#;
        let pods = start(site.bed.kubectl_command(["get", "pods", "--all-namespaces", "-l", names::LABEL_PROBE_RUN, "--watch", "-o", line]), "wire-pods");
        Self { site, writers: writers.into(), pods }
    }

    /// The connections that pods of this site's runs began.
    pub(crate) fn begun(&self) -> Begun {
        let pods = self.pods();
        let lines: BTreeSet<String> = self.writers.iter().flat_map(|(_, path)| written(path).lines().map(str::to_owned).collect::<Vec<_>>()).collect();
        let mut begun = Begun::new();
        for line in lines {
            let Ok([from, to, port, _]) = <[&str; 4]>::try_from(line.split(' ').collect::<Vec<_>>()) else { continue };
            if let (Some(namespace), Ok(port)) = (pods.get(from), port.parse()) {
                *begun.entry((namespace.clone(), to.to_owned(), port)).or_default() += 1;
            }
        }
        begun
    }

    /// Namespaces of the run's pods, by address.
    fn pods(&self) -> BTreeMap<String, String> {
        let stem = self.site.name.as_str();
        written(&self.pods.1)
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter(|(namespace, address)| !address.is_empty() && (*namespace == stem || namespace.starts_with(&format!("{stem}-"))))
            .map(|(namespace, address)| (address.to_owned(), namespace.to_owned()))
            .collect()
    }

    /// Which of these connections nobody spoke of before, or of fewer.
    pub(crate) fn undeclared(&self, attempts: &Value) -> Begun {
        let declared = Declared::of(self, attempts);
        self.begun().into_iter().filter(|((from, to, port), times)| *times > declared.most(from, to, *port)).collect()
    }
}

impl Drop for Wire<'_> {
    fn drop(&mut self) {
        for child in self.writers.iter_mut().map(|(child, _)| child).chain([&mut self.pods.0]) {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Runs `airlock` on the workstation, and how many connections it began there to an address and port.
pub(crate) fn traced(site: &Site, arguments: &[&str]) -> (Run, BTreeMap<(String, u16), u64>) {
    let path = site.file("connections", "");
    let untraced = site.command(arguments);
    let mut command = Command::new(untraced.get_program());
    // Its first argument says where the rest is run.
    let mut words = untraced.get_args();
    command.args(words.next()).args(["strace", "--follow-forks", "--seccomp-bpf", "-qq", "-yy", "--trace=connect", "--output"]).arg(&path).args(words).stdin(Stdio::null());
    for (name, value) in untraced.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let run = Run::of(&mut command, arguments);
    let mut begun = BTreeMap::new();
    for place in written(&path).lines().filter(|line| line.contains("<TCP")).map(begun_by) {
        *begun.entry(place).or_default() += 1;
    }
    (run, begun)
}

/// `connect(9<TCP:[5]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")}, 16) = 0`
fn begun_by(line: &str) -> (String, u16) {
    let between = |begin: &str, end: &str| line.split_once(begin)?.1.split_once(end).map(|(text, _)| text.to_owned());
    let port = between("htons(", ")").and_then(|port| port.parse().ok());
    between("inet_addr(\"", "\"").zip(port).unwrap_or_else(|| panic!("no connection by IPv4: {line}"))
}

/// Which connections of the workstation the list does not have, or fewer. The API server is where its kubeconfig leads: it is asked for more
/// than attempts.
pub(crate) fn undeclared_here(site: &Site, begun: &BTreeMap<(String, u16), u64>, attempts: &Value) -> BTreeMap<(String, u16), u64> {
    let server = site.bed.kubectl(["config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}"]).expect("kubectl");
    let (host, port) = server.trim_start_matches("https://").rsplit_once(':').expect("a host and a port");
    let mut declared: BTreeMap<(String, u16), u64> = [((address(site, &[], host), port.parse().expect("a port")), u64::MAX)].into();
    for attempt in attempts.as_array().expect("attempts").iter().filter(|attempt| attempt["from"] == "workstation") {
        let target = ["address", "postgres"].iter().find_map(|kind| attempt["target"].get(kind));
        if let Some(target) = target {
            let port = numbers(&Value::from(vec![target["port"].clone()])).pop_first().expect("a port");
            let most = declared.entry((address(site, &[], target["host"].as_str().expect("a host")), port)).or_default();
            *most = most.saturating_add(count(attempt));
        }
    }
    begun.iter().filter(|(place, times)| **times > declared.get(place).copied().unwrap_or_default()).map(|(place, times)| (place.clone(), *times)).collect()
}

/// How many connections an attempt may open.
fn count(attempt: &Value) -> u64 {
    attempt["count"].as_u64().unwrap_or_else(|| panic!("no count: {attempt}"))
}

fn written(path: &PathBuf) -> String {
    fs::read_to_string(path).expect("what was written down")
}

/// From which namespace which place may be tried, and how often.
struct Declared {
    /// Address and port.
    places: Begun,
    /// The pods of a namespace, at these ports and at those that they declare.
    pods: Vec<(String, String, BTreeSet<u16>, u64)>,
    /// Namespace and declared ports of each pod, by its address.
    addresses: BTreeMap<String, (String, BTreeSet<u16>)>,
}

impl Declared {
    fn of(wire: &Wire<'_>, attempts: &Value) -> Self {
        let services = all(wire.site, "services");
        let mut found = Self { places: Begun::new(), pods: Vec::new(), addresses: addresses(wire) };
        for attempt in attempts.as_array().expect("attempts") {
            let Some(from) = ["pod", "letIn"].iter().find_map(|kind| attempt["from"][kind]["namespace"].as_str()) else { continue };
            let target = &attempt["target"];
            let port = |kind: &str| target[kind]["port"].as_u64().and_then(|port| u16::try_from(port).ok());
            if let Some((kind, port)) = ["address", "postgres"].iter().find_map(|kind| Some((kind, port(kind)?))) {
                let host = target[kind]["host"].as_str().expect("a host");
                *found.places.entry((from.to_owned(), address(wire.site, &services, host), port)).or_default() += count(attempt);
            }
            if let Some(port) = port("listener") {
                found.pods.push((from.to_owned(), text(&target["listener"]["namespace"]), [port].into(), count(attempt)));
            }
            if let Some(of) = target["pods"]["namespace"].as_str() {
                found.pods.push((from.to_owned(), of.to_owned(), numbers(&attempt["action"]["reach"]["ports"]), count(attempt)));
            }
        }
        found
    }

    fn most(&self, from: &str, to: &str, port: u16) -> u64 {
        let place = self.places.get(&(from.to_owned(), to.to_owned(), port)).copied().unwrap_or_default();
        let Some((namespace, declared)) = self.addresses.get(to) else { return place };
        let of_pod = self.pods.iter().filter(|(of, at, ports, _)| of == from && at == namespace && (ports.contains(&port) || declared.contains(&port)));
        place + of_pod.map(|(.., count)| count).sum::<u64>()
    }
}

/// Pods that serve, and those that listened for the run.
fn addresses(wire: &Wire<'_>) -> BTreeMap<String, (String, BTreeSet<u16>)> {
    let of_run = wire.pods().into_iter().map(|(address, namespace)| (address, (namespace, BTreeSet::new())));
    let standing = all(wire.site, "pods").into_iter().filter_map(|pod| {
        let containers = ["containers", "initContainers"].map(|list| pod["spec"][list].as_array().cloned().unwrap_or_default()).concat();
        let declared = containers.iter().flat_map(|container| container["ports"].as_array().into_iter().flatten()).map(|port| &port["containerPort"]);
        Some((pod["status"]["podIP"].as_str()?.to_owned(), (text(&pod["metadata"]["namespace"]), numbers(&declared.cloned().collect()))))
    });
    of_run.chain(standing).collect()
}

/// Where pods get to by a name: the address of a Service, and of others what the company's DNS says.
fn address(site: &Site, services: &[Value], host: &str) -> String {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host.to_owned();
    }
    let parts: Vec<&str> = host.split('.').collect();
    if let [name, namespace, "svc"] = parts[..] {
        let service = services.iter().find(|service| service["metadata"]["name"] == name && service["metadata"]["namespace"] == namespace);
        return service.map_or_else(|| panic!("no Service {host}"), |service| text(&service["spec"]["clusterIP"]));
    }
    let output = site.bed.admin("getent").args(["ahostsv4", host]).output().expect("getent");
    String::from_utf8_lossy(&output.stdout).split_whitespace().next().unwrap_or_default().to_owned()
}

fn all(site: &Site, kind: &str) -> Vec<Value> {
    let listed: Value = serde_json::from_str(&site.bed.kubectl(["get", kind, "--all-namespaces", "-o", "json"]).expect("kubectl")).expect("JSON");
    listed["items"].as_array().cloned().expect("items")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn numbers(list: &Value) -> BTreeSet<u16> {
    list.as_array().into_iter().flatten().filter_map(|port| u16::try_from(port.as_u64()?).ok()).collect()
}
