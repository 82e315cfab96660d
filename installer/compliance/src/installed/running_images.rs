//! REG-004: every image is named by its digest, and what runs in a cluster is the image of the lock.

use airlock_model::{Check, CheckSpec, Finding, ImageLock, Need, Profile, Severity, Snapshot, SnapshotObject, Source, World};
use serde_json::Value;

use crate::described::{Described, Resting};
use crate::live::{self, PodOf};
use crate::objects::without_digest;
use crate::pod_images::{digest, reported};
use crate::pod_security::{Pod, Violation};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "REG-004",
        title: "images are named by digest, and running ones are those that were shipped",
        severity: Severity::High,
        promises: &["P14"],
        explanation: "image of every init, main, and ephemeral container of each pod and template, and of volumes that are images: it ends in a digest of SHA-256. A tag, whatever it is called, can be moved. Of every container of a live pod besides: the image lock has that digest, and the digest that the node reports in status (imageID) is the same; a pod that is still pending runs nothing yet. A node that reports no repository digest leaves it unverified.",
        remedy: "Write the digest behind the name: `docker buildx imagetools inspect IMAGE` and `crane digest IMAGE` print it. Where another image runs than was shipped, find who changed the image (see managedFields of the workload) and run `airlock install` again: it puts the shipped one back. Treat what ran until then as unknown code.",
    },
    expected: "name@sha256:…; of a live pod a digest of the lock, and the same in status",
    why: "code runs, or will after the next start, that nobody shipped, scanned, or approved",
};

/// What a finding about no running pod in particular is about.
const RUNNING: &str = "running images";

/// The check.
pub(crate) struct RunningImages;

impl Check for RunningImages {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return TEXTS.unseen(live::PODS, unseen),
        };
        let mut findings: Vec<Finding> = pods.iter().flat_map(named).collect();
        if given.source == Source::Files {
            return findings;
        }
        // A template runs nothing; what has no digest has been told.
        let running: Vec<_> = pods.iter().filter(|pod| pod.at.is_empty()).collect();
        match given.planned.as_ref().map(|planned| &planned.images).filter(|lock| !lock.0.is_empty()) {
            None => findings.push(TEXTS.unverified(RUNNING, "the image lock was not given")),
            Some(_) if running.is_empty() => findings.push(TEXTS.unverified(RUNNING, "no pod runs")),
            Some(lock) => findings.extend(running.into_iter().filter(|pod| without_digest(pod).is_some_and(|odd| odd.is_empty())).map(|pod| judge(pod.object, lock))),
        }
        findings
    }
}

/// Whether a pod or template names its images by digest.
fn named(pod: &PodOf<'_>) -> Vec<Finding> {
    match without_digest(pod) {
        Some(found) => TEXTS.each_of_pod(pod, found, "every image is named by its digest"),
        None => vec![TEXTS.unverified(pod.object, "its containers were not given")],
    }
}

/// What one container says of its image.
enum Image {
    Shipped,
    Other(Violation),
    Unknown(String),
}

fn judge(live: &SnapshotObject, lock: &ImageLock) -> Finding {
    let Some(spec) = live.manifest.get("spec") else { return TEXTS.unverified(live, "its containers were not given") };
    let pod = Pod::new(&Value::Null, spec);
    let (mut other, mut unknown, mut count) = (Vec::new(), Vec::new(), 0);
    for container in pod.containers() {
        count += 1;
        match image(live, container.name(), &container.path, container.value, lock) {
            Image::Shipped => {}
            Image::Other(violation) => other.push(violation),
            Image::Unknown(reason) => unknown.push(reason),
        }
    }
    if !other.is_empty() {
        let details: Vec<&str> = other.iter().map(|violation| violation.detail.as_str()).collect();
        TEXTS.fail(live, details.join("; ")).seen(live, &other)
    } else if count == 0 || !unknown.is_empty() {
        TEXTS.unverified(live, if count == 0 { "its containers were not given".to_owned() } else { unknown.join("; ") })
    } else {
        TEXTS.pass(live, format!("{count} containers run digests of the lock"))
    }
}

fn image(live: &SnapshotObject, name: &str, path: &str, container: &Value, lock: &ImageLock) -> Image {
    let reference = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let odd = |detail: String| Image::Other(Violation { path: format!("{path}/image"), value: reference.into(), detail });
    let Some(wanted) = digest(reference) else { return odd(format!("container {name} names its image without a digest")) };
    let Some(shipped) = lock.0.values().find(|locked| locked.digest == wanted) else { return odd(format!("container {name} runs {}, which is not in the lock", wanted.short())) };
    match reported(live, name) {
        // Of a pod that waits for its node or its image nothing runs yet; Airflow's tasks come and go.
        None if live.manifest.pointer("/status/phase").and_then(Value::as_str) == Some("Pending") => Image::Shipped,
        None => Image::Unknown(format!("container {name} ({}): the node has not reported what it runs", shipped.name)),
        Some(id) => match digest(id) {
            Some(running) if running == wanted => Image::Shipped,
            Some(running) => odd(format!("container {name} should run {} and runs {}", wanted.short(), running.short())),
            None => Image::Unknown(format!("container {name} ({}): the node reports no repository digest", shipped.name)),
        },
    }
}
