//! Writes to the disk. Written content is durable when the method that writes it returns. A created, renamed or removed
//! name is durable after [`Disk::sync_directory`].

#[cfg(test)]
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

use portcullis_store::file_access::{open_as, open_directory};
use zstd::stream::write::Encoder;

use crate::files::open_plain;

/// The level of the compression.
const LEVEL: i32 = 3;

/// The disk. In tests, operations fail after a given number of bytes and operations.
#[derive(Debug)]
pub(crate) struct Disk {
    #[cfg(test)]
    left: AtomicUsize,
    /// True if only writes of bytes fail, as on a full disk.
    #[cfg(test)]
    is_full: AtomicBool,
}

impl Disk {
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(test)]
            left: AtomicUsize::new(usize::MAX),
            #[cfg(test)]
            is_full: AtomicBool::new(false),
        }
    }

    /// Creates a file, or replaces its content.
    pub(crate) fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write(
            OpenOptions::new().write(true).create(true).truncate(true),
            path,
            bytes,
        )
    }

    /// Appends to an existing file.
    pub(crate) fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write(OpenOptions::new().append(true), path, bytes)
    }

    fn write(&self, options: &mut OpenOptions, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.use_one()?;
        let mut file = open_as(options, path)?;
        Writer {
            disk: self,
            file: &mut file,
        }
        .write_all(bytes)?;
        self.sync(&file)
    }

    /// Truncates a file to a length in bytes.
    pub(crate) fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.use_one()?;
        let file = open_as(OpenOptions::new().write(true), path)?;
        file.set_len(length)?;
        self.sync(&file)
    }

    /// Makes the content of a file durable.
    pub(crate) fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.use_one()?;
        self.sync(&open_as(OpenOptions::new().append(true), path)?)
    }

    /// Writes the compressed content of a file to another file.
    pub(crate) fn compress(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.use_one()?;
        let mut plain = open_plain(from)?;
        let mut file = open_as(
            OpenOptions::new().write(true).create(true).truncate(true),
            to,
        )?;
        let mut encoder = Encoder::new(
            Writer {
                disk: self,
                file: &mut file,
            },
            LEVEL,
        )?;
        encoder.include_checksum(true)?;
        io::copy(&mut plain, &mut encoder)?;
        encoder.finish()?;
        self.sync(&file)
    }

    /// Replaces `to` by `from`.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.use_one()?;
        fs::rename(from, to)
    }

    /// Removes a file if it exists.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.use_one()?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Makes the entries of a directory durable. A directory can be opened only on Unix.
    pub(crate) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.use_one()?;
        if cfg!(unix) {
            return self.sync(&open_directory(path)?);
        }
        Ok(())
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the disk has a state in tests")]
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the disk has a state in tests"
    )]
    const fn use_one(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes bytes to a file.
struct Writer<'a> {
    #[cfg_attr(not(test), expect(dead_code, reason = "the disk has a state in tests"))]
    disk: &'a Disk,
    file: &'a mut File,
}

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(test)]
        let bytes = self.disk.torn(bytes)?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
impl Disk {
    /// Creates a disk that fails after `left` bytes and operations: in the middle of a write, or before another
    /// operation.
    pub(crate) const fn failing_after(left: usize) -> Self {
        Self {
            left: AtomicUsize::new(left),
            is_full: AtomicBool::new(false),
        }
    }

    /// Creates a disk that is full after `left` bytes and operations: only writes of bytes fail.
    pub(crate) const fn full_after(left: usize) -> Self {
        Self {
            left: AtomicUsize::new(left),
            is_full: AtomicBool::new(true),
        }
    }

    /// Ends all failures.
    pub(crate) fn repair(&self) {
        self.left.store(usize::MAX, Ordering::SeqCst);
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        self.use_one()
    }

    fn use_one(&self) -> io::Result<()> {
        if self.use_operations(1) == 0 && !self.is_full.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk failed"));
        }
        Ok(())
    }

    /// Returns the bytes that are written before the disk fails.
    fn torn<'b>(&self, bytes: &'b [u8]) -> io::Result<&'b [u8]> {
        match self.use_operations(bytes.len()) {
            0 if !bytes.is_empty() => Err(io::Error::other("the disk is full")),
            used => Ok(&bytes[..used]),
        }
    }

    /// Uses at most `wanted` of the remaining bytes and operations and returns how many were used.
    fn use_operations(&self, wanted: usize) -> usize {
        let used = |left: usize| Some(left.saturating_sub(wanted));
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, used);
        left.unwrap_or(0).min(wanted)
    }
}
