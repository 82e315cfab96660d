//! A difference in words, and which values of it may be shown.
//!
//! A value is shown where it is known that nobody keeps a secret there: images, limits, security contexts, ports, mounts,
//! labels. Variables, commands, arguments, probes (their headers), life cycle hooks, and annotations never are, nor is a field
//! that this version does not know.

use serde_json::{Value, json};

use super::difference::{Difference, Step};

/// Fields of a pod's spec whose values are shown.
const OF_POD: [&str; 27] = [
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "priorityClassName",
    "readinessGates",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "serviceAccountName",
    "shareProcessNamespace",
    "tolerations",
    "topologySpreadConstraints",
];
/// Fields of a container whose values are shown.
const OF_CONTAINER: [&str; 11] =
    ["image", "imagePullPolicy", "ports", "resizePolicy", "resources", "restartPolicy", "securityContext", "terminationMessagePath", "terminationMessagePolicy", "volumeDevices", "volumeMounts"];
/// The lists of containers, and what one of each is called.
const CONTAINERS: [(&str, &str); 2] = [("containers", "container"), ("initContainers", "init container")];
/// How many characters of a value stand in a sentence.
const LONGEST: usize = 160;

/// What is told of a value; none: nothing.
pub(super) fn shown(of: &Difference<'_>, value: &Value) -> Option<Value> {
    match of.names()[..] {
        ["metadata", "labels", ..] | ["spec", "volumes", _, "hostPath", ..] => Some(value.clone()),
        ["spec", "containers" | "initContainers", _] => Some(json!({ "name": value["name"], "image": value["image"] })),
        ["spec", "containers" | "initContainers", _, field, ..] => OF_CONTAINER.contains(&field).then(|| value.clone()),
        ["spec", "volumes", _] => Some(volume(value)),
        ["spec", field, ..] => OF_POD.contains(&field).then(|| value.clone()),
        _ => None,
    }
}

/// Of which kind it is, and what it refers to.
fn volume(value: &Value) -> Value {
    let kind = value.as_object().into_iter().flatten().find(|(key, _)| *key != "name");
    let Some((kind, source)) = kind else { return json!({}) };
    let refers = ["path", "secretName", "claimName", "name"].into_iter().filter_map(|key| Some((key.to_owned(), source.get(key)?.clone()))).collect::<serde_json::Map<_, _>>();
    json!({ (kind): refers })
}

/// `container mesh`, `image of container edge`, `securityContext.runAsNonRoot`.
pub(super) fn what(of: &Difference<'_>) -> String {
    let whole = match of.stored.or(of.asked) {
        Some(value) => value,
        None => &Value::Null,
    };
    match &of.at[..] {
        [Step::Field("metadata"), Step::Field("labels"), key] => format!("label {}", key.name()),
        [Step::Field("metadata"), Step::Field("annotations"), key] => format!("annotation {}", key.name()),
        [Step::Field("spec"), Step::Field(list), container, rest @ ..] if called(list).is_some() => {
            let container = format!("{} {}", called(list).unwrap_or_default(), container.name());
            if rest.is_empty() { container } else { format!("{} of {container}", within(rest, whole)) }
        }
        [Step::Field("spec"), rest @ ..] => within(rest, whole),
        _ => of.pointer(),
    }
}

fn called(list: &str) -> Option<&'static str> {
    CONTAINERS.iter().find(|(known, _)| *known == list).map(|(_, called)| *called)
}

fn within(steps: &[Step<'_>], whole: &Value) -> String {
    match steps {
        [Step::Field("env"), name, ..] => format!("variable {}", name.name()),
        [Step::Field("envFrom"), _] => format!("variables of {}", sources(whole)),
        [Step::Field("volumes"), name] => format!("volume {}", name.name()),
        [Step::Field("volumes"), name, rest @ ..] => format!("{} of volume {}", dotted(rest), name.name()),
        [Step::Field("volumeMounts"), path] => format!("mount {}", path.name()),
        [Step::Field("volumeMounts"), path, rest @ ..] => format!("{} of mount {}", dotted(rest), path.name()),
        [Step::Field("ports"), port] => format!("port {}", port.name()),
        [Step::Field("imagePullSecrets"), name] => format!("image pull secret {}", name.name()),
        [Step::Field("tolerations"), _] => "toleration".to_owned(),
        _ => dotted(steps),
    }
}

/// `Secret a` or `ConfigMap b`.
fn sources(entry: &Value) -> String {
    let of = |key: &str, kind: &str| entry.get(key).and_then(|source| source["name"].as_str()).map(|name| format!("{kind} {name}"));
    of("secretRef", "Secret").or_else(|| of("configMapRef", "ConfigMap")).unwrap_or_else(|| "a source".to_owned())
}

fn dotted(steps: &[Step<'_>]) -> String {
    steps.iter().map(Step::name).collect::<Vec<_>>().join(".")
}

/// A value in a sentence.
pub(super) fn short(value: &Value) -> String {
    let text = match (value.as_str(), value.get("image").and_then(Value::as_str)) {
        (Some(text), _) | (None, Some(text)) => text.to_owned(),
        _ => value.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// Whether the API lets it be written after the pod was admitted (Kubernetes API, `ValidatePodUpdate`, subresource `resize`).
pub(super) fn is_written_later(of: &Difference<'_>) -> bool {
    match of.names()[..] {
        ["metadata", ..] | ["spec", "activeDeadlineSeconds" | "resources", ..] => true,
        ["spec", "containers" | "initContainers", _, "image" | "resources", ..] => of.asked.is_some() || of.names().contains(&"resources"),
        ["spec", "tolerations", _] => of.asked.is_none(),
        _ => false,
    }
}
