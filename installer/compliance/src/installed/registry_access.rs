//! REG-001, REG-002: the bundled registry gives nothing to, and takes nothing from, who does not log in.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::attempts::Knock;
use crate::described::Described;
use crate::refusal::refused_beside;

/// The attempts that must be refused, with the words for their subjects.
type Refusals = &'static [(Knock, &'static str)];

/// One of the two checks.
pub(crate) struct RegistryAccess {
    described: Described,
    refusals: Refusals,
}

/// REG-001
pub(crate) static PULL: RegistryAccess = RegistryAccess {
    described: Described {
        spec: CheckSpec {
            id: "REG-001",
            title: "nothing can be pulled from the registry without logging in",
            severity: Severity::Critical,
            promises: &["P7", "P14"],
            explanation: "Requests to the registry: the base of its API and a manifest without credentials, and the base with a password made up for this attempt. Each must be answered 401 or 403 while the base answers 200 to the installed user.",
            remedy: "Compare the configuration in the Secret `registry-config` with what runs: the section auth must be there. `airlock install` puts it back.",
        },
        expected: "401 or 403, while the installed user is answered 200",
        why: "whoever reaches the edge can read every image, with all the code in it",
    },
    refusals: &[(Knock::Anonymous, "request without credentials"), (Knock::Pull, "pull without credentials"), (Knock::WrongPassword, "login with a wrong password")],
};

/// REG-002
pub(crate) static PUSH: RegistryAccess = RegistryAccess {
    described: Described {
        spec: CheckSpec {
            id: "REG-002",
            title: "nothing can be pushed to the registry without logging in",
            severity: Severity::Critical,
            promises: &["P7", "P14"],
            explanation: "The beginning of an upload (POST …/blobs/uploads/) without credentials. It must be answered 401 or 403 while the base of the API answers 200 to the installed user. No data is sent; an open registry would keep an empty upload session.",
            remedy: "Compare the configuration in the Secret `registry-config` with what runs: the section auth must be there. `airlock install` puts it back. If it was open, check what was pushed: running digests are judged by REG-010.",
        },
        expected: "401 or 403, while the installed user is answered 200",
        why: "whoever reaches the edge can replace an image that the platform will run",
    },
    refusals: &[(Knock::Push, "push without credentials")],
};

impl Check for RegistryAccess {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let knocks = std::iter::once(Knock::Login).chain(self.refusals.iter().map(|(knock, _)| *knock));
        knocks.filter_map(|knock| knock.attempt(world)).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        match &given.world.registry {
            Some(host) => self
                .refusals
                .iter()
                .map(|(knock, subject)| {
                    refused_beside(&self.described, given, (&knock.id(), &Knock::Login.id()), ("login with the installed user", |status| status == 200), format!("{host}: {subject}"))
                })
                .collect(),
            None if given.world.base_domain.is_empty() => vec![self.described.unverified("registry", "nothing is known of the installation")],
            None => vec![self.described.not_applicable("registry", Reason::ComponentOff, "no bundled registry is installed")],
        }
    }
}
