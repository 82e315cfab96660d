//! SEC-008: no value of a Secret stands in logs or events.
//!
//! The search is done where Secrets and logs are read (`platform`, in memory); here its result is judged.

use airlock_model::{Check, CheckSpec, Finding, Need, Profile, Severity, Snapshot, World};

use crate::described::Described;

static TEXTS: Described = Described {
    spec: CheckSpec {
        id: "SEC-008",
        title: "no secret value stands in logs or events",
        severity: Severity::High,
        promises: &["P9"],
        explanation: "Every value of the Secrets in the installation's namespaces, of eight characters or more, is looked for in what the API server shows of each container of these namespaces: its log and that before its last restart, the newest ten thousand lines of each, at most 4 MiB, and the events. Certificates and names of users are left out. The search is made in the memory of the program that makes the check; names alone leave it. A log that cannot be read leaves its container unverified. What log stores and volumes keep, and what is encoded in another way than in the Secret, is not looked at.",
        remedy: "Rotate the value first: whoever may read logs has it. Then take it out of what is logged: a setting that is too talkative, a task that prints its environment, an argument with a password in it. What was logged already stays wherever logs are sent to.",
    },
    expected: "no value of a Secret in a log or an event",
    why: "logs are read by many more people than Secrets, are sent on to others, and are kept for years",
};

/// The check.
pub(crate) struct LoggedSecrets;

impl Check for LoggedSecrets {
    fn spec(&self) -> &CheckSpec<'_> {
        &TEXTS.spec
    }

    fn needs(&self, _: &Profile, _: &World) -> Vec<Need> {
        vec![Need::LoggedSecrets]
    }

    fn evaluate(&self, _: &Profile, given: &Snapshot) -> Vec<Finding> {
        const SUBJECT: &str = "logs of the installation's containers";
        let searched = match &given.logged {
            None => return vec![TEXTS.unverified(SUBJECT, "they were not searched")],
            Some(Err(reason)) => return vec![TEXTS.unverified(SUBJECT, format!("they could not be searched: {reason}"))],
            Some(Ok(searched)) => searched,
        };
        let mut findings: Vec<Finding> = searched.leaks.iter().map(|leak| TEXTS.fail(leak.place.clone(), format!("shows the value of {}", leak.secret))).collect();
        findings.extend(searched.unread.iter().map(|unread| TEXTS.unverified(unread.place.clone(), format!("it could not be read: {}", unread.why))));
        match (findings.is_empty(), searched.logs, searched.values) {
            (false, ..) => {}
            (true, 0, _) => findings.push(TEXTS.unverified(SUBJECT, "there is no log to search")),
            (true, _, 0) => findings.push(TEXTS.unverified(SUBJECT, "there is no Secret whose value could be looked for")),
            (true, logs, values) => findings.push(TEXTS.pass(SUBJECT, format!("none of {values} values in {logs} logs and {} events", searched.events))),
        }
        findings
    }
}
