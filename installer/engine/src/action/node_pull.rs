//! The gate `node-pull`: can a node of each pool pull from the new registry over TLS? A pod a pool tries it.
//!
//! When nodes do not trust the authority or cannot resolve the host, that is work for whoever runs the nodes: a ticket.
//! Every other reason is an error.

mod fault;
mod ticket;

use std::collections::BTreeMap;
use std::time::Duration;

use airlock_cluster::Cluster;
use airlock_model::{Event, Events, Gate, ImageRef, LiveObject, ObjectRef, PlannedStep, StepId, Untrusted};
use airlock_tls::NodeKind;
use futures::{StreamExt, stream};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Settled, dns};
use crate::pod::{self, PodSpec};
use crate::run::{AT_ONCE, Run};
use crate::secret_text::secret_text;
use crate::{ApplyError, Halt, identity};
use fault::{Fault, Seen};
use ticket::Registry;

/// How often a pod is looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// A registry that was just started may refuse the first try, and a kubelet that has not got the pull secret yet tries
/// without it; it tries again after 10 and 20 seconds.
const PATIENCE: Duration = Duration::from_secs(45);
/// A pod that did not even begin to pull by then does not start for another reason.
const START_WITHIN: Duration = Duration::from_mins(3);

/// What is tried on one node of each pool.
pub(crate) struct Pull<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) halt: &'a Halt,
    pub(crate) events: &'a dyn Events,
    /// The step that it is told as.
    pub(crate) step: &'a StepId,
    /// Of which run its pods are.
    pub(crate) run: &'a str,
    pub(crate) installation: Option<&'a str>,
    pub(crate) image: &'a ImageRef,
    pub(crate) namespace: &'a str,
    pub(crate) secret: Option<&'a str>,
}

pub(super) async fn settle(run: &Run<'_>, step: &PlannedStep, gate: &Gate) -> Result<Settled, ApplyError> {
    let Gate::NodePull { image, pools, namespace, pull_secret, authority } = gate else {
        return Err(ApplyError::PlanMalformed { reason: "the gate is another one".to_owned() });
    };
    let installation = run.plan.installation.as_deref();
    let pull = Pull { cluster: run.cluster, halt: &run.halt, events: run.events, step: &step.id, run: &run.id, installation, image, namespace, secret: Some(pull_secret) };
    let any: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::from([("any".to_owned(), BTreeMap::new())]);
    let pools = if pools.is_empty() { &any } else { pools };
    // A check of the installation would judge them as pods of the platform.
    pod::sweep_under_lease(run.cluster, namespace).await;
    let mut waiting: BTreeMap<String, Seen> = BTreeMap::new();
    for (pool, outcome) in pull.of_pools(pools).await {
        match outcome? {
            None => {}
            Some(seen) if seen.fault.is_for_others() => {
                waiting.insert(pool, seen);
            }
            Some(seen) => return Err(ApplyError::NodePull { pool, image: image.to_string(), reason: Untrusted::new(seen.message) }),
        }
    }
    if waiting.is_empty() {
        return Ok(Settled::Done);
    }
    let authority = match authority {
        Some(at) => Some(secret_text(run.cluster, at).await?.expose().clone()),
        None => None,
    };
    let name = image.host.split(':').next().unwrap_or_default();
    let kinds = run.halt.or(kinds(run, pools)).await?;
    let registry = Registry { host: &image.host, addresses: run.halt.or(dns::resolve(name)).await?, authority: authority.as_deref(), kinds };
    Ok(Settled::Waits(Box::new(ticket::write(&registry, &waiting))))
}

/// Of what kind the nodes of each pool are; nothing where they cannot be read, which the ticket says.
async fn kinds(run: &Run<'_>, pools: &BTreeMap<String, BTreeMap<String, String>>) -> BTreeMap<String, NodeKind> {
    let Ok(nodes) = run.cluster.list("v1", "Node", None, None).await else { return BTreeMap::new() };
    let kind = |labels: &BTreeMap<String, String>| {
        let is_of_pool = |node: &&LiveObject| labels.iter().all(|(key, value)| node.manifest["metadata"]["labels"][key] == value.as_str());
        let runtime = nodes.iter().find(is_of_pool)?.manifest["status"]["nodeInfo"]["containerRuntimeVersion"].as_str()?;
        Some(NodeKind::of(runtime, labels.keys().next().map(String::as_str)))
    };
    pools.iter().filter_map(|(pool, labels)| Some((pool.clone(), kind(labels)?))).collect()
}

impl Pull<'_> {
    /// By pool, given with the labels of its nodes; nothing where it was pulled.
    pub(crate) async fn of_pools(&self, pools: &BTreeMap<String, BTreeMap<String, String>>) -> Vec<(String, Result<Option<Seen>, ApplyError>)> {
        let tries = pools.iter().enumerate().map(|(number, (pool, labels))| async move { (pool.clone(), self.of_pool(number, labels).await) });
        stream::iter(tries).buffer_unordered(AT_ONCE).collect().await
    }

    /// One pod on one node of the pool. The pod goes in any case.
    pub(crate) async fn of_pool(&self, number: usize, labels: &BTreeMap<String, String>) -> Result<Option<Seen>, ApplyError> {
        let spec = PodSpec {
            namespace: self.namespace.to_owned(),
            name: format!("node-pull-{}-{number}", identity::fresh()?),
            component: "node-pull",
            image: self.image.to_string(),
            pull_secret: self.secret.map(str::to_owned),
            always_pull: true,
            node_selector: labels.clone(),
            arguments: vec!["--version".to_owned()],
            installation: self.installation.map(str::to_owned),
            run: self.run.to_owned(),
            lifetime: START_WITHIN * 2,
            ..PodSpec::default()
        };
        let object = spec.object()?;
        self.halt.checkpoint()?;
        self.cluster.create(&object).await.map_err(ApplyError::of)?;
        let seen = self.halt.or(self.watch(object.reference())).await;
        pod::remove(self.cluster, object.reference()).await;
        seen?
    }

    async fn watch(&self, pod: &ObjectRef) -> Result<Option<Seen>, ApplyError> {
        let began = Instant::now();
        let mut told = String::new();
        loop {
            let live = self.cluster.get(pod).await.map_err(ApplyError::of)?;
            let Some(live) = live else { return Err(ApplyError::NotReady { object: pod.clone(), cause: Untrusted::from("somebody deleted it") }) };
            let state = State::of(&live);
            match &state {
                State::Pulled => return Ok(None),
                State::Failed(seen) if seen.fault.is_for_others() || began.elapsed() > PATIENCE => return Ok(Some(seen.clone())),
                State::Waiting(cause) if began.elapsed() > START_WITHIN => return Err(ApplyError::NotReady { object: pod.clone(), cause: Untrusted::new(cause.clone()) }),
                State::Failed(_) | State::Waiting(_) => {}
            }
            let cause = state.words();
            if told != cause {
                self.events.send(Event::Waiting { step: self.step.clone(), object: pod.clone(), cause: Untrusted::new(cause.clone()) });
                told = cause;
            }
            sleep(PAUSE).await;
        }
    }
}

/// How far a pod is with its image.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Waiting(String),
    Failed(Seen),
    Pulled,
}

impl State {
    fn of(pod: &LiveObject) -> Self {
        let status = pod.manifest.pointer("/status/containerStatuses/0");
        let text = |pointer: &str| status.and_then(|status| status.pointer(pointer)).and_then(Value::as_str).unwrap_or_default();
        if status.is_some_and(|status| status.pointer("/state/running").is_some() || status.pointer("/state/terminated").is_some()) {
            return Self::Pulled;
        }
        match text("/state/waiting/reason") {
            // It is pulled when the container could be tried at all.
            "CreateContainerError" | "CreateContainerConfigError" | "RunContainerError" | "CrashLoopBackOff" => Self::Pulled,
            "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" | "InvalidImageName" | "SignatureValidationFailed" => match Fault::of(text("/state/waiting/message")) {
                Some(fault) => Self::Failed(Seen { fault, message: text("/state/waiting/message").to_owned() }),
                None => Self::Waiting("the node tries to pull again".to_owned()),
            },
            _ => Self::Waiting(unscheduled(&pod.manifest).unwrap_or_else(|| "a node pulls the image".to_owned())),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Waiting(cause) => cause.clone(),
            Self::Failed(seen) => seen.message.clone(),
            Self::Pulled => String::new(),
        }
    }
}

/// The scheduler's reason, when no node takes the pod.
fn unscheduled(pod: &Value) -> Option<String> {
    let conditions = pod.pointer("/status/conditions")?.as_array()?;
    let scheduled = conditions.iter().find(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False")?;
    Some(format!("no node takes the pod: {}", scheduled["message"].as_str().unwrap_or("no reason is given")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(state: &Value) -> State {
        let manifest = json!({"status": {"containerStatuses": [{"state": state}]}});
        State::of(&LiveObject { object: ObjectRef::namespaced("v1", "Pod", "airlock", "p"), manifest, ready: false })
    }

    #[test]
    fn an_image_is_pulled_when_its_container_was_tried() {
        assert_eq!(state(&json!({"running": {}})), State::Pulled);
        assert_eq!(state(&json!({"terminated": {"exitCode": 1}})), State::Pulled);
        assert_eq!(state(&json!({"waiting": {"reason": "CreateContainerConfigError"}})), State::Pulled);
    }

    #[test]
    fn a_failed_pull_keeps_the_kubelets_words() {
        let message = "failed to pull and unpack image: tls: failed to verify certificate: x509: certificate signed by unknown authority";
        assert_eq!(state(&json!({"waiting": {"reason": "ErrImagePull", "message": message}})), State::Failed(Seen { fault: Fault::Trust, message: message.into() }));
    }

    #[test]
    fn a_back_off_without_a_reason_is_waited_for() {
        assert!(matches!(state(&json!({"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"x\""}})), State::Waiting(_)));
    }

    #[test]
    fn a_pod_that_no_node_takes_says_why() {
        let manifest = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"}]}});
        let live = LiveObject { object: ObjectRef::namespaced("v1", "Pod", "airlock", "p"), manifest, ready: false };
        assert_eq!(State::of(&live), State::Waiting("no node takes the pod: 0/1 nodes are available".into()));
    }
}
