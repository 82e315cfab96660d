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
        explanation: "The labels pod-security.kubernetes.io/enforce and enforce-version of each namespace of the installation, or of each Namespace in the files. The level of PSS.level or a stricter one passes, at PSS.version or a newer one where that names a version: an older one enforces less than was asked for and fails. Else a version older than v1.33, the oldest Kubernetes that is supported, is warned of, and so is none, since the cluster's own default then stands for it.",
        remedy: "Label the namespace `pod-security.kubernetes.io/enforce=restricted`, or with the level that PSS.level names, and `pod-security.kubernetes.io/enforce-version=latest`. Where others own the namespace, hand this on to them.",
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
        let asked = match parameter::pod_security(profile) {
            Ok((Some(level), version)) => (level, version),
            Ok((None, _)) => return vec![TEXTS.not_applicable(ALL, Reason::NotAsked, "level privileged asks for no label")],
            Err(reason) => return vec![TEXTS.unverified(ALL, reason)],
        };
        let found = match live::objects(given, "Namespace") {
            Ok(found) => found,
            Err(reason) => return vec![TEXTS.unverified(ALL, reason)],
        };
        if given.source == Source::Files {
            let judged: Vec<Finding> = found.iter().map(|live| judge(live, asked)).collect();
            return if judged.is_empty() { vec![TEXTS.not_applicable(ALL, Reason::NoSubject, "the files hold no Namespace")] } else { judged };
        }
        let of_name = |name: &String| match found.iter().find(|live| live.object.name == *name) {
            Some(live) => judge(live, asked),
            None => TEXTS.unverified(Subject::from(&ObjectRef::cluster("v1", "Namespace", name)), "it was not among the namespaces that were read"),
        };
        given.world.namespaces.iter().map(of_name).collect()
    }
}

/// By a level, and by a version where one is asked for that is not the latest.
fn judge(live: &SnapshotObject, (asked, since): (PodSecurityLevel, PodSecurityVersion)) -> Finding {
    let label = |key: &str| live::label(live, key);
    let field = |key: &str| Violation { path: format!("/metadata/labels/{}", key.replace('/', "~1")), value: label(key).map_or(Value::Null, Value::from), detail: String::new() };
    let version = label(VERSION);
    match label(LEVEL) {
        Some(level) if level == asked.name() || level == PodSecurityLevel::Restricted.name() => {
            let observed = version.map_or_else(|| format!("enforces {level}, and names no version"), |version| format!("enforces {level}:{version}"));
            match version.and_then(|version| version.parse::<PodSecurityVersion>().ok()) {
                Some(parsed) if since < PodSecurityVersion::LATEST && parsed < since => TEXTS.fail(live, observed).seen(live, &[field(VERSION)]),
                Some(parsed) if parsed >= OLDEST => TEXTS.pass(live, observed),
                _ => TEXTS.warn(Severity::Low, live, observed).seen(live, &[field(VERSION)]),
            }
        }
        Some(other) => TEXTS.fail(live, format!("enforces {other}")).seen(live, &[field(LEVEL)]),
        None => TEXTS.fail(live, "has no enforce label").seen(live, &[field(LEVEL)]),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::Verdict;
    use serde_json::json;

    use super::*;
    use crate::manifests::{read, snapshot};
    use crate::profile::unprofiled;

    #[test]
    fn an_older_version_than_was_asked_for_fails_and_none_is_the_clusters_affair() {
        let said = |version: &str, asked: Option<&str>| {
            let manifest = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{ name: a, labels: {{ pod-security.kubernetes.io/enforce: restricted{version} }} }}\n");
            let mut profile = unprofiled();
            profile.parameters.extend(asked.map(|asked| ("PSS.version".to_owned(), json!(asked))));
            NamespaceLabels.evaluate(&profile, &snapshot([read("a.yaml", manifest.as_bytes())]))[0].verdict
        };
        let of = |version: &str| format!(", pod-security.kubernetes.io/enforce-version: {version}");
        for (version, asked, verdict) in [
            ("v1.34", Some("v1.34"), Verdict::Pass),
            ("v1.33", Some("v1.34"), Verdict::Fail),
            ("v1.20", Some("v1.34"), Verdict::Fail),
            ("latest", Some("v1.34"), Verdict::Pass),
            ("v1.33", None, Verdict::Pass),
            ("v1.33", Some("latest"), Verdict::Pass),
            ("v1.20", None, Verdict::Warn),
            ("newest", None, Verdict::Warn),
        ] {
            assert_eq!(said(&of(version), asked), verdict, "{version} {asked:?}");
        }
        assert_eq!([said("", None), said("", Some("v1.34"))], [Verdict::Warn; 2]);
    }
}
