//! Why a service does not run.

use std::net::SocketAddr;

use portcullis::store::StoreError;
use thiserror::Error;

/// Why a service does not run.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The address is none.
    #[error(
        "the Redis URL cannot be used: {0} (expected redis://[[user]:password@]host[:port][/db], or rediss:// with TLS)"
    )]
    Url(&'static str),
    /// The address names no stream.
    #[error(
        "the URL of a stream cannot be used: it names none (expected redis://[[user]:password@]host[:port]/[db/]STREAM)"
    )]
    StreamUrl,
    /// The server lets nobody in with these credentials.
    #[error("Redis at {address} refuses the connection: {why}")]
    Refused {
        /// Where the server is.
        address: String,
        /// In its own words.
        why: String,
    },
    /// The policy cannot be followed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Nobody can be told any metrics.
    #[error("no metrics at {address}: {why}; give another address")]
    Metrics {
        /// Where they were to be told.
        address: SocketAddr,
        /// In the words of the system.
        why: String,
    },
    /// A thread could not be started, or ended as none should.
    #[error("a thread of the service {0}")]
    Thread(&'static str),
}
