//! Access to files without following symbolic links.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

use portcullis::types::Shown;

/// Opens a directory, so that its entries can be made durable. This is possible only on Unix.
///
/// # Errors
/// Returns an error if the directory cannot be opened.
#[expect(clippy::disallowed_methods, reason = "stores may read files")]
pub fn open_directory(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opens a file, unless it is a symbolic link, because another user of the directory could have created the link.
///
/// # Errors
/// Returns an error if the path is a symbolic link, or if the file cannot be opened.
pub fn open_as(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW);
    let opened = options.open(path);
    if let (Err(_), Ok(there)) = (&opened, fs::symlink_metadata(path)) {
        check_no_link(path, &there)?;
    }
    let file = opened?;
    // Without the flag above, the link is detected only now.
    if cfg!(not(unix)) {
        check_no_link(path, &fs::symlink_metadata(path)?)?;
    }
    Ok(file)
}

/// Returns an error if a path is a symbolic link.
pub(crate) fn check_no_link(path: &Path, there: &fs::Metadata) -> io::Result<()> {
    if there.is_symlink() {
        return Err(io::Error::other(format!(
            "`{}` is a symbolic link, which is not followed; use the path of its target",
            shown_name(path)
        )));
    }
    Ok(())
}

/// Returns the last component of a path for messages.
pub(crate) fn shown_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    Shown(name.to_string_lossy()).whole()
}
