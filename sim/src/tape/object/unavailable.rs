//! Objects in a build without the feature `object-store`.

use std::{
    io::{self, Read},
    ops::Range,
    sync::Arc,
};

use super::{Object, ServerError, shown};
use crate::tape::{TapeError, read_at::ReadAt};

fn unsupported() -> io::Error {
    ServerError::io(
        "this build does not read URLs: rebuild with `--features object-store`, or download the file",
    )
}

impl Object {
    /// Returns an error that names the feature.
    pub(crate) fn resolve(url: &str) -> Result<Vec<Self>, TapeError> {
        Self::find(url).map(|object| vec![object])
    }

    /// Returns an error that names the feature.
    pub(crate) fn find(url: &str) -> Result<Self, TapeError> {
        Err(TapeError::Open {
            tape: shown(url),
            error: unsupported(),
        })
    }

    /// Returns an error that names the feature.
    pub(crate) fn read(&self, _: Range<u64>) -> io::Result<Box<dyn Read + Send>> {
        Err(unsupported())
    }

    /// Returns an error that names the feature.
    pub(crate) fn open_at(&self) -> io::Result<Option<Arc<dyn ReadAt>>> {
        Err(unsupported())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_rejected_with_the_name_of_the_feature() {
        for url in ["s3://b/a.jsonl", "s3://b/*.jsonl", "https://h/a.parquet"] {
            let error = Object::resolve(url).unwrap_err();
            let expected = format!(
                "cannot open `{url}`: this build does not read URLs: rebuild with `--features object-store`, or \
                 download the file"
            );
            assert_eq!(error.to_string(), expected);
        }
    }
}
