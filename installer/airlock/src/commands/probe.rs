//! `airlock probe`, in pods: attempts come in as JSON, outcomes go out as JSON; or it is the other end of one.

use airlock_model::{Attempt, Exit};
use airlock_probe::MountedPasswords;

use crate::arguments::Probe;
use crate::failure::Failure;
use crate::output::Output;

pub(super) async fn run(arguments: &Probe, output: &Output) -> Result<Exit, Failure> {
    if let Some(port) = arguments.listen {
        airlock_probe::listen(port).await?;
        return Ok(Exit::Ok);
    }
    let attempts: Vec<Attempt> = serde_json::from_str(arguments.attempts.as_deref().unwrap_or("[]")).map_err(Failure::Attempts)?;
    let outcomes = airlock_probe::carry_out_settled(&attempts, &MountedPasswords).await;
    output.line(&outcomes)?;
    Ok(Exit::Ok)
}
