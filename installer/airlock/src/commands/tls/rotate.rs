//! `airlock tls rotate`: another authority takes the place of one of the platform's.

use airlock_model::Exit;
use airlock_platform::renewal::{RotationRequest, RotationStep, rotate};

use crate::arguments::TlsRotate;
use crate::commands::session::{Session, whoami};
use crate::failure::Failure;
use crate::output::rotation;

pub(super) async fn run(session: &Session<'_>, arguments: &TlsRotate) -> Result<Exit, Failure> {
    session.output.text_or_json("tls rotate")?;
    let cluster = session.connect().await?;
    let question = format!("let another authority take the place of {}, or go on with it?", arguments.authority);
    if !session.agreed(&question, "the rotation of an authority").await? {
        return Ok(Exit::Ok);
    }
    let by = whoami();
    let request = RotationRequest { authority: &arguments.authority, trusted: arguments.trusted, by: &by };
    let told = |step: RotationStep| session.output.talk(&rotation::step(step));
    let rotated = Box::pin(rotate(&cluster, session.namespace(), request, &session.halt(), told)).await?;
    session.output.result("tls rotate", || rotation::text(&rotated, session.output.data_style), &rotated)?;
    Ok(match &rotated.waits {
        Some(_) => Exit::WaitingOutside,
        None if rotated.failed() => Exit::ApplyFailed,
        None => Exit::Ok,
    })
}
