//! `airlock completions`: what a shell has to know.

use airlock_model::Exit;
use clap::CommandFactory as _;

use super::session::Session;
use crate::arguments::{Arguments, Completions};
use crate::failure::Failure;

pub(super) fn run(session: &Session<'_>, arguments: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "airlock", &mut script);
    session.output.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
