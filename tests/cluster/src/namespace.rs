//! A namespace of a test's own.

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::bed::{attempt, run};
use crate::{Bed, BedError, Output, eventually};

/// The image of the tiny client that tests run in pods.
const CLIENT: &str = "ghcr.io/airlock-platform/bed-client:1";

/// A namespace that is deleted when the value is dropped.
#[derive(Debug)]
pub struct Namespace {
    bed: Bed,
    name: String,
}

impl Namespace {
    pub(crate) fn create(bed: Bed, stem: &str) -> Result<Self, BedError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{stem}-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        bed.kubectl(["create", "namespace", &name])?;
        let namespace = Self { bed, name };
        // A pod that comes before the controller has made the account is refused.
        eventually("the default ServiceAccount", Duration::from_secs(20), || namespace.kubectl(["get", "serviceaccount", "default"]))?;
        Ok(namespace)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds or changes a label of the namespace.
    pub fn label(&self, label: &str) -> Result<(), BedError> {
        self.bed.kubectl(["label", "namespace", &self.name, label, "--overwrite"]).map(drop)
    }

    /// kubectl in this namespace; an exit code other than 0 is an error.
    pub fn kubectl<'a>(&'a self, arguments: impl IntoIterator<Item = &'a str>) -> Result<String, BedError> {
        self.bed.kubectl(["-n", &self.name].into_iter().chain(arguments))
    }

    /// kubectl in this namespace, also when it says no.
    pub fn try_kubectl<'a>(&'a self, arguments: impl IntoIterator<Item = &'a str>) -> Result<Output, BedError> {
        self.bed.try_kubectl(["-n", &self.name].into_iter().chain(arguments))
    }

    /// Applies a manifest; objects without a namespace of their own go here.
    pub fn apply(&self, manifest: &str) -> Result<(), BedError> {
        let output = self.try_apply(manifest)?;
        match output.code {
            Some(0) => Ok(()),
            code => Err(BedError::Failed { command: "kubectl apply".to_owned(), status: format!("{code:?}"), stderr: output.stderr }),
        }
    }

    /// Applies a manifest and returns what kubectl said, also when that is no.
    pub fn try_apply(&self, manifest: &str) -> Result<Output, BedError> {
        self.bed.try_apply_in(&self.name, manifest)
    }

    /// Starts a pod with the client that serves `port`, on this node or any, and waits until it is ready. Its label is `app=NAME`.
    pub fn server(&self, name: &str, node: Option<u8>, port: u16) -> Result<(), BedError> {
        self.apply(&Self::pod(name, node, &format!("ports: [{{containerPort: {port}, name: web}}], args: [serve, \"{port}\", {name}]")))?;
        self.kubectl(["wait", "--for=condition=Ready", &format!("pod/{name}"), "--timeout=60s"]).map(drop)
    }

    /// Starts a pod with the client that does nothing until [`Namespace::attempt`] runs something in it. Its label is `app=NAME`.
    pub fn client(&self, name: &str, node: Option<u8>) -> Result<(), BedError> {
        self.apply(&Self::pod(name, node, "args: [sleep]"))?;
        self.kubectl(["wait", "--for=condition=Ready", &format!("pod/{name}"), "--timeout=60s"]).map(drop)
    }

    /// A pod with the client as strict as the platform's own.
    fn pod(name: &str, node: Option<u8>, container: &str) -> String {
        let node = node.map_or_else(String::new, |node| format!("nodeSelector: {{kubernetes.io/hostname: node{node}}}, "));
        format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {name}}}}}, spec: {{{node}terminationGracePeriodSeconds: 0, automountServiceAccountToken: false, \
             securityContext: {{runAsNonRoot: true, runAsUser: 65532, seccompProfile: {{type: RuntimeDefault}}}}, \
             containers: [{{name: client, image: {CLIENT}, command: [/client], {container}, \
             securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{drop: [ALL]}}}}}}]}}}}"
        )
    }

    /// Runs the client with these arguments in a pod; the exit code says whether it worked.
    pub fn attempt(&self, pod: &str, arguments: &[&str]) -> Result<Output, BedError> {
        let mut command = self.bed.kubectl_command(["-n", &self.name, "exec", pod, "--", "/client"]);
        command.args(arguments);
        attempt(command)
    }

    /// The pod's address.
    pub fn address(&self, pod: &str) -> Result<String, BedError> {
        self.kubectl(["get", "pod", pod, "-o", "jsonpath={.status.podIP}"])
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A bed that is gone has taken the namespace with it.
        drop(run(self.bed.kubectl_command(["delete", "namespace", &self.name, "--wait=false", "--ignore-not-found"])));
    }
}
