//! Disk operations. Written content is durable when the method that writes it returns. A created, renamed or removed
//! name is durable after [`Disk::sync_directory`]. No operation follows a symbolic link at the end of a path, because
//! another user of the directory could have created it.

#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

pub(super) use crate::file_access::shown_name;
use crate::file_access::{check_no_link, open_as, open_directory};
use portcullis::types::Shown;

/// The disk. In tests, every operation fails after a given number of bytes and operations.
#[derive(Debug)]
pub(super) struct Disk {
    #[cfg(test)]
    left: AtomicUsize,
}

impl Disk {
    pub(super) const fn new() -> Self {
        Self {
            #[cfg(test)]
            left: AtomicUsize::new(usize::MAX),
        }
    }

    /// Creates a disk that fails after `left` bytes and operations: in the middle of a write, or before another
    /// operation.
    #[cfg(test)]
    pub(super) const fn failing_after(left: usize) -> Self {
        Self {
            left: AtomicUsize::new(left),
        }
    }

    /// Writes a file and replaces its content.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.use_one()?;
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true);
        self.write_and_sync(open_as(options, path)?, bytes)
    }

    /// Appends to a file, which is created if it does not exist.
    pub(super) fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.use_one()?;
        let mut options = OpenOptions::new();
        let options = options.append(true).create(true);
        self.write_and_sync(open_as(options, path)?, bytes)
    }

    /// Truncates a file to `length` bytes.
    pub(super) fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.use_one()?;
        let file = open_as(OpenOptions::new().write(true), path)?;
        file.set_len(length)?;
        self.sync(&file)
    }

    /// Replaces `to` by `from` atomically, with the permissions of `to`.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if let Ok(there) = fs::symlink_metadata(to) {
            check_no_link(to, &there)?;
            open(from)?.set_permissions(there.permissions())?;
        }
        self.use_one()?;
        fs::rename(from, to)
    }

    /// Removes a file if it exists.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        self.use_one()?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Makes the entries of a directory durable.
    pub(super) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.use_one()?;
        // A directory can be opened only on Unix.
        if cfg!(unix) {
            let directory = open_directory(path)?;
            return self.sync(&directory);
        }
        Ok(())
    }

    /// Writes `PATH.new` and renames it to `path`.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let new = beside(path, ".new");
        self.write(&new, bytes)?;
        self.rename(&new, path)?;
        self.sync_directory(parent(path))
    }

    fn write_and_sync(&self, mut file: File, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if let Some(torn) = bytes.get(..self.use_operations(bytes.len())) {
            // If not all bytes were written, no operation is left, so the sync fails.
            file.write_all(torn)?;
        }
        #[cfg(not(test))]
        file.write_all(bytes)?;
        self.sync(&file)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the disk has a state in tests")]
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    #[cfg(test)]
    fn sync(&self, _: &File) -> io::Result<()> {
        self.use_one()
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

    #[cfg(test)]
    fn use_one(&self) -> io::Result<()> {
        match self.use_operations(1) {
            0 => Err(io::Error::other("the disk failed")),
            _ => Ok(()),
        }
    }

    /// Uses at most `wanted` of the remaining operations and returns how many were used.
    #[cfg(test)]
    fn use_operations(&self, wanted: usize) -> usize {
        let used = |left: usize| Some(left.saturating_sub(wanted));
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, used);
        left.unwrap_or(0).min(wanted)
    }
}

/// The maximum size of a file that is read whole, except a log, in bytes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Returns the content of a file; `None` if it does not exist.
///
/// # Errors
/// Returns an error if the file is too large, or if it is a pipe or a device: a device can be endless, and opening a
/// pipe would block.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let kind = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => {
            let metadata = metadata?;
            check_no_link(path, &metadata)?;
            metadata.file_type()
        }
    };
    if !kind.is_file() && !kind.is_dir() {
        let name = shown_name(path);
        return Err(io::Error::other(format!("`{name}` is not a regular file")));
    }
    let file = match open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= FILE_BYTES_MAX) {
        return Ok(Some(bytes));
    }
    Err(io::Error::other(format!(
        "`{}` is larger than {} MiB, the largest file of a store",
        shown_name(path),
        FILE_BYTES_MAX >> 20
    )))
}

/// Returns true if a path exists, also as a symbolic link without a target.
pub(super) fn exists(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the bytes from `start` to `end`; empty if the file does not exist.
pub(super) fn read_between(path: &Path, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut file = match open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(end.saturating_sub(start))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the length of a file in bytes; 0 if it does not exist.
pub(super) fn length(path: &Path) -> io::Result<u64> {
    match fs::symlink_metadata(path) {
        Ok(there) => check_no_link(path, &there).map(|()| there.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Waits for the exclusive lock, which is held until the file is dropped.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let file = open_as(options, path)?;
    file.lock()?;
    Ok(file)
}

/// Takes the exclusive lock of a file, which is held until the file is closed. Returns `None` if another process holds it.
pub(super) fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let file = open_as(options, path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Waits for a shared lock. Returns `None` if the lock file does not exist, because then there is no writer.
pub(super) fn lock_shared(path: &Path) -> io::Result<Option<File>> {
    let file = match open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    file.lock_shared()?;
    Ok(Some(file))
}

/// Opens a file for reading.
fn open(path: &Path) -> io::Result<File> {
    open_as(OpenOptions::new().read(true), path)
}

/// Returns the path with `suffix` appended.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Returns the directory of a file; `.` for a file name without a directory.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Returns a path for messages.
pub(super) fn shown(path: &Path) -> String {
    Shown(path.display()).whole()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a path below a file. Access fails there with an error other than "not found".
    fn no_place(directory: &Path) -> PathBuf {
        let file = directory.join("file");
        fs::write(&file, "content").unwrap();
        file.join("below")
    }

    #[test]
    fn a_missing_file_is_empty() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("absent");
        assert_eq!(read(&path).unwrap(), None);
        assert!(read_between(&path, 0, 10).unwrap().is_empty());
        assert_eq!(length(&path).unwrap(), 0);
        assert!(lock_shared(&path).unwrap().is_none());
        Disk::new().remove(&path).unwrap();
    }

    #[test]
    fn an_unreadable_file_is_not_a_missing_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = no_place(directory.path());
        for failed in [
            read(&path).map(drop),
            read_between(&path, 0, 10).map(drop),
            length(&path).map(drop),
            lock_shared(&path).map(drop),
            Disk::new().remove(&path),
        ] {
            assert!(failed.is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_operation_follows_a_symbolic_link() {
        let directory = tempfile::tempdir().unwrap();
        let [target, absent, link, dangling] =
            ["target", "absent", "link", "dangling"].map(|name| directory.path().join(name));
        fs::write(&target, "content").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        std::os::unix::fs::symlink(&absent, &dangling).unwrap();
        let disk = Disk::new();
        for link in [&link, &dangling] {
            for failed in [
                read(link).map(drop),
                read_between(link, 0, 10).map(drop),
                length(link).map(drop),
                lock(link).map(drop),
                lock_shared(link).map(drop),
                disk.write(link, b"x"),
                disk.append(link, b"x"),
                disk.truncate(link, 0),
                disk.rename(&target, link),
            ] {
                let error = failed.unwrap_err().to_string();
                assert!(error.contains("is a symbolic link"), "{error}");
            }
            assert!(exists(link).unwrap());
        }
        assert_eq!(read(&target).unwrap().unwrap(), b"content");
        assert!(!exists(&absent).unwrap());
        // The link itself can be removed.
        disk.remove(&link).unwrap();
        assert!(!exists(&link).unwrap() && exists(&target).unwrap());
    }

    #[test]
    fn a_file_is_read_up_to_a_bound() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.json");
        let file = File::create(&path).unwrap();
        file.set_len(FILE_BYTES_MAX).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().len(), 16 << 20);
        file.set_len(FILE_BYTES_MAX + 1).unwrap();
        assert_eq!(
            read(&path).unwrap_err().to_string(),
            "`policy.json` is larger than 16 MiB, the largest file of a store"
        );
        file.set_len(1 << 40).unwrap();
        assert!(read(&path).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_or_a_device_is_not_opened() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for (path, name) in [(&*pipe, "pipe"), (Path::new("/dev/zero"), "zero")] {
            let error = read(path).unwrap_err().to_string();
            assert_eq!(error, format!("`{name}` is not a regular file"));
        }
    }

    #[test]
    fn readers_block_writers() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        drop(lock(&path).unwrap());
        let readers = [lock_shared(&path).unwrap(), lock_shared(&path).unwrap()];
        let writer = open(&path).unwrap();
        assert!(writer.try_lock().is_err());
        drop(readers);
        writer.try_lock().unwrap();
    }

    #[test]
    fn a_failed_directory_sync_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        Disk::new().sync_directory(path).unwrap();
        assert!(Disk::new().sync_directory(&path.join("absent")).is_err());
        // Opening the directory is one operation, and syncing it is another.
        assert!(Disk::failing_after(1).sync_directory(path).is_err());
        Disk::failing_after(2).sync_directory(path).unwrap();
    }

    #[test]
    fn an_interrupted_write_fails_and_leaves_its_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert!(Disk::failing_after(4).write(&path, b"content").is_err());
        assert_eq!(read(&path).unwrap().unwrap(), b"con");
        // The operations are the open, the writing of seven bytes one at a time, and the sync.
        assert!(Disk::failing_after(8).write(&path, b"content").is_err());
        Disk::failing_after(9).write(&path, b"content").unwrap();
    }

    #[test]
    fn the_parent_of_a_bare_name_is_the_current_directory() {
        assert_eq!(parent(Path::new("policy.json")), Path::new("."));
        assert_eq!(parent(Path::new("/")), Path::new("."));
        assert_eq!(parent(Path::new("a/policy.json")), Path::new("a"));
        assert_eq!(parent(Path::new("/policy.json")), Path::new("/"));
    }
}
