//! Monitors of a Prometheus Operator, by which the company's Prometheus finds what it is to measure: what they select is there.
//!
//! A monitor selects by labels in its own namespace, or in those of its `namespaceSelector`, and names a port of what it selects
//! (Prometheus Operator, API reference of `monitoring.coreos.com/v1`).

use std::collections::BTreeSet;

use airlock_model::selector::{Selector, WrittenSelector};
use airlock_model::{Finding, Need, Severity, Snapshot, SnapshotObject};
use serde::Deserialize;
use serde_json::Value;

use super::{TARGETS, TEXTS};
use crate::live;
use crate::pod_security::Violation;

const API_VERSION: &str = "monitoring.coreos.com/v1";
/// Kinds of monitors, and the kind that each selects.
const KINDS: [(&str, &str); 2] = [("ServiceMonitor", "Service"), ("PodMonitor", "Pod")];

pub(super) fn needs() -> Vec<Need> {
    KINDS.into_iter().flat_map(|(monitors, selected)| [live::need(API_VERSION, monitors), live::need("v1", selected)]).collect()
}

/// Whether the company's Prometheus answers is not known here; so the best that is said is a warning.
pub(super) fn judge(given: &Snapshot) -> Vec<Finding> {
    found(given).unwrap_or_else(|reason| vec![TEXTS.unverified(TARGETS, reason)])
}

fn found(given: &Snapshot) -> Result<Vec<Finding>, String> {
    let (mut findings, mut count, mut reached) = (Vec::new(), 0, BTreeSet::new());
    for (monitors, selected) in KINDS {
        let candidates = live::objects(given, selected)?;
        for object in live::objects(given, monitors)? {
            count += 1;
            match Monitor::read(object).and_then(|monitor| monitor.select(&candidates, selected, &given.world.namespaces)) {
                Ok(namespaces) => reached.extend(namespaces),
                Err(Unselected::Fault(fault)) => findings.extend(TEXTS.each(object, vec![fault], TEXTS.expected)),
                Err(Unselected::Unread(reason)) => findings.push(TEXTS.unverified(object, reason)),
            }
        }
    }
    if count == 0 {
        findings.push(TEXTS.fail(TARGETS, "there is neither a ServiceMonitor nor a PodMonitor by which the company's Prometheus would find them"));
    }
    let unreached = given.world.deployments.iter().filter(|of| !reached.contains(of.namespace.as_str()));
    findings.extend(unreached.map(|of| TEXTS.fail(format!("deployment {}", of.name), "no ServiceMonitor and no PodMonitor selects anything of it")));
    if findings.is_empty() {
        findings.push(TEXTS.warn(Severity::Low, TARGETS, format!("each of {count} monitors selects what has its port; whether the company's Prometheus gets an answer there is not known here")));
    }
    Ok(findings)
}

/// Why a monitor selects nothing of what was read.
enum Unselected {
    Fault(Violation),
    /// It looks where nothing was read.
    Unread(String),
}

/// A monitor, as far as it selects.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    selector: WrittenSelector,
    #[serde(default)]
    namespace_selector: Namespaces,
    #[serde(default, alias = "podMetricsEndpoints")]
    endpoints: Vec<Endpoint>,
}

/// Its own namespace where nothing is said.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Namespaces {
    any: bool,
    match_names: Vec<String>,
}

/// Without a name of a port it is one by its number, which need not be declared.
#[derive(Deserialize)]
struct Endpoint {
    port: Option<String>,
}

struct Monitor<'a> {
    selector: Selector,
    any: bool,
    namespaces: Vec<String>,
    endpoints: Vec<Endpoint>,
    object: &'a SnapshotObject,
}

impl<'a> Monitor<'a> {
    fn read(object: &'a SnapshotObject) -> Result<Self, Unselected> {
        let unusable = |why: String| Unselected::Fault(Violation::new("/spec", None, format!("it cannot be read: {why}")));
        let written = Written::deserialize(object.manifest.get("spec").unwrap_or(&Value::Null)).map_err(|error| unusable(error.to_string()))?;
        let selector = written.selector.read().map_err(unusable)?;
        let Namespaces { any, match_names } = written.namespace_selector;
        let namespaces = if match_names.is_empty() { object.object.namespace.clone().into_iter().collect() } else { match_names };
        Ok(Self { selector, any, namespaces, endpoints: written.endpoints, object })
    }

    /// Namespaces in which it selects something that has each of its ports.
    fn select<'b>(&self, candidates: &[&'b SnapshotObject], kind: &str, read: &[String]) -> Result<Vec<&'b str>, Unselected> {
        let fault = |path: &str, why: String| Unselected::Fault(Violation::new(path, self.object.manifest.pointer(path), why));
        let within = |namespace: &str| self.any || self.namespaces.iter().any(|name| name == namespace);
        let selected: Vec<(&str, &SnapshotObject)> = candidates
            .iter()
            .filter_map(|object| Some((object.object.namespace.as_deref()?, *object)))
            .filter(|(namespace, object)| within(namespace) && self.selector.matches(&live::labels(&object.manifest)))
            .collect();
        if selected.is_empty() {
            if self.any || self.namespaces.iter().any(|name| !read.contains(name)) {
                return Err(Unselected::Unread(format!("it selects no {kind} of the installation, and looks in namespaces that are not read here")));
            }
            return Err(fault("/spec/selector", format!("it selects no {kind} of {}", self.namespaces.join(", "))));
        }
        if self.endpoints.is_empty() {
            return Err(fault("/spec", "it names no port to be measured at".to_owned()));
        }
        if let Some(port) = self.endpoints.iter().filter_map(|endpoint| endpoint.port.as_deref()).find(|port| !selected.iter().any(|(_, object)| has_port(object, port))) {
            return Err(fault("/spec", format!("no {kind} that it selects has a port {port}")));
        }
        Ok(selected.into_iter().map(|(namespace, _)| namespace).collect())
    }
}

/// Whether a Service, or a container of a pod, has a port of that name.
fn has_port(object: &SnapshotObject, name: &str) -> bool {
    let list = |at: &str| object.manifest.pointer(at).and_then(Value::as_array).into_iter().flatten();
    let of_containers = ["/spec/containers", "/spec/initContainers"].into_iter().flat_map(list).filter_map(|container| container.get("ports")?.as_array()).flatten();
    list("/spec/ports").chain(of_containers).any(|port| port.get("name").and_then(Value::as_str) == Some(name))
}

#[cfg(test)]
mod tests {
    use airlock_model::{Credentials, CredentialsForm, ObjectRef, Source, Verdict, World, WorldDeployment};
    use serde_json::json;

    use super::*;

    fn object(kind: &str, namespace: &str, name: &str, rest: &Value) -> SnapshotObject {
        let api_version = if KINDS.iter().any(|(monitors, _)| *monitors == kind) { API_VERSION } else { "v1" };
        let mut manifest = json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name, "namespace": namespace } });
        for (key, value) in rest.as_object().unwrap() {
            if key == "labels" { manifest["metadata"][key] = value.clone() } else { manifest[key] = value.clone() }
        }
        SnapshotObject { object: ObjectRef::namespaced(api_version, kind, namespace, name), manifest, place: None }
    }

    fn given(monitors: &[SnapshotObject]) -> Snapshot {
        let nobody = || Credentials { username: "nobody".into(), password: None, form: CredentialsForm::Basic };
        let alpha = WorldDeployment { name: "alpha".into(), namespace: "airlock-alpha".into(), host: "alpha.platform.test".into(), login: nobody(), role: nobody() };
        let world = World { namespaces: vec!["airlock".into(), "airlock-alpha".into()], deployments: vec![alpha], is_watched_by_others: true, ..World::default() };
        let of = |kind: &str| Ok(monitors.iter().filter(|monitor| monitor.object.kind == kind).cloned().collect());
        let labels = json!({ "app": "meter" });
        let service = |namespace| object("Service", namespace, "meter", &json!({ "labels": labels, "spec": { "ports": [{ "name": "https", "port": 9109 }] } }));
        let pod = object("Pod", "airlock-alpha", "meter", &json!({ "labels": labels, "spec": { "containers": [{ "name": "a", "ports": [{ "name": "pod-https", "containerPort": 9109 }] }] } }));
        let objects = [("Service", Ok(vec![service("airlock"), service("airlock-alpha")])), ("Pod", Ok(vec![pod])), ("ServiceMonitor", of("ServiceMonitor")), ("PodMonitor", of("PodMonitor"))];
        Snapshot { source: Source::Cluster, world, objects: objects.map(|(kind, found)| (kind.to_owned(), found)).into(), ..Snapshot::default() }
    }

    fn monitor(name: &str, label: &str, namespaces: &Value, port: &str) -> SnapshotObject {
        object("ServiceMonitor", "airlock", name, &json!({ "spec": { "selector": { "matchLabels": { "app": label } }, "namespaceSelector": namespaces, "endpoints": [{ "port": port }] } }))
    }

    fn of_alpha() -> SnapshotObject {
        monitor("alpha", "meter", &json!({ "matchNames": ["airlock-alpha"] }), "https")
    }

    fn judged(given: &Snapshot) -> Vec<(String, Verdict, String)> {
        judge(given).into_iter().map(|finding| (finding.subject.name.raw().to_owned(), finding.verdict, finding.observed.raw().to_owned())).collect()
    }

    #[track_caller]
    fn told(monitors: &[SnapshotObject], subject: &str, verdict: Verdict, words: &str) {
        let found = judged(&given(monitors));
        assert!(matches!(&found[..], [(name, said, observed)] if name == subject && *said == verdict && observed.contains(words)), "{found:#?}");
    }

    #[test]
    fn what_selects_something_with_its_port_is_a_warning_for_what_is_not_known() {
        told(&[monitor("own", "meter", &json!({}), "https"), of_alpha()], TARGETS, Verdict::Warn, "each of 2 monitors");
        let pods = object("PodMonitor", "airlock", "pods", &json!({ "spec": { "selector": {}, "namespaceSelector": { "any": true }, "podMetricsEndpoints": [{ "port": "pod-https" }] } }));
        told(&[pods], TARGETS, Verdict::Warn, "each of 1 monitors");
        let numbered = object("ServiceMonitor", "airlock", "n", &json!({ "spec": { "selector": {}, "namespaceSelector": { "any": true }, "endpoints": [{ "targetPort": 9109 }] } }));
        told(&[numbered], TARGETS, Verdict::Warn, "each of 1 monitors");
    }

    #[test]
    fn what_selects_nothing_is_told_by_its_name() {
        told(&[of_alpha(), monitor("own", "other", &json!({}), "https")], "own", Verdict::Fail, "it selects no Service of airlock");
        told(&[of_alpha(), monitor("own", "meter", &json!({}), "http")], "own", Verdict::Fail, "no Service that it selects has a port http");
        told(
            &[of_alpha(), object("PodMonitor", "airlock", "own", &json!({ "spec": { "selector": {}, "podMetricsEndpoints": [{ "port": "https" }] } }))],
            "own",
            Verdict::Fail,
            "it selects no Pod of airlock",
        );
        told(&[of_alpha(), object("ServiceMonitor", "airlock", "own", &json!({ "spec": { "selector": {} } }))], "own", Verdict::Fail, "it names no port");
        told(&[of_alpha(), object("ServiceMonitor", "airlock", "own", &json!({ "spec": { "selector": { "matchLabels": { "app": 1 } } } }))], "own", Verdict::Fail, "it cannot be read");
        told(&[monitor("own", "meter", &json!({}), "https")], "deployment alpha", Verdict::Fail, "selects anything of it");
        assert_eq!(judged(&given(&[])).len(), 2, "no monitor at all, and so none of the deployment");
    }

    #[test]
    fn what_looks_elsewhere_and_what_was_not_read_is_not_vouched_for() {
        told(&[of_alpha(), monitor("own", "other", &json!({ "any": true }), "https")], "own", Verdict::Unverified, "not read here");
        told(&[of_alpha(), monitor("own", "meter", &json!({ "matchNames": ["shop"] }), "https")], "own", Verdict::Unverified, "not read here");
        for (kind, selected) in KINDS {
            for kind in [kind, selected] {
                let mut unread = given(&[of_alpha()]);
                unread.objects.insert(kind.to_owned(), Err("403".to_owned()));
                assert!(matches!(&judged(&unread)[..], [(_, Verdict::Unverified, why)] if why.contains(kind)), "{kind}");
                unread.objects.remove(kind);
                assert!(matches!(&judged(&unread)[..], [(_, Verdict::Unverified, why)] if why.contains(kind)), "{kind}");
            }
        }
    }
}
