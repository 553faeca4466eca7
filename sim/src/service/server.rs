//! Where the server is.

use std::fmt;

use portcullis::store::{RedisStore, StoreError};
use redis::{ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

use super::ServiceError;

/// A Redis server: its address and its credentials.
#[derive(Clone)]
pub struct Server {
    url: String,
    info: ConnectionInfo,
}

impl Server {
    /// The server at `redis://[[user]:password@]host[:port][/db]`; `rediss://` speaks TLS.
    ///
    /// # Errors
    /// The URL cannot be read. It is not repeated: it may hold a password.
    pub fn at(url: &str) -> Result<Self, ServiceError> {
        // The library's words may quote the text.
        let info = url
            .into_connection_info()
            .map_err(|_| ServiceError::Url("it cannot be read"))?;
        // Makes TLS ready where it is asked for.
        RedisStore::open(url)?;
        // One shape of replies.
        let redis = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2);
        Ok(Self {
            url: url.to_owned(),
            info: info.set_redis_settings(redis),
        })
    }

    pub(crate) fn connection(&self) -> ConnectionInfo {
        self.info.clone()
    }

    /// The policies on it.
    pub(super) fn store(&self) -> Result<RedisStore, StoreError> {
        RedisStore::open(&self.url)
    }
}

/// Without credentials.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.addr().fmt(f)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}
