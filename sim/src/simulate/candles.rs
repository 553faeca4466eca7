//! Candles of one symbol, read from CSV or Parquet files.

mod csv;
mod parquet;

use std::path::{Path, PathBuf};

use portcullis::types::{SignedDuration, Symbol, Timestamp};
use serde::Serialize;
use thiserror::Error;

use super::units::{Price, UnitError};

/// The prices of one candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// The start of the candle.
    pub start: Timestamp,
    /// The opening price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The closing price.
    pub close: Price,
}

/// The candles of one symbol in time order.
#[derive(Debug, Clone)]
pub struct Series {
    /// The traded symbol.
    pub symbol: Symbol,
    /// The candles in time order. Candles do not overlap.
    pub candles: Vec<Candle>,
    /// The length of a candle: the most frequent time between the starts of two adjacent candles.
    pub interval: SignedDuration,
    /// The gaps between candles.
    pub gaps: Gaps,
}

/// A count of the gaps between the first and the last candle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// The number of candles that begin later than the previous candle ends.
    pub count: u64,
    /// The longest gap in seconds.
    pub longest_sec: i64,
}

/// An error in a candle file.
#[derive(Debug, Error)]
pub enum CandleError {
    /// The file cannot be read.
    #[error("cannot read candles from `{}`: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// The file name does not begin with a symbol, and no symbol is given.
    #[error("the file name `{}` does not begin with a symbol; use `--candles SYMBOL={}`", path.display(), path.display())]
    Nameless {
        /// The file.
        path: PathBuf,
    },
    /// The Parquet file is unreadable, or a column has an unsupported type.
    #[error("cannot read candles from `{}` as Parquet: {why}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The cause.
        why: String,
    },
    /// Two files have the candles of one symbol.
    #[error("`{}` is a second candle file for {symbol}; give one file per symbol", path.display())]
    Twice {
        /// The symbol.
        symbol: Symbol,
        /// The second file for this symbol.
        path: PathBuf,
    },
    /// A required column is missing.
    #[error("`{}` has no column `{column}`; the required columns are timestamp (or open_time), open, high, low, close", path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The name of the column.
        column: &'static str,
    },
    /// The file has fewer than two candles.
    #[error("`{}` has {count} candle{}; at least 2 are needed to determine the length of a candle", path.display(), if *count == 1 { "" } else { "s" })]
    TooFew {
        /// The file.
        path: PathBuf,
        /// The number of candles.
        count: usize,
    },
    /// A CSV line or a Parquet row is not a valid candle.
    #[error("`{}`, line {line}: {fault}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line or row, from 1.
        line: u64,
        /// The cause.
        fault: Fault,
    },
}

/// The cause of an invalid line.
#[derive(Debug, Error)]
pub enum Fault {
    /// The line has more or fewer fields than the header.
    #[error("{found} fields, but the header has {expected}")]
    Ragged {
        /// The number of fields in this line.
        found: u64,
        /// The number of columns in the header.
        expected: u64,
    },
    /// The line is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A price is invalid.
    #[error("`{column}` is `{value}`: {why}")]
    Value {
        /// The name of the column.
        column: &'static str,
        /// The text of the field.
        value: String,
        /// The cause.
        why: UnitError,
    },
    /// A timestamp is invalid.
    #[error("`{column}` is `{value}`: {expected}")]
    Time {
        /// The name of the column.
        column: &'static str,
        /// The text of the field.
        value: String,
        /// The expected format.
        expected: &'static str,
    },
    /// `open` or `close` is outside `low..=high`, or `low` is above `high`.
    #[error("{0}")]
    Contradiction(&'static str),
    /// The candle does not begin later than the previous candle.
    #[error(
        "the candle begins at {start}, the previous one at {before}; sort candles by time and remove duplicates"
    )]
    NotLater {
        /// The start of the candle.
        start: Timestamp,
        /// The start of the previous candle.
        before: Timestamp,
    },
    /// The candle begins before the previous candle has ended.
    #[error(
        "the candle begins at {start}, {distance} after the previous one; candles are {interval} long, so they overlap"
    )]
    Overlap {
        /// The start of the candle.
        start: Timestamp,
        /// The time from the start of the previous candle to the start of this one.
        distance: SignedDuration,
        /// The length of a candle.
        interval: SignedDuration,
    },
}

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
            .ok_or_else(|| CandleError::Nameless {
                path: self.path.clone(),
            })
    }
}

/// Reads all candle files. The result is sorted by symbol.
///
/// # Errors
/// Returns the first error of the first invalid file.
pub fn read(files: &[CandleFile]) -> Result<Vec<Series>, CandleError> {
    let mut all: Vec<Series> = Vec::new();
    for file in files {
        let symbol = file.symbol()?;
        if all.iter().any(|series| series.symbol == symbol) {
            let path = file.path.clone();
            return Err(CandleError::Twice { symbol, path });
        }
        all.push(series(symbol, &file.path)?);
    }
    // The result must not depend on the order of the arguments.
    all.sort_by_key(|series| series.symbol);
    Ok(all)
}

fn series(symbol: Symbol, path: &Path) -> Result<Series, CandleError> {
    let lines = if parquet::is_parquet(path) {
        parquet::read(path)?
    } else {
        csv::read(path)?
    };
    let distances = || {
        let starts = lines.windows(2).filter_map(|pair| match pair {
            [(before, _), (after, line)] => Some((before.start, after.start, *line)),
            _ => None,
        });
        starts.map(|(before, after, line)| (after.since(before), after, line))
    };
    let interval = most_frequent(distances().map(|(distance, _, _)| distance));
    let interval = interval.ok_or_else(|| CandleError::TooFew {
        path: path.to_owned(),
        count: lines.len(),
    })?;
    let mut gaps = Gaps::default();
    for (distance, start, line) in distances() {
        if distance < interval {
            return Err(CandleError::Line {
                path: path.to_owned(),
                line,
                fault: Fault::Overlap {
                    start,
                    distance,
                    interval,
                },
            });
        }
        if distance > interval {
            let missing = distance.as_micros() - interval.as_micros();
            gaps.count += 1;
            gaps.longest_sec = gaps.longest_sec.max(missing / 1_000_000);
        }
    }
    Ok(Series {
        symbol,
        candles: lines.into_iter().map(|(candle, _)| candle).collect(),
        interval,
        gaps,
    })
}

/// Appends a candle if it begins later than the previous one.
fn push(candles: &mut Vec<(Candle, u64)>, candle: Candle, line: u64) -> Result<(), Fault> {
    match candles.last() {
        Some((before, _)) if candle.start <= before.start => Err(Fault::NotLater {
            start: candle.start,
            before: before.start,
        }),
        _ => {
            candles.push((candle, line));
            Ok(())
        }
    }
}

/// Returns the most frequent time between two starts; the shortest one if several are equally frequent.
fn most_frequent(distances: impl Iterator<Item = SignedDuration>) -> Option<SignedDuration> {
    let mut counts = std::collections::BTreeMap::new();
    for distance in distances {
        *counts.entry(distance).or_insert(0_u64) += 1;
    }
    let longest_first = counts.into_iter().rev();
    longest_first
        .max_by_key(|(_, count)| *count)
        .map(|(distance, _)| distance)
}

/// Builds a candle if `low <= open <= high` and `low <= close <= high`.
fn candle(start: Timestamp, [open, high, low, close]: [Price; 4]) -> Result<Candle, Fault> {
    let candle = Candle {
        start,
        open,
        high,
        low,
        close,
    };
    match candle {
        _ if low > high => Err(Fault::Contradiction("`low` is above `high`")),
        _ if open > high || open < low => Err(Fault::Contradiction(
            "`open` is not between `low` and `high`",
        )),
        _ if close > high || close < low => Err(Fault::Contradiction(
            "`close` is not between `low` and `high`",
        )),
        candle => Ok(candle),
    }
}
