//! A file becomes a plan that somebody approved.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use airlock_platform::WrittenPlan;

use crate::answers_file;
use crate::failure::Failure;

/// Bytes that are read; the plan of a whole installation has less than one million.
const LARGEST: u64 = 32 << 20;

/// Reads the plan and sees that a namespace given by flag is its own.
pub(crate) fn read(path: &Path, namespace: Option<&str>) -> Result<WrittenPlan, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    let fits = read.and_then(|read| if read as u64 > LARGEST { Err(io::Error::other("it is larger than any plan")) } else { Ok(()) });
    fits.map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source })?;
    let written = WrittenPlan::read(&bytes, &answers_file::look)?;
    match namespace {
        Some(asked) if asked != written.namespace() => Err(Failure::Argument(format!("--namespace says `{asked}`, but the plan is for `{}`", written.namespace()))),
        _ => Ok(written),
    }
}
