//! `airlock schema`: the JSON Schema of the answers, as `docs/answers.schema.json` holds it.

use airlock_model::{Answers, Exit};

use super::session::Session;
use crate::failure::Failure;

pub(super) fn run(session: &Session<'_>) -> Result<Exit, Failure> {
    session.output.document(&Answers::schema())?;
    Ok(Exit::Ok)
}
