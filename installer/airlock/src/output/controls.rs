//! The list of controls that a profile carries, and what was shown of each.

use std::fmt::Write as _;

use airlock_model::{Untrusted, Verdict};
use airlock_platform::{ControlSummary, ControlVerdict};

use super::style::{Ink, Style};

/// What is to be mended first, then what somebody should know of, then what is shown, then what nothing was said of.
const ORDER: [ControlVerdict; 8] = [
    ControlVerdict::Failed,
    ControlVerdict::Unverified,
    ControlVerdict::Partly,
    ControlVerdict::Excepted,
    ControlVerdict::Attested,
    ControlVerdict::Proved,
    ControlVerdict::NotCovered,
    ControlVerdict::NotApplicable,
];

/// A line a control with its checks, what fails first and otherwise in the order of the list; then how many there are of each kind.
pub(crate) fn controls(list: &[ControlSummary], style: Style) -> String {
    if list.is_empty() {
        return String::new();
    }
    let widest = list.iter().map(|control| control.id.chars().count()).max().unwrap_or_default();
    let mut text = format!("\n{}\n", style.heading("By control, as far as checks look"));
    for control in ORDER.iter().flat_map(|verdict| list.iter().filter(move |control| control.verdict == *verdict)) {
        let id = Untrusted::from(control.id.as_str()).to_string();
        let mark = style.paint(ink(control.verdict), &format!("{} {:<14}", mark(control.verdict), control.verdict.word()));
        let checks: Vec<String> = control.checks.iter().map(|check| if check.verdict.is_some() { check.name() } else { format!("{} not made", check.name()) }).collect();
        let by = if checks.is_empty() { String::new() } else { style.paint(Ink::Faint, &format!(" ({})", checks.join(", "))) };
        let attest = attest(control).map_or_else(String::new, |attest| style.paint(Ink::Faint, &format!("; {}", Untrusted::from(attest))));
        let _ = writeln!(text, "{mark} {id:<widest$} {}{by}{attest}", Untrusted::from(control.title.as_str()));
    }
    let counted: Vec<String> = ORDER
        .iter()
        .map(|verdict| (verdict, list.iter().filter(|control| control.verdict == *verdict).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let _ = writeln!(text, "{} of {}", counted.join(", "), super::counted(list.len(), "control", "controls"));
    text
}

/// What somebody has to answer for of a control, or has answered for.
pub(crate) fn attest(control: &ControlSummary) -> Option<String> {
    let done = if control.verdict == ControlVerdict::Attested { "attested" } else { "to be attested" };
    control.attest.as_ref().map(|attest| format!("{done}: {attest}"))
}

/// The mark of the verdict that it comes from; what nothing looked at has one of its own.
const fn mark(verdict: ControlVerdict) -> char {
    match verdict {
        ControlVerdict::Proved | ControlVerdict::Attested => Verdict::Pass.mark(),
        ControlVerdict::Excepted | ControlVerdict::Partly => Verdict::Warn.mark(),
        ControlVerdict::Unverified => Verdict::Unverified.mark(),
        ControlVerdict::Failed => Verdict::Fail.mark(),
        ControlVerdict::NotApplicable | ControlVerdict::NotCovered => '–',
    }
}

const fn ink(verdict: ControlVerdict) -> Ink {
    match verdict {
        ControlVerdict::Proved | ControlVerdict::Attested => Ink::Green,
        ControlVerdict::Excepted | ControlVerdict::Partly | ControlVerdict::Unverified => Ink::Yellow,
        ControlVerdict::Failed => Ink::Red,
        ControlVerdict::NotApplicable | ControlVerdict::NotCovered => Ink::Faint,
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::ControlCoverage;

    use super::*;

    #[test]
    fn what_fails_stands_first_and_the_list_keeps_its_order_otherwise() {
        let one = |(id, verdict): (&str, ControlVerdict)| ControlSummary { id: id.into(), title: "t".into(), coverage: ControlCoverage::Full, attest: None, verdict, checks: Vec::new() };
        let list: Vec<ControlSummary> = [
            ("1", ControlVerdict::NotApplicable),
            ("2", ControlVerdict::Proved),
            ("3", ControlVerdict::NotCovered),
            ("4", ControlVerdict::Failed),
            ("5", ControlVerdict::Excepted),
            ("6", ControlVerdict::Partly),
            ("7", ControlVerdict::Unverified),
            ("8", ControlVerdict::Failed),
            ("9", ControlVerdict::Attested),
        ]
        .map(one)
        .to_vec();
        let screen = controls(&list, Style::default());
        let ids: Vec<&str> = screen.lines().skip(2).filter_map(|line| line.strip_suffix(" t")?.split(' ').next_back()).collect();
        assert_eq!(ids, ["4", "8", "7", "6", "5", "9", "2", "3", "1"], "{screen}");
        let asking = |verdict| ControlSummary { attest: Some("held\u{202e} yearly".into()), ..one(("1", verdict)) };
        let screen = controls(&[asking(ControlVerdict::Partly), asking(ControlVerdict::Attested)], Style::default());
        assert!(screen.contains("1 t; to be attested: held\\u{202e} yearly\n") && screen.contains("1 t; attested: held"), "{screen}");
        assert!(ControlVerdict::ALL.iter().all(|verdict| ORDER.contains(verdict)));
    }
}
