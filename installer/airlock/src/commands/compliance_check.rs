//! `airlock compliance-check`: the installation against a profile, by attempts that are listed first.

use airlock_model::{Exit, Profile};
use airlock_platform::{PlatformError, shipped, verify};

use super::session::Session;
use crate::arguments::ComplianceCheck;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::report;

pub(super) async fn run(session: &Session<'_>, arguments: &ComplianceCheck) -> Result<Exit, Failure> {
    session.output.text_or_json("compliance-check")?;
    let asked = arguments.profile.as_deref().map(profile).transpose()?;
    let progress = Progress::new(session.output, session.log, arguments.events.clone())?;
    let cluster = session.connect().await?;
    let (record, answers) = session.reading(verify::recorded(&cluster, session.namespace())).await?;
    let chosen = match asked {
        Some(asked) => asked,
        None => profile(&answers.profile.reference)?,
    };
    let intended = session.reading(verify::intend(&cluster, &answers, chosen)).await?;
    progress.say(report::intended(&intended.attempts).trim_end());
    progress.busy("making the attempts");
    let judged = Box::pin(verify::judge(&cluster, &record, &intended, &session.halt(), &progress)).await;
    let told = progress.finish();
    let judged = judged?;
    session.output.result("compliance-check", || report::report(&judged, session.output.data_style, session.output.verbose), &judged)?;
    if judged.gate_failed {
        session.output.insist(&report::refusal(&judged));
    }
    told.map(|()| if judged.gate_failed { Exit::Compliance } else { Exit::Ok })
}

/// A profile that ships.
fn profile(name: &str) -> Result<Profile, Failure> {
    shipped(name).map_err(|error| PlatformError::from(error).into())
}
