//! Temporary files next to the files that they will replace.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tempfile::TempPath;

/// The temporary file of an output, while it exists. It is persisted or removed only under the lock.
#[derive(Clone, Default)]
pub(crate) struct Temporary(Arc<Mutex<Option<TempPath>>>);

impl Temporary {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<TempPath>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates the temporary file in the folder of the target, with the permissions of the target.
    pub(super) fn create(&self, target: &Path) -> io::Result<File> {
        let target = canonical(target);
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".portcullis-").suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut slot = self.lock();
        let (file, path) = builder.tempfile_in(folder)?.into_parts();
        if let Ok(metadata) = fs::metadata(&target) {
            file.set_permissions(metadata.permissions())?;
        }
        *slot = Some(path);
        Ok(file)
    }

    /// Replaces the target by the temporary file, if there is one.
    pub(super) fn persist(&self, target: &Path) -> io::Result<()> {
        // The lock is held until the target is replaced, so that an interrupt cannot report it as unchanged.
        match self.lock().take() {
            Some(temporary) => temporary
                .persist(canonical(target))
                .map_err(|error| error.error),
            None => Ok(()),
        }
    }
}

/// Resolves links, if the file exists.
pub(super) fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
