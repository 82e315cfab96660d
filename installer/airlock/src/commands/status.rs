//! `airlock status`: what is installed, ready, and expiring.

use airlock_model::Exit;
use airlock_platform::status::status;
use jiff::Timestamp;

use super::session::Session;
use crate::failure::Failure;
use crate::output::status as screen;

pub(super) async fn run(session: &Session<'_>) -> Result<Exit, Failure> {
    session.output.text_or_json("status")?;
    let cluster = session.connect().await?;
    let status = session.reading(status(&cluster, session.namespace())).await?;
    session.output.result("status", || screen::status(&status, Timestamp::now(), session.output.data_style), &status)?;
    Ok(Exit::Ok)
}
