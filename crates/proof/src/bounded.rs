//! Reading of files whose size is bounded.

use std::{
    fs::File,
    io::{self, Read as _},
};

/// The maximum size of a file, in bytes.
const BYTES_MAX: u64 = 16 << 20;

/// Reads a file to its end, if it is not too large.
pub(super) fn read_bounded(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= BYTES_MAX) {
        Ok(bytes)
    } else {
        Err(io::Error::other(format!(
            "larger than {} MiB, the largest file that is read",
            BYTES_MAX >> 20
        )))
    }
}
