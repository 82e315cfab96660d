//! What can go wrong with keys and folders of evidence.

use std::io;
use std::path::PathBuf;

use airlock_compliance::KeyError;
use airlock_compliance::evidence::HeadError;
use airlock_model::{Code, Coded, Untrusted};

use super::sink::SinkFault;

/// Why evidence cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Others may read the private key.
    #[error("others than its owner may read or write the key {} (mode {mode:03o}); nothing was judged", .path.display())]
    KeyOpen {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds no key that can sign.
    #[error("the key {} cannot be used: {reason}", .path.display())]
    KeyUnusable {
        /// The file.
        path: PathBuf,
        /// Why; nothing of its content.
        reason: String,
    },
    /// A public key is none.
    #[error("{}", .path.display())]
    Trust {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A program that signs failed.
    #[error("{} {argument} {how}{}; no run was written", .program.display(), said(.words))]
    Signer {
        /// The program.
        program: PathBuf,
        /// `public-key` or `sign`.
        argument: &'static str,
        /// How it failed.
        how: String,
        /// How its standard error begins.
        words: Untrusted<String>,
    },
    /// The folder, or something in it.
    #[error("cannot {what} {}", .path.display())]
    Folder {
        /// `read`, `write`, `lock`, `remove`
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The head is none.
    #[error("the head {} cannot be understood", .path.display())]
    Head {
        /// The file.
        path: PathBuf,
        /// Why.
        source: HeadError,
    },
    /// The head knows other runs than the folder holds.
    #[error("the head {} ends with the run {run}, {how}; no run was written", .path.display())]
    HeadElsewhere {
        /// The file.
        path: PathBuf,
        /// Its last run.
        run: airlock_model::RunName,
        /// How the folder differs.
        how: &'static str,
    },
    /// A sink cannot be told of anything as it was given.
    #[error("the sink {sink} cannot be used: {why}")]
    SinkSettings {
        /// Where it is.
        sink: String,
        /// What is wrong; nothing secret.
        why: String,
    },
    /// A sink was not told of runs that the folder holds.
    #[error("{sink} was not told of {}: {fault}; {} in {}, and the next run tells of {} again", counted(.runs), if .runs.len() == 1 { "it is kept" } else { "they are kept" }, .folder.display(), if .runs.len() == 1 { "it" } else { "them" })]
    Sink {
        /// Where it is.
        sink: String,
        /// The runs, in their order.
        runs: Vec<airlock_model::RunName>,
        /// Where they are.
        folder: PathBuf,
        /// Why.
        fault: Box<SinkFault>,
    },
    /// The report of an intact run.
    #[error("the report {} {}", .path.display(), if .source.is_some() { "cannot be understood" } else { "was changed while it was read" })]
    Report {
        /// The file.
        path: PathBuf,
        /// Why, where it is not understood.
        source: Option<serde_json::Error>,
    },
    /// A run that the next one is chained to, or compared with.
    #[error("the run {run}, on which the next one rests, is damaged: {reason}; no run was written")]
    Previous {
        /// Which.
        run: airlock_model::RunName,
        /// Why.
        reason: String,
    },
}

fn said(words: &Untrusted<String>) -> String {
    if words.raw().is_empty() { String::new() } else { format!(": {words}") }
}

fn counted(runs: &[airlock_model::RunName]) -> String {
    match runs {
        [run] => format!("the run {run}"),
        [first, .., last] => format!("{} runs, {first} to {last}", runs.len()),
        [] => "no run".to_owned(),
    }
}

impl Coded for EvidenceError {
    fn code(&self) -> Code {
        Code(match self {
            Self::KeyOpen { .. } => "evidence.key-open",
            Self::KeyUnusable { .. } => "evidence.key-unusable",
            Self::Trust { .. } => "evidence.trust",
            Self::Signer { .. } => "evidence.signer",
            Self::Folder { .. } => "evidence.folder",
            Self::Head { .. } | Self::HeadElsewhere { .. } => "evidence.head",
            Self::Previous { .. } => "evidence.previous",
            Self::Report { .. } => "evidence.report",
            Self::SinkSettings { .. } => "evidence.sink",
            Self::Sink { fault, .. } => match **fault {
                SinkFault::Unreachable(_) => "evidence.sink-unreachable",
                SinkFault::Refused { .. } => "evidence.sink-refused",
                SinkFault::Differs { .. } => "evidence.sink-differs",
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use airlock_model::{codes, explain_code};

    #[test]
    fn every_code_of_evidence_stands_in_the_table_and_is_used() {
        let (source, _) = include_str!("error.rs").split_once("#[cfg(test)]").unwrap();
        let used: Vec<&str> = source.split('"').filter(|text| text.starts_with("evidence.")).collect();
        assert!(used.len() > 5 && used.iter().all(|code| explain_code(code).is_some()), "{used:?}");
        let found: Vec<&str> = airlock_compliance::evidence::EvidenceFault::ALL.iter().map(|fault| fault.code().0).collect();
        let idle: Vec<&str> = codes().map(|spec| spec.code).filter(|code| code.starts_with("evidence.") && !used.contains(code) && !found.contains(code)).collect();
        assert_eq!(idle, Vec::<&str>::new());
    }
}
