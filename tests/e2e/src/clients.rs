//! Clients that ask all the time, while something is done to what they talk to.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::Site;

/// Clients that ask one page again and again over connections that they keep, each twice a second.
pub struct Clients {
    running: Vec<(Child, PathBuf)>,
    folder: tempfile::TempDir,
}

/// What became of their requests.
#[derive(Debug)]
pub struct Asked {
    /// How many were answered with the status that was expected.
    pub well: usize,
    /// The others: status and what curl says of it, and how often.
    pub failed: BTreeMap<String, usize>,
}

impl Asked {
    /// All requests.
    pub fn all(&self) -> usize {
        self.well + self.failed.values().sum::<usize>()
    }
}

impl Clients {
    /// They believe this authority alone.
    pub fn start(site: &Site, authority: &Path, url: &str, clients: usize) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let url = format!("{url}?n=[1-100000]");
        let running = (0..clients).map(|number| client(site, authority, &url, folder.path().join(format!("{number}.log")))).collect();
        Self { running, folder }
    }

    /// Ends them; the status is what a request is to be answered with.
    pub fn stop(self, status: &str) -> Asked {
        let mut asked = Asked { well: 0, failed: BTreeMap::new() };
        for (mut child, log) in self.running {
            child.kill().and_then(|()| child.wait()).unwrap_or_else(|error| panic!("curl does not end: {error}"));
            let lines = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("no log of curl: {error}"));
            for line in lines.lines() {
                if line.starts_with(status) {
                    asked.well += 1;
                } else {
                    *asked.failed.entry(line.trim().to_owned()).or_default() += 1;
                }
            }
        }
        drop(self.folder);
        asked
    }
}

fn client(site: &Site, authority: &Path, url: &str, log: PathBuf) -> (Child, PathBuf) {
    let file = File::create(&log).unwrap_or_else(|error| panic!("no log for curl: {error}"));
    let mut command = site.bed.admin("curl");
    // Over HTTP/2 this curl takes a GOAWAY that crosses its request for a failure; RFC 9113 §6.8 says to ask again, as registry clients do.
    command.args(["--silent", "--http1.1", "--rate", "2/s", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{stderr}%{http_code} %{errormsg}\\n", "--cacert"]).arg(authority).arg(url);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn().unwrap_or_else(|error| panic!("curl does not start: {error}"));
    (child, log)
}
