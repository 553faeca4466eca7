//! Errors that end a service.

use std::{io, net::SocketAddr};

use portcullis_store::StoreError;
use thiserror::Error;

/// An error that ends a service or prevents its start.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// The URL of a stream has no stream name.
    #[error(
        "the stream URL cannot be used: it has no stream name (expected redis://[[user]:password@]host[:port]/[db/]STREAM)"
    )]
    StreamUrl,
    /// The server rejects the credentials or the database.
    #[error("Redis at {address} refuses the connection: {why}")]
    Refused {
        /// Address of the server.
        address: String,
        /// Error text of the server.
        why: String,
    },
    /// The server may evict keys, and this is not permitted.
    #[error("Redis at {address} cannot be used with --require-noeviction: {why}")]
    Eviction {
        /// Address of the server.
        address: String,
        /// The setting of the server.
        why: String,
    },
    /// The policy store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The metrics endpoint cannot be opened.
    #[error("cannot serve metrics at {address}: {source}; choose another address with --metrics")]
    Metrics {
        /// Address of the endpoint.
        address: SocketAddr,
        /// Error of the operating system.
        source: io::Error,
    },
    /// A thread could not be started.
    #[error("a thread of the service could not be started: {0}")]
    ThreadStart(#[source] io::Error),
    /// A thread panicked.
    #[error("a thread of the service panicked")]
    ThreadPanic,
}
