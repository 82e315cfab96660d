//! An evidence folder and its head as they lie on a disk. Links are not followed, and files of any size are hashed piece by piece.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use airlock_compliance::evidence::{Head, HeadError, KeptReport, Period, REPORT, RUN, SIGNATURE, SUMS, SeenFolder, SeenRun, Span, Verification, period};
use airlock_model::{Digest, RunName};
use sha2::{Digest as _, Sha256};

use super::disk::{LOCK, bounded, failed, lock_to_read};
use super::error::EvidenceError;

/// What a hidden run that is not finished is called, before its name.
pub(super) const UNFINISHED: &str = ".unfinished-";
/// How the files begin in which a writer remembers what it has told a sink of.
pub(super) const SENT: &str = ".sent-";
/// Bytes of a list that are read.
pub(super) const LARGEST_SUMS: u64 = 64 << 10;
/// Bytes of a `run.json` that are read; the plans of ten deployments have some fifty thousand.
const LARGEST_RECORD: u64 = 16 << 20;
/// Bytes of a report that are read; one of ten thousand objects has some ten million.
pub(super) const LARGEST_REPORT: u64 = 1 << 30;
/// Bytes of a signature's file that are read.
const LARGEST_SIGNATURE: u64 = 1024;
/// Bytes of a head that are read; a line has less than 120.
const LARGEST_HEAD: u64 = 64 << 20;

/// Reads a folder and the head beside it, at a moment when nobody writes to it.
pub fn read(folder: &Path, head_file: Option<&Path>) -> Result<(SeenFolder, Option<Head>), EvidenceError> {
    let _lock = lock_to_read(folder);
    let mut seen = SeenFolder::default();
    for name in names(folder)? {
        if name == LOCK || name.starts_with(UNFINISHED) || name.starts_with(SENT) {
            continue;
        }
        let path = folder.join(&name);
        // What cannot be looked at, as under a name that is no text, belongs to no run.
        let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
        // Whatever it is called: what has a list was a run once.
        if is_folder && (name.parse::<RunName>().is_ok() || path.join(SUMS).symlink_metadata().is_ok()) {
            seen.runs.push(run(&path, name)?);
        } else {
            seen.strays.push(name);
        }
    }
    Ok((seen, head_file.map(collected).transpose()?))
}

/// Tells of a time by the reports of those runs that are believed.
pub fn told(folder: &Path, seen: &SeenFolder, verification: &Verification, span: Span) -> Result<Period, EvidenceError> {
    let mut reports = BTreeMap::new();
    for run in span.runs(verification).filter(|run| verification.believes(run)) {
        let path = folder.join(run.folder.raw()).join(REPORT);
        let bytes = bounded(&path, LARGEST_REPORT).map_err(failed("read", &path))?;
        let listed = seen.runs.iter().find(|seen| seen.folder == run.folder.raw()).and_then(|seen| seen.files.get(REPORT)?.as_ref().ok());
        if listed != Some(&Digest::of(&bytes)) {
            return Err(EvidenceError::Report { path, source: None });
        }
        let report: KeptReport = serde_json::from_slice(&bytes).map_err(|source| EvidenceError::Report { path, source: Some(source) })?;
        reports.insert(run.folder.raw().to_owned(), report);
    }
    Ok(period(span, verification, &reports))
}

/// Reads what a sink was told, or the log of a writer.
fn collected(path: &Path) -> Result<Head, EvidenceError> {
    Head::collected(&head_text(path)?).map_err(|source| EvidenceError::Head { path: path.to_owned(), source })
}

/// Reads the log of a writer.
pub(super) fn head(path: &Path) -> Result<Head, EvidenceError> {
    Head::parse(&head_text(path)?).map_err(|source| EvidenceError::Head { path: path.to_owned(), source })
}

/// The text of a head.
pub(super) fn head_text(path: &Path) -> Result<String, EvidenceError> {
    let bytes = bounded(path, LARGEST_HEAD).map_err(failed("read", path))?;
    String::from_utf8(bytes).map_err(|_| EvidenceError::Head { path: path.to_owned(), source: HeadError::Line(1) })
}

/// Names in a folder, sorted.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, EvidenceError> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed("read", folder))?;
    let mut names: Vec<String> = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn run(path: &Path, folder: String) -> Result<SeenRun, EvidenceError> {
    let mut files = BTreeMap::new();
    for name in names(path)?.into_iter().filter(|name| name != SUMS && name != SIGNATURE) {
        let digest = plain(&path.join(&name)).and_then(|mut file| digest(&mut file)).map_err(|error| error.to_string());
        files.insert(name, digest);
    }
    let of = |name: &str, most| plain(&path.join(name)).and_then(|_| bounded(&path.join(name), most));
    let signature = match of(SIGNATURE, LARGEST_SIGNATURE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        // One that cannot be read is wrong, not missing.
        signature => Some(signature.unwrap_or_default()),
    };
    let record = if files.contains_key(RUN) { of(RUN, LARGEST_RECORD).ok() } else { None };
    Ok(SeenRun { folder, sums: of(SUMS, LARGEST_SUMS).map_err(|error| error.to_string()), record, signature, files })
}

/// A plain file; a link, a folder, or a pipe is none.
fn plain(path: &Path) -> io::Result<File> {
    if path.symlink_metadata()?.is_file() { File::open(path) } else { Err(io::Error::other("it is no plain file")) }
}

fn digest(file: &mut File) -> io::Result<Digest> {
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(Digest::from_hash(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}
