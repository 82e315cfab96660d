//! Pods that Airlock starts itself: run to the end, or left running for others to connect to.

use std::net::IpAddr;
use std::time::Duration;

use airlock_model::{LiveObject, Object, ObjectRef, Untrusted};
use serde_json::Value;
use tokio::time::Instant;

use crate::wait::{WaitOptions, Watched, pause};
use crate::{Cluster, ClusterError, Stop};

/// What is shown of a failed pod's log.
const LAST_LINES: u32 = 20;

/// How long a pod may take.
#[derive(Clone, Debug)]
pub struct PodTimes {
    /// From creation until it runs.
    pub start: Duration,
    /// From running until it ended.
    pub run: Duration,
    /// Ends the wait early.
    pub stop: Stop,
}

impl Default for PodTimes {
    fn default() -> Self {
        Self { start: Duration::from_mins(2), run: Duration::from_mins(2), stop: Stop::never() }
    }
}

/// A pod that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedPod {
    /// Which pod.
    pub object: ObjectRef,
    /// Its address.
    pub address: IpAddr,
    /// The node it runs on.
    pub node: String,
}

fn phase(live: &LiveObject) -> &str {
    live.manifest.pointer("/status/phase").and_then(Value::as_str).unwrap_or_default()
}

impl Cluster {
    /// Runs a pod to its end and gives its log; the pod is removed in any case. A leftover of the same name goes first.
    ///
    /// The kubelet keeps one log for both streams: a pod that is to be read should be silent on stderr.
    pub async fn run_pod(&self, pod: &Object, times: &PodTimes) -> Result<String, ClusterError> {
        let outcome = self.run_to_end(pod, times).await;
        let removed = self.end_pod(pod.reference()).await;
        let log = outcome?;
        removed?;
        Ok(log)
    }

    async fn run_to_end(&self, pod: &Object, times: &PodTimes) -> Result<String, ClusterError> {
        let object = pod.reference();
        self.make_pod(pod).await?;
        let options = WaitOptions { stalled_after: times.start, deadline: None, stop: times.stop.clone() };
        let mut watched = Watched::new(object.clone());
        let mut running = None;
        let began = Instant::now();
        loop {
            let live = self.get(object).await?.ok_or_else(|| ClusterError::NotFound { object: object.clone(), message: "it was deleted while it ran".into() })?;
            match phase(&live) {
                "Succeeded" => return self.pod_log(object, None).await,
                "Failed" => {
                    let log = self.pod_log(object, Some(LAST_LINES)).await.unwrap_or_default();
                    return Err(ClusterError::PodFailed { object: Box::new(object.clone()), exit_code: exit_code(&live.manifest), log: log.into() });
                }
                "Running" => {
                    let since = *running.get_or_insert_with(Instant::now);
                    if since.elapsed() > times.run {
                        let log = self.pod_log(object, Some(LAST_LINES)).await.unwrap_or_default();
                        let cause = format!("it runs for more than {} s; its last lines: {}", times.run.as_secs(), log.trim_end());
                        return Err(ClusterError::NotReady { object: object.clone(), cause: cause.into() });
                    }
                }
                _ => self.judge(&mut watched, &live, &options).await?,
            }
            pause(began, &times.stop).await?;
        }
    }

    /// Starts a pod and comes back when it is ready and has an address. A leftover of the same name goes first.
    pub async fn start_pod(&self, pod: &Object, times: &PodTimes) -> Result<StartedPod, ClusterError> {
        let object = pod.reference();
        self.make_pod(pod).await?;
        let options = WaitOptions { stalled_after: times.start, deadline: None, stop: times.stop.clone() };
        let mut watched = Watched::new(object.clone());
        let began = Instant::now();
        loop {
            let live = self.get(object).await?.ok_or_else(|| ClusterError::NotFound { object: object.clone(), message: "it was deleted while it started".into() })?;
            if let Some(address) = address(&live).filter(|_| live.ready) {
                let node = live.manifest.pointer("/spec/nodeName").and_then(Value::as_str).unwrap_or_default().to_owned();
                return Ok(StartedPod { object: object.clone(), address, node });
            }
            if matches!(phase(&live), "Succeeded" | "Failed") {
                let log = self.pod_log(object, Some(LAST_LINES)).await.unwrap_or_default();
                return Err(ClusterError::PodFailed { object: Box::new(object.clone()), exit_code: exit_code(&live.manifest), log: log.into() });
            }
            self.judge(&mut watched, &live, &options).await?;
            pause(began, &times.stop).await?;
        }
    }

    /// The address of a pod, once it has one.
    pub async fn pod_address(&self, namespace: &str, name: &str) -> Result<Option<IpAddr>, ClusterError> {
        let live = self.get(&ObjectRef::namespaced("v1", "Pod", namespace, name)).await?;
        Ok(live.as_ref().and_then(address))
    }

    async fn make_pod(&self, pod: &Object) -> Result<(), ClusterError> {
        if self.create(pod).await? {
            return Ok(());
        }
        let object = pod.reference();
        self.end_pod(object).await?;
        let options = WaitOptions { stalled_after: Duration::from_mins(1), ..WaitOptions::default() };
        self.wait_gone(std::slice::from_ref(object), &options, |_, _| {}).await?;
        if self.create(pod).await? { Ok(()) } else { Err(ClusterError::Changed { object: object.clone(), message: "another run makes the same pod".into() }) }
    }

    /// Ends the wait for a pod when its cause is final or the time is over.
    async fn judge(&self, watched: &mut Watched, live: &LiveObject, options: &WaitOptions) -> Result<(), ClusterError> {
        if !watched.is_due() {
            return Ok(());
        }
        let namespace = live.object.namespace.clone().unwrap_or_default();
        let around = self.surroundings(&namespace).await;
        let cause = watched.look(live, &around, Instant::now());
        if watched.is_final(options, Instant::now()) { Err(ClusterError::NotReady { object: live.object.clone(), cause: Untrusted::from(cause) }) } else { Ok(()) }
    }
}

fn address(live: &LiveObject) -> Option<IpAddr> {
    live.manifest.pointer("/status/podIP")?.as_str()?.parse().ok()
}

fn exit_code(pod: &Value) -> i32 {
    pod.pointer("/status/containerStatuses")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|status| status.pointer("/state/terminated/exitCode").and_then(Value::as_i64))
        .find(|code| *code != 0)
        .and_then(|code| i32::try_from(code).ok())
        .unwrap_or(-1)
}
