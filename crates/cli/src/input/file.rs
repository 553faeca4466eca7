//! Reading of text files.

use std::{
    fmt::Display,
    fs::File,
    io::{self, Read},
    path::Path,
};

use portcullis::{
    record::RECORD_BYTES_MAX,
    types::{Shown, without_credentials},
};

use crate::failure::Failure;

/// Reads the text of a file, or of standard input for `-`. A pipe or a device is read up to its end. Fails after
/// [`RECORD_BYTES_MAX`] bytes, because a device such as `/dev/zero` has no end.
pub(crate) fn read_file(path: &Path) -> Result<String, Failure> {
    let name = format!("`{}`", shown_path(path));
    let bytes = if path == Path::new("-") {
        bounded(io::stdin().lock())
    } else if path.is_dir() {
        return Err(Failure::error(format_args!(
            "{name} is a directory, not a file"
        )));
    } else {
        File::open(path).and_then(bounded)
    };
    let bytes = bytes.map_err(|error| Failure::error(format_args!("{name}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::error(format_args!(
            "{name} is not UTF-8: byte {} is invalid",
            error.utf8_error().valid_up_to() + 1
        ))
    })?;
    if text.trim().is_empty() {
        return Err(Failure::error(format_args!("{name} is empty")));
    }
    Ok(text)
}

/// Reads a source to its end, if it is not too large.
fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let bytes_max = u64::try_from(RECORD_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    from.take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(io::Error::other(format!(
            "larger than {} MiB, the largest file that can be read here",
            RECORD_BYTES_MAX >> 20
        )));
    }
    Ok(bytes)
}

/// Checks that other users cannot read the file of a secret. A pipe has no such permissions.
pub(crate) fn check_secret(path: &Path) -> Result<(), Failure> {
    #[cfg(unix)]
    if let Ok(metadata) = path.metadata() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o777;
        if metadata.is_file() && mode & 0o077 != 0 {
            return Err(Failure::error(format_args!(
                "`{0}`: other users can access this secret key (mode {mode:03o}); run `chmod 600 {0}`, or create a new \
                 key if others may have read it",
                shown_path(path)
            )));
        }
    }
    Ok(())
}

/// Returns a path for messages, without control characters and without the credentials of a URL.
pub(crate) fn shown_path(path: &Path) -> String {
    Shown(without_credentials(&path.display().to_string())).whole()
}

/// Reads a file and parses its text.
pub(crate) fn parse_file<T, E: Display>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    parse(&read_file(path)?)
        .map_err(|error| Failure::error(format_args!("`{}`: {error}", shown_path(path))))
}
