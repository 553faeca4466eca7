//! The errors of the sources of features.

use std::{io, path::PathBuf};

use portcullis::types::Timestamp;
use portcullis_forge::DocumentError;
use portcullis_sim::simulate::candles::CandleError;
use thiserror::Error;

/// The reason why there are no features.
#[derive(Debug, Error)]
pub enum SourceError {
    /// A file cannot be read.
    #[error("`{}`: {error}; check the path and its permissions", .path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The features are invalid.
    #[error(transparent)]
    Features(#[from] DocumentError),
    /// A candle file is invalid.
    #[error(transparent)]
    Candles(#[from] CandleError),
    /// The server cannot be read.
    #[error("the features on {server} cannot be read: {why}; the next run tries again")]
    Server {
        /// The address of the server, without a password.
        server: String,
        /// The message of the server or of the operating system.
        why: String,
    },
    /// The source has no candle or market state up to the time of the run.
    #[error(
        "no features: no permitted symbol has a candle or a market state up to {0}; check that the feed writes them"
    )]
    Nothing(Timestamp),
    /// The templates do not state how features are computed from candles.
    #[error(
        "the templates have no `candles`; add `candles = {{ returns = N, trend_certain = TS }}`"
    )]
    NoCandleRule,
}
