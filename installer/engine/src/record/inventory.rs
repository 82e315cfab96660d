//! Everything that was applied, in as many `ConfigMap`s as it takes.
//!
//! An object stands here before it is made, so that a run killed in between leaves none behind that nobody knows of; an
//! entry without an object is harmless.

use airlock_cluster::Cluster;
use airlock_model::{Inventory, Object, ObjectRef, names};
use serde::{Deserialize, Serialize};

use super::{config_map, document, malformed, parse};
use crate::ApplyError;

/// The API server refuses objects above 1.5 MiB (etcd's limit) and `ConfigMap`s above 1 MiB of data.
const LARGEST_PART: usize = 900 * 1024;
const KEY: &str = "inventory.json";

/// One part as it is stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    schema: u32,
    parts: usize,
    objects: Vec<ObjectRef>,
}

/// Reads what was applied; empty when nothing was.
pub async fn read(cluster: &Cluster, namespace: &str) -> Result<Inventory, ApplyError> {
    let mut objects = Vec::new();
    let mut parts = 1;
    let mut number = 0;
    while number < parts {
        let name = name(number);
        let Some(document) = document(cluster, namespace, &name, KEY).await? else { break };
        let part: Part = parse(&name, document)?;
        parts = part.parts;
        objects.extend(part.objects);
        number += 1;
    }
    Ok(sorted(objects))
}

/// Writes the inventory and removes parts that it no longer needs. `former` is what stands there now.
pub(crate) async fn write(cluster: &Cluster, namespace: &str, installation: &str, former: &Inventory, inventory: &Inventory) -> Result<(), ApplyError> {
    if former == inventory {
        return Ok(());
    }
    let parts = split(inventory, LARGEST_PART);
    let before = split(former, LARGEST_PART).len();
    for (number, objects) in parts.iter().enumerate() {
        let object = object(namespace, installation, number, parts.len(), objects)?;
        cluster.apply(&object).await.map_err(ApplyError::of)?;
    }
    for number in parts.len()..before {
        cluster.delete(&reference(namespace, number)).await.map_err(ApplyError::of)?;
    }
    Ok(())
}

/// Removes the inventory.
pub(crate) async fn remove(cluster: &Cluster, namespace: &str, former: &Inventory) -> Result<(), ApplyError> {
    for number in 0..split(former, LARGEST_PART).len() {
        cluster.delete(&reference(namespace, number)).await.map_err(ApplyError::of)?;
    }
    Ok(())
}

/// What is there and what comes to it.
pub(crate) fn union(inventory: &Inventory, more: impl Iterator<Item = ObjectRef>) -> Inventory {
    sorted(inventory.objects.iter().cloned().chain(more).collect())
}

/// What is left when something goes away; what lies in a namespace goes with it.
pub(crate) fn without(inventory: &Inventory, gone: &[ObjectRef]) -> Inventory {
    let namespaces: Vec<&str> = gone.iter().filter(|object| object.kind == "Namespace").map(|object| object.name.as_str()).collect();
    let is_gone = |object: &ObjectRef| gone.contains(object) || object.namespace.as_deref().is_some_and(|namespace| namespaces.contains(&namespace));
    Inventory { objects: inventory.objects.iter().filter(|object| !is_gone(object)).cloned().collect() }
}

fn sorted(mut objects: Vec<ObjectRef>) -> Inventory {
    objects.sort();
    objects.dedup();
    Inventory { objects }
}

fn name(number: usize) -> String {
    format!("{}{number}", names::INVENTORY_PREFIX)
}

fn reference(namespace: &str, number: usize) -> ObjectRef {
    ObjectRef::namespaced("v1", "ConfigMap", namespace, &name(number))
}

fn object(namespace: &str, installation: &str, number: usize, parts: usize, objects: &[ObjectRef]) -> Result<Object, ApplyError> {
    let part = Part { schema: names::RECORD_SCHEMA, parts, objects: objects.to_vec() };
    let text = serde_json::to_string(&part).map_err(|error| malformed(&error))?;
    config_map(namespace, &name(number), "inventory", installation, KEY, text)
}

/// Parts of which none is larger than `largest` bytes of JSON; at least one, so that an empty inventory is one that was written.
fn split(inventory: &Inventory, largest: usize) -> Vec<Vec<ObjectRef>> {
    let mut parts = vec![Vec::new()];
    let mut size = 0;
    for object in &inventory.objects {
        // The fixed words around the four texts, generously.
        let length = 80 + object.api_version.len() + object.kind.len() + object.name.len() + object.namespace.as_ref().map_or(0, String::len);
        if size + length > largest && size > 0 {
            parts.push(Vec::new());
            size = 0;
        }
        size += length;
        if let Some(part) = parts.last_mut() {
            part.push(object.clone());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(count: usize) -> Inventory {
        sorted((0..count).map(|n| ObjectRef::namespaced("networking.k8s.io/v1", "NetworkPolicy", "airlock", &format!("policy-{n:05}"))).collect())
    }

    #[test]
    fn no_part_is_larger_than_allowed_and_nothing_is_lost() {
        let inventory = inventory(1000);
        let parts = split(&inventory, 10_000);
        assert!(parts.len() > 1);
        for objects in &parts {
            assert!(serde_json::to_string(objects).unwrap().len() <= 10_000);
        }
        assert_eq!(parts.concat(), inventory.objects);
    }

    #[test]
    fn an_empty_inventory_is_one_part() {
        assert_eq!(split(&Inventory::default(), 100), vec![Vec::<ObjectRef>::new()]);
    }

    #[test]
    fn each_object_stands_once_and_sorted() {
        let object = |name: &str| ObjectRef::namespaced("v1", "Secret", "a", name);
        assert_eq!(sorted(vec![object("b"), object("a"), object("b")]).objects, [object("a"), object("b")]);
    }

    #[test]
    fn what_lies_in_a_namespace_goes_with_it() {
        let secret = |namespace: &str| ObjectRef::namespaced("v1", "Secret", namespace, "s");
        let all = union(&Inventory::default(), [secret("a"), secret("b"), ObjectRef::cluster("v1", "Namespace", "a")].into_iter());
        assert_eq!(without(&all, &[ObjectRef::cluster("v1", "Namespace", "a")]).objects, [secret("b")]);
        assert_eq!(without(&all, &[secret("b")]).objects.len(), 2);
    }

    #[test]
    fn a_part_says_how_many_there_are() {
        let object = object("airlock", "abc", 1, 2, &inventory(1).objects).unwrap();
        let text = object.manifest().pointer("/data/inventory.json").and_then(serde_json::Value::as_str).unwrap();
        let part: Part = serde_json::from_str(text).unwrap();
        assert_eq!((object.reference().name.as_str(), part.parts, part.objects.len()), ("airlock-inventory-1", 2, 1));
    }
}
