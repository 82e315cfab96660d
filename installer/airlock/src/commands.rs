//! One file a command, each with four moves: resolve the request, call `platform`, show what came back, say how to end.

mod agreement;
mod alert;
mod auditor;
mod certificates;
mod completions;
mod compliance_check;
mod database;
mod deployment;
mod evidence;
mod exemption;
mod explain;
mod guided;
mod inspect;
mod install;
mod plan;
mod probe;
pub(crate) mod profile;
mod reload;
mod renew;
mod requirements;
mod schema;
mod session;
mod status;
mod tls;
mod tunnel;
mod uninstall;
mod volume;

use std::ffi::OsString;
use std::path::Path;

use airlock_model::{Coded, Exit};
use clap::Parser as _;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::arguments::{Arguments, Command, ExceptionCommand, Format, Tls, TlsCommand};
use crate::failure::Failure;
use crate::interruption::Interruption;
use crate::invocation::Invocation;
use crate::output::{self, Output};
use crate::run_log::RunLog;
use session::Session;

/// From what was typed to how it ended. Every exit code comes from here.
pub(crate) fn run() -> Exit {
    let words: Vec<OsString> = std::env::args_os().collect();
    let arguments = match Arguments::try_parse_from(&words) {
        Ok(arguments) => arguments,
        Err(said) => return output::usage(&said),
    };
    let output = Output::new(&arguments.global);
    let invocation = Invocation::of_process(words).with_answers(answers(&arguments.command));
    let log = log(&arguments.command, &invocation, &output);
    let ended = in_runtime(&arguments, &output, &invocation, log.as_ref());
    let exit = match &ended {
        Ok(exit) => *exit,
        Err(failure) => failure.exit(),
    };
    if let Err(failure) = &ended {
        output.insist(&output::failure::screen(failure, &invocation, log.as_ref().map(RunLog::path), output.talk_style));
        if output.format == Format::Json {
            // When standard output is what failed, there is nobody to hand the document to.
            let _ = output.document(&serde_json::json!({ "error": output::failure::document(failure, &invocation) }));
        }
    }
    if let Some(log) = &log {
        log.note(&Ended { exit: exit.code(), code: ended.as_ref().err().map(|failure| failure.code().0) });
    }
    exit
}

/// How a run ended, for its log.
#[derive(Serialize)]
struct Ended {
    exit: u8,
    code: Option<&'static str>,
}

/// How a run began, for its log.
#[derive(Serialize)]
struct Began {
    version: &'static str,
    command: String,
}

fn in_runtime(arguments: &Arguments, output: &Output, invocation: &Invocation, log: Option<&RunLog>) -> Result<Exit, Failure> {
    let runtime = Runtime::new().map_err(Failure::Runtime)?;
    let ended = runtime.block_on(async {
        match &arguments.command {
            // These listen to signals themselves.
            Command::Probe(probe) => Box::pin(probe::run(probe, output)).await,
            Command::Database(database) => Box::pin(database::run(database, output)).await,
            Command::Alert(alert) => Box::pin(alert::run(alert)).await,
            Command::Certificates(certificates) => Box::pin(certificates::run(certificates)).await,
            Command::Volume(volume) => Box::pin(volume::run(volume)).await,
            Command::Tunnel(tunnel) => Box::pin(tunnel::run(tunnel, output)).await,
            Command::Reload(reload) => Box::pin(reload::run(reload)).await,
            command => {
                let interruption = Interruption::listen(output).map_err(Failure::Runtime)?;
                let session = Session::new(&arguments.global, output, invocation, log, interruption.stop());
                session.at_most(Box::pin(dispatch(&session, command))).await
            }
        }
    });
    // A prompt or a name lookup may still block a thread; nothing of it is waited for.
    runtime.shutdown_background();
    ended
}

async fn dispatch(session: &Session<'_>, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Requirements(arguments) => requirements::run(session, arguments),
        Command::Inspect(arguments) => Box::pin(inspect::run(session, arguments)).await,
        Command::Plan(arguments) => Box::pin(plan::run(session, arguments)).await,
        Command::Install(arguments) => Box::pin(install::run(session, arguments)).await,
        Command::Status => Box::pin(status::run(session)).await,
        Command::Uninstall(arguments) => Box::pin(uninstall::run(session, arguments)).await,
        Command::ComplianceCheck(arguments) => Box::pin(compliance_check::run(session, arguments)).await,
        Command::Explain(arguments) => explain::run(session, arguments),
        Command::Evidence(arguments) => evidence::run(session, &arguments.command).await,
        Command::Profile(arguments) => profile::run(session, &arguments.command),
        Command::Exception(arguments) => match &arguments.command {
            ExceptionCommand::Request(arguments) => exemption::request(session, arguments),
        },
        Command::Attest(arguments) => exemption::attest(session, arguments),
        Command::Schema(arguments) => schema::run(session, arguments),
        Command::Tls(arguments) => Box::pin(tls::run(session, &arguments.command)).await,
        Command::Completions(arguments) => completions::run(session, arguments),
        Command::Deployment(arguments) => Box::pin(deployment::run(session, &arguments.command)).await,
        Command::Database(arguments) => Box::pin(database::run(arguments, session.output)).await,
        Command::Probe(arguments) => Box::pin(probe::run(arguments, session.output)).await,
        Command::Alert(arguments) => Box::pin(alert::run(arguments)).await,
        Command::Certificates(arguments) => Box::pin(certificates::run(arguments)).await,
        Command::Volume(arguments) => Box::pin(volume::run(arguments)).await,
        Command::Tunnel(arguments) => Box::pin(tunnel::run(arguments, session.output)).await,
        Command::Reload(arguments) => Box::pin(reload::run(arguments)).await,
        Command::Renew(arguments) => Box::pin(renew::run(session, arguments)).await,
        Command::Auditor(arguments) => Box::pin(auditor::run(session, arguments)).await,
    }
}

/// The answers that a command was given.
fn answers(command: &Command) -> Option<&Path> {
    match command {
        Command::Requirements(arguments) => arguments.answers.as_deref(),
        Command::Inspect(arguments) => arguments.answers.as_deref(),
        Command::Plan(arguments) => Some(&arguments.answers.answers),
        Command::Install(arguments) => arguments.answers.as_deref(),
        Command::Status
        | Command::Uninstall(_)
        | Command::ComplianceCheck(_)
        | Command::Evidence(_)
        | Command::Profile(_)
        | Command::Exception(_)
        | Command::Attest(_)
        | Command::Explain(_)
        | Command::Schema(_)
        | Command::Tls(_)
        | Command::Completions(_)
        | Command::Deployment(_)
        | Command::Database(_)
        | Command::Probe(_)
        | Command::Alert(_)
        | Command::Certificates(_)
        | Command::Volume(_)
        | Command::Tunnel(_)
        | Command::Reload(_)
        | Command::Renew(_)
        | Command::Auditor(_) => None,
    }
}

/// The log of a run that talks to a cluster; without one the run goes on.
fn log(command: &Command, invocation: &Invocation, output: &Output) -> Option<RunLog> {
    let name = match command {
        Command::Inspect(_) => "inspect",
        Command::Plan(_) => "plan",
        Command::Install(_) => "install",
        Command::Status => "status",
        Command::Uninstall(_) => "uninstall",
        Command::ComplianceCheck(arguments) if arguments.manifests.is_empty() => "compliance-check",
        Command::Deployment(_) => "deployment",
        Command::Tls(tls) if matches!(tls.command, TlsCommand::Import(_)) => "tls-import",
        Command::Tls(Tls { command: TlsCommand::Renew(_) }) => "tls-renew",
        Command::Tls(Tls { command: TlsCommand::Rotate(_) }) => "tls-rotate",
        Command::Requirements(_)
        | Command::ComplianceCheck(_)
        | Command::Evidence(_)
        | Command::Profile(_)
        | Command::Exception(_)
        | Command::Attest(_)
        | Command::Explain(_)
        | Command::Schema(_)
        | Command::Tls(_)
        | Command::Completions(_)
        | Command::Database(_)
        | Command::Probe(_)
        | Command::Alert(_)
        | Command::Certificates(_)
        | Command::Volume(_)
        | Command::Tunnel(_)
        | Command::Reload(_)
        | Command::Renew(_)
        | Command::Auditor(_) => return None,
    };
    match RunLog::open(name) {
        Ok(log) => {
            log.trace();
            log.note(&Began { version: env!("CARGO_PKG_VERSION"), command: invocation.again() });
            Some(log)
        }
        Err(error) => {
            if output.verbose {
                output.talk(&format!("no log of this run is kept: {error}"));
            }
            None
        }
    }
}
