//! AFL-007: a namespace holds one Airflow deployment and no other.

use std::collections::{BTreeMap, BTreeSet};

use airlock_model::{Check, CheckSpec, Finding, Need, ObjectRef, Profile, Reason, Severity, Snapshot, Subject, World, names};

use super::airflow::is_airflow;
use crate::described::Described;
use crate::live::{self, PodOf};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "AFL-007",
        title: "a namespace holds one Airflow deployment and no other",
        severity: Severity::Critical,
        promises: &["P12"],
        explanation: "Each namespace in which pods run Airflow: the labels of these pods and templates name one deployment, and the label airlock-platform.io/tenant of the Namespace, where it has one, names the same. Deployments are told apart by the label airlock-platform.io/tenant of pods, without it by `release`, which Airflow's Helm chart sets. Where no pod bears either, it is unverified.",
        remedy: "Give each deployment a namespace of its own: `airlock deployment create` makes one. Pods without a label can be labelled in their template.",
    },
    expected: "pods of one deployment, whose namespace it is",
    why: "accounts, Secrets, and volumes of a namespace are open to all that runs in it, another deployment's tasks too",
};

/// Who made the pod, as Airflow's Helm chart says it (apache/airflow, `chart/templates`).
const RELEASE: &str = "release";

/// The check.
pub(super) struct TenantNamespaces;

impl Check for TenantNamespaces {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod"), live::need("v1", "Namespace")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return TEXTS.unseen(live::PODS, unseen),
        };
        let mut of_namespace: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for pod in pods.iter().filter(|pod| is_airflow(pod)) {
            of_namespace.entry(live::namespace(pod.object)).or_default().extend(deployment(pod));
        }
        if of_namespace.is_empty() {
            return vec![TEXTS.not_applicable(live::PODS, Reason::NoSubject, "no pod runs Airflow")];
        }
        of_namespace.into_iter().map(|(namespace, deployments)| judge(given, namespace, &deployments)).collect()
    }
}

fn deployment<'a>(pod: &PodOf<'a>) -> Option<&'a str> {
    pod.label(names::LABEL_TENANT).or_else(|| pod.label(RELEASE))
}

fn judge(given: &Snapshot, namespace: &str, deployments: &BTreeSet<&str>) -> Finding {
    let made = match live::objects(given, "Namespace") {
        Ok(made) => made.into_iter().find(|made| made.object.name == namespace),
        Err(reason) => return TEXTS.unverified(Subject::from(&ObjectRef::cluster("v1", "Namespace", namespace)), reason),
    };
    let subject = made.map_or_else(|| Subject::from(&ObjectRef::cluster("v1", "Namespace", namespace)), Subject::from);
    let owner = made.and_then(|made| live::label(made, names::LABEL_TENANT));
    let all: Vec<&str> = deployments.iter().copied().collect();
    match (all.as_slice(), owner) {
        ([], _) => TEXTS.unverified(subject, "no label of its pods says whose they are"),
        ([one], Some(owner)) if *one != owner => TEXTS.fail(subject, format!("it is {owner}'s and runs pods of {one}")),
        ([one], _) => TEXTS.pass(subject, format!("all its pods of Airflow are {one}'s")),
        (several, _) => TEXTS.fail(subject, format!("it runs pods of {}", several.join(" and "))),
    }
}
