//! A report for a build server, as `JUnit` XML: a suite a check, a case a finding.

use std::io;

use airlock_model::{Finding, Verdict};
use airlock_platform::{CheckSummary, Report};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::failure::Failure;
use crate::output::findings;
use crate::output::style::Style;

/// What fails is a failure; what went wrong or could not be looked at is an error, since a build server knows no third way;
/// what does not apply is skipped. A check whose findings all pass is one case that passes, unless passes were asked for.
pub(crate) fn junit(report: &Report) -> Result<String, Failure> {
    let mut document = quick_junit::Report::new(format!("airlock compliance-check {}", report.profile.name).trim_end());
    for check in &report.checks {
        let mut suite = TestSuite::new(format!("{} {}", check.id, check.title));
        let found = report.findings.iter().filter(|finding| finding.check == check.id).map(case);
        suite.add_test_cases(found);
        if suite.test_cases.is_empty() {
            suite.add_test_case(whole(check));
        }
        document.add_test_suite(suite);
    }
    document.to_string().map_err(|error| Failure::Output(io::Error::other(error)))
}

fn whole(check: &CheckSummary) -> TestCase {
    let mut case = TestCase::new(check.title.as_str(), TestCaseStatus::success());
    case.set_classname(check.id.as_str());
    case
}

fn case(finding: &Finding) -> TestCase {
    let failed = |kind| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(finding.verdict.word()).set_message(finding.observed.to_string()).set_description(findings::one(finding, Style::default(), false));
        status
    };
    let status = match finding.verdict {
        Verdict::Pass | Verdict::Attested | Verdict::Excepted | Verdict::Warn => TestCaseStatus::success(),
        Verdict::NotApplicable => TestCaseStatus::skipped(),
        Verdict::Fail => failed(NonSuccessKind::Failure),
        Verdict::Error | Verdict::Unverified => failed(NonSuccessKind::Error),
    };
    let place = finding.path.as_ref().map_or_else(String::new, |path| format!(" {path}"));
    let mut case = TestCase::new(format!("{}{place}", finding.subject), status);
    case.set_classname(finding.check.as_str());
    if matches!(finding.verdict, Verdict::Warn | Verdict::Excepted | Verdict::Attested) {
        case.set_system_out(format!("{}: {}", finding.verdict, findings::one(finding, Style::default(), false)));
    }
    case
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::samples;
    use super::*;

    #[test]
    fn a_build_server_is_told_each_finding_and_hostile_names_stay_text() {
        let mut report = samples::report();
        report.findings[1].observed = "<!-- ]]> \u{1b}[2J & \"quoted\"".to_owned().into();
        let written = junit(&report).unwrap();
        insta::assert_snapshot!(written);
        let read = quick_junit::Report::deserialize_from_str(&written).unwrap();
        assert_eq!((read.tests, read.failures, read.errors), (3, 1, 1));
    }

    #[test]
    fn who_answers_for_a_finding_is_in_the_text_of_its_case() {
        let mut report = samples::report();
        report.findings = samples::decided().into();
        let read = quick_junit::Report::deserialize_from_str(&junit(&report).unwrap()).unwrap();
        let told: Vec<String> = read.test_suites.iter().flat_map(|suite| &suite.test_cases).filter_map(|case| Some(case.system_out.as_ref()?.as_str().to_owned())).collect();
        assert!(told.iter().any(|text| text.contains(samples::EXCEPTED)) && told.iter().any(|text| text.contains(samples::ATTESTED)), "{told:?}");
    }
}
