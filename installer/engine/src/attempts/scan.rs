//! A scan of the ports of a namespace's pods: two policies let one pod in for its time, where policies would keep it out.
//!
//! Policies add up (Kubernetes, "Network Policies"), so these open and close nothing else as long as all pods of the namespace are
//! closed already; where none closes them, these two would, and nothing is made. They select the scanning pod by the run: what a
//! killed run left behind lets nobody in, and is taken away by the next scan.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use airlock_cluster::ClusterError;
use airlock_model::{Attempt, AttemptAction, Object, Outcome, PodPorts, Target, names, with_causes};
use serde_json::{Value, json};

use super::{Party, Room, STOPPED, not_carried_out};
use crate::ApplyError;
use crate::pod;

const API: &str = "networking.k8s.io/v1";
const KIND: &str = "NetworkPolicy";
/// A scan is slower than this on no node that does its work.
const PORTS_A_SECOND: u32 = 1000;
/// Where several are asked at once, each takes no longer.
const A_POD_IS_REACHED: Duration = Duration::from_secs(1);

impl Party<'_> {
    /// One namespace after the other: nodes track each connection for seconds.
    pub(super) async fn scan(&self, number: usize, namespace: &str, attempts: Vec<Attempt>) -> Vec<Outcome> {
        let _turn = self.scans.lock().await;
        if self.stop.is_asked() {
            return attempts.iter().map(|attempt| not_carried_out(attempt, STOPPED)).collect();
        }
        let aimed = match self.aimed(namespace, &attempts).await {
            Ok(aimed) => aimed,
            Err(reason) => return attempts.iter().map(|attempt| not_carried_out(attempt, &reason)).collect(),
        };
        let policies = match policies(namespace, &self.run, self.installations.get(namespace)) {
            Ok(policies) => policies,
            Err(error) => return attempts.iter().map(|attempt| not_carried_out(attempt, &with_causes(&error))).collect(),
        };
        let scanned = match self.let_in(&policies).await {
            Ok(()) => {
                let labels = BTreeMap::from([(names::LABEL_SCAN.to_owned(), self.run.clone())]);
                let longer = aimed.iter().map(time).sum();
                self.in_pod(number, Room { namespace, labels: &labels, account: None, longer }, aimed).await
            }
            Err(error) => attempts.iter().map(|attempt| not_carried_out(attempt, &with_causes(&error))).collect(),
        };
        let left = self.take_away(&policies).await;
        if left.is_empty() { scanned } else { attempts.iter().map(|attempt| not_carried_out(attempt, &left.join("; "))).collect() }
    }

    /// The attempts with the pods that are there.
    async fn aimed(&self, namespace: &str, attempts: &[Attempt]) -> Result<Vec<Attempt>, String> {
        let policies = self.cluster.list(API, KIND, Some(namespace), None).await.map_err(|error| with_causes(&error))?;
        pod::remove_left_behind(self.cluster, policies.iter().filter(|policy| policy.manifest["metadata"]["labels"].get(names::LABEL_SCAN).is_some())).await;
        if !policies.iter().any(|policy| closes_all(&policy.manifest["spec"])) {
            return Err(format!("no policy closes all pods of {namespace}: one that lets a scan in would close them to others"));
        }
        let found = self.pods(namespace).await?;
        Ok(attempts.iter().map(|attempt| Attempt { target: Target::Pods { namespace: namespace.to_owned(), found: found.clone() }, ..attempt.clone() }).collect())
    }

    /// The pods of a namespace that serve. That there is none is an error: nothing would be tried.
    pub(super) async fn pods(&self, namespace: &str) -> Result<BTreeMap<String, PodPorts>, String> {
        let pods = self.cluster.list("v1", "Pod", Some(namespace), None).await.map_err(|error| with_causes(&error))?;
        let found: BTreeMap<String, PodPorts> = pods.into_iter().filter_map(|pod| Some((pod.object.name, ports(&pod.manifest)?))).collect();
        if found.is_empty() { Err(format!("no pod runs in {namespace}")) } else { Ok(found) }
    }

    async fn let_in(&self, policies: &[Object]) -> Result<(), ClusterError> {
        for policy in policies {
            self.cluster.create(policy).await?;
        }
        Ok(())
    }

    /// Why policies could not be taken away.
    async fn take_away(&self, policies: &[Object]) -> Vec<String> {
        let mut left = Vec::new();
        for policy in policies.iter().map(Object::reference) {
            if let Err(error) = pod::take_away(self.cluster, policy).await {
                left.push(format!(
                    "{policy} is still there: {}; take it away with `kubectl -n {} delete networkpolicy {}`",
                    with_causes(&error),
                    policy.namespace.as_deref().unwrap_or_default(),
                    policy.name
                ));
            }
        }
        left
    }
}

/// In which it is done.
pub(super) fn time(attempt: &Attempt) -> Duration {
    let Target::Pods { found, .. } = &attempt.target else { return Duration::ZERO };
    let pods = u32::try_from(found.len()).unwrap_or(u32::MAX);
    match &attempt.action {
        AttemptAction::Scan { ports } => {
            let asked: u32 = ports.iter().map(|range| u32::try_from(range.ports().len()).unwrap_or(u32::MAX)).sum();
            Duration::from_secs((asked / PORTS_A_SECOND).into()) * pods
        }
        AttemptAction::Reach { .. } => A_POD_IS_REACHED * pods,
        _ => Duration::ZERO,
    }
}

/// Whether a policy selects all pods, and for what comes in.
fn closes_all(spec: &Value) -> bool {
    let selects_all = ["matchLabels", "matchExpressions"].iter().all(|term| match &spec["podSelector"][term] {
        Value::Null => true,
        Value::Object(labels) => labels.is_empty(),
        Value::Array(terms) => terms.is_empty(),
        _ => false,
    });
    // Ingress is among the types where none are named (NetworkPolicySpec, `policyTypes`).
    selects_all && spec["policyTypes"].as_array().is_none_or(|types| types.is_empty() || types.iter().any(|kind| kind == "Ingress"))
}

/// Address and ports of a pod that serves: one that runs, on a network of its own, and not to an end.
fn ports(pod: &Value) -> Option<PodPorts> {
    let spec = &pod["spec"];
    let serves = pod["status"]["phase"] == "Running" && pod["metadata"].get("deletionTimestamp").is_none() && spec["restartPolicy"] == "Always" && spec["hostNetwork"] != true;
    let address: IpAddr = pod["status"]["podIP"].as_str().filter(|_| serves)?.parse().ok()?;
    Some(PodPorts { address, declared: declared(spec) })
}

/// TCP ports of what runs as long as the pod does: its containers, and the init containers that go on beside them (KEP-753).
fn declared(spec: &Value) -> Vec<u16> {
    let all = |list: &str| spec[list].as_array().into_iter().flatten();
    let beside = all("initContainers").filter(|container| container["restartPolicy"] == "Always");
    let ports = all("containers").chain(beside).flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let of_tcp = ports.filter(|port| port["protocol"].as_str().is_none_or(|protocol| protocol == "TCP"));
    let mut numbers: Vec<u16> = of_tcp.filter_map(|port| port["containerPort"].as_u64().and_then(|number| u16::try_from(number).ok())).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// One lets all pods take what the scanning pod sends, one lets it send.
fn policies(namespace: &str, run: &str, installation: Option<&String>) -> Result<[Object; 2], ApplyError> {
    let scanning = json!({ "matchLabels": { names::LABEL_SCAN: run } });
    let policy = |way: &str, spec: Value| {
        let of_run = [(names::LABEL_SCAN, run)].into_iter().chain(installation.map(|installation| (names::LABEL_INSTALLATION, installation.as_str())));
        let labels: BTreeMap<&str, &str> = pod::own_labels("probe").into_iter().chain(of_run).collect();
        let manifest = json!({ "apiVersion": API, "kind": KIND, "metadata": { "name": format!("scan-{run}-{way}"), "namespace": namespace, "labels": labels }, "spec": spec });
        Object::new(manifest).map_err(|error| ApplyError::PlanMalformed { reason: error.to_string() })
    };
    Ok([
        policy("in", json!({ "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{ "from": [{ "podSelector": scanning }] }] }))?,
        policy("out", json!({ "podSelector": scanning, "policyTypes": ["Egress"], "egress": [{ "to": [{ "podSelector": {} }] }] }))?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_selects_all_pods_for_what_comes_in_closes_them() {
        for (spec, closes) in [
            (json!({ "podSelector": {} }), true),
            (json!({ "podSelector": {}, "policyTypes": [] }), true),
            (json!({ "podSelector": { "matchLabels": {}, "matchExpressions": [] }, "policyTypes": ["Egress", "Ingress"] }), true),
            (json!({ "podSelector": {}, "policyTypes": ["Egress"] }), false),
            (json!({ "podSelector": { "matchLabels": { "a": "b" } } }), false),
            (json!({ "podSelector": { "matchExpressions": [{ "key": "a", "operator": "Exists" }] } }), false),
        ] {
            assert_eq!(closes_all(&spec), closes, "{spec}");
        }
    }

    #[test]
    fn pods_that_serve_are_scanned_with_what_they_declare() {
        let pod = json!({
            "metadata": { "name": "web-0" },
            "spec": {
                "restartPolicy": "Always",
                "containers": [{ "ports": [{ "containerPort": 8443 }, { "containerPort": 53, "protocol": "UDP" }] }, { "ports": [{ "containerPort": 80, "protocol": "TCP" }] }],
                "initContainers": [{ "ports": [{ "containerPort": 1 }] }, { "restartPolicy": "Always", "ports": [{ "containerPort": 9102 }] }],
            },
            "status": { "phase": "Running", "podIP": "10.1.0.7" },
        });
        assert_eq!(ports(&pod), Some(PodPorts { address: "10.1.0.7".parse().unwrap(), declared: vec![80, 8443, 9102] }));
        for (pointer, value) in
            [("/spec/restartPolicy", json!("Never")), ("/spec/hostNetwork", json!(true)), ("/status/phase", json!("Pending")), ("/metadata/deletionTimestamp", json!("2026-11-29T12:00:00Z"))]
        {
            let mut other = pod.clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            other.pointer_mut(parent).unwrap()[key] = value;
            assert_eq!(ports(&other), None, "{pointer}");
        }
    }

    #[test]
    fn policies_select_the_run_and_the_time_grows_with_what_is_asked() {
        let [into, out] = policies("shop", "abc", None).unwrap();
        assert_eq!(into.manifest()["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"][names::LABEL_SCAN], "abc");
        assert_eq!(out.manifest()["spec"]["podSelector"]["matchLabels"][names::LABEL_SCAN], "abc");
        let found = |pods: u8| (0..pods).map(|number| (number.to_string(), PodPorts { address: [10, 1, 0, number].into(), declared: Vec::new() })).collect();
        let attempt = |pods| Attempt {
            id: "ports.shop".into(),
            from: airlock_model::Vantage::LetIn { namespace: "shop".into() },
            target: Target::Pods { namespace: "shop".into(), found: found(pods) },
            action: AttemptAction::Scan { ports: vec!["1-65535".parse().unwrap()] },
            control: None,
            purpose: "a test".into(),
        };
        assert_eq!([1, 10].map(|pods| time(&attempt(pods)).as_secs()), [65, 650]);
    }
}
