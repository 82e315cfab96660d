//! What the kernel keeps a container from: seccomp, `AppArmor`, `SELinux`, masks over /proc, and kernel parameters.

use serde_json::Value;

use super::pod::{Pod, set};
use super::{PodSecurityVersion, Violation};

const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

const SYSCTLS: [(u32, &[&str]); 5] = [
    (0, &["kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"]),
    (27, &["net.ipv4.ip_local_reserved_ports"]),
    (29, &["net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"]),
    (32, &["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]),
    (37, &["net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"]),
];

/// The kernel confines: a profile of the runtime or of the node, by its `type`.
fn is_profile(profile: &Value) -> bool {
    matches!(profile.get("type").and_then(Value::as_str), Some("RuntimeDefault" | "Localhost"))
}

/// Every place that sets `field` to a profile that confines nothing.
fn bad_profiles(pod: &Pod<'_>, field: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Some(profile) = pod.security(field).filter(|profile| !is_profile(profile)) {
        found.push(Violation::new(format!("/spec/securityContext/{field}"), Some(profile), format!("the pod's {field} confines nothing")));
    }
    for container in pod.containers() {
        if let Some(profile) = container.security(field).filter(|profile| !is_profile(profile)) {
            found.push(Violation::new(container.security_path(field), Some(profile), format!("the {field} of container {} confines nothing", container.name())));
        }
    }
    found
}

fn annotation(key: &str, value: &str) -> Violation {
    let path = format!("/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1"));
    Violation::new(path, Some(&Value::from(value)), format!("annotation {key} asks for `{value}`"))
}

/// Before 1.19 a profile was an annotation.
pub(super) fn seccomp_baseline(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    if version.is_since(19) {
        return bad_profiles(pod, "seccompProfile");
    }
    let is_good = |value: &str| matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
    let keys: Vec<String> = std::iter::once(SECCOMP_POD.to_owned()).chain(pod.containers().map(|container| format!("{SECCOMP_CONTAINER}{}", container.name()))).collect();
    let odd = pod.annotations().filter(|(key, value)| keys.iter().any(|known| known == key) && !is_good(value));
    odd.map(|(key, value)| annotation(key, value)).collect()
}

pub(super) fn seccomp_restricted(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    if version.is_since(25) && pod.is_windows() {
        return Vec::new();
    }
    let mut found = bad_profiles(pod, "seccompProfile");
    if !pod.security("seccompProfile").is_some_and(is_profile) {
        for container in pod.containers().filter(|container| container.security("seccompProfile").is_none()) {
            found.push(Violation::new(container.security_path("seccompProfile"), None, format!("container {} has no seccomp profile", container.name())));
        }
    }
    found
}

pub(super) fn app_armor(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    let is_good = |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let mut found = bad_profiles(pod, "appArmorProfile");
    let odd = pod.annotations().filter(|(key, value)| key.starts_with(APP_ARMOR_CONTAINER) && !is_good(value));
    found.extend(odd.map(|(key, value)| annotation(key, value)));
    found
}

/// Since 1.31 `container_engine_t` is allowed as well.
pub(super) fn se_linux(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    let is_type = |name: &str| matches!(name, "" | "container_t" | "container_init_t" | "container_kvm_t") || (name == "container_engine_t" && version.is_since(31));
    let text = |options: &Value, field: &str| set(options, field).map_or(Some(String::new()), |value| value.as_str().map(str::to_owned));
    let is_good = |options: &Value| text(options, "type").is_some_and(|name| is_type(&name)) && ["user", "role"].iter().all(|field| text(options, field).is_some_and(|name| name.is_empty()));
    let mut found = Vec::new();
    if let Some(options) = pod.security("seLinuxOptions").filter(|options| !is_good(options)) {
        found.push(Violation::new("/spec/securityContext/seLinuxOptions", Some(options), "the pod sets SELinux options that are not allowed"));
    }
    for container in pod.containers() {
        if let Some(options) = container.security("seLinuxOptions").filter(|options| !is_good(options)) {
            let detail = format!("container {} sets SELinux options that are not allowed", container.name());
            found.push(Violation::new(container.security_path("seLinuxOptions"), Some(options), detail));
        }
    }
    found
}

/// Since 1.35 any mask is allowed in a user namespace of the pod's own, but not at level `restricted`.
pub(super) fn proc_mount_baseline(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    if version.is_since(35) && pod.has_own_users() { Vec::new() } else { proc_mount(pod, version) }
}

pub(super) fn proc_mount(pod: &Pod<'_>, _: PodSecurityVersion) -> Vec<Violation> {
    let mut found = Vec::new();
    for container in pod.containers() {
        if let Some(value) = container.security("procMount").filter(|value| value.as_str() != Some("Default")) {
            found.push(Violation::new(container.security_path("procMount"), Some(value), format!("container {} sees /proc unmasked", container.name())));
        }
    }
    found
}

pub(super) fn sysctls(pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    let allowed: Vec<&str> = SYSCTLS.iter().filter(|(since, _)| version.is_since(*since)).flat_map(|(_, names)| names.iter().copied()).collect();
    let names = pod.security("sysctls").and_then(Value::as_array).into_iter().flatten().map(|sysctl| sysctl.get("name"));
    let odd = names.enumerate().filter(|(_, name)| !name.and_then(Value::as_str).is_some_and(|name| allowed.contains(&name)));
    odd.map(|(index, name)| Violation::new(format!("/spec/securityContext/sysctls/{index}/name"), name, format!("the pod sets the kernel parameter {}", parameter(name)))).collect()
}

fn parameter(name: Option<&Value>) -> String {
    name.and_then(Value::as_str).unwrap_or("(unnamed)").to_owned()
}
