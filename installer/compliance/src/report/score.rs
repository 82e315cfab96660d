//! What a report scores, where its profile asks for that: beside what fails the gate, never instead of it.
//!
//! A check counts by its severity, and of it what passes out of all that was found. What could not be looked at, or is warned of,
//! did not pass. What an exception or an attestation answers for is left out, and so is what does not apply. A score from less than
//! half of the checks is none.

use std::collections::BTreeMap;

use airlock_model::{ScoreRule, Severity, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

/// What a report scores, and from how many of its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// Hundredths, rounded down; null: less than half of the checks were evaluated.
    pub value: Option<u8>,
    /// What the profile asks for.
    pub min: u8,
    /// How many checks were evaluated.
    pub evaluated: usize,
    /// How many were asked for and apply, also those that what was judged shows nothing of.
    pub selected: usize,
}

impl Score {
    /// Whether it fails the gate; where there is none it does.
    pub fn fails(&self) -> bool {
        self.value.map_or(self.min > 0, |value| value < self.min)
    }

    /// In words, with what it is made of.
    pub fn words(&self) -> String {
        let Self { min, evaluated, selected, .. } = self;
        let asked = if *min == 0 { String::new() } else { format!(", {min} are asked for") };
        let of = format!("{evaluated} of {selected} checks were evaluated");
        match self.value {
            Some(value) => format!("score {value} of 100{asked}; {of}"),
            None if evaluated.saturating_mul(2) < *selected => format!("no score{asked}; {of}, fewer than half"),
            None => format!("no score{asked}; {of}, none that counts"),
        }
    }
}

/// How many millionths a check is taken apart into, so that every machine comes to the same.
const PARTS: u64 = 1_000_000;

/// Adds up what each check has found.
#[derive(Debug, Default)]
pub(super) struct Tally {
    passed: u64,
    possible: u64,
    evaluated: usize,
    selected: usize,
}

impl Tally {
    /// Counts a check by its findings; `unseen`: what was judged shows nothing of it.
    pub(super) fn add(&mut self, severity: Severity, counted: &BTreeMap<Verdict, usize>, unseen: bool) {
        let count = |verdicts: &[Verdict]| verdicts.iter().filter_map(|verdict| counted.get(verdict)).fold(0_u64, |sum, count| sum.saturating_add(u64::try_from(*count).unwrap_or(u64::MAX)));
        let passed = count(&[Verdict::Pass]);
        let looked_at = passed.saturating_add(count(&[Verdict::Warn, Verdict::Fail]));
        let open = count(&[Verdict::Unverified, Verdict::Error]);
        let answered = count(&[Verdict::Excepted, Verdict::Attested]);
        let all = looked_at.saturating_add(open);
        if let Some(share) = passed.saturating_mul(PARTS).checked_div(all) {
            self.passed += weight(severity) * share;
            self.possible += weight(severity) * PARTS;
        }
        self.evaluated += usize::from(looked_at > 0 || answered > 0);
        self.selected += usize::from(all > 0 || answered > 0 || unseen);
    }

    /// What it comes to.
    pub(super) fn score(&self, rule: ScoreRule) -> Score {
        let is_enough = self.evaluated > 0 && self.evaluated.saturating_mul(2) >= self.selected;
        let value = (self.passed * 100).checked_div(self.possible).and_then(|value| u8::try_from(value).ok());
        Score { value: value.filter(|_| is_enough), min: rule.min, evaluated: self.evaluated, selected: self.selected }
    }
}

/// How much a check counts: the least of what kubescape gives a control of that severity (`opa-utils/score`).
const fn weight(severity: Severity) -> u64 {
    match severity {
        Severity::Low => 1,
        Severity::Medium => 4,
        Severity::High => 7,
        Severity::Critical => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = (Severity, Vec<(Verdict, usize)>, bool);

    fn score(checks: &[Found], min: u8) -> Score {
        let mut tally = Tally::default();
        for (severity, counted, unseen) in checks {
            tally.add(*severity, &counted.iter().copied().collect(), *unseen);
        }
        tally.score(ScoreRule { min })
    }

    fn found(severity: Severity, counted: &[(Verdict, usize)]) -> Found {
        (severity, counted.to_vec(), false)
    }

    #[test]
    fn a_score_says_no_more_than_was_looked_at() {
        use Severity::{Critical, High, Low};
        use Verdict::{Attested, Error, Excepted, Fail, NotApplicable, Pass, Unverified, Warn};
        let unseen = || (High, vec![(NotApplicable, 1)], true);
        for (checks, value, evaluated, selected) in [
            (vec![found(High, &[(Pass, 3)]), found(Low, &[(Pass, 1), (Fail, 1)])], Some(93), 2, 2),
            (vec![found(High, &[(Pass, 1)]), found(Critical, &[(Fail, 1)])], Some(43), 2, 2),
            (vec![found(High, &[(Pass, 2), (Warn, 1)])], Some(66), 1, 1),
            (vec![found(High, &[(Pass, 1)]), found(High, &[(Unverified, 1)])], Some(50), 1, 2),
            (vec![found(High, &[(Pass, 1)]), found(High, &[(Error, 1)]), found(High, &[(Unverified, 1)])], None, 1, 3),
            (vec![found(High, &[(Pass, 1)]), found(High, &[(NotApplicable, 1)])], Some(100), 1, 1),
            (vec![found(High, &[(Pass, 1)]), unseen(), unseen()], None, 1, 3),
            (vec![found(High, &[(Pass, 1), (Excepted, 9)]), found(High, &[(Attested, 1)])], Some(100), 2, 2),
            (vec![found(High, &[(Excepted, 1)])], None, 1, 1),
            (vec![], None, 0, 0),
        ] {
            let scored = score(&checks, 95);
            assert_eq!((scored.value, scored.evaluated, scored.selected), (value, evaluated, selected), "{checks:?}");
        }
    }

    #[test]
    fn what_has_no_score_fails_as_what_scores_less_does() {
        let passing = [found(Severity::High, &[(Verdict::Pass, 19), (Verdict::Fail, 1)])];
        assert_eq!([0, 95, 96].map(|min| score(&passing, min).fails()), [false, false, true]);
        assert_eq!([0, 1].map(|min| score(&[], min).fails()), [false, true]);
        assert_eq!(score(&passing, 96).words(), "score 95 of 100, 96 are asked for; 1 of 1 checks were evaluated");
        assert_eq!(score(&[], 0).words(), "no score; 0 of 0 checks were evaluated, none that counts");
        assert_eq!(score(&[(Severity::Low, Vec::new(), true)], 9).words(), "no score, 9 are asked for; 0 of 1 checks were evaluated, fewer than half");
    }
}
