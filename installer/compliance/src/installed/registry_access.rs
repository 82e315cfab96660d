//! REG-001, REG-002: the bundled registry gives nothing to, and takes nothing from, who does not log in.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::attempts::{Knock, outcome, status, words};
use crate::described::{Described, Resting};

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
    fn spec(&self) -> &CheckSpec {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let knocks = std::iter::once(Knock::Login).chain(self.refusals.iter().map(|(knock, _)| *knock));
        knocks.filter_map(|knock| knock.attempt(world)).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        match &given.world.registry {
            Some(host) => self.refusals.iter().map(|(knock, subject)| self.judge(given, *knock, format!("{host}: {subject}"))).collect(),
            None if given.world.base_domain.is_empty() => vec![self.described.unverified("registry", "nothing is known of the installation")],
            None => vec![self.described.not_applicable("registry", Reason::ComponentOff, "no bundled registry is installed")],
        }
    }
}

impl RegistryAccess {
    fn judge(&self, given: &Snapshot, knock: Knock, subject: String) -> Finding {
        let check = &self.described;
        let tried = match outcome(given, &knock.id()) {
            Ok(tried) => tried,
            Err(reason) => return check.unverified(subject, reason),
        };
        // Getting in is a proof in itself, whatever became of the control.
        if status(tried).is_some_and(|status| (200..300).contains(&status)) {
            return check.fail(subject, words(&tried.result)).tried([tried]);
        }
        let control = match outcome(given, &Knock::Login.id()) {
            Ok(control) => control,
            Err(reason) => return check.unverified(subject, reason).tried([tried]),
        };
        let observed = format!("{}; login with the installed user: {}", words(&tried.result), words(&control.result));
        let is_proved = matches!(status(tried), Some(401 | 403)) && status(control) == Some(200);
        let finding = if is_proved { check.pass(subject, observed) } else { check.unverified(subject, observed) };
        finding.tried([tried, control])
    }
}
