//! What is asked of a disk. A write is on it when the method returns.

#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// The disk; in tests, one that fails for good after so many bytes and operations.
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

    /// Fails in the middle of the write, or before the operation, that comes after so many bytes and
    /// operations.
    #[cfg(test)]
    pub(super) const fn failing_after(left: usize) -> Self {
        Self {
            left: AtomicUsize::new(left),
        }
    }

    /// Writes a new file, or a file anew.
    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.spend_one()?;
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).open(path)?;
        self.pour(file, bytes)
    }

    /// Adds to the end of a file.
    pub(super) fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.spend_one()?;
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        self.pour(file, bytes)
    }

    /// Cuts a file off.
    pub(super) fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        self.spend_one()?;
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(length)?;
        self.sync(&file)
    }

    /// Puts a file in the place of another, in one step. The other's permissions stay.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if let Ok(there) = fs::metadata(to) {
            fs::set_permissions(from, there.permissions())?;
        }
        self.spend_one()?;
        fs::rename(from, to)
    }

    /// Removes a file, if there is one.
    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        self.spend_one()?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Puts the names of a directory on the disk.
    pub(super) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.spend_one()?;
        // Elsewhere a directory cannot be opened.
        if cfg!(unix) {
            let directory = open(path)?;
            return self.sync(&directory);
        }
        Ok(())
    }

    /// Writes a file beside another and puts it in its place.
    pub(super) fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let new = beside(path, ".new");
        self.write(&new, bytes)?;
        self.rename(&new, path)?;
        self.sync_directory(parent(path))
    }

    fn pour(&self, mut file: File, bytes: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        if let Some(torn) = bytes.get(..self.spend(bytes.len())) {
            // Where this is not all of them nothing is left, and the syncing fails.
            file.write_all(torn)?;
        }
        #[cfg(not(test))]
        file.write_all(bytes)?;
        self.sync(&file)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the disk of the tests has a state")]
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    #[cfg(test)]
    fn sync(&self, _: &File) -> io::Result<()> {
        self.spend_one()
    }

    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the disk of the tests has a state"
    )]
    const fn spend_one(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn spend_one(&self) -> io::Result<()> {
        match self.spend(1) {
            0 => Err(io::Error::other("the disk failed")),
            _ => Ok(()),
        }
    }

    /// How much of it is left.
    #[cfg(test)]
    fn spend(&self, wanted: usize) -> usize {
        let spent = |left: usize| Some(left.saturating_sub(wanted));
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, spent);
        left.unwrap_or(0).min(wanted)
    }
}

/// What a file holds; nothing where there is no file.
#[expect(clippy::disallowed_methods, reason = "stores are where files are read")]
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A part of a file.
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

/// How long a file is; 0 where there is none.
pub(super) fn length(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(there) => Ok(there.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Waits until nobody else holds the lock. It is held until the file is dropped.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

/// Waits until nobody holds the lock alone; nothing to wait for where nobody ever took it.
pub(super) fn lock_shared(path: &Path) -> io::Result<Option<File>> {
    let file = match open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    file.lock_shared()?;
    Ok(Some(file))
}

#[expect(clippy::disallowed_methods, reason = "stores are where files are read")]
fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The path with more at its end.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The directory that a file lies in.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    }
}

/// The last part of a path, for people.
pub(super) fn shown_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place where no file can be, which is another thing than that there is none: below a file.
    fn no_place(directory: &Path) -> PathBuf {
        let file = directory.join("file");
        fs::write(&file, "content").unwrap();
        file.join("below")
    }

    #[test]
    fn a_file_that_is_not_there_is_empty() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("absent");
        assert_eq!(read(&path).unwrap(), None);
        assert!(read_between(&path, 0, 10).unwrap().is_empty());
        assert_eq!(length(&path).unwrap(), 0);
        assert!(lock_shared(&path).unwrap().is_none());
        Disk::new().remove(&path).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_taken_for_none() {
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

    #[test]
    fn whoever_reads_keeps_writers_waiting() {
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
    fn a_directory_that_cannot_be_put_on_the_disk_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        Disk::new().sync_directory(path).unwrap();
        assert!(Disk::new().sync_directory(&path.join("absent")).is_err());
        // One operation to ask for it, one to wait for it.
        assert!(Disk::failing_after(1).sync_directory(path).is_err());
        Disk::failing_after(2).sync_directory(path).unwrap();
    }

    #[test]
    fn a_write_that_is_cut_short_fails_and_leaves_its_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert!(Disk::failing_after(4).write(&path, b"content").is_err());
        assert_eq!(read(&path).unwrap().unwrap(), b"con");
        // The operation, the bytes, and the syncing.
        assert!(Disk::failing_after(8).write(&path, b"content").is_err());
        Disk::failing_after(9).write(&path, b"content").unwrap();
    }

    #[test]
    fn the_directory_of_a_bare_name_is_the_one_we_are_in() {
        assert_eq!(parent(Path::new("policy.json")), Path::new("."));
        assert_eq!(parent(Path::new("/")), Path::new("."));
        assert_eq!(parent(Path::new("a/policy.json")), Path::new("a"));
        assert_eq!(parent(Path::new("/policy.json")), Path::new("/"));
    }
}
