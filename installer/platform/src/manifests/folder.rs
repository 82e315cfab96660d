//! The files of a folder and of those below it, in the order of their names.

use std::io;
use std::path::Path;

use super::{Content, Source, is_manifest};

/// Folders in folders that are looked into.
const DEEPEST: usize = 64;

/// All of them. Hidden ones are left out; links to folders are not followed, and are told, since what is behind them was not read.
pub(super) fn files(folder: &Path) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    below(folder, 0, &mut found)?;
    Ok(found)
}

fn below(folder: &Path, depth: usize, found: &mut Vec<Source>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let (name, short) = (path.display().to_string(), entry.file_name().to_string_lossy().into_owned());
        if short.starts_with('.') {
            continue;
        }
        let mut unreadable = |why: String| found.push(Source { name: name.clone(), content: Content::Unreadable(why) });
        match path.metadata() {
            Ok(behind) if behind.is_dir() && entry.file_type()?.is_symlink() => unreadable("a link to a folder is not followed; give the folder itself".to_owned()),
            Ok(behind) if behind.is_dir() && depth == DEEPEST => unreadable(format!("folders stand more than {DEEPEST} deep")),
            Ok(behind) if behind.is_dir() => {
                if let Err(error) = below(&path, depth + 1, found) {
                    found.push(Source { name, content: Content::Unreadable(format!("the folder cannot be read: {error}")) });
                }
            }
            // A pipe or a device may never end, and a folder is read whole.
            Ok(behind) if is_manifest(&short) && !behind.is_file() => unreadable("it is no regular file; give its content by `--manifests -`".to_owned()),
            Ok(_) if is_manifest(&short) => found.push(Source { name, content: Content::Path(path) }),
            Err(error) if is_manifest(&short) => unreadable(format!("the file cannot be read: {error}")),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}
