//! Address of a Redis stream.

use std::{
    fmt,
    io::{self, Read},
};

use portcullis::types::Shown;
use portcullis_store::RedisServer;

use super::reader::StreamReader;
use crate::runtime::ServiceError;

/// A stream of a Redis server.
#[derive(Debug, Clone)]
pub struct StreamSource {
    server: RedisServer,
    stream: String,
}

impl StreamSource {
    /// Parses the URL `redis://[[user]:password@]host[:port]/[db/]STREAM`. The stream name is the rest of the URL,
    /// without percent-decoding.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid or has no stream name. The error does not quote it, because it may
    /// contain a password.
    pub fn at(url: &str) -> Result<Self, ServiceError> {
        let (server, stream) = split(url).ok_or(ServiceError::StreamUrl)?;
        Ok(Self {
            server: RedisServer::from_url(&server)?,
            stream,
        })
    }

    /// Connects to the server and returns the entries that the stream holds now, one JSON line each.
    ///
    /// # Errors
    /// Returns an error if the server is unreachable or the key does not hold a stream.
    pub fn open(&self) -> io::Result<impl Read + Send + use<>> {
        StreamReader::open(&self.server, &self.stream)
    }
}

/// Formats the address without credentials.
impl fmt::Display for StreamSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password with a `/` ends up in the name of the stream.
        let stream = self.stream.rsplit('@').next().unwrap_or_default();
        write!(f, "redis://{}/{}", self.server, Shown(stream))
    }
}

/// Splits a stream URL into the URL of the server and the name of the stream. Returns `None` if
/// there is no stream name.
fn split(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (server, stream) = match path.split_once('/') {
        Some((db, stream)) if is_number(db) => (format!("{scheme}://{authority}/{db}"), stream),
        Some(_) | None => (format!("{scheme}://{authority}"), path),
    };
    // A path that is only a number is a database and not a stream name.
    (!stream.is_empty() && !is_number(path)).then(|| (server, stream.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_path_after_the_database() {
        for (url, server, stream) in [
            ("redis://h:1/a:b", "redis://h:1", "a:b"),
            ("redis://h:1/2/a:b", "redis://h:1/2", "a:b"),
            ("redis://u:p@h/0/a/b?c", "redis://u:p@h/0", "a/b?c"),
            ("redis://h/a/2", "redis://h", "a/2"),
        ] {
            let expected = Some((server.to_owned(), stream.to_owned()));
            assert_eq!(split(url), expected, "{url}");
        }
        for url in [
            "redis://h",
            "redis://h/",
            "redis://h/0",
            "redis://h/0/",
            "h/a",
        ] {
            assert_eq!(split(url), None, "{url}");
        }
    }
}
