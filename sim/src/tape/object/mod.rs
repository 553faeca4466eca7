//! Tapes that are objects in S3 or files on a web server.
//!
//! They are read only in a build with the feature `object-store`. Other builds reject their URLs.

#[cfg(feature = "object-store")]
mod blocks;
#[cfg(feature = "object-store")]
mod connection;
#[cfg(feature = "object-store")]
mod readers;
#[cfg(feature = "object-store")]
mod resolve;
#[cfg(not(feature = "object-store"))]
mod unavailable;

use std::{ffi::OsStr, fmt, io};

use portcullis::types::{Shown, without_credentials};
use thiserror::Error;

use super::TapeError;

/// The beginnings of the URLs of objects.
const SCHEMES: [&str; 3] = ["s3://", "http://", "https://"];

/// An object in S3 or a file on a web server, as it was when the run began.
///
/// `Display` writes the URL without the query, which can contain a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub(crate) url: String,
    /// The size in bytes.
    pub(crate) bytes: u64,
    /// The entity tag (ETag), or the time of the last change if the server sends no entity tag.
    pub(crate) version: Option<String>,
}

impl Object {
    /// Returns the URL if the argument is the URL of an object.
    pub(crate) fn url_of(argument: &OsStr) -> Option<&str> {
        let text = argument.to_str()?;
        let is_url = SCHEMES.iter().any(|scheme| text.starts_with(scheme));
        is_url.then_some(text)
    }

    /// Returns the object if the argument is a URL that begins with `s3://`, `http://` or `https://`. The URL is not a
    /// pattern.
    ///
    /// # Errors
    /// Returns an error if there is no such object, or if the server cannot be reached.
    pub fn at(argument: &OsStr) -> Result<Option<Self>, TapeError> {
        Self::url_of(argument).map(Self::find).transpose()
    }

    /// Returns true if the URL has a query, which can contain a signature.
    pub(crate) fn has_query(&self) -> bool {
        !is_s3(&self.url) && self.url.contains('?')
    }
}

/// An error of a server, of the network or of the configuration, which is not an error in the content of the object.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct ServerError(String);

impl ServerError {
    /// Creates an I/O error with this cause.
    fn io(why: impl Into<String>) -> io::Error {
        io::Error::other(Self(why.into()))
    }

    /// Returns true if an error comes from a server, also if a decompressor returned it.
    pub(super) fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|error| error.is::<Self>())
    }
}

fn is_s3(url: &str) -> bool {
    url.starts_with("s3://")
}

/// Returns a URL for messages, without credentials.
pub(crate) fn shown(url: &str) -> String {
    let url = without_credentials(url);
    Shown(match url.split_once('?') {
        Some((place, _)) if !is_s3(&url) => format!("{place}?…"),
        Some(_) | None => url.into_owned(),
    })
    .whole()
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_recognised_and_shown_without_credentials() {
        let url = |text: &str| Object::url_of(OsStr::new(text)).map(shown);
        for (text, expected) in [
            ("s3://b/day=*/a.jsonl", Some("s3://b/day=*/a.jsonl")),
            ("s3://b/a?.jsonl", Some("s3://b/a?.jsonl")),
            ("http://h:8080/a.jsonl", Some("http://h:8080/a.jsonl")),
            (
                "https://h/a.gz?X-Amz-Signature=5ec3e7",
                Some("https://h/a.gz?…"),
            ),
            ("https://me:5ec3e7@h/a", Some("https://…@h/a")),
            ("ftp://h/a", None),
            ("S3://b/a", None),
            ("s3:/b/a", None),
            ("https", None),
        ] {
            assert_eq!(url(text).as_deref(), expected, "{text}");
        }
    }
}
