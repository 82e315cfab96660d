//! A report for a ticket or a merge request, as Markdown (`CommonMark` with tables).

use std::fmt::Write as _;

use airlock_model::Untrusted;
use airlock_platform::Report;

use crate::output::findings::{decided, remedies};
use crate::output::{admitted, explanation};

/// A line a check, then the findings. Text of others is shown as it is: no mark-up, link, or tag of it takes effect.
pub(crate) fn markdown(report: &Report) -> String {
    let heading = if report.profile.version.is_empty() { "Every check with its defaults".to_owned() } else { format!("Profile {} {}", report.profile.name, report.profile.version) };
    let gate = if report.summary.gate_failed { "the gate **fails**" } else { "the gate passes" };
    let installed = report.installed.as_ref().map(|installed| format!("; not the profile of the installation, which is {}", plain(&installed.to_string()))).unwrap_or_default();
    let score = report.summary.score.map_or_else(String::new, |score| format!("; {}", plain(&score.words())));
    let mut text = format!("# {}\n\n{gate}{score}; {}{installed}\n\n| | check | what is true when it passes | severity |\n|---|---|---|---|\n", plain(&heading), plain(&report.digest.to_string()));
    for check in &report.checks {
        let _ = writeln!(text, "| {} {} | {} | {} | {} |", check.verdict.mark(), check.verdict, check.id, plain(&check.title), explanation::severity(check.severity));
    }
    if !report.findings.is_empty() {
        text.push_str("\n## Findings\n\n| | check | about | seen | expected | what to do |\n|---|---|---|---|---|---|\n");
    }
    for finding in &report.findings {
        let place = finding.path.as_ref().map_or_else(String::new, |path| format!(" {path}"));
        let seen = decided(finding).map_or_else(|| finding.observed.to_string(), |decided| format!("{}; {decided}", finding.observed));
        let cells = [format!("{}{place}", finding.subject), seen, finding.expected.clone(), remedies(finding)].map(|cell| plain(&cell)).join(" | ");
        let _ = writeln!(text, "| {} {} | {} | {cells} |", finding.verdict.mark(), finding.verdict, finding.check);
    }
    text.push_str(&what_admission_changed(report));
    text
}

/// A row a change, where there is one or something could not be read.
fn what_admission_changed(report: &Report) -> String {
    let Some(found) = report.admitted.as_ref().filter(|found| admitted::is_notable(found)) else { return String::new() };
    let mut text = "\n## What admission changed\n\nIt is no verdict.\n".to_owned();
    for line in admitted::said(found) {
        let _ = write!(text, "\n- {}", plain(&line));
    }
    text.push('\n');
    if !found.changed.is_empty() {
        text.push_str("\n| pod | made from the template of | | what | by |\n|---|---|---|---|---|\n");
    }
    for (pod, change) in found.changed.iter().flat_map(|pod| pod.changes.iter().map(move |change| (pod, change))) {
        let cells = [pod.subject.to_string(), pod.made_by.to_string()].map(|cell| plain(&cell)).join(" | ");
        let _ = writeln!(text, "| {cells} | {} | {} | {} |", admitted::mark(change), plain(&admitted::words(change)), change.who().trim_end_matches(','));
    }
    text
}

/// Text without whatever `CommonMark`, a table, or GitHub (GFM 0.29 §6.9, bare addresses become links) could take for mark-up
/// (`CommonMark` 0.31 §2.4); what moves or reorders a line is an escape.
pub(crate) fn plain(text: &str) -> String {
    let text = Untrusted::from(text.replace(['\n', '\r'], " ")).to_string();
    text.char_indices().fold(String::new(), |mut plain, (at, c)| {
        let next = &text[at + c.len_utf8()..];
        match c {
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            // An address of mail is one with and without a backslash; a comment, which nobody sees or copies, parts it. No digest is one.
            '@' if !next.starts_with("sha256:") => plain.push_str("\\@<!-- -->"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '@' => plain.extend(['\\', c]),
            ':' if next.starts_with("//") => plain.push_str("\\:"),
            '.' if plain.ends_with("www") => plain.push_str("\\."),
            c => plain.push(c),
        }
        plain
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::samples;
    use super::*;

    #[test]
    fn a_ticket_shows_the_checks_and_the_findings_and_no_mark_up_of_others() {
        let mut report = samples::report();
        report.findings[0].observed = "<img src=x> | [a](http://a.example) `b`\n# c".to_owned().into();
        let written = markdown(&report);
        insta::assert_snapshot!(written);
        assert!(!written.contains("<img") && !written.contains("[a]("), "{written}");
    }

    #[test]
    fn who_answers_for_a_finding_stands_beside_what_was_seen() {
        let mut report = samples::report();
        report.findings = samples::decided().into();
        report.findings[0].evidence = vec![airlock_model::Evidence::Fact("approved by <b>jane</b> | [a](http://a.example)".into())];
        let written = markdown(&report);
        assert!(written.contains(&plain(samples::ATTESTED)), "{written}");
        assert!(written.contains(r"approved by &lt;b>jane&lt;/b> \| \[a\](http\://a.example)"), "{written}");
    }

    #[test]
    fn addresses_that_stand_bare_are_no_links_and_digests_stay_as_they_are() {
        for (text, escaped) in [
            ("https://www.a.example", r"https\://www\.a.example"),
            ("jane@a.example", r"jane\@<!-- -->a.example"),
            ("a.example/b@sha256:00", r"a.example/b\@sha256:00"),
            ("namespace: www", "namespace: www"),
            ("\u{202e}a\nb", r"\\u{202e}a b"),
        ] {
            assert_eq!(plain(text), escaped);
        }
    }

    #[test]
    fn what_admission_changed_is_a_list_of_its_own() {
        let mut found = samples::admitted();
        found.changed[0].changes[1].stored = Some("[a](http://a.example)".into());
        let written = markdown(&Report { admitted: Some(found), ..samples::report() });
        let part = written.split("## What admission changed").nth(1).unwrap();
        insta::assert_snapshot!(part);
        assert!(!part.contains("[a]("), "{part}");
    }
}
