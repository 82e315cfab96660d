//! Why a pod is not ready: not placed, no image, no volume, crashed, or its probe fails.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Event, Pod, Probe};

use super::{Cause, Patience, claim, event, name, one_line};
use crate::observe::Surroundings;

/// From this restart on, a container is not expected to recover.
const RESTARTS: i32 = 3;

/// A container whose probe says no for all the time that its probes give it, and at least so long, is not expected to become ready.
const LEAST_UNREADY: u64 = 120;
/// Exit codes of a program that was told to end: as it likes, killed, terminated.
const ENDED_FROM_OUTSIDE: [i32; 3] = [0, 137, 143];

fn uid(pod: &Pod) -> &str {
    pod.metadata.uid.as_deref().unwrap_or_default()
}

/// Init containers first: the others wait for them.
fn statuses(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let initial = status.and_then(|status| status.init_container_statuses.as_ref()).into_iter().flatten();
    initial.chain(status.and_then(|status| status.container_statuses.as_ref()).into_iter().flatten())
}

fn waiting(status: &ContainerStatus) -> Option<(&str, &str)> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    Some((waiting.reason.as_deref().unwrap_or_default(), waiting.message.as_deref().unwrap_or_default()))
}

/// Exit code and reason of the last end that was an error; in a back-off every end is one.
fn failed_end(status: &ContainerStatus) -> Option<(i32, &str)> {
    let in_back_off = matches!(waiting(status), Some(("CrashLoopBackOff", _)));
    let end = |state: &Option<ContainerState>| state.as_ref().and_then(|state| state.terminated.clone()).filter(|end| in_back_off || end.exit_code != 0);
    let reason = |state: &Option<ContainerState>| if end(state).and_then(|end| end.reason).as_deref() == Some("OOMKilled") { "out of memory" } else { "" };
    for state in [&status.state, &status.last_state] {
        if let Some(end) = end(state) {
            return Some((end.exit_code, reason(state)));
        }
    }
    None
}

fn has_crashed(status: &ContainerStatus) -> bool {
    let running = status.state.as_ref().is_some_and(|state| state.running.is_some());
    failed_end(status).is_some() && !(running && status.ready)
}

/// A container whose last words tell something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crashed {
    pub(crate) pod: String,
    pub(crate) container: String,
    /// It runs again: the words are those of its life before.
    pub(crate) runs_again: bool,
}

/// Containers that ended with an error; a few are enough.
pub(crate) fn crashed(pods: &[Pod]) -> Vec<Crashed> {
    let alive = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
    let all = alive.flat_map(|pod| {
        statuses(pod).filter(|status| has_crashed(status)).map(move |status| {
            let runs_again = status.state.as_ref().is_some_and(|state| state.running.is_some());
            Crashed { pod: name(pod).to_owned(), container: status.name.clone(), runs_again }
        })
    });
    all.take(4).collect()
}

/// Why this pod is not ready.
pub(super) fn cause(pod: &Pod, around: &Surroundings) -> Cause {
    if pod.metadata.deletion_timestamp.is_some() {
        return Cause::new("ending", Patience::AsLongAsItMoves, format!("Pod {} is ending", name(pod)));
    }
    unscheduled(pod, around)
        .or_else(|| statuses(pod).find_map(|status| container(pod, status, around)))
        .or_else(|| failed(pod))
        .or_else(|| outside(pod, around))
        .or_else(|| unready(pod, around))
        .unwrap_or_else(|| Cause::new("starting", Patience::AsLongAsItMoves, format!("Pod {} is starting", name(pod))))
}

fn unscheduled(pod: &Pod, around: &Surroundings) -> Option<Cause> {
    let status = pod.status.as_ref()?;
    let condition = status.conditions.iter().flatten().find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
    let claims = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()).filter_map(|volume| volume.persistent_volume_claim.as_ref()).map(|source| source.claim_name.as_str());
    let words = one_line(condition.message.as_deref().unwrap_or_default());
    // A claim that waits for its consumer is not the reason but a consequence, unless the scheduler says so.
    if words.to_lowercase().contains("persistentvolumeclaim")
        && let Some(cause) = claim::first_unbound(claims, around)
    {
        return Some(cause);
    }
    let grows = event::latest(&around.events, uid(pod), |event| event::has_reason(event, &["TriggeredScaleUp", "Nominated"]));
    let patience = if grows.is_some() { Patience::AsLongAsItMoves } else { Patience::seconds(60) };
    Some(Cause::new("unschedulable", patience, format!("Pod {} fits on no node: {words}", name(pod))))
}

fn container(pod: &Pod, status: &ContainerStatus, around: &Surroundings) -> Option<Cause> {
    if let Some((reason, message)) = waiting(status) {
        match reason {
            "InvalidImageName" | "ErrImageNeverPull" => return Some(Cause::new("image", Patience::NONE, format!("image {} of Pod {} cannot be used: {}", status.image, name(pod), one_line(message)))),
            "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" | "ErrImageInspect" | "SignatureValidationFailed" => return Some(image(pod, status, message, around)),
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
                return Some(Cause::new("container", Patience::seconds(30), format!("container {} of Pod {} cannot be started: {}", status.name, name(pod), one_line(message))));
            }
            _ => {}
        }
    }
    has_crashed(status).then(|| crash(pod, status, around))
}

fn image(pod: &Pod, status: &ContainerStatus, message: &str, around: &Surroundings) -> Cause {
    let is_pull = |event: &&Event| event::has_reason(event, &["Failed"]) && event.message.as_deref().is_some_and(|message| message.contains("ailed to pull image"));
    let pull = event::newest(event::about(&around.events, uid(pod)).filter(is_pull));
    // The back-off's own message may not repeat what the registry said; the event of the pull does.
    let words = pull.filter(|_| !message.contains("rror")).map_or_else(|| one_line(message), event::words);
    let answered = ["not found", "manifest unknown", "denied", "nauthorized", "orbidden", "authentication", "x509", "certificate", "no match for platform"];
    let patience = if answered.iter().any(|part| words.contains(part)) { Patience::seconds(20) } else { Patience::seconds(90) };
    Cause::new("image", patience, format!("image {} of Pod {} cannot be pulled: {words}", status.image, name(pod))).tried(name(pod), pull.map(event::occurrence).unwrap_or_default())
}

fn crash(pod: &Pod, status: &ContainerStatus, around: &Surroundings) -> Cause {
    let (code, reason) = failed_end(status).unwrap_or((-1, ""));
    let reason = if reason.is_empty() { String::new() } else { format!(", {reason}") };
    let words = around.last_words.get(&(name(pod).to_owned(), status.name.clone())).map(|words| one_line(words)).filter(|words| !words.is_empty());
    let words = words.map_or_else(|| "it wrote nothing".to_owned(), |words| format!("its last lines: {words}"));
    let restarts = match status.restart_count {
        0 => String::new(),
        1 => ", restarted once".to_owned(),
        count => format!(", restarted {count} times"),
    };
    let patience = if status.restart_count >= RESTARTS { Patience::NONE } else { Patience::AsLongAsItMoves };
    // Whoever reads should not look for a crash where a probe has ended the program.
    let probe = if ENDED_FROM_OUTSIDE.contains(&code) { event::latest(&around.events, uid(pod), ends_containers) } else { None };
    let probe = probe.map(|words| format!("; {words}")).unwrap_or_default();
    let text = format!("container {} of Pod {} ended with exit code {code}{reason}{restarts}{probe}; {words}", status.name, name(pod));
    Cause::new("crash", patience, text).tried(name(pod), status.restart_count.to_string())
}

/// The pod as a whole was ended: evicted, past its deadline.
fn failed(pod: &Pod) -> Option<Cause> {
    let status = pod.status.as_ref().filter(|status| status.phase.as_deref() == Some("Failed"))?;
    let words = [status.reason.as_deref(), status.message.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
    Some(Cause::new("failed", Patience::seconds(30), format!("Pod {} failed: {}", name(pod), one_line(&words))))
}

/// What keeps containers from being made: volumes, the network.
fn outside(pod: &Pod, around: &Surroundings) -> Option<Cause> {
    if statuses(pod).any(|status| status.started == Some(true) || status.state.as_ref().is_some_and(|state| state.running.is_some())) {
        return None;
    }
    let latest = event::newest(event::about(&around.events, uid(pod)))?;
    let words = event::words(latest);
    if event::has_reason(latest, &["FailedMount", "FailedAttachVolume", "FailedMapVolume"]) {
        return Some(Cause::new("mount", Patience::seconds(90), format!("a volume of Pod {} cannot be mounted: {words}", name(pod))).tried(name(pod), event::occurrence(latest)));
    }
    // What failed before the latest event has been overcome since.
    let text = if event::is_warning(latest) { format!("Pod {} does not start: {words}", name(pod)) } else { format!("Pod {} is starting: {words}", name(pod)) };
    Some(Cause::new("sandbox", Patience::AsLongAsItMoves, text))
}

/// It waits longer and longer before it tries again.
pub(super) fn is_backed_off(pod: &Pod) -> bool {
    statuses(pod).any(|status| matches!(waiting(status), Some(("ImagePullBackOff" | "CrashLoopBackOff", _))) || (status.restart_count >= RESTARTS && has_crashed(status)))
}

/// What a probe said for which the kubelet ends a container.
fn ends_containers(event: &Event) -> bool {
    let words = event.message.as_deref().unwrap_or_default();
    event::has_reason(event, &["Unhealthy"]) && (words.starts_with("Startup probe") || words.starts_with("Liveness probe"))
}

/// How long a container may be unready by its own probes, in seconds: as long as it may take to start, then until it counts as unready.
fn budget(pod: &Pod, container: &str) -> u64 {
    let containers = pod.spec.iter().flat_map(|spec| spec.containers.iter().chain(spec.init_containers.iter().flatten()));
    let Some(container) = containers.into_iter().find(|candidate| candidate.name == container) else { return 0 };
    [&container.startup_probe, &container.readiness_probe].into_iter().flatten().map(duration).sum()
}

fn duration(probe: &Probe) -> u64 {
    let seconds = |value: Option<i32>, usual: u64| value.and_then(|value| u64::try_from(value).ok()).unwrap_or(usual);
    // The API server's defaults: begin at once, every 10 seconds, three times.
    seconds(probe.initial_delay_seconds, 0) + seconds(probe.period_seconds, 10) * seconds(probe.failure_threshold, 3)
}

/// It runs, but its probes say no.
fn unready(pod: &Pod, around: &Surroundings) -> Option<Cause> {
    let status = statuses(pod).find(|status| !status.ready && status.state.as_ref().is_some_and(|state| state.running.is_some()))?;
    let probe = event::latest(&around.events, uid(pod), |event| event::has_reason(event, &["Unhealthy", "ProbeWarning"]));
    // That it is unready is so now, however old the event is: the kubelet soon stops repeating it.
    let patience = if probe.is_some() { Patience::seconds(budget(pod, &status.name).max(LEAST_UNREADY)) } else { Patience::AsLongAsItMoves };
    let words = probe.unwrap_or_else(|| "its probe has not answered yet".to_owned());
    Some(Cause::new("probe", patience, format!("container {} of Pod {} runs but is not ready: {words}", status.name, name(pod))))
}
