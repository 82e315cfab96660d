//! `airlock uninstall`: the plan that takes the installation away, and carrying it out.

use airlock_model::{ApprovedBy, Digest, Exit, ObjectRef};
use airlock_platform::uninstall::{Removal, removal, uninstall};
use serde::Serialize;

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
    let Some(by) = agreement(session, &removal, &progress).await? else {
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

/// Shows what goes and what stays, and asks; none is a no.
async fn agreement(session: &Session<'_>, removal: &Removal, progress: &Progress) -> Result<Option<ApprovedBy>, Failure> {
    if session.global.yes {
        progress.say(&format!("{}\n{}", plan::totals(&removal.plan), removal.digest));
        return Ok(Some(ApprovedBy::YesFlag));
    }
    session.output.can_ask("the removal")?;
    progress.pause();
    session.output.talk(&plan::plan(&removal.plan, &removal.digest, session.output.talk_style));
    if !removal.kept.is_empty() {
        session.output.talk(&format!("kept, and adopted by the next install:\n{}", plan::kept(&removal.kept)));
    }
    let agreed = session.agreed("Take the installation away?", "the removal").await?;
    progress.resume();
    Ok(agreed.then_some(ApprovedBy::Prompt))
}
