//! A file as it was found: read at most as far as it can be meant, and wiped when it is no longer needed.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use super::LARGEST_FILE;
use crate::finding::{TlsFinding, Way};

/// A file as whoever may read files found it. It can hold a private key, so its bytes are wiped when dropped.
pub struct Content {
    /// Its path, for sentences.
    pub name: String,
    /// Its bytes, or why the system did not hand them out. More than [`LARGEST_FILE`] are refused.
    pub bytes: Result<Zeroizing<Vec<u8>>, String>,
    /// Its permissions, as POSIX has them, where the system has them.
    pub mode: Option<u32>,
}

impl Content {
    /// Reads a file. That it cannot be read is part of what is found.
    pub fn of_file(path: &Path) -> Self {
        let (bytes, mode) = match read(path) {
            Ok((bytes, mode)) => (Ok(bytes), Some(mode)),
            Err(error) => (Err(error.to_string()), None),
        };
        Self { name: path.display().to_string(), bytes, mode }
    }

    /// Bytes that stood elsewhere than in a file.
    pub fn of_bytes(name: impl Into<String>, bytes: &[u8]) -> Self {
        Self { name: name.into(), bytes: Ok(Zeroizing::new(bytes.to_vec())), mode: None }
    }

    pub(super) fn bytes(&self) -> Result<&[u8], TlsFinding> {
        self.bytes.as_ref().map(|bytes| bytes.as_slice()).map_err(|reason| {
            TlsFinding::error("tls.file-unreadable", format!("the file {} cannot be read: {reason}", self.name), Way::GiveFile, "give the path of a file that exists and that you may read")
        })
    }
}

fn read(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, u32)> {
    let file = File::open(path)?;
    let mode = file.metadata()?.mode();
    // Room for the whole of it: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST_FILE + 1));
    file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_its_mode_and_a_folder_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pem");
        std::fs::write(&file, "x").unwrap();
        let read = Content::of_file(&file);
        assert_eq!((read.bytes.unwrap().as_slice(), read.mode.is_some_and(|mode| mode & 0o400 != 0)), (&b"x"[..], true));
        assert!(Content::of_file(folder.path()).bytes.unwrap_err().contains("directory"));
        assert!(Content::of_file(&folder.path().join("gone")).bytes.unwrap_err().contains("No such file"));
    }
}
