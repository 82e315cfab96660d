//! Findings: a line each, and below it what was seen, what should have been, and what to do.

use std::fmt::Write as _;

use airlock_model::{Evidence, Finding, Outcome, Untrusted, Verdict};
use airlock_platform::profiles::decision;

use super::style::{Ink, Style};
use super::{counted, hanging};

/// Findings in the order they came, with the reasons of those that are not as they should be.
pub(crate) fn findings(findings: &[Finding], style: Style, verbose: bool) -> String {
    let mut text = String::new();
    for finding in findings {
        text.push_str(&one(finding, style, verbose));
    }
    text
}

/// One finding.
pub(crate) fn one(finding: &Finding, style: Style, verbose: bool) -> String {
    let mut text = format!("{} {:<8} {}\n", style.verdict(finding.verdict), named(finding), finding.subject);
    let explained = !matches!(finding.verdict, Verdict::Pass | Verdict::Attested | Verdict::NotApplicable);
    if explained || verbose {
        let _ = writeln!(text, "    seen:     {}", finding.observed);
        let _ = writeln!(text, "    expected: {}", finding.expected);
    }
    if explained {
        if let Some(path) = &finding.path {
            let _ = writeln!(text, "    field:    {path}");
        }
        if !finding.why.is_empty() {
            let _ = writeln!(text, "    why:      {}", hanging(&finding.why, 14));
        }
        for remedy in &finding.fix {
            let _ = writeln!(text, "    fix:      {}", hanging(&remedy.text, 14));
            if let Some(command) = &remedy.command {
                let _ = writeln!(text, "              {}", style.paint(Ink::Cyan, command));
            }
        }
    }
    let decided = decision(finding.verdict, &finding.evidence);
    if let Some(decided) = decided {
        let _ = writeln!(text, "    decided:  {}", rests_on(decided));
    }
    if verbose {
        for evidence in finding.evidence.iter().filter(|evidence| Some(*evidence) != decided) {
            let _ = writeln!(text, "    evidence: {}", rests_on(evidence));
        }
    }
    text
}

/// Its check, with the number of the benchmark where it speaks of one alone: that is how an exception names it.
fn named(finding: &Finding) -> String {
    if let [number] = &finding.numbers[..] { format!("{}/{number}", finding.check) } else { finding.check.clone() }
}

/// Who answers for it, until when, and why, in one line; none: nobody does.
pub(crate) fn decided(finding: &Finding) -> Option<String> {
    decision(finding.verdict, &finding.evidence).map(rests_on)
}

/// What to do about it, in one line.
pub(crate) fn remedies(finding: &Finding) -> String {
    let remedy = |remedy: &airlock_model::Remedy| remedy.command.as_ref().map_or_else(|| remedy.text.clone(), |command| format!("{} ({command})", remedy.text));
    finding.fix.iter().map(remedy).collect::<Vec<_>>().join(" ")
}

/// What a finding rests on, in one line.
pub(crate) fn rests_on(evidence: &Evidence) -> String {
    // Names and values of others stand in all of them.
    let line = match evidence {
        Evidence::Field { object, path, value } => format!("{object} {path} = {value}"),
        Evidence::Attempted(outcome) => attempted(outcome),
        Evidence::Line { file, line, column } => format!("{}:{line}:{column}", file.raw()),
        Evidence::Fact(fact) => fact.clone(),
    };
    Untrusted::from(line).to_string()
}

fn attempted(outcome: &Outcome) -> String {
    let between = match (&outcome.source, &outcome.destination) {
        (Some(source), Some(destination)) => format!(" from {source} to {destination}"),
        (None, Some(destination)) => format!(" to {destination}"),
        (Some(source), None) => format!(" from {source}"),
        (None, None) => String::new(),
    };
    format!("attempt {}{between} at {}, {} ms", outcome.attempt.0, outcome.started, outcome.took_millis)
}

/// The findings that somebody should look at.
pub(crate) fn notable(findings: &[Finding]) -> Vec<Finding> {
    findings.iter().filter(|finding| !matches!(finding.verdict, Verdict::Pass | Verdict::Attested | Verdict::NotApplicable)).cloned().collect()
}

/// How many there are of each verdict: `1 fail, 2 unverified, 12 pass`.
pub(crate) fn summary(findings: &[Finding]) -> String {
    tally(|verdict| findings.iter().filter(|finding| finding.verdict == verdict).count())
}

/// The same by a count of each.
pub(crate) fn tally(of: impl Fn(Verdict) -> usize) -> String {
    const ORDER: [Verdict; 8] = [Verdict::Fail, Verdict::Error, Verdict::Unverified, Verdict::Warn, Verdict::Excepted, Verdict::Attested, Verdict::Pass, Verdict::NotApplicable];
    let counts: Vec<(usize, Verdict)> = ORDER.into_iter().map(|verdict| (of(verdict), verdict)).filter(|(count, _)| *count > 0).collect();
    let parts: Vec<String> = counts.iter().map(|(count, verdict)| format!("{count} {verdict}")).collect();
    if parts.is_empty() { "no findings".into() } else { format!("{}: {}", counted(counts.iter().map(|(count, _)| count).sum(), "finding", "findings"), parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples;
    use super::*;

    #[test]
    fn what_passes_takes_one_line_and_what_does_not_says_why_and_what_to_do() {
        let all = samples::findings();
        insta::assert_snapshot!(format!("{}\n{}\n", findings(&all, Style::default(), false), summary(&all)));
    }

    #[test]
    fn with_more_words_each_finding_says_what_it_rests_on() {
        insta::assert_snapshot!(findings(&samples::findings()[..1], Style::default(), true));
    }

    #[test]
    fn who_answers_for_a_finding_is_told_without_more_words_and_with_them_once() {
        for (finding, words) in samples::decided().iter().zip([samples::EXCEPTED, samples::ATTESTED]) {
            for verbose in [false, true] {
                let shown = one(finding, Style::default(), verbose);
                assert!(shown.contains(&format!("\n    decided:  {words}\\u{{1b}}[2J\n")) && shown.matches(words).count() == 1, "{shown}");
            }
        }
        let mut failing = samples::decided()[0].clone();
        failing.verdict = Verdict::Fail;
        assert!(!one(&failing, Style::default(), false).contains("decided:") && decided(&failing).is_none());
        failing.numbers = vec!["1.2.7".into()];
        assert!(one(&failing, Style::default(), false).contains("CAP-001/1.2.7 the cluster\n"));
    }

    #[test]
    fn text_of_others_cannot_colour_the_terminal() {
        let mut finding = samples::findings().remove(1);
        finding.observed = "\u{1b}[32mall is well\u{1b}[0m\n✓ pass".to_owned().into();
        let object = airlock_model::ObjectRef::namespaced("v1", "Pod", "a", "\u{202e}exe");
        finding.evidence = vec![Evidence::Field { object, path: "/a".into(), value: serde_json::Value::Null }];
        let shown = one(&finding, Style::default(), true);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
        assert!(shown.contains("\\u{1b}[32mall is well"), "{shown}");
    }

    #[test]
    fn no_line_of_a_profile_passes_for_one_of_ours() {
        let mut finding = samples::findings().remove(1);
        finding.why = "it is so\n✓ the gate passes\n".into();
        finding.fix = vec![airlock_model::Remedy { text: "mend it\n✓ pass".into(), command: None }];
        let shown = one(&finding, Style::default(), false);
        assert!(shown.contains("    why:      it is so\n              ✓ the gate passes\n    fix:      mend it\n              ✓ pass\n"), "{shown}");
    }
}
