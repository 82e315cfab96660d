//! A plan is shown and agreed to, by `--yes` or at the prompt; none is a no.

use airlock_model::{ApprovedBy, Digest, Finding, Plan, Untrusted};
use airlock_platform::PlatformError;

use super::session::Session;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::{findings, plan};

/// What is to be agreed to.
pub(super) struct Proposal<'a> {
    /// The plan.
    pub(super) plan: &'a Plan,
    /// Its digest.
    pub(super) digest: &'a Digest,
    /// What was found on the way to it; what blocks is an error before anybody is asked.
    pub(super) findings: &'a [Finding],
    /// What a person should know besides.
    pub(super) note: Option<String>,
    /// The question at the prompt.
    pub(super) question: &'a str,
    /// The name that has to be typed, where data will be gone; else a yes is enough.
    pub(super) name: Option<&'a str>,
    /// What needs the yes: `the plan`.
    pub(super) what: &'static str,
}

/// Shows the proposal and asks. What is empty needs no yes.
pub(super) async fn ask(session: &Session<'_>, proposal: &Proposal<'_>, progress: &Progress) -> Result<Option<ApprovedBy>, Failure> {
    let blocking: Vec<Finding> = proposal.findings.iter().filter(|finding| airlock_platform::blocks(finding)).cloned().collect();
    if !blocking.is_empty() {
        return Err(PlatformError::Blocked(blocking).into());
    }
    let notable = findings::notable(proposal.findings);
    if session.global.yes || proposal.plan.is_empty() {
        if !notable.is_empty() {
            progress.say(findings::findings(&notable, session.output.talk_style, session.output.verbose).trim_end());
        }
        if !proposal.plan.is_empty() {
            progress.say(&format!("{}\n{}", plan::totals(proposal.plan), proposal.digest));
        }
        return Ok(Some(ApprovedBy::YesFlag));
    }
    session.output.can_ask(proposal.what)?;
    progress.pause();
    session.output.talk(&plan::plan(proposal.plan, proposal.digest, session.output.talk_style));
    if !notable.is_empty() {
        session.output.talk(&findings::findings(&notable, session.output.talk_style, session.output.verbose));
    }
    if let Some(note) = &proposal.note {
        session.output.talk(note);
    }
    let agreed = match proposal.name {
        None => session.agreed(proposal.question, proposal.what).await?,
        Some(name) => {
            let question = format!("{} Type the name of the cluster, {}, to agree:", proposal.question, Untrusted::from(name));
            session.named(&question, name, proposal.what).await?
        }
    };
    progress.resume();
    Ok(agreed.then_some(ApprovedBy::Prompt))
}
