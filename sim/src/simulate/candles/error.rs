//! Errors in candle files.

use std::path::{Path, PathBuf};

use portcullis::types::{Shown, SignedDuration, Symbol, Timestamp};
use thiserror::Error;

use crate::{simulate::units::UnitError, text::counted};

/// The maximum number of candles in a file: one per second for more than a year.
pub(super) const CANDLES_MAX: usize = 32 * 1024 * 1024;

/// An error in a candle file.
#[derive(Debug, Error)]
pub enum CandleError {
    /// The file cannot be read.
    #[error("cannot read candles from `{}`: {error}", shown(path))]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
    },
    /// The file name does not begin with a symbol, and no symbol is given.
    #[error(
        "the file name `{}` does not begin with a symbol; use `--candles SYMBOL={}`",
        shown(path),
        shown(path)
    )]
    NoSymbol {
        /// The path of the file.
        path: PathBuf,
    },
    /// A Parquet file does not come from a regular file, so its index at the end cannot be read.
    #[error(
        "`{}` contains Parquet, whose index is at its end; save it to a file and give that file",
        shown(path)
    )]
    NoSeeking {
        /// The file.
        path: PathBuf,
    },
    /// The Parquet file is unreadable, or a column has an unsupported type.
    #[error("cannot read candles from `{}` as Parquet: {why}", shown(path))]
    Parquet {
        /// The path of the file.
        path: PathBuf,
        /// The cause of the error, as text.
        why: String,
    },
    /// Two files have the candles of one symbol.
    #[error(
        "`{}` is a second candle file for {symbol}; give one file per symbol",
        shown(path)
    )]
    DuplicateSymbol {
        /// The symbol that occurs twice.
        symbol: Symbol,
        /// The path of the second file for this symbol.
        path: PathBuf,
    },
    /// A required column is missing.
    #[error(
        "`{}` has no column `{column}`; the required columns are timestamp (or open_time), open, high, low, close",
        shown(path)
    )]
    NoColumn {
        /// The path of the file.
        path: PathBuf,
        /// The name of the column.
        column: &'static str,
    },
    /// The file has fewer than two candles.
    #[error("`{}` has {}; at least 2 are needed to determine the length of a candle", shown(path), counted(*count, "candle"))]
    TooFew {
        /// The path of the file.
        path: PathBuf,
        /// The number of candles in the file.
        count: usize,
    },
    /// A CSV line or a Parquet row is not a valid candle.
    #[error("`{}`, line {line}: {fault}", shown(path))]
    Line {
        /// The path of the file.
        path: PathBuf,
        /// The number of the line or row, counted from 1.
        line: u64,
        /// The reason why the line is invalid.
        fault: CandleFault,
    },
}

/// The cause of an invalid line.
#[derive(Debug, Error)]
pub enum CandleFault {
    /// The line has more or fewer fields than the header.
    #[error("{found} fields, but the header has {expected}")]
    FieldCount {
        /// The number of fields in this line.
        found: u64,
        /// The number of columns in the header.
        expected: u64,
    },
    /// The line is not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The line is too long.
    #[error("the line is longer than {bytes_max} bytes")]
    TooLong {
        /// The maximum length in bytes.
        bytes_max: usize,
    },
    /// The file has too many candles.
    #[error(
        "the file has more than {CANDLES_MAX} candles; give a file with longer candles or a shorter period"
    )]
    TooMany,
    /// A price is invalid.
    #[error("`{column}` is `{}`: {why}", Shown(value))]
    Value {
        /// The name of the column.
        column: &'static str,
        /// The text of the field.
        value: String,
        /// The reason why the field is not a price.
        why: UnitError,
    },
    /// A timestamp is invalid.
    #[error("`{column}` is `{}`: {expected}", Shown(value))]
    Time {
        /// The name of the column.
        column: &'static str,
        /// The text of the field.
        value: String,
        /// A description of the format that is expected.
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

/// Returns a path for messages, without control characters.
fn shown(path: &Path) -> String {
    Shown(path.display()).whole()
}
