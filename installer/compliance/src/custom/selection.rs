//! Objects that a check asks for, out of what was given.

use airlock_model::{Need, ObjectMatch, Snapshot, SnapshotObject, Source};

use crate::live;
use crate::manifests;
use crate::profile::matches_glob;

/// What must be collected.
pub(super) fn needs(selection: &ObjectMatch) -> impl Iterator<Item = Need> {
    selection.kinds.iter().map(|kind| live::need(&selection.api_version, kind))
}

/// The objects, in the order of their names. An error says why they were not seen; an empty list means that there are none.
///
/// Of a cluster those of the installation's namespaces are seen, and those that have none.
pub(super) fn objects<'a>(given: &'a Snapshot, selection: &ObjectMatch) -> Result<Vec<&'a SnapshotObject>, String> {
    let group = selection.api_version.split_once('/').map_or("", |(group, _)| group);
    let mut found = Vec::new();
    for kind in &selection.kinds {
        let objects = match given.objects.get(&manifests::key(group, kind)) {
            None if given.source == Source::Files => continue,
            None => return Err(format!("objects of kind {kind} of {} were not read", selection.api_version)),
            Some(Err(reason)) => return Err(format!("objects of kind {kind} could not be read: {reason}")),
            Some(Ok(objects)) => objects,
        };
        let namespaces = if given.source == Source::Files { &[] } else { live::namespaces(given)? };
        let is_ours = |object: &SnapshotObject| match (&object.object.namespace, kind.as_str()) {
            _ if given.source == Source::Files => true,
            (Some(namespace), _) => namespaces.contains(namespace),
            (None, "Namespace") => namespaces.contains(&object.object.name),
            (None, _) => true,
        };
        found.extend(objects.iter().filter(|object| object.object.group() == group && is_ours(object) && is_meant(object, selection)));
    }
    found.sort_by(|a, b| (&a.object, &a.place).cmp(&(&b.object, &b.place)));
    Ok(found)
}

/// A namespace counts by its own name; what has none is meant where no namespace is named.
fn is_meant(object: &SnapshotObject, selection: &ObjectMatch) -> bool {
    let of_kind = if object.object.kind == "Namespace" { &object.object.name } else { live::namespace(object) };
    selection.namespaces.is_empty() || selection.namespaces.iter().any(|glob| matches_glob(glob, of_kind))
}
