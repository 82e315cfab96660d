//! Pods that Airlock starts itself, with its own image: as the profile `restricted` of the Pod Security Standards wants
//! them, without a token unless an attempt is about it, and with an end of their own should nobody remove them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use airlock_cluster::{Cluster, ClusterError, WaitOptions};
use airlock_model::{LiveObject, Object, ObjectRef, names};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::ApplyError;
use crate::decision::installation;

/// Where the program is in its own image, and as whom it runs there.
const PROGRAM: &str = "/usr/local/bin/airlock";
const USER: u32 = 65532;
/// Pods of a run that is older than this were left behind.
const LEFT_BEHIND_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// A pod of ours that is deleted is gone by then; all it does ends on TERM.
const GONE_WITHIN: Duration = Duration::from_secs(40);

/// A pod to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct PodSpec {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// `probe`, `node-pull`.
    pub(crate) component: &'static str,
    /// Labels that policies see.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) image: String,
    pub(crate) pull_secret: Option<String>,
    /// Ask the registry even when the node has the image.
    pub(crate) always_pull: bool,
    pub(crate) node_selector: BTreeMap<String, String>,
    pub(crate) arguments: Vec<String>,
    /// Secrets of its namespace that it mounts.
    pub(crate) secrets: BTreeSet<String>,
    /// The `ServiceAccount` that it runs as, with its token; none: without one.
    pub(crate) account: Option<String>,
    /// The installation that its namespace belongs to; without it the pod would count as somebody else's workload.
    pub(crate) installation: Option<String>,
    /// Of which run it is.
    pub(crate) run: String,
    /// It ends after this long.
    pub(crate) lifetime: Duration,
}

/// Labels of what Airlock makes for a while (Kubernetes, "Recommended Labels").
pub(crate) const fn own_labels(component: &str) -> [(&str, &str); 4] {
    [(names::LABEL_NAME, names::PRODUCT), (names::LABEL_COMPONENT, component), (names::LABEL_PART_OF, names::PRODUCT), (names::LABEL_MANAGED_BY, names::PRODUCT)]
}

impl PodSpec {
    pub(crate) fn object(self) -> Result<Object, ApplyError> {
        let mut labels = self.labels;
        for (key, value) in own_labels(self.component) {
            labels.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
        if let Some(installation) = self.installation {
            labels.insert(names::LABEL_INSTALLATION.to_owned(), installation);
        }
        labels.insert(names::LABEL_PROBE_RUN.to_owned(), self.run);
        let mut spec = json!({
            "restartPolicy": "Never",
            "automountServiceAccountToken": self.account.is_some(),
            "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 0,
            "activeDeadlineSeconds": self.lifetime.as_secs(),
            "securityContext": { "runAsNonRoot": true, "runAsUser": USER, "runAsGroup": USER, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{
                "name": self.component,
                "image": self.image,
                "imagePullPolicy": if self.always_pull { "Always" } else { "IfNotPresent" },
                "command": [PROGRAM],
                "args": self.arguments,
                "resources": { "requests": { "cpu": "10m", "memory": "32Mi" }, "limits": { "cpu": "500m", "memory": "64Mi" } },
                "securityContext": { "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } },
            }],
        });
        if let Some(account) = self.account {
            spec["serviceAccountName"] = json!(account);
        }
        if let Some(secret) = self.pull_secret {
            spec["imagePullSecrets"] = json!([{ "name": secret }]);
        }
        if !self.node_selector.is_empty() {
            spec["nodeSelector"] = json!(self.node_selector);
        }
        if !self.secrets.is_empty() {
            let volumes: Vec<Value> = self.secrets.iter().map(|name| json!({ "name": name, "secret": { "secretName": name, "defaultMode": 0o440 } })).collect();
            let mounts: Vec<Value> = self.secrets.iter().map(|name| json!({ "name": name, "mountPath": format!("{}/{name}", names::PROBE_SECRETS), "readOnly": true })).collect();
            spec["volumes"] = Value::Array(volumes);
            spec["containers"][0]["volumeMounts"] = Value::Array(mounts);
            spec["securityContext"]["fsGroup"] = json!(USER);
        }
        let manifest = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": self.name, "namespace": self.namespace, "labels": labels }, "spec": spec });
        Object::new(manifest).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })
    }
}

/// The installation that a namespace belongs to; none when that cannot be read.
pub(crate) async fn installation_of(cluster: &Cluster, namespace: &str) -> Option<String> {
    let live = cluster.get(&ObjectRef::cluster("v1", "Namespace", namespace)).await.ok()??;
    installation(&live.manifest).map(str::to_owned)
}

/// Deletes pods that an earlier run left behind. What cannot be listed or deleted ends by itself.
pub(crate) async fn sweep(cluster: &Cluster, namespace: &str) {
    let Ok(pods) = cluster.list("v1", "Pod", Some(namespace), Some(names::LABEL_PROBE_RUN)).await else { return };
    remove_left_behind(cluster, &pods).await;
}

/// The same where only the holder of the lease makes such pods: whoever made those that are there is dead, however young.
pub(crate) async fn sweep_under_lease(cluster: &Cluster, namespace: &str) {
    let Ok(pods) = cluster.list("v1", "Pod", Some(namespace), Some(names::LABEL_PROBE_RUN)).await else { return };
    for pod in pods {
        remove(cluster, &pod.object).await;
    }
}

/// Deletes namespaces that a killed trial of nodes left behind.
pub(crate) async fn sweep_namespaces(cluster: &Cluster) {
    let Ok(namespaces) = cluster.list("v1", "Namespace", None, Some(names::LABEL_PROBE_RUN)).await else { return };
    remove_left_behind(cluster, namespaces.iter().filter(|namespace| namespace.object.name.starts_with(names::TRIAL_NAMESPACE))).await;
}

/// Of objects that runs made deletes those whose run is long over.
pub(crate) async fn remove_left_behind(cluster: &Cluster, objects: impl IntoIterator<Item = &LiveObject>) {
    let now = Timestamp::now();
    for object in objects.into_iter().filter(|object| is_left_behind(&object.manifest, now)) {
        remove(cluster, &object.object).await;
    }
}

/// Deletes an object of ours, such as a pod, which ends by itself where it cannot be deleted.
pub(crate) async fn remove(cluster: &Cluster, object: &ObjectRef) {
    if let Err(error) = take_away(cluster, object).await {
        tracing::debug!(%error, %object, "it was not removed");
    }
}

/// Deletes an object of ours and waits until it is gone, so that no check meets it; one that is gone already is no error.
pub(crate) async fn take_away(cluster: &Cluster, object: &ObjectRef) -> Result<(), ClusterError> {
    if cluster.delete(object).await? {
        let options = WaitOptions { stalled_after: GONE_WITHIN, ..WaitOptions::default() };
        cluster.wait_gone(std::slice::from_ref(object), &options, |_, _| ()).await?;
    }
    Ok(())
}

/// Whether the run that made an object is long over.
fn is_left_behind(object: &Value, now: Timestamp) -> bool {
    let made = object.pointer("/metadata/creationTimestamp").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    made.is_some_and(|made| now.duration_since(made) > LEFT_BEHIND_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> PodSpec {
        PodSpec {
            namespace: "airlock-probes".into(),
            name: "probe-1".into(),
            component: "probe",
            labels: BTreeMap::from([("airlock-platform.io/probe".into(), "allowed".into())]),
            image: "example.com/airlock@sha256:0".into(),
            arguments: vec!["probe".into()],
            installation: Some("xyz".into()),
            run: "abc".into(),
            lifetime: Duration::from_mins(1),
            ..PodSpec::default()
        }
    }

    #[test]
    fn a_pod_is_restricted_and_has_no_token_and_an_end() {
        let object = spec().object().unwrap();
        let at = |pointer: &str| object.manifest().pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(at("/spec/automountServiceAccountToken"), json!(false));
        assert_eq!(at("/spec/serviceAccountName"), Value::Null);
        let named = PodSpec { account: Some("scheduler".into()), ..spec() }.object().unwrap();
        assert_eq!((&named.manifest()["spec"]["serviceAccountName"], &named.manifest()["spec"]["automountServiceAccountToken"]), (&json!("scheduler"), &json!(true)));
        assert_eq!(at("/spec/securityContext/runAsNonRoot"), json!(true));
        assert_eq!(at("/spec/securityContext/seccompProfile/type"), json!("RuntimeDefault"));
        assert_eq!(at("/spec/containers/0/securityContext"), json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } }));
        assert_eq!(at("/spec/activeDeadlineSeconds"), json!(60));
        assert_eq!(at("/spec/nodeSelector"), Value::Null);
    }

    #[test]
    fn a_pod_bears_the_labels_of_its_vantage_and_its_run() {
        let object = spec().object().unwrap();
        let labels = object.manifest().pointer("/metadata/labels").unwrap();
        assert_eq!(labels[names::LABEL_INSTALLATION], json!("xyz"));
        assert_eq!((&labels["airlock-platform.io/probe"], &labels["airlock-platform.io/probe-run"], &labels[names::LABEL_PART_OF]), (&json!("allowed"), &json!("abc"), &json!("airlock")));
    }

    #[test]
    fn only_old_pods_are_left_behind() {
        let now: Timestamp = "2026-11-24T04:00:00Z".parse().unwrap();
        let pod = |made: &str| json!({"metadata": {"creationTimestamp": made}});
        assert!(is_left_behind(&pod("2026-11-24T03:49:00Z"), now));
        assert!(!is_left_behind(&pod("2026-11-24T03:55:00Z"), now));
        assert!(!is_left_behind(&json!({}), now));
    }
}
