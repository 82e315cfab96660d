//! WKL-009: no container is a machine to log in to.

use airlock_model::{CheckSpec, Severity};
use serde_json::Value;

use super::OfPods;
use crate::described::Described;
use crate::pod_security::{Violation, texts};

/// WKL-009
pub(super) static INTERACTIVE: OfPods = OfPods {
    described: Described {
        spec: CheckSpec {
            id: "WKL-009",
            title: "no container waits for somebody to log in",
            severity: Severity::Low,
            promises: &["P2"],
            explanation: "command, args, ports, and stdin of every container of each pod and template: no port 22, no sshd, no sudo, no shell that waits for input (tty and stdin), as the first word of the command or of a shell's script.",
            remedy: "Take it out; `kubectl debug` looks into a pod with rights that are granted and recorded.",
        },
        expected: "no port 22, sshd, sudo, or interactive shell",
        why: "a way in beside the API leaves no trace in the audit log and asks nobody's permission",
    },
    judge: |pod, _| {
        let mut found = Vec::new();
        for container in pod.pod()?.containers() {
            let ports = container.value.get("ports").and_then(Value::as_array).into_iter().flatten().enumerate();
            for (index, port) in ports.filter(|(_, port)| port.get("containerPort").and_then(Value::as_i64) == Some(22)) {
                found.push(Violation::new(format!("{}/ports/{index}/containerPort", container.path), port.get("containerPort"), format!("container {} takes logins by SSH", container.name())));
            }
            for list in ["command", "args"] {
                let odd = texts(container.value.get(list)).enumerate().find(|(_, words)| words.split_whitespace().any(is_login));
                if let Some((index, _)) = odd {
                    // What else stands in a command may be a secret.
                    found.push(Violation::new(format!("{}/{list}/{index}", container.path), None, format!("container {} starts sshd or sudo", container.name())));
                }
            }
            if ["stdin", "tty"].iter().all(|field| container.value.get(field) == Some(&Value::Bool(true))) {
                found.push(Violation::new(format!("{}/tty", container.path), Some(&Value::Bool(true)), format!("container {} waits at a terminal", container.name())));
            }
        }
        Some(found)
    },
};

fn is_login(word: &str) -> bool {
    ["sshd", "sudo", "telnetd", "dropbear"].contains(&word.rsplit('/').next().unwrap_or_default())
}
