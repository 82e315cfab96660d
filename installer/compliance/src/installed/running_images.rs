//! REG-010: every container runs an image of the lock, by the digest that the lock gives it.

use airlock_model::{Check, CheckSpec, Digest, Finding, ImageLock, Need, Profile, Severity, Snapshot, SnapshotObject, World};
use serde_json::Value;

use crate::described::{Described, Resting};
use crate::live;
use crate::pod_security::{Pod, Violation};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "REG-010",
        title: "running images are the ones that were shipped",
        severity: Severity::High,
        promises: &["P14"],
        explanation: "Of every container of each live pod: the image in the spec names a digest of the image lock, and the digest that the node reports in status (imageID) is the same; a pod that is still pending runs nothing yet. A node that reports no repository digest leaves it unverified.",
        remedy: "Find who changed the image (see managedFields of the workload) and run `airlock install` again: it puts the shipped one back. Treat what ran until then as unknown code.",
    },
    expected: "image by a digest of the lock, and the same digest in status",
    why: "code runs that nobody shipped, scanned, or approved",
};

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
        match given.planned.as_ref().map(|planned| &planned.images).filter(|lock| !lock.0.is_empty()) {
            // A template runs nothing.
            Some(lock) if pods.iter().any(|pod| pod.at.is_empty()) => pods.iter().filter(|pod| pod.at.is_empty()).map(|pod| judge(pod.object, lock)).collect(),
            Some(_) => vec![TEXTS.unverified(live::PODS, "no pod runs")],
            None => vec![TEXTS.unverified(live::PODS, "the image lock was not given")],
        }
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

/// The digest behind the `@` of a reference. Without one, a digest would be that of a configuration, which no registry knows it by.
fn digest(reference: &str) -> Option<Digest> {
    reference.rsplit_once('@').and_then(|(_, digest)| digest.parse().ok())
}

fn reported<'a>(live: &'a SnapshotObject, container: &str) -> Option<&'a str> {
    let status = live.manifest.get("status")?;
    let all = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"].into_iter().filter_map(|list| status.get(list)?.as_array()).flatten();
    let named = all.filter(|status| status.get("name").and_then(Value::as_str) == Some(container));
    named.filter_map(|status| status.get("imageID")?.as_str()).find(|id| !id.is_empty())
}
