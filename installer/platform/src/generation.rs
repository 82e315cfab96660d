//! Which pods restart because a Secret that they read once is made anew: exactly its consumers (DESIGN.md §9).
//!
//! A Secret bears, as a label, the generation in which it was made; a workload's pods bear, as an annotation, the newest
//! generation of all that they read. Making a Secret anew gives it a generation above every one that is known, so its
//! consumers differ from what runs and restart. Everything follows from what is installed: a run that is killed between the
//! Secret and its consumers is caught up with by the next plan, and the plan after that is empty.

use std::collections::BTreeMap;

use airlock_model::{Action, CertificateSpec, CertificateSubject, Installed, LiveObject, Object, ObjectRef, names};
use serde_json::Value;

use crate::desired::DesiredStep;

/// Where a workload's pods bear their generation.
const OF_PODS: &str = "/spec/template/metadata/annotations/airlock-platform.io~1secret-generation";
/// What was made before there was a counter.
const FIRST: u64 = 1;

/// The generations of Secrets as they will be after the plan.
pub(crate) struct Generations {
    of: BTreeMap<ObjectRef, u64>,
    /// Above every known one.
    next: u64,
    /// A `ConfigMap` with an authority's certificate changes with the authority's Secret.
    published: BTreeMap<ObjectRef, ObjectRef>,
}

impl Generations {
    /// As they are before the plan.
    pub(crate) fn new(installed: &Installed, desired: &[DesiredStep]) -> Self {
        let of: BTreeMap<ObjectRef, u64> =
            installed.secrets.iter().map(|live| (live.object.clone(), live.labels.get(names::LABEL_SECRET_GENERATION).and_then(|text| text.parse().ok()).unwrap_or(FIRST))).collect();
        // A Secret that was lost has lost its generation with it; those who read it still bear one that is as high.
        let known = of.values().copied().chain(installed.objects.iter().filter_map(of_pods)).max();
        let next = known.map_or(FIRST, |known| known.saturating_add(1));
        Self { of, next, published: desired.iter().filter_map(|step| published(&step.action)).collect() }
    }

    /// The plan makes this Secret: its generation from then on, as text.
    pub(crate) fn raise(&mut self, secret: ObjectRef) -> String {
        self.of.insert(secret, self.next);
        self.next.to_string()
    }

    /// A Job that is run again for newer Secrets, with their generation; others are as they were.
    pub(crate) fn mark_again(&self, job: Object) -> Object {
        let again = format!("/spec/template/metadata/annotations/{}", names::ANNOTATION_AGAIN.replace('/', "~1"));
        if job.manifest().pointer(&again).is_some() { self.mark(job, None) } else { job }
    }

    /// A workload with the generation of what its pods read once; others are as they were.
    pub(crate) fn mark(&self, object: Object, live: Option<&LiveObject>) -> Object {
        let newest = airlock_render::read_once(&object).iter().filter_map(|read| self.of.get(self.published.get(read).unwrap_or(read))).copied().max();
        let Some(newest) = newest.filter(|_| object.manifest().pointer(OF_PODS).is_some()) else { return object };
        // Never lower than what runs: that would restart it for nothing.
        let newest = newest.max(live.and_then(of_pods).unwrap_or(FIRST));
        let mut manifest = object.manifest().clone();
        if let Some(generation) = manifest.pointer_mut(OF_PODS) {
            *generation = Value::String(newest.to_string());
        }
        // The manifest was an object's before and has lost nothing.
        Object::new(manifest).unwrap_or(object)
    }
}

/// The generation that the pods of a live workload bear.
fn of_pods(live: &LiveObject) -> Option<u64> {
    live.manifest.pointer(OF_PODS)?.as_str()?.parse().ok()
}

fn published(action: &Action) -> Option<(ObjectRef, ObjectRef)> {
    match action {
        Action::Issue(spec @ CertificateSpec { subject: CertificateSubject::Authority { publish: Some(name), .. }, .. }) => {
            Some((ObjectRef::namespaced("v1", "ConfigMap", &spec.namespace, name), spec.object()))
        }
        _ => None,
    }
}
