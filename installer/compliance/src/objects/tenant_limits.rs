//! AFL-006: the namespace of an Airflow deployment says whose it is and how much it may take.

use std::collections::BTreeSet;

use airlock_model::{Check, CheckSpec, Finding, Need, ObjectRef, Profile, Reason, Severity, Snapshot, Subject, World, names};

use super::airflow::is_airflow;
use crate::described::Described;
use crate::live;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AFL-006",
        title: "the namespace of every Airflow deployment has an owner, a quota, and limits",
        severity: Severity::Medium,
        promises: &["P2", "P12"],
        explanation: "Each namespace in which pods run Airflow: a ResourceQuota with hard limits, a LimitRange, and, where its Namespace is given, a label that says whose it is (airlock-platform.io/tenant, or one that ends in tenant, team, or owner).",
        remedy: "Add a ResourceQuota and a LimitRange to the namespace and label it. `airlock deployment create` makes the quota of the deployment's document.",
    },
    expected: "a ResourceQuota, a LimitRange, and a label with the owner",
    why: "one deployment can take what all others need, and nobody knows whom to ask",
};

/// The check.
pub(super) struct TenantLimits;

impl Check for TenantLimits {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "ResourceQuota"), live::need("v1", "LimitRange"), live::need("v1", "Namespace")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return TEXTS.unseen(live::PODS, unseen),
        };
        let namespaces: BTreeSet<&str> = pods.iter().filter(|pod| is_airflow(pod)).map(|pod| live::namespace(pod.object)).collect();
        if namespaces.is_empty() {
            return vec![TEXTS.not_applicable("all namespaces", Reason::NoSubject, "no pod runs Airflow")];
        }
        namespaces.into_iter().map(|namespace| judge(given, namespace)).collect()
    }
}

fn judge(given: &Snapshot, namespace: &str) -> Finding {
    let subject = || Subject::from(&ObjectRef::cluster("v1", "Namespace", namespace));
    let read = ["ResourceQuota", "LimitRange", "Namespace"].map(|kind| live::objects(given, kind));
    let [quotas, ranges, made] = match read {
        [Ok(quotas), Ok(ranges), Ok(made)] => [quotas, ranges, made],
        [Err(reason), ..] | [_, Err(reason), _] | [.., Err(reason)] => return TEXTS.unverified(subject(), reason),
    };
    let mut missing = Vec::new();
    if !quotas.iter().any(|quota| live::namespace(quota) == namespace && quota.manifest.pointer("/spec/hard").and_then(|hard| hard.as_object()).is_some_and(|hard| !hard.is_empty())) {
        missing.push("a ResourceQuota");
    }
    if !ranges.iter().any(|range| live::namespace(range) == namespace) {
        missing.push("a LimitRange");
    }
    let made = made.into_iter().find(|made| made.object.name == namespace);
    if made.is_some_and(|made| !has_owner(&made.manifest)) {
        missing.push("a label with its owner");
    }
    let subject = made.map_or_else(subject, Subject::from);
    if missing.is_empty() { TEXTS.pass(subject, TEXTS.expected) } else { TEXTS.fail(subject, format!("it lacks {}", missing.join(" and "))) }
}

fn has_owner(namespace: &serde_json::Value) -> bool {
    let labels = namespace.pointer("/metadata/labels").and_then(|labels| labels.as_object());
    labels
        .into_iter()
        .flatten()
        .any(|(key, value)| (key == names::LABEL_TENANT || ["tenant", "team", "owner"].iter().any(|word| key.ends_with(word))) && value.as_str().is_some_and(|value| !value.is_empty()))
}
