//! What writing needs of a disk: the lock of a folder, and files that are there after a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use super::error::EvidenceError;

/// The file that a writer holds.
pub(super) const LOCK: &str = ".lock";

pub(super) fn failed<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> EvidenceError + 'a {
    move |source| EvidenceError::Folder { what, path: path.to_owned(), source }
}

/// Waits until nobody else writes to the folder. Whoever is killed lets go.
pub(super) fn lock_to_write(folder: &Path) -> Result<File, EvidenceError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed("write", &path))?;
    file.lock().map_err(failed("lock", &path))?;
    Ok(file)
}

/// The same for a reader. None: the folder is a copy without a lock, or on a disk that has none, and nobody writes to it.
pub(super) fn lock_to_read(folder: &Path) -> Option<File> {
    let file = File::open(folder.join(LOCK)).ok()?;
    file.lock_shared().is_ok().then_some(file)
}

/// Writes a new file and waits until the disk has it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), EvidenceError> {
    let written = File::create_new(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(failed("write", path))
}

/// Adds to the end of a file.
pub(super) fn append(path: &Path, text: &str) -> Result<(), EvidenceError> {
    let written = OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(failed("write", path))
}

/// Waits until the disk has the names in a folder.
pub(super) fn settle(folder: &Path) -> Result<(), EvidenceError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write", folder))
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), EvidenceError> {
    fs::rename(from, to).map_err(failed("write", to))
}

/// So many bytes at most; an error where there are more.
pub(super) fn bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(io::Error::other("it is too large")) } else { Ok(bytes) }
}
