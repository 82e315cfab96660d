//! The files of a guided run, in the current folder: answers, plan, tickets. They hold no secret.

use std::fs;
use std::path::{Path, PathBuf};

use airlock_platform::guide::Guide;
use serde::Serialize;

use crate::failure::Failure;

const ANSWERS: &str = "airlock-answers.yaml";
const PLAN: &str = "airlock-plan.json";
const TICKETS: &str = "airlock-tickets.txt";

/// Where the files are.
pub(super) struct Kept {
    answers: PathBuf,
}

impl Kept {
    pub(super) fn in_current_folder() -> Self {
        Self { answers: PathBuf::from(ANSWERS) }
    }

    pub(super) fn answers(&self) -> &Path {
        &self.answers
    }

    pub(super) fn is_written(&self) -> bool {
        self.answers.exists()
    }

    /// Keeps the answers, once there are any.
    pub(super) fn save(&self, guide: &Guide) -> Result<(), Failure> {
        if guide.is_begun() { write(&self.answers, &guide.document(ANSWERS)) } else { Ok(()) }
    }

    pub(super) fn write_plan(&self, document: &impl Serialize) -> Result<PathBuf, Failure> {
        let path = self.answers.with_file_name(PLAN);
        let text = serde_json::to_string_pretty(document).map_err(|error| Failure::Output(error.into()))?;
        write(&path, &(text + "\n"))?;
        Ok(path)
    }

    pub(super) fn write_tickets(&self, text: &str) -> Result<PathBuf, Failure> {
        let path = self.answers.with_file_name(TICKETS);
        write(&path, text)?;
        Ok(path)
    }
}

/// Whole or not at all: a run that is killed leaves the former file.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let beside = path.with_extension("tmp");
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).map_err(|source| Failure::FileUnwritable { path: path.to_owned(), source })
}
