//! Files with objects, judged without a cluster: folders, files, tar archives, standard input.
//!
//! Files are found in the order of their names, read and taken apart on all cores, and judged by the checks that judge a
//! cluster. What cannot be read ends nothing: it is a finding, and the gate fails.

mod archive;
mod folder;
mod pairs;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use airlock_compliance::manifests::{self, FileObjects, LARGEST_FILE};
use airlock_compliance::{Connections, Decisions, Judging, Report};
use airlock_model::{Profile, ScanReport, Snapshot};
use jiff::Timestamp;

use crate::{PlatformError, WrittenPlan};

/// Standard input, as a path.
const STDIN: &str = "-";

/// A file, and how it is called in findings.
struct Source {
    name: String,
    content: Content,
}

/// Where its bytes are.
enum Content {
    /// Still on the disk.
    Path(PathBuf),
    /// Out of an archive, or from standard input.
    Bytes(Vec<u8>),
    /// Nowhere: why it cannot be read.
    Unreadable(String),
}

/// By what objects are judged that come from no cluster.
pub struct JudgeOptions<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// What people decided about findings.
    pub decisions: &'a Decisions,
    /// Scans of images that were handed over.
    pub scan_reports: &'a [ScanReport],
    /// Whether what passes stands in the report.
    pub passes: bool,
}

impl<'a> JudgeOptions<'a> {
    /// By a profile and decisions alone; what passes is left out.
    pub const fn new(profile: &'a Profile, decisions: &'a Decisions) -> Self {
        Self { profile, decisions, scan_reports: &[], passes: false }
    }
}

/// Judges the objects of files; `-` is standard input.
pub fn judge(paths: &[PathBuf], options: &JudgeOptions<'_>) -> Result<Report, PlatformError> {
    let workers = workers();
    judged(given(paths, workers)?, options, workers)
}

/// Judges what a plan would write, before anything of it is there; `file` is where it lies.
pub fn judge_plan(file: &Path, plan: &WrittenPlan, options: &JudgeOptions<'_>) -> Result<Report, PlatformError> {
    let planned = manifests::planned(&file.display().to_string(), plan.plan());
    judged(judged_now(manifests::snapshot([planned])), options, workers())
}

fn judged(given: Snapshot, options: &JudgeOptions<'_>, workers: usize) -> Result<Report, PlatformError> {
    let given = Snapshot { scan_reports: options.scan_reports.to_vec(), ..given };
    Ok(airlock_compliance::judge_decided(options.profile, &given, options.decisions, Judging { passes: options.passes, workers })?)
}

/// Which connections the network policies of files allow; `-` is standard input.
pub fn connections(paths: &[PathBuf]) -> Result<Connections, PlatformError> {
    Ok(airlock_compliance::connections(&given(paths, workers())?))
}

fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn given(paths: &[PathBuf], workers: usize) -> Result<Snapshot, PlatformError> {
    let mut sources = Vec::new();
    for path in paths {
        sources.extend(find(path).map_err(|source| PlatformError::Manifests { path: path.clone(), source })?);
    }
    Ok(judged_now(manifests::snapshot(read_all(&sources, workers))))
}

fn judged_now(given: Snapshot) -> Snapshot {
    let now = Timestamp::now();
    Snapshot { at: Some(now), stored_certificates: Some(pairs::judged(&given, now)), ..given }
}

/// The files of one path. An error: the path itself is not there, or may not be looked at.
fn find(path: &Path) -> io::Result<Vec<Source>> {
    if path.as_os_str() == STDIN {
        return streamed(STDIN.to_owned(), io::stdin().lock());
    }
    if path.metadata()?.is_dir() {
        return folder::files(path);
    }
    let name = path.display().to_string();
    let mut file = File::open(path)?;
    let head = head(&mut file)?;
    // A pipe cannot be read twice.
    if archive::is_archive(&head) || !path.metadata()?.is_file() {
        return streamed(name, io::Cursor::new(head).chain(file));
    }
    Ok(vec![Source { name, content: Content::Path(path.to_owned()) }])
}

/// Bytes that may be an archive, which alone may hold more than a file.
fn streamed(name: String, mut from: impl Read) -> io::Result<Vec<Source>> {
    let head = head(&mut from)?;
    let is_archive = archive::is_archive(&head);
    let bytes = bounded(io::Cursor::new(head).chain(from), if is_archive { archive::MOST } else { LARGEST_FILE })?;
    Ok(if is_archive { archive::files(&name, &bytes) } else { vec![Source { name, content: Content::Bytes(bytes) }] })
}

/// What tells whether it is an archive.
fn head(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    from.take(archive::HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// So many bytes and one more, so that too many are told.
fn bounded(from: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a name is one of a file with objects.
fn is_manifest(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default();
    !name.starts_with('.') && [".yaml", ".yml", ".json"].iter().any(|ending| name.len() > ending.len() && name.to_lowercase().ends_with(ending))
}

/// Every file, in the given order.
fn read_all(sources: &[Source], workers: usize) -> Vec<FileObjects> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut read = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(source) = sources.get(index) else { return read };
            read.push((index, read_one(source)));
        }
    };
    let mut read = thread::scope(|scope| {
        let others: Vec<_> = (1..workers.min(sources.len())).map(|_| scope.spawn(work)).collect();
        let mut read = work();
        for other in others {
            read.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        read
    });
    read.sort_by_key(|(index, _)| *index);
    read.into_iter().map(|(_, file)| file).collect()
}

fn read_one(source: &Source) -> FileObjects {
    match &source.content {
        Content::Bytes(bytes) => manifests::read(&source.name, bytes),
        Content::Unreadable(why) => manifests::unreadable(&source.name, why),
        Content::Path(path) => match File::open(path).and_then(|file| bounded(file, LARGEST_FILE)) {
            Ok(bytes) => manifests::read(&source.name, &bytes),
            Err(error) => manifests::unreadable(&source.name, format!("the file cannot be read: {error}")),
        },
    }
}

#[cfg(test)]
mod tests;
