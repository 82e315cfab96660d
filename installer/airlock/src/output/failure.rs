//! A failure on the screen and as JSON: what, where, why, what to do, and the exact next command.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use airlock_model::answers::Place;
use airlock_model::{Code, CodeSpec, Coded, Finding, Untrusted, explain_code};
use airlock_platform::{ApplyError, ComplianceError, PlatformError};
use airlock_tls::{Judgement, Weight};
use serde::Serialize;

use super::style::{Ink, Style};
use super::{findings, tls_check};
use crate::failure::Failure;
use crate::invocation::Invocation;

/// A failure as one JSON document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailureDocument<'a> {
    code: &'static str,
    exit: u8,
    message: String,
    causes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FaultDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<tls_check::Document<'a>>,
    why: Option<&'static str>,
    fix: Option<&'static str>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct FaultDocument {
    code: &'static str,
    message: String,
    line: Option<u32>,
    column: Option<u32>,
}

/// A failure for people.
pub(crate) fn screen(failure: &Failure, invocation: &Invocation, log: Option<&Path>, style: Style) -> String {
    let code = failure.code();
    let mut text = format!("{} {}\n", style.paint(Ink::Red, &format!("error[{code}]:")), safe(&failure.to_string()));
    match failure {
        failure if !faults(failure).is_empty() => text.push_str(&excerpts(&faults(failure), style)),
        _ => match refused(failure) {
            Some(judgement) => text.push_str(&tls_check::findings(&judgement.findings, Weight::Warn, style)),
            None => text.push_str(&findings::findings(blocking(failure), style, false)),
        },
    }
    for cause in causes(failure) {
        let _ = writeln!(text, "  because: {cause}");
    }
    if let Some(spec) = explain_code(code.0) {
        let _ = writeln!(text, "  why:     {}", spec.why);
        let _ = writeln!(text, "  fix:     {}", spec.fix);
        let _ = writeln!(text, "  next:    {}", style.paint(Ink::Cyan, &safe(&next(failure, invocation, spec))));
    }
    if let Some(log) = log {
        let _ = writeln!(text, "  log:     {}", log.display());
    }
    text
}

/// A failure for programs.
pub(crate) fn document<'a>(failure: &'a Failure, invocation: &Invocation) -> FailureDocument<'a> {
    let code = failure.code();
    let spec = explain_code(code.0);
    FailureDocument {
        code: code.0,
        exit: failure.exit().code(),
        message: failure.to_string(),
        causes: causes(failure),
        faults: faults(failure)
            .iter()
            .map(|fault| FaultDocument { code: fault.code.0, message: fault.message.clone(), line: fault.at.map(|at| at.line), column: fault.at.map(|at| at.column) })
            .collect(),
        findings: blocking(failure).to_vec(),
        certificate: refused(failure).map(tls_check::document),
        why: spec.map(|spec| spec.why),
        fix: spec.map(|spec| spec.fix),
        next: spec.map(|spec| next(failure, invocation, spec)),
    }
}

/// The exact next command: where a name is like one that there is, the same command with that.
fn next(failure: &Failure, invocation: &Invocation, spec: &CodeSpec) -> String {
    if let Failure::Platform(error) = failure
        && let PlatformError::Compliance(ComplianceError::UnknownProfile { name, nearest: Some(nearest), .. }) = error.as_ref()
        && let Some(again) = invocation.again_for(name, nearest)
    {
        return again;
    }
    invocation.next(spec)
}

/// The findings that a failure consists of.
fn blocking(failure: &Failure) -> &[Finding] {
    match failure {
        Failure::Platform(error) => match error.as_ref() {
            PlatformError::Blocked(blocking) => blocking,
            PlatformError::Engine(error) => match error.as_ref() {
                ApplyError::Examined(found) => found,
                _ => &[],
            },
            _ => &[],
        },
        _ => &[],
    }
}

/// The certificate that was handed over and would not work.
fn refused(failure: &Failure) -> Option<&Judgement> {
    let Failure::Platform(error) = failure else { return None };
    let PlatformError::Engine(error) = error.as_ref() else { return None };
    if let ApplyError::CertificateRefused { judgement, .. } = error.as_ref() { Some(judgement) } else { None }
}

/// Every cause below the message; libraries may quote what others sent, so all of it is escaped.
fn causes(failure: &Failure) -> Vec<String> {
    let mut causes = Vec::new();
    let mut said = failure.to_string();
    let mut next = failure.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            causes.push(safe(&text));
        }
        said = text;
        next = cause.source();
    }
    causes
}

/// One line without control characters.
fn safe(text: &str) -> String {
    Untrusted::from(text).to_string()
}

/// One thing that is wrong with a document.
struct Fault<'a> {
    file: String,
    code: Code,
    message: String,
    at: Option<&'a Place>,
}

/// All that is wrong with the document that a failure is about.
fn faults(failure: &Failure) -> Vec<Fault<'_>> {
    match failure {
        Failure::Answers { path, error } => error.faults().map(|fault| Fault { file: path.display().to_string(), code: fault.code(), message: fault.to_string(), at: fault.at() }).collect(),
        Failure::Platform(error) => match error.as_ref() {
            PlatformError::Compliance(ComplianceError::Faults(found)) => {
                found.faults().map(|fault| Fault { file: found.file().to_owned(), code: fault.error.code(), message: fault.error.to_string(), at: fault.at.as_ref() }).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Each fault with its line and a caret below the place; the first one is the message itself.
fn excerpts(faults: &[Fault<'_>], style: Style) -> String {
    let mut text = String::new();
    for (index, fault) in faults.iter().enumerate() {
        if index > 0 {
            let place = fault.at.map_or_else(String::new, |at| format!("{}:{at}: ", fault.file));
            let _ = writeln!(text, "{} {}", style.paint(Ink::Red, &format!("error[{}]:", fault.code)), safe(&format!("{place}{}", fault.message)));
        }
        text.push_str(&excerpt(fault.at, style));
    }
    text
}

fn excerpt(at: Option<&Place>, style: Style) -> String {
    let Some(at) = at else { return String::new() };
    let Some(line) = &at.excerpt else { return String::new() };
    let before: String = line.raw().chars().take(at.column.saturating_sub(1) as usize).collect();
    // The caret stands below the character as it is shown, escapes and all.
    let shift = Untrusted::from(before).to_string().chars().count();
    let number = at.line.to_string();
    let margin = " ".repeat(number.len());
    format!("  {margin} |\n  {number} | {line}\n  {margin} | {}{}\n", " ".repeat(shift), style.paint(Ink::Red, "^"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use airlock_model::answers::Answers;
    use airlock_model::{Digest, PlanMismatch, codes};
    use clap::Parser as _;

    use super::super::tests::samples;
    use super::*;
    use crate::arguments::Arguments;

    fn typed(words: &str) -> Invocation {
        Invocation::of_process(words.split(' ').map(OsString::from)).with_answers(Some(Path::new("answers.yaml")))
    }

    #[test]
    fn every_fault_of_the_answers_is_shown_with_its_line() {
        let text = "apiVersion: airlock/v1\nkind: Answers\nbaseDomian: platform.test\nsizing: smal\nedge: { internal: perhaps }\ntrust: { ca: [hunter2] }\n";
        let failure = Failure::Answers { path: "answers.yaml".into(), error: Answers::from_yaml(text).unwrap_err() };
        insta::assert_snapshot!(screen(&failure, &typed("airlock install --answers answers.yaml --yes"), None, Style::default()));
    }

    #[test]
    fn blocking_findings_stand_below_the_failure() {
        let failure = Failure::from(PlatformError::Blocked(samples::findings().split_off(1)));
        insta::assert_snapshot!(screen(&failure, &typed("airlock install --answers answers.yaml --yes"), Some(Path::new("runs/1.log")), Style::default()));
    }

    #[test]
    fn a_failure_for_programs_holds_the_same() {
        let mismatch = PlanMismatch::Digest { planned: Digest::of(b"a"), approved: Digest::of(b"b") };
        let failure = Failure::from(PlatformError::from(mismatch));
        insta::assert_json_snapshot!(document(&failure, &typed("airlock install --answers answers.yaml --yes")));
    }

    #[test]
    fn each_cause_is_said_once() {
        let failure = Failure::AnswersUnreadable { path: "answers.yaml".into(), source: std::io::Error::from(std::io::ErrorKind::NotFound) };
        insta::assert_snapshot!(screen(&failure, &typed("airlock plan --answers answers.yaml"), None, Style::default()));
    }

    #[test]
    fn text_of_others_cannot_colour_a_failure() {
        let failure = Failure::Argument("bad \u{1b}[2J value\nsecond line".into());
        let shown = screen(&failure, &typed("airlock status"), None, Style::default());
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        assert!(shown.lines().next().is_some_and(|line| line.contains("second line")), "{shown}");
    }

    #[test]
    fn every_next_command_of_ours_is_one_that_can_be_typed() {
        let commands = ["airlock explain ID", "airlock install --answers FILE"];
        let of_codes = codes().filter_map(|spec| spec.next).filter(|next| next.starts_with("airlock "));
        for next in of_codes.chain(commands) {
            let parsed = Arguments::try_parse_from(next.split_whitespace());
            assert!(parsed.is_ok(), "{next}: {:?}", parsed.err());
        }
    }

    #[test]
    fn every_code_has_a_screen() {
        let invocation = typed("airlock install --answers answers.yaml --yes");
        let mut screens = String::new();
        for spec in codes() {
            let _ = writeln!(screens, "error[{}] exit {}: {}\n  why:  {}\n  fix:  {}\n  next: {}\n", spec.code, spec.exit.code(), spec.what, spec.why, spec.fix, invocation.next(spec));
        }
        insta::assert_snapshot!("codes", screens);
    }
}
