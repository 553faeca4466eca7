//! The sources of features.

mod candles;
mod redis;

use std::{fs, io, path::PathBuf};

use portcullis::types::Timestamp;
use portcullis_forge::{DocumentError, Features, Templates};
use portcullis_sim::simulate::candles::{CandleError, CandleFile, ReadOptions, Series};
use portcullis_store::redis::RedisServer;
use thiserror::Error;

/// The source from which the updater reads features before each run.
#[derive(Debug, Clone)]
pub enum FeatureSource {
    /// A JSON file that another program writes.
    File(PathBuf),
    /// Candle files, from whose last candles the features are computed. Candles that end later than the run are ignored.
    Candles(Vec<CandleFile>, ReadOptions),
    /// The hashes `quantum:marketstate:<SYMBOL>` on a Redis server.
    MarketStates(RedisServer),
    /// Streams of candles on a Redis server, one for each symbol. The name of a stream is the prefix and the symbol.
    CandleStreams(RedisServer, String),
}

/// The reason why there are no features.
#[derive(Debug, Error)]
pub enum SourceError {
    /// A file cannot be read.
    #[error("`{}`: {error}", .path.display())]
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
    #[error("the features on {server} cannot be read: {why}")]
    Server {
        /// The address of the server, without a password.
        server: String,
        /// The message of the server or of the operating system.
        why: String,
    },
    /// The source has no candle or market state that ends before the run.
    #[error("no features: no symbol has a candle or a market state before {0}")]
    Nothing(Timestamp),
    /// The templates do not state how features are computed from candles.
    #[error(
        "the templates have no `candles`; add `candles = {{ returns = N, trend_certain = TS }}`"
    )]
    NoCandleRule,
}

impl FeatureSource {
    /// Reads the features of the last window before `now`.
    pub(crate) fn read(
        &self,
        templates: &Templates,
        now: Timestamp,
    ) -> Result<Features, SourceError> {
        match self {
            Self::File(path) => {
                let text = fs::read_to_string(path).map_err(|error| SourceError::File {
                    path: path.clone(),
                    error,
                })?;
                Ok(Features::from_json(&text)?)
            }
            Self::Candles(files, options) => {
                let series = portcullis_sim::simulate::candles::read(files, options)?;
                candles::features(&series, templates, now)
            }
            Self::MarketStates(server) => redis::market_states(server, templates, now),
            Self::CandleStreams(server, prefix) => {
                let series = redis::candles(server, prefix, templates)?;
                candles::features_of(&series, templates, now)
            }
        }
    }

    /// Reads the candles with which the gate simulates; empty if the source has no candle files.
    pub(crate) fn series(&self) -> Result<Vec<Series>, SourceError> {
        match self {
            Self::Candles(files, options) => {
                Ok(portcullis_sim::simulate::candles::read(files, options)?)
            }
            Self::File(_) | Self::MarketStates(_) | Self::CandleStreams(..) => Ok(Vec::new()),
        }
    }
}
