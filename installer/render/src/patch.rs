//! Patches of the answers on rendered objects: JSON merge patches (RFC 7396). One that matches nothing is an error, so that
//! none is silently lost when a release renames an object.

use airlock_model::answers::Patch;
use serde_json::Value;

use crate::RenderError;

/// Applies a patch to every object that it names. `manifests` are all objects of all components.
pub(crate) fn apply<'a>(patch: &Patch, manifests: impl Iterator<Item = &'a mut Value>) -> Result<(), RenderError> {
    let refuse = |why: &'static str| RenderError::PatchRefused { target: patch.target.clone(), why };
    let fields = patch.patch.as_object().ok_or_else(|| refuse("is no map"))?;
    if fields.contains_key("kind") || fields.contains_key("apiVersion") || patch.patch.pointer("/metadata/name").is_some() || patch.patch.pointer("/metadata/namespace").is_some() {
        return Err(refuse("would make another object of it"));
    }
    let mut targets = Vec::new();
    let mut matched = false;
    for manifest in manifests {
        let target = format!("{}/{}", manifest["kind"].as_str().unwrap_or_default(), manifest["metadata"]["name"].as_str().unwrap_or_default());
        if target == patch.target {
            // The plan lists the connections that are allowed; a policy changed behind its back would make that list wrong.
            if manifest["kind"] == "NetworkPolicy" {
                return Err(refuse("changes a NetworkPolicy; say it in network.peers or network.egress"));
            }
            merge(manifest, &patch.patch);
            matched = true;
        }
        targets.push(target);
    }
    if matched { Ok(()) } else { Err(RenderError::PatchUnmatched { target: patch.target.clone(), nearest: nearest(&patch.target, targets) }) }
}

/// Targets of the same name or kind, as suggestions.
fn nearest(wanted: &str, mut targets: Vec<String>) -> Vec<String> {
    let (kind, name) = wanted.split_once('/').unwrap_or(("", wanted));
    targets.retain(|target| target.split_once('/').is_some_and(|(other_kind, other_name)| other_kind.eq_ignore_ascii_case(kind) || other_name == name));
    targets.sort();
    targets.dedup();
    targets
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(present) = target {
        for (key, value) in fields {
            if value.is_null() {
                present.shift_remove(key);
            } else {
                merge(present.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(target: &str, patch: Value) -> Result<Vec<Value>, RenderError> {
        let mut manifests = vec![
            json!({ "kind": "Deployment", "metadata": { "name": "edge" }, "spec": { "replicas": 1, "strategy": { "type": "A" } } }),
            json!({ "kind": "NetworkPolicy", "metadata": { "name": "edge" } }),
        ];
        apply(&Patch { target: target.into(), patch, reason: "r".into() }, manifests.iter_mut())?;
        Ok(manifests)
    }

    #[test]
    fn merges_as_rfc_7396_says() {
        let manifests = patched("Deployment/edge", json!({ "spec": { "replicas": 3, "strategy": null, "list": [1] } })).unwrap();
        assert_eq!(manifests[0]["spec"], json!({ "replicas": 3, "list": [1] }));
    }

    /// Appendix A of RFC 7396: original, patch, result.
    #[test]
    fn gives_what_the_examples_of_rfc_7396_give() {
        let cases = [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ];
        for (mut original, patch, result) in cases {
            merge(&mut original, &patch);
            assert_eq!(original, result, "{patch}");
        }
    }

    #[test]
    fn a_patch_that_matches_nothing_names_what_would_match() {
        let error = patched("deployment/edg", json!({ "spec": {} })).unwrap_err();
        assert!(matches!(&error, RenderError::PatchUnmatched { nearest, .. } if *nearest == ["Deployment/edge"]), "{error:?}");
    }

    #[test]
    fn what_would_make_the_plan_wrong_is_refused() {
        for (target, patch) in
            [("NetworkPolicy/edge", json!({ "spec": {} })), ("Deployment/edge", json!({ "metadata": { "name": "b" } })), ("Deployment/edge", json!({ "kind": "Pod" })), ("Deployment/edge", json!([]))]
        {
            assert!(matches!(patched(target, patch), Err(RenderError::PatchRefused { .. })), "{target}");
        }
    }
}
