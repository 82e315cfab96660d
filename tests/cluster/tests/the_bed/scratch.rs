//! Folders of the tests' own, below the build's.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// An empty folder of this name.
pub(crate) fn folder(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
