//! The log file of a run under the user's state folder: names and events, never values. It is for looking back, so a run goes on without it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use airlock_model::Event;
use jiff::Timestamp;
use serde::Serialize;
use tracing_subscriber::fmt::MakeWriter;

use crate::environment;

/// Logs that are kept.
const KEPT: usize = 50;
/// What of our own rooms is written; other crates may write bodies of requests, which could hold secrets.
const DIRECTIVES: &str = "off,airlock=debug,airlock_platform=debug,airlock_engine=debug,airlock_cluster=debug,airlock_registry=debug,airlock_render=debug";

/// The log file of a run. Clones write to the same file.
#[derive(Clone, Debug)]
pub(crate) struct RunLog {
    path: PathBuf,
    file: Arc<Mutex<File>>,
}

#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    logged: Timestamp,
    #[serde(flatten)]
    what: &'a T,
}

impl RunLog {
    /// Opens the log of this run and removes the oldest ones.
    pub(crate) fn open(command: &str) -> io::Result<Self> {
        let folder = environment::state().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no home folder"))?.join("runs");
        Self::open_in(&folder, command, Timestamp::now())
    }

    fn open_in(folder: &Path, command: &str, now: Timestamp) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        remove_oldest(folder, KEPT - 1)?;
        let stamp = now.strftime("%Y%m%dT%H%M%S");
        let path = folder.join(format!("{stamp}-{command}-{}.log", std::process::id()));
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        Ok(Self { path, file: Arc::new(Mutex::new(file)) })
    }

    /// Lets our own rooms write their traces here as well.
    pub(crate) fn trace(&self) {
        let filter = tracing_subscriber::EnvFilter::new(DIRECTIVES);
        // A second subscriber in one process happens in tests only and is no loss.
        let _ = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(self.clone()).try_init();
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes an event.
    pub(crate) fn event(&self, event: &Event) {
        self.line(event);
    }

    /// Writes how the run began or ended.
    pub(crate) fn note(&self, what: &impl Serialize) {
        self.line(what);
    }

    fn line(&self, what: &impl Serialize) {
        if let Ok(mut line) = serde_json::to_vec(&Line { logged: Timestamp::now(), what }) {
            line.push(b'\n');
            // A full disk must not end a run that can go on.
            let _ = self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
        }
    }
}

/// Keeps the newest logs; their names begin with the time.
fn remove_oldest(folder: &Path, keep: usize) -> io::Result<()> {
    let mut logs: Vec<PathBuf> = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|extension| extension == "log")).collect();
    logs.sort();
    let surplus = logs.len().saturating_sub(keep);
    for path in &logs[..surplus] {
        // Another run may have removed it in the meantime.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

impl<'a> MakeWriter<'a> for RunLog {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for RunLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_log_is_private_and_the_oldest_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("state/runs");
        for second in 0..55 {
            let log = RunLog::open_in(&runs, "install", Timestamp::from_second(1_800_000_000 + second).unwrap()).unwrap();
            log.event(&Event::RunFinished { run: "r".into(), at: Timestamp::UNIX_EPOCH });
            assert_eq!(fs::metadata(log.path()).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let mut names: Vec<_> = fs::read_dir(&runs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names.len(), KEPT);
        assert!(names[0].starts_with("20270115T080005-install-"), "{names:?}");
        let text = fs::read_to_string(runs.join(&names[0])).unwrap();
        assert!(text.contains(r#""event":"runFinished","run":"r""#), "{text}");
    }
}
