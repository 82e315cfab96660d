//! As whom containers run. Since 1.35 a pod with a user namespace of its own may be root in it (KEP-127).

use serde_json::Value;

use super::pod::Pod;
use super::{PodSecurityVersion, Violation};

pub(super) fn run_as_non_root(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    if version.is_since(35) && pod.has_own_users() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let of_pod = pod.security("runAsNonRoot");
    let is_true = |value: Option<&Value>| value == Some(&Value::Bool(true));
    if of_pod.is_some() && !is_true(of_pod) {
        found.push(Violation::new("/spec/securityContext/runAsNonRoot", of_pod, "the pod allows root"));
    }
    for container in pod.containers() {
        let own = container.security("runAsNonRoot");
        if !is_true(own) && (own.is_some() || !is_true(of_pod)) {
            found.push(Violation::new(container.security_path("runAsNonRoot"), own, format!("container {} may run as root", container.name())));
        }
    }
    found
}

pub(super) fn run_as_user(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    if version.is_since(35) && pod.has_own_users() {
        return Vec::new();
    }
    let is_root = |value: &&Value| value.as_i64().is_none_or(|user| user == 0);
    let mut found = Vec::new();
    if let Some(value) = pod.security("runAsUser").filter(is_root) {
        found.push(Violation::new("/spec/securityContext/runAsUser", Some(value), "the pod runs as user 0"));
    }
    for container in pod.containers() {
        if let Some(value) = container.security("runAsUser").filter(is_root) {
            found.push(Violation::new(container.security_path("runAsUser"), Some(value), format!("container {} runs as user 0", container.name())));
        }
    }
    found
}
