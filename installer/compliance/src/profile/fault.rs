//! All that is wrong with one file, each with its place: an editor can go there, and nobody mends one line after the other.

use std::fmt;

use airlock_model::answers::{AnswersError, AnswersFault, Place, Places};

use crate::error::ComplianceError;

/// One thing that is wrong.
#[derive(Debug)]
pub struct ProfileFault {
    /// Where in the text; none: the text as a whole.
    pub at: Option<Place>,
    /// What.
    pub error: ComplianceError,
}

/// Everything that is wrong with one file, in the order of the text; never empty.
#[derive(Debug)]
pub struct ProfileFaults {
    file: String,
    first: Box<ProfileFault>,
    others: Vec<ProfileFault>,
}

impl ProfileFaults {
    /// The file, as it was named.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The first one.
    pub fn first(&self) -> &ProfileFault {
        &self.first
    }

    /// All of them.
    pub fn faults(&self) -> impl Iterator<Item = &ProfileFault> {
        std::iter::once(&*self.first).chain(&self.others)
    }

    pub(crate) fn of(file: &str, mut faults: Vec<ProfileFault>) -> Option<Self> {
        faults.sort_by_key(|fault| fault.at.as_ref().map(|at| (at.line, at.column)));
        let mut faults = faults.into_iter();
        faults.next().map(|first| Self { file: file.to_owned(), first: Box::new(first), others: faults.collect() })
    }

    /// The same of a document that is no profile: what mends a profile mends none of them.
    pub(crate) fn of_decisions(mut self) -> Self {
        for fault in std::iter::once(&mut *self.first).chain(&mut self.others) {
            fault.error = ComplianceError::Decision { message: fault.error.to_string() };
        }
        self
    }

    /// What keeps a text from being a document at all.
    pub(crate) fn of_shape(file: &str, error: &AnswersError) -> ComplianceError {
        let fault = |fault: &AnswersFault| {
            let message = fault.to_string();
            let error = if matches!(fault, AnswersFault::Kind { .. }) { ComplianceError::Kind { message } } else { ComplianceError::Shape { message } };
            ProfileFault { at: fault.at().cloned(), error }
        };
        match Self::of(file, error.faults().map(fault).collect()) {
            Some(faults) => faults.into(),
            None => ComplianceError::Shape { message: error.to_string() },
        }
    }
}

impl fmt::Display for ProfileFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(at) = &self.first.at {
            write!(f, ":{at}")?;
        }
        write!(f, ": {}", self.first.error)?;
        match self.others.len() {
            0 => Ok(()),
            1 => f.write_str(" (and one more fault)"),
            more => write!(f, " (and {more} more faults)"),
        }
    }
}

impl std::error::Error for ProfileFaults {}

/// Collects what is wrong while a document is looked through.
pub(crate) struct Faults<'a> {
    pub(crate) file: &'a str,
    places: &'a Places,
    found: Vec<ProfileFault>,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(file: &'a str, places: &'a Places) -> Self {
        Self { file, places, found: Vec::new() }
    }

    /// Something is wrong at a path of the document.
    pub(crate) fn add(&mut self, path: &str, error: ComplianceError) {
        self.found.push(ProfileFault { at: Some(self.places.at(path)), error });
    }

    /// What is wrong at a path, beside which no other fault is told.
    pub(crate) fn alone(&self, path: &str, error: ComplianceError) -> ComplianceError {
        let first = ProfileFault { at: Some(self.places.at(path)), error };
        ProfileFaults { file: self.file.to_owned(), first: Box::new(first), others: Vec::new() }.into()
    }

    /// Something is wrong at a line and a column of the text at a path.
    pub(crate) fn within(&mut self, path: &str, (line, column): (u32, u32), error: ComplianceError) {
        self.found.push(ProfileFault { at: Some(self.places.within(path, line, column)), error });
    }

    /// A value at a path cannot be meant.
    pub(crate) fn value(&mut self, path: &str, message: impl Into<String>) {
        self.add(path, ComplianceError::Value { message: format!("`{path}`: {}", message.into()) });
    }

    /// Whether nothing was found so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found, or its absence.
    pub(crate) fn end(self) -> Result<(), ComplianceError> {
        ProfileFaults::of(self.file, self.found).map_or(Ok(()), |faults| Err(faults.into()))
    }
}
