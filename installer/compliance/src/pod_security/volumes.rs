//! Which kinds of volume a pod may mount.

use serde_json::Value;

use super::pod::{Pod, set};
use super::{PodSecurityVersion, Violation};

const RESTRICTED: [&str; 9] = ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"];

fn volumes<'a>(pod: &Pod<'a>) -> impl Iterator<Item = (usize, &'a str, &'a Value)> {
    let volumes = pod.spec.get("volumes").and_then(Value::as_array).into_iter().flatten().enumerate();
    volumes.map(|(index, volume)| (index, volume.get("name").and_then(Value::as_str).unwrap_or("(unnamed)"), volume))
}

pub(super) fn host_path(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    let of_node = volumes(pod).filter_map(|(index, name, volume)| Some((index, name, set(volume, "hostPath")?)));
    of_node.map(|(index, name, value)| Violation::new(format!("/spec/volumes/{index}/hostPath"), Some(value), format!("volume {name} is a folder of the node"))).collect()
}

pub(super) fn restricted(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, name, volume) in volumes(pod) {
        // A volume of no kind becomes an emptyDir by the API's defaults.
        let odd = volume.as_object().into_iter().flatten().find(|(key, value)| *key != "name" && !value.is_null() && !RESTRICTED.contains(&key.as_str()));
        if let Some((kind, _)) = odd {
            found.push(Violation::new(format!("/spec/volumes/{index}"), Some(volume), format!("volume {name} is {kind}")));
        }
    }
    found
}
