//! Which stream is meant.

use std::fmt;

use crate::service::{Server, ServiceError};

/// A stream of a Redis server.
#[derive(Debug, Clone)]
pub struct StreamSource {
    pub(super) server: Server,
    pub(super) stream: String,
}

impl StreamSource {
    /// The stream at `redis://[[user]:password@]host[:port]/[db/]STREAM`. Its name is all that follows, just as
    /// it stands there.
    ///
    /// # Errors
    /// The URL cannot be read, or names no stream. It is not repeated: it may hold a password.
    pub fn at(url: &str) -> Result<Self, ServiceError> {
        let (server, stream) = split(url).ok_or(ServiceError::StreamUrl)?;
        Ok(Self {
            server: Server::at(&server)?,
            stream,
        })
    }
}

/// Without credentials.
impl fmt::Display for StreamSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redis://{}/{}", self.server, self.stream)
    }
}

/// The server's URL, and the stream's name.
fn split(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (server, stream) = match path.split_once('/') {
        Some((db, stream)) if is_number(db) => (format!("{scheme}://{authority}/{db}"), stream),
        Some(_) | None => (format!("{scheme}://{authority}"), path),
    };
    // A number alone is a database.
    (!stream.is_empty() && !is_number(path)).then(|| (server, stream.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_path_behind_the_database() {
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
