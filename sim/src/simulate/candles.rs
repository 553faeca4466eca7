//! Candles: what a symbol's price did, interval by interval.

mod csv;
mod parquet;

use std::path::{Path, PathBuf};

use portcullis::domain::{Instant, Span, Symbol};
use serde::Serialize;
use thiserror::Error;

use super::units::{Price, UnitError};

/// What the price did in one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candle {
    /// When the interval begins.
    pub start: Instant,
    /// The first price.
    pub open: Price,
    /// The highest.
    pub high: Price,
    /// The lowest.
    pub low: Price,
    /// The last.
    pub close: Price,
}

/// The candles of one symbol, earlier ones first.
#[derive(Debug, Clone)]
pub struct Series {
    /// What is traded.
    pub symbol: Symbol,
    /// One after the other; each begins after the one before has ended.
    pub candles: Vec<Candle>,
    /// How long an interval is: the most frequent distance of two candles.
    pub interval: Span,
    /// Where candles are missing.
    pub gaps: Gaps,
}

/// Where candles are missing between the first and the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// How often the next candle begins later than the one before ends.
    pub count: u64,
    /// The longest time without a candle, in seconds.
    pub longest_sec: i64,
}

/// Why a file holds no candles that can be used.
#[derive(Debug, Error)]
pub enum CandleError {
    /// It cannot be read.
    #[error("cannot read candles from `{}`: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Its name does not begin with a symbol, and nobody names one.
    #[error("cannot tell the symbol of `{}` by its name; give `--candles SYMBOL={}`", path.display(), path.display())]
    Nameless {
        /// The file.
        path: PathBuf,
    },
    /// A Parquet file that cannot be read, or whose columns are no candles'.
    #[error("cannot read candles from `{}` as Parquet: {why}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A symbol's candles are given twice.
    #[error("candles of {symbol} are given twice, the second time by `{}`; give one file for each symbol", path.display())]
    Twice {
        /// The symbol.
        symbol: Symbol,
        /// The second file.
        path: PathBuf,
    },
    /// A column is missing.
    #[error("`{}` has no column `{column}`; the first line names the columns: timestamp (or open_time), open, high, low, close", path.display())]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// There are fewer than two candles.
    #[error("`{}` holds {count} candle{}; two tell how long one is", path.display(), if *count == 1 { "" } else { "s" })]
    TooFew {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// A line, or a row of Parquet, that is no candle.
    #[error("`{}`, line {line}: {fault}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with a line.
#[derive(Debug, Error)]
pub enum Fault {
    /// It has more or fewer fields than the first line.
    #[error("{found} fields, and the first line has {expected}")]
    Ragged {
        /// So many.
        found: u64,
        /// So many as there are columns.
        expected: u64,
    },
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotUtf8,
    /// A price that is none.
    #[error("`{column}` is `{value}`: {why}")]
    Value {
        /// The column.
        column: &'static str,
        /// What stands there.
        value: String,
        /// What is wrong.
        why: UnitError,
    },
    /// A time that is none.
    #[error("`{column}` is `{value}`: {expected}")]
    Time {
        /// The column.
        column: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        expected: &'static str,
    },
    /// The lowest price is above another, or the highest below.
    #[error("{0}")]
    Contradiction(&'static str),
    /// It begins no later than the candle before.
    #[error(
        "it begins at {start}, and the candle before at {before}: candles stand in the order of time, each once"
    )]
    NotLater {
        /// When it begins.
        start: Instant,
        /// When the one before does.
        before: Instant,
    },
    /// It begins before the candle before has ended.
    #[error(
        "it begins at {start}, {distance} after the candle before, and candles are {interval} long: they overlap"
    )]
    Overlap {
        /// When it begins.
        start: Instant,
        /// After so long.
        distance: Span,
        /// How long a candle is.
        interval: Span,
    },
}

/// Where the candles of a symbol are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandleFile {
    /// The symbol, where somebody names it; otherwise the file's name does, up to the first `_`, `-` or `.`.
    pub symbol: Option<Symbol>,
    /// The file.
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

/// Reads every file.
///
/// # Errors
/// The first thing that is wrong with one of them.
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
    // Whatever the order in which they are given.
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

/// Candles stand in the order of time, each once.
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

/// Of several equally frequent ones the shortest.
fn most_frequent(distances: impl Iterator<Item = Span>) -> Option<Span> {
    let mut counts = std::collections::BTreeMap::new();
    for distance in distances {
        *counts.entry(distance).or_insert(0_u64) += 1;
    }
    let longest_first = counts.into_iter().rev();
    longest_first
        .max_by_key(|(_, count)| *count)
        .map(|(distance, _)| distance)
}

/// The prices of a line, if they can be those of one interval.
fn candle(start: Instant, [open, high, low, close]: [Price; 4]) -> Result<Candle, Fault> {
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
