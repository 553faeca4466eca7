//! Reading of Parquet rows as lines of JSON.

use std::{
    fs::File,
    io::{self, Read, Write as _},
    mem,
    ops::Range,
    sync::Arc,
};

use arrow_array::{
    Array, ArrayRef, BinaryViewArray, RecordBatch, StringViewArray, cast::AsArray as _,
    types::Float64Type,
};
use arrow_buffer::NullBuffer;
use portcullis::types::Timestamp;
use serde::de::IgnoredAny;

use super::{
    batches::{Batches, Input},
    columns::{MARKET, Role, roles},
    values::{ValueKind, float, text, timestamp, utf8, write_number},
};
use crate::tape::{Progress, lines::BOM};

/// The number of bytes after which no further row is added to the buffered lines.
const LINES_BYTES: usize = 256 * 1024;

/// The rows of a file, read as one JSON line each.
pub(in crate::tape) struct Rows {
    batches: Batches,
    columns: Vec<Column>,
    /// The current batch, and the number of its rows that were read.
    batch: Option<(RecordBatch, usize)>,
    lines: Vec<u8>,
    consumed: usize,
    is_at_begin: bool,
    line_bytes_max: usize,
    rows: u64,
    bytes: u64,
    progress: Arc<Progress>,
}

impl Rows {
    /// Opens a file, or some of its row groups. With `carries`, lines also include fields that no decision depends on. A line of more than
    /// `line_bytes_max` bytes is replaced by filling bytes, which are also too long.
    ///
    /// # Errors
    /// Returns a message if the file is not Parquet or does not have the columns of a record.
    pub(in crate::tape) fn open(
        file: File,
        groups: Option<Range<usize>>,
        carries: bool,
        line_bytes_max: usize,
        progress: Arc<Progress>,
    ) -> Result<Self, String> {
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        let input = Input::open(file)?;
        let read = roles(&input, carries)?;
        let names = input.schema().fields().iter();
        let names: Vec<String> = names.map(|field| field.name().clone()).collect();
        let rows = input.rows();
        let roots: Vec<usize> = read.iter().map(|(root, _)| *root).collect();
        let is_at_begin = groups.as_ref().is_none_or(|groups| groups.start == 0);
        let batches = input.batches(&roots)?.of_groups(groups);
        // All market columns form one JSON object, so they are moved behind the other fields. The columns that no decision
        // depends on are last, because an answer can contain the position of a field in the line.
        let mut fields: Vec<Column> = (0..)
            .zip(&read)
            .map(|(index, (of, role))| {
                let name = names.get(*of).map_or("", String::as_str);
                Column::new(index, *role, name)
            })
            .collect();
        fields.sort_by_key(|column| (column.role == Role::Other, column.is_market));
        Ok(Self {
            batches,
            columns: fields,
            batch: None,
            lines: Vec::new(),
            consumed: 0,
            is_at_begin,
            line_bytes_max,
            rows,
            bytes,
            progress,
        })
    }

    /// Writes lines to the buffer, until it is full or the batch ends. Returns false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        self.consumed = 0;
        self.lines.clear();
        self.lines.shrink_to(2 * LINES_BYTES);
        let (batch, begin) = match self.batch.take() {
            Some(batch) => batch,
            None => match self.batches.next().transpose()? {
                Some(batch) => (batch, 0),
                None => return Ok(false),
            },
        };
        let values = |column: &Column| batch.columns().get(column.index);
        let columns = self.columns.iter();
        let columns: Vec<(&Column, Values<'_>)> = columns
            .filter_map(|column| Some((column, Values::new(values(column)?))))
            .collect();
        let mut row = begin;
        while row < batch.num_rows() && self.lines.len() < LINES_BYTES {
            let line = Line {
                begin: self.lines.len(),
                bytes_max: self.line_bytes_max,
                is_first: mem::take(&mut self.is_at_begin),
            };
            line.write(&columns, row, &mut self.lines)?;
            row += 1;
        }
        let rows = u64::try_from(row - begin).unwrap_or_default();
        let share = u128::from(self.bytes) * u128::from(rows) / u128::from(self.rows.max(1));
        self.progress.add(u64::try_from(share).unwrap_or_default());
        drop(columns);
        self.batch = (row < batch.num_rows()).then_some((batch, row));
        Ok(true)
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.consumed == self.lines.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let rest = self.lines.get(self.consumed..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consumed += count;
        Ok(count)
    }
}

/// A column that is read.
struct Column {
    /// The index of the column among the columns that are read.
    index: usize,
    role: Role,
    is_market: bool,
    is_iso: bool,
    /// The bytes before a value: comma, name, colon.
    key: Vec<u8>,
}

impl Column {
    fn new(index: usize, role: Role, name: &str) -> Self {
        let market = name.strip_prefix(MARKET).filter(|_| role != Role::Other);
        let own = serde_json::Value::from(market.unwrap_or(name));
        Self {
            index,
            role,
            is_market: market.is_some(),
            is_iso: name == "timestamp",
            key: format!(",{own}:").into_bytes(),
        }
    }
}

/// The values of one column in a batch, with the type resolved once for all rows.
struct Values<'b> {
    all: &'b ArrayRef,
    nulls: Option<&'b NullBuffer>,
    typed: Typed<'b>,
}

enum Typed<'b> {
    Text(&'b StringViewArray),
    /// Text that is not marked as UTF-8, or a record.
    Bytes(&'b BinaryViewArray),
    Float(&'b [f64]),
    Other,
}

impl<'b> Values<'b> {
    fn new(all: &'b ArrayRef) -> Self {
        Self {
            all,
            nulls: all.nulls(),
            typed: if let Some(texts) = all.as_string_view_opt() {
                Typed::Text(texts)
            } else if let Some(bytes) = all.as_binary_view_opt() {
                Typed::Bytes(bytes)
            } else if let Some(numbers) = all.as_primitive_opt::<Float64Type>() {
                Typed::Float(numbers.values())
            } else {
                Typed::Other
            },
        }
    }

    fn is_valid(&self, row: usize) -> bool {
        self.nulls.is_none_or(|nulls| nulls.is_valid(row))
    }

    /// Returns the bytes of a text or of bytes; empty for another type.
    fn bytes(&self, row: usize) -> &'b [u8] {
        match self.typed {
            Typed::Text(texts) => texts.value(row).as_bytes(),
            Typed::Bytes(bytes) => bytes.value(row),
            Typed::Float(_) | Typed::Other => &[],
        }
    }

    fn write(&self, row: usize, is_iso: bool, line: &mut Vec<u8>) -> io::Result<()> {
        match self.typed {
            Typed::Text(texts) => write_text(texts.value(row), line),
            Typed::Bytes(bytes) => write_text(utf8(bytes.value(row))?, line),
            Typed::Float(numbers) => float(numbers.get(row).copied().unwrap_or(f64::NAN), line),
            Typed::Other => value(self.all, row, is_iso, line),
        }
    }
}

/// Writes a JSON string. Most texts need no escapes and are copied.
fn write_text(text: &str, line: &mut Vec<u8>) -> io::Result<()> {
    let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text
        .bytes()
        .fold(true, |is_plain, byte| is_plain & plain(byte))
    {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
        return Ok(());
    }
    serde_json::to_writer(line, text).map_err(io::Error::from)
}

/// The lines for rows that cannot be one record. They are not JSON objects, so they are unreadable.
mod unreadable {
    pub(super) const TWO_RECORDS: &[u8] = b"\"`record` is set together with other columns\"";
    pub(super) const EMPTY_RECORD: &[u8] = b"\"`record` is empty\"";
    pub(super) const REST: &[u8] = b"\"`rest` is not a JSON object\"";
}

/// The line of one row.
#[derive(Clone, Copy)]
struct Line {
    /// The place at which it begins.
    begin: usize,
    bytes_max: usize,
    /// True for the first line of the tape.
    is_first: bool,
}

impl Line {
    /// Writes a row and its line ending.
    fn write(
        self,
        columns: &[(&Column, Values<'_>)],
        row: usize,
        lines: &mut Vec<u8>,
    ) -> io::Result<()> {
        let mut present = columns.iter().filter(|(_, values)| values.is_valid(row));
        let of_record = |role| matches!(role, Role::Field(_) | Role::Rest);
        let record = columns
            .iter()
            .find(|(column, values)| column.role == Role::Record && values.is_valid(row));
        match record {
            Some(_) if present.any(|(column, _)| of_record(column.role)) => {
                lines.extend_from_slice(unreadable::TWO_RECORDS);
            }
            Some((_, record)) => self.record(record.bytes(row), lines),
            None => match self.fields(present, row, lines)? {
                Complete::Yes => {}
                Complete::TooLong => self.too_long(lines),
                Complete::NoRest => {
                    lines.truncate(self.begin);
                    lines.extend_from_slice(unreadable::REST);
                }
            },
        }
        // The reader removes one carriage return from the end of a line.
        if lines.last() == Some(&b'\r') {
            lines.push(b'\r');
        }
        lines.push(b'\n');
        Ok(())
    }

    /// Writes a whole record.
    fn record(self, record: &[u8], lines: &mut Vec<u8>) {
        if !self.has_room(record.len(), lines) {
            return self.too_long(lines);
        }
        // A blank line is not a record.
        let is_blank = str::from_utf8(record).is_ok_and(|text| text.trim().is_empty());
        if is_blank {
            return lines.extend_from_slice(unreadable::EMPTY_RECORD);
        }
        // The reader removes a byte order mark from the beginning of a tape.
        if self.is_first && record.starts_with(BOM) {
            lines.extend_from_slice(BOM);
        }
        // In JSON, a line feed is white space between tokens and an error in a string. The same applies to a carriage
        // return.
        let one_line = |byte: &u8| if *byte == b'\n' { b'\r' } else { *byte };
        lines.extend(record.iter().map(one_line));
    }

    /// Writes a record in columns.
    fn fields<'c>(
        self,
        present: impl Iterator<Item = &'c (&'c Column, Values<'c>)>,
        row: usize,
        lines: &mut Vec<u8>,
    ) -> io::Result<Complete> {
        lines.push(b'{');
        let mut is_first = true;
        let mut in_market = false;
        for (column, values) in present {
            let bytes = values.bytes(row);
            // Escapes can make a text longer, so the length is checked again after it was written.
            if !self.has_room(bytes.len(), lines) {
                return Ok(Complete::TooLong);
            }
            if column.role == Role::Rest {
                let Some(rest) = members(utf8(bytes)?) else {
                    return Ok(Complete::NoRest);
                };
                if !rest.is_empty() {
                    lines.extend_from_slice(without_comma(b",", &mut is_first));
                    let one_line = |byte| if byte == b'\n' { b' ' } else { byte };
                    lines.extend(rest.bytes().map(one_line));
                }
                continue;
            }
            if column.is_market && !in_market {
                lines.extend_from_slice(without_comma(b",\"market\":{", &mut is_first));
                (in_market, is_first) = (true, true);
            } else if !column.is_market && in_market {
                lines.push(b'}');
                in_market = false;
            }
            lines.extend_from_slice(without_comma(&column.key, &mut is_first));
            values.write(row, column.is_iso, lines)?;
        }
        lines.extend_from_slice(if in_market { b"}}" } else { b"}" });
        Ok(match self.has_room(0, lines) {
            true => Complete::Yes,
            false => Complete::TooLong,
        })
    }

    /// Returns true if the line has at most the maximum number of bytes after `more` bytes are added.
    fn has_room(self, more: usize, lines: &[u8]) -> bool {
        lines.len().saturating_sub(self.begin).saturating_add(more) <= self.bytes_max
    }

    /// Replaces the line by filling bytes, so that the reader finds a line that is too long.
    fn too_long(self, lines: &mut Vec<u8>) {
        lines.truncate(self.begin);
        let end = self.begin.saturating_add(self.bytes_max);
        lines.resize(end.saturating_add(1), b'x');
    }
}

/// The result of writing the columns of a row as one record.
enum Complete {
    Yes,
    TooLong,
    /// `rest` is not a JSON object.
    NoRest,
}

/// Returns the members of a JSON object that is given as text, as they are written; `None` if it is not an object.
fn members(object: &str) -> Option<&str> {
    let blank = [' ', '\t', '\n', '\r'];
    let inner = object
        .trim_matches(blank)
        .strip_prefix('{')?
        .strip_suffix('}')?;
    serde_json::from_str::<IgnoredAny>(object).ok()?;
    Some(inner.trim_matches(blank))
}

/// Returns a key, without its leading comma if it is the first of its object.
fn without_comma<'k>(key: &'k [u8], is_first: &mut bool) -> &'k [u8] {
    match mem::take(is_first) {
        true => key.get(1..).unwrap_or_default(),
        false => key,
    }
}

/// Writes one value as JSON.
fn value(values: &ArrayRef, row: usize, is_iso: bool, line: &mut Vec<u8>) -> io::Result<()> {
    match ValueKind::of(values.data_type()) {
        Some(ValueKind::Number) => write_number(values, row, line),
        Some(ValueKind::Flag) => write!(line, "{}", values.as_boolean().value(row)),
        Some(ValueKind::Timestamp | ValueKind::Date) => {
            instant(timestamp(values, row), is_iso, line)
        }
        // A view of bytes is text that is not marked as text.
        Some(ValueKind::Text) | None => write_text(text(values, row)?, line),
    }
}

/// Writes epoch milliseconds or ISO-8601 text. A timestamp out of range becomes a text that is neither.
fn instant(at: Option<Timestamp>, is_iso: bool, line: &mut Vec<u8>) -> io::Result<()> {
    match at {
        Some(at) if is_iso => write!(line, "\"{at}\""),
        Some(at) => write!(line, "{}", at.as_millis()),
        None => line.write_all(b"\"out of range\""),
    }
}
