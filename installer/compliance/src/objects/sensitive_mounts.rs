//! WKL-003: no pod mounts the socket of a container runtime or a folder that is the node itself.

use airlock_model::{CheckSpec, Severity};
use serde_json::Value;

use super::OfPods;
use crate::described::Described;
use crate::pod_security::{Violation, set};

/// Folders and files of a node through which it can be taken over, or other pods read.
const SENSITIVE: [&str; 17] = [
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/proc",
    "/root",
    "/run",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/crio",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/log",
    "/var/run",
];

/// WKL-003
pub(super) static SENSITIVE_MOUNTS: OfPods = OfPods {
    described: Described {
        spec: CheckSpec {
            id: "WKL-003",
            title: "no pod mounts a runtime's socket or a sensitive folder of its node",
            severity: Severity::Critical,
            promises: &["P2"],
            explanation: "spec.volumes[].hostPath.path of each pod and template: the root of the node, its folders of programs, devices, configuration, and processes, the folders and sockets of container runtimes (docker.sock, containerd.sock, crio.sock), of the kubelet, of etcd, and of logs, and everything below them. PSS-003 tells of every hostPath; this one of those that are the node itself.",
            remedy: "Take the volume out. What needs the node's files belongs into a namespace of its own, with an exception that somebody answers for.",
        },
        expected: "no hostPath below a sensitive folder",
        why: "through it the pod starts containers as root on its node, or reads what other pods keep there",
    },
    judge: |pod, _| {
        let volumes = pod.spec()?.get("volumes").and_then(Value::as_array).into_iter().flatten().enumerate();
        let paths = volumes.filter_map(|(index, volume)| Some((index, set(volume, "hostPath")?.get("path")?)));
        let sensitive = paths.filter(|(_, path)| path.as_str().is_none_or(is_sensitive));
        Some(sensitive.map(|(index, path)| Violation::new(format!("/spec/volumes/{index}/hostPath/path"), Some(path), format!("{path} of the node is mounted"))).collect())
    },
};

fn is_sensitive(path: &str) -> bool {
    // `..` and doubled slashes would hide where a path leads.
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.split_off(parts.len().saturating_sub(1))),
            part => parts.push(part),
        }
    }
    let plain = format!("/{}", parts.join("/"));
    let is_below = |folder: &&str| plain.strip_prefix(*folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    plain == "/" || plain.to_lowercase().ends_with(".sock") || SENSITIVE.iter().any(|folder| is_below(folder) || folder.starts_with(&format!("{plain}/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_node_itself_is_told_however_it_is_written() {
        for path in [
            "/",
            "",
            "/etc",
            "/etc/kubernetes/pki",
            "/var/run/docker.sock",
            "/run/containerd/containerd.sock",
            "/var/lib/kubelet/pods",
            "/data/../etc",
            "//etc/",
            "/var",
            "/var/lib",
            "/opt/agent.sock",
        ] {
            assert!(is_sensitive(path), "{path}");
        }
        for path in ["/data", "/mnt/disks/a", "/etcetera", "/opt/app", "/srv/etc", "/var/cache/app"] {
            assert!(!is_sensitive(path), "{path}");
        }
    }
}
