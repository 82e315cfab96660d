//! `airlock inspect`: facts and findings; nothing is written.

use airlock_model::{Exit, Facts, Finding, Verdict};
use airlock_platform::{blocks, inspect, prepare};
use serde::Serialize;

use super::session::Session;
use crate::answers_file;
use crate::arguments::Inspect;
use crate::failure::Failure;
use crate::output::{findings, inspection};

/// The result for programs.
#[derive(Serialize)]
struct Document<'a> {
    facts: &'a Facts,
    findings: &'a [Finding],
}

pub(super) async fn run(session: &Session<'_>, arguments: &Inspect) -> Result<Exit, Failure> {
    session.output.text_or_json("inspect")?;
    let answers = answers_file::read_or_default(arguments.answers.as_deref(), session.global.namespace.as_deref())?;
    let cluster = session.connect().await?;
    let (facts, findings) = if arguments.answers.is_some() {
        let prepared = session.reading(Box::pin(prepare(&cluster, &answers))).await?;
        (prepared.facts, prepared.findings)
    } else {
        session.reading(Box::pin(inspect(&cluster, &answers))).await?
    };
    let style = session.output.data_style;
    // Without answers no plan is judged: what does not apply would be most of the screen.
    let shown: Vec<Finding> = findings.iter().filter(|finding| session.output.verbose || !matches!(finding.verdict, Verdict::NotApplicable)).cloned().collect();
    let text = || format!("{}\n{}\n{}\n", inspection::facts(&facts, &findings, style), findings::findings(&shown, style, session.output.verbose), findings::summary(&findings));
    session.output.result("inspect", text, &Document { facts: &facts, findings: &findings })?;
    Ok(if findings.iter().any(blocks) { Exit::Blocked } else { Exit::Ok })
}
