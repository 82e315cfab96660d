//! WKL-001 to WKL-005: what every pod keeps to beyond the Pod Security Standards.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, SnapshotObject, Source, World, names, quantity_millis};
use serde_json::Value;

use crate::described::Described;
use crate::live::{self, PodOf};
use crate::pod_security::{Pod, Violation, set};

/// Judges one pod: what is wrong with it.
type Judge = fn(&Pod<'_>) -> Vec<Violation>;

/// A check that needs nothing but the pod.
pub(crate) struct Workload {
    described: Described,
    judge: Judge,
}

/// WKL-001
pub(crate) static READ_ONLY_ROOT: Workload = Workload {
    described: Described {
        spec: CheckSpec {
            id: "WKL-001",
            title: "every root file system is read-only",
            severity: Severity::Medium,
            promises: &["P2"],
            explanation: "securityContext.readOnlyRootFilesystem of every container of each pod and template; only true passes.",
            remedy: "In a file: set the field. Airlock renders its own pods so: find who changed this one (see managedFields), undo it there, and run `airlock install` again.",
        },
        expected: "readOnlyRootFilesystem is true",
        why: "who takes over the program can put files beside it and stay",
    },
    judge: read_only_root,
};

/// WKL-002
pub(crate) static RESOURCES: Workload = Workload {
    described: Described {
        spec: CheckSpec {
            id: "WKL-002",
            title: "every container has requests and limits for CPU and memory",
            severity: Severity::Medium,
            promises: &["P2"],
            explanation: "resources.requests and resources.limits of every init and main container of each pod and template, each with cpu and memory, above 0. Those of the pod (spec.resources, which Kubernetes counts since 1.34) are each container's. A limit without a request is the request too, as the API server fills it in. Defaults of a LimitRange stand in live pods and count; of files they do not, since another file may come without it.",
            remedy: "In a file: set the field. Airlock renders its own pods so: find who changed this one (see managedFields), undo it there, and run `airlock install` again.",
        },
        expected: "requests and limits have cpu and memory",
        why: "one container can starve its node, and the sums that were approved do not hold",
    },
    judge: resources,
};

impl Check for Workload {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        self.described.each_pod(given, |pod| pod.pod().map(|pod| (self.judge)(&pod)))
    }
}

fn read_only_root(pod: &Pod<'_>) -> Vec<Violation> {
    let open = pod.containers().filter(|container| container.security("readOnlyRootFilesystem") != Some(&Value::Bool(true)));
    open.map(|container| Violation {
        path: container.security_path("readOnlyRootFilesystem"),
        value: container.security("readOnlyRootFilesystem").cloned().unwrap_or(Value::Null),
        detail: format!("container {} can write to its root file system", container.name()),
    })
    .collect()
}

fn resources(pod: &Pod<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    // The API allows no resources in ephemeral containers.
    for container in pod.containers().filter(|container| !container.path.starts_with("/spec/ephemeralContainers")) {
        for part in ["requests", "limits"] {
            let missing: Vec<&str> = ["cpu", "memory"].into_iter().filter(|name| !is_given(container.value, part, name) && !is_given(pod.spec, part, name)).collect();
            if !missing.is_empty() {
                let value = container.value.pointer(&format!("/resources/{part}")).cloned().unwrap_or(Value::Null);
                found.push(Violation { path: format!("{}/resources/{part}", container.path), value, detail: format!("container {} has no {part} for {}", container.name(), missing.join(" and ")) });
            }
        }
    }
    found
}

/// `resources` of a container or a pod have an amount of `name` (`cpu`, `memory`). One of 0, or one that is no quantity, is none.
fn is_given(of: &Value, part: &str, name: &str) -> bool {
    let amount = |part: &str| set(set(set(of, "resources")?, part)?, name);
    // The API server makes a limit without a request the request as well.
    let amount = amount(part).or_else(|| amount("limits"));
    amount.and_then(|amount| amount.as_str().map_or_else(|| quantity_millis(&amount.to_string()), quantity_millis)).is_some_and(|millis| millis > 0)
}

static TOKEN: Described = Described {
    spec: CheckSpec {
        id: "WKL-004",
        title: "no pod is given a Kubernetes API token that it has no rights for",
        severity: Severity::Medium,
        promises: &["P2"],
        explanation: "automountServiceAccountToken of each pod and template, else of its ServiceAccount; true, which is also the default, fails, as does a volume that holds a token. A pod's own value wins over its ServiceAccount's. Left out are pods whose ServiceAccount a RoleBinding or ClusterRoleBinding among the files names, and pods of Airlock whose component asks for rights, which the plan lists: kube-state-metrics, and the scheduler of each Airflow deployment.",
        remedy: "In a file: set automountServiceAccountToken to false. Airlock's other components need no Kubernetes API and are rendered so: find who changed this pod or its ServiceAccount (see managedFields), undo it there, and run `airlock install` again.",
    },
    expected: "automountServiceAccountToken is false and no volume holds a token, or its component asks for rights",
    why: "who takes over the program also gets a login to the Kubernetes API",
};

/// WKL-004
pub(crate) struct TokenNotMounted;

impl Check for TokenNotMounted {
    fn spec(&self) -> &CheckSpec<'_> {
        &TOKEN.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "ServiceAccount")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let accounts = match live::objects(given, "ServiceAccount") {
            Ok(accounts) => accounts,
            Err(reason) => return vec![TOKEN.unverified(live::PODS, reason)],
        };
        TOKEN.each_pod(given, |pod| {
            let spec = pod.spec()?;
            if given.world.accounts_with_rights.contains(&format!("{}/{}", live::namespace(pod.object), pod.account())) || is_bound(given, pod) {
                return Some(Vec::new());
            }
            let of_account = || account(pod, &accounts).and_then(|account| set(&account.manifest, "automountServiceAccountToken"));
            let mount = set(spec, "automountServiceAccountToken").or_else(of_account);
            let mut found = Vec::new();
            if mount != Some(&Value::Bool(false)) {
                found.push(Violation::new("/spec/automountServiceAccountToken", mount, "a token is mounted"));
            }
            found.extend(token_volumes(spec));
            Some(found)
        })
    }
}

/// A binding among the files names the pod's account: it has rights, and so a use for its token. Of a cluster the plan lists who has some.
fn is_bound(given: &Snapshot, pod: &PodOf<'_>) -> bool {
    if given.source == Source::Cluster {
        return false;
    }
    let bindings = ["RoleBinding", "ClusterRoleBinding"].into_iter().filter_map(|kind| given.objects.get(kind)?.as_ref().ok()).flatten();
    let subjects = bindings.flat_map(|binding| binding.manifest.get("subjects").and_then(Value::as_array).into_iter().flatten().map(move |subject| (binding, subject)));
    subjects.into_iter().any(|(binding, subject)| {
        let text = |key| subject.get(key).and_then(Value::as_str);
        text("kind") == Some("ServiceAccount") && text("name") == Some(pod.account()) && text("namespace").unwrap_or_else(|| live::namespace(binding)) == live::namespace(pod.object)
    })
}

fn token_volumes(spec: &Value) -> Vec<Violation> {
    let is_token = |volume: &Value| volume.pointer("/projected/sources").and_then(Value::as_array).is_some_and(|sources| sources.iter().any(|source| set(source, "serviceAccountToken").is_some()));
    let volumes = spec.get("volumes").and_then(Value::as_array).into_iter().flatten().enumerate();
    let named = volumes.filter(|(_, volume)| is_token(volume)).map(|(index, volume)| (index, volume.get("name").cloned().unwrap_or(Value::Null)));
    named.map(|(index, name)| Violation { path: format!("/spec/volumes/{index}/projected"), detail: format!("volume {name} holds a token"), value: name }).collect()
}

/// Another run's pod that makes an attempt, or one that a killed run left: rights of its account would not be its own.
fn is_attempt(pod: &PodOf<'_>, spec: &Value) -> bool {
    pod.at.is_empty() && pod.label(names::LABEL_PROBE_RUN).is_some() && set(spec, "automountServiceAccountToken") == Some(&Value::Bool(false)) && token_volumes(spec).is_empty()
}

fn account<'a>(pod: &PodOf<'_>, accounts: &[&'a SnapshotObject]) -> Option<&'a SnapshotObject> {
    accounts.iter().copied().find(|account| live::namespace(account) == live::namespace(pod.object) && account.object.name == pod.account())
}

static ACCOUNT: Described = Described {
    spec: CheckSpec {
        id: "WKL-005",
        title: "every pod has a ServiceAccount of its own kind",
        severity: Severity::Medium,
        promises: &["P2", "P12"],
        explanation: "spec.serviceAccountName of each pod and template: not `default`; of a cluster, the ServiceAccount exists. Files may leave it to others to make it. A pod that makes an attempt for a run of Airlock has no token, and stands where no ServiceAccount may be made for it: `default` is no finding there.",
        remedy: "In a file: set the field. Airlock renders its own pods so: find who changed this one (see managedFields), undo it there, and run `airlock install` again.",
    },
    expected: "serviceAccountName is not `default` and exists",
    why: "rights that somebody gives to `default` would be rights of the platform",
};

/// WKL-005
pub(crate) struct DedicatedAccount;

impl Check for DedicatedAccount {
    fn spec(&self) -> &CheckSpec<'_> {
        &ACCOUNT.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "ServiceAccount")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let accounts = match live::objects(given, "ServiceAccount") {
            Ok(accounts) => accounts,
            Err(reason) => return vec![ACCOUNT.unverified(live::PODS, reason)],
        };
        ACCOUNT.each_pod(given, |pod| {
            let spec = pod.spec()?;
            let name = pod.account();
            let detail = if name == "default" {
                if is_attempt(pod, spec) {
                    return Some(Vec::new());
                }
                "it runs as `default`".to_owned()
            } else if given.source == Source::Cluster && account(pod, &accounts).is_none() {
                format!("its ServiceAccount {name} does not exist")
            } else {
                return Some(Vec::new());
            };
            Some(vec![Violation::new("/spec/serviceAccountName", Some(&name.into()), detail)])
        })
    }
}
