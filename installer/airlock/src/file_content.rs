//! Files with certificates, keys, and passwords: read at most as far as they can be meant, and wiped when they are no longer needed.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use airlock_model::Secret;
use airlock_model::answers::SecretReference;
use airlock_tls::{Content, LARGEST_FILE};
use zeroize::Zeroizing;

use crate::environment;
use crate::failure::Failure;

/// Reads a file. That it cannot be read is part of what is found.
pub(crate) fn content(path: &Path) -> Content {
    let (bytes, mode) = match read(path) {
        Ok((bytes, mode)) => (Ok(bytes), Some(mode)),
        Err(error) => (Err(error.to_string()), None),
    };
    Content { name: path.display().to_string(), bytes, mode }
}

fn read(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, u32)> {
    let file = File::open(path)?;
    let mode = file.metadata()?.mode();
    // Room for the whole of it: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST_FILE + 1));
    file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, mode))
}

/// Reads what a reference leads to. One line end behind it is left out, as shells and editors write one. A text that is no
/// reference is not repeated: it could be the password itself.
pub(crate) fn password(reference: &str) -> Result<Secret<String>, Failure> {
    let wrong = |what: String| Failure::Argument(format!("--key-password: {what}"));
    let text = match reference.parse::<SecretReference>().map_err(|error| wrong(format!("it {error}")))? {
        SecretReference::File(path) => {
            let unreadable = |source| Failure::FileUnreadable { path: path.clone(), source };
            let (bytes, _) = read(&path).map_err(unreadable)?;
            let text = std::str::from_utf8(&bytes).map_err(|_| unreadable(io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8")))?;
            Zeroizing::new(text.to_owned())
        }
        SecretReference::Environment(name) => Zeroizing::new(environment::text(&name).ok_or_else(|| wrong(format!("env:{name} is not set here")))?),
        SecretReference::Key(_) => return Err(wrong("a Secret in the cluster is not read here; possible are env:NAME and file:PATH".to_owned())),
    };
    let bare = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Secret::new(bare.to_owned()))
}

/// Reads several files.
pub(crate) fn contents(paths: &[PathBuf]) -> Vec<Content> {
    paths.iter().map(|path| content(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_its_mode_and_a_folder_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pem");
        std::fs::write(&file, "x").unwrap();
        let read = content(&file);
        assert_eq!((read.bytes.unwrap().as_slice(), read.mode.is_some_and(|mode| mode & 0o400 != 0)), (&b"x"[..], true));
        assert!(content(folder.path()).bytes.unwrap_err().contains("directory"));
        assert!(content(&folder.path().join("gone")).bytes.unwrap_err().contains("No such file"));
    }

    #[test]
    fn the_line_end_behind_a_password_is_not_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        for (written, meant) in [("geheim\n", "geheim"), ("geheim\r\n", "geheim"), (" geheim ", " geheim "), ("a\n\n", "a\n")] {
            std::fs::write(&file, written).unwrap();
            assert_eq!(password(&format!("file:{}", file.display())).ok().unwrap().expose(), meant);
        }
        for wrong in ["env:AIRLOCK_IS_NOT_SET", "hunter2", "secret:a/b#c"] {
            let Err(Failure::Argument(text)) = password(wrong) else { panic!("{wrong}") };
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
