//! Files that a person names.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

/// Opens a file. Whoever opens a named pipe waits until somebody else does, which may be never, so it is refused; what a shell gives
/// for `<(…)` is a link to one that is open already.
pub fn open_named(path: &Path) -> io::Result<File> {
    if path.symlink_metadata()?.file_type().is_fifo() {
        return Err(io::Error::other("it is a named pipe, which may never say anything; give a file"));
    }
    File::open(path)
}
