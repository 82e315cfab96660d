//! `airlock requirements`: what an installation will ask for, without a cluster.

use airlock_model::Exit;
use airlock_platform::requirements::requirements;

use super::session::Session;
use crate::answers_file;
use crate::arguments::{Format, Requirements};
use crate::failure::Failure;
use crate::output::requirements as screen;

pub(super) fn run(session: &Session<'_>, arguments: &Requirements) -> Result<Exit, Failure> {
    let answers = answers_file::read_or_default(arguments.answers.as_deref(), session.global.namespace.as_deref())?;
    let requirements = requirements(&answers)?;
    match session.output.format {
        Format::Text => session.output.data(&screen::text(&requirements, session.output.data_style))?,
        Format::Json => session.output.document(&requirements)?,
        Format::Csv => session.output.data(&screen::csv(&requirements))?,
        Format::Html => session.output.data(&screen::html(&requirements))?,
        _ => return Err(session.output.no_such_format("requirements", "text, json, csv, html")),
    }
    Ok(Exit::Ok)
}
