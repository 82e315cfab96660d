//! What changed between two reports, for people.

use std::fmt::Write as _;

use airlock_model::Verdict;
use airlock_platform::{Comparison, Difference};

use super::counted;
use super::style::{Ink, Style};

/// The whole screen.
pub(crate) fn comparison(compared: &Comparison, style: Style) -> String {
    let mut text = String::new();
    if !compared.same_profile {
        text.push_str("The earlier report was made by another profile or other parameters: a change may be one of the rules.\n\n");
    }
    let better: Silence = |one| if one.mended { "✓ mended    " } else { "✓ gone      " };
    let lists: [(_, _, Silence); 3] = [("Worse", &compared.worse, |_| ""), ("Not looked at any more", &compared.unseen, |_| "? unseen    "), ("Better", &compared.better, better)];
    for (title, list, silence) in lists {
        if !list.is_empty() {
            let _ = writeln!(text, "{}", style.heading(title));
            for one in list {
                text.push_str(&line(one, silence, style));
            }
            text.push('\n');
        }
    }
    let sum = |list: &[Difference], word: &str| format!("{} {word}", list.len());
    let _ = writeln!(
        text,
        "{}, {}, {}; {} as before",
        sum(&compared.worse, "worse"),
        sum(&compared.unseen, "not looked at any more"),
        sum(&compared.better, "better"),
        counted(compared.unchanged, "fault is", "faults are")
    );
    let gate = if compared.gate_failed { style.paint(Ink::Red, "✗ the gate fails") } else { style.paint(Ink::Green, "✓ the gate passes") };
    let _ = writeln!(text, "{gate}");
    text
}

/// The mark and the word where nothing is told now.
type Silence = fn(&Difference) -> &'static str;

fn line(one: &Difference, silence: Silence, style: Style) -> String {
    let mark = one.after.map_or_else(|| silence(one).to_owned(), |verdict| style.verdict(verdict));
    let subject = one.subject.as_ref().map_or_else(|| "the whole check".to_owned(), ToString::to_string);
    let place = one.path.as_ref().map_or_else(String::new, |path| format!(" {path}"));
    let before = one.before.map_or("no fault was told", Verdict::word);
    format!("{mark} {:<8} {subject}{place} (before: {before})\n", one.check.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_got_worse_stands_first_and_what_is_not_seen_is_no_good_news() {
        let one = |check: &str, subject: Option<&str>, before, after| Difference {
            check: check.into(),
            subject: subject.map(|name| name.to_owned().into()),
            path: subject.map(|_| "spec.hostNetwork".into()),
            severity: None,
            before,
            after,
            mended: false,
        };
        let compared = Comparison {
            schema: 1,
            gate_failed: true,
            same_profile: false,
            worse: vec![one("PSS-002", Some("Pod shop/\u{202e}a"), None, Some(Verdict::Fail))],
            better: vec![
                one("PSS-002", Some("Pod shop/b"), Some(Verdict::Fail), None),
                Difference { mended: true, ..one("PSS-002", Some("Pod shop/e"), Some(Verdict::Fail), None) },
                one("PSS-002", Some("Pod shop/c"), Some(Verdict::Fail), Some(Verdict::Warn)),
            ],
            unseen: vec![one("NET-010", None, Some(Verdict::Pass), Some(Verdict::NotApplicable)), one("PSS-003", Some("Pod shop/d"), Some(Verdict::Fail), None)],
            unchanged: 1,
        };
        insta::assert_snapshot!(comparison(&compared, Style::default()));
    }
}
