//! Files of profiles are read here; what they say is none of the command line's business.

use std::fs::File;
use std::io::Read;

use airlock_model::answers::LARGEST;
use airlock_platform::profiles::load;
use airlock_platform::{ComplianceError, PlatformError};

use crate::failure::Failure;

/// The profile of a name that ships, or of a path.
pub(crate) fn named(reference: &str) -> Result<airlock_model::Profile, Failure> {
    load(reference, &text).map_err(failure)
}

/// The text of a file, or why it cannot be read. No more than the parser will take, whatever the file is.
pub(crate) fn text(path: &str) -> Result<String, String> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes)).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned())
}

pub(crate) fn failure(error: ComplianceError) -> Failure {
    PlatformError::from(error).into()
}
