//! Checks that say worse than they did: what an alert is about, which may not come and go with the names of pods.

use airlock_model::{Verdict, Worsened};

use super::Earlier;
use crate::report::Report;

/// The checks that fail and did not, and those that passed and can no longer be judged; in the order of the report.
///
/// A check that one of the reports does not have is not compared. What could not be judged before and cannot be now is no change.
pub fn worsened(earlier: &Earlier, report: &Report) -> Vec<Worsened> {
    let before = |id: &str| earlier.checks.iter().find(|check| check.id == id).map(|check| check.verdict);
    let compared = report.checks.iter().filter_map(|check| Some(Worsened { check: check.id.clone(), before: before(&check.id)?, after: check.verdict }));
    compared.filter(|change| is_worse(change.before, change.after)).collect()
}

const fn is_worse(before: Verdict, after: Verdict) -> bool {
    match after {
        Verdict::Fail => !matches!(before, Verdict::Fail),
        Verdict::Unverified | Verdict::Error => matches!(before, Verdict::Pass | Verdict::Attested),
        Verdict::NotApplicable | Verdict::Pass | Verdict::Attested | Verdict::Excepted | Verdict::Warn => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_now_or_passed_and_cannot_be_seen_is_worse_and_nothing_else() {
        use Verdict::{Attested, Error, Excepted, Fail, NotApplicable, Pass, Unverified, Warn};
        for before in Verdict::ALL {
            let worse: Vec<Verdict> = Verdict::ALL.into_iter().filter(|after| is_worse(before, *after)).collect();
            let expected: &[Verdict] = match before {
                Pass | Attested => &[Unverified, Error, Fail],
                NotApplicable | Excepted | Warn | Unverified | Error => &[Fail],
                Fail => &[],
            };
            assert_eq!(worse, expected, "{before}");
        }
    }
}
