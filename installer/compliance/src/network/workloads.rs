//! Workloads as network policies see them: pods with labels and named ports, called by the name of what owns them.

use std::collections::BTreeMap;
use std::fmt;

use airlock_model::ObjectRef;
use serde_json::Value;

use super::ports::Protocol;
use super::selector::Labels;

/// Where the pod template of each kind stands; the kinds that [`crate::connections`] knows, with their API groups.
const TEMPLATES: [(&str, &str, &str); 8] = [
    ("", "Pod", ""),
    ("", "ReplicationController", "/spec/template"),
    ("apps", "DaemonSet", "/spec/template"),
    ("apps", "Deployment", "/spec/template"),
    ("apps", "ReplicaSet", "/spec/template"),
    ("apps", "StatefulSet", "/spec/template"),
    ("batch", "CronJob", "/spec/jobTemplate/spec/template"),
    ("batch", "Job", "/spec/template"),
];

/// What pods are called by: `namespace/name[Kind]`, from names that anybody gave: print it as [`airlock_model::Untrusted`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Workload {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) kind: String,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}[{}]", self.namespace, self.name, self.kind)
    }
}

/// A port that a container gives a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NamedPort {
    pub(crate) name: String,
    pub(crate) protocol: Protocol,
    pub(crate) number: u16,
}

/// Pods that no policy can tell apart: of one workload, with the same labels and named ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) workload: Workload,
    /// The object that it was read from.
    pub(crate) object: ObjectRef,
    pub(crate) labels: Labels,
    pub(crate) ports: Vec<NamedPort>,
    /// It uses the node's network, where policies do not bind it.
    pub(crate) host_network: bool,
}

/// The pods that objects make, each kind of pod once. Errors name what could not be read.
pub(crate) fn pods<'a>(objects: impl Iterator<Item = (&'a ObjectRef, &'a Value)>) -> (Vec<Pod>, Vec<(ObjectRef, String)>) {
    let makers: Vec<(&ObjectRef, &Value, &str)> = objects.filter_map(|(object, manifest)| template_of(object).map(|at| (object, manifest, at))).collect();
    let owners: BTreeMap<Workload, Workload> = makers.iter().filter_map(|(object, manifest, _)| owner(object, manifest).map(|owner| (named(object), owner))).collect();
    let (mut pods, mut unread): (BTreeMap<Workload, Vec<Pod>>, Vec<_>) = (BTreeMap::new(), Vec::new());
    for (object, manifest, at) in makers {
        if is_over(object, manifest) {
            continue;
        }
        match read(object, manifest.pointer(at)) {
            Err(reason) => unread.push((object.clone(), reason)),
            Ok(mut pod) => {
                label_of_job(object, manifest, &mut pod.labels);
                let pod = Pod { workload: highest(&pod.workload, &owners).clone(), ..pod };
                let alike = pods.entry(pod.workload.clone()).or_default();
                if !alike.iter().any(|known| (&known.labels, &known.ports, known.host_network) == (&pod.labels, &pod.ports, pod.host_network)) {
                    alike.push(pod);
                }
            }
        }
    }
    (pods.into_values().flatten().collect(), unread)
}

/// Where the pod template of an object stands, if it makes pods.
pub(crate) fn template_of(object: &ObjectRef) -> Option<&'static str> {
    TEMPLATES.iter().find(|(group, kind, _)| object.group() == *group && object.kind == *kind).map(|(_, _, at)| *at)
}

/// The namespace that an object is in; a file that names none means `default`.
pub(crate) fn namespace_of(object: &ObjectRef) -> &str {
    object.namespace.as_deref().unwrap_or("default")
}

fn named(object: &ObjectRef) -> Workload {
    Workload { namespace: namespace_of(object).to_owned(), name: object.name.clone(), kind: object.kind.clone() }
}

/// What an object belongs to: its controller. A static pod's owner is its node, which is no workload.
fn owner(object: &ObjectRef, manifest: &Value) -> Option<Workload> {
    let owners = manifest.pointer("/metadata/ownerReferences")?.as_array()?;
    let controls = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let owner = owners.iter().find(controls).or_else(|| owners.first())?;
    let text = |key: &str| owner.get(key).and_then(Value::as_str).map(str::to_owned);
    let (kind, name) = (text("kind")?, text("name")?);
    (kind != "Node").then(|| Workload { namespace: namespace_of(object).to_owned(), name, kind })
}

/// The last owner that is known; a chain has at most as many links as there are owners.
fn highest<'a>(workload: &'a Workload, owners: &'a BTreeMap<Workload, Workload>) -> &'a Workload {
    let mut current = workload;
    for _ in 0..owners.len() {
        match owners.get(current) {
            Some(owner) => current = owner,
            None => break,
        }
    }
    current
}

/// A pod that has ended connects no more.
fn is_over(object: &ObjectRef, manifest: &Value) -> bool {
    object.kind == "Pod" && matches!(manifest.pointer("/status/phase").and_then(Value::as_str), Some("Succeeded" | "Failed"))
}

fn read(object: &ObjectRef, template: Option<&Value>) -> Result<Pod, String> {
    let template = template.ok_or("it has no pod template")?;
    let spec = template.get("spec").filter(|spec| spec.is_object()).ok_or("its pods have no spec")?;
    let labels = match template.pointer("/metadata/labels") {
        None | Some(Value::Null) => Labels::new(),
        Some(labels) => serde_json::from_value(labels.clone()).map_err(|_| "its pods' labels are no texts")?,
    };
    let host_network = spec.get("hostNetwork").and_then(Value::as_bool) == Some(true);
    let containers = |key: &str| spec.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    // An init container that is restarted always runs beside the others (Kubernetes: sidecar containers).
    let sidecars = containers("initContainers").iter().filter(|container| container.get("restartPolicy").and_then(Value::as_str) == Some("Always"));
    let mut ports = Vec::new();
    for port in containers("containers").iter().chain(sidecars).flat_map(|container| container.get("ports").and_then(Value::as_array).into_iter().flatten()) {
        ports.extend(named_port(port)?);
    }
    ports.sort_unstable();
    ports.dedup();
    Ok(Pod { workload: named(object), object: object.clone(), labels, ports, host_network })
}

/// What the API server writes into the template of a Job when it is made, unless its pods are selected by hand
/// (Kubernetes, `pkg/registry/batch/job/strategy.go`); a file may not have it yet. The uid beside it nobody knows before.
fn label_of_job(object: &ObjectRef, manifest: &Value, labels: &mut Labels) {
    if (object.group(), object.kind.as_str()) != ("batch", "Job") || manifest.pointer("/spec/manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    // Nor does anybody know a name that is generated.
    let Some(name) = manifest.pointer("/metadata/name").and_then(Value::as_str) else { return };
    for label in ["job-name", "batch.kubernetes.io/job-name"] {
        labels.entry(label.to_owned()).or_insert_with(|| name.to_owned());
    }
}

fn named_port(port: &Value) -> Result<Option<NamedPort>, String> {
    let Some(name) = port.get("name").and_then(Value::as_str) else { return Ok(None) };
    let number = port.get("containerPort").and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0);
    let number = number.ok_or_else(|| format!("its port {name} has no number"))?;
    Ok(Some(NamedPort { name: name.to_owned(), protocol: Protocol::named(port.get("protocol").and_then(Value::as_str))?, number }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_all(manifests: &[Value]) -> Vec<Pod> {
        let objects: Vec<airlock_model::Object> = manifests.iter().cloned().map(|manifest| airlock_model::Object::new(manifest).unwrap()).collect();
        let (pods, unread) = pods(objects.iter().map(|object| (object.reference(), object.manifest())));
        assert_eq!(unread, Vec::new());
        pods
    }

    fn owned(api_version: &str, kind: &str, name: &str, owner: Option<(&str, &str)>, spec: &Value) -> Value {
        let owners: Vec<Value> = owner.iter().map(|(kind, name)| json!({ "kind": kind, "name": name, "controller": true })).collect();
        json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name, "namespace": "shop", "labels": { "app": name }, "ownerReferences": owners }, "spec": spec })
    }

    #[test]
    fn pods_are_called_by_the_highest_owner_that_is_known() {
        let template = json!({ "template": { "metadata": { "labels": { "app": "cart" } }, "spec": { "containers": [] } } });
        let pod = |name: &str, owner| owned("v1", "Pod", name, owner, &json!({ "containers": [] }));
        let manifests = [
            owned("apps/v1", "Deployment", "cart", None, &template),
            owned("apps/v1", "ReplicaSet", "cart-5", Some(("Deployment", "cart")), &template),
            pod("cart-5-a", Some(("ReplicaSet", "cart-5"))),
            pod("left", Some(("ReplicaSet", "gone-7"))),
            pod("static", Some(("Node", "node1"))),
            owned("batch/v1", "CronJob", "nightly", None, &json!({ "jobTemplate": { "spec": { "template": { "spec": { "containers": [] } } } } })),
        ];
        let mut names: Vec<String> = read_all(&manifests).iter().map(|pod| pod.workload.to_string()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names, ["shop/cart[Deployment]", "shop/gone-7[ReplicaSet]", "shop/nightly[CronJob]", "shop/static[Pod]"]);
    }

    #[test]
    fn owners_in_a_ring_end() {
        let manifests = [owned("v1", "Pod", "a", Some(("Pod", "b")), &json!({ "containers": [] })), owned("v1", "Pod", "b", Some(("Pod", "a")), &json!({ "containers": [] }))];
        assert_eq!(read_all(&manifests).len(), 2);
    }

    #[test]
    fn names_of_ports_count_where_a_container_serves() {
        let containers = json!([ { "ports": [ { "name": "web", "containerPort": 80 }, { "name": "dns", "containerPort": 53, "protocol": "UDP" }, { "containerPort": 9 } ] } ]);
        let init = json!([ { "ports": [ { "name": "once", "containerPort": 1 } ] }, { "restartPolicy": "Always", "ports": [ { "name": "side", "containerPort": 2 } ] } ]);
        let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" }, "spec": { "containers": containers, "initContainers": init, "hostNetwork": true } });
        let pods = read_all(&[pod]);
        let ports: Vec<(&str, Protocol, u16)> = pods[0].ports.iter().map(|port| (port.name.as_str(), port.protocol, port.number)).collect();
        assert_eq!(ports, [("dns", Protocol::Udp, 53), ("side", Protocol::Tcp, 2), ("web", Protocol::Tcp, 80)]);
        assert!(pods[0].host_network);
        assert_eq!(pods[0].workload.to_string(), "default/p[Pod]");
    }

    #[test]
    fn pods_of_a_job_bear_its_name_before_the_api_server_has_given_it_to_them() {
        let labels = |kind: &str, spec: Value| read_all(&[owned("batch/v1", kind, "m", None, &spec)])[0].labels.clone();
        let template = |labels: Value| json!({ "metadata": { "labels": labels }, "spec": { "containers": [] } });
        let both = |name: &str, legacy: &str| Labels::from([("batch.kubernetes.io/job-name".to_owned(), name.to_owned()), ("job-name".to_owned(), legacy.to_owned())]);
        assert_eq!(labels("Job", json!({ "template": { "spec": { "containers": [] } } })), both("m", "m"));
        assert_eq!(labels("Job", json!({ "manualSelector": false, "template": template(json!({ "job-name": "other" })) })), both("m", "other"));
        assert_eq!(labels("Job", json!({ "template": template(json!(both("m", "m"))) })), both("m", "m"), "as a cluster has it");
        assert_eq!(labels("Job", json!({ "manualSelector": true, "template": template(json!({})) })), Labels::new());
        assert_eq!(labels("CronJob", json!({ "jobTemplate": { "spec": { "template": template(json!({})) } } })), Labels::new());
        let mut generated = owned("batch/v1", "Job", "m", None, &json!({ "template": template(json!({})) }));
        let object = airlock_model::Object::new(generated.clone()).unwrap();
        generated["metadata"] = json!({ "generateName": "m" });
        assert_eq!(pods(std::iter::once((object.reference(), &generated))).0[0].labels, Labels::new());
    }

    #[test]
    fn kinds_of_other_groups_and_pods_that_have_ended_are_no_workloads() {
        let done = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" }, "spec": { "containers": [] }, "status": { "phase": "Succeeded" } });
        let foreign = json!({ "apiVersion": "example.com/v1", "kind": "Job", "metadata": { "name": "p" }, "spec": {} });
        assert_eq!(read_all(&[done, foreign]), Vec::new());
    }
}
