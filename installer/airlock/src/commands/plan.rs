//! `airlock plan`: what would be done; nothing is written.

use airlock_model::{Answers, Digest, Exit, Finding, Plan as PlanData};
use airlock_platform::{Prepared, prepare};
use serde::Serialize;

use super::session::Session;
use crate::answers_file;
use crate::arguments::Plan;
use crate::failure::Failure;
use crate::output::{findings, plan, tls_check};

/// The result for programs.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    digest: &'a Digest,
    plan: &'a PlanData,
    answers: &'a Answers,
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<tls_check::Document<'a>>,
}

impl<'a> Document<'a> {
    pub(super) fn of(prepared: &'a Prepared) -> Self {
        Self { digest: &prepared.digest, plan: &prepared.plan, answers: &prepared.answers, findings: prepared.findings.as_slice(), certificate: prepared.certificate.as_ref().map(tls_check::document) }
    }
}

pub(super) async fn run(session: &Session<'_>, arguments: &Plan) -> Result<Exit, Failure> {
    session.output.text_or_json("plan")?;
    let answers = answers_file::read_on(&arguments.answers.answers, session.global.namespace.as_deref(), &arguments.answers.on)?;
    let cluster = session.connect().await?;
    let prepared = session.reading(Box::pin(prepare(&cluster, &answers))).await?;
    let text = || plan::plan(&prepared.plan, &prepared.digest, session.output.data_style);
    session.output.result("plan", text, &Document::of(&prepared))?;
    session.output.talk(&findings::findings(&findings::notable(&prepared.findings), session.output.talk_style, session.output.verbose));
    session.warn_of_certificate(&prepared);
    let blocked = !prepared.blocking().is_empty();
    Ok(match (blocked, arguments.exit_code && !prepared.plan.is_empty()) {
        (true, _) => Exit::Blocked,
        (false, true) => Exit::ChangesPending,
        (false, false) => Exit::Ok,
    })
}
