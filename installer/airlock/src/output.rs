//! The only place that prints. Standard output carries results, standard error carries talk; with `-o json` there is one document.
//!
//! Each screen is a plain function from model types to text, so that whole screens are recorded in tests. Text that
//! Airlock did not write comes as `Untrusted` and is shown by `Display` alone, which escapes it.

mod admitted;
pub(crate) mod audit;
pub(crate) mod certificates;
pub(crate) mod comparison;
pub(crate) mod connections;
pub(crate) mod evidence;
pub(crate) mod explanation;
pub(crate) mod failure;
pub(crate) mod findings;
pub(crate) mod guide;
pub(crate) mod inspection;
pub(crate) mod period;
pub(crate) mod permissions;
pub(crate) mod plan;
pub(crate) mod profiles;
pub(crate) mod progress;
pub(crate) mod prompt;
pub(crate) mod report;
pub(crate) mod requirements;
pub(crate) mod rotation;
pub(crate) mod security;
pub(crate) mod status;
pub(crate) mod style;
pub(crate) mod tickets;

pub(crate) mod tls_check;
pub(crate) mod trust;

mod cell;
mod columns;
mod controls;
pub(crate) mod deployments;

use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use airlock_model::Exit;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::arguments::{Format, Global};
use crate::environment;
use crate::failure::Failure;
use style::Style;

/// What most commands write.
const TEXT_OR_JSON: &str = "text, json";

/// How and where a run prints. Clones print alike.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// Colours of standard error.
    pub(crate) talk_style: Style,
    /// Colours of standard output.
    pub(crate) data_style: Style,
    /// Whether a line at the bottom may be redrawn.
    pub(crate) live: bool,
    /// That line, while there is one: whatever else is said goes above it.
    pub(crate) bottom: Arc<Mutex<Option<ProgressBar>>>,
}

impl Output {
    /// As the flags, the environment, and the terminal want it.
    pub(crate) fn new(global: &Global) -> Self {
        let colourful = |is_terminal: bool| Style::new(is_terminal && !environment::is_colourless() && !environment::is_dumb());
        Self {
            format: global.output,
            quiet: global.quiet,
            verbose: global.verbose,
            talk_style: colourful(io::stderr().is_terminal()),
            data_style: colourful(io::stdout().is_terminal()),
            live: io::stderr().is_terminal() && !environment::is_dumb() && !global.quiet && !global.verbose,
            bottom: Arc::default(),
        }
    }

    /// Writes a result.
    #[expect(clippy::unused_self, reason = "who prints must have been handed the means to")]
    pub(crate) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { stdout.write_all(b"\n") }).and_then(|()| stdout.flush());
        told(written)
    }

    /// Writes a result as one JSON document.
    #[expect(clippy::unused_self, reason = "who prints must have been handed the means to")]
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<(), Failure> {
        // A report of thousands of objects is larger than all that was judged: it is written as it is made.
        let mut stdout = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        let written = serde_json::to_writer_pretty(&mut stdout, value).map_err(io::Error::from);
        told(written.and_then(|()| stdout.write_all(b"\n")).and_then(|()| stdout.flush()))
    }

    /// Writes a result as one line of JSON, as programs in pods hand it over in their log.
    pub(crate) fn line(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|error| Failure::Output(error.into()))?;
        self.data(&text)
    }

    /// Writes a result in the form that was asked for.
    pub(crate) fn result(&self, command: &'static str, text: impl FnOnce() -> String, value: &impl Serialize) -> Result<(), Failure> {
        match self.format {
            Format::Text => self.data(&text()),
            Format::Json => self.document(value),
            _ => Err(self.no_such_format(command, TEXT_OR_JSON)),
        }
    }

    /// Refuses a form early, before a cluster is asked for anything.
    pub(crate) fn text_or_json(&self, command: &'static str) -> Result<(), Failure> {
        if self.format == Format::Text || self.format == Format::Json { Ok(()) } else { Err(self.no_such_format(command, TEXT_OR_JSON)) }
    }

    /// The failure of a command that writes other forms alone.
    pub(crate) const fn no_such_format(&self, command: &'static str, possible: &'static str) -> Failure {
        let format = match self.format {
            Format::Text => "text",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Html => "html",
            Format::Junit => "junit",
            Format::Markdown => "markdown",
            Format::Openreports => "openreports",
            Format::Oscal => "oscal",
            Format::Policyreport => "policyreport",
            Format::Sarif => "sarif",
        };
        Failure::Format { command, format, possible }
    }

    /// Says something to the person who waits.
    pub(crate) fn talk(&self, text: &str) {
        if !self.quiet {
            self.insist(text);
        }
    }

    /// Says something that must be heard even when quiet was asked for.
    pub(crate) fn insist(&self, text: &str) {
        let write = || {
            let mut stderr = io::stderr().lock();
            // Nobody is left to tell that standard error is gone.
            let _ = stderr.write_all(text.as_bytes()).and_then(|()| if text.ends_with('\n') { Ok(()) } else { stderr.write_all(b"\n") });
        };
        let bottom = self.bottom.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bottom {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Whether somebody is there to be asked.
    pub(crate) fn has_listener(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal() && self.format == Format::Text
    }

    /// The same as a failure. Heard before a plan is shown, so that a script's first line is the failure.
    pub(crate) fn can_ask(&self, what: &'static str) -> Result<(), Failure> {
        if self.has_listener() { Ok(()) } else { Err(Failure::Unconfirmed { what }) }
    }

    /// Asks for a yes. Blocks; only `yes` and `y` are one.
    pub(crate) fn ask(&self, question: &str, what: &'static str) -> Result<bool, Failure> {
        Ok(matches!(self.ask_line(&format!("{question} [y/N]"), what)?.to_lowercase().as_str(), "y" | "yes"))
    }

    /// Asks for a word to be typed. Blocks.
    pub(crate) fn ask_line(&self, question: &str, what: &'static str) -> Result<String, Failure> {
        self.can_ask(what)?;
        {
            let mut stderr = io::stderr().lock();
            // Given back before the wait: Ctrl-C has something to say meanwhile.
            let _ = write!(stderr, "{question} ").and_then(|()| stderr.flush());
        }
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|_| Failure::Unconfirmed { what })?;
        Ok(answer.trim().to_owned())
    }
}

/// Whoever reads may have read enough, as `head` has.
fn told(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Failure::Output),
    }
}

/// What clap has to say: help and versions are results, all else is wrong usage.
pub(crate) fn usage(said: &clap::Error) -> Exit {
    // Nobody is left to tell that the stream is gone.
    let _ = said.print();
    if said.use_stderr() { Exit::Usage } else { Exit::Ok }
}

/// A line of a pod's log.
pub(crate) fn pod_line(value: &impl Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(value).map_err(|error| Failure::Output(error.into()))?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).map_err(Failure::Output)
}

/// One or many, with the number.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// A text of others, of as many lines as it has, the further ones as far in as the first: none passes for a line of ours.
pub(crate) fn hanging(text: &str, indent: usize) -> String {
    text.trim_end().lines().collect::<Vec<_>>().join(&format!("\n{:indent$}", ""))
}

#[cfg(test)]
mod tests {
    pub(super) mod samples;
}
