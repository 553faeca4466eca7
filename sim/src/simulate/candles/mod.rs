//! Candles of one symbol, read from CSV or Parquet files.

mod candle;
mod csv;
mod error;
mod parquet;

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use portcullis::types::{SignedDuration, Symbol};
use serde::Serialize;

pub use candle::Candle;
pub use error::{CandleError, CandleFault};

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

/// The gaps between the first and the last candle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Gaps {
    /// The number of candles that begin later than the previous candle ends.
    pub count: u64,
    /// The longest gap in seconds.
    pub longest_sec: i64,
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
            .ok_or_else(|| CandleError::NoSymbol {
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
            return Err(CandleError::DuplicateSymbol { symbol, path });
        }
        all.push(series(symbol, &file.path)?);
    }
    // The result must not depend on the order of the arguments.
    all.sort_by_key(|series| series.symbol);
    Ok(all)
}

fn series(symbol: Symbol, path: &Path) -> Result<Series, CandleError> {
    let lines = lines(path)?;
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
                fault: CandleFault::Overlap {
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

/// Reads the candles of a file, each with its line or row number.
fn lines(path: &Path) -> Result<Vec<(Candle, u64)>, CandleError> {
    let unreadable = |error: io::Error| CandleError::Unreadable {
        path: path.to_owned(),
        error,
    };
    let file = File::open(path).map_err(unreadable)?;
    // A pipe can be read only once, so its first bytes are kept.
    let mut head = Vec::new();
    let mut first = (&file).take(parquet::MAGIC_BYTES);
    first.read_to_end(&mut head).map_err(unreadable)?;
    if head != parquet::MAGIC {
        return csv::read(path, io::Cursor::new(head).chain(file));
    }
    if file.metadata().map_err(unreadable)?.is_file() {
        parquet::read(path, file)
    } else {
        Err(CandleError::NoSeeking {
            path: path.to_owned(),
        })
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
