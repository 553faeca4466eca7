//! Address of the Redis server.

use std::fmt;

use portcullis_store::{RedisStore, StoreError};
use redis::{ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

use super::ServiceError;

/// A Redis server: its address and its credentials.
#[derive(Clone)]
pub struct Server {
    url: String,
    info: ConnectionInfo,
}

impl Server {
    /// Parses the URL `redis://[[user]:password@]host[:port][/db]`; `rediss://` uses TLS.
    ///
    /// # Errors
    /// Returns an error if the URL is invalid. The error does not quote it, because it may contain a password.
    pub fn at(url: &str) -> Result<Self, ServiceError> {
        // The error of the library may quote the URL.
        let info = url
            .into_connection_info()
            .map_err(|_| ServiceError::Url("it is malformed"))?;
        // Sets up TLS, if the URL uses it.
        RedisStore::open(url)?;
        // RESP2 replies have one shape, so only that one is parsed.
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

    /// Opens the policy store on this server.
    pub(super) fn store(&self) -> Result<RedisStore, StoreError> {
        RedisStore::open(&self.url)
    }
}

/// The address without credentials.
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
