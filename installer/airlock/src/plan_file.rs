//! A file becomes a plan that somebody approved.

use std::io;
use std::path::Path;

use airlock_platform::WrittenPlan;

use crate::failure::Failure;
use crate::{answers_file, bounded_file};

/// Bytes that are read; the plan of a whole installation has less than one million.
const LARGEST: usize = 32 << 20;

/// Reads the plan and sees that a namespace given by flag is its own.
pub(crate) fn read(path: &Path, namespace: Option<&str>) -> Result<WrittenPlan, Failure> {
    let read = bounded_file::bytes(path, LARGEST).and_then(|bytes| if bytes.len() > LARGEST { Err(io::Error::other("it is larger than any plan")) } else { Ok(bytes) });
    let bytes = read.map_err(|source| Failure::FileUnreadable { path: path.to_owned(), source })?;
    let written = WrittenPlan::read(&bytes, &answers_file::look)?;
    match namespace {
        Some(asked) if asked != written.namespace() => Err(Failure::Argument(format!("--namespace says `{asked}`, but the plan is for `{}`", written.namespace()))),
        _ => Ok(written),
    }
}
