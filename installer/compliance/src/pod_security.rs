//! The Pod Security Standards, judged as the admission controller of Kubernetes judges them.
//!
//! One row of [`CONTROLS`] is one check of `k8s.io/pod-security-admission`, under its upstream name and from the version
//! on in which it applies; the versions of a rule that changed stand in its function. A pod is given as the metadata and
//! spec that a `Pod` or the template of a workload holds, so the same code judges live pods and manifests.
//! Values of a type that the API would refuse count as violations: a manifest that was never admitted is not trusted.

use std::fmt;
use std::str::FromStr;

use airlock_model::Object;
use serde_json::Value;

mod confinement;
mod host;
mod pod;
mod privilege;
mod user;
mod volumes;

pub(crate) use pod::{Container, Pod, set, texts};

/// A level of the Pod Security Standards above `privileged`, which asks for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodSecurityLevel {
    /// Known privilege escalations are refused.
    Baseline,
    /// Current hardening is asked for.
    Restricted,
}

impl PodSecurityLevel {
    /// As namespace labels write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// The version of the standards: the minor version of the Kubernetes release that they came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodSecurityVersion(u32);

impl PodSecurityVersion {
    /// What `latest` stands for: the newest version that this program knows.
    pub const LATEST: Self = Self(37);

    /// Version 1.`minor`; newer than [`Self::LATEST`] is judged as that, as the admission controller does.
    pub const fn minor(minor: u32) -> Self {
        if minor > Self::LATEST.0 { Self::LATEST } else { Self(minor) }
    }

    const fn is_since(self, minor: u32) -> bool {
        self.0 >= minor
    }
}

impl fmt::Display for PodSecurityVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}", self.0)
    }
}

/// A text that names no version of the standards.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version of the Pod Security Standards; give `latest` or one as in v1.37")]
pub struct PodSecurityVersionError(pub String);

impl FromStr for PodSecurityVersion {
    type Err = PodSecurityVersionError;
    fn from_str(text: &str) -> Result<Self, PodSecurityVersionError> {
        if text == "latest" {
            return Ok(Self::LATEST);
        }
        let minor = text.strip_prefix("v1.").filter(|minor| !minor.starts_with('+')).and_then(|minor| minor.parse().ok());
        minor.map(Self).ok_or_else(|| PodSecurityVersionError(text.to_owned()))
    }
}

/// One field of a pod, or of another object, that is not allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// JSON pointer from the object's root: `/spec/containers/0/securityContext/privileged`.
    pub path: String,
    /// What stands there; null when the field is absent.
    pub value: Value,
    /// What is wrong, in words.
    pub detail: String,
}

impl Violation {
    pub(crate) fn new(path: impl Into<String>, value: Option<&Value>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), value: value.cloned().unwrap_or(Value::Null), detail: detail.into() }
    }
}

/// A control of the standards, under the name that Pod Security admission gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of the upstream documentation")]
pub enum Control {
    AllowPrivilegeEscalation,
    AppArmorProfile,
    CapabilitiesBaseline,
    CapabilitiesRestricted,
    HostNamespaces,
    HostPathVolumes,
    HostPorts,
    HostProbesAndHostLifecycle,
    Privileged,
    ProcMount,
    ProcMountRestricted,
    RestrictedVolumes,
    RunAsNonRoot,
    RunAsUser,
    SeLinuxOptions,
    SeccompProfileBaseline,
    SeccompProfileRestricted,
    Sysctls,
    WindowsHostProcess,
}

type Rule = fn(&Pod<'_>, PodSecurityVersion) -> Vec<Violation>;

struct Row {
    control: Control,
    name: &'static str,
    level: PodSecurityLevel,
    /// Minor version from which on it applies.
    since: u32,
    /// A weaker control that it takes the place of at level `restricted`.
    overrides: Option<Control>,
    rule: Rule,
}

const fn row(control: Control, name: &'static str, level: PodSecurityLevel, since: u32, overrides: Option<Control>, rule: Rule) -> Row {
    Row { control, name, level, since, overrides, rule }
}

use Control as C;
use PodSecurityLevel::{Baseline, Restricted};

static CONTROLS: [Row; 19] = [
    row(C::AllowPrivilegeEscalation, "allowPrivilegeEscalation", Restricted, 8, None, privilege::escalation),
    row(C::AppArmorProfile, "appArmorProfile", Baseline, 0, None, confinement::app_armor),
    row(C::CapabilitiesBaseline, "capabilities_baseline", Baseline, 0, None, privilege::capabilities_baseline),
    row(C::CapabilitiesRestricted, "capabilities_restricted", Restricted, 22, Some(C::CapabilitiesBaseline), privilege::capabilities_restricted),
    row(C::HostNamespaces, "hostNamespaces", Baseline, 0, None, host::namespaces),
    row(C::HostPathVolumes, "hostPathVolumes", Baseline, 0, None, volumes::host_path),
    row(C::HostPorts, "hostPorts", Baseline, 0, None, host::ports),
    row(C::HostProbesAndHostLifecycle, "hostProbesAndHostLifecycle", Baseline, 34, None, host::probes_and_lifecycle),
    row(C::Privileged, "privileged", Baseline, 0, None, privilege::privileged),
    row(C::ProcMount, "procMount", Baseline, 0, None, confinement::proc_mount_baseline),
    row(C::ProcMountRestricted, "procMount_restricted", Restricted, 35, Some(C::ProcMount), confinement::proc_mount),
    row(C::RestrictedVolumes, "restrictedVolumes", Restricted, 0, Some(C::HostPathVolumes), volumes::restricted),
    row(C::RunAsNonRoot, "runAsNonRoot", Restricted, 0, None, user::run_as_non_root),
    row(C::RunAsUser, "runAsUser", Restricted, 23, None, user::run_as_user),
    row(C::SeLinuxOptions, "seLinuxOptions", Baseline, 0, None, confinement::se_linux),
    row(C::SeccompProfileBaseline, "seccompProfile_baseline", Baseline, 0, None, confinement::seccomp_baseline),
    row(C::SeccompProfileRestricted, "seccompProfile_restricted", Restricted, 19, Some(C::SeccompProfileBaseline), confinement::seccomp_restricted),
    row(C::Sysctls, "sysctls", Baseline, 0, None, confinement::sysctls),
    row(C::WindowsHostProcess, "windowsHostProcess", Baseline, 0, None, host::windows_process),
];

impl Control {
    /// The name that Pod Security admission gives it.
    pub fn name(self) -> &'static str {
        CONTROLS.iter().find(|row| row.control == self).map_or("", |row| row.name)
    }

    /// Judges one pod by this control alone.
    pub(crate) fn judge(self, pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
        CONTROLS.iter().filter(|row| row.control == self).flat_map(|row| (row.rule)(pod, version)).collect()
    }

    /// Of some controls, those that a level has in a version, without the ones that a stricter one of them replaces.
    pub(crate) fn active(some: &[Self], level: PodSecurityLevel, version: PodSecurityVersion) -> Vec<Self> {
        let rows = || CONTROLS.iter().filter(|row| some.contains(&row.control) && row.level <= level && version.is_since(row.since));
        let overridden: Vec<Self> = rows().filter_map(|row| row.overrides).collect();
        rows().map(|row| row.control).filter(|control| !overridden.contains(control)).collect()
    }
}

/// Judges a pod, or the pod template of a workload. None: the object makes no pods.
pub fn pod_security(object: &Object, level: PodSecurityLevel, version: PodSecurityVersion) -> Option<Vec<(Control, Violation)>> {
    let (metadata, spec) = object.pod()?;
    let pod = Pod::new(metadata, spec);
    let active = |row: &&Row| row.level <= level && version.is_since(row.since);
    let overridden: Vec<Control> = CONTROLS.iter().filter(active).filter_map(|row| row.overrides).collect();
    let judged = CONTROLS.iter().filter(active).filter(|row| !overridden.contains(&row.control));
    Some(judged.flat_map(|row| (row.rule)(&pod, version).into_iter().map(|violation| (row.control, violation))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_namespace_labels_write_them() {
        assert_eq!("latest".parse(), Ok(PodSecurityVersion::LATEST));
        assert_eq!("v1.33".parse(), Ok(PodSecurityVersion::minor(33)));
        for text in ["", "1.33", "v1", "v1.", "v1.+3", "v2.0", "newest"] {
            assert!(text.parse::<PodSecurityVersion>().is_err(), "{text}");
        }
        assert_eq!(PodSecurityVersion::minor(99).to_string(), "v1.37");
    }
}
