//! PSS-018: every namespace of the installation tells Pod Security admission to enforce level `restricted`.

use airlock_model::{Check, CheckSpec, Finding, Need, ObjectRef, Profile, Reason, Severity, Snapshot, SnapshotObject, Source, Subject, World};
use serde_json::Value;

use crate::described::{Described, Resting};
use crate::live;
use crate::parameter;
use crate::pod_security::{PodSecurityLevel, PodSecurityVersion, Violation};

const ALL: &str = "all namespaces";
const LEVEL: &str = "pod-security.kubernetes.io/enforce";
const VERSION: &str = "pod-security.kubernetes.io/enforce-version";
/// The oldest Kubernetes that Airlock supports; a version below it enforces less than that cluster knows.
const OLDEST: PodSecurityVersion = PodSecurityVersion::minor(33);

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "PSS-018",
        title: "every namespace enforces the Pod Security level that is asked for",
        severity: Severity::High,
        promises: &["P2", "P12"],
        explanation: "The labels pod-security.kubernetes.io/enforce and enforce-version of each namespace of the installation, or of each Namespace in the files. The level of PSS.level or a stricter one passes; a version older than v1.33 is warned of, since it enforces less than the cluster can.",
        remedy: "Label the namespace `pod-security.kubernetes.io/enforce=restricted`, or with the level that PSS.level names. Where others own the namespace, hand this on to them.",
    },
    expected: "enforce is the level of PSS.level or a stricter one",
    why: "without the label the API server admits any pod there, also a privileged one",
};

/// The check.
pub(crate) struct NamespaceLabels;

impl Check for NamespaceLabels {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Namespace")]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let level = match parameter::pod_security(profile) {
            Ok((Some(level), _)) => level,
            Ok((None, _)) => return vec![TEXTS.not_applicable(ALL, Reason::NotAsked, "level privileged asks for no label")],
            Err(reason) => return vec![TEXTS.unverified(ALL, reason)],
        };
        let found = match live::objects(given, "Namespace") {
            Ok(found) => found,
            Err(reason) => return vec![TEXTS.unverified(ALL, reason)],
        };
        if given.source == Source::Files {
            let judged: Vec<Finding> = found.iter().map(|live| judge(live, level)).collect();
            return if judged.is_empty() { vec![TEXTS.not_applicable(ALL, Reason::NoSubject, "the files hold no Namespace")] } else { judged };
        }
        let of_name = |name: &String| match found.iter().find(|live| live.object.name == *name) {
            Some(live) => judge(live, level),
            None => TEXTS.unverified(Subject::from(&ObjectRef::cluster("v1", "Namespace", name)), "it was not among the namespaces that were read"),
        };
        given.world.namespaces.iter().map(of_name).collect()
    }
}

fn judge(live: &SnapshotObject, asked: PodSecurityLevel) -> Finding {
    let label = |key: &str| live::label(live, key);
    let field = |key: &str| Violation { path: format!("/metadata/labels/{}", key.replace('/', "~1")), value: label(key).map_or(Value::Null, Value::from), detail: String::new() };
    let version = label(VERSION).unwrap_or("latest");
    match label(LEVEL) {
        Some(level) if level == asked.name() || level == PodSecurityLevel::Restricted.name() => match version.parse::<PodSecurityVersion>() {
            Ok(parsed) if parsed >= OLDEST => TEXTS.pass(live, format!("enforces {level}:{version}")),
            _ => TEXTS.warn(Severity::Low, live, format!("enforces {level}:{version}")).seen(live, &[field(VERSION)]),
        },
        Some(other) => TEXTS.fail(live, format!("enforces {other}")).seen(live, &[field(LEVEL)]),
        None => TEXTS.fail(live, "has no enforce label").seen(live, &[field(LEVEL)]),
    }
}
