//! REG-001: the bundled registry gives nothing to, and takes nothing from, who does not log in.

use airlock_model::{AttemptResult, Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::attempts::Knock;
use crate::described::Described;
use crate::refusal::{Reading, refused_beside};

/// The attempts that must be refused, with the words for their subjects.
const REFUSALS: [(Knock, &str); 5] = [
    (Knock::Anonymous, "request without credentials"),
    (Knock::Catalog, "list of repositories without credentials"),
    (Knock::Pull, "look into a repository without credentials"),
    (Knock::Push, "push without credentials"),
    (Knock::WrongPassword, "login with a wrong password"),
];

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "REG-001",
        title: "nothing can be pulled from or pushed to the registry without logging in",
        severity: Severity::Critical,
        promises: &["P7", "P14"],
        explanation: "Requests to the registry without credentials: the base of its API, the list of its repositories (`/v2/_catalog`), what a repository holds (`…/tags/list`), and the beginning of an upload (POST …/blobs/uploads/); and the base with a password made up for this attempt. Each must be answered 401 or 403 while the base answers 200 to the installed user. No data is sent; an open registry would keep an empty upload session.",
        remedy: "Compare the configuration in the Secret `registry-config` with what runs: the section auth must be there. `airlock install` puts it back. If it was open, check what was pushed: running digests are judged by REG-004.",
    },
    expected: "401 or 403, while the installed user is answered 200",
    why: "whoever reaches the edge can read every image, with all the code in it, or replace one that the platform will run",
};

static READING: Reading = Reading::of_requests("login with the installed user", |result| matches!(result, AttemptResult::Answered { status: 200, .. }));

/// The check.
pub(crate) struct RegistryAccess;

impl Check for RegistryAccess {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, world: &World) -> Vec<Need> {
        let knocks = std::iter::once(Knock::Login).chain(REFUSALS.map(|(knock, _)| knock));
        knocks.filter_map(|knock| knock.attempt(world)).map(|attempt| Need::Attempt(Box::new(attempt))).collect()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        match &given.world.registry {
            Some(host) => REFUSALS.iter().map(|(knock, subject)| refused_beside(&TEXTS, given, (&knock.id(), &Knock::Login.id()), &READING, format!("{host}: {subject}"))).collect(),
            None if given.world.base_domain.is_empty() => vec![TEXTS.unverified("registry", "nothing is known of the installation")],
            None => vec![TEXTS.not_applicable("registry", Reason::ComponentOff, "no bundled registry is installed")],
        }
    }
}
