//! Candles of one symbol, read from files in the formats that exchanges and data libraries write.
//!
//! The unit and the meaning of times are decided once per file, from all of its rows ([`CandleSource`]).

mod arrow;
mod candle;
mod columns;
mod csv;
mod error;
mod feather;
mod input;
mod interval;
mod json;
mod open;
mod rows;
mod series;
mod time;
mod unit;

use std::path::PathBuf;

use portcullis::types::Symbol;

pub use candle::Candle;
pub use error::{CandleError, CandleFault, Place};
pub use input::ReadOptions;
pub use interval::{Interval, IntervalError};
pub use series::{CandleSource, Gaps, Series};
pub use time::{DecidedBy, TimeForm, TimeLabel, TimeUnit};

/// A candle file and its symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleFile {
    /// The symbol, if given. Otherwise it is the file name up to the first `_`, `-` or `.`.
    pub symbol: Option<Symbol>,
    /// The path of the file.
    pub path: PathBuf,
}

impl CandleFile {
    fn symbol(&self) -> Result<Symbol, CandleError> {
        let by_name = || {
            let name = self.path.file_name()?.to_str()?;
            Symbol::new(name.split(['_', '-', '.']).next()?).ok()
        };
        self.symbol
            .or_else(by_name)
            .ok_or_else(|| CandleError::NoSymbol {
                path: self.path.clone(),
            })
    }
}

/// Reads all candle files. The result is sorted by symbol.
///
/// # Errors
/// Returns the first error of the first invalid file.
pub fn read(files: &[CandleFile], options: &ReadOptions) -> Result<Vec<Series>, CandleError> {
    let mut all: Vec<Series> = Vec::new();
    for file in files {
        let symbol = file.symbol()?;
        if all.iter().any(|series| series.symbol == symbol) {
            let path = file.path.clone();
            return Err(CandleError::DuplicateSymbol { symbol, path });
        }
        let (rows, format) = open::read(&file.path, options)?;
        all.push(Series::new(symbol, (&file.path, format), rows, options)?);
    }
    // The result must not depend on the order of the arguments.
    all.sort_by_key(|series| series.symbol);
    Ok(all)
}
