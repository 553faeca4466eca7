//! Writing of JSON lines as Parquet rows.

use std::{collections::BTreeMap, fmt, io::Write, str::FromStr as _, sync::Arc};

use arrow_array::{
    ArrayRef, RecordBatch,
    builder::{BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder},
};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};
use portcullis::answer::RecordKind;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    rows::file::{GROUP_ROWS, flush_large_group},
    tape::table::{FIELDS, Kind, MARKET, OBJECTS, schema},
};

/// The number of rows that are buffered before they are written.
const BATCH_ROWS: usize = 8192;

/// The number of bytes of buffered records after which they are written. So a page is larger than this by at most one
/// record.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// A writer of Parquet tapes, one row per record.
pub struct RowWriter<W: Write + Send> {
    to: ArrowWriter<W>,
    columns: Vec<Builder>,
    rest: StringBuilder,
    record: BinaryBuilder,
    rows: usize,
    bytes: usize,
}

enum Builder {
    Text(StringBuilder),
    Number(Float64Builder),
    Flag(BooleanBuilder),
    Millis(Int64Builder),
}

/// A value in a column.
enum Cell {
    Text(String),
    Number(f64),
    Flag(bool),
    Millis(i64),
}

/// A record whose fields fit the columns.
#[derive(Default)]
struct Row {
    cells: BTreeMap<usize, Cell>,
    rest: Vec<(String, Box<RawValue>)>,
}

impl<W: Write + Send> RowWriter<W> {
    /// Creates a writer and writes the header.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn new(to: W) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let columns = FIELDS.iter().map(|(_, kind)| match kind {
            Kind::Text | Kind::Time => Builder::Text(StringBuilder::new()),
            Kind::Number => Builder::Number(Float64Builder::new()),
            Kind::Flag => Builder::Flag(BooleanBuilder::new()),
            Kind::Millis => Builder::Millis(Int64Builder::new()),
        });
        Ok(Self {
            to: ArrowWriter::try_new(to, Arc::new(schema()), Some(properties))?,
            columns: columns.collect(),
            rest: StringBuilder::new(),
            record: BinaryBuilder::new(),
            rows: 0,
            bytes: 0,
        })
    }

    /// Writes one record, given as a line without its line ending.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn push(&mut self, line: &[u8]) -> Result<(), ParquetError> {
        let text = std::str::from_utf8(line).ok();
        let row = text.and_then(fit);
        match &row {
            Some(_) => self.record.append_null(),
            None => self.record.append_value(line),
        }
        let mut row = row.unwrap_or_default();
        for (index, column) in self.columns.iter_mut().enumerate() {
            column.push(row.cells.remove(&index));
        }
        match &*row.rest {
            [] => self.rest.append_null(),
            rest => self.rest.append_value(object(rest)),
        }
        self.rows += 1;
        self.bytes = self.bytes.saturating_add(line.len());
        if self.rows == BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let mut arrays: Vec<ArrayRef> = self.columns.iter_mut().map(Builder::finish).collect();
        arrays.push(Arc::new(self.rest.finish()));
        arrays.push(Arc::new(self.record.finish()));
        (self.rows, self.bytes) = (0, 0);
        let batch = RecordBatch::try_new(Arc::new(schema()), arrays)?;
        self.to.write(&batch)?;
        flush_large_group(&mut self.to)
    }

    /// Writes the buffered rows and the footer.
    ///
    /// # Errors
    /// Returns an error if writing fails.
    pub fn finish(mut self) -> Result<(), ParquetError> {
        self.flush()?;
        self.to.close().map(|_| ())
    }
}

impl Builder {
    fn push(&mut self, cell: Option<Cell>) {
        match (self, cell) {
            (Self::Text(to), Some(Cell::Text(text))) => to.append_value(text),
            (Self::Number(to), Some(Cell::Number(number))) => to.append_value(number),
            (Self::Flag(to), Some(Cell::Flag(flag))) => to.append_value(flag),
            (Self::Millis(to), Some(Cell::Millis(millis))) => to.append_value(millis),
            (Self::Text(to), _) => to.append_null(),
            (Self::Number(to), _) => to.append_null(),
            (Self::Flag(to), _) => to.append_null(),
            (Self::Millis(to), _) => to.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(from) => Arc::new(from.finish()),
            Self::Number(from) => Arc::new(from.finish()),
            Self::Flag(from) => Arc::new(from.finish()),
            Self::Millis(from) => Arc::new(from.finish()),
        }
    }
}

fn object(members: &[(String, Box<RawValue>)]) -> String {
    let members = members.iter().map(|(key, value)| {
        let key = serde_json::Value::from(key.as_str());
        format!("{key}:{}", value.get())
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Returns the record as columns, or `None` if a field that affects a decision occurs more than once or does not fit
/// its column, or if `market` is empty.
fn fit(line: &str) -> Option<Row> {
    let Members(members) = serde_json::from_str(line).ok()?;
    let mut row = Row::default();
    let mut has_market = false;
    for (key, value) in members {
        // A column of the market state is not a field of the record itself.
        if key.starts_with(MARKET) && is_known(&key) || key == "market" && has_market {
            return None;
        }
        has_market |= key == "market";
        if value.get() == "null" {
            // A null counts as absent, but a duplicate key must not be lost.
            if is_known(&key) {
                return None;
            }
        } else if key == "market" {
            let Members(fields) = serde_json::from_str(value.get()).ok()?;
            if fields.is_empty() {
                return None;
            }
            for (name, value) in fields {
                row.add(&format!("{MARKET}{name}"), &value)?;
            }
        } else if is_known(&key) {
            // The answer to an unknown kind of record contains the position of the kind in the line.
            if key == "event_type" && !is_kind(&value) {
                return None;
            }
            row.add(&key, &value)?;
        } else {
            row.rest.push((key, value));
        }
    }
    Some(row)
}

/// Returns true if decisions depend on the field.
fn is_known(key: &str) -> bool {
    OBJECTS.contains(&key) || FIELDS.iter().any(|(name, _)| *name == key)
}

/// Returns true for the name of a kind of record.
fn is_kind(value: &RawValue) -> bool {
    let name: Option<String> = serde_json::from_str(value.get()).ok();
    name.is_some_and(|name| name == "trade.decided" || RecordKind::from_str(&name).is_ok())
}

impl Row {
    fn add(&mut self, name: &str, value: &RawValue) -> Option<()> {
        let index = FIELDS.iter().position(|(known, _)| *known == name)?;
        let (_, kind) = FIELDS.get(index)?;
        let cell = cell(*kind, name, value.get())?;
        self.cells.insert(index, cell).is_none().then_some(())
    }
}

/// Converts a value to the form in which its column stores it. Returns `None` if the same value
/// could not be read back.
fn cell(kind: Kind, name: &str, raw: &str) -> Option<Cell> {
    // A policy hash covers the numbers as written, so their text must be kept.
    if matches!(name, "policy" | "payload") {
        return None;
    }
    match kind {
        Kind::Text | Kind::Time => serde_json::from_str(raw).ok().map(Cell::Text),
        Kind::Flag => serde_json::from_str(raw).ok().map(Cell::Flag),
        Kind::Number if raw.starts_with('"') => None,
        Kind::Number => {
            let number: f64 = raw.parse().ok()?;
            number.is_finite().then_some(Cell::Number(number))
        }
        Kind::Millis => {
            let millis: i64 = raw.parse().ok()?;
            (millis.to_string() == raw).then_some(Cell::Millis(millis))
        }
    }
}

/// The members of a JSON object in their order, including duplicates.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        json.deserialize_map(All)
    }
}
