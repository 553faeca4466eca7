//! The sources of features.

mod candles;
mod error;
mod redis;

use std::{fs, path::PathBuf};

use portcullis::types::Timestamp;
use portcullis_forge::{Features, Templates};
use portcullis_sim::simulate::candles::{CandleFile, ReadOptions, Series};
use portcullis_store::redis::RedisServer;

pub use error::SourceError;

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
