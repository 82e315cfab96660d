//! Profiles by their names or paths, and documents that people hand over; what they say is none of the command line's business.

use std::io;
use std::path::Path;

pub(crate) use airlock_platform::judged_by::file;
use airlock_platform::judged_by::read;
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
    load(reference, &file).map_err(failure)
}

/// A document and what stands beside it as its signature.
pub(crate) fn handed(path: &Path, kind: DecisionKind) -> Result<Handed, Failure> {
    let unreadable = |why| Failure::FileUnreadable { path: path.to_owned(), source: io::Error::other(why) };
    let name = path.to_string_lossy().into_owned();
    let beside = format!("{name}.sig");
    let signature = bounded_file::bytes(Path::new(&beside), LARGEST_SIGNATURE).map_err(|error| format!("{beside}: {error}"));
    Ok(Handed { text: read(&name).map_err(unreadable)?, file: name, kind, signature })
}

/// The day in UTC.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

pub(crate) fn failure(error: ComplianceError) -> Failure {
    PlatformError::from(error).into()
}
