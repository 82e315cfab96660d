//! Whether a pod is just what was asked for, for whoever goes by what it says.
//!
//! [`admitted`](super::admitted) informs, and passes over what Kubernetes is known to do. Here somebody may have made a pod in the
//! likeness of another: the spec must be the same, and what is not known to be harmless makes it another one. Labels are left out,
//! and so are annotations but for those that lead a pod into another network.

use airlock_model::{SnapshotObject, Subject, field_path};
use serde_json::{Value, json};

use super::difference::{Difference, differences};
use super::known;
use super::made_from::{Made, Maker};
use crate::pod_images;

/// Annotations that ask for networks (Network Plumbing Working Group 1.3 §4; Multus, `default-network`).
const ASK_FOR_NETWORKS: [&str; 2] = ["k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"];
/// What `SecurityContextConstraints` of `OpenShift` give a pod that asks for none, and what the renderer leaves to them.
const USERS: [&str; 5] = ["runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy", "seLinuxOptions"];

/// The fields in which a pod of a Job is not what the template asks for, as Kubernetes writes paths; none: it is the same pod. An
/// image that the node does not report to run as it is named is such a field, too: an image may be written anew at any time.
pub fn unasked_fields(template: &Value, job: &SnapshotObject, pod: &SnapshotObject) -> Vec<String> {
    let made = Made { maker: Maker::Job, by: Subject::from(job), holder: &job.manifest, template, pod: &pod.manifest };
    let differences = differences(template, &pod.manifest);
    let unasked = differences.iter().filter(|difference| {
        let names = difference.names();
        counts(&names) && !is_added_to_pods(difference, &names) && (names.get(1) == Some(&"ephemeralContainers") || !known::is_known(difference, &made))
    });
    paths(unasked).chain(unreported_images(pod)).collect()
}

/// The fields in which a template that is stored is not the one that was rendered, apart from defaults of the API server.
pub fn unrendered_fields(rendered: &Value, stored: &Value) -> Vec<String> {
    let differences = differences(rendered, stored);
    paths(differences.iter().filter(|difference| {
        let names = difference.names();
        counts(&names) && !is_default(difference, &names, stored)
    }))
    .collect()
}

fn paths<'a>(differences: impl Iterator<Item = &'a Difference<'a>>) -> impl Iterator<Item = String> {
    differences.map(|difference| field_path(&difference.pointer()))
}

/// Whether a field says what a pod does.
fn counts(names: &[&str]) -> bool {
    match names {
        ["metadata", "annotations", key] => ASK_FOR_NETWORKS.contains(key),
        ["metadata", ..] => false,
        _ => true,
    }
}

/// How much it may take, which taints it bears, and as whom it runs change nothing about what it tries.
fn is_added_to_pods(of: &Difference<'_>, names: &[&str]) -> bool {
    match names {
        ["spec", "resources", ..] | ["spec", "containers" | "initContainers", _, "resources", ..] => true,
        ["spec", "tolerations", _] => of.asked.is_none(),
        ["spec", "securityContext", field] | ["spec", "containers" | "initContainers", _, "securityContext", field] => of.asked.is_none() && USERS.contains(field),
        _ => false,
    }
}

/// Defaults of a template (pkg/apis/core/v1/defaults.go, `SetDefaults_PodSpec`, `SetDefaults_Container`). Quantities are written anew.
fn is_default(of: &Difference<'_>, names: &[&str], stored: &Value) -> bool {
    let is = |value: Value| of.asked.is_none() && of.stored == Some(&value);
    match names {
        ["spec", "resources", ..] | ["spec", "containers" | "initContainers", _, "resources", ..] => true,
        ["spec", "dnsPolicy"] => is(json!("ClusterFirst")),
        ["spec", "schedulerName"] => is(json!("default-scheduler")),
        ["spec", "terminationGracePeriodSeconds"] => is(json!(30)),
        // Another name of the same.
        ["spec", "serviceAccount"] => of.asked.is_none() && of.stored == stored.pointer("/spec/serviceAccountName"),
        ["spec", "containers" | "initContainers", _, "terminationMessagePath"] => is(json!("/dev/termination-log")),
        ["spec", "securityContext", field] => of.stored.is_none() && USERS.contains(field),
        _ => false,
    }
}

/// Containers of which the node does not report the digest that their image is named by.
fn unreported_images(pod: &SnapshotObject) -> impl Iterator<Item = String> {
    let containers = pod.manifest.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten().enumerate();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    containers.filter_map(move |(index, container)| {
        let (named, running) = (pod_images::digest(&text(container, "image")), pod_images::reported(pod, &text(container, "name")).and_then(pod_images::digest));
        (named.is_none() || named != running).then(|| format!("status.containerStatuses[{index}].imageID"))
    })
}
