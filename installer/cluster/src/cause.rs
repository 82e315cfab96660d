//! Why something is not ready, in one sentence, and whether waiting longer can help. Pure.

use std::time::Duration;

use airlock_model::LiveObject;
use k8s_openapi::api::core::v1::Pod;
use serde_json::Value;

use crate::observe::Surroundings;

mod certificate;
mod claim;
mod event;
mod pod;
mod progress;
mod workload;

pub(crate) use pod::{Crashed, crashed};
pub(crate) use progress::state;
pub(crate) use workload::backed_off;

/// A cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Its kind: as long as that stays, it is the same cause, although words and counters change.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) patience: Patience,
    /// Who tried last, and which trial that was. A failure of yesterday says nothing about today: one trial has to fail anew.
    pub(crate) trial: Option<(String, String)>,
}

/// How long waiting makes sense. Ordered by how little.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Patience {
    /// When it stays so long, it will not go away by itself.
    Until(Duration),
    /// Other things may yet happen.
    AsLongAsItMoves,
}

impl Patience {
    const NONE: Self = Self::Until(Duration::ZERO);

    const fn seconds(seconds: u64) -> Self {
        Self::Until(Duration::from_secs(seconds))
    }
}

impl Cause {
    fn new(kind: &'static str, patience: Patience, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), patience, trial: None }
    }

    fn tried(self, who: &str, which: impl Into<String>) -> Self {
        Self { trial: Some((who.to_owned(), which.into())), ..self }
    }
}

/// The cause why this object is not ready.
pub(crate) fn of(live: &LiveObject, around: &Surroundings) -> Cause {
    match live.object.kind.as_str() {
        "Pod" => around
            .pods
            .iter()
            .find(|pod| pod.metadata.name.as_deref() == Some(&live.object.name))
            .map_or_else(|| Cause::new("unseen", Patience::AsLongAsItMoves, "it was not seen yet"), |pod| pod::cause(pod, around)),
        "PersistentVolumeClaim" => claim::cause(&live.object.name, around),
        "Certificate" => certificate::cause(live),
        "Service" => balancer(live, around),
        "Namespace" => Cause::new("ending", Patience::AsLongAsItMoves, "it is being deleted"),
        _ => workload::cause(live, around),
    }
}

/// Providers announce at once that they begin; one that has not by then is not there.
const NOBODY: Patience = Patience::seconds(90);

/// A Service of type `LoadBalancer` without an address.
fn balancer(live: &LiveObject, around: &Surroundings) -> Cause {
    let uid = live.manifest.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default();
    if let Some(words) = event::latest(&around.events, uid, event::is_warning) {
        return Cause::new("load-balancer", Patience::AsLongAsItMoves, format!("the load balancer has no address: {words}"));
    }
    if let Some(words) = event::latest(&around.events, uid, |_| true) {
        return Cause::new("load-balancer", Patience::AsLongAsItMoves, format!("the load balancer has no address yet: {words}"));
    }
    Cause::new("load-balancer-silent", NOBODY, "the load balancer has no address; no provider of load balancers has said anything about it".to_owned())
}

fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

/// Foreign words as part of a sentence: one line, without the full stop.
fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut joined = lines.join(" | ");
    if joined.chars().count() > 600 {
        joined = joined.chars().take(600).chain(['…']).collect();
    }
    joined.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
