//! Writing of a row as a line of JSON.

use std::mem;

use arrow_array::{Array, ArrayRef, cast::AsArray as _};
use portcullis::types::Timestamp;
use serde::de::IgnoredAny;

use super::{
    columns::{Column, Columns, Role},
    values::{ValueKind, bytes, has_zone, timestamp, write_number},
};

/// The lines for rows that cannot be one record. They are not JSON objects, so they are unreadable.
mod unreadable {
    pub(super) const TWO_RECORDS: &[u8] = b"\"`record` is set together with other columns\"";
    pub(super) const EMPTY_RECORD: &[u8] = b"\"`record` is empty\"";
    pub(super) const REST: &[u8] = b"\"`rest` is not a JSON object\"";
}

/// The values of a table, with the columns that they belong to.
pub(super) struct Values<'t> {
    pub(super) columns: &'t Columns,
    pub(super) arrays: &'t [ArrayRef],
}

impl<'t> Values<'t> {
    /// Returns the columns that are not null in a row, each with its values.
    fn present(&self, row: usize) -> impl Iterator<Item = (&'t Column, &'t ArrayRef)> {
        let columns = self.columns.0.iter();
        columns
            .filter_map(|column| Some((column, self.arrays.get(column.index)?)))
            .filter(move |(_, values)| !values.is_null(row))
    }

    /// Returns a row as a line without its line ending, which may not be UTF-8; `None` if it has more than `bytes_max`
    /// bytes.
    pub(super) fn line(&self, row: usize, bytes_max: usize) -> Option<Vec<u8>> {
        let of_record = |role| matches!(role, Role::Field(_) | Role::Rest);
        let mut present = self.present(row);
        let record = self
            .present(row)
            .find(|(column, _)| column.role == Role::Record);
        match record {
            Some(_) if present.any(|(column, _)| of_record(column.role)) => {
                Some(unreadable::TWO_RECORDS.to_vec())
            }
            Some((_, record)) => whole_record(bytes(record, row), bytes_max),
            None => self.fields(row, bytes_max),
        }
    }

    /// Writes a record in columns.
    fn fields(&self, row: usize, bytes_max: usize) -> Option<Vec<u8>> {
        let mut line = vec![b'{'];
        let mut is_first = true;
        let mut in_market = false;
        for (column, values) in self.present(row) {
            // Escapes can make a text longer, so the length is checked again after it was written.
            let is_text = ValueKind::of(values.data_type()).is_none_or(|it| it == ValueKind::Text);
            let text = if is_text { bytes(values, row) } else { &[] };
            (line.len().saturating_add(text.len()) <= bytes_max).then_some(())?;
            if column.role == Role::Rest {
                let Some(rest) = members(text) else {
                    return Some(unreadable::REST.to_vec());
                };
                if !rest.is_empty() {
                    line.extend_from_slice(without_comma(b",", &mut is_first));
                    let one_line = |byte| if byte == b'\n' { b' ' } else { byte };
                    line.extend(rest.bytes().map(one_line));
                }
                continue;
            }
            if column.is_market && !in_market {
                line.extend_from_slice(without_comma(b",\"market\":{", &mut is_first));
                (in_market, is_first) = (true, true);
            } else if !column.is_market && in_market {
                line.push(b'}');
                in_market = false;
            }
            line.extend_from_slice(without_comma(&column.key, &mut is_first));
            if is_text {
                write_text(text, &mut line);
            } else {
                write_value(values, row, column.name == "timestamp", &mut line);
            }
        }
        line.extend_from_slice(if in_market { b"}}" } else { b"}" });
        (line.len() <= bytes_max).then_some(line)
    }
}

/// Returns a record that is stored whole.
fn whole_record(record: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    (record.len() <= bytes_max).then_some(())?;
    // A blank line is not a record.
    if str::from_utf8(record).is_ok_and(|text| text.trim().is_empty()) {
        return Some(unreadable::EMPTY_RECORD.to_vec());
    }
    // In JSON, a line feed is white space between tokens and an error in a string. The same applies to a carriage
    // return.
    let one_line = |byte: &u8| if *byte == b'\n' { b'\r' } else { *byte };
    Some(record.iter().map(one_line).collect())
}

/// Returns the members of a JSON object that is given as text, as they are written; `None` if it is not an object.
fn members(object: &[u8]) -> Option<&str> {
    let blank = [' ', '\t', '\n', '\r'];
    let object = str::from_utf8(object).ok()?;
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

/// Writes a JSON string. Bytes that are not UTF-8 are copied, so that the line is not UTF-8 either.
fn write_text(text: &[u8], line: &mut Vec<u8>) {
    line.push(b'"');
    match str::from_utf8(text) {
        Ok(text) => line.extend(escaped(text)),
        Err(_) => line.extend_from_slice(text),
    }
    line.push(b'"');
}

/// Returns the content of a JSON string.
fn escaped(text: &str) -> Vec<u8> {
    let quoted = serde_json::to_vec(text).unwrap_or_default();
    let inner = quoted.get(1..quoted.len().saturating_sub(1));
    inner.unwrap_or_default().to_vec()
}

/// Writes a value that is not a text.
fn write_value(values: &ArrayRef, row: usize, is_iso: bool, line: &mut Vec<u8>) {
    match ValueKind::of(values.data_type()) {
        Some(ValueKind::Flag) => {
            let is_true = values.as_boolean().value(row);
            line.extend_from_slice(if is_true { b"true" } else { b"false" });
        }
        Some(ValueKind::Timestamp | ValueKind::Date) => {
            let has_zone = has_zone(values.data_type());
            write_instant(timestamp(values, row), is_iso, has_zone, line);
        }
        Some(ValueKind::Number | ValueKind::Text) | None => write_number(values, row, line),
    }
}

/// Writes epoch milliseconds or ISO-8601 text, without a UTC offset if the column has no time zone. A timestamp out of
/// range becomes a text that is neither.
fn write_instant(at: Option<Timestamp>, is_iso: bool, has_zone: bool, line: &mut Vec<u8>) {
    let text = match at {
        Some(at) if is_iso && has_zone => format!("\"{at}\""),
        Some(at) if is_iso => format!("\"{}\"", at.to_string().trim_end_matches('Z')),
        Some(at) => at.as_millis().to_string(),
        None => "\"out of range\"".to_owned(),
    };
    line.extend_from_slice(text.as_bytes());
}
