//! What Airlock promises its customers, and what a report says of each promise.

use airlock_model::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::CheckSummary;

/// The promises by their ids; checks say which they stand for. They are named as subjects: a check that passes is no promise kept.
pub(crate) const PROMISES: [(&str, &str); 14] = [
    ("P1", "Airflow in the customer's own cluster"),
    ("P2", "the customer's security specification"),
    ("P3", "a private network with one way in and one way out"),
    ("P4", "monitoring, and alerts for failed tasks and DAGs"),
    ("P5", "logs, to each tenant its own"),
    ("P6", "encryption at rest and in transit"),
    ("P7", "the certificate of the base domain and the registry"),
    ("P8", "personal data"),
    ("P9", "variables, connections, and credentials as Secrets"),
    ("P10", "a Fernet key for each Airflow deployment"),
    ("P11", "payment data"),
    ("P12", "tenants apart from each other"),
    ("P13", "login"),
    ("P14", "what runs is what was shipped"),
];

/// What the checks of a profile say of one promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromiseSummary {
    /// `P1` to `P14`.
    pub id: String,
    /// What is promised.
    pub title: String,
    /// Of its checks, the verdict that weighs most; none: no check of the profile stands for it.
    pub verdict: Option<Verdict>,
    /// How many checks stand for it.
    pub checks: usize,
}

/// A line a promise, in their order.
pub fn promises(checks: &[CheckSummary]) -> Vec<PromiseSummary> {
    let summary = |(id, title): (&str, &str)| {
        let stands = checks.iter().filter(|check| check.promises.iter().any(|promise| promise == id));
        PromiseSummary { id: id.to_owned(), title: title.to_owned(), verdict: stands.clone().map(|check| check.verdict).max(), checks: stands.count() }
    };
    PROMISES.map(summary).into()
}

#[cfg(test)]
mod tests {
    use airlock_model::Severity;

    use super::*;
    use crate::catalogue::checks;

    #[test]
    fn a_promise_is_as_good_as_the_worst_of_its_checks_and_without_one_nothing_is_said() {
        let check = |promises: &[&str], verdict| CheckSummary {
            id: "NET-010".into(),
            title: "t".into(),
            severity: Severity::High,
            promises: promises.iter().map(|promise| (*promise).to_owned()).collect(),
            references: Vec::new(),
            verdict,
            reason: None,
            findings: 1,
            gate_failed: false,
            texts: None,
        };
        let said = promises(&[check(&["P3", "P12"], Verdict::Pass), check(&["P3"], Verdict::Unverified)]);
        let of = |id: &str| said.iter().find(|promise| promise.id == id).map(|promise| (promise.verdict, promise.checks));
        assert_eq!(of("P3"), Some((Some(Verdict::Unverified), 2)));
        assert_eq!(of("P12"), Some((Some(Verdict::Pass), 1)));
        assert_eq!(of("P4"), Some((None, 0)));
    }

    #[test]
    fn every_promise_that_a_check_names_is_one() {
        for check in checks() {
            for promise in check.spec().promises {
                assert!(PROMISES.iter().any(|(id, _)| id == promise), "{}: {promise}", check.spec().id);
            }
        }
    }
}
