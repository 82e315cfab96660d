//! Live objects as checks read them: those of the installation's namespaces, or the reason why there are none to judge.

use airlock_model::{LiveObject, Need, Snapshot, names};

pub(crate) fn need(api_version: &str, kind: &str) -> Need {
    Need::Objects { api_version: api_version.into(), kind: kind.into() }
}

/// The namespaces of the installation; a snapshot without any has nothing that could be vouched for.
pub(crate) fn namespaces(given: &Snapshot) -> Result<&[String], String> {
    if given.world.namespaces.is_empty() { Err("no namespace of an installation was given".to_owned()) } else { Ok(&given.world.namespaces) }
}

/// Objects of a kind in those namespaces. An error says why they were not seen; an empty list means that there are none.
pub(crate) fn objects<'a>(given: &'a Snapshot, kind: &str) -> Result<Vec<&'a LiveObject>, String> {
    let namespaces = namespaces(given)?;
    match given.objects.get(kind) {
        None => Err(format!("objects of kind {kind} were not read")),
        Some(Err(reason)) => Err(format!("objects of kind {kind} could not be read: {reason}")),
        Some(Ok(objects)) => {
            let is_ours = |live: &&LiveObject| namespaces.contains(live.object.namespace.as_ref().unwrap_or(&live.object.name));
            Ok(objects.iter().filter(is_ours).collect())
        }
    }
}

/// The installation's pods. A platform without a pod does not run, so an empty list is not seen, not good.
///
/// Pods that carry out attempts come and go while a run looks; those that bear a run's label in the probes' namespace
/// are left out, so that two runs judge the same pods.
pub(crate) fn pods(given: &Snapshot) -> Result<Vec<&LiveObject>, String> {
    let mut pods = objects(given, "Pod")?;
    let is_probe = |live: &LiveObject| live.object.namespace.as_deref() == Some(given.world.probes.as_str()) && label(live, names::LABEL_PROBE_RUN).is_some();
    pods.retain(|live| !is_probe(live));
    if pods.is_empty() { Err(format!("no pod runs in {}", given.world.namespaces.join(", "))) } else { Ok(pods) }
}

/// A label of a live object.
pub(crate) fn label<'a>(live: &'a LiveObject, key: &str) -> Option<&'a str> {
    live.manifest.get("metadata")?.get("labels")?.get(key)?.as_str()
}
