//! Findings for a spreadsheet (RFC 4180), a row each.

use airlock_model::Untrusted;
use airlock_platform::Report;

use crate::output::cell::csv_row;
use crate::output::explanation;
use crate::output::findings::{decided, remedies};

const HEADINGS: [&str; 15] = ["check", "verdict", "severity", "apiVersion", "kind", "namespace", "name", "file", "path", "observed", "expected", "why", "fix", "document", "decision"];

/// All findings of the report; what passes only where it was asked for.
pub(crate) fn csv(report: &Report) -> String {
    let text = |value: &Option<Untrusted<String>>| value.as_ref().map_or_else(String::new, ToString::to_string);
    let mut written = csv_row(HEADINGS);
    for finding in &report.findings {
        let subject = &finding.subject;
        written += &csv_row([
            finding.check.as_str(),
            finding.verdict.word(),
            explanation::severity(finding.severity),
            &text(&subject.api_version),
            &subject.kind.to_string(),
            &text(&subject.namespace),
            &subject.name.to_string(),
            &text(&subject.file),
            &text(&finding.path),
            &finding.observed.to_string(),
            &finding.expected,
            &finding.why,
            &remedies(finding),
            &subject.document.map_or_else(String::new, |document| document.to_string()),
            &decided(finding).unwrap_or_default(),
        ]);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::samples;
    use super::*;

    #[test]
    fn a_spreadsheet_gets_a_row_a_finding_and_runs_no_formula() {
        let mut report = samples::report();
        report.findings[0].observed = "=HYPERLINK(\"http://a.example\")".to_owned().into();
        let written = csv(&report);
        insta::assert_snapshot!(written.replace("\r\n", "\n"));
        assert!(written.contains("\"'=HYPERLINK(\"\"http://a.example\"\")\""), "{written}");
    }

    #[test]
    fn objects_of_one_file_are_told_apart_and_who_answers_runs_no_formula() {
        let mut report = samples::report();
        report.findings = samples::decided().into();
        (report.findings[0].subject.document, report.findings[1].subject.document) = (Some(0), Some(1));
        report.findings[1].evidence = vec![airlock_model::Evidence::Fact("=jane attests".into())];
        let written = csv(&report);
        let rows: Vec<&str> = written.lines().collect();
        assert!(rows[0].ends_with(",document,decision"), "{}", rows[0]);
        assert!(rows[1].contains(samples::EXCEPTED) && rows[1].contains("\\u{1b}[2J"), "{}", rows[1]);
        assert!(rows[2].ends_with(",1,'=jane attests"), "{}", rows[2]);
    }
}
