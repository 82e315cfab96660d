//! `airlock install` on a terminal without answers: look, ask, show, and only then carry out.
//!
//! `dialogue` asks the questions that `platform` names until somebody decides; `kept` holds the answers meanwhile, so that
//! whoever leaves goes on where she was.

mod dialogue;
mod first_deployment;
mod kept;
mod other_context;

use std::path::{Path, PathBuf};

use airlock_model::{ApprovedBy, Exit, Ticket};
use airlock_platform::guide::{self, Begun, Former, Guide, Source, Topic, begin};
use airlock_platform::{Cluster, Prepared};

use super::install::{self, Agreed};
use super::plan;
use super::session::Session;
use crate::answers_file;
use crate::arguments::Install;
use crate::failure::Failure;
use crate::output::guide::{self as screen, Sheet, welcome};
use crate::output::progress::Progress;
use crate::output::{counted, style::Style, tickets};
use dialogue::Dialogue;
use kept::Kept;
use other_context::Meant;

/// What the person decided in the end.
pub(super) enum Decision {
    /// Carry the plan out, and hand on what is left open meanwhile.
    Apply(Box<Prepared>, Vec<Ticket>),
    /// Write it for somebody who approves it, with the same.
    WritePlan(Box<Prepared>, Vec<Ticket>),
    /// Write what others have to do.
    WriteTickets(Vec<Ticket>),
}

pub(super) async fn run(session: &Session<'_>, arguments: &Install) -> Result<Exit, Failure> {
    if session.global.yes || session.global.quiet || !session.output.has_listener() {
        return Err(Failure::NoAnswers);
    }
    let kept = Kept::in_current_folder();
    let known = session.contexts()?;
    let sheet = Sheet::of_terminal(session.output.talk_style);
    let mut other = None;
    loop {
        let cluster = session.connect_by(other.as_deref()).await?;
        let mut former = answers_file::read_kept(kept.answers(), &arguments.on)?;
        if let Some(former) = former.as_mut().filter(|_| other.is_some()) {
            // Whoever chose this cluster has said that it is another one than theirs.
            former.answers.cluster = None;
        }
        let begun = looked_at(session, &cluster, former).await?;
        session.output.talk(&welcome(&begun, cluster.name(), cluster.context(), &kept.answers().display().to_string(), sheet));
        let others = other_context::others(session, &cluster, &known);
        match other_context::ask(session, &cluster, &others, sheet).await.map_err(|failure| left(failure, &kept))? {
            Meant::This => {}
            Meant::Other(context) => {
                other = Some(context);
                continue;
            }
            Meant::Unknown(ticket) => return write_tickets(session, &[ticket], &kept),
        }
        let guide = flagged(begun.guide, session.global.namespace.as_deref())?;
        let mut dialogue = Dialogue { session, cluster: &cluster, guide, kept: &kept, sheet, asked_of_cluster: !others.is_empty() };
        let Some(decided) = Box::pin(dialogue.decide()).await.transpose() else { continue };
        if let Some(context) = &other {
            session.invocation.go_on_in(context);
        }
        return match decided.map_err(|failure| left(failure, &kept))? {
            Decision::Apply(prepared, open) => {
                let tickets = hand_on(session, &open, &kept)?;
                let exit = apply(session, &cluster, arguments, &prepared, &kept).await?;
                Ok(tickets.filter(|_| arguments.until.is_none()).map_or(exit, |path| still_open(session, exit, &open, &path)))
            }
            Decision::WritePlan(prepared, open) => {
                hand_on(session, &open, &kept)?;
                write_plan(session, &prepared, &kept)
            }
            Decision::WriteTickets(tickets) => write_tickets(session, &tickets, &kept),
        };
    }
}

/// What a run on this cluster begins with.
async fn looked_at(session: &Session<'_>, cluster: &Cluster, former: Option<Former>) -> Result<Begun, Failure> {
    let progress = Progress::new(session.output, session.log, None)?;
    progress.busy("looking at the cluster; nothing is written");
    let begun = session.reading(Box::pin(begin(cluster, former, session.global.namespace.as_deref()))).await?;
    progress.finish()?;
    Ok(begun)
}

/// Whoever leaves at a question is told where her answers are.
fn left(failure: Failure, kept: &Kept) -> Failure {
    if matches!(failure, Failure::Interrupted) { Failure::Left { kept: kept.is_written().then(|| kept.answers().to_owned()) } } else { failure }
}

/// A namespace that a flag gives is not asked for.
fn flagged(mut guide: Guide, namespace: Option<&str>) -> Result<Guide, Failure> {
    if let (Some(namespace), Some(question)) = (namespace, guide::question(Topic::Namespaces)) {
        guide.answer(question, namespace, Source::Flag).map_err(|text| Failure::Argument(format!("--namespace: {text}")))?;
    }
    Ok(guide)
}

/// Tickets for answers that nobody has yet and that nothing waits for, and where they are: before the run, which may end in many ways.
fn hand_on(session: &Session<'_>, open: &[Ticket], kept: &Kept) -> Result<Option<PathBuf>, Failure> {
    if open.is_empty() {
        return Ok(None);
    }
    let path = kept.write_tickets(&tickets::tickets(open, Style::default()))?;
    session.output.talk(&format!(
        "{}\n{} written to {}; the installation goes on meanwhile, and `airlock install` asks again",
        tickets::tickets(open, session.output.talk_style),
        counted(open.len(), "ticket is", "tickets are"),
        path.display()
    ));
    Ok(Some(path))
}

/// What ended well still waits for whoever knows what nobody knew.
fn still_open(session: &Session<'_>, exit: Exit, open: &[Ticket], path: &Path) -> Exit {
    if exit != Exit::Ok {
        return exit;
    }
    session.output.talk(&screen::still_open(open, path));
    Exit::WaitingOutside
}

async fn apply(session: &Session<'_>, cluster: &Cluster, arguments: &Install, prepared: &Prepared, kept: &Kept) -> Result<Exit, Failure> {
    session.invocation.go_on_by(kept.answers());
    let until = install::until(arguments.until.as_deref(), prepared)?;
    let progress = Progress::new(session.output, session.log, arguments.events.clone())?;
    let is_whole = until.is_none();
    match Box::pin(install::carry_out(session, cluster, prepared, Agreed { by: ApprovedBy::Prompt, until }, progress)).await? {
        Exit::Ok if is_whole => first_deployment::offer(session, cluster, &prepared.answers).await,
        exit => Ok(exit),
    }
}

fn write_plan(session: &Session<'_>, prepared: &Prepared, kept: &Kept) -> Result<Exit, Failure> {
    let path = kept.write_plan(&plan::Document::of(prepared))?;
    session.output.data(&screen::written_plan(&prepared.digest, &path, kept.answers(), &session.invocation.again_with(&["--plan", &path.to_string_lossy()])))?;
    Ok(Exit::Ok)
}

fn write_tickets(session: &Session<'_>, written: &[Ticket], kept: &Kept) -> Result<Exit, Failure> {
    if written.is_empty() {
        session.output.data("nothing is known that others have to do; nothing was written")?;
        return Ok(Exit::Ok);
    }
    let path = kept.write_tickets(&tickets::tickets(written, Style::default()))?;
    session.output.data(&tickets::tickets(written, session.output.data_style))?;
    session.output.talk(&format!(
        "{} written to {}{}; nothing was written to the cluster; go on with\n  {}",
        counted(written.len(), "ticket is", "tickets are"),
        path.display(),
        if kept.is_written() { format!(", the answers to {}", kept.answers().display()) } else { String::new() },
        session.invocation.again()
    ));
    Ok(Exit::WaitingOutside)
}
