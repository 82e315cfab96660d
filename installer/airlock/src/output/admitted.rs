//! What admission made of pods: beside the findings, as it is no verdict.

use std::fmt::Write as _;

use airlock_model::Untrusted;
use airlock_platform::{Admitted, AdmittedChange, ChangeKind};

use super::counted;
use super::style::{Ink, Style};

/// A section, where something was changed or could not be read; with more words always.
pub(crate) fn admitted(found: Option<&Admitted>, style: Style, verbose: bool) -> String {
    let Some(found) = found.filter(|found| verbose || is_notable(found)) else { return String::new() };
    let mut text = format!("\n{}\n", style.heading("What admission changed, which is no verdict"));
    for pod in &found.changed {
        let _ = writeln!(text, "  {}, made from the template of {}", pod.subject, pod.made_by);
        for change in &pod.changes {
            let since = if change.or_since { style.paint(Ink::Faint, " (or somebody since)") } else { String::new() };
            let _ = writeln!(text, "    {} {}{since}", mark(change), words(change));
        }
    }
    for line in said(found) {
        let _ = writeln!(text, "  {}", style.paint(Ink::Faint, &line));
    }
    text
}

/// Whether anybody should read of it.
pub(crate) fn is_notable(found: &Admitted) -> bool {
    !found.changed.is_empty() || found.uncompared.iter().any(|pods| pods.unread)
}

/// How many pods there are of each outcome, and why some were not compared.
pub(crate) fn said(found: &Admitted) -> Vec<String> {
    let compared = format!("{} compared with the template that made them, {} changed", counted(found.compared, "pod was", "pods were"), found.changed.len());
    let uncompared = found.uncompared.iter().map(|pods| format!("{} not compared: {}", counted(pods.pods, "pod was", "pods were"), pods.reason));
    std::iter::once(compared).chain(uncompared).collect()
}

/// The mark before a change, as a plan has it.
pub(crate) const fn mark(change: &AdmittedChange) -> char {
    match change.change {
        ChangeKind::Added => '+',
        ChangeKind::Changed => '~',
        ChangeKind::Removed => '-',
    }
}

/// What changed; names and values are anybody's.
pub(crate) fn words(change: &AdmittedChange) -> String {
    Untrusted::from(change.words()).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples;
    use super::*;

    #[test]
    fn what_was_changed_stands_by_pod_and_why_some_were_not_compared() {
        insta::assert_snapshot!(admitted(Some(&samples::admitted()), Style::default(), false));
    }

    #[test]
    fn where_nothing_was_changed_nothing_is_said_unless_it_is_asked_for() {
        let none = Admitted { compared: 3, ..Admitted::default() };
        assert_eq!(admitted(Some(&none), Style::default(), false), "");
        assert_eq!(admitted(None, Style::default(), true), "");
        assert!(admitted(Some(&none), Style::default(), true).contains("3 pods were compared with the template that made them, 0 changed"));
    }

    #[test]
    fn text_of_others_cannot_colour_the_terminal() {
        let mut found = samples::admitted();
        found.changed[0].changes[0].what = "\u{1b}[32m".into();
        found.uncompared[0].reason = "\u{202e}".into();
        let shown = admitted(Some(&found), Style::default(), false);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    }
}
