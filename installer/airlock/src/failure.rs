//! Everything that can end a command, and how the process ends with it.

use std::io;
use std::path::{Path, PathBuf};

use airlock_model::answers::AnswersError;
use airlock_model::{Code, Coded, Exit, explain_code};
use airlock_platform::{ClusterError, PlatformError};

/// Why a command ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The platform or a room below it.
    #[error(transparent)]
    Platform(Box<PlatformError>),
    /// The answers are wrong.
    #[error("{}", first(path, error))]
    Answers {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: AnswersError,
    },
    /// The file with the answers cannot be read.
    #[error("cannot read the answers {}", path.display())]
    AnswersUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A document cannot be read.
    #[error("cannot read {}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody can be asked.
    #[error("{what} needs a yes, and there is no terminal to ask on; nothing was written")]
    Unconfirmed {
        /// What needs it.
        what: &'static str,
    },
    /// No answers, and nobody to ask for them.
    #[error("install needs --answers FILE, or a terminal on which it can ask; nothing was written")]
    NoAnswers,
    /// The guided run was left before anything was agreed to.
    #[error("left; nothing was written to the cluster{}", kept.as_ref().map_or_else(String::new, |kept| format!("; the answers are kept in {}", kept.display())))]
    Left {
        /// Where the answers are kept; none: nothing was answered yet.
        kept: Option<PathBuf>,
    },
    /// A file of the guided run.
    #[error("cannot write {}", path.display())]
    FileUnwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The terminal, while a question is asked.
    #[error("cannot ask on this terminal")]
    Terminal(#[source] io::Error),
    /// Two namespaces.
    #[error("--namespace says `{asked}`, but namespaces.platform in the answers says `{answers}`")]
    Namespace {
        /// By flag.
        asked: String,
        /// By answers.
        answers: String,
    },
    /// A form that the command does not have.
    #[error("{command} does not write {format}; possible: {possible}")]
    Format {
        /// The command.
        command: &'static str,
        /// What was asked for.
        format: &'static str,
        /// What there is.
        possible: &'static str,
    },
    /// Nothing to explain.
    #[error("there is no check, error code, or step `{id}`{}", nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?")))]
    UnknownId {
        /// What was asked for.
        id: String,
        /// The most similar one.
        nearest: Option<String>,
    },
    /// There is no authority to hand out.
    #[error("there is no authority to hand out: the certificate of {registry} is by one that every system knows")]
    NothingToTrust {
        /// The registry's host.
        registry: String,
    },
    /// A flag whose value makes no sense.
    #[error("{0}")]
    Argument(String),
    /// The file for events.
    #[error("cannot write events to {}", path.display())]
    Events {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard output.
    #[error("cannot write the result")]
    Output(#[source] io::Error),
    /// A second request to stop, or one outside of the engine.
    #[error("interrupted; what is done is kept")]
    Interrupted,
    /// The time for the whole run is over, and the run did not end by itself.
    #[error("the time given for the run is over; what is done is kept")]
    TimeOver,
    /// No runtime.
    #[error("cannot start")]
    Runtime(#[source] io::Error),
    /// In a pod: the attempts.
    #[error("cannot read the attempts")]
    Attempts(#[source] serde_json::Error),
    /// In a pod: the listener.
    #[error(transparent)]
    Listen(#[from] airlock_probe::ListenError),
    /// In a pod: what is measured.
    #[error(transparent)]
    Measure(#[from] airlock_probe::MeasureError),
    /// The receiver of alerts could not be tried, or did not take the message.
    #[error(transparent)]
    Alert(#[from] airlock_probe::AlertError),
}

impl From<PlatformError> for Failure {
    fn from(error: PlatformError) -> Self {
        Self::Platform(Box::new(error))
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        PlatformError::from(error).into()
    }
}

impl Coded for Failure {
    fn code(&self) -> Code {
        match self {
            Self::Platform(error) => error.code(),
            Self::Answers { error, .. } => error.code(),
            Self::AnswersUnreadable { .. } => Code("command.answers-unreadable"),
            Self::FileUnreadable { .. } => Code("command.file-unreadable"),
            Self::Unconfirmed { .. } => Code("command.unconfirmed"),
            Self::NoAnswers => Code("command.no-answers"),
            Self::Left { .. } => Code("command.left"),
            Self::FileUnwritable { .. } => Code("command.file-unwritable"),
            Self::Terminal(_) => Code("command.terminal"),
            Self::Namespace { .. } => Code("command.namespace"),
            Self::Format { .. } => Code("command.format"),
            Self::UnknownId { .. } => Code("command.unknown-id"),
            Self::NothingToTrust { .. } => Code("command.nothing-to-trust"),
            Self::Argument(_) => Code("command.argument"),
            Self::Events { .. } => Code("command.events"),
            Self::Output(_) => Code("command.output"),
            Self::Interrupted => Code("command.interrupted"),
            Self::TimeOver => Code("command.time-over"),
            Self::Runtime(_) => Code("command.runtime"),
            Self::Attempts(_) => Code("command.attempts"),
            Self::Listen(error) => error.code(),
            Self::Measure(error) => error.code(),
            Self::Alert(error) => error.code(),
        }
    }
}

impl Failure {
    /// How the process ends. A code that is not in the table is a bug.
    pub(crate) fn exit(&self) -> Exit {
        explain_code(self.code().0).map_or(Exit::Bug, |spec| spec.exit)
    }
}

/// `answers.yaml:3:1: ` before the first fault: editors and people can go there. The others follow on the screen.
fn first(path: &Path, error: &AnswersError) -> String {
    let Some(fault) = error.faults().next() else { return path.display().to_string() };
    match fault.at() {
        Some(at) => format!("{}:{at}: {fault}", path.display()),
        None => format!("{}: {fault}", path.display()),
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::answers::Answers;

    use super::*;

    fn io_error() -> io::Error {
        io::Error::from(io::ErrorKind::NotFound)
    }

    #[test]
    fn every_code_of_the_command_line_is_explained() {
        let failures = [
            Failure::Answers { path: "a.yaml".into(), error: Answers::from_yaml("").unwrap_err() },
            Failure::AnswersUnreadable { path: "a.yaml".into(), source: io_error() },
            Failure::FileUnreadable { path: "d.yaml".into(), source: io_error() },
            Failure::Unconfirmed { what: "the plan" },
            Failure::NoAnswers,
            Failure::Left { kept: None },
            Failure::FileUnwritable { path: "a.yaml".into(), source: io_error() },
            Failure::Terminal(io_error()),
            Failure::Namespace { asked: "a".into(), answers: "b".into() },
            Failure::Format { command: "plan", format: "csv", possible: "text, json" },
            Failure::UnknownId { id: "x".into(), nearest: None },
            Failure::NothingToTrust { registry: String::new() },
            Failure::Argument(String::new()),
            Failure::Events { path: "e".into(), source: io_error() },
            Failure::Output(io_error()),
            Failure::Interrupted,
            Failure::Runtime(io_error()),
            Failure::Attempts(serde_json::from_str::<u8>("x").unwrap_err()),
            Failure::Listen(airlock_probe::ListenError::Bind { port: 1, source: io_error() }),
            Failure::Measure(airlock_probe::MeasureError::WebConfig { path: PathBuf::new(), reason: String::new() }),
            Failure::Alert(airlock_probe::AlertError::Alertmanager(String::new())),
            Failure::TimeOver,
        ];
        for failure in failures {
            assert!(explain_code(failure.code().0).is_some(), "{} is not explained", failure.code());
        }
    }
}
