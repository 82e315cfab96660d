//! A name or a path becomes a profile: the text is read, then those of the profiles that it extends, then all are joined.

use airlock_model::answers::Place;
use airlock_model::{Profile, ProfileDocument};

use super::fault::{Faults, ProfileFaults};
use super::join::{join, unreasoned};
use super::siblings::{Origins, Parent, origins};
use super::{nearest, shipped_names, shipped_text};
use crate::error::ComplianceError;

/// A profile's file as it was read. This room reads none itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileFile {
    /// What it says.
    pub text: String,
    /// Which file it is: the same by whatever path, `..`, or link it was named.
    pub identity: String,
}

/// Reads the file of a profile by its path, or says why it cannot.
pub type ReadProfile<'a> = dyn Fn(&str) -> Result<ProfileFile, String> + 'a;

/// Profiles that extend one another, at most.
const DEEPEST: usize = 8;
/// Profiles that are joined into one, at most.
const MOST: usize = 64;

/// Something about a profile that keeps nobody from using it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileWarning {
    /// The file, as it was named.
    pub file: String,
    /// Where in its text.
    pub at: Place,
    /// What.
    pub message: String,
}

/// The profile of a name that ships, or of a path, with all that it extends.
pub fn load(reference: &str, read: &ReadProfile<'_>) -> Result<Profile, ComplianceError> {
    Walk::new(read).named(reference).map(|(profile, _)| profile)
}

/// The same, with the tests of its own checks tried, and what is to be thought of.
pub fn lint(reference: &str, read: &ReadProfile<'_>) -> Result<(Profile, Vec<ProfileWarning>), ComplianceError> {
    let mut walk = Walk { lints: true, ..Walk::new(read) };
    let (profile, _) = walk.named(reference)?;
    Ok((profile, walk.warnings))
}

/// Whether a profile is named by the path of its file, not by its name.
pub fn is_path(reference: &str) -> bool {
    reference.contains(['/', '\\']) || [".yaml", ".yml", ".json"].iter().any(|ending| reference.ends_with(ending))
}

/// The text of a profile by its name or path, as it was written.
pub fn profile_text(reference: &str, read: &ReadProfile<'_>) -> Result<String, ComplianceError> {
    file(reference, read).map(|file| file.text)
}

fn file(reference: &str, read: &ReadProfile<'_>) -> Result<ProfileFile, ComplianceError> {
    if is_path(reference) {
        return read(reference).map_err(|reason| ComplianceError::Unreadable { path: reference.to_owned(), reason });
    }
    let unknown =
        || ComplianceError::UnknownProfile { name: reference.to_owned(), shipped: shipped_names().collect::<Vec<_>>().join(", "), by_path: true, nearest: nearest(reference, shipped_names()) };
    shipped_text(reference).map(|text| ProfileFile { text: text.to_owned(), identity: reference.to_owned() }).ok_or_else(unknown)
}

/// A path beside the file that names it; a name is what it is.
fn beside(file: &str, reference: &str) -> String {
    match Some(file).filter(|file| is_path(file)).and_then(|file| file.rsplit_once('/')).map(|(folder, _)| folder) {
        Some(folder) if is_path(reference) && !reference.starts_with('/') => format!("{folder}/{}", reference.trim_start_matches("./")),
        _ => reference.to_owned(),
    }
}

struct Walk<'a> {
    read: &'a ReadProfile<'a>,
    /// From the first to the one that is being read: as it was named, and which it is.
    open: Vec<(String, String)>,
    joined: usize,
    /// Whether tests are tried.
    lints: bool,
    warnings: Vec<ProfileWarning>,
}

impl<'a> Walk<'a> {
    fn new(read: &'a ReadProfile<'a>) -> Self {
        Self { read, open: Vec::new(), joined: 0, lints: false, warnings: Vec::new() }
    }

    fn named(&mut self, name: &str) -> Result<(Profile, Origins), ComplianceError> {
        self.joined += 1;
        if self.joined > MOST {
            return Err(ComplianceError::Depth { what: format!("more than {MOST} profiles are joined") });
        }
        let file = file(name, self.read)?;
        let chain = || self.open.iter().map(|(name, _)| name.as_str()).chain([name]).collect::<Vec<_>>().join(" → ");
        if self.open.iter().any(|(_, open)| *open == file.identity) {
            return Err(ComplianceError::Cycle { chain: chain() });
        }
        if self.open.len() == DEEPEST {
            return Err(ComplianceError::Depth { what: format!("profiles extend each other more than {DEEPEST} deep: {}", chain()) });
        }
        self.open.push((name.to_owned(), file.identity.clone()));
        let read = self.of_file(name, &file);
        self.open.pop();
        read
    }

    fn of_file(&mut self, name: &str, file: &ProfileFile) -> Result<(Profile, Origins), ComplianceError> {
        let (document, places) = ProfileDocument::from_yaml(&file.text).map_err(|error| ProfileFaults::of_shape(name, &error))?;
        let mut faults = Faults::new(name, &places);
        let mut parents = Vec::new();
        for (index, reference) in document.extends.iter().enumerate() {
            let at = format!("extends[{index}]");
            match self.named(&beside(name, reference)) {
                Ok((profile, origins)) => parents.push(Parent { name: profile.metadata.name.clone(), at, profile, origins }),
                // What is wrong with another file stands there.
                Err(error @ ComplianceError::Faults(_)) => return Err(error),
                // Without an end nothing else of the file can be judged.
                Err(error @ (ComplianceError::Cycle { .. } | ComplianceError::Depth { .. })) => return Err(faults.alone(&at, error)),
                Err(error) => faults.add(&at, error),
            }
        }
        for (index, custom) in document.custom.iter().enumerate().filter(|(_, custom)| custom.tests.is_empty()) {
            let message = format!("{} has no tests: nothing shows that it can fail", custom.id);
            self.warnings.push(ProfileWarning { file: name.to_owned(), at: places.at(&format!("custom[{index}].id")), message });
        }
        let origins = origins(&parents, &document.controls, &file.identity);
        let profile = join(&document, &parents, &origins, faults, self.lints)?;
        for parameter in unreasoned(&document, &profile) {
            let message = format!("{parameter} is looser than its check has it, and nothing says why: {{ value: …, reason: … }}");
            self.warnings.push(ProfileWarning { file: name.to_owned(), at: places.at(&format!("parameters.{parameter}")), message });
        }
        Ok((profile, origins))
    }
}

/// Reads a profile whose text is at hand.
pub fn from_text(name: &str, text: &str, read: &ReadProfile<'_>) -> Result<Profile, ComplianceError> {
    let file = ProfileFile { text: text.to_owned(), identity: name.to_owned() };
    Walk { open: vec![(name.to_owned(), file.identity.clone())], joined: 1, ..Walk::new(read) }.of_file(name, &file).map(|(profile, _)| profile)
}
