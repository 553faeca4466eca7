//! Where the server is.

use std::fmt;

use redis::{ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

use super::ServiceError;

/// A Redis server: its address and its credentials.
#[derive(Clone)]
pub struct Server(ConnectionInfo);

impl Server {
    /// The server at `redis://[[user]:password@]host[:port][/db]`.
    ///
    /// # Errors
    /// The URL cannot be read. It is not repeated: it may hold a password.
    pub fn at(url: &str) -> Result<Self, ServiceError> {
        if url.starts_with("rediss:") || url.starts_with("valkeys:") {
            return Err(ServiceError::Url("TLS is not built in"));
        }
        // The library's words may quote the text.
        let info = url
            .into_connection_info()
            .map_err(|_| ServiceError::Url("it cannot be read"))?;
        // One shape of replies.
        let redis = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2);
        Ok(Self(info.set_redis_settings(redis)))
    }

    pub(crate) fn connection(&self) -> ConnectionInfo {
        self.0.clone()
    }
}

/// Without credentials.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.addr().fmt(f)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}
