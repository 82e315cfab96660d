//! `airlock inspect`: facts and findings; nothing is written.

use airlock_model::{Exit, Facts, Finding, Snapshot, Verdict, World};
use airlock_platform::{blocks, preflight, prepare, survey};
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
        let facts = session.reading(Box::pin(survey(&cluster, &answers))).await?;
        let namespaces = vec![answers.namespaces.platform.clone(), answers.namespaces.probes.clone()];
        let world = World { platform: answers.namespaces.platform.clone(), namespaces, ..World::default() };
        let findings = preflight(&Snapshot { world, facts: Some(facts.clone()), ..Snapshot::default() });
        (facts, findings)
    };
    let style = session.output.data_style;
    // Without answers no plan is judged: what does not apply would be most of the screen.
    let shown: Vec<Finding> = findings.iter().filter(|finding| session.output.verbose || !matches!(finding.verdict, Verdict::NotApplicable(_))).cloned().collect();
    let text = || format!("{}\n{}\n{}\n", inspection::facts(&facts, style), findings::findings(&shown, style, session.output.verbose), findings::summary(&findings));
    session.output.result("inspect", text, &Document { facts: &facts, findings: &findings })?;
    Ok(if findings.iter().any(blocks) { Exit::Blocked } else { Exit::Ok })
}
