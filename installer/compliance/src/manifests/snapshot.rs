//! Files joined into what checks are given.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Snapshot, Source, World};

use super::FileObjects;
use super::kinds;
use crate::live;

/// All objects of all files, in the order in which the files were given.
pub fn snapshot(files: impl IntoIterator<Item = FileObjects>) -> Snapshot {
    let mut given = Snapshot { source: Source::Files, ..Snapshot::default() };
    let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for file in files {
        for object in file.objects {
            found.entry(kinds::key(object.object.group(), &object.object.kind)).or_default().push(object);
        }
        given.unread.extend(file.unread);
    }
    given.objects = found.into_iter().map(|(kind, objects)| (kind, Ok(objects))).collect();
    given.world = World { namespaces: namespaces(&given), ..World::default() };
    given
}

/// The namespaces that something runs in, and those that are made.
fn namespaces(given: &Snapshot) -> Vec<String> {
    let used = live::pods(given).into_iter().flatten().map(|pod| live::namespace(pod.object).to_owned());
    let made = live::objects(given, "Namespace").into_iter().flatten().map(|namespace| namespace.object.name.clone());
    used.chain(made).collect::<BTreeSet<_>>().into_iter().collect()
}
