//! CPL-001 and LOG-001: the programs of the control plane are started as the CIS benchmark asks, by the manifests of their static pods.

use airlock_model::{Check, CheckSpec, ControlPlanePart, Evidence, Finding, Need, Profile, Reason, Severity, Snapshot, Source, World};

use super::flags::{Flags, PROGRAMS};
use super::table::{self, CONTROLS, Control};
use super::{audit, managed, need, pods, provider};
use crate::described::{Described, Resting};
use crate::live::{self, PodOf};
use crate::pod_security::{Pod, Violation};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "CPL-001",
        title: "the control plane is started as the CIS benchmark asks",
        severity: Severity::High,
        promises: &["P2"],
        explanation: "Command and arguments, and for etcd variables, of kube-apiserver, kube-controller-manager, kube-scheduler, and etcd in the manifests of their static pods (/etc/kubernetes/manifests), or in their mirrors in kube-system, against sections 1.2, 1.3, 1.4, and 2 of the CIS Kubernetes Benchmark 1.12: a finding a number. Numbers that the benchmark leaves to judgement (manual) are warnings; 1.2.28 needs a file that the manifest only names and is unverified. In a cluster a program that no static pod starts is unverified too, unless EKS, GKE, AKS, or OpenShift is recognised: then it is not applicable, and the finding lists what is to be attested.",
        remedy: "Set the flag in the manifest on every node of the control plane; the kubelet starts the program anew. On a managed cluster the provider answers for it.",
    },
    expected: "flags as the benchmark asks",
    why: "the control plane is power over everything in the cluster",
};

/// CPL-001
pub(super) struct ControlPlane;

impl Check for ControlPlane {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        need(ControlPlanePart::StaticPods)
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pods = match pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return TEXTS.unseen(live::PODS, unseen),
        };
        let findings: Vec<Finding> = pods.iter().flat_map(judge).collect();
        if given.source == Source::Files {
            return if findings.is_empty() { vec![TEXTS.not_applicable(live::PODS, Reason::NoSubject, "no pod runs a program of the control plane")] } else { findings };
        }
        let is_started = |program: &str| pods.iter().any(|pod| programs(pod).any(|flags| flags.program == program));
        let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !is_started(program)).collect();
        match provider(given) {
            Ok(provider) if findings.is_empty() => vec![managed(&TEXTS, CONTROL_PLANE, provider, &format!("CIS {}", table::numbers()))],
            provider => {
                let why = provider.err().unwrap_or_default();
                findings.into_iter().chain(missing.into_iter().map(|program| unseen(&TEXTS, program, &why).about(asked(program).map(|control| control.number)))).collect()
            }
        }
    }
}

/// LOG-001
pub(super) struct AuditLog;

impl Check for AuditLog {
    fn spec(&self) -> &CheckSpec<'_> {
        &audit::TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        need(ControlPlanePart::StaticPods)
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        let pods = match pods(given) {
            Ok(pods) => pods,
            Err(unseen) => return audit::TEXTS.unseen(live::PODS, unseen),
        };
        let servers = pods.iter().filter_map(|pod| audit::looked(pod).map(|looked| audit::told(pod, looked)));
        let findings: Vec<Finding> = servers.flatten().collect();
        if !findings.is_empty() {
            return findings;
        }
        vec![match given.source {
            Source::Files => audit::TEXTS.not_applicable(live::PODS, Reason::NoSubject, "no pod runs an API server"),
            Source::Cluster => match provider(given) {
                Ok(provider) => managed(&audit::TEXTS, CONTROL_PLANE, provider, "an audit log of the API server that is kept"),
                Err(why) => unseen(&audit::TEXTS, "kube-apiserver", &why),
            },
        }]
    }
}

/// What a provider runs.
const CONTROL_PLANE: &str = "the control plane";

/// It runs, since the cluster answers, but not as something that the API shows.
fn unseen(texts: &Described, program: &str, why: &str) -> Finding {
    texts.unverified(program, format!("no pod of kube-system mirrors a static manifest that starts {program}, and {why}; its manifest is judged by --manifests"))
}

/// The programs that a pod starts.
fn programs(pod: &PodOf<'_>) -> impl Iterator<Item = Flags> {
    pod.pod().into_iter().flat_map(Pod::containers).filter_map(|container| Flags::of(container.value, container.path))
}

/// What is asked of a program.
fn asked(program: &str) -> impl Iterator<Item = &'static Control> {
    CONTROLS.iter().filter(move |control| control.program == program)
}

fn judge(pod: &PodOf<'_>) -> Vec<Finding> {
    programs(pod).flat_map(|flags| asked(flags.program).map(|control| told(pod, control, &flags)).collect::<Vec<_>>()).collect()
}

fn told(pod: &PodOf<'_>, control: &Control, flags: &Flags) -> Finding {
    let observed = |words: &str| format!("CIS {}: {} {words}", control.number, flags.program);
    let broken: Vec<String> = control.rules.iter().filter(|rule| !rule.is_kept(flags)).map(|rule| rule.given(flags)).collect();
    let not_kept = || observed(&format!("does not keep to it: {}", broken.join(", ")));
    let file = control.rules.iter().find_map(|rule| rule.file(flags));
    let mut finding = match (broken.is_empty(), control.is_scored) {
        _ if let Some((flag, path)) = file => TEXTS.unverified(pod.object, observed(&format!("leaves it to a file that was not given: --{flag}={path}"))),
        (true, _) if control.needs_file => TEXTS.unverified(pod.object, observed("names a file that was not given")),
        (true, _) => TEXTS.pass(pod.object, observed("keeps to it")),
        (false, true) => TEXTS.fail(pod.object, not_kept()),
        (false, false) => TEXTS.warn(Severity::Low, pod.object, not_kept()),
    };
    finding.expected = control.asks();
    finding.evidence.push(Evidence::Fact(format!("CIS Kubernetes Benchmark 1.12, {}", control.number)));
    let seen: Vec<Violation> = control.rules.iter().map(|rule| flags.seen(rule.flag, pod.at)).collect();
    finding.seen(pod.object, &seen).about([control.number])
}

#[cfg(test)]
mod tests {
    use airlock_model::Verdict;

    use super::*;
    use crate::manifests::{read, snapshot};
    use crate::profile::unprofiled;

    fn said(command: &str) -> Vec<(String, Verdict)> {
        let words: Vec<String> = command.split_whitespace().map(|word| format!("\"{}\"", word.replace('\'', "\\\""))).collect();
        let pod = format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: a, namespace: kube-system }}\nspec: {{ containers: [ {{ name: a, command: [ {} ] }} ] }}\n", words.join(", "));
        let found = ControlPlane.evaluate(&unprofiled(), &snapshot([read("kube-apiserver.yaml", pod.as_bytes())]));
        found.iter().map(|finding| (finding.observed.raw().split([' ', ':']).nth(1).unwrap().to_owned(), finding.verdict)).collect()
    }

    fn of(command: &str, number: &str) -> Option<Verdict> {
        said(command).into_iter().find(|(known, _)| known == number).map(|(_, verdict)| verdict)
    }

    #[test]
    fn every_number_of_the_four_sections_is_told_once() {
        let count = |section: &str| CONTROLS.iter().filter(|control| control.number.starts_with(section)).count();
        assert_eq!(["1.2.", "1.3.", "1.4.", "2."].map(count), [30, 7, 2, 7]);
        assert_eq!(said("kube-apiserver").len(), 30);
        assert_eq!(said("/usr/local/bin/etcd").len(), 7);
    }

    #[test]
    fn flags_are_held_to_what_the_benchmark_asks() {
        for (command, number, verdict) in [
            ("kube-apiserver --anonymous-auth=false", "1.2.1", Verdict::Pass),
            ("kube-apiserver", "1.2.1", Verdict::Warn),
            ("kube-apiserver --token-auth-file=/a", "1.2.2", Verdict::Fail),
            ("kube-apiserver", "1.2.2", Verdict::Pass),
            ("kube-apiserver --kubelet-client-certificate=/a", "1.2.4", Verdict::Fail),
            ("kube-apiserver --kubelet-client-certificate=/a --kubelet-client-key=/b", "1.2.4", Verdict::Pass),
            ("kube-apiserver --authorization-mode=Node,RBAC", "1.2.7", Verdict::Pass),
            ("kube-apiserver --authorization-mode=RBAC", "1.2.7", Verdict::Fail),
            ("kube-apiserver --authorization-mode=Node,AlwaysAllow", "1.2.6", Verdict::Fail),
            ("kube-apiserver", "1.2.6", Verdict::Fail),
            // Lists add up, and nothing else does.
            ("kube-apiserver --authorization-mode=AlwaysAllow --authorization-mode=Node,RBAC", "1.2.6", Verdict::Fail),
            ("kube-apiserver --authorization-mode=Node --authorization-mode=RBAC", "1.2.6", Verdict::Pass),
            ("kube-apiserver --authorization-mode=Node --authorization-mode=RBAC", "1.2.7", Verdict::Pass),
            ("kube-apiserver --enable-admission-plugins=AlwaysAdmit --enable-admission-plugins= --enable-admission-plugins=NodeRestriction", "1.2.10", Verdict::Fail),
            ("kube-apiserver --disable-admission-plugins=ServiceAccount --disable-admission-plugins=X", "1.2.12", Verdict::Fail),
            ("kube-apiserver --tls-cipher-suites= --tls-cipher-suites=TLS_AES_128_GCM_SHA256", "1.2.29", Verdict::Pass),
            ("kube-apiserver --tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA --tls-cipher-suites=TLS_AES_128_GCM_SHA256", "1.2.29", Verdict::Warn),
            ("kube-apiserver --profiling=true --profiling=false", "1.2.15", Verdict::Pass),
            ("kube-apiserver --profiling=0", "1.2.15", Verdict::Pass),
            ("kube-apiserver --profiling=1", "1.2.15", Verdict::Fail),
            ("kube-controller-manager --use-service-account-credentials=t", "1.3.3", Verdict::Pass),
            ("kube-apiserver --authorization-config=/a", "1.2.6", Verdict::Unverified),
            ("kube-apiserver --authorization-config=/a", "1.2.8", Verdict::Unverified),
            ("kube-apiserver --authentication-config=/a", "1.2.1", Verdict::Unverified),
            ("kube-apiserver --authentication-config=/a --anonymous-auth=false", "1.2.1", Verdict::Pass),
            ("kube-scheduler --config=/a --profiling=false", "1.4.1", Verdict::Unverified),
            ("etcd --config-file=/a --client-cert-auth=true", "2.2", Verdict::Unverified),
            ("kube-apiserver --authorization-mode='AlwaysAllow'", "1.2.6", Verdict::Fail),
            ("kube-apiserver --token_auth_file=/a", "1.2.2", Verdict::Fail),
            ("kube-controller-manager --feature-gates=RotateKubeletServerCertificate=false --feature-gates=A=true", "1.3.6", Verdict::Fail),
            ("kube-controller-manager --feature-gates=kube:RotateKubeletServerCertificate=False", "1.3.6", Verdict::Fail),
            ("kube-controller-manager --feature-gates=RotateKubeletServerCertificate=false --feature-gates=RotateKubeletServerCertificate=true", "1.3.6", Verdict::Pass),
            ("kube-controller-manager", "1.3.6", Verdict::Pass),
            ("kube-apiserver --enable-admission-plugins=NodeRestrictionX", "1.2.14", Verdict::Fail),
            ("kube-apiserver --audit-log-maxage=29", "1.2.17", Verdict::Fail),
            ("kube-apiserver --audit-log-maxage 30", "1.2.17", Verdict::Pass),
            ("kube-apiserver --encryption-provider-config=/a", "1.2.28", Verdict::Unverified),
            ("kube-apiserver", "1.2.28", Verdict::Warn),
            ("kube-apiserver --tls-cipher-suites=TLS_AES_128_GCM_SHA256,TLS_RSA_WITH_RC4_128_SHA", "1.2.29", Verdict::Warn),
            ("kube-controller-manager --profiling=true", "1.3.2", Verdict::Fail),
            ("kube-controller-manager --bind-address=0.0.0.0", "1.3.7", Verdict::Fail),
            ("kube-scheduler", "1.4.2", Verdict::Pass),
            ("etcd --client-cert-auth", "2.2", Verdict::Pass),
            ("etcd --auto-tls=true", "2.3", Verdict::Fail),
        ] {
            assert_eq!(of(command, number), Some(verdict), "{command} {number}");
        }
        assert_eq!(said("nginx"), [("pod".to_owned(), Verdict::NotApplicable)]);
    }
}
