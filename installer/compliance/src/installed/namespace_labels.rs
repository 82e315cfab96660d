//! PSS-018: every namespace of the installation tells Pod Security admission to enforce level `restricted`.

use airlock_model::{Check, CheckSpec, Finding, LiveObject, Need, Profile, Severity, Snapshot, World};
use serde_json::Value;

use crate::described::{Described, Resting};
use crate::live;
use crate::pod_security::{PodSecurityVersion, Violation};

const LEVEL: &str = "pod-security.kubernetes.io/enforce";
const VERSION: &str = "pod-security.kubernetes.io/enforce-version";
/// The oldest Kubernetes that Airlock supports; a version below it enforces less than that cluster knows.
const OLDEST: PodSecurityVersion = PodSecurityVersion::minor(33);

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "PSS-018",
        title: "every namespace enforces Pod Security level restricted",
        severity: Severity::High,
        promises: &["P2", "P12"],
        explanation: "The labels pod-security.kubernetes.io/enforce and enforce-version of each namespace of the installation. Level restricted passes; a version older than v1.33 is warned of, since it enforces less than the cluster can.",
        remedy: "Label the namespace `pod-security.kubernetes.io/enforce=restricted`. Where others own the namespace, hand this on to them.",
    },
    expected: "enforce is restricted",
    why: "without the label the API server admits any pod there, also a privileged one",
};

/// The check.
pub(crate) struct NamespaceLabels;

impl Check for NamespaceLabels {
    fn spec(&self) -> &CheckSpec {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Namespace")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let found = match live::objects(given, "Namespace") {
            Ok(found) => found,
            Err(reason) => return vec![TEXTS.unverified("namespaces of the installation", reason)],
        };
        let of_name = |name: &String| match found.iter().find(|live| live.object.name == *name) {
            Some(live) => judge(live),
            None => TEXTS.unverified(format!("Namespace {name}"), "it was not among the namespaces that were read"),
        };
        given.world.namespaces.iter().map(of_name).collect()
    }
}

fn judge(live: &LiveObject) -> Finding {
    let label = |key: &str| live::label(live, key);
    let field = |key: &str| Violation { path: format!("/metadata/labels/{}", key.replace('/', "~1")), value: label(key).map_or(Value::Null, Value::from), detail: String::new() };
    let subject = live.object.to_string();
    let version = label(VERSION).unwrap_or("latest");
    match label(LEVEL) {
        Some("restricted") => match version.parse::<PodSecurityVersion>() {
            Ok(parsed) if parsed >= OLDEST => TEXTS.pass(subject, format!("enforces restricted:{version}")),
            _ => TEXTS.warn(Severity::Low, subject, format!("enforces restricted:{version}")).seen(live, &[field(VERSION)]),
        },
        Some(other) => TEXTS.fail(subject, format!("enforces {other}")).seen(live, &[field(LEVEL)]),
        None => TEXTS.fail(subject, "has no enforce label").seen(live, &[field(LEVEL)]),
    }
}
