//! The plan that takes an installation away. Volumes, data keys, and authorities stay unless asked otherwise.

use airlock_cluster::Cluster;
use airlock_engine::{ApplyOptions, RunOutcome, Stop};
use airlock_model::answers::Answers;
use airlock_model::{Approval, ApprovedBy, ApprovedPlan, Digest, Events, LiveObject, ObjectRef, Plan, Purpose, names};

use crate::prepare::refused_rights;
use crate::requirements::{self, StepSpec};
use crate::status::selector;
use crate::{PlatformError, planning::PLAN_SCHEMA, remove, rights, verify};

/// What is taken away and what stays.
pub struct Removal {
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub digest: Digest,
    /// What stays, labelled, to be adopted by the next install.
    pub kept: Vec<ObjectRef>,
}

/// The steps of taking away all that an installation by these answers makes, data included, for whoever reads their ids.
pub fn steps(answers: &Answers) -> Result<Vec<StepSpec>, PlatformError> {
    let objects: Vec<ObjectRef> = requirements::steps(answers)?.iter().flat_map(|step| airlock_engine::makes(&step.action)).collect();
    let steps = remove::steps(&objects, true, &[]).into_iter();
    Ok(steps.map(|step| StepSpec { id: step.id.0, title: step.title, after: step.after.into_iter().map(|id| id.0).collect(), action: step.action, rights: step.rights }).collect())
}

/// Kinds that hold or may hold data; looked for by label, since controllers make some of them.
const DATA_KINDS: [(&str, &str); 2] = [("v1", "PersistentVolumeClaim"), ("v1", "Secret")];

/// Kinds in which others keep what would be lost with a namespace.
const KEEPING_KINDS: [&str; 3] = ["PersistentVolumeClaim", "Secret", "ConfigMap"];

/// `ConfigMap`s that controllers put into every namespace: the cluster's authority, that of `OpenShift`'s Services, a mesh's.
const FURNITURE: [&str; 3] = ["kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"];

/// Makes the plan. It reads only; a right that is missing for the removal is an error here, before the first write.
pub async fn removal(cluster: &Cluster, namespace: &str, delete_data: bool) -> Result<Removal, PlatformError> {
    let (record, answers) = verify::recorded(cluster, namespace).await?;
    let deployments = crate::deployment::namespaces(cluster, &record.installation).await?;
    if !deployments.is_empty() {
        return Err(PlatformError::DeploymentsLeft { names: deployments.into_iter().map(|(name, _)| name).collect() });
    }
    let inventory = airlock_engine::record::read_inventory(cluster, namespace).await?;
    let mut objects = inventory.objects;
    let mut kept = Vec::new();
    for (api_version, kind) in DATA_KINDS {
        for live in cluster.list(api_version, kind, Some(namespace), Some(&selector(&record.installation))).await? {
            let retained = live.manifest.pointer("/metadata/labels").and_then(|labels| labels.get(names::LABEL_RETAINED)).is_some();
            if retained && !delete_data {
                kept.push(live.object);
            } else if !objects.contains(&live.object) {
                objects.push(live.object);
            }
        }
    }
    let keeps_namespace = !kept.is_empty();
    kept.extend(shared_namespaces(cluster, &objects, &record.installation).await?);
    objects.retain(|object| !kept.contains(object) && (!keeps_namespace || object.kind != "Namespace" || object.name != namespace));
    let system = cluster.get(&ObjectRef::cluster("v1", "Namespace", "kube-system")).await?;
    let cluster_uid = system.as_ref().and_then(|live| live.manifest.pointer("/metadata/uid")).and_then(|uid| uid.as_str()).unwrap_or_default().to_owned();
    let plan = Plan {
        schema: PLAN_SCHEMA,
        purpose: Purpose::Uninstall,
        cluster_uid,
        namespace: namespace.to_owned(),
        installation: Some(record.installation.clone()),
        release: record.release.clone(),
        answers: Digest::of_canonical(&answers)?,
        images: record.images.clone(),
        requests: airlock_model::Amount::default(),
        connections: Vec::new(),
        hosts: Vec::new(),
        run_rights: rights::of_removal(namespace, &crate::prepare::namespaces(&answers)),
        steps: remove::steps(&objects, delete_data, &[]),
    };
    // A run that is refused in the middle leaves half of an installation.
    let refused = refused_rights(cluster, &plan.rights()).await;
    if !refused.is_empty() {
        return Err(PlatformError::Blocked(refused));
    }
    let digest = plan.digest()?;
    Ok(Removal { plan, digest, kept })
}

/// Namespaces in which others run something or keep data by now: to remove them would take that away too.
async fn shared_namespaces(cluster: &Cluster, objects: &[ObjectRef], installation: &str) -> Result<Vec<ObjectRef>, PlatformError> {
    let mut shared = Vec::new();
    for namespace in objects.iter().filter(|object| object.kind == "Namespace") {
        let workloads = cluster.foreign_workloads(&namespace.name, Some(installation)).await?;
        let mut kept = Vec::new();
        for kind in KEEPING_KINDS {
            kept.extend(cluster.list("v1", kind, Some(&namespace.name), Some(&format!("{}!={installation}", names::LABEL_INSTALLATION))).await?);
        }
        if !workloads.is_empty() || kept.iter().any(|live| !is_furniture(live)) {
            shared.push(namespace.clone());
        }
    }
    Ok(shared)
}

/// What a cluster puts into every namespace by itself.
fn is_furniture(live: &LiveObject) -> bool {
    let kind = live.manifest.get("type").and_then(|kind| kind.as_str());
    let of_account = live.manifest.pointer("/metadata/annotations").is_some_and(|annotations| annotations.get("kubernetes.io/service-account.name").is_some());
    match live.object.kind.as_str() {
        "ConfigMap" => FURNITURE.contains(&live.object.name.as_str()),
        // Tokens of accounts, and on OpenShift the pull secrets that are made of them.
        "Secret" => kind == Some("kubernetes.io/service-account-token") || (of_account && kind.is_some_and(|kind| kind.starts_with("kubernetes.io/dockercfg"))),
        _ => false,
    }
}

/// Carries out the removal that was agreed to.
pub async fn uninstall(cluster: &Cluster, removal: &Removal, by: ApprovedBy, options: &ApplyOptions, stop: &Stop, events: &dyn Events) -> Result<(), PlatformError> {
    let approved = ApprovedPlan::new(removal.plan.clone(), Approval { plan: removal.digest.clone(), by })?;
    match Box::pin(airlock_engine::apply(cluster, &approved, options, stop, events)).await? {
        RunOutcome::Done | RunOutcome::Waiting(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn live(kind: &str, name: &str, manifest: Value) -> LiveObject {
        LiveObject { object: ObjectRef::namespaced("v1", kind, "airlock", name), manifest, ready: true }
    }

    #[test]
    fn what_a_cluster_puts_into_every_namespace_belongs_to_nobody() {
        let of_account = json!({"annotations": {"kubernetes.io/service-account.name": "default"}});
        assert!(is_furniture(&live("ConfigMap", "kube-root-ca.crt", json!({}))));
        assert!(is_furniture(&live("Secret", "default-token-x", json!({"type": "kubernetes.io/service-account-token"}))));
        assert!(is_furniture(&live("Secret", "default-dockercfg-x", json!({"type": "kubernetes.io/dockercfg", "metadata": of_account}))));
        for theirs in [
            live("ConfigMap", "settings", json!({})),
            live("Secret", "password", json!({"type": "Opaque", "metadata": of_account})),
            live("Secret", "pull", json!({"type": "kubernetes.io/dockercfg"})),
            live("Secret", "sh.helm.release.v1.theirs.v1", json!({"type": "helm.sh/release.v1"})),
            live("PersistentVolumeClaim", "kube-root-ca.crt", json!({})),
        ] {
            assert!(!is_furniture(&theirs), "{}", theirs.object);
        }
    }
}
