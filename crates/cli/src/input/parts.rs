//! Plans and parts of a divided replay.

use std::{fs::File, io::BufReader, path::Path};

use serde::de::DeserializeOwned;

use crate::{failure::Failure, input::file::shown_path};

/// Reads a JSON file. An error names `kind`, such as "a plan", as the content that is expected.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, kind: &str) -> Result<T, Failure> {
    let name = shown_path(path);
    let file = File::open(path)
        .map_err(|error| Failure::error(format_args!("cannot open `{name}`: {error}")))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| {
        Failure::error(format_args!(
            "`{name}` is not {kind}, or it is cut off or belongs to another version: {error}"
        ))
    })
}
