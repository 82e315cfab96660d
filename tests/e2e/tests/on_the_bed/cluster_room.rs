//! The room `cluster` against a real cluster: through the bed's relay on the loopback, in namespaces of its own.

use std::error::Error;
use std::path::PathBuf;

use airlock_bed::{Bed, Namespace};
use airlock_cluster::{Cluster, ClusterError, ClusterOptions};
use airlock_model::{Object, ObjectRef};
use serde_json::{Value, json};

mod applying;
mod leases;
mod outages;
mod pods;
mod refusals;
mod surveying;
mod waiting;
mod ways;

type Outcome = Result<(), Box<dyn Error>>;

/// A namespace of a test's own and a connection as the cluster's administrator.
struct Place {
    bed: Bed,
    namespace: Namespace,
    cluster: Cluster,
}

impl Place {
    async fn new(stem: &str) -> Result<Self, Box<dyn Error>> {
        let bed = Bed::shared()?;
        let cluster = connect(bed.host_kubeconfig(), None).await?;
        let namespace = bed.namespace(stem)?;
        Ok(Self { bed, namespace, cluster })
    }

    fn name(&self) -> &str {
        self.namespace.name()
    }

    fn object(&self, api_version: &str, kind: &str, name: &str, rest: &Value) -> Result<Object, Box<dyn Error>> {
        let mut manifest = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": self.name()}});
        for (key, value) in rest.as_object().into_iter().flatten() {
            manifest[key] = value.clone();
        }
        Ok(Object::new(manifest)?)
    }

    fn config_map(&self, name: &str, value: &str) -> Result<Object, Box<dyn Error>> {
        self.object("v1", "ConfigMap", name, &json!({"data": {"key": value}}))
    }

    fn reference(&self, api_version: &str, kind: &str, name: &str) -> ObjectRef {
        ObjectRef::namespaced(api_version, kind, self.name(), name)
    }
}

async fn connect(kubeconfig: PathBuf, context: Option<&str>) -> Result<Cluster, ClusterError> {
    // Every test of this binary wants the same one; who comes second finds it installed.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    Cluster::connect(&ClusterOptions { kubeconfig: Some(kubeconfig), context: context.map(str::to_owned) }).await
}

/// Another person's kubeconfig, pointed at the relay instead of the address that only the workstation reaches.
fn through_relay(bed: &Bed, kubeconfig: &std::path::Path) -> Result<tempfile::NamedTempFile, Box<dyn Error>> {
    let server = |text: &str| text.lines().find_map(|line| line.split_once("server: \"")?.1.split('"').next().map(str::to_owned)).ok_or("no server in the kubeconfig");
    let theirs = std::fs::read_to_string(kubeconfig)?;
    let relay = server(&std::fs::read_to_string(bed.host_kubeconfig())?)?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), theirs.replace(&server(&theirs)?, &relay))?;
    Ok(file)
}

/// The pod template of the bed's small client.
fn client_pod(arguments: &[&str]) -> Value {
    json!({
        "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 0, "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{"name": "client", "image": CLIENT, "command": ["/client"], "args": arguments,
            "securityContext": {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}}}],
    })
}

const CLIENT: &str = "ghcr.io/airlock-platform/bed-client:1";
