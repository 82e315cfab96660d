//! Files in a tar archive, compressed with gzip or not. Nothing is unpacked onto the disk.

use std::io;

use airlock_compliance::manifests::LARGEST_FILE;
use flate2::read::MultiGzDecoder;

use super::{Content, Source, bounded, is_manifest};

/// The most bytes of an archive, and of what it holds, that are read.
pub(super) const MOST: usize = 256 * 1024 * 1024;
/// So many bytes tell whether something is an archive.
pub(super) const HEAD: u64 = 512;

/// By its first bytes: gzip (RFC 1952 §2.3.1), or a header of tar (POSIX.1 `ustar`, at offset 257).
pub(super) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b]) || head.get(257..262) == Some(b"ustar")
}

/// The files with objects in an archive; compressed text that is no archive is one file.
pub(super) fn files(name: &str, bytes: &[u8]) -> Vec<Source> {
    let unreadable = |why: String| vec![Source { name: name.to_owned(), content: Content::Unreadable(why) }];
    let unpacked;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        match bounded(MultiGzDecoder::new(bytes), MOST) {
            Ok(read) => unpacked = read,
            Err(error) => return unreadable(format!("the compressed file cannot be read: {error}")),
        }
        unpacked.as_slice()
    } else {
        bytes
    };
    if bytes.len() > MOST {
        return unreadable(format!("the archive holds more than {MOST} bytes"));
    }
    if !is_archive(bytes) {
        return vec![Source { name: name.to_owned(), content: Content::Bytes(bytes[..bytes.len().min(LARGEST_FILE + 1)].to_vec()) }];
    }
    let mut found = Vec::new();
    if let Err(error) = entries(name, bytes, &mut found) {
        found.extend(unreadable(format!("the archive cannot be read to its end: {error}")));
    }
    found
}

fn entries(name: &str, bytes: &[u8], found: &mut Vec<Source>) -> io::Result<()> {
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_file() && is_manifest(&path) {
            found.push(Source { name: format!("{name}:{path}"), content: Content::Bytes(bounded(&mut entry, LARGEST_FILE)?) });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}
