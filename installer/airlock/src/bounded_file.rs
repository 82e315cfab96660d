//! Files that a person names, read no further than their parser would take.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use airlock_model::Digest;
use airlock_platform::open_named;
use sha2::{Digest as _, Sha256};

/// No more than `most` bytes and one: who parses them sees that they are too many.
pub(crate) fn bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_named(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same as text.
pub(crate) fn text(path: &Path, most: usize) -> io::Result<String> {
    String::from_utf8(bytes(path, most)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"))
}

/// The digest of a file of any size, read piece by piece. What is no plain file may have no end.
pub(crate) fn digest(path: &Path) -> io::Result<Digest> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    let (mut file, mut hash, mut piece) = (File::open(path)?, Sha256::new(), vec![0; 64 << 10]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(Digest::from_hash(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_seen_and_not_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "0123456789").unwrap();
        assert_eq!(bytes(&path, 4).unwrap(), b"01234");
        assert_eq!(text(&path, 10).unwrap(), "0123456789");
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(text(&path, 10).unwrap_err().to_string(), "it is not text in UTF-8");
    }

    #[test]
    fn a_file_of_any_size_has_a_digest_and_what_never_ends_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let large = vec![7; 200_000];
        std::fs::write(&path, &large).unwrap();
        assert_eq!(digest(&path).unwrap(), Digest::of(&large));
        assert_eq!(digest(Path::new("/dev/zero")).unwrap_err().to_string(), "it is no plain file");
    }
}
