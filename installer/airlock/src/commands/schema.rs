//! `airlock schema`: the JSON Schema of a kind of document, as `docs/*.schema.json` hold it.

use airlock_model::{Answers, Attestations, Exceptions, Exit, ProfileDocument};
use airlock_platform::Report;

use super::session::Session;
use crate::arguments::{DocumentKind, Schema};
use crate::failure::Failure;

pub(super) fn run(session: &Session<'_>, arguments: &Schema) -> Result<Exit, Failure> {
    let schema = match arguments.kind {
        DocumentKind::Answers => Answers::schema(),
        DocumentKind::Profile => ProfileDocument::schema(),
        DocumentKind::Exceptions => Exceptions::schema(),
        DocumentKind::Attestations => Attestations::schema(),
        DocumentKind::Report => Report::schema(),
    };
    session.output.document(&schema)?;
    Ok(Exit::Ok)
}
