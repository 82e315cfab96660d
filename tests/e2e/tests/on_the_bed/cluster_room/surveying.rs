//! What a survey finds out, and that it changes nothing.

use std::collections::BTreeSet;

use airlock_bed::{Bed, Output};
use airlock_cluster::SurveyScope;
use airlock_model::Fact;
use serde_json::{Value, json};

use super::{Outcome, Place, connect, through_relay};

/// Objects of the cluster that go away with the value.
struct ClusterWide<'a> {
    bed: &'a Bed,
    objects: Vec<String>,
}

impl<'a> ClusterWide<'a> {
    fn new(bed: &'a Bed, objects: &[Value]) -> Result<Self, Box<dyn std::error::Error>> {
        let named = |object: &Value| format!("{}/{}", object["kind"].as_str().unwrap_or_default(), object["metadata"]["name"].as_str().unwrap_or_default());
        let made = Self { bed, objects: objects.iter().map(named).collect() };
        bed.apply(&json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string())?;
        Ok(made)
    }
}

impl Drop for ClusterWide<'_> {
    fn drop(&mut self) {
        drop(self.bed.kubectl(["delete", "--ignore-not-found"].into_iter().chain(self.objects.iter().map(String::as_str))));
    }
}

#[tokio::test]
async fn an_administrator_learns_every_fact() -> Outcome {
    let place = Place::new("survey").await?;
    place.namespace.apply("{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {pods: '5'}}}")?;
    place.namespace.client("guest", None)?;
    place.namespace.apply("{apiVersion: v1, kind: LimitRange, metadata: {name: l}, spec: {limits: [{type: Container, max: {memory: 64Gi}}]}}")?;
    place.bed.kubectl(["label", "namespace", place.name(), "pod-security.kubernetes.io/enforce=baseline"])?;
    let facts = place.cluster.survey(&SurveyScope { namespaces: vec![place.name().to_owned(), "does-not-exist".into()] }).await?;

    let server: Value = serde_json::from_str(&place.bed.kubectl(["version", "-o", "json"])?)?;
    let version = facts.version.known().ok_or("no version")?;
    assert_eq!(Some(version.git.as_str()), server["serverVersion"]["gitVersion"].as_str());
    assert_eq!((version.major, version.minor), (1, 37));
    let nodes = facts.nodes.known().ok_or("no nodes")?;
    assert_eq!(nodes.iter().map(|node| (node.name.as_str(), node.pool.as_str(), node.ready, node.schedulable)).collect::<Vec<_>>(), [("node1", "pool1", true, true), ("node2", "pool2", true, true)]);
    let listed: Value = serde_json::from_str(&place.bed.kubectl(["get", "nodes", "-o", "json"])?)?;
    for (node, listed) in nodes.iter().zip(listed["items"].as_array().into_iter().flatten()) {
        let info = &listed["status"]["nodeInfo"];
        assert_eq!(
            [Some(node.architecture.as_str()), Some(node.runtime.as_str()), Some(node.kubelet.as_str())],
            ["architecture", "containerRuntimeVersion", "kubeletVersion"].map(|key| info[key].as_str())
        );
        let allocatable = listed["status"]["allocatable"]["memory"].as_str().and_then(|text| text.strip_suffix("Ki")).and_then(|text| text.parse::<u64>().ok()).ok_or("no memory")?;
        assert_eq!(node.allocatable.memory_bytes, allocatable * 1024);
        assert_eq!(node.free().memory_bytes, node.allocatable.memory_bytes - node.requested.memory_bytes);
        assert!(node.max_pods == 200 && node.pods > 0, "{node:?}");
    }
    // The cluster's DNS asks for memory, wherever it runs.
    assert!(nodes.iter().any(|node| node.requested.memory_bytes > 0), "{nodes:?}");
    let clock = facts.clock_difference_millis.known().ok_or("no clock")?;
    assert!(clock.abs() < 2000, "{clock}");
    assert_eq!(facts.caller.known().map(|caller| caller.user.as_str()), Some("admin"));
    let classes = facts.storage_classes.known().ok_or("no classes")?;
    assert!(classes.iter().any(|class| class.name == "standard" && class.default && class.binding_mode == "WaitForFirstConsumer"));
    let dns = facts.dns.known().ok_or("no DNS")?;
    assert_eq!(dns.namespace, "kube-system");
    assert_eq!((dns.service.as_str(), dns.target_ports.as_slice(), dns.node_local), ("kube-dns", [5353].as_slice(), None));
    assert!(!dns.selector.is_empty());
    let api = facts.api_server.known().ok_or("no API server")?;
    assert!(api.endpoints.iter().all(|endpoint| endpoint.port() == 6443) && !api.endpoints.is_empty());
    let namespaces = facts.namespaces.known().ok_or("no namespaces")?;
    assert_eq!(namespaces.keys().collect::<Vec<_>>(), [place.name()]);
    let ours = &namespaces[place.name()];
    assert_eq!((ours.foreign.as_slice(), ours.labels["pod-security.kubernetes.io/enforce"].as_str()), (["Pod guest".to_owned()].as_slice(), "baseline"));
    let quotas = facts.quotas.known().ok_or("no quotas")?;
    let lines: Vec<_> = quotas.iter().flat_map(|quota| quota.limits.iter().map(|(what, line)| (quota.kind.as_str(), quota.name.as_str(), what.as_str(), line.hard.as_str()))).collect();
    assert!(lines.contains(&("ResourceQuota", "q", "pods", "5")) && lines.iter().any(|line| line.0 == "LimitRange" && line.1 == "l" && line.3 == "64Gi"), "{lines:?}");
    assert!(facts.installations.known().is_some_and(|found| !found.contains_key(place.name())), "{:?}", facts.installations);
    let missing = [facts.cluster_uid.missing(), facts.ingress_classes.missing(), facts.gateway_classes.missing(), facts.operators.missing(), facts.admission.missing()];
    assert_eq!(missing, [None; 5]);
    Ok(())
}

#[tokio::test]
async fn a_caller_without_rights_learns_which_rights_are_missing_and_nothing_is_written() -> Outcome {
    let place = Place::new("survey").await?;
    let user = format!("{}-guest", place.name());
    let kubeconfig = through_relay(&place.bed, &place.bed.user(&user, &[])?)?;
    let cluster = connect(kubeconfig.path().to_owned(), None).await?;
    let audit = place.bed.audit()?;
    let facts = cluster.survey(&SurveyScope { namespaces: vec![place.name().to_owned()] }).await?;

    assert_eq!(facts.caller.known().map(|caller| caller.user.clone()), Some(user.clone()));
    assert_eq!(facts.nodes, Fact::Unverified("missing right: list nodes in the cluster".into()));
    assert_eq!(facts.namespaces.missing(), Some("missing right: get namespaces in the cluster"));
    assert_eq!(facts.installations.missing(), Some("missing right: list namespaces in the cluster"));
    assert_eq!(facts.storage_classes.missing(), Some("missing right: list storageclasses.storage.k8s.io in the cluster"));
    assert!(facts.version.known().is_some() && facts.dns.missing().is_some());
    let asked: Vec<_> = audit.entries()?.into_iter().filter(|entry| entry.user == user).collect();
    assert!(asked.len() > 10 && asked.iter().all(|entry| entry.agent.starts_with("airlock/") && !entry.is_write()), "{asked:#?}");
    Ok(())
}

#[tokio::test]
async fn each_kind_of_webhook_and_policy_is_found() -> Outcome {
    let place = Place::new("survey").await?;
    let name = place.name();
    // They concern a kind that does not exist, so that they keep nobody from anything.
    let rule = json!({"apiGroups": ["airlock.test"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothings"]});
    let webhooks =
        json!([{"name": "gate.airlock.test", "rules": [rule], "clientConfig": {"url": "https://127.0.0.1:1/"}, "failurePolicy": "Ignore", "sideEffects": "None", "admissionReviewVersions": ["v1"]}]);
    let constraints = json!({"resourceRules": [rule]});
    let object = |kind: &str, rest: &Value| {
        let mut object = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}});
        for (key, value) in rest.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        object
    };
    let mutation = json!({"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: \"remove\", path: \"/spec/nothing\"}]"}});
    let objects = [
        object("MutatingAdmissionPolicy", &json!({"spec": {"matchConstraints": constraints, "reinvocationPolicy": "Never", "mutations": [mutation]}})),
        object("MutatingWebhookConfiguration", &json!({"webhooks": webhooks})),
        object("ValidatingAdmissionPolicy", &json!({"spec": {"matchConstraints": constraints, "failurePolicy": "Ignore", "validations": [{"expression": "true"}]}})),
        object("ValidatingWebhookConfiguration", &json!({"webhooks": webhooks})),
    ];
    let _there = ClusterWide::new(&place.bed, &objects)?;
    let facts = place.cluster.survey(&SurveyScope::default()).await?;
    let found: BTreeSet<(&str, &str)> = facts.admission.known().ok_or("no admission")?.iter().filter(|one| one.name == name).map(|one| (one.kind.as_str(), one.failure_policy.as_str())).collect();
    let expected = [("MutatingAdmissionPolicy", "Fail"), ("MutatingWebhookConfiguration", "Ignore"), ("ValidatingAdmissionPolicy", "Ignore"), ("ValidatingWebhookConfiguration", "Ignore")];
    assert_eq!(found, BTreeSet::from(expected));
    Ok(())
}

#[tokio::test]
async fn installations_in_other_namespaces_are_found() -> Outcome {
    let place = Place::new("survey").await?;
    place.bed.kubectl(["label", "namespace", place.name(), "airlock-platform.io/installation=k3v7"])?;
    let facts = place.cluster.survey(&SurveyScope::default()).await?;
    assert_eq!(facts.installations.known().and_then(|found| found.get(place.name())).map(String::as_str), Some("k3v7"));
    Ok(())
}

/// `airlock inspect` without answers, by a person of this name: exit code, text, document.
fn inspected(place: &Place, kubeconfig: &std::path::Path) -> Result<(Option<i32>, String, Value), Box<dyn std::error::Error>> {
    let state = tempfile::tempdir()?;
    let command = |form: &str| {
        let mut command = place.bed.admin(airlock_e2e::program());
        command.args(["inspect", "-o", form]).env("KUBECONFIG", kubeconfig).env("XDG_STATE_HOME", state.path()).env("NO_COLOR", "1");
        command
    };
    let run = |form: &str| command(form).output().map(Output::from);
    let (text, document) = (run("text")?, run("json")?);
    Ok((text.code, text.stdout, serde_json::from_str(&document.stdout)?))
}

fn of_rights(document: &Value) -> Vec<(&str, &str)> {
    let findings = document["findings"].as_array().into_iter().flatten().filter(|finding| finding["check"] == "RGT-001");
    findings.map(|finding| (finding["verdict"].as_str().unwrap_or_default(), finding["observed"].as_str().unwrap_or_default())).collect()
}

#[tokio::test]
async fn without_answers_everybody_learns_which_rights_an_installation_would_need() -> Outcome {
    let place = Place::new("survey").await?;
    let (exit, text, document) = inspected(&place, &place.bed.kubeconfig())?;
    let [("pass", allowed)] = of_rights(&document)[..] else { return Err(document.to_string().into()) };
    assert!(exit == Some(0) && text.contains(&format!("your rights        {allowed}, all that an installation needs")), "{text}");

    let user = format!("{}-guest", place.name());
    let (exit, text, document) = inspected(&place, &place.bed.user(&user, &[])?)?;
    let [("fail", missing)] = of_rights(&document)[..] else { return Err(document.to_string().into()) };
    assert!(missing.contains("in the cluster: namespaces, validating") && missing.contains("deployments.apps") && missing.contains("in namespace airlock-probes: "), "{missing}");
    assert!(exit == Some(3) && text.contains("your rights        fail, see RGT-001 below") && text.contains(missing), "{text}");
    assert!(text.contains("installations      ? unverified: missing right: list namespaces in the cluster"), "{text}");
    Ok(())
}
