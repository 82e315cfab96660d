//! What a pod has that its template has not, and nobody need be told of: each rule with the place that says so.
//!
//! A template as the API server returns it has the defaults of its fields already. What is left is what Kubernetes does to
//! pods alone. Sources are files of kubernetes/kubernetes 1.37, unless they say otherwise.

use airlock_model::names;
use serde_json::Value;

use super::difference::Difference;
use super::made_from::{Made, Maker};

/// Whether a difference, by the names of its fields, is what is known to be added to pods that were made so.
type Holds = fn(&Difference<'_>, &[&str], &Made<'_>) -> bool;

/// Who adds something and where that is written, and which differences that are.
const RULES: [(&str, Holds); 19] = [
    ("the scheduler binds: pkg/registry/core/pod/storage, BindingREST", |_, names, _| matches!(names, ["spec", "nodeName"])),
    ("the scheduler waits until its gates are taken away: pkg/apis/core/validation, schedulingGates", |of, names, _| matches!(names, ["spec", "schedulingGates", ..]) && of.stored.is_none()),
    ("defaults of pods alone: pkg/apis/core/v1/defaults.go, SetDefaults_Pod", is_default_of_pods),
    ("resizePolicy up to 1.33: pkg/apis/core/v1/defaults.go, setDefaultResizePolicy", is_default_resize_policy),
    ("resources of the pod as a whole follow from its containers': pkg/api/pod, DefaultPodLevelResources", |of, names, made| {
        matches!(names, ["spec", "resources", ..]) && of.asked.is_none() && has(made.template, "/spec/resources")
    }),
    ("label keys become selectors: pkg/registry/core/pod/strategy.go, mutatePodAffinity, mutateTopologySpreadConstraints", is_selector_of_label_keys),
    ("an annotation becomes a field: pkg/registry/core/pod/strategy.go, applyAppArmorVersionSkew", is_app_armor),
    ("what nobody gives when a pod is made: Kubernetes API, subresource ephemeralcontainers of pods", |_, names, _| matches!(names, ["spec", "ephemeralContainers", ..])),
    ("plugin ServiceAccount: plugin/pkg/admission/serviceaccount", is_of_account),
    ("plugin Priority: plugin/pkg/admission/priority", |of, names, made| {
        matches!(names, ["spec", "priority" | "preemptionPolicy"]) || matches!(names, ["spec", "priorityClassName"]) && of.asked.is_none() && !has(made.template, "/spec/priorityClassName")
    }),
    ("plugin DefaultTolerationSeconds: plugin/pkg/admission/defaulttolerationseconds", |of, names, _| {
        matches!(names, ["spec", "tolerations", _]) && of.asked.is_none() && of.stored.is_some_and(is_default_toleration)
    }),
    ("plugin RuntimeClass: plugin/pkg/admission/runtimeclass, setOverhead, setScheduling", |of, names, made| {
        matches!(names, ["spec", "overhead" | "nodeSelector" | "tolerations", ..]) && of.asked.is_none() && has(made.template, "/spec/runtimeClassName")
    }),
    ("plugin PodTopologyLabels: plugin/pkg/admission/podtopologylabels", |_, names, _| matches!(names, ["metadata", "labels", "topology.kubernetes.io/zone" | "topology.kubernetes.io/region"])),
    ("plugin LimitRanger says in words what it set, which is told by itself: plugin/pkg/admission/limitranger", |_, names, _| {
        matches!(names, ["metadata", "annotations", "kubernetes.io/limit-ranger"])
    }),
    ("controller of StatefulSets: pkg/controller/statefulset/stateful_set_utils.go, newVersionedStatefulSetPod", |_, names, made| {
        made.maker == Maker::StatefulSet && is_of_stateful_set(names, made.holder)
    }),
    ("controller of DaemonSets: pkg/controller/daemon/util/daemonset_util.go, CreatePodTemplate, ReplaceDaemonSetPodNodeNameNodeAffinity", |of, names, made| {
        made.maker == Maker::DaemonSet && is_of_daemon_set(of, names)
    }),
    ("controller of Jobs: pkg/controller/job/indexed_job_utils.go, job_controller.go, manageJob", |_, names, made| made.maker == Maker::Job && is_of_job(names, made.holder)),
    (
        "network plugins write which addresses a pod has once it runs: Network Plumbing Working Group 1.3 §2; Calico; OVN-Kubernetes",
        |_, names, _| matches!(names, ["metadata", "annotations", key] if NETWORKS.contains(key)),
    ),
    ("Airlock's renewer makes the kubelet look at files: engine, renew.rs", |_, names, _| matches!(names, ["metadata", "annotations", key] if *key == names::ANNOTATION_RENEWED)),
];

/// Annotations of network plugins.
const NETWORKS: [&str; 6] = [
    "k8s.v1.cni.cncf.io/network-status",
    "k8s.v1.cni.cncf.io/networks-status",
    "cni.projectcalico.org/containerID",
    "cni.projectcalico.org/podIP",
    "cni.projectcalico.org/podIPs",
    "k8s.ovn.org/pod-networks",
];
/// Which node a pod of a `DaemonSet` is for.
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
/// Where a token of the pod's account is mounted.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

pub(super) fn is_known(difference: &Difference<'_>, made: &Made<'_>) -> bool {
    let names = difference.names();
    RULES.iter().any(|(_, holds)| holds(difference, &names, made))
}

fn has(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).is_some_and(|found| !found.is_null() && *found != "")
}

/// A container of the template: what it has at a pointer.
fn in_template<'a>(made: &Made<'a>, list: &str, name: &str) -> Option<&'a Value> {
    made.template.get("spec")?.get(list)?.as_array()?.iter().find(|container| container["name"] == name)
}

fn is_default_of_pods(of: &Difference<'_>, names: &[&str], made: &Made<'_>) -> bool {
    let stored = || of.stored.filter(|_| of.asked.is_none());
    match names {
        // Another name of the same (SetDefaults_PodSpec).
        ["spec", "serviceAccount"] => of.stored == made.pod.pointer("/spec/serviceAccountName"),
        ["spec", "enableServiceLinks"] => stored().is_some_and(|value| *value == true),
        ["spec", "terminationGracePeriodSeconds"] => of.asked.and_then(Value::as_i64).is_some_and(|seconds| seconds < 0),
        // A limit that was asked for is the request, too.
        ["spec", list, container, "resources", "requests", resource] => {
            let limit = in_template(made, list, container).and_then(|container| container.get("resources")?.get("limits")?.get(resource));
            stored().is_some() && stored() == limit
        }
        ["spec", _, _, "ports", port, "hostPort"] => {
            made.template.pointer("/spec/hostNetwork") == Some(&Value::Bool(true)) && stored().is_some_and(|value| port.split('/').next() == Some(&value.to_string()))
        }
        ["spec", _, _, .., "httpGet", "protocol"] => stored().is_some_and(|value| *value == "HTTP1"),
        _ => false,
    }
}

fn is_default_resize_policy(of: &Difference<'_>, names: &[&str], _: &Made<'_>) -> bool {
    let policies = || of.stored.and_then(Value::as_array).into_iter().flatten();
    matches!(names, ["spec", _, _, "resizePolicy"]) && of.asked.is_none() && policies().all(|policy| policy["restartPolicy"] == "NotRequired")
}

fn is_selector_of_label_keys(of: &Difference<'_>, names: &[&str], made: &Made<'_>) -> bool {
    match names {
        ["spec", "topologySpreadConstraints", _, "labelSelector", ..] => {
            let constraints = made.template.pointer("/spec/topologySpreadConstraints").and_then(Value::as_array);
            constraints.into_iter().flatten().any(|constraint| constraint.get("matchLabelKeys").is_some())
        }
        // Terms of affinity are one list, compared as a whole.
        ["spec", "affinity", "podAffinity" | "podAntiAffinity", _] => match (of.asked, of.stored) {
            (Some(asked), Some(stored)) => without_selectors(asked) == without_selectors(stored),
            _ => false,
        },
        _ => false,
    }
}

/// The same without the selectors of terms that have keys of labels.
fn without_selectors(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_selectors).collect(),
        Value::Object(fields) => {
            let has_keys = ["matchLabelKeys", "mismatchLabelKeys"].iter().any(|key| fields.contains_key(*key));
            fields.iter().filter(|(key, _)| !has_keys || *key != "labelSelector").map(|(key, value)| (key.clone(), without_selectors(value))).collect()
        }
        other => other.clone(),
    }
}

fn is_app_armor(of: &Difference<'_>, names: &[&str], made: &Made<'_>) -> bool {
    let ["spec", _, container, "securityContext", "appArmorProfile", ..] = names else { return false };
    let annotation = format!("container.apparmor.security.beta.kubernetes.io/{container}");
    of.asked.is_none() && made.template.pointer("/metadata/annotations").is_some_and(|annotations| annotations.get(annotation).is_some())
}

fn is_of_account(of: &Difference<'_>, names: &[&str], made: &Made<'_>) -> bool {
    let Some(stored) = of.stored.filter(|_| of.asked.is_none()) else { return false };
    match names {
        ["spec", "serviceAccountName"] => *stored == "default",
        ["spec", "imagePullSecrets", _] => made.template.pointer("/spec/imagePullSecrets").and_then(Value::as_array).is_none_or(Vec::is_empty),
        ["spec", "volumes", name] => name.starts_with("kube-api-access-") && is_token_volume(stored),
        ["spec", "containers" | "initContainers", _, "volumeMounts", path] => {
            *path == TOKEN && stored["readOnly"] == true && stored["name"].as_str().is_some_and(|name| is_token_volume_of(made.pod, name))
        }
        _ => false,
    }
}

fn is_token_volume_of(pod: &Value, name: &str) -> bool {
    let volumes = pod.pointer("/spec/volumes").and_then(Value::as_array);
    name.starts_with("kube-api-access-") && volumes.into_iter().flatten().any(|volume| volume["name"] == name && is_token_volume(volume))
}

/// A token, the cluster's authorities, and the namespace (`TokenVolumeSource`), and nothing else of anybody's; `OpenShift` adds an
/// authority of its own.
fn is_token_volume(volume: &Value) -> bool {
    let is_part = |part: &Value| match part.as_object().and_then(|part| part.keys().next()).map(String::as_str) {
        Some("serviceAccountToken") => part["serviceAccountToken"].get("audience").is_none() && part["serviceAccountToken"]["expirationSeconds"] == 3607,
        Some("configMap") => part["configMap"]["name"] == "kube-root-ca.crt" || part["configMap"]["name"] == "openshift-service-ca.crt",
        Some("downwardAPI") => part["downwardAPI"]["items"].as_array().is_some_and(|items| items.iter().all(|item| item["fieldRef"]["fieldPath"] == "metadata.namespace")),
        _ => false,
    };
    volume.pointer("/projected/sources").and_then(Value::as_array).is_some_and(|parts| parts.iter().all(is_part))
}

fn is_default_toleration(toleration: &Value) -> bool {
    let key = toleration["key"] == "node.kubernetes.io/not-ready" || toleration["key"] == "node.kubernetes.io/unreachable";
    key && toleration["operator"] == "Exists" && toleration["effect"] == "NoExecute" && toleration["tolerationSeconds"].is_number()
}

fn is_of_stateful_set(names: &[&str], set: &Value) -> bool {
    let claims = || set.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array).into_iter().flatten();
    match names {
        ["spec", "hostname" | "subdomain"] | ["metadata", "labels", "statefulset.kubernetes.io/pod-name" | "apps.kubernetes.io/pod-index" | "controller-revision-hash"] => true,
        ["spec", "volumes", name, ..] => claims().any(|claim| claim.pointer("/metadata/name").is_some_and(|claim| claim == name)),
        _ => false,
    }
}

/// Tolerations are compared as a whole, so that of one that the controller changes both are told: the template's, and its own.
fn is_of_daemon_set(of: &Difference<'_>, names: &[&str]) -> bool {
    const TAINTS: [&str; 7] = ["not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable", "network-unavailable"];
    match names {
        ["metadata", "labels", "controller-revision-hash" | "pod-template-generation"] | ["spec", "affinity", "nodeAffinity", REQUIRED, ..] => true,
        ["spec", "affinity", "nodeAffinity"] => is_only(of.stored, REQUIRED),
        ["spec", "affinity"] => is_only(of.stored, "nodeAffinity") && is_only(of.stored.and_then(|affinity| affinity.get("nodeAffinity")), REQUIRED),
        ["spec", "tolerations", _] => {
            let toleration = of.stored.or(of.asked);
            let key = toleration.and_then(|toleration| toleration["key"].as_str()?.strip_prefix("node.kubernetes.io/"));
            key.is_some_and(|key| TAINTS.contains(&key)) && (of.stored.is_none() || toleration.is_some_and(|toleration| toleration["operator"] == "Exists"))
        }
        _ => false,
    }
}

/// Whether an object has that field alone.
fn is_only(value: Option<&Value>, field: &str) -> bool {
    value.and_then(Value::as_object).is_some_and(|fields| fields.keys().all(|key| key == field))
}

fn is_of_job(names: &[&str], job: &Value) -> bool {
    let is_indexed = job.pointer("/spec/completionMode").is_some_and(|mode| mode == "Indexed");
    match names {
        ["spec", "schedulingGroup", ..] => true,
        ["spec", "hostname"] | ["spec", "containers" | "initContainers", _, "env", "JOB_COMPLETION_INDEX"] => is_indexed,
        ["metadata", "labels" | "annotations", key] => is_indexed && key.starts_with("batch.kubernetes.io/job-"),
        _ => false,
    }
}
