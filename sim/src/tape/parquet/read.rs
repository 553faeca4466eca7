//! Reading of Parquet rows as lines of JSON.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "`roles` rejects columns of any other Arrow type when the file is opened"
)]

use std::{
    fs::File,
    io::{self, Read, Write as _},
    sync::Arc,
};

use arrow_array::{
    Array, ArrayRef, StringArray,
    cast::AsArray as _,
    types::{
        ArrowDictionaryKeyType, ArrowPrimitiveType, Float16Type, Float32Type, Float64Type,
        Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
        UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{
        ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    },
};
use portcullis::types::Timestamp;

use super::columns::{MARKET, Role, roles};
use crate::tape::Progress;

/// The number of rows in one batch.
const BATCH_ROWS: usize = 2048;

/// The rows of a file, read as one JSON line each.
pub(in crate::tape) struct Rows {
    batches: ParquetRecordBatchReader,
    columns: Vec<Column>,
    lines: Vec<u8>,
    consumed: usize,
    rows: u64,
    bytes: u64,
    progress: Arc<Progress>,
}

impl Rows {
    /// Opens a file. With `carries`, lines also include fields that no decision depends on.
    ///
    /// # Errors
    /// Returns a message if the file is not Parquet or its columns are not those of a record.
    pub(in crate::tape) fn open(
        file: File,
        carries: bool,
        progress: Arc<Progress>,
    ) -> Result<Self, String> {
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        let message = |error: parquet::errors::ParquetError| error.to_string();
        let metadata = ArrowReaderMetadata::load(&file, Default::default()).map_err(message)?;
        let read = roles(&metadata, carries)?;
        let names = metadata.schema().fields().iter();
        let names: Vec<String> = names.map(|field| field.name().clone()).collect();
        let mask = ProjectionMask::roots(
            metadata.parquet_schema(),
            read.iter().map(|(index, _)| *index),
        );
        let rows = metadata.metadata().file_metadata().num_rows();
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
        let batches = builder
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(message)?;
        // All market columns form one JSON object, so they are moved to the end.
        let mut fields: Vec<Column> = (0..)
            .zip(&read)
            .map(|(index, (of, role))| {
                let name = names.get(*of).map_or("", String::as_str);
                Column::new(index, *role, name)
            })
            .collect();
        fields.sort_by_key(|column| column.is_market);
        Ok(Self {
            batches,
            columns: fields,
            lines: Vec::new(),
            consumed: 0,
            rows: u64::try_from(rows).unwrap_or_default(),
            bytes,
            progress,
        })
    }

    /// Reads the next batch of lines. Returns false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.consumed = 0;
        let mut lines = std::mem::take(&mut self.lines);
        lines.clear();
        let Some(batch) = self.batches.next() else {
            return Ok(false);
        };
        let batch = batch.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let values = |column: &Column| batch.columns().get(column.index);
        let columns = self.columns.iter();
        let columns: Vec<(&Column, Values<'_>)> = columns
            .filter_map(|column| Some((column, Values::new(values(column)?))))
            .collect();
        for row in 0..batch.num_rows() {
            write_line(&columns, row, &mut lines)?;
        }
        self.lines = lines;
        let rows = u64::try_from(batch.num_rows()).unwrap_or_default();
        let share = u128::from(self.bytes) * u128::from(rows) / u128::from(self.rows.max(1));
        self.progress.add(u64::try_from(share).unwrap_or_default());
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
    kind: ValueKind<'b>,
}

enum ValueKind<'b> {
    Text(&'b StringArray),
    Float(&'b [f64]),
    Other,
}

impl<'b> Values<'b> {
    fn new(all: &'b ArrayRef) -> Self {
        Self {
            all,
            nulls: all.nulls(),
            kind: match (all.as_string_opt(), all.as_primitive_opt::<Float64Type>()) {
                (Some(texts), _) => ValueKind::Text(texts),
                (None, Some(numbers)) => ValueKind::Float(numbers.values()),
                (None, None) => ValueKind::Other,
            },
        }
    }

    fn is_valid(&self, row: usize) -> bool {
        self.nulls.is_none_or(|nulls| nulls.is_valid(row))
    }

    fn write(&self, row: usize, is_iso: bool, line: &mut Vec<u8>) -> io::Result<()> {
        match self.kind {
            ValueKind::Text(texts) => write_text(texts.value(row), line),
            ValueKind::Float(numbers) => float(numbers.get(row).copied().unwrap_or(f64::NAN), line),
            ValueKind::Other => value(self.all, row, is_iso, line),
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

/// The line that is returned for a row that has both `record` and other columns. Such a row is
/// ambiguous, so the line is deliberately not a JSON object.
const TWO_RECORDS: &str = "\"`record` is set together with other columns\"\n";

fn write_line(columns: &[(&Column, Values<'_>)], row: usize, line: &mut Vec<u8>) -> io::Result<()> {
    let mut present = columns.iter().filter(|(_, values)| values.is_valid(row));
    let record = columns
        .iter()
        .find(|(column, _)| column.role == Role::Record);
    if let Some((_, record)) = record.filter(|(_, values)| values.is_valid(row)) {
        if present.nth(1).is_some() {
            line.extend_from_slice(TWO_RECORDS.as_bytes());
            return Ok(());
        }
        let begin = line.len();
        line.extend_from_slice(bytes(record.all, row));
        // In JSON, a line feed outside of a string is white space.
        let own = line.get_mut(begin..).unwrap_or_default();
        own.iter_mut()
            .filter(|byte| **byte == b'\n')
            .for_each(|byte| *byte = b' ');
        line.push(b'\n');
        return Ok(());
    }
    line.push(b'{');
    let mut is_first = true;
    let mut in_market = false;
    for (column, values) in present {
        if column.role == Role::Rest {
            write_rest(text(values.all, row), &mut is_first, line);
            continue;
        }
        if column.is_market && !in_market {
            line.extend_from_slice(without_comma(b",\"market\":{", &mut is_first));
            (in_market, is_first) = (true, true);
        }
        line.extend_from_slice(without_comma(&column.key, &mut is_first));
        values.write(row, column.is_iso, line)?;
    }
    line.extend_from_slice(if in_market { b"}}\n" } else { b"}\n" });
    Ok(())
}

/// Writes the members of a JSON object given as text.
fn write_rest(rest: &str, is_first: &mut bool, line: &mut Vec<u8>) {
    let rest = rest.trim();
    let inner = rest.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    let Some(inner) = inner.filter(|it| !it.trim().is_empty()) else {
        return;
    };
    line.extend_from_slice(without_comma(b",", is_first));
    let one_line = |byte| if byte == b'\n' { b' ' } else { byte };
    line.extend(inner.bytes().map(one_line));
}

/// Returns a key, without its leading comma if it is the first of its object.
fn without_comma<'k>(key: &'k [u8], is_first: &mut bool) -> &'k [u8] {
    match std::mem::take(is_first) {
        true => key.get(1..).unwrap_or_default(),
        false => key,
    }
}

/// Returns one value as JSON text without quotes, or `None` if it is null.
pub(crate) fn plain(values: &ArrayRef, row: usize, is_iso: bool) -> Option<String> {
    let mut json = Vec::new();
    if values.is_null(row) || value(values, row, is_iso, &mut json).is_err() {
        return None;
    }
    match serde_json::from_slice::<String>(&json) {
        Ok(text) => Some(text),
        Err(_) => String::from_utf8(json).ok(),
    }
}

/// Writes one value as JSON. NaN and infinities become strings, which are not accepted as numbers.
fn value(values: &ArrayRef, row: usize, is_iso: bool, line: &mut Vec<u8>) -> io::Result<()> {
    match values.data_type() {
        DataType::Boolean => write!(line, "{}", values.as_boolean().value(row)),
        DataType::Int8 => whole::<Int8Type>(values, row, line),
        DataType::Int16 => whole::<Int16Type>(values, row, line),
        DataType::Int32 => whole::<Int32Type>(values, row, line),
        DataType::Int64 => whole::<Int64Type>(values, row, line),
        DataType::UInt8 => whole::<UInt8Type>(values, row, line),
        DataType::UInt16 => whole::<UInt16Type>(values, row, line),
        DataType::UInt32 => whole::<UInt32Type>(values, row, line),
        DataType::UInt64 => whole::<UInt64Type>(values, row, line),
        DataType::Float16 => float(
            f64::from(values.as_primitive::<Float16Type>().value(row)),
            line,
        ),
        DataType::Float32 => {
            // The number is formatted as an `f32`, because a conversion to `f64` would add digits.
            let number = values.as_primitive::<Float32Type>().value(row);
            match number.is_finite() {
                true => write!(line, "{number}"),
                false => write!(line, "\"{number}\""),
            }
        }
        DataType::Float64 => float(values.as_primitive::<Float64Type>().value(row), line),
        DataType::Timestamp(unit, _) => {
            let micros = match unit {
                TimeUnit::Second => values
                    .as_primitive::<TimestampSecondType>()
                    .value(row)
                    .checked_mul(1_000_000),
                TimeUnit::Millisecond => values
                    .as_primitive::<TimestampMillisecondType>()
                    .value(row)
                    .checked_mul(1_000),
                TimeUnit::Microsecond => {
                    Some(values.as_primitive::<TimestampMicrosecondType>().value(row))
                }
                TimeUnit::Nanosecond => Some(
                    values
                        .as_primitive::<TimestampNanosecondType>()
                        .value(row)
                        .div_euclid(1_000),
                ),
            };
            instant(micros, is_iso, line)
        }
        _ => write_text(text(values, row), line),
    }
}

fn whole<T: ArrowPrimitiveType>(values: &ArrayRef, row: usize, line: &mut Vec<u8>) -> io::Result<()>
where
    T::Native: std::fmt::Display,
{
    write!(line, "{}", values.as_primitive::<T>().value(row))
}

fn float(number: f64, line: &mut Vec<u8>) -> io::Result<()> {
    if number.is_finite() {
        serde_json::to_writer(line, &number).map_err(io::Error::from)
    } else {
        write!(line, "\"{number}\"")
    }
}

/// Writes epoch milliseconds or ISO-8601 text. A timestamp out of range becomes a text that is neither.
fn instant(micros: Option<i64>, is_iso: bool, line: &mut Vec<u8>) -> io::Result<()> {
    match micros.and_then(|micros| Timestamp::from_micros(micros).ok()) {
        Some(at) if is_iso => write!(line, "\"{at}\""),
        Some(at) => write!(line, "{}", at.as_millis()),
        None => line.write_all(b"\"out of range\""),
    }
}

fn text(values: &ArrayRef, row: usize) -> &str {
    match values.data_type() {
        DataType::Utf8 => values.as_string::<i32>().value(row),
        DataType::LargeUtf8 => values.as_string::<i64>().value(row),
        DataType::Utf8View => values.as_string_view().value(row),
        DataType::Dictionary(key, _) => match **key {
            DataType::Int8 => entry::<Int8Type>(values, row),
            DataType::Int16 => entry::<Int16Type>(values, row),
            DataType::Int32 => entry::<Int32Type>(values, row),
            DataType::Int64 => entry::<Int64Type>(values, row),
            DataType::UInt8 => entry::<UInt8Type>(values, row),
            DataType::UInt16 => entry::<UInt16Type>(values, row),
            DataType::UInt32 => entry::<UInt32Type>(values, row),
            DataType::UInt64 => entry::<UInt64Type>(values, row),
            _ => "",
        },
        _ => "",
    }
}

fn entry<K: ArrowDictionaryKeyType>(values: &ArrayRef, row: usize) -> &str {
    let dictionary = values.as_dictionary::<K>();
    match dictionary.key(row) {
        Some(key) => text(dictionary.values(), key),
        None => "",
    }
}

fn bytes(values: &ArrayRef, row: usize) -> &[u8] {
    match values.data_type() {
        DataType::Binary => values.as_binary::<i32>().value(row),
        DataType::LargeBinary => values.as_binary::<i64>().value(row),
        DataType::BinaryView => values.as_binary_view().value(row),
        _ => text(values, row).as_bytes(),
    }
}
