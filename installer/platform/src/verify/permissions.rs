//! What judging asks the API server for, and whether the caller may: told before anything is judged, with the roles that would
//! allow it.

use std::collections::{BTreeMap, BTreeSet};

use airlock_cluster::{Cluster, ClusterError};
use airlock_compliance::Maker;
use airlock_model::answers::Answers;
use airlock_model::{Caller, Fact, Need, Permission, Profile, Right, World};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{PlatformError, rights};

/// Name of the roles and their bindings.
const ROLE: &str = "airlock-compliance-check";
/// What a report says by the templates that pods are made from.
const SHOWN: &str = "what admission changed";
const RBAC: &str = "rbac.authorization.k8s.io";

/// What the caller may, of all that judging asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    /// Each right once.
    pub permissions: Vec<Permission>,
    /// What would give the caller those that she lacks, and what else is asked for in the same namespaces: roles, and their
    /// bindings to her where the API server tells who she is.
    pub roles: Vec<Value>,
    /// Whether nobody could say yet what else is asked for, since it is not known what is installed.
    pub begin: bool,
}

impl Permissions {
    /// Those that the caller lacks, or may lack.
    pub fn lacking(&self) -> impl Iterator<Item = &Permission> {
        self.permissions.iter().filter(|permission| permission.granted.known() != Some(&true))
    }
}

/// What has to be known before anything: what is installed.
pub async fn to_begin(cluster: &Cluster, namespace: &str) -> Result<Permissions, PlatformError> {
    let asked = rights::of_recognition(namespace).into_iter().map(|right| (right, BTreeSet::new())).collect();
    review(cluster, asked, BTreeSet::new(), true).await
}

/// All that judging an installation by a profile asks for.
pub async fn of_profile(cluster: &Cluster, answers: &Answers, profile: &Profile) -> Result<Permissions, PlatformError> {
    let world = Box::pin(super::world(cluster, answers)).await?;
    let asked = asked(cluster, profile, &world).await?;
    let shown = shown(cluster, &world, &asked).await?;
    review(cluster, asked, shown, false).await
}

/// Of a run that judges this world by a profile: each right that it asks for, and whether the caller has it.
pub(super) async fn of_run(cluster: &Cluster, profile: &Profile, world: &World) -> Result<Vec<Permission>, PlatformError> {
    Ok(answered(cluster, asked(cluster, profile, world).await?).await)
}

/// Each right with the checks that ask for it.
async fn asked(cluster: &Cluster, profile: &Profile, world: &World) -> Result<BTreeMap<Right, BTreeSet<String>>, PlatformError> {
    let mut asked: BTreeMap<Right, BTreeSet<String>> = rights::of_recognition(&world.platform).into_iter().map(|right| (right, BTreeSet::new())).collect();
    // A deployment may run images of its own, which its record names.
    for deployment in &world.deployments {
        asked.extend(rights::of_recognition(&deployment.namespace).into_iter().filter(|right| right.resource == "configmaps").map(|right| (right, BTreeSet::new())));
    }
    for (check, needs) in airlock_compliance::needs_by_check(profile, world)? {
        for need in needs {
            for right in of_need(cluster, world, &need).await? {
                asked.entry(right).or_default().insert(check.clone());
            }
        }
    }
    Ok(asked)
}

/// What no check asks for, and a report shows more by: what made the pods that are judged.
async fn shown(cluster: &Cluster, world: &World, asked: &BTreeMap<Right, BTreeSet<String>>) -> Result<BTreeSet<Right>, PlatformError> {
    let mut shown = BTreeSet::new();
    for namespace in &world.namespaces {
        if asked.contains_key(&cluster.right("v1", "Pod", "list", namespace).await?) {
            for maker in Maker::ALL {
                shown.insert(cluster.right(maker.api_version(), maker.kind(), "list", namespace).await?);
            }
        }
    }
    shown.retain(|right| !asked.contains_key(right));
    Ok(shown)
}

async fn of_need(cluster: &Cluster, world: &World, need: &Need) -> Result<Vec<Right>, PlatformError> {
    let mut needed = Vec::new();
    match need {
        Need::Objects { api_version, kind } => {
            let verb = if kind == "Namespace" { "get" } else { "list" };
            for namespace in &world.namespaces {
                match cluster.right(api_version, kind, verb, namespace).await {
                    Ok(right) => needed.push(right),
                    // There are no objects of a kind that the cluster does not know.
                    Err(ClusterError::KindUnknown { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Need::Facts | Need::Nodes => needed.push(cluster.right("v1", "Node", "list", "").await?),
        Need::SecretLeaks | Need::SharedSecrets | Need::SecretStrength | Need::FernetKeys => needed = rights::of_secrets(&world.namespaces),
        Need::LoggedSecrets => needed = rights::of_logs(&world.namespaces),
        Need::StoredCertificate => needed.push(cluster.right("v1", "Secret", "get", &world.platform).await?),
        Need::ControlPlane(part) => needed = cluster.rights_of_control_plane(*part).await?,
        Need::Services => needed.push(cluster.right("v1", "Service", "list", &world.platform).await?),
        Need::Run => needed.push(cluster.right("v1", "Namespace", "get", "").await?),
        Need::Drift => needed = world.plan_reads.iter().cloned().collect(),
        Need::ServerCertificates => {
            for namespace in world.servers.iter().filter_map(|server| server.secret.namespace.as_deref()) {
                needed.push(cluster.right("v1", "Secret", "get", namespace).await?);
            }
        }
        Need::PlanRuns => {
            for namespace in std::iter::once(&world.platform).chain(world.deployments.iter().map(|deployment| &deployment.namespace)) {
                needed.push(cluster.right("v1", "ConfigMap", "list", namespace).await?);
            }
        }
        Need::Attempt(attempt) => needed = rights::of_attempt(attempt),
    }
    Ok(needed)
}

/// Whether the caller has each.
async fn answered(cluster: &Cluster, mut asked: BTreeMap<Right, BTreeSet<String>>) -> Vec<Permission> {
    let rights: Vec<Right> = asked.keys().cloned().collect();
    let answered = cluster.may(&rights).await;
    answered
        .into_iter()
        .map(|(right, answer)| Permission { checks: asked.remove(&right).unwrap_or_default(), right, shows: None, granted: answer.map_or_else(Fact::Unverified, Fact::Known) })
        .collect()
}

async fn review(cluster: &Cluster, asked: BTreeMap<Right, BTreeSet<String>>, shown: BTreeSet<Right>, begin: bool) -> Result<Permissions, PlatformError> {
    let (_, caller) = cluster.surveyed_identity().await?;
    let mut permissions = answered(cluster, asked).await;
    let beside = answered(cluster, shown.into_iter().map(|right| (right, BTreeSet::new())).collect()).await;
    permissions.extend(beside.into_iter().map(|permission| Permission { shows: Some(SHOWN.to_owned()), ..permission }));
    let mut listed = Permissions { permissions, roles: Vec::new(), begin };
    let places: BTreeSet<Option<&str>> = listed.lacking().map(|permission| permission.right.namespace.as_deref()).collect();
    // A role has all that is asked for in its namespace: the one of an earlier list is written over.
    let rights: Vec<&Right> = listed.permissions.iter().map(|permission| &permission.right).filter(|right| places.contains(&right.namespace.as_deref())).collect();
    let roles = roles(&rights, caller.known());
    listed.roles = roles;
    Ok(listed)
}

/// A role a namespace, and one for the cluster; each with its binding.
fn roles(rights: &[&Right], caller: Option<&Caller>) -> Vec<Value> {
    let mut by_namespace: BTreeMap<Option<&str>, Vec<&Right>> = BTreeMap::new();
    for right in rights {
        by_namespace.entry(right.namespace.as_deref()).or_default().push(right);
    }
    by_namespace.into_iter().flat_map(|(namespace, rights)| role(namespace, &rights, caller)).collect()
}

fn role(namespace: Option<&str>, rights: &[&Right], caller: Option<&Caller>) -> Vec<Value> {
    // Resources of a group that are given the same verbs stand in one rule.
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for right in rights {
        verbs.entry((&right.group, &right.resource)).or_default().insert(&right.verb);
    }
    let mut rules: BTreeMap<(&str, BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
    for ((group, resource), verbs) in verbs {
        rules.entry((group, verbs)).or_default().push(resource);
    }
    let granted = |group: &str, resources: &[&str], verbs: &BTreeSet<&str>| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let mut written = Vec::new();
    for ((group, verbs), resources) in rules {
        let (paths, resources): (Vec<&str>, Vec<&str>) = resources.into_iter().partition(|resource| resource.starts_with('/'));
        written.extend((!resources.is_empty()).then(|| granted(group, &resources, &verbs)));
        written.extend((!paths.is_empty()).then(|| json!({"nonResourceURLs": paths, "verbs": verbs})));
    }
    let kind = if namespace.is_some() { "Role" } else { "ClusterRole" };
    let metadata = namespace.map_or_else(|| json!({"name": ROLE}), |namespace| json!({"name": ROLE, "namespace": namespace}));
    let role = json!({"apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": metadata, "rules": written});
    let binding = caller.map(|caller| {
        let subject = json!({"apiGroup": RBAC, "kind": "User", "name": caller.user});
        json!({"apiVersion": format!("{RBAC}/v1"), "kind": format!("{kind}Binding"), "metadata": metadata, "roleRef": {"apiGroup": RBAC, "kind": kind, "name": ROLE}, "subjects": [subject]})
    });
    std::iter::once(role).chain(binding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_rule_for_what_is_given_alike_and_is_bound_to_who_asks() {
        let right =
            |group: &str, resource: &str, verb: &str, namespace: Option<&str>| Right { group: group.into(), resource: resource.into(), verb: verb.into(), namespace: namespace.map(str::to_owned) };
        let lacking = [
            right("", "configmaps", "list", Some("shop")),
            right("", "secrets", "list", Some("shop")),
            right("", "pods", "list", Some("shop")),
            right("", "pods", "create", Some("shop")),
            right("apps", "deployments", "list", Some("shop")),
            right("", "nodes", "list", None),
            right("", "nodes/proxy", "get", None),
            right("", "/metrics", "get", None),
        ];
        let caller = Caller { user: "alice".into(), groups: Vec::new() };
        let made = roles(&lacking.iter().collect::<Vec<_>>(), Some(&caller));
        let kinds: Vec<&str> = made.iter().filter_map(|object| object["kind"].as_str()).collect();
        assert_eq!(kinds, ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);
        let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
        assert_eq!(made[2]["rules"], json!([rule("", &["pods"], &["create", "list"]), rule("", &["configmaps", "secrets"], &["list"]), rule("apps", &["deployments"], &["list"])]));
        assert_eq!(made[0]["rules"], json!([rule("", &["nodes/proxy"], &["get"]), { "nonResourceURLs": ["/metrics"], "verbs": ["get"] }, rule("", &["nodes"], &["list"])]));
        assert_eq!(made[3]["subjects"][0]["name"], "alice");
        assert_eq!(roles(&[&lacking[5]], None).len(), 1, "without a name there is nobody to bind it to");
    }
}
