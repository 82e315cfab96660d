//! `airlock uninstall`: the plan that takes the installation away, and carrying it out.

use airlock_model::{Digest, Exit, ObjectRef};
use airlock_platform::uninstall::{removal, uninstall};
use serde::Serialize;

use super::agreement::{self, Proposal};
use super::session::Session;
use crate::arguments::Uninstall;
use crate::failure::Failure;
use crate::output::plan;
use crate::output::progress::Progress;

/// The result for programs.
#[derive(Serialize)]
struct Document<'a> {
    outcome: &'static str,
    plan: &'a Digest,
    kept: &'a [ObjectRef],
}

pub(super) async fn run(session: &Session<'_>, arguments: &Uninstall) -> Result<Exit, Failure> {
    session.output.text_or_json("uninstall")?;
    let progress = Progress::new(session.output, session.log, arguments.events.clone())?;
    let cluster = session.connect().await?;
    progress.busy("looking for what is installed");
    let removal = session.reading(removal(&cluster, session.namespace(), arguments.delete_data)).await?;
    let note = (!removal.kept.is_empty()).then(|| format!("kept, and adopted by the next install:\n{}", plan::kept(&removal.kept)));
    let question = if arguments.delete_data { "Take the installation away with all its data?" } else { "Take the installation away?" };
    let proposal = Proposal { plan: &removal.plan, digest: &removal.digest, findings: &[], note, question, name: Some(cluster.name()), what: "the removal" };
    let Some(by) = agreement::ask(session, &proposal, &progress).await? else {
        progress.finish()?;
        session.output.talk("nothing was written");
        return Ok(Exit::Ok);
    };
    let removed = uninstall(&cluster, &removal, by, &session.apply_options(), session.stop, &progress).await;
    let told = progress.finish();
    removed?;
    let text = || if removal.kept.is_empty() { "the installation is gone\n".into() } else { format!("the installation is gone; what stays:\n{}", plan::kept(&removal.kept)) };
    session.output.result("uninstall", text, &Document { outcome: "uninstalled", plan: &removal.digest, kept: &removal.kept })?;
    told.map(|()| Exit::Ok)
}
