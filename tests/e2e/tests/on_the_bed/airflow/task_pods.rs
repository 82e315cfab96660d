//! The pods of tasks: each task and each try in one of its own, gone after it, and without the secrets of the servers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Write as _};
use std::process::Stdio;
use std::time::Duration;

use airlock_bed::Bed;
use airlock_e2e::{Airflow, Site};
use serde_json::{Value, json};

/// Reads all of its processes' environments and all files of its mounts; says which of the values that come by standard input are there.
const SEARCH: &str = "import base64, glob, json, os, sys
values = {name: base64.b64decode(value) for name, value in json.load(sys.stdin).items()}
environments, mounts = glob.glob('/proc/[0-9]*/environ'), [line.split()[1] for line in open('/proc/self/mounts')]
own = [mount for mount in mounts if not mount.startswith(('/proc', '/sys', '/dev')) and mount != '/']
files = [os.path.join(folder, file) for mount in own for folder, _, names in os.walk(mount) for file in names] + [mount for mount in own if os.path.isfile(mount)]
def content(path):
    try: return open(path, 'rb').read()
    except OSError: return b''
read = [content(path) for path in environments + files]
print(json.dumps({'found': sorted(name for name, value in values.items() if any(value in content for content in read)), 'environments': len(environments), 'files': sorted(files)}))";
/// What a server has and a task does not, by Secret and key; and what a task has.
const SECRETS: [(&str, &str); 6] = [
    ("airflow-api-secret", "value"),
    ("airflow-api-server-tls", "tls\\.key"),
    ("airflow-database", "value"),
    ("airflow-fernet-key", "value"),
    ("airflow-jwt-secret", "value"),
    ("internal-ca", "value"),
];

/// Looks into a pod of a task while it runs.
struct Inside {
    bed: Bed,
    namespace: String,
    /// Base64, by the Secret's name.
    values: Value,
}

impl Inside {
    fn new(site: &Site) -> Self {
        let (bed, namespace) = (site.bed.clone(), site.tenant("alpha"));
        let read = |(name, key): (&str, &str)| {
            let value = bed.kubectl(["-n", &namespace, "get", "secret", name, "-o", &format!("jsonpath={{.data.{key}}}")]).expect("a Secret");
            assert!(value.len() > 20, "{name} holds no {key}");
            (name.to_owned(), value.into())
        };
        let values = SECRETS.into_iter().map(read).collect::<serde_json::Map<_, _>>().into();
        Self { bed, namespace, values }
    }

    /// Once, as soon as it runs; nothing where it had ended by then.
    fn look(&self, pod: &Value, looked: &mut BTreeMap<String, Value>) {
        let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        if pod.pointer("/status/phase") != Some(&json!("Running")) || looked.contains_key(name) {
            return;
        }
        let mut command = self.bed.kubectl_command(["-n", &self.namespace, "--request-timeout=60s", "exec", "-i", name, "-c", "base", "--", "python", "-c", SEARCH]);
        let mut run = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("kubectl");
        // It may be gone before it reads.
        let _ = write!(run.stdin.take().expect("its input"), "{}", self.values);
        let said = run.wait_with_output().expect("it ends").stdout;
        if let Ok(found) = serde_json::from_slice(&said) {
            looked.insert(name.to_owned(), found);
        }
    }
}

/// One by one, as they ran and as they were inside.
pub(super) fn run_the_example_each_task_in_one_of_its_own(site: &Site, airflow: &Airflow<'_>, token: &str) {
    let log = site.bed.audit().expect("the audit log");
    let watch = ["-n", &site.tenant("alpha"), "get", "pods", "-l", "app.kubernetes.io/name=airflow-task", "--watch", "-o", "json"];
    let mut watch = site.bed.kubectl_command(watch).stdout(Stdio::piped()).spawn().expect("kubectl");
    let told = BufReader::new(watch.stdout.take().expect("its output"));
    let inside = Inside::new(site);
    let seen = std::thread::spawn(move || {
        let (mut seen, mut looked) = (Vec::new(), BTreeMap::new());
        for pod in serde_json::Deserializer::from_reader(told).into_iter::<Value>().map_while(Result::ok) {
            inside.look(&pod, &mut looked);
            seen.push(pod);
        }
        (seen, looked)
    });
    assert_eq!(airflow.run(token, "airlock_example", &serde_json::json!({})), "success");
    let scheduler = format!("system:serviceaccount:{}:airflow-scheduler", site.tenant("alpha"));
    let writes = log.writes_by(&scheduler).expect("the audit log");
    let made: Vec<_> = writes.iter().filter(|write| write.resource == "pods" && write.verb == "create").collect();
    assert_eq!(made.len(), 3, "two tasks, one of them tried twice: {made:?}");
    assert!(writes.iter().all(|write| write.namespace == site.tenant("alpha")), "{writes:?}");
    let tasks = ["-n", &site.tenant("alpha"), "get", "pods", "-l", "app.kubernetes.io/name=airflow-task", "-o", "name"].map(str::to_owned);
    let left = || {
        let left = site.bed.kubectl(tasks.iter().map(String::as_str)).map_err(|error| error.to_string())?;
        if left.is_empty() { Ok(()) } else { Err(left) }
    };
    airlock_bed::eventually("the pods of tasks are gone", Duration::from_mins(3), left).unwrap_or_else(|error| panic!("{error}"));
    let _ = watch.kill();
    let _ = watch.wait();
    let (pods, looked) = seen.join().expect("the pods that were seen");
    a_task_holds_no_secret_of_the_servers(site, &pods);
    // One that ends at once may be gone before it is looked at.
    let looked: Vec<&Value> = looked.values().collect();
    assert!(!looked.is_empty(), "none was looked at while it ran");
    for found in looked {
        assert_eq!(found["found"], serde_json::json!(["internal-ca"]), "what is searched for is found where it is, and nothing else: {found}");
        assert!(found["environments"].as_u64() > Some(0), "{found}");
    }
}

/// The pods as they ran: what is mounted, and what stands in the environment of each container.
fn a_task_holds_no_secret_of_the_servers(site: &Site, pods: &[Value]) {
    let names: BTreeSet<&str> = pods.iter().filter_map(|pod| pod.pointer("/metadata/name")?.as_str()).collect();
    assert_eq!(names.len(), 3, "each task and each try in a pod of its own: {names:?}");
    let list = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    for pod in pods {
        let volumes = list(pod, "/spec/volumes");
        let secrets: Vec<&str> = volumes.iter().filter_map(|volume| volume.pointer("/secret/secretName").and_then(Value::as_str)).collect();
        assert_eq!(secrets, ["internal-ca"], "a certificate alone");
        let kinds = ["secret", "configMap", "emptyDir"];
        assert!(volumes.iter().all(|volume| kinds.iter().any(|kind| volume.get(kind).is_some())), "{volumes:?}");
        let containers: Vec<Value> = ["/spec/containers", "/spec/initContainers"].iter().flat_map(|pointer| list(pod, pointer)).collect();
        for container in &containers {
            assert_eq!(list(container, "/envFrom"), [serde_json::json!({ "configMapRef": { "name": "airflow-settings" } })]);
            let environment = list(container, "/env");
            assert!(environment.iter().all(|entry| entry.pointer("/valueFrom/secretKeyRef").is_none()), "{environment:?}");
            for key in ["SQL_ALCHEMY_CONN", "FERNET_KEY", "JWT_SECRET", "SECRET_KEY"] {
                assert!(environment.iter().all(|entry| !entry["name"].as_str().unwrap_or_default().contains(key)), "{key} stands in {environment:?}");
            }
        }
        assert_eq!(pod.pointer("/spec/automountServiceAccountToken"), Some(&Value::Bool(false)));
    }
    let settings = site.bed.kubectl(["-n", &site.tenant("alpha"), "get", "configmap", "airflow-settings", "-o", "json"]).expect("the settings");
    for key in ["SQL_ALCHEMY_CONN", "FERNET_KEY", "JWT_SECRET", "SECRET_KEY"] {
        assert!(!settings.contains(key), "{key} stands in what tasks are given");
    }
}
