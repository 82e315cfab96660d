//! What a container may do beyond an ordinary process: privileged mode, set-user-ID programs, Linux capabilities.

use serde_json::Value;

use super::pod::{Pod, texts};
use super::{PodSecurityVersion, Violation};

/// Capabilities that container runtimes grant by default, without `NET_RAW`.
const DEFAULT_CAPABILITIES: [&str; 13] = ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"];

pub(super) fn privileged(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    let mut found = Vec::new();
    for container in pod.containers() {
        if let Some(value) = container.security("privileged").filter(|value| **value != Value::Bool(false)) {
            found.push(Violation::new(container.security_path("privileged"), Some(value), format!("container {} is privileged", container.name())));
        }
    }
    found
}

pub(super) fn escalation(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    if version.is_since(25) && pod.is_windows() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for container in pod.containers() {
        let value = container.security("allowPrivilegeEscalation");
        if value != Some(&Value::Bool(false)) {
            let detail = format!("container {} does not set allowPrivilegeEscalation to false", container.name());
            found.push(Violation::new(container.security_path("allowPrivilegeEscalation"), value, detail));
        }
    }
    found
}

pub(super) fn capabilities_baseline(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    added_beyond(pod, &DEFAULT_CAPABILITIES)
}

pub(super) fn capabilities_restricted(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    if version.is_since(25) && pod.is_windows() {
        return Vec::new();
    }
    let mut found = added_beyond(pod, &["NET_BIND_SERVICE"]);
    for container in pod.containers() {
        let dropped = container.security("capabilities").and_then(|capabilities| capabilities.get("drop"));
        if !texts(dropped).any(|capability| capability == "ALL") {
            found.push(Violation::new(container.security_path("capabilities/drop"), dropped, format!("container {} does not drop ALL capabilities", container.name())));
        }
    }
    found
}

fn added_beyond(pod: &Pod<'_>, allowed: &[&str]) -> Vec<Violation> {
    let mut found = Vec::new();
    for container in pod.containers() {
        let added = container.security("capabilities").and_then(|capabilities| capabilities.get("add"));
        let odd: Vec<&str> = texts(added).filter(|capability| !allowed.contains(capability)).collect();
        if !odd.is_empty() {
            found.push(Violation::new(container.security_path("capabilities/add"), added, format!("container {} adds {}", container.name(), odd.join(", "))));
        }
    }
    found
}
