//! Waiting until objects are ready, with the cause in one sentence, and no longer than that cause deserves.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use airlock_model::{LiveObject, ObjectRef, Untrusted};
use tokio::time::Instant;

use crate::cause::{self, Cause, Patience};
use crate::observe::Surroundings;
use crate::readiness::is_taken_on_trust;
use crate::{Cluster, ClusterError, Stop, Urgency};

/// Between two looks at what was just begun.
const SHORTEST: Duration = Duration::from_millis(300);
/// Between two looks at what takes long.
const LONGEST: Duration = Duration::from_secs(2);
/// How often it is asked why something is not ready.
const LOOK_EVERY: Duration = Duration::from_millis(1500);

/// How long a workload without probes has to stay ready before it is believed.
const TRUST_AFTER: Duration = Duration::from_secs(3);

/// How long the API server may be away during a wait.
const OUTAGE: Duration = Duration::from_mins(1);

/// How long to wait.
#[derive(Clone, Debug)]
pub struct WaitOptions {
    /// Gives up after this long without progress.
    pub stalled_after: Duration,
    /// Gives up at this moment at the latest.
    pub deadline: Option<Instant>,
    /// Ends the wait early.
    pub stop: Stop,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self { stalled_after: Duration::from_mins(5), deadline: None, stop: Stop::never() }
    }
}

impl WaitOptions {
    pub(crate) fn is_over(&self, progress: Instant, now: Instant) -> bool {
        now.duration_since(progress) >= self.stalled_after || self.deadline.is_some_and(|deadline| now >= deadline)
    }
}

/// One object that is waited for.
#[derive(Debug)]
pub(crate) struct Watched {
    object: ObjectRef,
    cause: Option<Cause>,
    /// Since when it is this cause.
    since: Instant,
    /// States that were seen. A crash loop goes round through old ones, and that is no progress.
    seen: HashSet<String>,
    progress: Instant,
    looked: Option<Instant>,
    ready_since: Option<Instant>,
    /// Trials that had failed when they were first looked at, by who tried. They may be older than what was mended since.
    first_trials: BTreeMap<String, String>,
}

impl Watched {
    pub(crate) fn new(object: ObjectRef) -> Self {
        let now = Instant::now();
        Self { object, cause: None, since: now, seen: HashSet::new(), progress: now, looked: None, ready_since: None, first_trials: BTreeMap::new() }
    }

    /// Ready, and not just for the moment between a start and a crash.
    fn is_ready(&mut self, live: &LiveObject) -> bool {
        if !live.ready {
            self.ready_since = None;
            return false;
        }
        let since = *self.ready_since.get_or_insert_with(Instant::now);
        !is_taken_on_trust(&live.object.kind, &live.manifest) || since.elapsed() >= TRUST_AFTER
    }

    /// Whether it is time to ask why again.
    pub(crate) fn is_due(&self) -> bool {
        self.looked.is_none_or(|looked| looked.elapsed() >= LOOK_EVERY)
    }

    /// Takes note of the state and gives the cause in words.
    pub(crate) fn look(&mut self, live: &LiveObject, around: &Surroundings, now: Instant) -> String {
        self.looked = Some(now);
        if self.seen.insert(cause::state(live, around)) {
            self.progress = now;
        }
        let cause = cause::of(live, around);
        if self.cause.as_ref().is_none_or(|before| before.kind != cause.kind) {
            self.since = now;
        }
        if let Some((who, which)) = &cause.trial {
            self.first_trials.entry(who.clone()).or_insert_with(|| which.clone());
        }
        let text = cause.text.clone();
        self.cause = Some(cause);
        text
    }

    /// Waiting longer changes nothing, or the time is over.
    pub(crate) fn is_final(&self, options: &WaitOptions, now: Instant) -> bool {
        self.cause.as_ref().is_some_and(|cause| self.is_hopeless(cause, now)) || options.is_over(self.progress, now)
    }

    fn is_hopeless(&self, cause: &Cause, now: Instant) -> bool {
        let Patience::Until(limit) = cause.patience else { return false };
        let failed_anew = cause.trial.as_ref().is_none_or(|(who, which)| self.first_trials.get(who).is_some_and(|first| first != which));
        failed_anew && now.duration_since(self.since) >= limit
    }
}

/// Until the next look: what takes long is asked about less often, and known at most a twentieth later.
fn rhythm(waited: Duration) -> Duration {
    (waited / 20).clamp(SHORTEST, LONGEST)
}

/// Sleeps until it is time for the next look at what is waited for since then, unless it is asked to stop.
pub(crate) async fn pause(since: Instant, stop: &Stop) -> Result<(), ClusterError> {
    tokio::select! {
        () = tokio::time::sleep(rhythm(since.elapsed())) => Ok(()),
        () = stop.asked(Urgency::Soon) => Err(ClusterError::Stopped),
    }
}

/// Tells a cause when it is another than before.
fn tell(told: &mut BTreeMap<ObjectRef, String>, object: &ObjectRef, cause: &str, on_cause: &mut impl FnMut(&ObjectRef, &str)) {
    if told.get(object).is_none_or(|before| before != cause) {
        on_cause(object, cause);
        told.insert(object.clone(), cause.to_owned());
    }
}

/// The API server is away. Control planes restart, and what is waited for goes on without them.
fn is_outage(error: &ClusterError) -> bool {
    matches!(error, ClusterError::Unreachable { .. } | ClusterError::Timeout { .. } | ClusterError::Failing { .. })
}

impl Cluster {
    /// Waits until all objects are ready. Each cause is told when it changes; a final one ends the wait.
    pub async fn wait_ready(&self, objects: &[ObjectRef], options: &WaitOptions, mut on_cause: impl FnMut(&ObjectRef, &str)) -> Result<(), ClusterError> {
        let mut pending: BTreeMap<ObjectRef, Watched> = objects.iter().map(|object| (object.clone(), Watched::new(object.clone()))).collect();
        let mut told: BTreeMap<ObjectRef, String> = BTreeMap::new();
        let mut silent_since = None;
        let began = Instant::now();
        while !pending.is_empty() {
            let refs: Vec<ObjectRef> = pending.keys().cloned().collect();
            let live = match self.live_by_listing(&refs).await {
                Ok(live) => {
                    silent_since = None;
                    live
                }
                Err(error) if is_outage(&error) && silent_since.get_or_insert_with(Instant::now).elapsed() < OUTAGE => {
                    tell(&mut told, &refs[0], &format!("the API server does not answer at present: {error}"), &mut on_cause);
                    pause(began, &options.stop).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            for live in &live {
                if pending.get_mut(&live.object).is_some_and(|watched| watched.is_ready(live)) {
                    pending.remove(&live.object);
                }
            }
            if pending.is_empty() {
                break;
            }
            if let Some(missing) = pending.keys().find(|object| live.iter().all(|live| live.object != **object)) {
                return Err(ClusterError::NotFound { object: missing.clone(), message: "it was deleted while it was waited for".into() });
            }
            if pending.values().any(Watched::is_due) {
                self.look_at(&mut pending, &live, &mut told, &mut on_cause).await;
                // The one that is beyond hope is named rather than one that merely waits beside it.
                if let Some(watched) = pending.values().find(|watched| watched.is_final(options, Instant::now())) {
                    let cause = watched.cause.as_ref().map(|cause| cause.text.clone()).unwrap_or_default();
                    return Err(ClusterError::NotReady { object: watched.object.clone(), cause: Untrusted::from(cause) });
                }
            }
            pause(began, &options.stop).await?;
        }
        Ok(())
    }

    async fn look_at(&self, pending: &mut BTreeMap<ObjectRef, Watched>, live: &[LiveObject], told: &mut BTreeMap<ObjectRef, String>, on_cause: &mut impl FnMut(&ObjectRef, &str)) {
        let mut around: BTreeMap<String, Surroundings> = BTreeMap::new();
        for live in live.iter().filter(|live| !live.ready) {
            let Some(watched) = pending.get_mut(&live.object) else { continue };
            let namespace = live.object.namespace.clone().unwrap_or_default();
            if !around.contains_key(&namespace) {
                around.insert(namespace.clone(), self.surroundings(&namespace).await);
            }
            let cause = watched.look(live, &around[&namespace], Instant::now());
            tell(told, &live.object, &cause, on_cause);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn crashing(restarts: i32) -> Surroundings {
        let status = json!({"phase": "Running", "containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": restarts,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}]});
        Surroundings { pods: serde_json::from_value(json!([{"metadata": {"name": "p"}, "status": status}])).unwrap(), ..Surroundings::default() }
    }

    #[test]
    fn what_takes_long_is_looked_at_less_often() {
        let paces = [0, 6, 20, 40, 3600].map(|waited| rhythm(Duration::from_secs(waited)).as_millis());
        assert_eq!(paces, [300, 300, 1000, 2000, 2000]);
    }

    #[test]
    fn a_crash_from_before_the_wait_ends_it_only_when_it_happens_again() {
        let object = ObjectRef::namespaced("v1", "Pod", "n", "p");
        let live = LiveObject { object: object.clone(), manifest: json!({}), ready: false };
        let mut watched = Watched::new(object);
        let (options, now) = (WaitOptions::default(), Instant::now());
        let later = now + Duration::from_mins(2);
        watched.look(&live, &crashing(7), now);
        watched.look(&live, &crashing(7), later);
        assert!(!watched.is_final(&options, later), "what made it crash may be mended");
        watched.look(&live, &crashing(8), later);
        assert!(watched.is_final(&options, later), "it is not");
    }

    #[test]
    fn without_a_new_state_a_wait_ends_after_its_time() {
        let object = ObjectRef::namespaced("apps/v1", "Deployment", "n", "d");
        let live = LiveObject { object: object.clone(), manifest: json!({"status": {}}), ready: false };
        let mut watched = Watched::new(object);
        let (options, now) = (WaitOptions::default(), Instant::now());
        watched.look(&live, &Surroundings::default(), now);
        let (almost, over) = (now + Duration::from_secs(299), now + Duration::from_mins(5));
        watched.look(&live, &Surroundings::default(), almost);
        assert!(!watched.is_final(&options, almost) && watched.is_final(&options, over));
    }

    #[test]
    fn a_cause_is_told_once_until_it_changes() {
        let object = ObjectRef::namespaced("v1", "Pod", "n", "p");
        let (mut told, mut heard) = (BTreeMap::new(), Vec::new());
        for cause in ["a", "a", "b", "a"] {
            tell(&mut told, &object, cause, &mut |_, cause| heard.push(cause.to_owned()));
        }
        assert_eq!(heard, ["a", "b", "a"]);
    }
}
