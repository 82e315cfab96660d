//! PSS-001 to PSS-017: every pod and every template of pods against one control each of the Pod Security Standards.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::described::Described;
use crate::live;
use crate::parameter;
use crate::pod_security::{Control, Pod, PodSecurityLevel, PodSecurityVersion, Violation};

/// One or two controls under the id that profiles select.
pub(crate) struct PodSecurity {
    described: Described,
    controls: &'static [Control],
}

impl Check for PodSecurity {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![live::need("v1", "Pod")]
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let check = &self.described;
        let (level, version) = match parameter::pod_security(profile) {
            Ok(asked) => asked,
            Err(reason) => return vec![check.unverified(live::PODS, reason)],
        };
        let active = level.map(|level| Control::active(self.controls, level, version)).unwrap_or_default();
        if active.is_empty() {
            let level = level.map_or("privileged", PodSecurityLevel::name);
            return vec![check.not_applicable(live::PODS, Reason::NotAsked, format!("level {level} of version {version} does not ask for it"))];
        }
        let pods = match live::pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return check.unseen(live::PODS, unseen),
        };
        let allowed = format!("allowed by version {version}");
        let of_pod = |pod: &live::PodOf<'_>| match pod.pod() {
            None => vec![check.unverified(pod.object, "its containers were not given")],
            Some(read) => check.each_of_pod(pod, violations(&active, &read, version), &allowed),
        };
        pods.iter().flat_map(of_pod).collect()
    }
}

/// What the controls find, each field once.
fn violations(controls: &[Control], pod: &Pod<'_>, version: PodSecurityVersion) -> Vec<Violation> {
    let mut found: Vec<Violation> = controls.iter().flat_map(|control| control.judge(pod, version)).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    found
}

struct Texts {
    title: &'static str,
    explanation: &'static str,
    expected: &'static str,
    why: &'static str,
    remedy: &'static str,
}

const fn check(id: &'static str, severity: Severity, controls: &'static [Control], texts: &Texts) -> PodSecurity {
    let spec = CheckSpec { id, title: texts.title, severity, promises: &["P2"], explanation: texts.explanation, remedy: texts.remedy };
    PodSecurity { described: Described { spec, expected: texts.expected, why: texts.why }, controls }
}

/// What mends a pod of ours: it was rendered right, so something changed it.
const REMEDY: &str = "In a file: change the field. Airlock renders its own pods so that they pass: find who changed this one (an admission webhook, a patch in the answers, a person: see managedFields), undo it there, and run `airlock install` again.";

/// The seventeen, in the order of their ids.
pub(crate) static CHECKS: [PodSecurity; 17] = [
    check(
        "PSS-001",
        Severity::Critical,
        &[Control::Privileged],
        &Texts {
            title: "no container is privileged",
            explanation: "securityContext.privileged of every init, main, and ephemeral container of each pod and template; only false or absent passes.",
            expected: "privileged is false or absent",
            why: "a privileged container can do on the node whatever root can",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-002",
        Severity::High,
        &[Control::HostNamespaces],
        &Texts {
            title: "no pod shares the node's network, process, or IPC namespace",
            explanation: "spec.hostNetwork, spec.hostPID, spec.hostIPC of each pod and template; only false or absent passes.",
            expected: "hostNetwork, hostPID, and hostIPC are false or absent",
            why: "such a pod passes by every network policy, or sees and signals the processes of others",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-003",
        Severity::High,
        &[Control::HostPathVolumes],
        &Texts {
            title: "no pod mounts a folder of its node",
            explanation: "spec.volumes[*].hostPath of each pod and template; only absent passes.",
            expected: "no volume has hostPath",
            why: "a folder of the node gives the pod the data of other pods, or the node itself",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-004",
        Severity::Medium,
        &[Control::HostPorts],
        &Texts {
            title: "no container takes a port of its node",
            explanation: "ports[*].hostPort of every container of each pod and template; only 0 or absent passes.",
            expected: "no port has hostPort",
            why: "a port of the node is a way in beside the edge, which no policy of the platform closes",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-005",
        Severity::High,
        &[Control::CapabilitiesBaseline],
        &Texts {
            title: "no container adds capabilities beyond the runtime's defaults",
            explanation: "securityContext.capabilities.add of every container of each pod and template, against the thirteen of level baseline.",
            expected: "capabilities.add stays within level baseline",
            why: "capabilities such as NET_RAW or SYS_ADMIN are parts of root's power",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-006",
        Severity::High,
        &[Control::CapabilitiesRestricted],
        &Texts {
            title: "every container drops all capabilities",
            explanation: "securityContext.capabilities of every container of each pod and template: drop has ALL, add has at most NET_BIND_SERVICE.",
            expected: "capabilities.drop has ALL; capabilities.add at most NET_BIND_SERVICE",
            why: "a capability that the program does not need serves only who takes it over",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-007",
        Severity::High,
        &[Control::AllowPrivilegeEscalation],
        &Texts {
            title: "no process can gain more rights than its parent",
            explanation: "securityContext.allowPrivilegeEscalation of every container of each pod and template; only false passes, absent does not.",
            expected: "allowPrivilegeEscalation is false",
            why: "a set-user-ID program in the image could make a process root",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-008",
        Severity::High,
        &[Control::RunAsNonRoot],
        &Texts {
            title: "no container may run as root",
            explanation: "securityContext.runAsNonRoot of every container, or of the pod where the container is silent; only true passes. From 1.35 a pod with hostUsers: false is allowed.",
            expected: "runAsNonRoot is true",
            why: "root in a container is root on the node as soon as one wall fails",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-009",
        Severity::High,
        &[Control::RunAsUser],
        &Texts {
            title: "no container asks for user 0",
            explanation: "securityContext.runAsUser of the pod and every container; 0 fails, any other or none passes. From 1.35 a pod with hostUsers: false is allowed.",
            expected: "runAsUser is not 0",
            why: "user 0 in a container is root on the node as soon as one wall fails",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-010",
        Severity::Medium,
        &[Control::SeccompProfileBaseline, Control::SeccompProfileRestricted],
        &Texts {
            title: "the kernel filters system calls of every container",
            explanation: "securityContext.seccompProfile.type of every container, or of the pod where the container is silent: RuntimeDefault or Localhost.",
            expected: "seccompProfile.type is RuntimeDefault or Localhost",
            why: "without a filter all system calls are open, also those through which containers were broken out of",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-011",
        Severity::Medium,
        &[Control::AppArmorProfile],
        &Texts {
            title: "no container turns AppArmor off",
            explanation: "appArmorProfile of the pod and every container, and the older annotations: RuntimeDefault, Localhost, or absent.",
            expected: "appArmorProfile.type is RuntimeDefault, Localhost, or absent",
            why: "an unconfined container loses the wall that nodes with AppArmor have",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-012",
        Severity::Medium,
        &[Control::SeLinuxOptions],
        &Texts {
            title: "no container picks its own SELinux identity",
            explanation: "seLinuxOptions of the pod and every container: type of the container types, user and role absent.",
            expected: "seLinuxOptions has a container type, no user, no role",
            why: "another type or user can lift what SELinux keeps containers from",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-013",
        Severity::Medium,
        &[Control::Sysctls],
        &Texts {
            title: "no pod sets kernel parameters beyond the safe ones",
            explanation: "spec.securityContext.sysctls of each pod and template, against the list of the profile's version.",
            expected: "sysctls are among the safe ones",
            why: "other kernel parameters reach beyond the pod to everything on its node",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-014",
        Severity::Medium,
        &[Control::ProcMount, Control::ProcMountRestricted],
        &Texts {
            title: "/proc is masked in every container",
            explanation: "securityContext.procMount of every container: Default or absent.",
            expected: "procMount is Default or absent",
            why: "an unmasked /proc shows and changes state of the node's kernel",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-015",
        Severity::Medium,
        &[Control::RestrictedVolumes],
        &Texts {
            title: "pods mount only kinds of volume that the platform manages",
            explanation: "spec.volumes of each pod and template: configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret.",
            expected: "every volume is of a kind that level restricted allows",
            why: "volumes written into a pod pass by the storage classes and their rules",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-016",
        Severity::High,
        &[Control::WindowsHostProcess],
        &Texts {
            title: "no container runs as a process of a Windows node",
            explanation: "windowsOptions.hostProcess of the pod and every container; only false or absent passes.",
            expected: "hostProcess is false or absent",
            why: "such a container is no container: it is a program on the node",
            remedy: REMEDY,
        },
    ),
    check(
        "PSS-017",
        Severity::Medium,
        &[Control::HostProbesAndHostLifecycle],
        &Texts {
            title: "no probe makes the kubelet connect elsewhere",
            explanation: "host in httpGet and tcpSocket of every probe and lifecycle hook; only empty or absent passes. The control exists from version 1.34 on.",
            expected: "host is empty or absent in every probe and hook",
            why: "the node would connect, with its own address, to wherever the pod says",
            remedy: REMEDY,
        },
    ),
];
