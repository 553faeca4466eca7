//! Errors in candle files.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use portcullis::types::{Shown, SignedDuration, Symbol, Timestamp};
use thiserror::Error;

use super::{interval::Interval, time::TimeUnit};
use crate::{simulate::units::UnitError, text::counted};

/// The maximum number of candles in a file: one per second for more than a year.
pub(super) const CANDLES_MAX: usize = 32 * 1024 * 1024;

/// The maximum number of columns that a message names.
const COLUMNS_SHOWN: usize = 12;

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
    /// The path is a directory.
    #[error("`{}` is a directory; give one candle file per symbol", shown(path))]
    Directory {
        /// The path of the directory.
        path: PathBuf,
    },
    /// The file has no content.
    #[error("`{}` is empty; export or download the candles again", shown(path))]
    Empty {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file has a format that is not supported.
    #[error(
        "`{}` contains {found}; candles are read from CSV or JSON (plain, or in gzip, zstd or zip), Parquet and Feather (Arrow IPC)",
        shown(path)
    )]
    Unsupported {
        /// The path of the file.
        path: PathBuf,
        /// The format of the content.
        found: String,
    },
    /// The compressed data cannot be decompressed.
    #[error(
        "`{}` cannot be decompressed: {why}; copy or download the file again",
        shown(path)
    )]
    Compression {
        /// The path of the file.
        path: PathBuf,
        /// The cause of the error, as text.
        why: String,
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
    /// A Parquet, Feather or zip file is not a regular file, but a pipe, for example. The index of these formats is at
    /// the end of the file, so they cannot be read from a pipe.
    #[error(
        "`{}` contains {format}, which can be read only from a regular file; save it to a file and give that file",
        shown(path)
    )]
    NoSeeking {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        format: &'static str,
    },
    /// The content is not valid in its format, or a column has an unsupported type.
    #[error("cannot read candles from `{}` as {format}: {why}", shown(path))]
    Format {
        /// The path of the file.
        path: PathBuf,
        /// The format of the file.
        format: &'static str,
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
        "`{}` has no column `{column}`; the required columns are a time (timestamp, date, open_time, …), open, high, low, close; the file has {}",
        shown(path),
        names(found)
    )]
    NoColumn {
        /// The path of the file.
        path: PathBuf,
        /// The name of the column.
        column: &'static str,
        /// The names of the columns of the file.
        found: Vec<String>,
    },
    /// Two columns have the same name, apart from case and punctuation.
    #[error(
        "`{}` has two columns `{}`; remove or rename one of them",
        shown(path),
        Shown(column)
    )]
    DuplicateColumn {
        /// The path of the file.
        path: PathBuf,
        /// The name of the column.
        column: String,
    },
    /// The file has fewer than two candles.
    #[error(
        "`{}` has {}; at least 2 are needed to determine the length of a candle, or give it with `--interval`",
        shown(path),
        counted(*count, "candle")
    )]
    TooFew {
        /// The path of the file.
        path: PathBuf,
        /// The number of candles in the file.
        count: usize,
    },
    /// A line or a row is not a valid candle.
    #[error("`{}`, {place}: {fault}", shown(path))]
    Candle {
        /// The path of the file.
        path: PathBuf,
        /// The place of the candle in the file.
        place: Place,
        /// The reason why the candle is invalid.
        fault: CandleFault,
    },
}

/// The place of a candle in its file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line of a text.
    Line(u64),
    /// A row of a table, or an element of an array.
    Row(u64),
}

/// The cause of an invalid candle.
#[derive(Debug, Error)]
pub enum CandleFault {
    /// The line has more or fewer fields than the first one.
    #[error("{found} fields, but the first line has {expected}")]
    FieldCount {
        /// The number of fields in this line.
        found: u64,
        /// The number of fields in the first line.
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
    #[error("`{column}` is `{}`: {why}{}", Shown(value), decimal_comma(value))]
    Value {
        /// The name of the column.
        column: &'static str,
        /// The text of the field.
        value: String,
        /// The reason why the field is not a price.
        why: UnitError,
    },
    /// A timestamp is invalid.
    #[error("`{}` is `{}`: {expected}", Shown(column), Shown(value))]
    Time {
        /// The name of the column.
        column: String,
        /// The text of the field.
        value: String,
        /// A description of the format that is expected.
        expected: &'static str,
    },
    /// A time is a number, but earlier times of the file are dates, or the reverse.
    #[error(
        "`{}` is `{}`, but the previous candles have {}; write all times in one form",
        Shown(column),
        Shown(value),
        if *is_number { "dates" } else { "numbers" }
    )]
    MixedTimes {
        /// The name of the column.
        column: String,
        /// The text of the field.
        value: String,
        /// True if this time is a number.
        is_number: bool,
    },
    /// A number is not a plausible time in any unit.
    #[error(
        "`{}` is {value}, which is not a time between 2000 and 2100 in seconds, milliseconds, microseconds or nanoseconds since 1970; {}",
        Shown(column),
        if *is_date { "write a date as YYYY-MM-DD" } else { "if it is right, give its unit with `--time-unit`" }
    )]
    NoUnit {
        /// The name of the column.
        column: String,
        /// The number as text.
        value: String,
        /// True if the number has the form YYYYMMDD.
        is_date: bool,
    },
    /// A number is plausible in another unit than that of the file.
    #[error(
        "`{}` is {value}, which looks like {found}, but {} {expected}; {}",
        Shown(column),
        if *is_named { "the name of the column states" } else { "the previous candles have" },
        if *is_named { "rename the column, or give the unit with `--time-unit`" } else { "convert all times to one unit" }
    )]
    OtherUnit {
        /// The name of the column.
        column: String,
        /// The number as text.
        value: String,
        /// The unit in which the number is plausible.
        found: TimeUnit,
        /// The unit of the file.
        expected: TimeUnit,
        /// True if the name of the column states the expected unit.
        is_named: bool,
    },
    /// `open` or `close` is outside `low..=high`, or `low` is above `high`.
    #[error("{0}")]
    Contradiction(&'static str),
    /// The candle does not have a later time than the previous candle.
    #[error(
        "the time of the candle is {time}, that of the previous one is {before}; sort candles by time and remove duplicates{}",
        if *is_naive { " (these times have no UTC offset: local times repeat when daylight saving time ends, so write them with their offset)" } else { "" }
    )]
    NotLater {
        /// The time of the candle.
        time: Timestamp,
        /// The time of the previous candle.
        before: Timestamp,
        /// True if times of the file have no UTC offset.
        is_naive: bool,
    },
    /// The candle begins less than half a candle length after the previous candle.
    #[error(
        "the time of the candle is {time}, {} after the previous one; candles are {interval} long, so they overlap",
        Interval::Fixed(*distance)
    )]
    Overlap {
        /// The time of the candle.
        time: Timestamp,
        /// The time from the previous candle to this one.
        distance: SignedDuration,
        /// The length of a candle.
        interval: Interval,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// Returns a path for messages, without control characters.
fn shown(path: &Path) -> String {
    Shown(path.display()).whole()
}

/// Returns the names of columns for messages.
fn names(names: &[String]) -> String {
    let shown = names.iter().take(COLUMNS_SHOWN);
    let shown: Vec<String> = shown.map(|name| format!("`{}`", Shown(name))).collect();
    match names.len().saturating_sub(COLUMNS_SHOWN) {
        _ if names.is_empty() => "no columns".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns advice if a number contains a comma.
fn decimal_comma(value: &str) -> &'static str {
    if value.contains(',') {
        "; write numbers with a decimal point and without separators"
    } else {
        ""
    }
}
