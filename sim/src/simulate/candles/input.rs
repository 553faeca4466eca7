//! A candle file that is being read, and its errors.

use std::{io, path::Path};

use super::{
    columns::ColumnFault,
    error::CandleError,
    interval::Interval,
    time::{TimeLabel, TimeUnit},
};
use crate::tape::format::WINDOW_TOO_LARGE;

/// Options for the candles of all files, which take precedence over the contents of the files. For a `None`, the
/// value is found from each file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The length of a candle.
    pub interval: Option<Interval>,
    /// The unit of times that are numbers.
    pub time_unit: Option<TimeUnit>,
    /// The meaning of the time of a candle: its start or its end.
    pub time_label: Option<TimeLabel>,
}

/// A file that is being read, and the options for its times.
pub(super) struct Input<'a> {
    pub(super) path: &'a Path,
    pub(super) options: &'a ReadOptions,
    /// True if the bytes that are read were compressed.
    pub(super) is_compressed: bool,
}

impl Input<'_> {
    /// Returns the error for bytes that cannot be read. Errors of the operating system have a number; all other errors
    /// come from a decompressor.
    pub(super) fn read_error(&self, error: io::Error) -> CandleError {
        let path = self.path.to_owned();
        if !self.is_compressed || error.raw_os_error().is_some() {
            return CandleError::Unreadable { path, error };
        }
        let why = if error.kind() == io::ErrorKind::UnexpectedEof {
            "the compressed data is incomplete".to_owned()
        } else if error.to_string() == WINDOW_TOO_LARGE {
            "its zstd window is too large".to_owned()
        } else {
            error.to_string()
        };
        CandleError::Compression { path, why }
    }

    pub(super) fn format_error(&self, format: &'static str, why: String) -> CandleError {
        CandleError::Format {
            path: self.path.to_owned(),
            format,
            why,
        }
    }

    pub(super) fn unsupported(&self, found: impl Into<String>) -> CandleError {
        CandleError::Unsupported {
            path: self.path.to_owned(),
            found: found.into(),
        }
    }

    /// Returns the error for a missing or duplicate column.
    pub(super) fn column_error(&self, fault: ColumnFault, names: &[&str]) -> CandleError {
        let path = self.path.to_owned();
        match fault {
            ColumnFault::Missing(column) => CandleError::NoColumn {
                path,
                column,
                found: names.iter().map(|name| (*name).to_owned()).collect(),
            },
            ColumnFault::Duplicate(column) => CandleError::DuplicateColumn { path, column },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_decompressor_differ_from_those_of_the_system() {
        let shown = |is_compressed: bool, error: io::Error| {
            let input = Input {
                path: Path::new("candles"),
                options: &ReadOptions::default(),
                is_compressed,
            };
            input.read_error(error).to_string()
        };
        let system = || io::Error::from_raw_os_error(5);
        for is_compressed in [false, true] {
            let text = shown(is_compressed, system());
            assert!(
                text.starts_with("cannot read candles from `candles`: "),
                "{text}"
            );
        }
        let text = shown(false, io::Error::other("x"));
        assert_eq!(text, "cannot read candles from `candles`: x");
        for (error, why) in [
            (io::Error::other("x"), "x"),
            (
                io::ErrorKind::UnexpectedEof.into(),
                "the compressed data is incomplete",
            ),
            (
                io::Error::other(WINDOW_TOO_LARGE),
                "its zstd window is too large",
            ),
        ] {
            let expected =
                format!("`candles` cannot be decompressed: {why}; copy or download the file again");
            assert_eq!(shown(true, error), expected);
        }
    }
}
