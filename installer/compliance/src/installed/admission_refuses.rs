//! PSS-019: admission refuses in each namespace what its level forbids, whatever labels, configuration, and exemptions say.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::attempts::Shown;
use crate::described::Described;
use crate::live;
use crate::parameter;
use crate::pod_security::PodSecurityLevel;
use crate::refusal::{Reading, refused_beside};

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "PSS-019",
        title: "admission refuses what each level forbids",
        severity: Severity::Critical,
        promises: &["P2", "P12"],
        explanation: "In each namespace of the installation the API server is shown pods in a dry run, which stores nothing: one that conforms to restricted, one that baseline forbids, and, where PSS.level is restricted, one that restricted alone forbids. The first must be admitted and the others refused in the words of Pod Security admission. That settles what no label tells: a plugin that is switched off, a default of the API server, an exemption of a user or a namespace. It is tried with the rights of whoever runs the check, so that an exemption of another user is not seen.",
        remedy: "Look at the namespace's label pod-security.kubernetes.io/enforce (PSS-018). If it is right, the API server exempts this user or namespace in its AdmissionConfiguration, or has the plugin PodSecurity switched off: whoever runs the control plane can say.",
    },
    expected: "refused by Pod Security admission, while a pod that conforms is admitted",
    why: "whoever may make pods there makes one that takes its node over",
};

static READING: Reading = Reading { control: Shown::Conforming.words(), is_accepted: is_admitted, is_let_in: is_admitted, is_refused };

const fn is_admitted(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::Admitted)
}

/// A quota, a webhook, or a missing right refuse as well, and say nothing of the level (pod-security-admission, `admission.go`).
fn is_refused(result: &AttemptResult) -> bool {
    matches!(result, AttemptResult::NotAdmitted { message } if message.raw().contains("violates PodSecurity \""))
}

/// What a finding is about when no namespace is.
const ALL: &str = "all namespaces";

/// The check.
pub(crate) struct AdmissionRefuses;

impl Check for AdmissionRefuses {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, profile: &Profile, world: &World) -> Vec<Need> {
        let Ok((Some(level), _)) = parameter::pod_security(profile) else { return Vec::new() };
        let of = |namespace: &String| shown(level).map(|shown| Need::Attempt(Box::new(shown.attempt(namespace)))).collect::<Vec<_>>();
        world.namespaces.iter().flat_map(of).collect()
    }

    fn evaluate(&self, profile: &Profile, given: &Snapshot) -> Vec<Finding> {
        let level = match parameter::pod_security(profile) {
            Ok((Some(level), _)) => level,
            Ok((None, _)) => return vec![TEXTS.not_applicable(ALL, Reason::NotAsked, "level privileged forbids nothing")],
            Err(reason) => return vec![TEXTS.unverified(ALL, reason)],
        };
        let namespaces = match live::namespaces(given) {
            Ok(namespaces) => namespaces,
            Err(reason) => return vec![TEXTS.unverified(ALL, reason)],
        };
        let of = |namespace: &String| {
            let judge = |shown: Shown| refused_beside(&TEXTS, given, (&shown.id(namespace), &Shown::Conforming.id(namespace)), &READING, format!("{namespace}: {}", shown.words()));
            Shown::forbidden_by(level).map(judge).collect::<Vec<_>>()
        };
        namespaces.iter().flat_map(of).collect()
    }
}

fn shown(level: PodSecurityLevel) -> impl Iterator<Item = Shown> {
    std::iter::once(Shown::Conforming).chain(Shown::forbidden_by(level))
}
