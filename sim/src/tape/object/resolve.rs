//! Resolution of URLs into objects.

use std::io;

use glob::Pattern;
use object_store::{ObjectMeta, path::Path};

use super::{
    Object,
    connection::{Connection, Timeout, s3_place, version},
    shown,
};
use crate::tape::{TapeError, pattern::PATTERN_OPTIONS};

impl Object {
    /// Resolves a URL. If the key of an object in S3 contains pattern characters and no object has this key, the URL
    /// expands to the matching objects, sorted by key. The URL of a web server is not a pattern.
    ///
    /// # Errors
    /// Returns an error if there is no such object, if no object matches, or if the server cannot be reached.
    pub(crate) fn resolve(url: &str) -> Result<Vec<Self>, TapeError> {
        match s3_place(url) {
            Some((_, key)) if key.is_empty() || key.ends_with('/') => Err(TapeError::Directory {
                path: shown(url.trim_end_matches('/')),
            }),
            Some((bucket, key)) if Pattern::escape(key) != key => expand(url, bucket, key),
            Some(_) | None => Self::find(url).map(|object| vec![object]),
        }
    }

    /// Requests the size and the version of an object.
    ///
    /// # Errors
    /// Returns an error if there is no such object, or if the server cannot be reached.
    pub(crate) fn find(url: &str) -> Result<Self, TapeError> {
        let find = || {
            let connection = Connection::open(url, Timeout::Block)?;
            let meta = connection.wait(connection.store.meta())?;
            Ok(Self::of(url.to_owned(), &meta))
        };
        find().map_err(|error| not_open(url, error))
    }

    fn of(url: String, meta: &ObjectMeta) -> Self {
        Self {
            url,
            bytes: meta.size,
            version: version(meta),
        }
    }
}

fn not_open(url: &str, error: io::Error) -> TapeError {
    TapeError::Open {
        tape: shown(url),
        error,
    }
}

/// Lists the objects whose keys match a pattern.
fn expand(url: &str, bucket: &str, key: &str) -> Result<Vec<Object>, TapeError> {
    let pattern = Pattern::new(key).map_err(|error| TapeError::BadPattern {
        pattern: shown(url),
        message: error.msg.to_owned(),
    })?;
    let literal = key.split(['*', '?', '[']).next().unwrap_or_default();
    let folder = literal.rsplit_once('/').map_or("", |(folder, _)| folder);
    let list = || {
        let connection = Connection::open(url, Timeout::Block)?;
        let folder = Path::parse(folder).map_err(io::Error::other)?;
        connection.wait(connection.store.list(&folder))
    };
    let mut found = list().map_err(|error| not_open(url, error))?;
    if found.iter().any(|meta| meta.location.as_ref() == key) {
        return Object::find(url).map(|object| vec![object]);
    }
    found.retain(|meta| pattern.matches_with(meta.location.as_ref(), PATTERN_OPTIONS));
    if found.is_empty() {
        return Err(TapeError::NoMatch {
            pattern: shown(url),
        });
    }
    found.sort_by(|left, right| left.location.cmp(&right.location));
    let objects = found.iter().map(|meta| {
        let url = format!("s3://{bucket}/{}", meta.location);
        match meta.e_tag {
            Some(_) => Ok(Object::of(url, meta)),
            None => Object::find(&url),
        }
    });
    objects.collect()
}
