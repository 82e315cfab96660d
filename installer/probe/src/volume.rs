//! How full a volume is, asked of its file system from beside the program that writes to it: no right in the cluster is needed for
//! it, and no kubelet's certificate has to verify.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use crate::MeasureError;
use crate::measurements::Door;

/// A file system behind a network may not answer at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// A volume, as a pod mounts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountedVolume {
    /// The claim that it belongs to.
    pub claim: String,
    /// Where it is mounted.
    pub path: PathBuf,
}

/// Answers with how full a volume is until the process is told to end (SIGTERM): over TLS and by password where `web_config` says so.
pub async fn measure_volume(listen: SocketAddr, web_config: Option<&Path>, volume: &MountedVolume) -> Result<(), MeasureError> {
    Door::new(listen, web_config)?.serve(|| measured(volume)).await
}

async fn measured(volume: &MountedVolume) -> Result<String, String> {
    let path = volume.path.clone();
    let asked = timeout(PATIENCE, tokio::task::spawn_blocking(move || Room::of(&path))).await;
    let room = asked.map_err(|_| "the file system does not answer".to_owned())?.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    Ok(room.told(&volume.claim))
}

/// What a file system has, and what of it somebody who is not root may still use.
#[derive(Debug)]
struct Room {
    bytes: u64,
    free_bytes: u64,
    files: u64,
    free_files: u64,
}

impl Room {
    fn of(path: &Path) -> io::Result<Self> {
        let found = rustix::fs::statvfs(path)?;
        // Blocks are counted in fragments (POSIX, sys/statvfs.h).
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(Self { bytes: bytes(found.f_blocks), free_bytes: bytes(found.f_bavail), files: found.f_files, free_files: found.f_favail })
    }

    /// In Prometheus' text format. A file system that makes inodes as they are needed counts none, and tells none.
    fn told(&self, claim: &str) -> String {
        let mut series = vec![("airlock_volume_size_bytes", self.bytes), ("airlock_volume_free_bytes", self.free_bytes)];
        if self.files > 0 {
            series.extend([("airlock_volume_inodes", self.files), ("airlock_volume_free_inodes", self.free_files)]);
        }
        let mut text = String::new();
        for (name, value) in series {
            let _ = writeln!(text, "# TYPE {name} gauge\n{name}{{persistentvolumeclaim=\"{claim}\"}} {value}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_a_count_of_inodes_tells_none() {
        let told = |files| Room { bytes: 4096, free_bytes: 1024, files, free_files: files / 2 }.told("registry-data");
        let lines = |text: &str| text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
        let bytes = ["airlock_volume_size_bytes{persistentvolumeclaim=\"registry-data\"} 4096", "airlock_volume_free_bytes{persistentvolumeclaim=\"registry-data\"} 1024"];
        let inodes = ["airlock_volume_inodes{persistentvolumeclaim=\"registry-data\"} 10", "airlock_volume_free_inodes{persistentvolumeclaim=\"registry-data\"} 5"];
        assert_eq!(lines(&told(0)), bytes);
        assert_eq!(lines(&told(10)), [bytes, inodes].concat());
    }

    #[test]
    fn a_folder_has_room_and_what_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::of(folder.path()).unwrap();
        assert!(room.bytes > 0 && room.free_bytes <= room.bytes && room.free_files <= room.files, "{room:?}");
        assert_eq!(Room::of(&folder.path().join("absent")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
