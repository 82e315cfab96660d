//! The command line of Airlock: words come in, one request goes to `platform`, what comes back is shown, an exit code goes out.
//!
//! `arguments` says what can be typed, `commands` has one file a command with four moves (resolve, call, show, exit),
//! `output` is the only place that prints, `interruption` turns signals into a wish to stop. Nothing here decides anything.

mod answers_file;
mod arguments;
mod bounded_file;
mod commands;
mod environment;
mod failure;
mod file_content;
mod interruption;
mod invocation;
mod output;
mod plan_file;
mod profile_file;
mod reload;
mod run_log;
mod sink_file;

use std::process::ExitCode;

fn main() -> ExitCode {
    // One TLS provider for every room; it fails only when one is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    ExitCode::from(commands::run().code())
}
