//! Candles from CSV: one candle per line, with or without a header.
//!
//! Fields are separated by commas, semicolons or tabs. Without a header, the first five columns are time, open, high,
//! low and close, as in the files of Binance.

use std::io::{self, Read};

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use super::{
    columns::Columns,
    error::{CandleError, CandleFault, Place},
    input::Input,
    rows::Rows,
    time::{RawTime, TimeLabel},
};

/// The maximum length of a line, in bytes.
pub(super) const LINE_BYTES_MAX: usize = 1024 * 1024;

/// The number of columns in the files of Binance, which have the time at which a candle opens.
const BINANCE_COLUMNS: usize = 12;

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

/// Reads all candles. `head` is the beginning of the text, from which the separator is found.
pub(super) fn read(input: &Input<'_>, head: &[u8], from: impl Read) -> Result<Rows, CandleError> {
    let from = Bounded {
        from,
        room: LINE_BYTES_MAX,
    };
    let mut reader = ReaderBuilder::new()
        .delimiter(separator(head))
        .has_headers(false)
        .trim(Trim::All)
        .from_reader(from);
    let mut record = StringRecord::new();
    let mut rows: Option<(Columns, Rows)> = None;
    // The reader ends a record at a carriage return, and counts the line only when it reads the following line feed as
    // part of the next record. So its line number is too low by one.
    let first = head.split(|byte| *byte == b'\n').next();
    let uncounted = u64::from(first.is_some_and(|line| line.ends_with(b"\r")));
    loop {
        reader.get_mut().room = LINE_BYTES_MAX;
        let uncounted = if rows.is_some() { uncounted } else { 0 };
        let line = reader.position().line() + uncounted;
        let is_read = reader.read_record(&mut record);
        if !is_read.map_err(|error| csv_error(input, line, error))? {
            return rows
                .map(|(_, rows)| rows)
                .ok_or_else(|| CandleError::Empty {
                    path: input.path.to_owned(),
                });
        }
        let (columns, rows) = match &mut rows {
            Some(known) => known,
            None => {
                let (columns, is_header) = columns(input, &record)?;
                let list = Rows::new(columns.time_column.clone(), input.options, Place::Line);
                let known = rows.insert((columns, list));
                if is_header {
                    continue;
                }
                known
            }
        };
        push(rows, columns, &record, line).map_err(|fault| CandleError::Candle {
            path: input.path.to_owned(),
            place: Place::Line(line),
            fault,
        })?;
    }
}

fn push(
    rows: &mut Rows,
    columns: &Columns,
    record: &StringRecord,
    line: u64,
) -> Result<(), CandleFault> {
    let field = |place: usize| record.get(place).unwrap_or_default();
    let values = (columns.prices.map(field), columns.volume.map_or("", field));
    let time = field(columns.time);
    match columns.clock.map(field) {
        Some(clock) if clock.contains(':') && !time.contains(':') => {
            rows.push_text(line, &format!("{time} {clock}"), values)
        }
        Some(_) | None => rows.push_text(line, time, values),
    }
}

/// Returns the most frequent separator in the first line, outside of quotes.
fn separator(head: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in head.trim_ascii_start() {
        match byte {
            b'\n' | b'\r' if !is_quoted => break,
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            byte => {
                let known = counts.iter_mut().find(|(separator, _)| separator == byte);
                if let Some((_, count)) = known {
                    *count += 1;
                }
            }
        }
    }
    // `max_by_key` returns the last of several maxima. The order is reversed so that it returns the first one.
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(separator, _)| separator)
}

/// Returns the columns, and true if the first line is a header.
fn columns(input: &Input<'_>, first: &StringRecord) -> Result<(Columns, bool), CandleError> {
    let is_number = |place| {
        let field: Option<&str> = first.get(place);
        field.is_some_and(|text| text.parse::<f64>().is_ok())
    };
    let is_time = first
        .get(0)
        .is_some_and(|text| RawTime::parse(text).is_ok());
    if is_time && (1..5).all(is_number) {
        let label = (first.len() == BINANCE_COLUMNS).then_some(TimeLabel::Open);
        return Ok((Columns::positional("column 1", label), false));
    }
    let names: Vec<&str> = first.iter().collect();
    match Columns::find(&names) {
        Ok(columns) => Ok((columns, true)),
        Err(fault) => Err(input.column_error(fault, &names)),
    }
}

/// Converts an error of the reader. `line` is the number of the first line of the record.
fn csv_error(input: &Input<'_>, line: u64, error: csv::Error) -> CandleError {
    let fault = match error.into_kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            CandleFault::TooLong {
                bytes_max: LINE_BYTES_MAX,
            }
        }
        ErrorKind::Io(error) => return input.read_error(error),
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => CandleFault::FieldCount {
            found: len,
            expected: expected_len,
        },
        // The other kinds occur only when writing or deserialising.
        ErrorKind::Utf8 { .. } | _ => CandleFault::NotUtf8,
    };
    CandleError::Candle {
        path: input.path.to_owned(),
        place: Place::Line(line),
        fault,
    }
}
