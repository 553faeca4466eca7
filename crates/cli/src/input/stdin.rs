//! Use of standard input by at most one argument.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Returns true if a path denotes standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdin")
}

/// Returns the path that denotes standard input, if one does.
pub(crate) fn find_stdin(paths: &[PathBuf]) -> Option<&Path> {
    paths
        .iter()
        .map(PathBuf::as_path)
        .find(|path| is_stdin(path))
}

/// Checks that at most one argument reads standard input. Each argument is given by its description and its path.
pub(crate) fn check_single_stdin(arguments: &[(&str, Option<&Path>)]) -> Result<(), Failure> {
    let readers: Vec<&str> = arguments
        .iter()
        .filter(|(_, path)| path.is_some_and(is_stdin))
        .map(|(argument, _)| *argument)
        .collect();
    if readers.len() < 2 {
        return Ok(());
    }
    Err(Failure::error(format_args!(
        "standard input can be read only once, but it is used by {}",
        readers.join(" and by ")
    )))
}
