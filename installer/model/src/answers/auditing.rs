//! The auditor: how often the cluster judges its own installation, where the reports are kept, and who signs them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answers, Component, Flaw, Mode, SecretReference, renewal};

/// From one audit to the next, where the answers say nothing.
const SCHEDULE: &str = "24h";

/// How the cluster judges its own installation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ComplianceAnswers {
    /// From one audit to the next, with `components.auditor`: a part of an hour or of a day, as in `30m`, `12h`; a day when absent.
    pub schedule: Option<String>,
}

/// Where evidence goes and who signs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EvidenceAnswers {
    /// Where the auditor keeps its reports.
    pub sink: Option<EvidenceSink>,
    /// A reference to the private key that signs them: Ed25519 in PKCS#8, PEM. Nobody signs when absent, and every report says so.
    pub signer: Option<String>,
}

/// Where the auditor keeps its reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum EvidenceSink {
    /// A folder on a volume of its own.
    Folder,
    /// A bucket.
    S3,
    /// A server that takes them over HTTPS.
    Https,
    /// A log server, over TLS.
    Syslog,
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

impl EvidenceAnswers {
    /// Every reference to a secret with the path of its key.
    pub(super) fn references(&self) -> impl Iterator<Item = (&'static str, &String)> {
        self.signer.iter().map(|signer| (SIGNER, signer))
    }
}

const SIGNER: &str = "evidence.signer";

/// What is wrong with these answers about the auditor, each with its path.
pub(super) fn flaws(answers: &Answers) -> Vec<(&'static str, Flaw)> {
    let mut found = Vec::new();
    let mut value = |path: &'static str, text: &str| found.push((path, Flaw::Value(text.to_owned())));
    let (evidence, schedule) = (&answers.evidence, &answers.compliance.schedule);
    if answers.auditor().is_none() {
        let given = [("compliance.schedule", schedule.is_some()), ("evidence.sink", evidence.sink.is_some()), (SIGNER, evidence.signer.is_some())];
        for (path, _) in given.into_iter().filter(|(_, given)| *given) {
            value(path, "it counts with `components.auditor` alone, as in `components: { auditor: {} }`; add that, or leave it out");
        }
    } else if evidence.sink.is_none() {
        value("components.auditor", "where are its reports kept? say `evidence: { sink: folder }`, which is a volume of its own");
    }
    if let Err(flaw) = answers.audit_every() {
        value("compliance.schedule", &flaw);
    }
    found.extend(evidence.references().filter_map(|(path, text)| Some((path, Flaw::Reference(text.parse::<SecretReference>().err()?.to_string())))));
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
        assert_eq!(answers.references().iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), [SIGNER]);
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
        ] {
            let told = told(&text);
            assert!(told.contains(path) && !told.contains("hunter2"), "{text}: {told}");
        }
        assert_eq!(told(&format!("{ON}evidence: {{ sink: folder }}\n")), "");
    }
}
