//! RBC-003 to RBC-006: what a role lets its holders do that reaches beyond what it seems to.
//!
//! A role is judged by the requests that its rules allow, not by how they are written. A role that somebody holds
//! fails; one that nobody holds is warned of. Of the roles that every cluster has, what somebody else binds to is
//! judged at the binding; `cluster-admin` is RBC-001's.

use std::collections::BTreeSet;

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};
use serde_json::Value;

use super::grants::{Binding, Rights, Role, RoleName};
use super::rule::{Request, Rule};
use super::scope::{self, Allowed};
use super::subject::Holder;
use crate::described::{Described, Resting};
use crate::pod_security::Violation;

/// A request that a role should not allow.
struct Power {
    verbs: &'static [&'static str],
    group: &'static str,
    resource: &'static str,
    /// It is no power within one namespace.
    cluster: bool,
    /// A rule that names objects (resourceNames) gives power over these alone. Elsewhere what is got does not depend on the name.
    confined: bool,
    /// What holders can do.
    means: &'static str,
}

const fn power(verbs: &'static [&'static str], group: &'static str, resource: &'static str, cluster: bool, means: &'static str) -> Power {
    Power { verbs, group, resource, cluster, confined: false, means }
}

/// One over the objects that a rule names.
const fn confined(verbs: &'static [&'static str], group: &'static str, resource: &'static str, means: &'static str) -> Power {
    Power { verbs, group, resource, cluster: false, confined: true, means }
}

/// A check of some powers.
pub(crate) struct Powers {
    described: Described,
    forbidden: &'static [Power],
    /// Accounts to which the plan gives rights may have these in their namespace, those of the platform in others, too.
    planned: bool,
}

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
pub(crate) const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "update", "patch"];
/// The one verb that is judged by what the roles hold that it is allowed for.
const BIND: &[&str] = &["bind"];
/// `get` too: a web socket is opened by it.
const OPEN: &[&str] = &["create", "get"];

/// As good as pods (Kubernetes documentation, "Role Based Access Control Good Practices", Workload creation).
const MAKERS: &str = "create or change what makes pods";

/// RBC-003
pub(crate) static SECRETS: Powers = Powers {
    described: Described {
        spec: CheckSpec {
            id: "RBC-003",
            title: "no role reads Secrets that it does not name",
            severity: Severity::High,
            promises: &["P9", "P12"],
            explanation: "Whether a Role or ClusterRole allows to get, list, or watch Secrets. Rules that name the Secrets (resourceNames) pass: they read no others. A role that somebody holds fails, one that nobody holds is warned of; bindings of admin and edit, which read Secrets, fail themselves. Of a cluster those count that are bound in the installation's namespaces or to accounts there.",
            remedy: "Name the Secrets in resourceNames, or mount them into the pod instead, which needs no right. What must stay is named in the parameter RBC.allow.",
        },
        expected: "no get, list, or watch of Secrets without resourceNames",
        why: "holders read every Secret of the namespace or cluster, among them passwords and tokens of others",
    },
    forbidden: &[confined(READ, "", "secrets", "read all Secrets")],
    planned: false,
};

/// RBC-004
pub(crate) static PODS: Powers = Powers {
    described: Described {
        spec: CheckSpec {
            id: "RBC-004",
            title: "no role makes pods or enters them",
            severity: Severity::High,
            promises: &["P2", "P12"],
            explanation: "Whether a Role or ClusterRole allows to create pods, to create or change what makes them (Deployments, StatefulSets, DaemonSets, ReplicaSets, ReplicationControllers, CronJobs; Jobs, whose pods cannot be changed, to create), to open pods/exec, pods/attach, or pods/portforward, or to add ephemeral containers. Rules that name the pods to enter, or what they change of it (resourceNames), pass: they reach no others. A role that somebody holds fails, one that nobody holds is warned of. Of a cluster those count that are bound in the installation's namespaces or to accounts there. Accounts that the installed plan lists with rights may do so in their namespace, those of the platform in each of the installation: tasks of Airflow are such pods. Of files no plan is known.",
            remedy: "Take the rule away or bind it to those who operate the namespace. What must stay is named in the parameter RBC.allow.",
        },
        expected: "no create of pods or of what makes them, no exec, attach, portforward, or ephemeral containers",
        why: "a pod may run as any ServiceAccount and mount any Secret of its namespace, and who enters one is that pod",
    },
    forbidden: &[
        power(&["create"], "", "pods", false, "create pods"),
        power(&["create"], "apps", "deployments", false, MAKERS),
        confined(&["update", "patch"], "apps", "deployments", MAKERS),
        power(&["create"], "apps", "statefulsets", false, MAKERS),
        confined(&["update", "patch"], "apps", "statefulsets", MAKERS),
        power(&["create"], "apps", "daemonsets", false, MAKERS),
        confined(&["update", "patch"], "apps", "daemonsets", MAKERS),
        power(&["create"], "apps", "replicasets", false, MAKERS),
        confined(&["update", "patch"], "apps", "replicasets", MAKERS),
        power(&["create"], "", "replicationcontrollers", false, MAKERS),
        confined(&["update", "patch"], "", "replicationcontrollers", MAKERS),
        power(&["create"], "batch", "cronjobs", false, MAKERS),
        confined(&["update", "patch"], "batch", "cronjobs", MAKERS),
        power(&["create"], "batch", "jobs", false, MAKERS),
        confined(OPEN, "", "pods/exec", "run commands in pods"),
        confined(OPEN, "", "pods/attach", "attach to pods"),
        confined(OPEN, "", "pods/portforward", "connect to ports of pods"),
        confined(&["update", "patch"], "", "pods/ephemeralcontainers", "add containers to running pods"),
    ],
    planned: true,
};

/// RBC-005
pub(crate) static ESCALATION: Powers = Powers {
    described: Described {
        spec: CheckSpec {
            id: "RBC-005",
            title: "no role lets its holders take rights that they do not have",
            severity: Severity::Critical,
            promises: &["P2", "P12"],
            explanation: "Whether a Role or ClusterRole allows the verbs bind or escalate on roles, or impersonate on users, groups, or service accounts, also the verbs of constrained impersonation (Kubernetes 1.36: impersonate:user-info, impersonate:serviceaccount, impersonate:arbitrary-node, and impersonate:associated-node). Names in a rule (resourceNames) excuse it in one case: where it binds roles of known rules that hold nothing that RBC-002 to RBC-006 look at. Who is impersonated, and whose rules are written, may hold anything. A role that somebody holds fails, one that nobody holds is warned of. Of a cluster those count that are bound in the installation's namespaces or to accounts there.",
            remedy: "Take the verbs away: who manages roles needs only to create them from rights of their own. What must stay is named in the parameter RBC.allow.",
        },
        expected: "no bind, escalate, or impersonate",
        why: "holders make themselves as powerful as anybody in the namespace or cluster",
    },
    forbidden: &[
        power(BIND, RBAC, "roles", false, "bind roles beyond their own rights"),
        power(BIND, RBAC, "clusterroles", false, "bind cluster roles beyond their own rights"),
        power(&["escalate"], RBAC, "roles", false, "write roles beyond their own rights"),
        power(&["escalate"], RBAC, "clusterroles", false, "write cluster roles beyond their own rights"),
        power(&["impersonate"], "", "users", true, "act as other users"),
        power(&["impersonate"], "", "groups", true, "act as groups"),
        power(&["impersonate"], "", "serviceaccounts", false, "act as other service accounts"),
        power(&["impersonate"], AUTHENTICATION, "uids", true, "act under other UIDs"),
        power(&["impersonate:user-info"], AUTHENTICATION, "users", true, "act as other users"),
        power(&["impersonate:user-info"], AUTHENTICATION, "groups", true, "act as groups"),
        power(&["impersonate:serviceaccount"], AUTHENTICATION, "serviceaccounts", false, "act as other service accounts"),
        power(&["impersonate:arbitrary-node", "impersonate:associated-node"], AUTHENTICATION, "nodes", true, "act as nodes"),
    ],
    planned: false,
};

/// RBC-006
pub(crate) static CLUSTER: Powers = Powers {
    described: Described {
        spec: CheckSpec {
            id: "RBC-006",
            title: "no role reaches nodes, volumes, certificates, or admission of the cluster",
            severity: Severity::High,
            promises: &["P2", "P12"],
            explanation: "Whether a role allows to create PersistentVolumes, to use nodes/proxy, to approve certificate signing requests, to change admission webhooks, or to create tokens of service accounts. All but the last count only where a ClusterRoleBinding grants them. Rules that name the objects (resourceNames) fail alike: by what name it goes confines neither what is made or changed nor whose rights are got; but for tokens of the account that holds the role, which has them anyway. A role that somebody holds fails, one that nobody holds is warned of. Of a cluster those count that are bound in the installation's namespaces or to accounts there.",
            remedy: "Leave these to the cluster's administrators: take the rules away. What must stay is named in the parameter RBC.allow.",
        },
        expected: "none of these requests is allowed",
        why: "each is a way to a node's files, to another identity, or past admission",
    },
    forbidden: &[
        power(&["create"], "", "persistentvolumes", true, "make volumes of any path of a node"),
        power(OPEN, "", "nodes/proxy", true, "use the kubelet's API past the audit"),
        power(&["update", "patch"], CERTIFICATES, "certificatesigningrequests/approval", true, "approve certificates of any identity"),
        power(WRITE, ADMISSION, "validatingwebhookconfigurations", true, "read whatever is sent to the API server"),
        power(WRITE, ADMISSION, "mutatingwebhookconfigurations", true, "change whatever is sent to the API server"),
        power(&["create"], "", "serviceaccounts/token", false, "make tokens of other service accounts"),
    ],
    planned: false,
};

/// Whether a request, as a rule writes it, is one that RBC-002 to RBC-006 look at, by whatever name.
pub(crate) fn judges(request: &Request<'_>) -> bool {
    let is_power = |verb: &str, group: &str, resource: &str| {
        let mut powers = [&SECRETS, &PODS, &ESCALATION, &CLUSTER].into_iter().flat_map(|check| check.forbidden);
        powers.any(|power| power.group == group && power.resource == resource && power.verbs.contains(&verb))
    };
    match *request {
        Request::Path { verb, path } => verb == "*" || path == "*",
        Request::Resource { verb, group, resource, .. } => [verb, group, resource].contains(&"*") || resource.starts_with("*/") || is_power(verb, group, resource),
    }
}

impl Check for Powers {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        scope::needs()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let allowed = Allowed::of(profile);
        scope::judged(&self.described, given, "no role or binding concerns the installation", |rights| {
            let roles = rights.roles.iter().filter(|role| !role.is_default).filter_map(|role| self.role(given, rights, role, &allowed));
            let of_default = |binding: &&Binding<'_>| !binding.is_default && !rights.roles.iter().any(|role| !role.is_default && role.is(&binding.role));
            let bindings = rights.bindings.iter().filter(of_default).filter(|binding| scope::concerns(given, binding)).filter_map(|binding| self.binding(rights, binding, &allowed));
            roles.chain(bindings).collect()
        })
    }
}

/// Where rules are granted.
struct Place<'a> {
    /// Also for the cluster's own objects.
    cluster: bool,
    /// In this namespace; none: in all of them, or in several.
    namespace: Option<&'a str>,
}

impl Power {
    fn is_of(&self, rule: &Rule, rights: &Rights<'_>, place: &Place<'_>) -> bool {
        let allowed = |verb: &str, name: Option<&str>| rule.allows(&Request::Resource { verb, group: self.group, resource: self.resource, name, namespace: None });
        let of_name = |verb: &str, name: &str| !self.confined && allowed(verb, Some(name)) && !(BIND.contains(&verb) && is_harmless(rights, self.resource, name, place));
        self.verbs.iter().any(|verb| allowed(verb, None) || rule.resource_names.iter().collect::<BTreeSet<_>>().into_iter().any(|name| of_name(verb, name)))
    }
}

/// Whether who binds a role by this name gets nothing by it that the checks look at. Where a Role is meant, and in which namespace is
/// not said, nobody knows.
fn is_harmless(rights: &Rights<'_>, resource: &str, name: &str, place: &Place<'_>) -> bool {
    let namespace = match (resource, place.namespace) {
        ("clusterroles", _) => None,
        (_, None) => return false,
        (_, Some(namespace)) => Some(namespace.to_owned()),
    };
    let role = RoleName { namespace, name: name.to_owned() };
    let rules = rights.rules_of(&role);
    rights.knows(&role) && !rules.iter().any(Rule::is_boundless) && !rules.iter().flat_map(|rule| rule.requests(None)).any(|request| judges(&request))
}

impl Powers {
    /// What rules allow at a place, with the place of each rule among them.
    fn found(&self, rights: &Rights<'_>, rules: &[Rule], place: &Place<'_>) -> Vec<(usize, &'static str)> {
        let powers = |rule: &Rule| self.forbidden.iter().filter(|power| (place.cluster || !power.cluster) && power.is_of(rule, rights, place)).map(|power| power.means).collect::<Vec<_>>();
        rules.iter().enumerate().flat_map(|(index, rule)| powers(rule).into_iter().map(move |means| (index, means))).collect()
    }

    fn role(&self, given: &Snapshot, rights: &Rights<'_>, role: &Role<'_>, allowed: &Allowed<'_>) -> Option<Finding> {
        let check = &self.described;
        let bindings: Vec<&Binding<'_>> = rights.bindings_of(role).collect();
        let ours: Vec<&&Binding<'_>> = bindings.iter().filter(|binding| scope::concerns(given, binding)).collect();
        if ours.is_empty() && (!bindings.is_empty() || !scope::concerns_unheld(given, role)) {
            return None;
        }
        let is_cluster_role = role.given.object.kind == "ClusterRole";
        let counts: Vec<&&&Binding<'_>> = ours.iter().filter(|binding| !allowed.has_binding(binding) && !self.is_planned(given, binding)).collect();
        let cluster = if ours.is_empty() { is_cluster_role } else { counts.iter().any(|binding| binding.namespace().is_none()) };
        let namespace = if is_cluster_role { None } else { Some(role.given.object.namespace.as_deref().unwrap_or("default")) };
        let mut found = self.found(rights, &role.rules, &Place { cluster, namespace });
        found.retain(|(index, _)| !is_of_own_token(&role.rules[*index], &counts));
        if found.is_empty() || allowed.has_object(&role.given.object) {
            let seen = if found.is_empty() { check.expected } else { "named in RBC.allow" };
            return Some(check.pass(role.given, seen));
        }
        let fields = if role.is_aggregating() { Vec::new() } else { fields(&role.given.manifest, &found) };
        let means = means(&found);
        if ours.is_empty() {
            return Some(check.warn(check.spec.severity, role.given, format!("who is given it may {means}; nobody holds it")).seen(role.given, &fields));
        }
        if counts.is_empty() {
            return Some(check.pass(role.given, format!("its holders may {means}, as RBC.allow or the installed plan says")));
        }
        let holders = scope::words(counts.iter().flat_map(|binding| &binding.holders));
        Some(check.fail(role.given, format!("{holders} may {means}")).seen(role.given, &fields))
    }

    /// A binding to a role that every cluster has, or that was not given.
    fn binding(&self, rights: &Rights<'_>, binding: &Binding<'_>, allowed: &Allowed<'_>) -> Option<Finding> {
        if binding.role.namespace.is_none() && binding.role.name == "cluster-admin" || binding.strangers().next().is_none() {
            return None;
        }
        let place = Place { cluster: binding.namespace().is_none(), namespace: binding.namespace() };
        let found = self.found(rights, &rights.rules_of(&binding.role), &place);
        if found.is_empty() {
            return rights.knows(&binding.role).then(|| self.described.pass(binding.given, self.described.expected));
        }
        if allowed.has_binding(binding) {
            return Some(self.described.pass(binding.given, "named in RBC.allow"));
        }
        let reference = Violation { path: "/roleRef/name".into(), value: Value::from(binding.role.name.as_str()), detail: String::new() };
        let observed = format!("{} may {}, by ClusterRole {}", scope::words(binding.strangers().map(|(_, holder)| holder)), means(&found), binding.role.name);
        Some(self.described.fail(binding.given, observed).seen(binding.given, &[reference]))
    }

    fn is_planned(&self, given: &Snapshot, binding: &Binding<'_>) -> bool {
        let Some(place) = binding.namespace().filter(|_| self.planned) else { return false };
        let is_planned = |holder: &Holder| {
            let Holder::Account { namespace, name } = holder else { return false };
            (namespace == place || *namespace == given.world.platform) && given.world.accounts_with_rights.contains(&format!("{namespace}/{name}"))
        };
        !binding.holders.is_empty() && binding.holders.iter().all(is_planned)
    }
}

/// Whether holders get tokens of nobody but themselves by it, as cert-manager's account does.
fn is_of_own_token(rule: &Rule, bindings: &[&&&Binding<'_>]) -> bool {
    let is_own = |binding: &Binding<'_>, holder: &Holder| matches!(holder, Holder::Account { namespace, name } if binding.namespace() == Some(namespace) && rule.resource_names.iter().all(|named| named == name));
    let is_held_alone = |binding: &&&&Binding<'_>| !binding.holders.is_empty() && binding.holders.iter().all(|holder| is_own(binding, holder));
    rule.resources == ["serviceaccounts/token"] && !rule.resource_names.is_empty() && !bindings.is_empty() && bindings.iter().all(is_held_alone)
}

/// What was found, each once.
fn means(found: &[(usize, &'static str)]) -> String {
    let mut said: Vec<&str> = Vec::new();
    for (_, means) in found {
        if !said.contains(means) {
            said.push(means);
        }
    }
    said.join(", ")
}

/// The rules that it was found in, each once.
fn fields(manifest: &Value, found: &[(usize, &'static str)]) -> Vec<Violation> {
    let mut places: Vec<usize> = found.iter().map(|(index, _)| *index).collect();
    places.dedup();
    let field = |index: usize| {
        let path = format!("/rules/{index}");
        let value = manifest.pointer(&path).cloned().unwrap_or(Value::Null);
        Violation { path, value, detail: String::new() }
    };
    places.into_iter().map(field).collect()
}
