//! Which rights an action needs, so that a missing one is heard of before the first write.

use std::collections::BTreeSet;

use airlock_model::answers::Answers;
use airlock_model::prometheus::Asked;
use airlock_model::{
    Action, ApiCaller, Attempt, AttemptAction, CERT_MANAGER, CLUSTER_ISSUER, CertificateSource, CertificateSpec, CertificateSubject, Gate, ISSUER, IssuerReference, Object, ObjectRef, Right,
    SecretKeyRef, Target, Vantage,
};
use serde_json::Value;

/// Plural resource names of the kinds that Airlock applies (Kubernetes API reference).
const RESOURCES: [(&str, &str); 28] = [
    ("Namespace", "namespaces"),
    ("ServiceAccount", "serviceaccounts"),
    ("ConfigMap", "configmaps"),
    ("Secret", "secrets"),
    ("Service", "services"),
    ("Pod", "pods"),
    ("PersistentVolumeClaim", "persistentvolumeclaims"),
    ("ResourceQuota", "resourcequotas"),
    ("LimitRange", "limitranges"),
    ("Deployment", "deployments"),
    ("StatefulSet", "statefulsets"),
    ("DaemonSet", "daemonsets"),
    ("Job", "jobs"),
    ("CronJob", "cronjobs"),
    ("NetworkPolicy", "networkpolicies"),
    ("PodDisruptionBudget", "poddisruptionbudgets"),
    ("Role", "roles"),
    ("RoleBinding", "rolebindings"),
    ("Lease", "leases"),
    ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
    ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
    ("Prometheus", "prometheuses"),
    ("PrometheusRule", "prometheusrules"),
    ("ServiceMonitor", "servicemonitors"),
    ("PodMonitor", "podmonitors"),
    ("Certificate", "certificates"),
    (ISSUER, "issuers"),
    (CLUSTER_ISSUER, "clusterissuers"),
];

/// The plural resource name of a kind that Airlock's templates have.
pub(crate) fn resource(kind: &str) -> Option<&'static str> {
    RESOURCES.iter().find(|(name, _)| *name == kind).map(|(_, plural)| *plural)
}

fn right(object: &ObjectRef, verb: &str) -> Right {
    let resource = resource(&object.kind).map_or_else(|| object.kind.to_lowercase(), str::to_owned);
    Right { group: object.group().to_owned(), resource, verb: verb.to_owned(), namespace: object.namespace.clone() }
}

fn rights(object: &ObjectRef, verbs: &[&str]) -> Vec<Right> {
    verbs.iter().map(|verb| right(object, verb)).collect()
}

/// What a Role allows: nobody may give rights that she does not have (Kubernetes: privilege escalation prevention in RBAC).
fn granted(object: &Object) -> Vec<Right> {
    if object.reference().kind != "Role" {
        return Vec::new();
    }
    let words = |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    let mut granted = Vec::new();
    for rule in object.manifest()["rules"].as_array().into_iter().flatten() {
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                let right = |verb| Right { group: group.clone(), resource: resource.clone(), verb, namespace: object.reference().namespace.clone() };
                granted.extend(words(&rule["verbs"]).into_iter().map(right));
            }
        }
    }
    granted
}

/// Pods that are started, watched, read, and removed in a namespace.
fn pods(namespace: &str) -> Vec<Right> {
    let pod = ObjectRef::namespaced("v1", "Pod", namespace, "");
    let mut needed = rights(&pod, &["create", "get", "list", "watch", "delete"]);
    needed.push(Right { resource: "pods/log".into(), ..right(&pod, "get") });
    needed
}

/// To order from an ACME authority: the account is kept, and an order while people set its records.
fn ordering(spec: &CertificateSpec) -> Vec<Right> {
    let Some(acme) = spec.acme() else { return Vec::new() };
    let secret = |at: &SecretKeyRef| ObjectRef::namespaced("v1", "Secret", &at.namespace, &at.name);
    let account = rights(&secret(&acme.account), &["get", "create", "patch"]);
    account.into_iter().chain(acme.challenge.order().into_iter().flat_map(|order| rights(&secret(order), &["get", "create", "patch", "delete"]))).collect()
}

/// The rights that an action needs. Server-side apply is `patch`, and `create` where the object may be new.
pub(crate) fn of_action(action: &Action) -> Vec<Right> {
    const WRITE: [&str; 3] = ["get", "create", "patch"];
    let secret = |namespace: &str, name: &str| ObjectRef::namespaced("v1", "Secret", namespace, name);
    let mut needed = match action {
        Action::Apply(objects) => objects.iter().flat_map(|object| rights(object.reference(), &WRITE).into_iter().chain(granted(object))).collect(),
        Action::Run(job) => {
            let mut needed = rights(job.reference(), &["get", "create", "delete"]);
            needed.extend(job.reference().namespace.iter().flat_map(|namespace| pods(namespace)));
            needed
        }
        Action::Delete(objects) => objects.iter().flat_map(|object| rights(object, &["get", "delete"])).collect(),
        Action::Generate(spec) => rights(&spec.object(), &WRITE),
        Action::Issue(spec) => {
            let mut needed = rights(&spec.object(), &WRITE);
            needed.extend(rights(&ObjectRef::namespaced("v1", "ConfigMap", &spec.namespace, ""), &WRITE));
            if let CertificateSubject::Supplied { source: CertificateSource::Secret { namespace, name }, .. } = &spec.subject {
                needed.extend(rights(&secret(namespace, name), &["get"]));
            }
            needed.extend(ordering(spec));
            needed
        }
        Action::Push(spec) => rights(&secret(&spec.password.namespace, &spec.password.name), &["get"]),
        Action::Probe(attempts) => attempts.iter().flat_map(Attempt::pod_namespaces).flat_map(pods).collect(),
        Action::Await(Gate::Dns { service, .. }) => rights(service, &["get"]),
        Action::Await(Gate::NodePull { namespace, .. }) => pods(namespace),
        Action::Await(Gate::Certificate(spec)) => {
            let is_ordered = spec.acme().is_some();
            rights(&spec.object(), if is_ordered { &WRITE } else { &["get"] }).into_iter().chain(ordering(spec)).collect()
        }
    };
    needed.sort();
    needed.dedup();
    needed
}

/// Who beside Airlock has a part in an installation, and has to be looked at for that.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Others<'a> {
    /// The company's Prometheus watches it.
    pub is_watched: bool,
    /// cert-manager issues its certificate, by this issuer.
    pub issuer: Option<&'a IssuerReference>,
}

impl<'a> Others<'a> {
    /// Those that the answers name.
    pub(crate) fn of(answers: &'a Answers) -> Self {
        Self { is_watched: Asked::by(answers).is_some(), issuer: IssuerReference::by(answers) }
    }
}

/// Seeing whether an issuer is there.
fn issuers(issuer: &IssuerReference, namespaces: &[String]) -> Vec<Right> {
    let api_version = format!("{CERT_MANAGER}/v1");
    match issuer.kind.as_str() {
        _ if !issuer.is_of_cert_manager() => Vec::new(),
        CLUSTER_ISSUER => vec![right(&ObjectRef::cluster(&api_version, CLUSTER_ISSUER, ""), "list")],
        _ => namespaces.iter().map(|namespace| right(&ObjectRef::namespaced(&api_version, ISSUER, namespace, ""), "list")).collect(),
    }
}

/// What every run needs beside its steps: to look, to keep others away, to remember, to wait with a cause, and to verify.
pub(crate) fn of_run(namespace: &str, namespaces: &[String], others: Others<'_>) -> Vec<Right> {
    let mut needed = looking(namespaces);
    needed.extend(others.issuer.into_iter().flat_map(|issuer| issuers(issuer, namespaces)));
    needed.extend(others.is_watched.then(|| right(&ObjectRef::cluster("monitoring.coreos.com/v1", "Prometheus", ""), "list")));
    needed.extend(remembering(namespace));
    for namespace in namespaces {
        let list = |api_version: &str, kind: &str, resource: &str| Right { resource: resource.to_owned(), ..right(&ObjectRef::namespaced(api_version, kind, namespace, ""), "list") };
        // Causes of a wait.
        needed.extend([list("v1", "Event", "events"), list("apps/v1", "ReplicaSet", "replicasets"), list("v1", "PersistentVolumeClaim", "persistentvolumeclaims")]);
        // What checks are given.
        needed.extend([
            list("v1", "ConfigMap", "configmaps"),
            list("v1", "Secret", "secrets"),
            list("v1", "ServiceAccount", "serviceaccounts"),
            list("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
        ]);
        needed.extend(rights(&ObjectRef::namespaced("v1", "Secret", namespace, ""), &["get"]));
        needed.extend(pods(namespace));
    }
    needed.sort();
    needed.dedup();
    needed
}

/// What a removal needs beside its steps: to keep others away, to remember, and to see whom else it would touch.
pub(crate) fn of_removal(namespace: &str, namespaces: &[String]) -> Vec<Right> {
    let mut needed = rights(&ObjectRef::cluster("v1", "Namespace", ""), &["get"]);
    needed.extend(remembering(namespace));
    for namespace in namespaces {
        needed.extend(workloads(namespace));
        needed.extend(["PersistentVolumeClaim", "Secret"].map(|kind| right(&ObjectRef::namespaced("v1", kind, namespace, ""), "list")));
    }
    needed.sort();
    needed.dedup();
    needed
}

/// Without these nobody knows what is installed, and nothing is judged.
pub(crate) fn of_recognition(namespace: &str) -> Vec<Right> {
    let of = |kind, verb| right(&ObjectRef::namespaced("v1", kind, namespace, ""), verb);
    vec![of("ConfigMap", "get"), of("Secret", "get"), of("ServiceAccount", "list")]
}

/// What making a plan reads beside the objects that it is about.
pub(crate) fn of_plan(namespace: &str, namespaces: &[String], others: Others<'_>) -> BTreeSet<Right> {
    of_run(namespace, namespaces, others).into_iter().filter(|right| matches!(right.verb.as_str(), "get" | "list")).collect()
}

/// What comparing an object with a plan reads.
pub(crate) fn of_look(object: &ObjectRef) -> Right {
    right(object, "get")
}

/// What an attempt needs: pods from which it is made, and its password where it is made on the workstation.
pub(crate) fn of_attempt(attempt: &Attempt) -> Vec<Right> {
    let is_in_pod = attempt.pod_namespaces().next().is_some();
    let password = attempt.password().filter(|_| !is_in_pod).map(|at| right(&ObjectRef::namespaced("v1", "Secret", &at.namespace, &at.name), "get"));
    attempt
        .pod_namespaces()
        .flat_map(pods)
        .chain(password)
        .chain(shown(attempt))
        .chain(through(attempt))
        .chain(forwarded(attempt))
        .chain(let_in(attempt))
        .chain(found(attempt))
        .chain(token(attempt))
        .collect()
}

/// What a request that the API server passes on to a kubelet asks for.
fn through(attempt: &Attempt) -> Option<Right> {
    let AttemptAction::AskApi { path, caller: ApiCaller::User } = &attempt.action else { return None };
    let is_passed_on = path.strip_prefix("/api/v1/nodes/").is_some_and(|rest| rest.split('/').nth(1) == Some("proxy"));
    is_passed_on.then(|| Right { resource: "nodes/proxy".into(), ..right(&ObjectRef::cluster("v1", "Node", ""), "get") })
}

/// What leads to a port of a pod. A web socket is opened by `get`, and from Kubernetes 1.35 on `create` is asked for as well.
fn forwarded(attempt: &Attempt) -> Vec<Right> {
    let AttemptAction::AskPrometheus { pod, .. } = &attempt.action else { return Vec::new() };
    ["get", "create"].map(|verb| Right { resource: "pods/portforward".into(), ..right(pod, verb) }).into()
}

/// Policies that let a scan in, and one that shows that all pods are closed without them.
fn let_in(attempt: &Attempt) -> Vec<Right> {
    let Vantage::LetIn { namespace } = &attempt.from else { return Vec::new() };
    rights(&ObjectRef::namespaced("networking.k8s.io/v1", "NetworkPolicy", namespace, ""), &["create", "get", "list", "watch", "delete"])
}

/// Which pods there are to be reached.
fn found(attempt: &Attempt) -> Option<Right> {
    let (AttemptAction::Reach { .. }, Target::Pods { namespace, .. }) = (&attempt.action, &attempt.target) else { return None };
    Some(right(&ObjectRef::namespaced("v1", "Pod", namespace, ""), "list"))
}

/// A token that is made for an account.
fn token(attempt: &Attempt) -> Option<Right> {
    Some(Right { resource: "serviceaccounts/token".into(), ..right(attempt.token_of()?, "create") })
}

/// What showing a pod to admission asks for, though nothing is made.
fn shown(attempt: &Attempt) -> Option<Right> {
    let AttemptAction::Admit { manifest } = &attempt.action else { return None };
    let namespace = manifest["metadata"]["namespace"].as_str()?;
    Some(right(&ObjectRef::namespaced("v1", "Pod", namespace, ""), "create"))
}

/// What each of these namespaces is searched for values of Secrets in.
pub(crate) fn of_secrets(namespaces: &[String]) -> Vec<Right> {
    namespaces.iter().flat_map(|namespace| ["Secret", "ConfigMap", "Pod"].map(|kind| right(&ObjectRef::namespaced("v1", kind, namespace, ""), "list"))).collect()
}

/// Logs and events, with the Secrets whose values are looked for in them.
pub(crate) fn of_logs(namespaces: &[String]) -> Vec<Right> {
    let written = |namespace: &String| {
        let of = |verb: &str, resource: &str| Right { resource: resource.to_owned(), ..right(&ObjectRef::namespaced("v1", "Pod", namespace, ""), verb) };
        [of("list", "events"), of("get", "pods/log")]
    };
    namespaces.iter().flat_map(written).chain(of_secrets(namespaces)).collect()
}

/// The lease, and what stands in records.
fn remembering(namespace: &str) -> Vec<Right> {
    let mut needed = rights(&ObjectRef::namespaced("coordination.k8s.io/v1", "Lease", namespace, ""), &["get", "create", "update", "patch"]);
    needed.extend(rights(&ObjectRef::namespaced("v1", "ConfigMap", namespace, ""), &["get", "list", "create", "patch", "delete"]));
    needed
}

/// Looking for what others run in a namespace.
fn workloads(namespace: &str) -> Vec<Right> {
    let kinds = [("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job"), ("batch/v1", "CronJob"), ("v1", "Pod")];
    kinds.map(|(api_version, kind)| right(&ObjectRef::namespaced(api_version, kind, namespace, ""), "list")).into()
}

/// What a plan cannot be made without having read. Other facts are `unverified` without their right.
fn looking(namespaces: &[String]) -> Vec<Right> {
    let mut needed = rights(&ObjectRef::cluster("v1", "Namespace", ""), &["get"]);
    needed.extend(namespaces.iter().flat_map(|namespace| workloads(namespace)));
    let slices = |namespace: &str| Right { resource: "endpointslices".into(), ..right(&ObjectRef::namespaced("discovery.k8s.io/v1", "EndpointSlice", namespace, ""), "list") };
    needed.extend([right(&ObjectRef::namespaced("v1", "Service", "kube-system", ""), "list"), slices("kube-system")]);
    needed.push(right(&ObjectRef::namespaced("apps/v1", "DaemonSet", "kube-system", ""), "get"));
    needed.extend([right(&ObjectRef::namespaced("v1", "Service", "default", ""), "get"), slices("default")]);
    needed
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_token_of_an_account_is_a_right_of_its_own_and_needs_no_pod() {
        let account = ObjectRef::namespaced("v1", "ServiceAccount", "airlock-alpha", "airflow-task");
        let asked = AttemptAction::Identify { account: account.clone() };
        let read = AttemptAction::ReadSecrets { account, of: BTreeMap::from([("airlock-beta".into(), vec!["airflow-fernet-key".into()])]) };
        let needed = |action| of_attempt(&Attempt { id: "a".into(), from: Vantage::Workstation, target: Target::KubernetesApi, action, control: None, purpose: "a test".into() });
        for needed in [needed(asked), needed(read)] {
            assert_eq!(needed.iter().map(ToString::to_string).collect::<Vec<_>>(), ["create serviceaccounts/token in namespace airlock-alpha"]);
        }
        assert_eq!(needed(AttemptAction::AskApi { path: "/api".into(), caller: ApiCaller::User }), []);
    }
}
