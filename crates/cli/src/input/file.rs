//! Reading of text files.

use std::{
    fmt::Display,
    fs,
    io::{self, Read as _},
    path::Path,
};

use crate::failure::Failure;

/// Reads the text of a file, or of standard input for `-`.
pub(crate) fn read_file(path: &Path) -> Result<String, Failure> {
    let fail = |why: &dyn Display| Failure::error(format_args!("`{}`: {why}", path.display()));
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map(|_| bytes)
            .map_err(|error| fail(&error))?
    } else if path.is_dir() {
        return Err(fail(&"is a directory, not a file"));
    } else {
        fs::read(path).map_err(|error| fail(&error))?
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        fail(&format_args!(
            "not UTF-8 from byte {}",
            error.utf8_error().valid_up_to() + 1
        ))
    })?;
    if text.trim().is_empty() {
        return Err(fail(&"is empty"));
    }
    Ok(text)
}

/// Reads a file and parses its text.
pub(crate) fn parse_file<T, E: Display>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    parse(&read_file(path)?)
        .map_err(|error| Failure::error(format_args!("`{}`: {error}", path.display())))
}
