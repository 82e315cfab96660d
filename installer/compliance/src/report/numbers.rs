//! What a check that judges numbers of a benchmark one by one said of each. A number that no finding speaks of was not looked at.

use std::collections::BTreeMap;

use airlock_model::{Finding, Reason, Verdict};

/// A verdict, and why it does not apply when it does not.
pub(super) type Told = (Verdict, Option<Reason>);

/// What was said, by number.
#[derive(Default)]
pub(super) struct Numbers {
    of_each: BTreeMap<String, Told>,
    /// By findings that name no number: they are about the check as such.
    of_all: Option<Told>,
}

impl Numbers {
    pub(super) fn of(findings: &[Finding]) -> Self {
        let mut numbers = Self::default();
        for finding in findings {
            let told = (finding.verdict, finding.reason);
            if finding.numbers.is_empty() {
                numbers.of_all = heavier(numbers.of_all, Some(told));
            }
            for number in &finding.numbers {
                let known = numbers.of_each.entry(number.clone()).or_insert(told);
                *known = heavier(Some(*known), Some(told)).unwrap_or(told);
            }
        }
        numbers
    }

    /// The verdict that weighs most of those about a number.
    pub(super) fn told(&self, number: &str) -> Option<Told> {
        heavier(self.of_each.get(number).copied(), self.of_all)
    }
}

fn heavier(first: Option<Told>, second: Option<Told>) -> Option<Told> {
    first.into_iter().chain(second).max_by_key(|(verdict, _)| *verdict)
}
