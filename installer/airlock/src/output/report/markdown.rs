//! A report for a ticket or a merge request, as Markdown (`CommonMark` with tables).

use std::fmt::Write as _;

use airlock_platform::Report;

use crate::output::explanation;
use crate::output::findings::remedies;

/// A line a check, then the findings. Text of others is shown as it is: no mark-up, link, or tag of it takes effect.
pub(crate) fn markdown(report: &Report) -> String {
    let heading = if report.profile.version.is_empty() { "Every check with its defaults".to_owned() } else { format!("Profile {} {}", report.profile.name, report.profile.version) };
    let gate = if report.summary.gate_failed { "the gate **fails**" } else { "the gate passes" };
    let installed = report.installed.as_ref().map(|installed| format!("; not the profile of the installation, which is {}", plain(&installed.to_string()))).unwrap_or_default();
    let mut text = format!("# {}\n\n{gate}; {}{installed}\n\n| | check | what is true when it passes | severity |\n|---|---|---|---|\n", plain(&heading), plain(&report.digest.to_string()));
    for check in &report.checks {
        let _ = writeln!(text, "| {} {} | {} | {} | {} |", check.verdict.mark(), check.verdict, check.id, plain(&check.title), explanation::severity(check.severity));
    }
    if !report.findings.is_empty() {
        text.push_str("\n## Findings\n\n| | check | about | seen | expected | what to do |\n|---|---|---|---|---|---|\n");
    }
    for finding in &report.findings {
        let place = finding.path.as_ref().map_or_else(String::new, |path| format!(" {path}"));
        let cells = [format!("{}{place}", finding.subject), finding.observed.to_string(), finding.expected.clone(), remedies(finding)].map(|cell| plain(&cell)).join(" | ");
        let _ = writeln!(text, "| {} {} | {} | {cells} |", finding.verdict.mark(), finding.verdict, finding.check);
    }
    text
}

/// Every character that `CommonMark` or a table could take for mark-up, escaped (`CommonMark` 0.31 §2.4).
pub(crate) fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut plain, c| {
        match c {
            '\n' | '\r' => plain.push(' '),
            '<' => plain.push_str("&lt;"),
            '&' => plain.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' | '@' => plain.extend(['\\', c]),
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
}
