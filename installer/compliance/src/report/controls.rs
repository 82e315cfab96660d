//! What the checks say of each control of the profile's list. It is never said that a control is kept, only what was shown.
//!
//! Where the list names a number of a check, as in `CPL-001/1.2.5`, what that check says of its other numbers does not count.

use std::collections::BTreeMap;
use std::fmt;

use airlock_model::{Control, ControlCoverage, Reason, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use super::CheckSummary;
use super::numbers::{Numbers, Told};

/// What is said of one control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlSummary {
    /// Its id in the profile's list.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// How much of it its checks can show.
    pub coverage: ControlCoverage,
    /// What somebody has to answer for beside that; not there where nobody has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attest: Option<String>,
    /// What they show.
    pub verdict: ControlVerdict,
    /// Those of its checks that the profile names for it, in the order of the catalogue.
    pub checks: Vec<ControlCheck>,
}

/// A check that stands for a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlCheck {
    /// Its id.
    pub id: String,
    /// The number of the benchmark of which it was asked; none: all that it says counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What it said; none: the profile does not select it, or it said nothing of the number.
    pub verdict: Option<Verdict>,
    /// Why it does not apply, when it does not.
    #[serde(skip)]
    pub(crate) reason: Option<Reason>,
}

impl ControlCheck {
    /// As the list names it.
    pub fn name(&self) -> String {
        self.number.as_ref().map_or_else(|| self.id.clone(), |number| format!("{}/{number}", self.id))
    }
}

/// What is shown of a control. Ordered by how much it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ControlVerdict {
    /// Nothing of it occurs in what was judged.
    NotApplicable,
    /// Every check passes, and they show all of it.
    Proved,
    /// Somebody answers for it with a signature.
    Attested,
    /// A check fails, and an exception covers it.
    Excepted,
    /// What was looked at passes, and it is not all of the control.
    Partly,
    /// No check looked at it.
    NotCovered,
    /// A check could not find it out.
    Unverified,
    /// A check fails.
    Failed,
}

impl ControlVerdict {
    /// All of them, by how much they weigh.
    pub const ALL: [Self; 8] = [Self::NotApplicable, Self::Proved, Self::Attested, Self::Excepted, Self::Partly, Self::NotCovered, Self::Unverified, Self::Failed];

    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotApplicable => "not applicable",
            Self::Proved => "proved",
            Self::Attested => "attested",
            Self::Excepted => "excepted",
            Self::Partly => "partly",
            Self::NotCovered => "not covered",
            Self::Unverified => "unverified",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for ControlVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A line a control, in the order of the list.
pub(super) fn controls(list: &[Control], checks: &[CheckSummary], numbers: &BTreeMap<String, Numbers>) -> Vec<ControlSummary> {
    let of_check = |id: &str, number: Option<&str>| match number {
        None => checks.iter().find(|check| check.id == id).map(|check| (check.verdict, check.reason)),
        Some(number) => numbers.get(id)?.told(number),
    };
    let summary = |control: &Control| {
        let named = || control.checks.iter().map(|name| name.split_once('/').map_or((name.as_str(), None), |(id, number)| (id, Some(number))));
        ControlSummary {
            id: control.id.clone(),
            title: control.title.clone(),
            coverage: control.coverage,
            attest: control.attest.clone(),
            verdict: verdict(control, named().map(|(id, number)| of_check(id, number))),
            checks: named().map(|(id, number)| told(id, number, of_check(id, number))).collect(),
        }
    };
    list.iter().map(summary).collect()
}

fn told(id: &str, number: Option<&str>, told: Option<Told>) -> ControlCheck {
    ControlCheck { id: id.to_owned(), number: number.map(str::to_owned), verdict: told.map(|(verdict, _)| verdict), reason: told.and_then(|(_, reason)| reason) }
}

fn verdict(control: &Control, checks: impl Iterator<Item = Option<Told>>) -> ControlVerdict {
    let mut heaviest = None;
    let mut whole = control.coverage == ControlCoverage::Full && control.attest.is_none();
    for check in checks {
        match check {
            // What was not looked at takes something away from the whole, and nothing from what was shown.
            None => whole = false,
            Some((_, reason)) if reason.is_some_and(Reason::shows_nothing) => whole = false,
            Some((verdict, _)) => heaviest = heaviest.max(Some(of_verdict(verdict))),
        }
    }
    match heaviest {
        None => ControlVerdict::NotCovered,
        Some(ControlVerdict::Proved) if !whole => ControlVerdict::Partly,
        // Who answers for a check does not answer for the rest of the control.
        Some(ControlVerdict::Attested) if control.attest.is_some() => ControlVerdict::Partly,
        // What could have occurred is not all of the control.
        Some(ControlVerdict::NotApplicable) if !whole => ControlVerdict::NotCovered,
        Some(verdict) => verdict,
    }
}

const fn of_verdict(verdict: Verdict) -> ControlVerdict {
    match verdict {
        Verdict::NotApplicable => ControlVerdict::NotApplicable,
        Verdict::Pass => ControlVerdict::Proved,
        Verdict::Attested => ControlVerdict::Attested,
        Verdict::Excepted => ControlVerdict::Excepted,
        // It does not fail, and somebody has to look at it.
        Verdict::Warn => ControlVerdict::Partly,
        Verdict::Unverified | Verdict::Error => ControlVerdict::Unverified,
        Verdict::Fail => ControlVerdict::Failed,
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::Severity;

    use super::*;

    fn made(id: &str, verdict: Verdict, reason: Option<Reason>) -> CheckSummary {
        CheckSummary { id: id.into(), title: "t".into(), severity: Severity::High, promises: Vec::new(), references: Vec::new(), verdict, reason, findings: 1, gate_failed: false, texts: None }
    }

    #[test]
    fn a_control_says_no_more_than_its_checks_have_shown() {
        let checks = [
            made("A", Verdict::Pass, None),
            made("B", Verdict::Fail, None),
            made("C", Verdict::Unverified, None),
            made("D", Verdict::NotApplicable, Some(Reason::OtherSource)),
            made("E", Verdict::NotApplicable, Some(Reason::NoSubject)),
            made("F", Verdict::Warn, None),
            made("G", Verdict::Excepted, None),
            made("H", Verdict::Attested, None),
            made("I", Verdict::NotApplicable, Some(Reason::NotAsked)),
        ];
        for (ids, coverage, expected) in [
            ("A", ControlCoverage::Full, ControlVerdict::Proved),
            ("A", ControlCoverage::Partial, ControlVerdict::Partly),
            ("AB", ControlCoverage::Full, ControlVerdict::Failed),
            ("BC", ControlCoverage::Partial, ControlVerdict::Failed),
            ("AC", ControlCoverage::Full, ControlVerdict::Unverified),
            ("AD", ControlCoverage::Full, ControlVerdict::Partly),
            ("D", ControlCoverage::Full, ControlVerdict::NotCovered),
            ("AI", ControlCoverage::Full, ControlVerdict::Partly),
            ("I", ControlCoverage::Full, ControlVerdict::NotCovered),
            ("E", ControlCoverage::Full, ControlVerdict::NotApplicable),
            ("E", ControlCoverage::Partial, ControlVerdict::NotCovered),
            ("AE", ControlCoverage::Full, ControlVerdict::Proved),
            ("AX", ControlCoverage::Full, ControlVerdict::Partly),
            ("X", ControlCoverage::Full, ControlVerdict::NotCovered),
            ("AF", ControlCoverage::Full, ControlVerdict::Partly),
            ("AG", ControlCoverage::Full, ControlVerdict::Excepted),
            ("GX", ControlCoverage::Partial, ControlVerdict::Excepted),
            ("AH", ControlCoverage::Full, ControlVerdict::Attested),
            ("", ControlCoverage::Organisational, ControlVerdict::NotCovered),
        ] {
            let control = Control { id: "1".into(), title: "t".into(), checks: ids.chars().map(String::from).collect(), coverage, attest: None };
            let asking = Control { attest: Some("a drill is held".into()), ..control.clone() };
            let said = controls(&[control, asking], &checks, &BTreeMap::new());
            assert_eq!(said[0].verdict, expected, "{ids} {coverage:?}");
            assert_eq!(said[0].checks.len(), ids.len());
            let until_somebody_answers = match expected {
                ControlVerdict::Proved | ControlVerdict::Attested => ControlVerdict::Partly,
                ControlVerdict::NotApplicable => ControlVerdict::NotCovered,
                other => other,
            };
            assert_eq!(said[1].verdict, until_somebody_answers, "{ids} {coverage:?}");
        }
    }
}
