//! Files that a person names, read no further than their parser would take.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// No more than `most` bytes and one: who parses them sees that they are too many.
pub(crate) fn bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same as text.
pub(crate) fn text(path: &Path, most: usize) -> io::Result<String> {
    String::from_utf8(bytes(path, most)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text in UTF-8"))
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
}
