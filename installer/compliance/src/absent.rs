//! Checks of components that no release installs yet: each says so, so that nobody takes silence for a proof. What is
//! evaluated, and how it is tried, comes with the component.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Reason, Severity, Snapshot, World};

use crate::described::Described;

/// A check and the component that it waits for.
pub(crate) struct OfAbsent {
    described: Described,
    component: &'static str,
}

const LOGS: &str = "log store";
const IDENTITY: &str = "identity provider";
const TOKENS: &str = "registry tokens";
const POOLER: &str = "pgbouncer";
const STORE: &str = "store of a console";
const BUNDLE: &str = "bundle of signed images";

/// The table.
pub(crate) static CHECKS: [OfAbsent; 10] = [
    absent("AUT-002", IDENTITY, "people log in by an identity provider", Severity::High, &["P13"]),
    absent("AUT-003", IDENTITY, "beside the identity provider no password logs in", Severity::High, &["P13"]),
    absent("DBS-007", POOLER, "pgbouncer lets no tenant into another's database", Severity::Critical, &["P12"]),
    absent("DBS-008", STORE, "sensitive columns of the platform's database are encrypted", Severity::High, &["P6"]),
    absent("LOG-002", LOGS, "logs of every node and tenant are collected", Severity::High, &["P5"]),
    absent("LOG-003", LOGS, "a line that a tenant's pod writes is found by this tenant and by no other", Severity::High, &["P5", "P12"]),
    absent("LOG-004", LOGS, "logs are kept as long as the profile asks", Severity::Medium, &["P5"]),
    absent("LOG-005", LOGS, "users of a deployment find its logs", Severity::Medium, &["P5"]),
    absent("REG-002", TOKENS, "the token of one tenant opens no repository of another", Severity::Critical, &["P12", "P14"]),
    absent("REG-005", BUNDLE, "images of the platform are signed, and their contents listed", Severity::High, &["P14"]),
];

const fn absent(id: &'static str, component: &'static str, title: &'static str, severity: Severity, promises: &'static [&'static str]) -> OfAbsent {
    OfAbsent {
        described: Described {
            spec: CheckSpec {
                id,
                title,
                severity,
                promises,
                explanation: "Nothing yet: no release of Airlock installs the component that this is about, and the finding names it. A component of your own in its place is not looked at.",
                remedy: "Nothing has to be done. Where a control of yours asks for it, people attest the control (docs/profiles.md).",
            },
            expected: "judged once the component is installed",
            why: "what is not installed cannot be judged",
        },
        component,
    }
}

impl Check for OfAbsent {
    fn spec(&self) -> &CheckSpec<'_> {
        &self.described.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        Vec::new()
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        vec![if given.world.base_domain.is_empty() {
            self.described.unverified(self.component, "nothing is known of the installation")
        } else {
            self.described.not_applicable(self.component, Reason::ComponentOff, format!("this release installs no {}", self.component))
        }]
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::Verdict;

    use super::*;
    use crate::profile::unprofiled;

    #[test]
    fn what_is_not_installed_is_no_pass_and_its_component_is_named() {
        let installed = Snapshot { world: World { base_domain: "platform.test".into(), ..World::default() }, ..Snapshot::default() };
        for check in &CHECKS {
            let [finding] = &check.evaluate(&unprofiled(), &installed)[..] else { panic!("{}: one finding", check.spec().id) };
            assert_eq!((finding.verdict, finding.reason), (Verdict::NotApplicable, Some(Reason::ComponentOff)), "{}", finding.check);
            assert_eq!(finding.subject.name.raw(), check.component);
            let unknown = check.evaluate(&unprofiled(), &Snapshot::default());
            assert_eq!(unknown[0].verdict, Verdict::Unverified, "{} of nothing known", finding.check);
        }
    }
}
