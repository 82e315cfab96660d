//! `airlock renew`, in the renewer's pod: each certificate is looked at, and what is due is renewed.

use airlock_model::Exit;
use airlock_platform::renewal::{Look, RenewalEnd, RenewalLine, renew};

use super::session::Session;
use crate::arguments::Renew;
use crate::failure::Failure;
use crate::output::certificates;

pub(super) async fn run(session: &Session<'_>, arguments: &Renew) -> Result<Exit, Failure> {
    let cluster = session.connect().await?;
    let look = Look { only: &arguments.secrets, every: arguments.every, force: arguments.force };
    let told = |line: &RenewalLine| session.output.talk(certificates::renewal(line, session.output.talk_style).trim_end());
    let lines = Box::pin(renew(&cluster, session.namespace(), &look, &session.halt(), told)).await?;
    session.output.line(&lines)?;
    Ok(exit(&lines))
}

/// One that could not be renewed is a failure, so that the Job fails and is seen.
pub(super) fn exit(lines: &[RenewalLine]) -> Exit {
    if lines.iter().any(|line| matches!(line.ended, RenewalEnd::Failed { .. })) { Exit::ApplyFailed } else { Exit::Ok }
}
