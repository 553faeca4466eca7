//! Temporary files next to the files that they will replace.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tempfile::TempPath;

const PREFIX: &str = ".portcullis-";
const SUFFIX: &str = ".part";
/// The age from which an unlocked temporary file counts as left behind by a process that has ended.
const LEFT_BEHIND_AFTER: Duration = Duration::from_secs(60);

/// The temporary file of an output, while it exists. It is persisted or removed only under the lock.
#[derive(Clone, Default)]
pub(crate) struct Temporary(Arc<Mutex<Option<TempPath>>>);

impl Temporary {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<TempPath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates the temporary file in the folder of the target, with the permissions of the target. Removes the temporary
    /// files that killed processes have left in this folder.
    pub(super) fn create(&self, target: &Path) -> io::Result<File> {
        let target = canonical(target);
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        remove_left_behind(folder);
        let mut slot = self.lock();
        let (file, path) = builder.tempfile_in(folder)?.into_parts();
        // The lock ends with the process. On a file system without locks, the file is never removed by another process.
        let _ = file.try_lock();
        if let Ok(metadata) = fs::metadata(&target) {
            file.set_permissions(metadata.permissions())?;
        }
        *slot = Some(path);
        Ok(file)
    }

    /// Replaces the target by the temporary file, if there is one.
    pub(super) fn persist(&self, target: &Path) -> io::Result<()> {
        // The lock is held until the target is replaced, so that an interrupt cannot report the target as unchanged.
        match self.lock().take() {
            Some(temporary) => temporary
                .persist(canonical(target))
                .map_err(|error| error.error),
            None => Ok(()),
        }
    }
}

/// Removes the temporary files whose processes have ended. Such a file is not locked. A file that was created just now
/// may not be locked yet, so it is not removed.
fn remove_left_behind(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_old = entry.metadata().is_ok_and(|metadata| {
            let modified = metadata.modified().ok();
            let age = modified.and_then(|modified| modified.elapsed().ok());
            metadata.is_file() && age.is_some_and(|age| age >= LEFT_BEHIND_AFTER)
        });
        if name.starts_with(PREFIX)
            && name.ends_with(SUFFIX)
            && is_old
            && let Ok(file) = OpenOptions::new().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Resolves links, if the file exists.
pub(super) fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
