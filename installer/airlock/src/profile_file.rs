//! Files of profiles are read here; what they say is none of the command line's business.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use airlock_model::answers::LARGEST;
use airlock_platform::profiles::{DecisionKind, load};
use airlock_platform::{ComplianceError, Handed, PlatformError};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::failure::Failure;

/// Bytes of a signature's file that are read.
const LARGEST_SIGNATURE: u64 = 1024;

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

/// A document and what stands beside it as its signature.
pub(crate) fn handed(file: &Path, kind: DecisionKind) -> Result<Handed, Failure> {
    let unreadable = |why| Failure::FileUnreadable { path: file.to_owned(), source: io::Error::other(why) };
    let name = file.to_string_lossy().into_owned();
    let beside = format!("{name}.sig");
    let mut signature = Vec::new();
    let read = File::open(&beside).and_then(|file| file.take(LARGEST_SIGNATURE).read_to_end(&mut signature));
    let signature = read.map(|_| signature).map_err(|error| format!("{beside}: {error}"));
    Ok(Handed { text: text(&name).map_err(unreadable)?, file: name, kind, signature })
}

/// The day in UTC.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

pub(crate) fn failure(error: ComplianceError) -> Failure {
    PlatformError::from(error).into()
}
