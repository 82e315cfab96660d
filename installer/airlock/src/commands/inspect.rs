//! `airlock inspect`: facts and findings. Nothing is written but what `--probes` lists, which goes again.

use airlock_model::{Answers, Exit, Facts, Finding, Verdict};
use airlock_platform::{Cluster, blocks, inspect, node_trial, prepare, try_nodes, untried_nodes};
use serde::Serialize;

use super::session::Session;
use crate::answers_file;
use crate::arguments::Inspect;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::{findings, inspection};

/// What needs the yes.
const WHAT: &str = "what is tried";

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
    let (facts, mut findings) = if arguments.answers.is_some() {
        let prepared = session.reading(Box::pin(prepare(&cluster, &answers))).await?;
        (prepared.facts, prepared.findings)
    } else {
        session.reading(Box::pin(inspect(&cluster, &answers))).await?
    };
    if arguments.probes {
        findings.extend(tried(session, &cluster, &answers, &facts).await?);
    }
    let style = session.output.data_style;
    // Without answers no plan is judged: what does not apply would be most of the screen.
    let shown: Vec<Finding> = findings.iter().filter(|finding| session.output.verbose || !matches!(finding.verdict, Verdict::NotApplicable)).cloned().collect();
    let text = || format!("{}\n{}\n{}\n", inspection::facts(&facts, &findings, style), findings::findings(&shown, style, session.output.verbose), findings::summary(&findings));
    session.output.result("inspect", text, &Document { facts: &facts, findings: &findings })?;
    Ok(if findings.iter().any(blocks) { Exit::Blocked } else { Exit::Ok })
}

/// What only a trial shows.
async fn tried(session: &Session<'_>, cluster: &Cluster, answers: &Answers, facts: &Facts) -> Result<Vec<Finding>, Failure> {
    let trial = session.reading(node_trial(answers, facts)).await?;
    if !session.global.yes {
        session.output.can_ask(WHAT)?;
    }
    session.output.talk(&inspection::trial(&trial));
    if !session.agreed("Try it?", WHAT).await? {
        return Ok(untried_nodes());
    }
    // From here on it has the last line of a terminal to itself.
    let progress = Progress::new(session.output, session.log, None)?;
    progress.busy("nodes pull the image");
    let tried = Box::pin(try_nodes(cluster, &trial, &session.halt(), &progress)).await;
    progress.finish()?;
    Ok(tried?)
}
