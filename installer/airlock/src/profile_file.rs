//! Files of profiles are read here; what they say is none of the command line's business.

use std::io;
use std::path::Path;

use airlock_model::answers::LARGEST;
use airlock_platform::profiles::{DecisionKind, load};
use airlock_platform::{ComplianceError, Handed, PlatformError};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::bounded_file;
use crate::failure::Failure;

/// Bytes of a signature's file that are read.
const LARGEST_SIGNATURE: usize = 1024;

/// The profile of a name that ships, or of a path.
pub(crate) fn named(reference: &str) -> Result<airlock_model::Profile, Failure> {
    load(reference, &text).map_err(failure)
}

/// The text of a file, or why it cannot be read. No more than the parser will take, whatever the file is.
pub(crate) fn text(path: &str) -> Result<String, String> {
    bounded_file::text(Path::new(path), LARGEST).map_err(|error| error.to_string())
}

/// A document and what stands beside it as its signature.
pub(crate) fn handed(file: &Path, kind: DecisionKind) -> Result<Handed, Failure> {
    let unreadable = |why| Failure::FileUnreadable { path: file.to_owned(), source: io::Error::other(why) };
    let name = file.to_string_lossy().into_owned();
    let beside = format!("{name}.sig");
    let signature = bounded_file::bytes(Path::new(&beside), LARGEST_SIGNATURE).map_err(|error| format!("{beside}: {error}"));
    Ok(Handed { text: text(&name).map_err(unreadable)?, file: name, kind, signature })
}

/// The day in UTC.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

pub(crate) fn failure(error: ComplianceError) -> Failure {
    PlatformError::from(error).into()
}
