//! `airlock compliance-check --permissions`: what the API server would be asked for, and whether the caller may.

use airlock_model::Exit;
use airlock_platform::verify::{self, permissions};

use super::of_installation;
use crate::arguments::ComplianceCheck;
use crate::commands::session::Session;
use crate::failure::Failure;
use crate::output::permissions::{roles, told};

/// The roles are for `kubectl apply -f -`; what they are for is told beside them. A right that is lacking is exit code 3.
pub(super) async fn list(session: &Session<'_>, arguments: &ComplianceCheck) -> Result<Exit, Failure> {
    session.output.text_or_json("compliance-check --permissions")?;
    let cluster = session.connect().await?;
    let mut listed = session.reading(permissions::to_begin(&cluster, session.namespace())).await?;
    if listed.lacking().next().is_none() {
        let (_, answers) = session.reading(verify::recorded(&cluster, session.namespace())).await?;
        let profile = of_installation(session, arguments, &cluster, &answers).await?;
        listed = session.reading(permissions::of_profile(&cluster, &answers, &profile)).await?;
    }
    session.output.result("compliance-check --permissions", || roles(&listed), &listed)?;
    if listed.lacking().next().is_none() {
        return Ok(Exit::Ok);
    }
    session.output.talk(told(&listed).trim_end());
    Ok(Exit::Blocked)
}
