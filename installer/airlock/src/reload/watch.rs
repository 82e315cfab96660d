//! Whether mounted files changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What tells a file from another one with the same name: inode, size, time of change in nanoseconds.
type Mark = (u64, u64, i64, i64);

/// The files of some folders, as they are now. Links are followed: a swap of `..data` changes every file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State(BTreeMap<PathBuf, Mark>);

impl State {
    /// A folder that cannot be read has no files; the next look may find some.
    pub(super) fn of(folders: &[PathBuf]) -> Self {
        let mut files = BTreeMap::new();
        for folder in folders {
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| !is_bookkeeping(path)) {
                if let Ok(file) = fs::metadata(&path) {
                    files.insert(path, (file.ino(), file.size(), file.ctime(), file.ctime_nsec()));
                }
            }
        }
        Self(files)
    }
}

/// `..data` and the folders behind it; the files themselves are looked at through their own names.
fn is_bookkeeping(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_swap_as_the_kubelet_makes_it_is_a_change_and_looking_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (version, text) in [("..1", "old"), ("..2", "new")] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("tls.crt"), text).unwrap();
        }
        symlink("..1", at("..data")).unwrap();
        symlink("..data/tls.crt", at("tls.crt")).unwrap();
        let folders = [folder.path().to_owned()];
        let before = State::of(&folders);
        assert_eq!(State::of(&folders), before);

        symlink("..2", at("..data_tmp")).unwrap();
        fs::rename(at("..data_tmp"), at("..data")).unwrap();
        assert_ne!(State::of(&folders), before);
    }

    #[test]
    fn a_folder_that_appears_later_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let later = folder.path().join("later");
        let before = State::of(std::slice::from_ref(&later));
        fs::create_dir(&later).unwrap();
        fs::write(later.join("file"), "x").unwrap();
        assert_ne!(State::of(&[later]), before);
    }
}
