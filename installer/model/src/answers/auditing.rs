//! The auditor: how often the cluster judges its own installation; where its reports go is `sink`'s to say.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answers, Component, EvidenceSink, Flaw, Mode, renewal};
use crate::names;

/// From one audit to the next, where the answers say nothing.
const SCHEDULE: &str = "24h";

/// How the cluster judges its own installation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ComplianceAnswers {
    /// From one audit to the next, with `components.auditor`: a part of an hour or of a day, as in `30m`, `12h`; a day when absent.
    pub schedule: Option<String>,
}

impl Answers {
    /// The auditor, where there is one.
    pub fn auditor(&self) -> Option<&Component> {
        self.components.auditor.as_ref().filter(|auditor| auditor.mode != Mode::Off)
    }

    /// From one audit to the next.
    pub fn audit_every(&self) -> Result<Duration, String> {
        renewal::part_of_a_day(self.compliance.schedule.as_deref().unwrap_or(SCHEDULE))
    }
}

/// What is wrong with these answers about the auditor, each with its path.
pub(super) fn flaws(answers: &Answers) -> Vec<(&'static str, Flaw)> {
    let mut found = Vec::new();
    let mut value = |path: &'static str, text: &str| found.push((path, Flaw::Value(text.to_owned())));
    let evidence = &answers.evidence;
    if answers.auditor().is_none() {
        let schedule = answers.compliance.schedule.is_some().then_some("compliance.schedule");
        for path in schedule.into_iter().chain(evidence.given()) {
            value(path, "it counts with `components.auditor` alone, as in `components: { auditor: {} }`; add that, or leave it out");
        }
    } else if evidence.sink.is_none() {
        value("components.auditor", "where are its reports kept? say `evidence: { sink: folder }`, which is a volume of its own");
    }
    let may_leave = answers.network.egress.iter().any(|egress| egress.component == names::AUDITOR) || answers.network.proxy.reached_at().is_some();
    if evidence.sink.is_some_and(|sink| sink != EvidenceSink::Folder) && !may_leave && answers.auditor().is_some() {
        value("evidence.sink", "nothing lets a line out; say in `network.egress` which network and port component auditor may reach");
    }
    if let Err(flaw) = answers.audit_every() {
        value("compliance.schedule", &flaw);
    }
    found.extend(evidence.flaws());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\n";
    const ON: &str = "components: { auditor: {} }\n";

    fn told(text: &str) -> String {
        Answers::from_yaml(&format!("{BEGIN}{text}")).map_or_else(|error| error.faults().map(ToString::to_string).collect::<Vec<_>>().join("\n"), |_| String::new())
    }

    #[test]
    fn an_auditor_is_whole_with_a_place_for_its_reports() {
        let answers = Answers::from_yaml(&format!("{BEGIN}{ON}evidence: {{ sink: folder, signer: 'secret:keys/evidence#key.pem' }}\n")).unwrap();
        assert_eq!((answers.audit_every(), answers.auditor().is_some()), (Ok(Duration::from_hours(24)), true));
        assert_eq!(answers.references().iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["evidence.signer"]);
        let often = Answers::from_yaml(&format!("{BEGIN}{ON}evidence: {{ sink: folder }}\ncompliance: {{ schedule: 6h }}\n")).unwrap();
        assert_eq!(often.audit_every(), Ok(Duration::from_hours(6)));
        let off = Answers::from_yaml(&format!("{BEGIN}components: {{ auditor: {{ mode: off }} }}\n")).unwrap();
        assert!(off.auditor().is_none() && Answers::from_yaml(BEGIN).unwrap().auditor().is_none());
    }

    #[test]
    fn what_would_be_ignored_or_kept_nowhere_is_told_by_its_key() {
        for (text, path) in [
            (ON.to_owned(), "`components.auditor`"),
            ("evidence: { sink: folder }\n".to_owned(), "`evidence.sink`"),
            ("evidence: { signer: 'file:key' }\n".to_owned(), "`evidence.signer`"),
            ("compliance: { schedule: 12h }\n".to_owned(), "`compliance.schedule`"),
            (format!("{ON}evidence: {{ sink: folder }}\ncompliance: {{ schedule: 7h }}\n"), "`compliance.schedule`"),
            (format!("{ON}evidence: {{ sink: folder, signer: hunter2 }}\n"), "`evidence.signer`"),
            (format!("{ON}evidence: {{ sink: folder, signer: 'exec:vault' }}\n"), "`evidence.signer`"),
            (format!("{ON}evidence: {{ sink: folder }}\ncompliance: {{ every: 12h }}\n"), "every"),
            (format!("{ON}evidence: {{ sink: tape }}\n"), "tape"),
            (format!("{ON}evidence: {{ sink: syslog, syslog: {{ server: 'logs.test:6514' }} }}\n"), "component auditor may reach"),
            ("evidence: { s3: { endpoint: 'https://s3.test', bucket: evidence, accessKeyId: A, secretAccessKey: hunter2 } }\n".to_owned(), "`evidence.s3`"),
        ] {
            let told = told(&text);
            assert!(told.contains(path) && !told.contains("hunter2"), "{text}: {told}");
        }
        assert_eq!(told(&format!("{ON}evidence: {{ sink: folder }}\n")), "");
        let out = "network: { egress: [{ component: auditor, to: 192.0.2.7/32, port: 6514, reason: the log server of the security officers }] }\n";
        assert_eq!(told(&format!("{ON}{out}evidence: {{ sink: syslog, syslog: {{ server: 'logs.test:6514' }} }}\n")), "");
    }
}
