//! What a pod takes from its node: namespaces, ports, Windows host processes, and probes that leave the pod.

use serde_json::Value;

use super::pod::{Pod, set};
use super::{PodSecurityVersion, Violation};

pub(super) fn namespaces(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter_map(|field| {
            let value = set(pod.spec, field).filter(|value| **value != Value::Bool(false))?;
            Some(Violation::new(format!("/spec/{field}"), Some(value), format!("{field} shares a namespace of the node")))
        })
        .collect()
}

/// A pod in the node's network takes its container ports there: the API server fills them in as `hostPort`.
pub(super) fn ports(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    let shares_network = set(pod.spec, "hostNetwork") == Some(&Value::Bool(true));
    let mut found = Vec::new();
    for container in pod.containers() {
        for (index, port) in container.value.get("ports").and_then(Value::as_array).into_iter().flatten().enumerate() {
            let taken = |field: &'static str| set(port, field).filter(|value| value.as_i64() != Some(0)).map(|value| (field, value));
            if let Some((field, value)) = taken("hostPort").or_else(|| taken("containerPort").filter(|_| shares_network)) {
                found.push(Violation::new(format!("{}/ports/{index}/{field}", container.path), Some(value), format!("container {} takes port {value} of the node", container.name())));
            }
        }
    }
    found
}

pub(super) fn windows_process(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    let is_host_process = |options: &&Value| set(options, "hostProcess").is_some_and(|value| *value != Value::Bool(false));
    let mut found = Vec::new();
    if let Some(options) = pod.security("windowsOptions").filter(is_host_process) {
        found.push(Violation::new("/spec/securityContext/windowsOptions/hostProcess", options.get("hostProcess"), "the pod runs as a process of the Windows node"));
    }
    for container in pod.containers() {
        if let Some(options) = container.security("windowsOptions").filter(is_host_process) {
            let path = container.security_path("windowsOptions/hostProcess");
            found.push(Violation::new(path, options.get("hostProcess"), format!("container {} runs as a process of the Windows node", container.name())));
        }
    }
    found
}

/// Since 1.34: a probe with a host of its own makes the kubelet connect to any address.
pub(super) fn probes_and_lifecycle(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    const CALLS: [&str; 5] = ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle/postStart", "lifecycle/preStop"];
    let mut found = Vec::new();
    for container in pod.containers() {
        for call in CALLS {
            for how in ["httpGet", "tcpSocket"] {
                let inner = format!("/{call}/{how}/host");
                let host = container.value.pointer(&inner).filter(|host| !host.is_null() && host.as_str() != Some(""));
                if let Some(host) = host {
                    found.push(Violation::new(format!("{}{inner}", container.path), Some(host), format!("container {} makes the kubelet connect to {host}", container.name())));
                }
            }
        }
    }
    found
}
