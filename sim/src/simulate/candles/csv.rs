//! Candles from CSV: a header with the column names, then one candle per line.
//!
//! `timestamp` is ISO-8601 (UTC if it has no offset) or epoch seconds, `open_time` is epoch milliseconds. The column
//! name alone decides the unit, never the magnitude. Other columns, such as `volume`, are ignored.

use std::{
    io::{self, Read},
    path::Path,
};

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::{
    candle::{Candle, PRICES, candle, push, time},
    error::{CandleError, CandleFault},
};
use crate::simulate::units::Price;

/// The maximum length of a line, in bytes.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// A source that fails if a line is too long, so that a source without line endings is not read into memory.
struct Bounded<R> {
    from: R,
    /// The number of bytes that may still be read for the current line.
    room: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.room);
        if count == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self
            .from
            .read(buffer.get_mut(..count).unwrap_or_default())?;
        self.room = self.room.saturating_sub(read);
        Ok(read)
    }
}

struct Columns {
    time: usize,
    is_millis: bool,
    prices: [usize; 4],
}

/// Reads all candles, each with its line number.
pub(super) fn read(path: &Path, from: impl Read) -> Result<Vec<(Candle, u64)>, CandleError> {
    let from = Bounded {
        from,
        room: LINE_BYTES_MAX,
    };
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(from);
    let of = |error| csv_error(path, 1, error);
    let columns = columns(path, reader.headers().map_err(of)?)?;
    let mut candles: Vec<(Candle, u64)> = Vec::new();
    let mut record = StringRecord::new();
    loop {
        reader.get_mut().room = LINE_BYTES_MAX;
        let line = reader.position().line();
        let is_read = reader.read_record(&mut record);
        if !is_read.map_err(|error| csv_error(path, line, error))? {
            return Ok(candles);
        }
        let line = record.position().map_or(0, csv::Position::line);
        let wrong = |fault| CandleError::Line {
            path: path.to_owned(),
            line,
            fault,
        };
        let candle = read_line(&record, &columns).map_err(wrong)?;
        push(&mut candles, candle, line).map_err(wrong)?;
    }
}

fn columns(path: &Path, headers: &StringRecord) -> Result<Columns, CandleError> {
    let place = |name: &str| {
        let mut names = headers.iter();
        names.position(|header| {
            header
                .trim_start_matches('\u{feff}')
                .eq_ignore_ascii_case(name)
        })
    };
    let required = |column| {
        place(column).ok_or_else(|| CandleError::NoColumn {
            path: path.to_owned(),
            column,
        })
    };
    let (time, is_millis) = match (place("timestamp"), place("open_time")) {
        (Some(time), _) => (time, false),
        (None, Some(time)) => (time, true),
        (None, None) => (required("timestamp")?, false),
    };
    let [open, high, low, close] = PRICES;
    Ok(Columns {
        time,
        is_millis,
        prices: [
            required(open)?,
            required(high)?,
            required(low)?,
            required(close)?,
        ],
    })
}

fn read_line(record: &StringRecord, columns: &Columns) -> Result<Candle, CandleFault> {
    let field = |place| record.get(place).unwrap_or_default();
    let price = |place, column| {
        Price::parse(field(place)).map_err(|why| CandleFault::Value {
            column,
            value: field(place).to_owned(),
            why,
        })
    };
    let ([open, high, low, close], [o, h, l, c]) = (PRICES, columns.prices);
    let prices = [
        price(o, open)?,
        price(h, high)?,
        price(l, low)?,
        price(c, close)?,
    ];
    candle(time(field(columns.time), columns.is_millis)?, prices)
}

/// `line` is the line at which the reading began.
fn csv_error(path: &Path, line: u64, error: csv::Error) -> CandleError {
    let line = error.position().map_or(line, csv::Position::line);
    let fault = match error.into_kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            CandleFault::TooLong {
                bytes_max: LINE_BYTES_MAX,
            }
        }
        ErrorKind::Io(error) => {
            return CandleError::Unreadable {
                path: path.to_owned(),
                error,
            };
        }
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => CandleFault::FieldCount {
            found: len,
            expected: expected_len,
        },
        // The other kinds occur only when writing or deserialising.
        ErrorKind::Utf8 { .. } | _ => CandleFault::NotUtf8,
    };
    CandleError::Line {
        path: path.to_owned(),
        line,
        fault,
    }
}
