//! SEC-001: no secret stands in a variable, a command, a `ConfigMap`, or an annotation.
//!
//! The search for values of real Secrets is done where they are read (`platform`, in memory); here its result is judged,
//! and what names and forms give away. References to Secrets are what should be there and are never flagged.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, SnapshotObject, Source, World};

use crate::described::Described;
use crate::live;
use crate::objects::{in_object, in_pod};
use crate::pod_security::Violation;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SEC-001",
        title: "no secret value stands outside of Secrets",
        severity: Severity::High,
        promises: &["P9"],
        explanation: "Variables, commands, and arguments of every container of each pod and template, ephemeral containers included, ConfigMaps, and annotations (of a cluster those of pods, ConfigMaps, ServiceAccounts, claims, and NetworkPolicies): a value beside a name of a secret (PASSWORD, TOKEN, API_KEY), in SQL behind PASSWORD or IDENTIFIED BY, and behind requirepass, masterauth, and auth_pass, a URL with a password, a private key, a token by its known beginning, a random text. References to Secrets, `_FILE` and `_CMD`, and `$(NAME)` are what should be there. Of a cluster every value of the installation's Secrets is looked for in its ConfigMaps, text and binary, and in variables, in the memory of the program that makes the check. Values are never printed.",
        remedy: "Move the value into a Secret and mount it as a file or refer to it with secretKeyRef, then rotate it: everybody who may read ConfigMaps or pods may have it.",
    },
    expected: "no secret value outside Secrets; variables named like secrets refer to one",
    why: "ConfigMaps and pods are readable with far fewer rights than Secrets, and are not encrypted at rest",
};

/// Of a cluster these are looked at, whatever else was read; of files all.
const OF_A_CLUSTER: [(&str, &str); 5] = [("v1", "Pod"), ("v1", "ConfigMap"), ("v1", "ServiceAccount"), ("v1", "PersistentVolumeClaim"), ("networking.k8s.io/v1", "NetworkPolicy")];

/// The check.
pub(crate) struct SecretLeaks;

impl Check for SecretLeaks {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        [Need::SecretLeaks].into_iter().chain(OF_A_CLUSTER.map(|(api_version, kind)| live::need(api_version, kind))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let mut findings = if given.source == Source::Cluster { values(given) } else { Vec::new() };
        findings.extend(pods(given));
        findings.extend(others(given));
        findings
    }
}

fn values(given: &Snapshot) -> Vec<Finding> {
    const SUBJECT: &str = "values of the installation's Secrets";
    match &given.leaks {
        None => vec![TEXTS.unverified(SUBJECT, "values were not looked for")],
        Some(Err(reason)) => vec![TEXTS.unverified(SUBJECT, format!("values could not be looked for: {reason}"))],
        Some(Ok(leaks)) if leaks.is_empty() => vec![TEXTS.pass(SUBJECT, "none found outside Secrets")],
        Some(Ok(leaks)) => leaks.iter().map(|leak| TEXTS.fail(leak.place.clone(), format!("holds the value of {}", leak.secret))).collect(),
    }
}

fn pods(given: &Snapshot) -> Vec<Finding> {
    TEXTS.each_pod(given, |pod| Some(in_pod(pod)?.into_iter().map(Violation::from).collect()))
}

/// Annotations of what is looked at, and `ConfigMap`s. What passes among them is not worth a line each.
fn others(given: &Snapshot) -> Vec<Finding> {
    let kinds: Vec<&str> = match given.source {
        Source::Cluster => OF_A_CLUSTER.map(|(_, kind)| kind).into(),
        Source::Files => given.objects.keys().map(String::as_str).collect(),
    };
    let of_object = |object: &SnapshotObject| {
        let found: Vec<Violation> = in_object(object).into_iter().map(Violation::from).collect();
        if found.is_empty() && object.object.kind != "ConfigMap" { Vec::new() } else { TEXTS.each(object, found, TEXTS.expected) }
    };
    let of_kind = |kind| match live::objects(given, kind) {
        Ok(objects) => objects.into_iter().flat_map(of_object).collect(),
        // What cannot be said of pods is said with their containers.
        Err(_) if kind == "Pod" => Vec::new(),
        Err(reason) => vec![TEXTS.unverified(format!("all objects of kind {kind}"), reason)],
    };
    kinds.into_iter().flat_map(of_kind).collect()
}
