//! Objects that follow from what a component declares: its account with its rights, and its volumes.

use airlock_model::Right;
use serde_json::{Value, json};

use crate::component::ComponentSpec;
use crate::sizing::ComponentSize;

const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// The account of a component's pods. Its token is mounted only where rights are declared, and then by the pod.
pub(crate) fn account(spec: &ComponentSpec) -> Value {
    json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": spec.name }, "automountServiceAccountToken": false })
}

/// Role and binding, where rights are declared.
pub(crate) fn role(spec: &ComponentSpec, namespace: &str) -> Vec<Value> {
    if spec.rights.is_empty() {
        return Vec::new();
    }
    let rules: Vec<Value> = spec
        .rights
        .iter()
        .map(|right| {
            let mut rule = json!({ "apiGroups": [right.group], "resources": right.resources, "verbs": right.verbs });
            if !right.names.is_empty() {
                rule["resourceNames"] = json!(right.names);
            }
            rule
        })
        .collect();
    vec![
        json!({ "apiVersion": RBAC, "kind": "Role", "metadata": { "name": spec.name }, "rules": rules }),
        json!({
            "apiVersion": RBAC,
            "kind": "RoleBinding",
            "metadata": { "name": spec.name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": spec.name },
            "subjects": [{ "kind": "ServiceAccount", "name": spec.name, "namespace": namespace }],
        }),
    ]
}

/// The rights of a component's pods, as the plan words them.
pub(crate) fn rights(spec: &ComponentSpec, namespace: &str) -> Vec<Right> {
    let mut rights: Vec<Right> = spec
        .rights
        .iter()
        .flat_map(|right| {
            right.resources.iter().flat_map(move |resource| {
                right.verbs.iter().map(move |verb| Right { group: right.group.clone(), resource: resource.clone(), verb: verb.clone(), namespace: Some(namespace.to_owned()) })
            })
        })
        .collect();
    rights.sort();
    rights.dedup();
    rights
}

/// The claims of a component's volumes. Not templates of a `StatefulSet`: those cannot grow, and would escape the inventory.
pub(crate) fn claims(spec: &ComponentSpec, size: &ComponentSize, class: Option<&str>) -> Vec<Value> {
    spec.volumes
        .keys()
        .filter_map(|volume| {
            let size = size.volumes.get(volume)?;
            let mut claim = json!({
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": { "name": format!("{}-{volume}", spec.name) },
                "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } } },
            });
            if let Some(class) = class {
                claim["spec"]["storageClassName"] = json!(class);
            }
            Some(claim)
        })
        .collect()
}
