//! SEC-001: no secret value stands in a `ConfigMap` or an environment, and no variable is named like one and written out.
//!
//! The search for real values is done where they are read (`platform`, in memory); here only its result and the names of
//! variables are judged. References to Secrets are what should be there and are never flagged.

use airlock_model::{Check, CheckSpec, Finding, LiveObject, Need, Profile, Severity, Snapshot, World};
use serde_json::Value;

use crate::described::{Described, Resting};
use crate::live;
use crate::pod_security::{Pod, Violation};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SEC-001",
        title: "no secret value stands in a ConfigMap or an environment",
        severity: Severity::High,
        promises: &["P9"],
        explanation: "Every value of the installation's Secrets is looked for in its ConfigMaps, text and binary, and in variables written out in pods, their ephemeral containers included. Besides, a variable that is named like a secret and written out, not taken from a Secret, is a warning. Values are looked for in the memory of the program that makes the check; names alone leave it.",
        remedy: "Move the value into a Secret and mount it as a file or refer to it with secretKeyRef, then rotate it: everybody who may read ConfigMaps or pods may have it.",
    },
    expected: "no secret value outside Secrets; variables named like secrets refer to one",
    why: "ConfigMaps and pods are readable with far fewer rights than Secrets, and are not encrypted at rest",
};

/// The check.
pub(crate) struct SecretLeaks;

impl Check for SecretLeaks {
    fn spec(&self) -> &CheckSpec {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::SecretLeaks, live::need("v1", "Pod")]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let mut findings = values(given);
        findings.extend(names(given));
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

fn names(given: &Snapshot) -> Vec<Finding> {
    const SUBJECT: &str = "variables of the installation's pods";
    let pods = match live::pods(given) {
        Ok(pods) => pods,
        Err(reason) => return vec![TEXTS.unverified(SUBJECT, reason)],
    };
    let found: Vec<Finding> = pods.iter().filter_map(|live| judge(live)).collect();
    if found.is_empty() { vec![TEXTS.pass(SUBJECT, format!("none of {} pods has one that is named like a secret and written out", pods.len()))] } else { found }
}

fn judge(live: &LiveObject) -> Option<Finding> {
    let pod = Pod::new(&Value::Null, live.manifest.get("spec")?);
    let mut odd = Vec::new();
    for container in pod.containers() {
        for (index, variable) in container.value.get("env").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let name = variable.get("name").and_then(Value::as_str).unwrap_or_default();
            let is_written_out = variable.get("value").and_then(Value::as_str).is_some_and(|value| !value.is_empty() && !is_in_a_mount(container.value, value));
            if is_written_out && is_named_like_a_secret(name) {
                // The name is evidence enough; the value must not travel.
                odd.push(Violation { path: format!("{}/env/{index}/name", container.path), value: name.into(), detail: format!("{name} in container {}", container.name()) });
            }
        }
    }
    let details: Vec<&str> = odd.iter().map(|violation| violation.detail.as_str()).collect();
    (!odd.is_empty()).then(|| TEXTS.warn(Severity::Medium, live.object.to_string(), format!("written out: {}", details.join(", "))).seen(live, &odd))
}

/// Where a file is, below a volume of the container: what it holds is not written out.
fn is_in_a_mount(container: &Value, value: &str) -> bool {
    let mounts = container.get("volumeMounts").and_then(Value::as_array).into_iter().flatten().filter_map(|mount| mount.get("mountPath")?.as_str());
    mounts.map(|path| path.trim_end_matches('/')).any(|path| value.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
}

fn is_named_like_a_secret(name: &str) -> bool {
    const SECRET: [&str; 9] = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "APIKEY", "PRIVATEKEY", "KEY"];
    /// The variable says where or what kind, not the secret itself.
    const ABOUT: [&str; 12] = ["FILE", "PATH", "DIR", "CMD", "NAME", "URL", "TTL", "EXPIRY", "TYPE", "ALGORITHM", "ID", "LENGTH"];
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_about = words.last().is_some_and(|last| ABOUT.contains(last));
    !is_about && words.iter().any(|word| SECRET.iter().any(|secret| word == secret || (*secret != "KEY" && word.strip_suffix('S').unwrap_or(word).ends_with(secret))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_of_files_and_kinds() {
        for name in ["PASSWORD", "PGPASSWORD", "DB_PASSWORD", "AIRFLOW__CORE__FERNET_KEY", "token", "GITHUB_TOKENS", "CLIENT_SECRET", "AWS_SECRET_ACCESS_KEY", "api-key"] {
            assert!(is_named_like_a_secret(name), "{name}");
        }
        for name in ["PASSWORD_FILE", "AIRFLOW__CORE__FERNET_KEY_CMD", "SECRET_NAME", "TOKEN_URL", "KEYBOARD", "MONKEY", "HOST", "ACCESS_KEY_ID", "TOKEN_TTL", ""] {
            assert!(!is_named_like_a_secret(name), "{name}");
        }
    }
}
