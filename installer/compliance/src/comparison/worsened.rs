//! Checks that say worse than they did: what an alert is about, which may not come and go with the names of pods.

use std::collections::BTreeSet;

use airlock_model::{Subject, Untrusted, Verdict, Worsened};

use super::{Earlier, Key, key};
use crate::report::Report;

/// Kinds whose objects controllers name anew each time they make one.
const NAMED_ANEW: [&str; 3] = ["Job", "Pod", "ReplicaSet"];

/// The checks that fail and did not, or fail for more than they did, and those that passed and can no longer be judged; in the order of
/// the report.
///
/// A check that one of the reports does not have is not compared. What could not be judged before and cannot be now is no change.
pub fn worsened(earlier: &Earlier, report: &Report) -> Vec<Worsened> {
    let before = |id: &str| earlier.checks.iter().find(|check| check.id == id).map(|check| check.verdict);
    let failed: BTreeSet<Key> = earlier.findings.iter().filter(|found| found.verdict == Verdict::Fail).map(|found| lasting(&found.check, &found.subject, found.path.as_ref())).collect();
    let fails: BTreeSet<Key> = report.findings.iter().filter(|found| found.verdict == Verdict::Fail).map(|found| lasting(&found.check, &found.subject, found.path.as_ref())).collect();
    let more = |id: &str| fails.difference(&failed).filter(|(check, ..)| check == id).count();
    let compared = report.checks.iter().filter_map(|check| Some(Worsened { check: check.id.clone(), before: before(&check.id)?, after: check.verdict, more: more(&check.id) }));
    compared.filter(|change| is_worse(change.before, change.after) || (change.before == Verdict::Fail && change.more > 0)).collect()
}

/// What fails, by what stays the same from one audit to the next.
fn lasting(check: &str, subject: &Subject, path: Option<&Untrusted<String>>) -> Key {
    let (check, subject, path) = key(check, subject, path);
    if NAMED_ANEW.contains(&subject.kind.raw()) { (check, Subject { name: String::new().into(), ..subject }, path) } else { (check, subject, path) }
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
